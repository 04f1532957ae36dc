"""What SageMaker puts under a host's /opt/ml before a job, and takes from there after it.

Layout and fields: SageMaker Developer Guide, "How Amazon SageMaker Processing configures your
processing container".
"""

from __future__ import annotations

import codecs
import json
import os
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.aws.sagemaker.job import DEFAULT_MAX_RUNTIME_S, LONGEST_REASON

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.aws.sagemaker.job import Job

_CONFIGURED = (
    *("ProcessingJobName", "AppSpecification", "Environment", "ProcessingInputs"),
    *("ProcessingOutputConfig", "ProcessingResources", "RoleArn"),
)
_LONGEST_NAME = 255
"""Bytes, of the usual file systems."""


class JobFailedError(Exception):
    """The job has to end as Failed, for this reason."""


def host_names(job: Job) -> list[str]:
    """Return the names that SageMaker gives to the job's hosts: algo-1, algo-2 and so on."""
    count: int = job.request["ProcessingResources"]["ClusterConfig"]["InstanceCount"]
    return [f"algo-{number}" for number in range(1, count + 1)]


def prepare(ml: Path, job: Job, host: str) -> None:
    """Create one host's /opt/ml at `ml`: the two configuration files and all directories."""
    config = ml / "config"
    data = [local_path(ml, each) for each in (*job.inputs, *job.outputs)]
    for directory in (config, ml / "output", ml / "processing", *data):
        directory.mkdir(parents=True, exist_ok=True)
    _write_json(config / "resourceconfig.json", {"current_host": host, "hosts": host_names(job)})
    known = {key: job.request[key] for key in _CONFIGURED if key in job.request}
    stopping = job.request.get("StoppingCondition", {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_S})
    described = {"ProcessingJobArn": job.arn, **known, "StoppingCondition": stopping}
    _write_json(config / "processingjobconfig.json", described)


def local_path(ml: Path, data: dict[str, Any]) -> Path:
    """Return where an S3Input's or S3Output's LocalPath lies on this machine."""
    return ml / Path(data["LocalPath"]).relative_to("/opt/ml")


def input_file(directory: Path, key: str, prefix: str) -> Path:
    """Return the file of an input object: what follows the prefix's last slash stays as it is.

    Raises:
        JobFailedError: the key would lead out of the directory, or is not a plain path.
    """
    relative = key[prefix.rfind("/") + 1 :]
    parts = relative.split("/")
    if "\0" in key or any(part in {"", ".", ".."} for part in parts):
        raise JobFailedError(
            f"ClientError: Data download failed: the key {key!r} is no plain path below {prefix!r}"
        )
    if any(len(part.encode()) > _LONGEST_NAME for part in parts):
        raise JobFailedError(
            f"ClientError: Data download failed: a part of the key {key!r} has more than the "
            f"{_LONGEST_NAME} bytes of a file's name"
        )
    return directory / relative


def output_files(directory: Path) -> Iterator[Path]:
    """Yield the regular files below an output directory; symbolic links are not followed.

    Raises:
        OSError: a directory cannot be read. Passing over it would lose what is in it.
    """
    if directory.resolve() != directory or not directory.is_dir():
        return
    waiting = [directory]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=attrgetter("name")):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)


def exit_message(hosts: Sequence[Path]) -> str | None:
    """Return what the containers wrote to /opt/ml/output/message, joined and cut to 1 KB.

    Raises:
        JobFailedError: it is not UTF-8, which fails the job on SageMaker too.
    """
    content = b"".join(_message(ml / "output" / "message") for ml in hosts)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(content[:LONGEST_REASON], final=len(content) <= LONGEST_REASON)
    except UnicodeDecodeError as error:
        raise JobFailedError(
            f"AlgorithmError: /opt/ml/output/message is not valid UTF-8: {error}"
        ) from error
    return text or None


def _message(path: Path) -> bytes:
    # The script may have put anything there; a link could lead to a file of this machine.
    if path.parent.is_symlink() or path.is_symlink() or not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(LONGEST_REASON + 1)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")
