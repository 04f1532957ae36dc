"""Measure the job's image with Docker: its size, and what a build takes.

Usage: python -m benchmarks.image

Builds happen in Docker's own processes, so there are seconds only. The base is that of the stack
`local` and has to be there; downloads of packages are part of the first build.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import process, table
from benchmarks.process import ROOT
from components.settings import loader, stack_file

TAG = "benchmark-of-the-image"


def rows() -> Iterator[list[str]]:
    """Yield a line for each build."""
    project = stack_file.project(ROOT)
    base = loader.read(stack_file.keys(ROOT, "local"), project, "local").image.base
    options = ["--platform=linux/amd64", f"--tag={TAG}", f"--build-arg=BASE_IMAGE={base}"]
    if authorities := os.environ.get("PIP_CA"):
        options.append(f"--secret=id=pip_ca,src={authorities}")
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder, "container")
        shutil.copytree(ROOT / "container", context)
        for title, more in (("without any cache", ["--no-cache"]), ("again", []), ("", [])):
            if not title:
                (context / "scripts/another.sh").write_text("#!/bin/sh\n", "utf-8")
            command = ["docker", "build", *options, *more, str(context)]
            took = process.run(command, os.environ)
            yield [title or "with another script", f"{took.seconds:.1f}", *_sizes(str(base))]
        subprocess.run(["docker", "rmi", TAG], check=True, stdout=subprocess.DEVNULL)


def _sizes(base: str) -> Iterator[str]:
    """Yield the megabytes of the image, and of what it adds to its base."""
    sizes: list[int] = []
    for image in (TAG, base):
        command = ["docker", "image", "inspect", "--format={{.Size}}", image]
        sizes.append(int(subprocess.check_output(command)))
    yield f"{sizes[0] / 1e6:.0f}"
    yield f"{(sizes[0] - sizes[1]) / 1e6:.0f}"


if __name__ == "__main__":
    table.show(["build", "seconds", "image MB", "more than its base"], rows())
