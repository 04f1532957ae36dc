"""The dashboard's widgets, each from its own properties and with the run's data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from local.report_html import chart, markdown, series
from local.report_html.markup import Html, table, tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.aws.cloudwatch.alarms import AlarmState
    from local.aws.cloudwatch.metric_store import Point
    from local.report_html.data import Data

_STATES = {"ALARM": "bad", "INSUFFICIENT_DATA": "calm", "OK": "good"}
"""State -> tone, in the order in which CloudWatch lists them by state."""


def render(dashboard: Mapping[str, Any], data: Data) -> Html:
    """Return the dashboard's widgets on its grid, in the order of reading."""
    widgets: list[dict[str, Any]] = dashboard["widgets"]
    ordered = sorted(widgets, key=lambda widget: (widget["y"], widget["x"]))
    return tag("div", *(_widget(widget, data) for widget in ordered), class_="grid")


def _widget(widget: Mapping[str, Any], data: Data) -> Html:
    properties: Mapping[str, Any] = widget["properties"]
    title = properties.get("title")
    return tag(
        "section",
        *([tag("h3", title)] if title else []),
        _content(widget["type"], properties, data),
        class_=f"widget {widget['type']}",
        style=f"grid-column: {widget['x'] + 1} / span {widget['width']}; "
        f"grid-row: {widget['y'] + 1} / span {widget['height']}",
    )


def _content(kind: str, properties: Mapping[str, Any], data: Data) -> Html:
    try:
        match kind:
            case "text":
                return markdown.render(properties["markdown"])
            case "alarm":
                return _alarms(properties, data.alarms)
            case "metric":
                return _metric(properties, data.points)
            case "log":
                return _log(properties, data.failures)
            case _:
                return _nothing(f"Only CloudWatch shows widgets of type {kind}.")
    except ValueError as error:
        return _nothing(f"Only CloudWatch shows this: {error}.")


def _nothing(why: str) -> Html:
    return tag("p", why, class_="nothing")


def _metric(properties: Mapping[str, Any], points: Sequence[Point]) -> Html:
    lines = series.of_widget(properties, points)
    if not any(line.data for line in lines):
        return _nothing("No data in this run.")
    return chart.draw(lines, properties.get("view", "timeSeries"))


def _alarms(properties: Mapping[str, Any], alarms: Sequence[AlarmState]) -> Html:
    """Return the widget's alarms, red ones first, those that the run does not know as such."""
    known = {alarm.name: alarm for alarm in alarms}
    names = [arn.rpartition(":alarm:")[2] for arn in properties["alarms"]]
    states = list(_STATES)

    def order(name: str) -> tuple[int, str]:
        state = known[name].state if name in known else ""
        return (states.index(state) if state in states else len(states), name)

    items = [_alarm(name, known.get(name)) for name in sorted(names, key=order)]
    return tag("ul", *items, class_="alarms")


def _alarm(name: str, alarm: AlarmState | None) -> Html:
    if alarm is None:
        return tag("li", tag("b", name), tag("small", "not evaluated in this run"), class_="calm")
    red = alarm.state == "ALARM"
    return tag(
        "li",
        tag("span", alarm.state.replace("_", " "), class_="chip"),
        tag("b", name),
        tag("small", alarm.reason, title=alarm.reason),
        *([tag("small", alarm.description, class_="what")] if red else []),
        class_=_STATES.get(alarm.state, "calm"),
    )


def _log(properties: Mapping[str, Any], rows: Sequence[Mapping[str, str]]) -> Html:
    """Return the rows with the columns of the query's `fields`."""
    named = re.search(r"\bfields\s+([^|]+)", properties["query"])
    fields = [field.strip() for field in named[1].split(",")] if named else ["@message"]
    if not rows:
        return _nothing("No rows in this run.")
    return table(fields, [[row.get(field, "") for field in fields] for row in rows])
