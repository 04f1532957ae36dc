"""A job's hosts: what SageMaker lays out below their /opt/ml, and reads there at the end.

SageMaker Developer Guide, "How Amazon SageMaker Processing Configures Your Processing Container",
"How Amazon SageMaker Provides Training Information" and "How Amazon SageMaker Runs Your Training
Image".
"""

import codecs
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local.aws.sagemaker.job import LONGEST_REASON, Job, Place

_NOT_CONFIGURED = ("NetworkConfig", "Tags")
"""Of a request for processing, what the container is not told."""


class JobFailedError(Exception):
    """The job has to end as Failed, for this reason."""


def host_names(job: Job) -> list[str]:
    """Return the names that SageMaker gives to the job's hosts: algo-1, algo-2 and so on."""
    count: int = job.spec.cluster["InstanceCount"]
    return [f"algo-{number}" for number in range(1, count + 1)]


def environment(job: Job) -> Mapping[str, str]:
    """Return the variables that a container is given: its own, and of a training job its name."""
    own: Mapping[str, str] = job.request.get("Environment", {})
    if job.kind == "Processing":
        return own
    return {"TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn, **own}


def prepare(ml: Path, job: Job, host: str) -> None:
    """Create one host's /opt/ml at `ml`: the configuration files and all directories."""
    hosts = {"current_host": host, "hosts": host_names(job)}
    if job.kind == "Training":
        config, files = ml / "input" / "config", _training_files(job, hosts)
        made = [config]
    else:
        config, files = ml / "config", _processing_files(job, hosts)
        made = [config, ml / "processing"]
    kept = [job.spec.checkpoint] if job.spec.checkpoint else []
    data = [local_path(ml, each) for each in (*job.spec.inputs, *job.spec.outputs, *kept)]
    for directory in (*made, ml / "output", *data):
        directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (config / f"{name}.json").write_text(json.dumps(content, indent=2), encoding="utf-8")


def _processing_files(job: Job, hosts: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: job.request[key] for key in job.request if key not in _NOT_CONFIGURED}
    return {"resourceconfig": hosts, "processingjobconfig": {"ProcessingJobArn": job.arn, **known}}


def _training_files(job: Job, hosts: Mapping[str, Any]) -> dict[str, Any]:
    channels = {
        each["ChannelName"]: {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
        for each in job.request.get("InputDataConfig", [])
    }
    own = {**hosts, "network_interface_name": "eth0"}
    return {"resourceconfig": own, "inputdataconfig": channels, "hyperparameters": {}}


def local_path(ml: Path, place: Place) -> Path:
    """Return where a directory of the container lies on this machine."""
    return ml / Path(place.path).relative_to("/opt/ml")


def exit_message(job: Job, hosts: Sequence[Path]) -> str | None:
    """Return what the containers said of their end, joined and cut to 1 KB.

    A processing job's write it to /opt/ml/output/message, a training job's, which failed, to
    /opt/ml/output/failure.

    Raises:
        JobFailedError: it is not UTF-8, which fails a processing job on SageMaker too.
    """
    content, name = b"", "message" if job.kind == "Processing" else "failure"
    for path in (ml / "output" / name for ml in hosts):
        # The script may have put anything there; a link could lead to a file of this machine.
        if os.path.realpath(path) == str(path) and path.is_file():
            with path.open("rb") as file:
                content += file.read(LONGEST_REASON + 1)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(content[:LONGEST_REASON], final=len(content) <= LONGEST_REASON)
    except UnicodeDecodeError as error:
        raise JobFailedError(
            f"AlgorithmError: /opt/ml/output/{name} is not valid UTF-8: {error}"
        ) from error
    return text or None
