"""The page of a run: complete, and harmless whatever a script says."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.local import report_runs as runs


class Parsed(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.data: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.data.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.data)


def of(**changed: Any) -> Parsed:
    return Parsed(runs.page(runs.report(**changed), [], runs.alarms(), []))


class TestNeedsNothingElse:
    @pytest.mark.parametrize("page", [runs.failing(), runs.good()])
    def test_the_page_fetches_nothing_and_runs_nothing(self, page: str) -> None:
        parsed = Parsed(page)
        assert not {"script", "link", "img", "iframe", "object", "base"} & set(parsed.tags)
        assert not {name for name, _ in parsed.attributes if name == "src" or name[:2] == "on"}
        assert "url(" not in page
        assert "@import" not in page

    def test_the_browser_is_told_to_refuse_what_would_slip_through(self) -> None:
        [policy] = [v for _, v in Parsed(runs.good()).attributes if v.startswith("default-src")]
        assert policy == "default-src 'none'; style-src 'unsafe-inline'"


class TestHostileText:
    def test_stays_text_wherever_a_script_can_put_it(self) -> None:
        text = Parsed(runs.failing()).text
        places = ("exit message", "attempt", "timeline", "message", "log row", "other log row")
        assert text.count(runs.HOSTILE) == len(places)

    def test_stays_text_in_names_labels_and_attributes(self) -> None:
        alarm = runs.alarm("daily-failed", "ALARM", runs.HOSTILE)
        body = runs.body()
        body["widgets"][0]["properties"]["markdown"] = f"# {runs.HOSTILE}\n**{runs.HOSTILE}**"
        graph = next(w["properties"] for w in body["widgets"] if w["type"] == "metric")
        graph["title"] = graph["metrics"][0][-1]["label"] = runs.HOSTILE
        graph["metrics"][0][-1]["color"] = '"><script>'
        points = [runs.own("JobsSucceeded", 1, 0), runs.own("JobsSucceeded", 1, 200_000)]
        page = Parsed(runs.page(runs.report(), points, [alarm], [], body))
        assert "img" not in page.tags
        assert "script" not in page.tags
        assert page.text.count(runs.HOSTILE) == 1 + 2 + 1 + 1 + 2, (
            "alarm's reason, heading and bold, title, legend, two dots"
        )
        assert ("title", runs.HOSTILE) in page.attributes

    @settings(max_examples=40)
    @given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
    def test_every_text_of_a_message_arrives_as_it_was(self, text: str) -> None:
        message = {"subject": "s", "body": text, "at": "2026-01-05T02:00:00+00:00"}
        page = runs.page(runs.report(messages=[message]), [], [], [])
        [shown] = re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)
        assert html.unescape(shown) == text
        assert "<" not in shown


class TestSummary:
    @pytest.mark.parametrize(
        ("outcome", "status", "shown", "tone"),
        [
            ("completed", "Completed", "completed", "good"),
            ("script_failed", "Failed", "script failed", "bad"),
            ("skipped", "Skipped", "skipped", "calm"),
            (None, "Failed", "failed", "bad"),
            (None, None, "no job was started", "bad"),
        ],
    )
    def test_says_first_what_came_of_the_run(
        self, outcome: str | None, status: str | None, shown: str, tone: str
    ) -> None:
        page = runs.page(runs.report(outcome=outcome, status=status), [], [], [])
        assert (
            f'<main><div class="card run"><div class="said"><span class="chip big {tone}">{shown}<'
            in page
        )

    def test_says_the_slot_in_utc_and_why(self) -> None:
        page = of(slot="2026-01-05T03:00:00+01:00", failure_reason="no room", exit_message="sorry")
        assert "2026-01-05 02:00:00 UTC" in page.data
        assert {"no room", "sorry"} <= set(page.data)

    def test_lists_every_attempt_with_its_cause_and_machine(self) -> None:
        text = Parsed(runs.failing()).data
        for number, outcome in ((1, "capacity"), (2, "out of memory"), (3, "script failed")):
            assert runs.job_name(number) in text
            assert outcome in text
        assert "ml.m6i.xlarge" in text

    def test_says_whether_the_outputs_may_be_used(self) -> None:
        marker = "output/daily/2026/01/05/020000/_SUCCESS"
        assert marker in of(success_marker=marker).data
        assert "none: nobody may use these outputs" in of().data

    def test_says_how_many_outputs_it_does_not_list(self) -> None:
        outputs = [{"bucket": "b", "key": f"part-{index}", "size": 1} for index in range(25)]
        page = of(outputs=outputs)
        assert "part-19" in page.data
        assert "part-20" not in page.data
        assert "… and 5 more." in page.data

    def test_a_run_that_ended_before_there_was_a_slot_has_a_page_too(self) -> None:
        page = of(
            slot=None,
            schedule=None,
            job_name=None,
            attempt=None,
            status=None,
            outcome=None,
            engine=None,
            attempts=[],
            metrics={},
            seconds={},
        )
        assert "no job was started" in page.data
        assert "No message was sent." in page.data


class TestTimeline:
    def test_is_in_the_order_in_which_things_happened(self) -> None:
        events = [runs.event(9, "third"), runs.event(0, "first"), runs.event(4, "second")]
        found = [text for text in of(timeline=events).data if text in ("first", "second", "third")]
        assert found == ["first", "second", "third"]

    def test_says_how_long_after_the_first_and_how_long_nothing_happened(self) -> None:
        events = [runs.event(0, "a"), runs.event(1.5, "b"), runs.event(301.5, "c")]
        text = of(timeline=events).data
        assert {"+0 s", "+1.5 s", "+5 min 2 s"} <= set(text)
        assert "5 min 0 s later" in text

    def test_the_strip_is_in_proportion_and_near_events_share_a_mark(self) -> None:
        events = [runs.event(at, "e") for at in (0, 1, 50, 100)]
        page = runs.page(runs.report(timeline=events), [], [], [])
        marks = re.findall(r'<text x="([\d.]+)" y="23"[^>]*>([\d-]+)<', page)
        assert marks == [("34.0", "1-2"), ("500.0", "3"), ("966.0", "4")]

    def test_events_of_one_moment_are_one_mark(self) -> None:
        events = [runs.event(0, "e"), runs.event(0, "f")]
        assert "1-2" in of(timeline=events).data
