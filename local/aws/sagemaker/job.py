"""What the local SageMaker and the runner of its jobs tell each other.

There are two kinds of job. SageMaker's names are regular in the kind, what a request says is not:
`Spec` has it in one form.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

_Json = Mapping[str, Any]

Kind = Literal["Processing", "Training"]
"""As in Describe{Kind}Job, {Kind}JobName, {kind}-job/."""
Moment = Literal["Downloading", "Training", "Printed", "Kept", "Uploading", "Saved", "Interrupted"]
"""What is told of a job that runs: SageMaker's secondary statuses; `Printed`, for each line;
`Kept`, for each file of a checkpoint that S3 has as the script left it; and `Saved`, for each file
of an output that was uploaded."""
LONGEST_REASON = 1024
"""Characters of FailureReason and ExitMessage that Describe returns (the service's model)."""


def kind_of(told: _Json) -> Kind:
    """Return which kind of job a request, a description or an event's detail is of."""
    return "Training" if "TrainingJobName" in told else "Processing"


@dataclass(frozen=True)
class Place:
    """Objects below a URI of S3, and the directory of the container that has them as files."""

    uri: str
    path: str
    sharded: bool = False
    """Each host has its share of an input's objects, not all."""
    key_id: str | None = None
    """Of SSE-KMS for what is uploaded; the bucket's default encryption without."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What a request asks for, in neither kind's words."""

    image: str
    entrypoint: Sequence[str]
    arguments: Sequence[str]
    cluster: _Json
    """InstanceType, InstanceCount, VolumeSizeInGB and, maybe, VolumeKmsKeyId."""
    network: _Json
    """VpcConfig and the two Enable members, as far as there are any."""
    inputs: Sequence[Place]
    outputs: Sequence[Place]
    checkpoint: Place | None = None


def spec_of(request: _Json) -> Spec:
    """Return what a request asks for that no rule refuses."""
    return _training(request) if kind_of(request) == "Training" else _processing(request)


def _processing(request: _Json) -> Spec:
    application, config = request["AppSpecification"], request.get("ProcessingOutputConfig", {})
    listed = [each["S3Input"] for each in request.get("ProcessingInputs", [])]
    saved = [each["S3Output"] for each in config.get("Outputs", [])]
    return Spec(
        image=application["ImageUri"],
        entrypoint=application["ContainerEntrypoint"],
        arguments=application.get("ContainerArguments", []),
        cluster=request["ProcessingResources"]["ClusterConfig"],
        network=request.get("NetworkConfig", {}),
        inputs=[_input(each, each["LocalPath"]) for each in listed],
        outputs=[_output(each["S3Uri"], each["LocalPath"], config) for each in saved],
    )


def _training(request: _Json) -> Spec:
    algorithm, config = request["AlgorithmSpecification"], request["OutputDataConfig"]
    artifacts = f"{config['S3OutputPath'].rstrip('/')}/{request['TrainingJobName']}/output/model"
    kept = request.get("CheckpointConfig")
    return Spec(
        image=algorithm["TrainingImage"],
        entrypoint=algorithm["ContainerEntrypoint"],
        arguments=algorithm.get("ContainerArguments", []),
        cluster=request["ResourceConfig"],
        network=request,
        inputs=[
            _input(each["DataSource"]["S3DataSource"], f"/opt/ml/input/data/{each['ChannelName']}")
            for each in request.get("InputDataConfig", [])
        ],
        outputs=[_output(artifacts, "/opt/ml/model", config)],
        checkpoint=kept and Place(kept["S3Uri"], "/opt/ml/checkpoints"),
    )


def _input(source: _Json, path: str) -> Place:
    return Place(source["S3Uri"], path, source.get("S3DataDistributionType") == "ShardedByS3Key")


def _output(uri: str, path: str, config: _Json) -> Place:
    return Place(uri, path, key_id=config.get("KmsKeyId"))


@dataclass(frozen=True)
class Job:
    """One accepted request."""

    name: str
    arn: str
    request: _Json
    """Valid by the service's model and its rules, with the StoppingCondition that holds."""
    stop: threading.Event
    """Set by Stop, by the runner when the time is over, and when the machine is reclaimed."""
    at: Callable[[Moment], None]
    """To be told what begins; a job whose containers never start has no start time."""
    reclaimed: threading.Event = field(default_factory=threading.Event)
    """Set before `stop` when the machine is taken away: nothing is saved of it any more."""

    @property
    def kind(self) -> Kind:
        """The request's."""
        return kind_of(self.request)

    @property
    def group(self) -> str:
        """The log group of all jobs of its kind, and the namespace of what is measured of them."""
        return f"/aws/sagemaker/{self.kind}Jobs"

    @cached_property
    def spec(self) -> Spec:
        """What the request asks for."""
        return spec_of(self.request)

    @property
    def max_runtime_s(self) -> int:
        """Seconds after which the job is stopped."""
        return self.request["StoppingCondition"]["MaxRuntimeInSeconds"]


@dataclass(frozen=True)
class JobEnd:
    """How a job ended."""

    status: Literal["Completed", "Failed", "Stopped"]
    failure_reason: str | None = None
    exit_message: str | None = None
    """What the container said of its end: in a training job a part of the reason."""
    lasted_s: float | None = None
    """Seconds from start to end where they were not played; None is the time that really passed."""
    secondary_status: str | None = None
    """Of a training job, where it is none that follows from the status and from who stopped it."""
