"""The dashboard's body: what a person looks at when the alarms have called, or before.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pulumi

from components import names, replicated
from components.settings import Settings
from pipeline.contract import METRIC_NAMESPACE, OPS

Widget = dict[str, Any]
Metrics = list[list[Any]]

GRID = 24
"""Columns of CloudWatch's grid."""

_FROM_ZERO = {"view": "timeSeries", "yAxis": {"left": {"min": 0, "showUnits": False}}}
_SUM_PER_DAY = {"stat": "Sum", "period": 24 * 3600, **_FROM_ZERO}
_MOST_PER_HOUR = {"stat": "Maximum", "period": 3600, **_FROM_ZERO}
_SUM_PER_5_MINUTES = {"stat": "Sum", "period": 300, **_FROM_ZERO}
_MOST_PER_5_MINUTES = {"stat": "Maximum", "period": 300, **_FROM_ZERO}
_LATEST = {"stat": "Maximum", "period": 300, "view": "singleValue"}
_PER_SCHEDULE = [
    {
        "JobsSucceeded": ("Slots completed, per day", _SUM_PER_DAY),
        "JobsFailed": ("Slots failed, per day", _SUM_PER_DAY),
        "SlotsSkipped": ("Slots skipped, per day", _SUM_PER_DAY),
        "SecondsSinceSuccess": ("Since the last success", _LATEST),
    },
    {
        "JobDuration": ("Duration of jobs, seconds", _MOST_PER_HOUR),
        "QueueTime": ("Wait before jobs start, seconds", _MOST_PER_HOUR),
        "Attempts": ("Attempts a slot took", _MOST_PER_HOUR),
    },
    {
        "RecordsProcessed": ("Records, per day (script)", _SUM_PER_DAY),
        "ErrorsEncountered": ("Errors, per day (script)", _SUM_PER_DAY),
        "EstimatedCost": ("Estimated cost, USD per day", _SUM_PER_DAY),
    },
]
"""Row by row, the project's own metrics -> the title of a widget, and how it is drawn."""
_USE = {
    "CPUUtilization": "CPU of jobs, percent of one core",
    "MemoryUtilization": "Memory of jobs, percent",
    "DiskUtilization": "Disk of jobs, percent",
}
"""SageMaker's own metrics -> title."""
_ALARMS_A_WIDGET = 100
"""CloudWatch's limit; without any alarm it refuses the widget."""
_SCHEDULES_A_SEARCH = 15
"""Search expressions end at 1,024 characters, and a job's name up to the slot takes up to 43."""
_FAILURES = (
    "fields @timestamp, schedule, slot, attempt, outcome, reason, exit_message, instance_type, "
    "cost_usd"
    ' | filter message = "attempt concluded" and outcome != "completed"'
    " | sort @timestamp desc | limit 20"
)
"""Logs Insights' query of the observer's log; schedule, slot and attempt make the job's name."""


def of(settings: Settings, account: str, alarm_arns: Sequence[pulumi.Input[str]]) -> dict[str, Any]:
    """Return the body of a stack's dashboard: the last week, each graph with its own period."""
    rows = [
        (4, [_header(settings)]),
        *(_alarms(arns) for arns in _batches(alarm_arns, _ALARMS_A_WIDGET)),
        *(
            (6, [_own(settings, name, *drawn) for name, drawn in row.items()])
            for row in _PER_SCHEDULE
        ),
        (6, [_use(settings, *each) for each in _USE.items()]),
        (6, [_functions(settings), _queues(settings)]),
        *([(6, [*_replicas(settings, account)])] if replicated.rules(settings) else ()),
        (8, [_last_failures(settings)]),
    ]
    return {"start": "-P7D", "periodOverride": "inherit", "widgets": list(_placed(rows))}


def _placed(rows: Sequence[tuple[int, Sequence[Widget]]]) -> Iterator[Widget]:
    """Yield the widgets with their places; those of a row share its width."""
    y = 0
    for height, widgets in rows:
        width = GRID // len(widgets)
        for index, widget in enumerate(widgets):
            yield {**widget, "x": index * width, "y": y, "width": width, "height": height}
        y += height


def _header(settings: Settings) -> Widget:
    text = f"""# {settings.prefix}
1. **Alarms**: the description of a red one says what to do first, and its heading in the runbook.
2. **Last failures**, at the bottom: outcome, reason and the script's last words of each attempt.
3. **Since the last success**, longer than usual: slots are missing. Look at queues and functions.

All attempts: `{OPS} list --stack {settings.stack}`. A slot again: `{OPS} replay`.
Times are UTC."""
    return {"type": "text", "properties": {"markdown": text}}


def _alarms(arns: Sequence[pulumi.Input[str]]) -> tuple[int, list[Widget]]:
    """Return a row as high as its title and its alarms, six of which stand side by side."""
    properties = {"title": "Alarms", "alarms": list(arns), "sortBy": "stateUpdatedTimestamp"}
    return 1 + math.ceil(len(arns) / 6), [{"type": "alarm", "properties": properties}]


def _own(settings: Settings, name: str, title: str, shown: dict[str, Any]) -> Widget:
    """Return a widget of one of the project's own metrics, with a line for each schedule."""
    dimensions = ["stack", settings.stack, "schedule"]
    metrics: Metrics = [
        [METRIC_NAMESPACE, name, *dimensions, schedule, {"label": schedule}]
        for schedule in settings.schedules
    ]
    return _metric(settings, title, metrics, shown)


def _use(settings: Settings, name: str, title: str) -> Widget:
    """Return a widget of SageMaker's metrics of this stack's jobs, whose names no one knows yet.

    A search cannot ask how a value begins. An unquoted term matches where its words follow each
    other in the value, so prefix and schedule together keep other stacks out; only one in whose
    own names exactly these words follow each other (`x-<prefix>--<schedule>`) would still show.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    """
    metrics: Metrics = []
    batches = _batches(list(settings.schedules), _SCHEDULES_A_SEARCH)
    for kind, schedules in product(settings.job_kinds, batches):
        hosts = " OR ".join(
            f"Host={names.job_name_prefix(settings.prefix)}{schedule}" for schedule in schedules
        )
        terms = f'MetricName="{name}" ({hosts})'
        search = f"SEARCH('{{{kind.group},Host}} {terms}', 'Average', 60)"
        metrics.append([{"expression": search, "label": ""}])
    return _metric(settings, title, metrics, _FROM_ZERO)


def _functions(settings: Settings) -> Widget:
    functions = [names.function(settings.prefix, each) for each in names.FUNCTIONS]
    metrics: Metrics = [
        ["AWS/Lambda", name, "FunctionName", function, {"label": f"{function} {name.lower()}"}]
        for function in functions
        for name in ("Errors", "Throttles")
    ]
    return _metric(settings, "Errors and throttles of functions", metrics, _SUM_PER_5_MINUTES)


def _queues(settings: Settings) -> Widget:
    name = "ApproximateNumberOfMessagesVisible"
    queues = {each: names.failure_queue(settings.prefix, each) for each in names.FAILURE_QUEUES}
    metrics: Metrics = [
        ["AWS/SQS", name, "QueueName", queue, {"label": f"{failed}-failures"}]
        for failed, queue in queues.items()
    ]
    return _metric(settings, "Messages that nobody could handle", metrics, _MOST_PER_5_MINUTES)


def _replicas(settings: Settings, account: str) -> Iterator[Widget]:
    """Yield what this region has still to get, and what it could not send; see the alarms."""
    here, other = settings.region, settings.recovery.region or ""
    for name, title, source, target, shown in (
        ("ReplicationLatency", "Replicas behind, seconds", other, here, _MOST_PER_5_MINUTES),
        ("OperationsFailedReplication", "Not replicated", here, other, _SUM_PER_5_MINUTES),
    ):
        metrics: Metrics = []
        for rule in replicated.rules(settings):
            dimensions = rule.dimensions(settings.prefix, account, source, target).items()
            label = {"label": f"{rule.prefix} of {rule.bucket}"}
            metrics.append(["AWS/S3", name, *(part for each in dimensions for part in each), label])
        yield _metric(settings, title, metrics, shown)


def _metric(settings: Settings, title: str, metrics: Metrics, shown: dict[str, Any]) -> Widget:
    properties = {"title": title, "region": settings.region, "metrics": metrics, **shown}
    return {"type": "metric", "properties": properties}


def _last_failures(settings: Settings) -> Widget:
    group = names.function_logs(settings.prefix, "observer")
    query = f"SOURCE '{group}' | {_FAILURES}"
    shown = {"title": "Last failures", "view": "table", "region": settings.region}
    return {"type": "log", "properties": {"query": query, **shown}}


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))
