"""What a backfill shows before it starts anything, and whom it asks."""

import io
from datetime import timedelta
from pathlib import Path

import pytest

from tests.ops.clock import NOW
from tests.ops.nights import BUCKET, LINE, SHORT, SLOTS, Json, Nights
from tests.ops.world import World


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


class TestPlan:
    def test_finds_markers_where_the_prefix_names_the_slot_before_on_the_schedules_clock(
        self, world: World, nights: Nights, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        del nights
        prefix = "out/{schedule}/{previous_local:%F-%H}/"
        with (project / "Pulumi.prod.yaml").open("a") as file:
            file.write(f"  sagemaker-processing:output:\n    prefix: {prefix}\n")
        key = "out/daily/2026-01-01-04/_SUCCESS"
        world.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"{}")
        answer(monkeypatch, "n\n")
        assert "done  1," in world.ops(LINE)[1]

    def test_comes_first_with_slots_and_cost_and_starts_nothing_unless_a_person_agrees(
        self, world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nights.mark(SLOTS[0])
        nights.run(SLOTS[1], 1)
        started: Json = {"started": NOW - timedelta(seconds=751), "ended": NOW}
        world.conclude(slot="2025-12-30T03:00:00Z", cost_usd=0.25, **started)
        answer(monkeypatch, "n\n")
        status, out, err = world.ops(LINE)
        assert status == 1
        assert "cron(0 4 * * ? *)  Europe/Berlin" in out
        for row in (
            "slots  4, Fri 02 Jan 04:00 to Mon 05 Jan 04:00",
            "done  1,",
            "under way  1 ",
            "to run  2, at most 2 at once",
            "cost at most  $0.40, if each takes its maximum of 1h 00m",
            "cost  $0.50, if each is like that of Tue 30 Dec 04:00, which took 12m 31s",
        ):
            assert row in out
        assert "Run 2 slots for at most $0.40? [y/N]" in err
        assert "Nothing was started" in err
        assert len(nights.started) == 1

    def test_on_spot_may_cost_the_whole_and_again_on_demand(
        self, world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        del nights
        ended: Json = {"started": NOW - timedelta(seconds=751), "ended": NOW, "capacity": "spot"}
        world.conclude(slot="2025-12-30T04:00:00Z", schedule="spare", cost_usd=0.25, **ended)
        answer(monkeypatch, "n\n")
        _, out, _ = world.ops(LINE.replace("daily", "spare"))
        most = "cost at most  $2.02, if each takes its maximum of 1h 00m on spot without a discount"
        assert f"{most}, and again on demand" in out
        assert "like that of Tue 30 Dec 04:00, which took 12m 31s on spot" in out

    @pytest.mark.parametrize(("typed", "slots"), [("y\n", 2), ("", 0)])
    def test_asks_a_person_and_takes_nobody_for_a_no(
        self, world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch, typed: str, slots: int
    ) -> None:
        answer(monkeypatch, typed)
        status, document = world.ops_json(SHORT)
        assert status == (0 if slots else 1)
        assert len(nights.started) == slots
        assert ("error" in document) == (not slots)

    def test_says_so_where_prices_are_not_known(
        self, world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nights.mark(SLOTS[0])
        monkeypatch.setattr("pipeline.cost._CARDS", {})
        answer(monkeypatch, "n")
        _, out, err = world.ops(LINE)
        assert "cost at most  ?" in out
        assert "eu-central-1; get it: .venv/bin/python -m ops prices --stack prod\n" in out
        assert "Run 3 slots for a cost that is not known? [y/N]" in err

    def test_asks_nothing_where_nothing_is_to_be_started(
        self, world: World, nights: Nights
    ) -> None:
        for slot in SLOTS:
            nights.mark(slot)
        status, out, _ = world.ops(LINE)
        assert (status, nights.started) == (0, [])
        assert "Nothing to do" in out

    @pytest.mark.parametrize(
        ("days", "slots"),
        [
            ("--from 2026-01-06 --to 2026-12-31", ["2026-01-06T03:00:00Z", "2026-01-07T03:00:00Z"]),
            ("--from 2025-10-25 --to 2025-10-26", ["2025-10-25T02:00:00Z", "2025-10-26T03:00:00Z"]),
            ("--from 2026-01-05 --to 2026-01-05", ["2026-01-05T03:00:00Z"]),
        ],
    )
    def test_days_are_those_of_the_schedules_own_clock_until_now(
        self, world: World, nights: Nights, days: str, slots: list[str]
    ) -> None:
        status, document = world.ops_json(f"backfill --schedule daily {days} --yes")
        assert status == 0
        assert document["plan"]["slots"] == slots
        assert [slot for slot, _ in nights.started] == slots

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("daily --from 2026-01-06 --to 2026-01-05", "must not be the later one"),
            ("daily --from 2026-01-08 --to 2026-01-09", "has no slot of cron(0 4 * * ? *)"),
            ("hourly --from 2026-01-05 --to 2026-01-05", "run --schedule hourly --slot TIME"),
            ("weekly --from 2026-01-05 --to 2026-01-05", "stack prod has daily, hourly"),
            ("daily --from 2000-01-01 --to 2026-01-05", "more than 9,000 slots; take fewer days"),
        ],
    )
    def test_what_has_no_slots_is_refused_with_a_way_out(
        self, world: World, monkeypatch: pytest.MonkeyPatch, line: str, said: str
    ) -> None:
        monkeypatch.setattr("ops.backfill_plan.MOST_SLOTS", 9000)
        status, _, err = world.ops(f"backfill --schedule {line} --yes")
        assert status == 2
        assert said in err
