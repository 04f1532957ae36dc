"""Two runs to look at: one that failed in every way at once, and one where all went well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from components import dashboard
from local import report_html
from local.aws.cloudwatch.alarms import AlarmState
from local.aws.cloudwatch.metric_store import Point

if TYPE_CHECKING:
    from local.aws.cloudwatch.alarm_rule import State

STARTED = datetime(2026, 1, 5, 2, 0, 4, tzinfo=UTC)
PREFIX = "weather-dev"
SCHEDULES = ("daily", "hourly")
HOSTILE = "<img src=x onerror=\"document.title='taken over'\"><script>document.title='x'</script>"
LOGS = "/aws/lambda/weather-dev-observer"
QUEUES = ("launcher-failures", "observer-failures", "schedule-failures")
ALARMS = (
    *(f"{name}-{what}" for name in SCHEDULES for what in ("failed", "running-long", "no-success")),
    *(f"launcher-{what}" for what in ("errors", "throttles", "dropped", "undelivered")),
    *QUEUES,
    "schedule-target-errors",
    "events-missed",
)


def body() -> dict[str, Any]:
    """Return the dashboard as it is deployed."""
    arn = f"arn:aws:cloudwatch:eu-central-1:123456789012:alarm:{PREFIX}-"
    args = dashboard.DashboardArgs(
        prefix=PREFIX,
        region="eu-central-1",
        stack="dev",
        schedules=SCHEDULES,
        functions=(f"{PREFIX}-launcher", f"{PREFIX}-observer"),
        queues={name: f"{PREFIX}-{name}" for name in QUEUES},
        alarm_arns=[arn + name for name in ALARMS],
        observer_log_group=LOGS,
    )
    return dashboard.body(args, f"SOURCE '{LOGS}' | {dashboard.FAILURES}")


def after(seconds: float) -> datetime:
    return STARTED + timedelta(seconds=seconds)


def job_name(attempt: int) -> str:
    return f"{PREFIX}--daily-20260105T020000Z-{attempt}"


def own(name: str, value: float, seconds: float, unit: str = "Count", **changed: str) -> Point:
    dimensions = {"stack": "dev", "schedule": "daily", **changed}
    return Point("SageMakerProcessing", dimensions, name, unit, value, after(seconds))


def of_host(name: str, value: float, seconds: float, attempt: int = 1) -> Point:
    host = {"Host": f"{job_name(attempt)}/algo-1"}
    return Point("/aws/sagemaker/ProcessingJobs", host, name, "Percent", value, after(seconds))


def alarm(name: str, state: State, reason: str) -> AlarmState:
    todo = f"Read the message of the slot first. Runbook: docs/runbook.md#{name}"
    return AlarmState(f"{PREFIX}-{name}", state, reason, todo, "SageMakerProcessing JobsFailed")


def alarms(*red: str) -> list[AlarmState]:
    """Return all alarms, some of them red, and those for which it is too early without data."""
    crossed = "Threshold crossed: 1 datapoint was greater than or equal to the threshold (1.0)."
    early = [name for name in ALARMS if name.endswith("-no-success")]
    fine = [name for name in ALARMS if name not in (*red, *early)]
    return [
        *(alarm(name, "ALARM", crossed) for name in red),
        *(alarm(name, "INSUFFICIENT_DATA", "no datapoint yet") for name in early),
        *(alarm(name, "OK", "no datapoint crossed the threshold") for name in fine),
    ]


def attempt(
    number: int, outcome: str, status: str, reason: str | None, kind: str
) -> dict[str, Any]:
    return {
        "attempt": number,
        "outcome": outcome,
        "status": status,
        "reason": reason,
        "instance_type": kind,
        "job_name": job_name(number),
    }


def event(seconds: float, what: str, detail: str = "") -> dict[str, str]:
    return {"at": after(seconds).isoformat(), "what": what, "detail": detail}


def report(**changed: Any) -> dict[str, Any]:
    return {
        "stack": "dev",
        "schedule": "daily",
        "slot": "2026-01-05T02:00:00Z",
        "attempt": 1,
        "job_name": job_name(1),
        "status": "Completed",
        "outcome": "completed",
        "failure_reason": None,
        "exit_message": None,
        "attempts": [attempt(1, "completed", "Completed", None, "ml.m5.large")],
        "outputs": [],
        "metrics": {"RecordsProcessed": 26280.0, "ErrorsEncountered": 12.0},
        "messages": [],
        "alarms": {},
        "success_marker": None,
        "timeline": [],
        "seconds": {"deploy": 4.2, "run": 7.9},
        "resources": 61,
        "engine": "process",
        **changed,
    }


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
    shown = report(
        status="Failed",
        outcome="script_failed",
        attempt=3,
        job_name=job_name(3),
        failure_reason="AlgorithmError: See job logs for more information, exit code: 65",
        exit_message=f"process_data.sh: 12 of 26,280 records are broken {HOSTILE}",
        attempts=[
            attempt(1, "capacity", "Failed", capacity, "ml.m5.large"),
            attempt(2, "out_of_memory", "Failed", "exit code: 137", "ml.m6i.large"),
            attempt(3, "script_failed", "Failed", f"exit code: 65 {HOSTILE}", "ml.m6i.xlarge"),
        ],
        messages=[
            {
                "subject": "weather-dev: daily 2026-01-05 03:00 failed (script_failed)",
                "body": MESSAGE,
                "at": after(668).isoformat(),
            }
        ],
        timeline=[
            event(0, "slot delivered", "daily 2026-01-05T02:00:00Z by its schedule"),
            event(0.4, "job created", f"{job_name(1)} on ml.m5.large"),
            event(2.1, "job failed", capacity),
            event(2.2, "observer called", "SageMaker Processing Job State Change"),
            event(2.6, "next attempt", "2 in 300 s on ml.m6i.large"),
            event(303, "job created", f"{job_name(2)} on ml.m6i.large"),
            event(334, "job failed", "exit code: 137"),
            event(335, "next attempt", "3 in 300 s on ml.m6i.xlarge"),
            event(636, "job created", f"{job_name(3)} on ml.m6i.xlarge"),
            event(667, "job failed", f"exit code: 65 {HOSTILE}"),
            event(668, "message sent", "weather-dev: daily 2026-01-05 03:00 failed"),
            event(669, "alarm", f"{PREFIX}-daily-failed: OK -> ALARM"),
        ],
    )
    points = [
        own("JobsFailed", 1, 668),
        own("JobsSucceeded", 0, 668),
        own("JobDuration", 31, 668, "Seconds"),
        own("QueueTime", 141, 668, "Seconds"),
        own("Attempts", 3, 668),
        own("EstimatedCost", 0.0321, 668, "None"),
        own("RecordsProcessed", 26280, 660),
        own("ErrorsEncountered", 12, 660),
        *(own("SecondsSinceSuccess", 93_600 + at, at, "Seconds") for at in (0, 300, 600)),
        *(own("SecondsSinceSuccess", 1234, at, "Seconds", schedule="hourly") for at in (0, 300)),
        *(of_host("CPUUtilization", 20 + at % 70, 303 + at, 2) for at in range(0, 30, 10)),
        *(
            of_host("CPUUtilization", value, 600 + 60 * i, 3)
            for i, value in enumerate((40, 97, 61))
        ),
        *(of_host("MemoryUtilization", 99.2, 320 + 60 * i, 2) for i in range(2)),
        Point("AWS/Lambda", {"FunctionName": f"{PREFIX}-launcher"}, "Errors", "Count", 0, after(1)),
        *(
            Point(
                "AWS/SQS",
                {"QueueName": f"{PREFIX}-{name}"},
                "ApproximateNumberOfMessagesVisible",
                "Count",
                0,
                after(at),
            )
            for name in QUEUES
            for at in (0, 300, 600)
        ),
    ]
    row = {
        "@timestamp": "2026-01-05 02:11:12.412",
        "schedule": "daily",
        "slot": "2026-01-05T02:00:00Z",
        "job_name": job_name(3),
        "attempt": "3",
        "outcome": "script_failed",
        "status": "Failed",
        "reason": f"exit code: 65 {HOSTILE}",
        "exit_message": "process_data.sh: 12 of 26,280 records are broken",
        "instance_type": "ml.m6i.xlarge",
        "cost_usd": "0.0123",
    }
    return page(shown, points, alarms("daily-failed"), [row, {**row, "attempt": "2"}])


def good() -> str:
    """Return the page of a run that completed at the first attempt."""
    output = "output/daily/2026/01/05/020000"
    shown = report(
        success_marker=f"{output}/_SUCCESS",
        outputs=[
            {"bucket": f"{PREFIX}-output", "key": f"{output}/{name}", "size": size}
            for name, size in (
                ("weather.parquet", 482_113),
                ("summary.json", 612),
                ("_SUCCESS", 890),
            )
        ],
        timeline=[
            event(0, "slot delivered", "daily 2026-01-05T02:00:00Z by its schedule"),
            event(0.4, "job created", f"{job_name(1)} on ml.m5.large"),
            event(4.9, "job completed"),
            event(5.3, "success marker", f"{output}/_SUCCESS"),
        ],
    )
    points = [
        own("JobsSucceeded", 1, 5),
        own("JobsFailed", 0, 5),
        own("JobDuration", 4.5, 5, "Seconds"),
        own("EstimatedCost", 0.00014, 5, "None"),
        own("RecordsProcessed", 26280, 4),
    ]
    return page(shown, points, alarms(), [])


def page(
    shown: dict[str, Any],
    points: list[Point],
    states: list[AlarmState],
    failures: list[dict[str, str]],
    definition: dict[str, Any] | None = None,
) -> str:
    return report_html.render(
        title="weather-dev: one run",
        dashboard=definition or body(),
        report=shown,
        points=points,
        alarms=states,
        failures=failures,
        now=after(700),
    )
