"""The page of a run: complete, and harmless whatever a script says."""

import html
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.run.page import moment, quantity, render
from local.run.report import Report
from tests.local.run import runs_to_look_at as runs


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
    return Parsed(runs.of(**changed))


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
        page = Parsed(runs.failing())
        places = ("exit message", "attempt", "timeline", "output", "metric", "message")
        alarm = ("red", "among all")
        assert page.text.count(runs.HOSTILE) == len(places) + len(alarm)
        assert any(runs.HOSTILE in value for name, value in page.attributes if name == "title")

    @given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
    def test_every_text_of_a_message_arrives_as_it_was(self, text: str) -> None:
        page = runs.of(messages=[{"subject": "s", "body": text, "at": runs.at(0)}])
        [shown] = re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)
        assert html.unescape(shown) == text
        assert "<" not in shown


class TestTheOutcome:
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
    def test_is_the_first_thing(
        self, outcome: str | None, status: str | None, shown: str, tone: str
    ) -> None:
        page = runs.of(outcome=outcome, status=status)
        first = re.search(r'<span class="chip ([^"]*)">([^<]*)<', page)
        assert first
        assert first.groups() == (f"big {tone}", shown)

    def test_has_the_slot_on_both_clocks_and_the_reasons(self) -> None:
        page = of(failure_reason="no room", exit_message="sorry")
        assert "daily, 2026-01-05 02:00:00 UTC (Mon 05 Jan 03:00 Europe/Berlin)" in page.data
        assert {"no room", "sorry"} <= set(page.data)

    def test_says_whether_the_outputs_may_be_used(self) -> None:
        assert "output/daily/2026/01/05/020000/_SUCCESS" in Parsed(runs.good()).data
        assert "none: nobody may use these outputs" in of().data

    def test_of_a_run_that_ended_before_there_was_a_slot_has_a_page_too(self) -> None:
        page = Parsed(render(Report(stack="local", failure_reason="no such setting")))
        assert {"no job was started", "no such setting", "No message was sent."} <= set(page.data)
        assert "Timeline" not in page.data


class TestTheParts:
    def test_every_attempt_has_its_cause_and_machine(self) -> None:
        text = Parsed(runs.failing()).data
        for number, outcome in ((1, "capacity"), (2, "out of memory"), (3, "script failed")):
            assert runs.job_name(number) in text
            assert outcome in text
        assert "ml.m6i.24xlarge" in text

    def test_outputs_beyond_the_first_are_counted(self) -> None:
        outputs = [{"bucket": "b", "key": f"part-{index}", "size": 1} for index in range(25)]
        page = of(outputs=outputs)
        assert "part-19" in page.data
        assert "part-20" not in page.data
        assert "… and 5 more" in page.data

    def test_no_value_is_shown_as_python_writes_it(self) -> None:
        page = Parsed(runs.good())
        assert {"482.1 kB", "26,280", "2m 10s", "12s"} <= set(page.data)
        shown = [text for text in page.data if ":root" not in text]
        assert not [text for text in shown if re.search(r"None|True|datetime|\[|\{|e-\d", text)]

    def test_a_cost_has_its_currency(self) -> None:
        cost = {"name": "EstimatedCost", "value": 0.0125, "unit": "None", "sent_by": "observer"}
        assert "0.0125 USD" in of(metrics=[cost]).data

    def test_red_alarms_say_what_to_do_first(self) -> None:
        text = Parsed(runs.failing()).text
        red = text.index(f"{runs.PREFIX}-daily-failed\n")
        assert red < text.index("docs/runbook.md#daily-failed") < text.index("All 2 alarms")
        assert "No alarm is red." in of().data


class TestTheTimeline:
    def marks(self, *events: dict[str, str]) -> list[tuple[str, float, float]]:
        page = runs.of(timeline=list(events))
        found = re.findall(r'class="mark (\w+)" style="left: ([\d.]+)%; width: ([\d.]+)%"', page)
        return [(tone, float(left), float(width)) for tone, left, width in found]

    def test_is_in_proportion_with_a_bar_for_each_job(self) -> None:
        name = runs.job_name(1)
        found = self.marks(
            runs.event(0, "fired"),
            runs.event(20, "job", f"{name} InProgress"),
            runs.event(70, "job", f"{name} Failed"),
            runs.event(100, "alarm"),
        )
        assert found == [("calm", 0, 0), ("calm", 100, 0), ("bad", 20, 50)]

    def test_a_job_that_still_runs_has_no_end(self) -> None:
        started = runs.event(0, "job", f"{runs.job_name(1)} InProgress")
        assert self.marks(started, runs.event(10, "alarm"))[-1] == ("calm", 0, 100)

    def test_events_of_one_moment_are_there_too(self) -> None:
        assert len(self.marks(runs.event(0, "fired"), runs.event(0, "alarm"))) == 2

    def test_says_how_long_after_the_first_each_event_came(self) -> None:
        events = [runs.event(0, "a"), runs.event(1.5, "b"), runs.event(301.5, "c")]
        assert {"0s", "1.5s", "5m 02s"} <= set(of(timeline=events).data)


class TestFigures:
    @pytest.mark.parametrize(
        ("value", "unit", "text"),
        [
            (26280, "Count", "26,280"),
            (0.0000328, "None", "0.0000328"),
            (12.34, "Percent", "12.3 %"),
            (12345.6, "Count", "12,346"),
            (130, "Seconds", "2m 10s"),
            (612, "Bytes", "612 bytes"),
            (482_113, "Bytes", "482.1 kB"),
            (1_234_567_890, "Bytes", "1.2 GB"),
            (7, "Bytes/Second", "7 Bytes/Second"),
        ],
    )
    def test_are_what_a_person_reads(self, value: float, unit: str, text: str) -> None:
        assert quantity(value, unit) == text

    @pytest.mark.parametrize(
        ("zone", "text"),
        [
            ("Europe/Berlin", "2026-01-04 23:30:00 UTC (Mon 05 Jan 00:30 Europe/Berlin)"),
            ("UTC", "2026-01-04 23:30:00 UTC"),
            (None, "2026-01-04 23:30:00 UTC"),
        ],
    )
    def test_a_moment_is_told_on_both_clocks(self, zone: str | None, text: str) -> None:
        assert moment("2026-01-05T00:30:00+01:00", zone) == text
