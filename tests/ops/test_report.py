import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from ops.report import document
from tests.ops import month
from tests.ops.clock import NOW
from tests.ops.world import World


@pytest.fixture(scope="module")
def page() -> str:
    return document(month.stack(), month.found(), month.NOW, 30)


def text(page: str) -> str:
    """Return what a person reads, with single spaces."""
    body = page.partition("<body>")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def titles(page: str, schedule: str) -> list[str]:
    """Return what is said of each day that has slots."""
    found = re.findall(rf'href="#{schedule}-[\d-]+" title="([^"]*)"', page)
    return [" ".join(each.split()) for each in found]


def row(page: str, day: str) -> str:
    [found] = re.findall(rf'<tr id="{day}">(.*?)</tr>', page, re.DOTALL)
    return text(f"<body>{found}")


class TestCalendar:
    def test_every_day_has_its_state_in_words_and_as_a_mark(self, page: str) -> None:
        said = titles(page, "daily")
        assert len(said) == 30
        assert said[2:4] == ["Wed 11 Mar: 1 completed", "Thu 12 Mar: 1 healed"]
        marks = re.findall(r"<b>(.)</b>", page)[:30]
        assert "".join(marks) == "✓✓✓↻✓✓✕✓✓!✓✓?✓✓»✓✓↻✓✓■✓✓✕✓✓✓✓✓"

    def test_a_day_of_many_slots_is_their_number_and_the_worst(self, page: str) -> None:
        assert "Tue 17 Mar: 1 failed, 1 healed, 22 completed" in titles(page, "hourly")
        assert re.search(r"<b>✕</b> <small>24</small>", page)

    def test_a_day_without_a_slot_says_so_and_leads_nowhere(self, page: str) -> None:
        assert len(titles(page, "weekly-accounts")) == 5
        assert page.count(": no slot") == 25

    def test_the_first_day_stands_below_its_weekday(self) -> None:
        page = document(month.stack(), month.found(), month.NOW, 28)
        [first, *_] = re.findall(r'<li class="day [^"]*" style="([^"]*)"', page)
        assert first == "grid-column-start: 3"

    def test_every_day_leads_to_its_row(self, page: str) -> None:
        leads = set(re.findall(r'href="#([^"]*)"', page))
        assert leads <= set(re.findall(r' id="([^"]*)"', page))


class TestRows:
    def test_a_slot_has_its_time_on_the_schedules_own_clock_and_all_that_it_took(
        self, page: str
    ) -> None:
        expected = "Fri 27 Mar 04:00 ↻ healed 58m 00s 5m 45s 76.0 GB m5.2xlarge $1.38"
        assert row(page, "daily-2026-03-27") == expected

    def test_several_slots_have_their_usual_and_their_longest_duration(self, page: str) -> None:
        expected = "Tue 17 Mar ✕ 1 failed ↻ 1 healed ✓ 22 completed 5m 00s to 8m 00s 4m 05s"
        assert row(page, "hourly-2026-03-17").startswith(expected)

    def test_an_input_says_what_it_meant_for_the_machines(self, page: str) -> None:
        assert 'title="76.0 GB in 7 objects: up to 100 GB"><span>76.0 GB</span>' in page

    def test_what_did_not_run_has_no_figures(self, page: str) -> None:
        assert row(page, "daily-2026-03-18") == "Wed 18 Mar 04:00 ! missed"
        assert row(page, "daily-2026-03-21") == "Sat 21 Mar ? no record"

    def test_a_cost_that_is_not_known_is_not_hidden(self) -> None:
        found = month.slot("daily", month.FIRST, {"cost_usd": None})
        assert "$0.00 + 1 without price" in text(document(month.stack(), found, month.NOW, 30))


class TestMessages:
    def test_are_the_last_reasons_newest_first(self, page: str) -> None:
        said = text(page)
        order = ["internal error", "stopped by an operator", "exit code: 137", "Missed: due"]
        places = [said.index(each) for each in order]
        assert places == sorted(places)

    def test_beyond_the_first_are_counted_with_the_command_that_lists_them(self, page: str) -> None:
        command = "-m ops list --schedule hourly --days 30 --stack prod"
        assert re.search(rf"… and 2 more: \S+ {command}", text(page))

    def test_are_text_whatever_a_script_says(self, page: str) -> None:
        assert month.HOSTILE not in page
        assert month.HOSTILE in unescape(page)


class TestPage:
    def test_fetches_nothing_and_runs_nothing(self, page: str) -> None:
        assert not re.search(r"<(script|link|img|iframe|object|base)\b|url\(|@import", page)
        assert "default-src 'none'; style-src 'unsafe-inline'" in page

    def test_begins_with_each_schedules_sum(self, page: str) -> None:
        first = text(page)
        assert "hourly ✕ 2 failed ? 48 no record ↻ 8 healed ✓ 636 completed 5m 00s" in first
        assert first.index("hourly ✕") < first.index("Last messages")

    def test_an_empty_journal_is_said_to_be(self) -> None:
        said = text(document(month.stack(), {}, month.NOW, 30))
        assert said.count("The journal has no slot of these 30 days.") == 3


class TestCommand:
    @pytest.fixture
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        place = tmp_path / "here"
        place.mkdir()
        monkeypatch.chdir(place)
        return place

    def test_writes_the_page_here_and_says_where(self, world: World, here: Path) -> None:
        world.conclude(created=NOW, started=NOW, ended=NOW + timedelta(minutes=3))
        status, out, _ = world.ops("report")
        file = here / "report-prod.html"
        assert (status, out) == (0, f"{file}\n")
        assert "Mon 05 Jan 04:00 ✓ completed 3m 00s" in text(file.read_text("utf-8"))

    def test_writes_it_where_it_is_told_to(self, world: World, here: Path) -> None:
        status, document = world.ops_json("report --output month.html --days 3")
        assert (status, document) == (0, {"output": str(here / "month.html")})
        assert "prod: 3 days to Wed 07 Jan 2026" in text((here / "month.html").read_text("utf-8"))

    def test_begins_with_the_first_day_in_the_schedules_zone(
        self, world: World, here: Path
    ) -> None:
        world.conclude(slot="2026-01-04T23:30:00Z")
        world.conclude(slot="2026-01-04T22:30:00Z")
        world.ops("report --days 3")
        said = text((here / "report-prod.html").read_text("utf-8"))
        assert "Mon 05 Jan ? 1 no record ✓ 1 completed" in said
        assert "Sun 04 Jan" not in said

    def test_says_what_spot_made_of_the_costs(self, world: World, here: Path) -> None:
        ran: dict[str, Any] = {"created": NOW, "started": NOW, "ended": NOW + timedelta(hours=1)}
        ran |= {"instance_type": "ml.m5.large", "capacity": "spot", "on_demand_usd": 1.0}
        world.conclude(**ran, cost_usd=0.25)
        world.ops("report")
        said = text((here / "report-prod.html").read_text("utf-8"))
        assert "m5.large on spot $0.25 75 % less by spot" in said

    def test_a_job_that_runs_is_in_progress(self, world: World, here: Path) -> None:
        world.job(CreationTime=NOW - timedelta(seconds=90))
        world.ops("report")
        said = text((here / "report-prod.html").read_text("utf-8"))
        assert "Mon 05 Jan 04:00 … in progress" in said

    def test_a_file_that_cannot_be_written_is_named(self, world: World, here: Path) -> None:
        status, _, err = world.ops("report --output no/such.html")
        assert status == 1
        assert f"--output {here}/no/such.html: No such file or directory" in err
