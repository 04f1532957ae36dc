"""The run itself: what came of it, its attempts, its outputs, and what people were told."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.report_html import figures
from local.report_html.markup import Html, join, table, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TONES = {"completed": "good", "skipped": "calm", "stopped": "calm", "replaced": "calm"}
"""Outcome -> tone; every other one is bad."""
_MOST_OUTPUTS = 20


def render(report: Mapping[str, Any]) -> Html:
    """Return outcome, facts, attempts and outputs."""
    facts = [item for label, value in _facts(report) for item in _fact(label, value)]
    said = tag(
        "div",
        _chip(report["outcome"] or report["status"]),
        *(tag("p", text, class_="reason") for text in _reasons(report)),
        class_="said",
    )
    run = tag("div", said, tag("dl", *facts), class_="card run")
    return join([run, _attempts(report), tag("div", *_results(report), class_="pair")])


def messages(report: Mapping[str, Any]) -> Html:
    """Return what SNS delivered, as it was."""
    items = [
        tag(
            "article",
            tag("h3", message["subject"]),
            tag("p", _when(message["at"]), class_="when"),
            tag("pre", message["body"]),
            class_="card message",
        )
        for message in report["messages"]
    ]
    return join(items) if items else tag("p", "No message was sent.", class_="nothing")


def _chip(outcome: str | None) -> Html:
    if outcome is None:
        return tag("span", "no job was started", class_="chip big bad")
    tone = _TONES.get(outcome.lower(), "bad")
    return tag("span", outcome.replace("_", " ").lower(), class_=f"chip big {tone}")


def _reasons(report: Mapping[str, Any]) -> Iterator[str]:
    for key in ("failure_reason", "exit_message"):
        if report[key]:
            yield report[key]


def _facts(report: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    yield "slot", _when(report["slot"])
    yield "schedule", report["schedule"]
    yield "stack", report["stack"]
    yield "job", report["job_name"]
    yield "success marker", report["success_marker"] or "none: nobody may use these outputs"
    yield "engine", report["engine"]
    yield "resources", str(report["resources"])
    yield "took", figures.duration(sum(report["seconds"].values()))


def _fact(label: str, value: str | None) -> tuple[Html, Html]:
    return tag("dt", label), tag("dd", value or "none")


def _attempts(report: Mapping[str, Any]) -> Html:
    head = ["attempt", "outcome", "reason", "instance type", "job", "status"]
    rows = [_attempt(attempt) for attempt in report["attempts"]]
    return _titled("Attempts", table(head, rows)) if rows else Html()


def _results(report: Mapping[str, Any]) -> Iterator[Html]:
    if outputs := report["outputs"]:
        rows = [
            [f"{output['size']:,} B", output["key"], output["bucket"]]
            for output in outputs[:_MOST_OUTPUTS]
        ]
        more = len(outputs) - len(rows)
        rest = [tag("p", f"… and {more} more.", class_="nothing")] if more else []
        yield _titled("Outputs", table(["size", "key", "bucket"], rows), *rest)
    if metrics := report["metrics"]:
        rows = [[name, figures.number(value)] for name, value in sorted(metrics.items())]
        yield _titled("Metrics", table(["name", "value"], rows))


def _attempt(attempt: Mapping[str, Any]) -> list[str]:
    outcome = attempt["outcome"]
    told = (attempt[key] or "" for key in ("reason", "instance_type", "job_name", "status"))
    return [str(attempt["attempt"]), _small_chip(outcome) if outcome else "", *told]


def _small_chip(outcome: str) -> Html:
    return tag("span", outcome.replace("_", " "), class_=f"chip {_TONES.get(outcome, 'bad')}")


def _titled(title: str, *content: Html) -> Html:
    return tag("section", tag("h2", title), *content, class_="card")


def _when(at: str | None) -> str:
    return figures.date_and_time(datetime.fromisoformat(at)) if at else ""
