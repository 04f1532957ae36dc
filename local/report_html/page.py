"""The page: everything that a run left, from top to bottom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.report_html import figures, summary, timeline, widgets
from local.report_html.data import Data
from local.report_html.markup import Html, join, tag

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from local.aws.cloudwatch.alarms import AlarmState
    from local.aws.cloudwatch.metric_store import Point

_HEAD = Html(
    '<meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
    # Whatever the page shows can fetch nothing and run nothing.
    '<meta http-equiv="Content-Security-Policy"'
    " content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)


def render(  # noqa: PLR0913 - one argument for each thing that the page shows
    *,
    title: str,
    dashboard: dict[str, Any],
    report: dict[str, Any],
    points: Sequence[Point],
    alarms: Sequence[AlarmState],
    failures: Sequence[dict[str, str]],
    now: datetime,
) -> str:
    """Return the whole HTML document, which needs nothing else to be read.

    Args:
        title: The page's title.
        dashboard: The body of the deployed dashboard.
        report: The content of report.json.
        points: The data points of the run's metrics.
        alarms: The alarms as the run left them.
        failures: What the dashboard's query of failures finds: field -> value of each row.
        now: When the page is made.
    """
    style = Path(__file__).with_name("style.css").read_text("utf-8")
    data = Data(points=points, alarms=alarms, failures=failures)
    head = tag("head", _HEAD, tag("title", title), tag("style", Html(style)))
    body = tag(
        "body",
        tag("header", tag("h1", title), tag("p", f"made {figures.date_and_time(now)}")),
        tag(
            "main",
            summary.render(report),
            _part("Timeline", timeline.render(report["timeline"])),
            _part("Messages", summary.messages(report)),
            _part("Dashboard", widgets.render(dashboard, data)),
        ),
    )
    return join([Html("<!doctype html>"), tag("html", head, body, lang="en")])


def _part(title: str, content: Html) -> Html:
    return tag("section", tag("h2", title), content)
