"""Dashboard: what a person looks at when the alarms have called, or before.

Body: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi
import pulumi_aws as aws

from components import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Widget = dict[str, Any]
    Metrics = list[list[Any]]
    _Item = TypeVar("_Item")

GRID = 24
"""Columns of CloudWatch's grid."""

_FROM_ZERO = {"view": "timeSeries", "yAxis": {"left": {"min": 0, "showUnits": False}}}
_SUM_PER_DAY = {"stat": "Sum", "period": 24 * 3600, **_FROM_ZERO}
_MOST_PER_HOUR = {"stat": "Maximum", "period": 3600, **_FROM_ZERO}
_SUM_PER_5_MINUTES = {"stat": "Sum", "period": 300, **_FROM_ZERO}
_MOST_PER_5_MINUTES = {"stat": "Maximum", "period": 300, **_FROM_ZERO}
_LATEST = {"stat": "Maximum", "period": 300, "view": "singleValue"}
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
FAILURES = (
    "fields @timestamp, schedule, slot, attempt, outcome, reason, exit_message, instance_type, "
    "cost_usd"
    ' | filter message = "attempt concluded" and outcome != "completed"'
    " | sort @timestamp desc | limit 20"
)
"""Logs Insights' query of the observer's log; schedule, slot and attempt make the job's name."""


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """What the dashboard shows."""

    prefix: str
    region: str
    stack: str
    schedules: Sequence[str]
    functions: Sequence[str]
    """The functions' physical names."""
    queues: Mapping[str, pulumi.Input[str]]
    """What waits in a queue -> the queue's physical name."""
    alarm_arns: Sequence[pulumi.Input[str]]
    observer_log_group: pulumi.Input[str]


class Dashboard(pulumi.ComponentResource):
    """The stack's dashboard, of one region.

    Creates: a dashboard named `<prefix>-<region>`. Dashboards are global in an account, and so are
    their names.
    """

    name: pulumi.Output[str]
    """The dashboard's name."""

    def __init__(
        self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:dashboard:Dashboard", name, None, opts)
        query = pulumi.Output.concat("SOURCE '", args.observer_log_group, "' | ", FAILURES)
        dashboard = aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=names.dashboard(args.prefix, args.region),
            dashboard_body=pulumi.Output.json_dumps(body(args, query)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = dashboard.dashboard_name
        self.register_outputs({"name": self.name})


def body(args: DashboardArgs, failures_query: pulumi.Input[str]) -> dict[str, Any]:
    """Return the dashboard's body: the last week, each graph with its own period."""
    rows = [
        (4, [_header(args)]),
        *(
            (_alarms_height(arns), [_alarms(arns)])
            for arns in _batches(args.alarm_arns, _ALARMS_A_WIDGET)
        ),
        (6, _outcomes(args)),
        (6, _times(args)),
        (6, _work(args)),
        (6, [_jobs(args, name) for name in _USE]),
        (6, [_functions(args), _queues(args)]),
        (8, [_last_failures(args, failures_query)]),
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


def _header(args: DashboardArgs) -> Widget:
    text = f"""# {args.prefix}
1. **Alarms**: the description of a red one says what to do first, and its heading in the runbook.
2. **Last failures**, at the bottom: outcome, reason and the script's last words of each attempt.
3. **Since the last success**, longer than usual: slots are missing. Look at queues and functions.

All attempts: `python -m ops list --stack {args.stack}`. A slot again: `python -m ops replay`.
Times are UTC."""
    return {"type": "text", "properties": {"markdown": text}}


def _alarms(arns: Sequence[pulumi.Input[str]]) -> Widget:
    properties = {"title": "Alarms", "alarms": list(arns), "sortBy": "stateUpdatedTimestamp"}
    return {"type": "alarm", "properties": properties}


def _alarms_height(arns: Sequence[pulumi.Input[str]]) -> int:
    """Return the rows of the title and of the alarms, six of which stand side by side."""
    return 1 + -(-len(arns) // 6)


def _outcomes(args: DashboardArgs) -> list[Widget]:
    return [
        _per_schedule(args, "Slots completed, per day", "JobsSucceeded", _SUM_PER_DAY),
        _per_schedule(args, "Slots failed, per day", "JobsFailed", _SUM_PER_DAY),
        _per_schedule(args, "Slots skipped, per day", "SlotsSkipped", _SUM_PER_DAY),
        _per_schedule(args, "Since the last success", "SecondsSinceSuccess", _LATEST),
    ]


def _times(args: DashboardArgs) -> list[Widget]:
    return [
        _per_schedule(args, "Duration of jobs, seconds", "JobDuration", _MOST_PER_HOUR),
        _per_schedule(args, "Wait before jobs start, seconds", "QueueTime", _MOST_PER_HOUR),
        _per_schedule(args, "Attempts a slot took", "Attempts", _MOST_PER_HOUR),
    ]


def _work(args: DashboardArgs) -> list[Widget]:
    return [
        _per_schedule(args, "Records, per day (script)", "RecordsProcessed", _SUM_PER_DAY),
        _per_schedule(args, "Errors, per day (script)", "ErrorsEncountered", _SUM_PER_DAY),
        _per_schedule(args, "Estimated cost, USD per day", "EstimatedCost", _SUM_PER_DAY),
    ]


def _per_schedule(args: DashboardArgs, title: str, name: str, shown: dict[str, Any]) -> Widget:
    """Return a widget of one of the project's own metrics, with a line for each schedule."""
    metrics: Metrics = [
        [
            *("SageMakerProcessing", name, "stack", args.stack, "schedule", schedule),
            {"label": schedule},
        ]
        for schedule in args.schedules
    ]
    return _metric(args, title, metrics, shown)


def _jobs(args: DashboardArgs, name: str) -> Widget:
    """Return a widget of SageMaker's metrics of this stack's jobs, whose names no one knows yet.

    A search cannot ask how a value begins. An unquoted term matches where its words follow each
    other in the value, so prefix and schedule together keep other stacks out; only one in whose
    own names exactly these words follow each other (`x-<prefix>--<schedule>`) would still show.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    """
    metrics: Metrics = []
    for schedules in _batches(args.schedules, _SCHEDULES_A_SEARCH):
        hosts = " OR ".join(f"Host={args.prefix}--{schedule}" for schedule in schedules)
        terms = f'MetricName="{name}" ({hosts})'
        search = f"SEARCH('{{/aws/sagemaker/ProcessingJobs,Host}} {terms}', 'Average', 60)"
        metrics.append([{"expression": search, "label": ""}])
    return _metric(args, _USE[name], metrics, _FROM_ZERO)


def _functions(args: DashboardArgs) -> Widget:
    metrics: Metrics = [
        ["AWS/Lambda", name, "FunctionName", function, {"label": f"{function} {name.lower()}"}]
        for function in args.functions
        for name in ("Errors", "Throttles")
    ]
    return _metric(args, "Errors and throttles of functions", metrics, _SUM_PER_5_MINUTES)


def _queues(args: DashboardArgs) -> Widget:
    name = "ApproximateNumberOfMessagesVisible"
    metrics: Metrics = [
        ["AWS/SQS", name, "QueueName", queue, {"label": what}]
        for what, queue in args.queues.items()
    ]
    return _metric(args, "Messages that nobody could handle", metrics, _MOST_PER_5_MINUTES)


def _metric(args: DashboardArgs, title: str, metrics: Metrics, shown: dict[str, Any]) -> Widget:
    properties = {"title": title, "region": args.region, "metrics": metrics, **shown}
    return {"type": "metric", "properties": properties}


def _last_failures(args: DashboardArgs, query: pulumi.Input[str]) -> Widget:
    properties = {"title": "Last failures", "region": args.region, "view": "table", "query": query}
    return {"type": "log", "properties": properties}


def _batches(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
