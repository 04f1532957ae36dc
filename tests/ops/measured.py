"""Jobs whose instances were measured."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.attempt import Attempt, job_name
from pipeline.journal_items import Entry

FIRST = datetime(2026, 1, 5, 3, tzinfo=UTC)


def job(day: int = 0, minutes: float = 10, number: int = 1, **known: Any) -> Entry:
    """Return a job that ran on ml.m5.xlarge with 100 GB, unless another machine is known."""
    attempt = Attempt("daily", FIRST - timedelta(days=day), number)
    begun = attempt.slot + timedelta(minutes=4)
    ran: dict[str, Any] = {
        "outcome": "completed",
        "status": "Completed",
        "created": attempt.slot,
        "started": begun,
        "ended": begun + timedelta(minutes=minutes),
        "concluded_at": begun + timedelta(minutes=minutes),
        "instance_type": "ml.m5.xlarge",
        "instance_count": 1,
        "volume_gb": 100,
    }
    return Entry.of(attempt, job_name("processing-prod", attempt), **{**ran, **known})
