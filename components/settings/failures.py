"""Settings of what happens when a run fails: which attempts follow, and who is told."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from components.settings.values import Frozen, InstanceType, refuse


class RetrySettings(Frozen):
    """The next attempts, by the cause of the last one's failure. A script's own error has none."""

    instance_types: tuple[InstanceType, ...] = ()
    """Types to try, in this order, where the job's own has no capacity."""
    size_ups: Annotated[int, Field(ge=0, le=3)] = 1
    """How many sizes of the same family a run may grow when it runs out of memory."""
    internal_errors: Annotated[int, Field(ge=0, le=3)] = 1
    """How many more attempts follow an internal error of SageMaker."""
    delay_seconds: Annotated[int, Field(ge=60, le=3600)] = 300
    """Before the first attempt that has to wait; doubles with each further one."""
    deadline_seconds: Annotated[int, Field(ge=0, le=86_400)] = 21_600
    """From a slot's first launch; no attempt waits for quota or capacity beyond it."""


class Subscription(Frozen):
    """Somebody who is told."""

    protocol: Literal["email", "sms", "https"]
    endpoint: str
    """An address, a number such as +4915112345678, or a URL."""

    @model_validator(mode="after")
    def _endpoint_fits(self) -> Self:
        form, example = _ENDPOINTS[self.protocol]
        fits = form.fullmatch(self.endpoint) is not None
        refuse(None if fits else f"endpoint: must be {example} for protocol {self.protocol}")
        return self


# SNS's Subscribe has no pattern: an e-mail address, a number in E.164, a URL that begins so.
_ENDPOINTS = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "an address such as team@example.com"),
    "sms": (re.compile(r"\+[1-9]\d{6,14}"), "a number such as +4915112345678"),
    "https": (re.compile(r"https://[^\s/]+\S*"), "a URL such as https://example.com/alerts"),
}


class AlertSettings(Frozen):
    """Who is told, and what is watched."""

    subscriptions: tuple[Subscription, ...] = ()
    """Each endpoint has to confirm once, before it gets anything (SMS numbers need not)."""
    running_long_seconds: Annotated[int, Field(ge=60)] | None = None
    """A job that runs longer is reported while it runs; null: 3/4 of job.max_runtime_seconds."""
    alarms: bool = True
    dashboard: bool = True
