"""Two runs to look at: one that failed in every way at once, and one where all went well."""

from datetime import UTC, datetime, timedelta
from typing import Any

from local.run import page
from local.run.report import Report

STARTED = datetime(2026, 1, 5, 2, 0, 4, tzinfo=UTC)
PREFIX = "weather-dev"
HOSTILE = "<img src=x onerror=\"document.title='taken over'\"><script>document.title='x'</script>"


def at(seconds: float) -> str:
    return (STARTED + timedelta(seconds=seconds)).isoformat()


def job_name(attempt: int) -> str:
    return f"{PREFIX}--daily-20260105T020000Z-{attempt}"


def alarm(name: str, state: str, reason: str = "no datapoint crossed the threshold") -> Any:
    todo = f"Read the message of the slot first. Runbook: docs/runbook.md#{name}"
    return {"name": f"{PREFIX}-{name}", "state": state, "reason": reason, "description": todo}


def attempt(number: int, outcome: str, reason: str | None, kind: str) -> dict[str, Any]:
    return {
        "attempt": number,
        "outcome": outcome,
        "status": "Completed" if outcome == "completed" else "Failed",
        "reason": reason,
        "instance": kind,
        "job_name": job_name(number),
    }


def event(seconds: float, what: str, detail: str = "") -> dict[str, str]:
    return {"at": at(seconds), "what": what, "detail": detail}


def metric(name: str, value: float, unit: str, sent_by: str = "observer") -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "sent_by": sent_by}


def report(**changed: Any) -> Report:
    made = Report(
        stack="dev",
        schedule="daily",
        timezone="Europe/Berlin",
        slot="2026-01-05T02:00:00Z",
        attempt=1,
        job_name=job_name(1),
        status="Completed",
        outcome="completed",
        attempts=[attempt(1, "completed", None, "ml.m5.large")],
        metrics=[
            metric("RecordsProcessed", 26280, "Count", "script"),
            metric("JobDuration", 130, "Seconds"),
            metric("MemoryUtilization (peak)", 41.7, "Percent", "sagemaker"),
        ],
        alarms=[alarm("daily-failed", "OK"), alarm("daily-no-success", "INSUFFICIENT_DATA")],
        seconds={"deploy": 4.2, "run": 7.9},
        resources=61,
        engine="process",
    )
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def of(**changed: Any) -> str:
    return page.render(report(**changed))


MESSAGE = f"""What failed: weather-dev, schedule daily, slot 2026-01-05 03:00 Europe/Berlin
Class: script_failed after 3 attempts, 0.0321 USD so far
Reason: AlgorithmError: exit code: 65
Exit message: process_data.sh: 12 of 26,280 records are broken {HOSTILE}

Last lines of the log
  02:11:10 airport BER, day 2025-12-31: temperature 'n/a' is no number
  02:11:10 process_data.sh: more than 0.01 % of the records are broken, giving up

Once more: python -m ops replay daily 2026-01-05T02:00:00Z --stack dev
Job: https://eu-central-1.console.aws.amazon.com/sagemaker/home?region=eu-central-1#/processing-jobs/{job_name(3)}
"""


def failing() -> str:
    """Return the page of a run of three attempts, the last of which failed by its script."""
    capacity = "CapacityError: Unable to provision requested ML compute capacity."
    return of(
        status="Failed",
        outcome="script_failed",
        attempt=3,
        job_name=job_name(3),
        failure_reason="AlgorithmError: See job logs for more information, exit code: 65",
        exit_message=f"process_data.sh: 12 of 26,280 records are broken {HOSTILE}",
        attempts=[
            attempt(1, "capacity", capacity, "ml.m5.large"),
            attempt(2, "out_of_memory", "exit code: 137", "ml.m6i.large"),
            attempt(3, "script_failed", f"exit code: 65 {HOSTILE}", "ml.m6i.24xlarge"),
        ],
        messages=[
            {
                "subject": "weather-dev: daily 2026-01-05 03:00 failed (script_failed)",
                "body": MESSAGE,
                "at": at(668),
            }
        ],
        timeline=[
            event(0, "fired", "daily for 2026-01-05T02:00:00Z"),
            event(0.4, "job", f"{job_name(1)} InProgress"),
            event(2.1, "job", f"{job_name(1)} Failed"),
            event(2.6, "planned", f"{job_name(2)} in 300 s"),
            event(303, "job", f"{job_name(2)} InProgress"),
            event(334, "job", f"{job_name(2)} Failed"),
            event(335, "planned", f"{job_name(3)} in 300 s"),
            event(636, "job", f"{job_name(3)} InProgress"),
            event(667, "job", f"{job_name(3)} Failed"),
            event(668, "message", f"weather-dev: daily failed {HOSTILE}"),
            event(669, "alarm", f"{PREFIX}-daily-failed: OK -> ALARM"),
        ],
        outputs=[{"bucket": f"{PREFIX}-output", "key": "k" * 900 + HOSTILE, "size": 482_113}],
        metrics=[metric(HOSTILE, 12, "Count", "script")],
        alarms=[alarm("daily-failed", "ALARM", HOSTILE), alarm("launcher-errors", "OK")],
    )


def good() -> str:
    """Return the page of a run that completed at the first attempt."""
    output = "output/daily/2026/01/05/020000"
    sizes = {"weather.parquet": 482_113, "summary.json": 612, "_SUCCESS": 890}
    return of(
        success_marker=f"{output}/_SUCCESS",
        outputs=[
            {"bucket": f"{PREFIX}-output", "key": f"{output}/{name}", "size": size}
            for name, size in sizes.items()
        ],
        timeline=[
            event(0, "fired", "daily for 2026-01-05T02:00:00Z"),
            event(0.4, "job", f"{job_name(1)} InProgress"),
            event(4.9, "job", f"{job_name(1)} Completed"),
        ],
    )
