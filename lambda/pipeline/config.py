"""What both functions know about their stack, read once.

Two sources, because Lambda's environment holds 4 KB in all and a job's settings may need more:
`<function>.json` beside the code, for what settings decide, and the environment, for what only a
deployment knows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from pipeline.attempt import Attempt
from pipeline.prefix import Prefix


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The resources of the stack that both functions use."""

    journal_table: str
    input_bucket: str
    output_bucket: str
    kms_key_arn: str
    aws_region: str

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Return the resources that the function's environment names, in capitals."""
        return cls(**{field.name: environ[field.name.upper()] for field in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """What both functions know."""

    stack: str
    prefix: str
    """Begins the name of every job of this stack, followed by `--`."""
    input_prefix: str
    """Key prefix; may contain `{schedule}` and `{slot:<strftime format>}`."""
    output_prefix: str
    deployed: Deployed

    def input_of(self, attempt: Attempt) -> Prefix:
        """Return where the input of an attempt's slot lies."""
        return _place(self.deployed.input_bucket, self.input_prefix, attempt)

    def output_of(self, attempt: Attempt) -> Prefix:
        """Return where the output of an attempt's slot lies."""
        return _place(self.deployed.output_bucket, self.output_prefix, attempt)


def document(directory: Path, function: str) -> dict[str, Any]:
    """Return what lies beside a function's code."""
    return json.loads((directory / f"{function}.json").read_text("utf-8"))


def _place(bucket: str, pattern: str, attempt: Attempt) -> Prefix:
    return Prefix(bucket, pattern.format(schedule=attempt.schedule, slot=attempt.slot))
