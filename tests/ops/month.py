"""A month to look at: a daily schedule of mixed fortune, an hourly one and a weekly one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from components.settings import loader
from ops.stack import Stack
from pipeline.attempt import Attempt, job_name
from pipeline.contract import GB
from pipeline.journal_items import Entry

NOW = datetime(2026, 4, 7, 10, 20, tzinfo=UTC)
FIRST = datetime(2026, 3, 9, tzinfo=UTC)
"""The first of the thirty days."""
HOSTILE = "<img src=x onerror=\"document.title='taken over'\"><script>document.title='x'</script>"
PROJECT = "sagemaker-processing"
BERLIN = ZoneInfo("Europe/Berlin")

Found = dict[tuple[datetime, str], list[Entry]]

_CAPACITY = "CapacityError: Unable to provision requested ML compute capacity. Please retry."
_DAILY: dict[int, list[dict[str, Any]]] = {
    3: [{"outcome": "capacity", "reason": _CAPACITY}, {}],
    6: [
        {
            "outcome": "script_failed",
            "reason": "AlgorithmError: See job logs for more information, exit code: 65",
            "exit_message": f"process_data.sh: 12 of 26,280 records are broken {HOSTILE}",
        }
    ],
    9: [{"outcome": "missed", "reason": "Missed: due 2026-03-18T03:00:00Z, no job since"}],
    15: [{"outcome": "skipped", "reason": "there is nothing below daily/2026/03/24/"}],
    18: [
        {"outcome": "out_of_memory", "reason": "exit code: 137"},
        {"instance_type": "ml.m5.2xlarge"},
    ],
    21: [{"outcome": "stopped", "reason": "stopped by an operator"}],
    24: [{"outcome": "internal_error", "reason": "InternalServerError: " + "please retry " * 20}],
}
"""Day -> its attempts, where it was not one that completed; of day 12 nothing is known."""


def stack(**schedules: dict[str, Any]) -> Stack:
    """Return stack prod with these schedules, or with those of the month."""
    names = schedules or {
        "daily": {"expression": "cron(0 4 * * ? *)", "timezone": "Europe/Berlin"},
        "hourly": {"expression": "rate(1 hour)"},
        "weekly-accounts": {"expression": "cron(30 6 ? * MON *)", "timezone": "Europe/Berlin"},
    }
    keys = {
        "aws:region": "eu-central-1",
        f"{PROJECT}:prefix": "processing-prod",
        f"{PROJECT}:schedules": json.dumps(names),
    }
    return Stack(loader.read(keys, PROJECT, "prod"))


def slot(
    schedule: str, at: datetime, *ends: dict[str, Any], minutes: float = 6, **ran: Any
) -> Found:
    """Return what the journal has of a slot, by what is known of each end, and of each that ran."""
    made: list[Entry] = []
    for number, end in enumerate(ends or ({},), 1):
        run = Attempt(schedule, at, number)
        begun = at + timedelta(minutes=7 * number)
        known: dict[str, Any] = {"outcome": "completed", **end}
        if known["outcome"] not in ("missed", "skipped"):
            known = {
                "created": begun,
                "started": begun + timedelta(seconds=75 + 10 * at.day),
                "ended": begun + timedelta(minutes=minutes + number, seconds=75 + 10 * at.day),
                "instance_type": "ml.m5.xlarge",
                "instance_count": 1,
                "cost_usd": 0.0123 * minutes,
                **ran,
                **known,
            }
        entry = Entry.of(run, job_name("processing-prod", run), **{"concluded_at": begun, **known})
        made.append(entry)
    return {(at, schedule): made}


def found() -> Found:
    """Return what the journal has of the month."""
    month: Found = {}
    for day in range(30):
        at = datetime(2026, 3, 9, 4, tzinfo=BERLIN) + timedelta(days=day)
        if day != 12:
            ends, gb = _DAILY.get(day, [{}]), 40 + 2 * day
            sized: Any = {
                "input_bytes": gb * GB,
                "sized_by": f"{gb}.0 GB in 7 objects: up to 100 GB",
            }
            month |= slot("daily", at.astimezone(UTC), *ends, minutes=20 + 2 * day, **sized)
    for hour in range(29 * 24 + 10):
        at = FIRST + timedelta(hours=hour)
        ends: list[dict[str, Any]]
        ends = [{"outcome": "throttled", "reason": "Rate exceeded"}, {}] if hour % 97 == 0 else [{}]
        if hour % 211 == 200:
            ends = [{"outcome": "disk_full", "exit_message": "No space left on device"}]
        if not 400 <= hour < 460:
            month |= slot("hourly", at, *ends, minutes=1 + hour % 7)
    for week in range(5):
        at = datetime(2026, 3, 9, 6, 30, tzinfo=BERLIN) + timedelta(days=7 * week)
        month |= slot("weekly-accounts", at.astimezone(UTC), minutes=240)
    return month
