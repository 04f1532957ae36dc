"""What the observer knows about its stack, read once: `observer.json`, and its environment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pipeline.environment import required

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG_FILE = "observer.json"


@dataclass(frozen=True)
class RetryConfig:
    """Which failures get a next attempt."""

    instance_types: list[str]
    """Instance types in the order in which they are tried when there is no capacity."""
    larger: dict[str, str]
    """For each type that may run out of memory, the one to take then."""
    max_size_increases: int
    deadline_seconds: int
    """From a slot's first launch: nothing waits beyond it."""


@dataclass(frozen=True)
class Deployed:
    """The resources of the stack, from the function's environment."""

    journal_table: str
    topic_arn: str
    schedule_group: str
    schedule_failures_arn: str
    launcher_arn: str
    retry_role_arn: str
    input_bucket: str
    output_bucket: str
    kms_key_arn: str
    aws_region: str

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Deployed:
        """Return the resources that `environ` names.

        Raises:
            ConfigError: names every missing variable.
        """
        return cls(**required(cls.__dataclass_fields__, environ))


@dataclass(frozen=True)
class ObserverConfig:
    """Everything that the observer's decisions depend on, apart from what happened."""

    stack: str
    prefix: str
    input_prefix: str
    output_prefix: str
    """Key prefixes; may contain `{schedule}` and `{slot:<strftime format>}`."""
    when_no_output: Literal["fail", "allow"]
    """Whether an attempt that completed and wrote nothing has failed."""
    zones: dict[str, str]
    """Schedule -> its time zone, for people."""
    retries: RetryConfig
    deployed: Deployed

    @classmethod
    def load(cls, directory: Path, environ: Mapping[str, str]) -> ObserverConfig:
        """Return the configuration that lies beside the code, completed from `environ`."""
        document: dict[str, Any] = json.loads((directory / CONFIG_FILE).read_text("utf-8"))
        return cls(
            stack=document["stack"],
            prefix=document["prefix"],
            input_prefix=document["input_prefix"],
            output_prefix=document["output_prefix"],
            when_no_output=document["when_no_output"],
            zones={name: found["timezone"] for name, found in document["schedules"].items()},
            retries=RetryConfig(**document["retries"]),
            deployed=Deployed.read(environ),
        )
