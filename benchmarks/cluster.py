"""Measure examples/spark on one and on two hosts, beside DuckDB on one, with Docker.

Usage: python -m benchmarks.cluster [--lines MILLIONS ...] [--rounds N]

Each host is a container with one processor of its own, 2 GB of memory and no swap, on a
network that leads nowhere else. The way from and to S3 is not in it. Of the rounds, in turns,
the quickest counts, and the largest peak. Every result is compared with DuckDB's, exactly.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import table
from benchmarks.process import ROOT
from components.settings import loader, stack_file
from local.engines import usage
from local.engines.docker import DockerEngine, first_process

EXAMPLE = ROOT / "examples" / "spark"
NETWORK = "benchmark-of-the-cluster"
MEMORY_MB = 2048
LIMITS = "SET threads = 1; SET memory_limit = '1400MB'"
COMMANDS = {
    "DuckDB": ["duckdb", "-cmd", LIMITS, "-f", "/example/revenue.sql"],
    "Spark": ["/app/bin/entrypoint.py"],
}
WAYS = (("DuckDB", 1), ("Spark", 1), ("Spark", 2))

_THEN_SAY_CPU = """
"$@"
code=$?
cd /sys/fs/cgroup
cat cpuacct/cpuacct.usage cpu.stat 2>/dev/null
exit "$code"
"""


class Run(NamedTuple):
    """What a job took, and where its hosts left what they wrote."""

    seconds: float
    processor_seconds: list[float]
    """Of each host."""
    peaks_mb: list[int]
    """Of each host's processes, without the system's cache of files."""
    written: list[Path]


def images() -> dict[str, str]:
    """Build both images: of the example, and of the sample, which has DuckDB."""
    project = stack_file.project(ROOT)
    base = loader.read(stack_file.keys(ROOT, "local"), project, "local").image.base
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("DuckDB", "Spark"):
            context = Path(folder, name)
            shutil.copytree(ROOT / "container", context)
            if name == "Spark":
                shutil.rmtree(context / "scripts")
                shutil.copytree(EXAMPLE, context / "scripts")
            found[name] = DockerEngine().build(context, {"BASE_IMAGE": str(base)})
    return found


def duckdb(place: Path, *arguments: str) -> str:
    """Return what DuckDB prints."""
    command = [Path(sys.executable).with_name("duckdb"), "-init", "/dev/null", *arguments]
    return subprocess.run(command, cwd=place, check=True, capture_output=True, text=True).stdout


def make(place: Path, lines: int) -> None:
    """Write so many order lines, and their orders."""
    place.mkdir()
    duckdb(place, "-cmd", f"SET VARIABLE lines = {lines}", "-f", f"{EXAMPLE}/data.sql")


@contextmanager
def network() -> Generator[None]:
    """Have the hosts' network meanwhile."""
    docker("network", "create", "--internal", NETWORK)
    try:
        yield
    finally:
        docker("network", "rm", NETWORK)


def run(image: str, command: Sequence[str], data: Path, work: Path, hosts: int) -> Run:
    """Run one job on `data`, with directories of its hosts in `work`."""
    names = [f"algo-{number + 1}" for number in range(hosts)]
    peaks = dict.fromkeys(names, 0)
    containers: list[str] = []
    with ExitStack() as stack:
        for number, name in enumerate(names):
            shell = ("bash", "-c", _THEN_SAY_CPU, "bash", *command)
            containers.append(docker(*_create(work / name, number, names, data), image, *shell))
            stack.callback(docker, "rm", "--force", "--volumes", containers[-1])
        begin = time.monotonic()
        for name, container in zip(names, containers, strict=True):

            def note(taken: usage.Usage, name: str = name) -> None:
                peaks[name] = max(peaks[name], taken.memory_bytes)

            docker("start", container)
            stack.enter_context(usage.watched(lambda c=container: first_process(c), note))
        codes = docker("wait", *containers).split()
        seconds = time.monotonic() - begin
        processor_seconds = [*map(_processor_seconds, containers)]
        if {*codes} != {"0"}:
            for container in containers:
                docker("logs", "--tail=40", container)  # to stderr, as the job wrote it
            raise SystemExit(f"{' '.join(command)} failed: exit codes {codes}")
    written = sorted(path for name in names for path in (work / name).rglob("*.parquet"))
    return Run(seconds, processor_seconds, [round(each / 1e6) for each in peaks.values()], written)


def _create(ml: Path, number: int, names: Sequence[str], data: Path) -> list[str]:
    name, folder = names[number], ml / "processing" / "input"
    for place in (folder, ml / "config"):
        place.mkdir(parents=True)
    config = {"current_host": name, "hosts": names}
    (ml / "config" / "resourceconfig.json").write_text(json.dumps(config))
    mounts = [f"{ml}:/opt/ml", f"{EXAMPLE}:/example:ro"]
    mounts += [f"{data / each}:/opt/ml/processing/input/{each}:ro" for each in ("lines", "orders")]
    return [
        *("create", f"--hostname={name}", f"--network={NETWORK}", f"--network-alias={name}"),
        *(f"--cpuset-cpus={number}", f"--memory={MEMORY_MB}m", f"--memory-swap={MEMORY_MB}m"),
        *(f"--volume={mount}" for mount in mounts),
        *("--workdir=/opt/ml/processing/input", "--entrypoint="),
    ]


def _processor_seconds(container: str) -> float:
    """Return what the container's cgroup has said last, in v1's form or v2's."""
    command = ["docker", "logs", "--tail=20", container]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if "usage_usec" in said:
        return int(said[said.index("usage_usec") + 1]) / 1e6
    return int(said[-1]) / 1e9


def docker(*arguments: str) -> str:
    """Return what Docker prints, without the line end."""
    command = ["docker", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def same(some: Sequence[Path], others: Sequence[Path]) -> bool:
    """Return whether both have the same records, in whatever order and files."""
    one, two = (f"(FROM read_parquet({[*map(str, files)]}))" for files in (some, others))
    differing = f"({one} EXCEPT ALL {two}) UNION ALL ({two} EXCEPT ALL {one})"
    sql = f"SELECT count(*) FROM ({differing})"  # noqa: S608 - of paths of our own
    return duckdb(ROOT, "-csv", "-noheader", "-c", sql).split() == ["0"]


def rows(sizes: Sequence[int], rounds: int) -> Iterator[list[str]]:
    """Yield a line for each size and way."""
    built = images()
    for millions in sizes:
        found: dict[tuple[str, int], list[Run]] = {}
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder, "data")
            make(data, millions * 1_000_000)
            gigabytes = sum(path.stat().st_size for path in data.rglob("*.parquet")) / 1e9
            for number in range(rounds):
                reference: list[Path] = []
                for way in WAYS:
                    name, hosts = way
                    work = Path(folder, f"{number}-{name}-{hosts}")
                    took = run(built[name], COMMANDS[name], data, work, hosts)
                    reference = reference or took.written
                    assert same(took.written, reference), way  # noqa: S101
                    found.setdefault(way, []).append(took)
        for (name, hosts), runs in found.items():
            best, peaks = min(runs), zip(*(run.peaks_mb for run in runs), strict=True)
            slower = best.seconds / min(found[WAYS[0]]).seconds
            took = f"{best.seconds:.0f}", f"{slower:.1f}", _listed(best.processor_seconds)
            memory = _listed(map(max, peaks))
            yield [str(millions), f"{gigabytes:.2f}", name, str(hosts), *took, memory]


def _listed(numbers: Iterable[float]) -> str:
    return ", ".join(f"{each:.0f}" for each in numbers)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure examples/spark beside DuckDB.")
    parser.add_argument("--lines", type=int, nargs="+", default=[1, 5, 20, 60], help="in millions")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    heads = ["million lines", "GB of Parquet", "engine", "hosts", "seconds", "x DuckDB"]
    heads += ["cpu-seconds", "peak MB"]
    with network():
        table.show(heads, rows(options.lines, options.rounds))


if __name__ == "__main__":
    main()
