"""What the observer knows about its stack: `observer.json` and its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pipeline import config


@dataclass(frozen=True)
class RetryConfig:
    """Which failures get a next attempt."""

    instance_types: list[str]
    """In the order in which they are tried when there is no capacity."""
    larger: dict[str, str]
    """For each type that may run out of memory, the one to take then."""
    max_size_increases: int
    deadline_seconds: int
    """From a slot's first launch: nothing waits beyond it."""


@dataclass(frozen=True, kw_only=True)
class Deployed(config.Deployed):
    """The resources of the stack, from the function's environment."""

    topic_arn: str
    schedule_group: str
    schedule_failures_arn: str
    launcher_arn: str
    retry_role_arn: str


@dataclass(frozen=True, kw_only=True)
class ObserverConfig(config.StackConfig):
    """Everything that the observer's decisions depend on, apart from what happened."""

    when_no_output: Literal["fail", "allow"]
    """Whether an attempt that completed and wrote nothing has failed."""
    time_zones: dict[str, str]
    """Schedule -> its time zone, for people."""
    retries: RetryConfig
    deployed: Deployed

    @classmethod
    def load(cls, directory: Path, environ: Mapping[str, str]) -> Self:
        """Return the configuration that lies beside the code, completed from `environ`."""
        document = config.document(directory, "observer")
        retries = RetryConfig(**document.pop("retries"))
        return cls(**document, retries=retries, deployed=Deployed.read(environ))
