from dataclasses import replace
from datetime import timedelta

from pipeline.attempt import Attempt, job_name
from pipeline.journal import Journal
from pipeline.journal_items import Entry
from tests.lambda_world import ATTEMPT, NAME, NOW, PREFIX, SLOT, World

BUSY = "another invocation is at it"


def entry_of(attempt: Attempt = ATTEMPT, **known: object) -> Entry:
    return Entry.of(attempt, job_name(PREFIX, attempt), **known)


def claim(journal: Journal, owner: str, minutes: float = 0) -> str | None:
    return journal.claim(ATTEMPT, NAME, owner, NOW + timedelta(minutes=minutes))


class TestClaim:
    def test_goes_to_the_first_who_asks(self, world: World) -> None:
        assert claim(world.journal, "a") is None
        assert claim(world.journal, "b", 5) == BUSY

    def test_is_granted_to_its_owner_again(self, world: World) -> None:
        claim(world.journal, "a")
        assert claim(world.journal, "a", 1) is None
        assert claim(world.journal, "b", 16.5) == BUSY, "asking again prolongs it"

    def test_is_anybodys_once_the_lease_has_run_out(self, world: World) -> None:
        claim(world.journal, "a")
        assert claim(world.journal, "b", 16.1) is None
        assert claim(world.journal, "a", 16.2) == BUSY, "the first owner has lost it"

    def test_is_nobodys_after_the_conclusion(self, world: World) -> None:
        claim(world.journal, "a")
        world.journal.write(entry_of(concluded_at=NOW))
        assert claim(world.journal, "a") == "concluded before"
        assert claim(world.journal, "b", 60) == "concluded before"


class TestEntries:
    def test_that_are_unknown_are_none(self, world: World) -> None:
        assert world.journal.entry(ATTEMPT) is None
        assert world.journal.attempts("daily", SLOT) == []

    def test_a_conclusion_keeps_what_was_planned_and_marked(self, world: World) -> None:
        world.journal.write(entry_of(retry_state="{}", planned_for=NOW))
        world.journal.write(entry_of(stop="operator"))
        world.journal.write(entry_of(status="Stopped", concluded_at=NOW))
        assert world.journal.entry(ATTEMPT) == entry_of(
            retry_state="{}", planned_for=NOW, stop="operator", status="Stopped", concluded_at=NOW
        )

    def test_the_first_plan_stays(self, world: World) -> None:
        first = entry_of(planned_for=NOW, retry_state="first")
        assert world.journal.write(first, unless="job_name") == first
        later = NOW + timedelta(minutes=1)
        assert world.journal.write(entry_of(planned_for=later), unless="job_name") == first
        assert world.journal.entry(ATTEMPT) == first

    def test_the_first_refusal_stays(self, world: World) -> None:
        first = world.journal.refuse(ATTEMPT, NAME, "Refused", "quota", NOW)
        assert first == entry_of(status="Refused", reason="quota", ended=NOW)
        assert world.journal.refuse(ATTEMPT, NAME, "Skipped", "late", NOW) == first

    def test_a_refusal_keeps_the_plan(self, world: World) -> None:
        world.journal.write(entry_of(planned_for=NOW, retry_state="{}"))
        assert world.journal.refuse(ATTEMPT, NAME, "Skipped", "x", NOW).retry_state == "{}"

    def test_of_a_slot_come_in_the_order_of_their_attempts(self, world: World) -> None:
        others = [Attempt("daily", SLOT + timedelta(seconds=1), 1), Attempt("hourly", SLOT, 1)]
        for attempt in [replace(ATTEMPT, number=attempt) for attempt in (10, 2, 1)] + others:
            world.journal.write(entry_of(attempt))
        world.journal.record_failure("daily", SLOT)
        assert [each.number for each in world.journal.attempts("daily", SLOT)] == [1, 2, 10]

    def test_the_recent_come_newest_first_up_to_a_limit(self, world: World) -> None:
        for hours in range(5):
            world.journal.write(entry_of(replace(ATTEMPT, slot=SLOT + timedelta(hours=hours))))
        world.journal.record_failure("daily", SLOT)
        recent = world.journal.recent("daily", SLOT + timedelta(hours=1), limit=3)
        assert [(each.slot - SLOT) / timedelta(hours=1) for each in recent] == [4, 3, 2]
        assert len(world.journal.recent("daily", SLOT + timedelta(hours=1))) == 4

    def test_expire_after_a_year_and_a_month(self, world: World) -> None:
        world.journal.write(entry_of(concluded_at=NOW))
        items = world.client("dynamodb").scan(TableName=f"{PREFIX}-journal")["Items"]
        expires = NOW + timedelta(days=400)
        assert [item["expires"] for item in items] == [{"N": str(int(expires.timestamp()))}]


class TestHealth:
    def test_nothing_is_known_of_a_new_schedule(self, world: World) -> None:
        assert (world.journal.last_success("daily"), world.failing_since()) == (None, None)
        assert world.journal.record_success("daily", "a", NOW) is None
        assert (world.journal.last_success("daily"), world.failing_since()) == (NOW, None)

    def test_is_red_from_the_first_failure_on(self, world: World) -> None:
        for hours in (0, 1):
            world.journal.record_failure("daily", SLOT + timedelta(hours=hours))
        assert world.failing_since() == SLOT

    def test_one_success_of_two_at_once_is_told_that_it_is_green_again(self, world: World) -> None:
        world.journal.record_failure("daily", SLOT)
        assert world.journal.record_success("daily", "a", NOW) == SLOT
        assert world.journal.record_success("daily", "b", NOW) is None
        assert (world.journal.last_success("daily"), world.failing_since()) == (NOW, None)

    def test_the_same_success_is_told_the_same_again(self, world: World) -> None:
        world.journal.record_failure("daily", SLOT)
        world.journal.record_success("daily", "a", NOW)
        assert world.journal.record_success("daily", "a", NOW) == SLOT

    def test_a_success_that_is_told_again_does_not_end_a_later_failure(self, world: World) -> None:
        later = SLOT + timedelta(hours=1)
        world.journal.record_failure("daily", SLOT)
        world.journal.record_success("daily", "a", NOW)
        world.journal.record_failure("daily", later)
        assert world.journal.record_success("daily", "a", NOW) == SLOT
        assert world.failing_since() == later
        assert world.journal.record_success("daily", "b", NOW) == later
