"""What the local SageMaker and the runner of its jobs tell each other."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["Processing", "Training"]
"""SageMaker's names are regular in it: Describe{Kind}Job, {Kind}JobName, {kind}-job/."""
LONGEST_REASON = 1024
"""Characters of FailureReason and ExitMessage that Describe returns (the service's model)."""


def kind_of(told: Mapping[str, Any]) -> Kind:
    """Return which kind of job a request, a description or an event's detail is of."""
    return "Training" if "TrainingJobName" in told else "Processing"


@dataclass(frozen=True)
class Job:
    """One accepted CreateProcessingJob."""

    name: str
    arn: str
    request: Mapping[str, Any]
    """The request, valid by the service's model, with the StoppingCondition that holds."""
    stop: threading.Event
    """Set by StopProcessingJob, and by the runner when the time is over."""
    started: Callable[[], None]
    """To be called when the containers start; a job that never gets there has no start time."""

    @property
    def max_runtime_s(self) -> int:
        """Seconds after which the job is stopped."""
        return self.request["StoppingCondition"]["MaxRuntimeInSeconds"]

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The S3Input of every input."""
        return [each["S3Input"] for each in self.request.get("ProcessingInputs", [])]

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The S3Output of every output."""
        config = self.request.get("ProcessingOutputConfig", {})
        return [each["S3Output"] for each in config.get("Outputs", [])]


@dataclass(frozen=True)
class JobEnd:
    """How a job ended."""

    status: Literal["Completed", "Failed", "Stopped"]
    failure_reason: str | None = None
    exit_message: str | None = None
    lasted_s: float | None = None
    """Seconds from start to end where they were not played; None is the time that really passed."""
