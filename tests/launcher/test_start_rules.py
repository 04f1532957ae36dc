from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings import Settings
from launcher.event import Request, Trigger
from launcher.start_rules import Refusal, empty, overlapping, replaces, too_late
from pipeline.attempt import Attempt, job_name
from pipeline.config import LauncherConfig
from pipeline.outcome import State
from tests.lambda_world import ATTEMPT, PREFIX, SETTINGS, SLOT
from tests.launcher.test_job_request import config_of

EARLIER = Attempt("daily", SLOT - timedelta(hours=1), 3)
LATER = Attempt("daily", SLOT + timedelta(hours=1), 1)


def config(when_empty: str = "fail", **schedule: object) -> LauncherConfig:
    daily = {"expression": "rate(1 hour)", "timezone": "UTC", **schedule}
    parts = {**SETTINGS, "schedules": {"daily": daily}, "input": {"when_empty": when_empty}}
    return config_of(Settings.model_validate(parts))


def request(trigger: Trigger = Trigger.SCHEDULE, late: timedelta = timedelta()) -> Request:
    return Request(ATTEMPT, trigger, SLOT + late)


class TestStartDeadline:
    def test_skips_a_slot_that_is_later_and_says_how_late(self) -> None:
        limited = config(start_deadline_seconds=600)
        assert too_late(limited, request(late=timedelta(seconds=600))) is None
        late = too_late(limited, request(late=timedelta(seconds=601)))
        words = "StartDeadline: delivered 601 s after its time, and start_deadline_seconds is 600"
        assert late == Refusal(State.SKIPPED, words)

    @pytest.mark.parametrize("trigger", [Trigger.RETRY, Trigger.OPERATOR])
    def test_is_for_the_schedules_own_deliveries_only(self, trigger: Trigger) -> None:
        limited = config(start_deadline_seconds=600)
        assert too_late(limited, request(trigger, timedelta(days=9))) is None

    @given(st.timedeltas(timedelta(days=-1), timedelta(days=999)))
    def test_is_none_by_default(self, late: timedelta) -> None:
        assert too_late(DEFAULT, request(late=late)) is None


DEFAULT = config()


class TestOverlap:
    @pytest.mark.parametrize("overlap", ["Allow", "Forbid", "Replace"])
    def test_of_nothing_is_nothing(self, overlap: str) -> None:
        assert overlapping(config(overlap=overlap), request(), []) is None

    @pytest.mark.parametrize("trigger", [Trigger.SCHEDULE, Trigger.RETRY])
    def test_is_decided_by_the_setting(self, trigger: Trigger) -> None:
        settings = [config(overlap=overlap) for overlap in ("Allow", "Forbid", "Replace")]
        of = request(trigger)
        assert [replaces(each, of, [EARLIER]) for each in settings] == [False, False, True]
        assert overlapping(settings[0], of, [EARLIER]) is None
        words = f"Overlap: {job_name(PREFIX, EARLIER)} has not ended, and overlap is Forbid"
        assert overlapping(settings[1], of, [EARLIER]) == Refusal(State.SKIPPED, words)

    @pytest.mark.parametrize("overlap", ["Forbid", "Replace"])
    def test_never_stands_in_an_operators_way(self, overlap: str) -> None:
        decided, by_hand = config(overlap=overlap), request(Trigger.OPERATOR)
        assert overlapping(decided, by_hand, [EARLIER]) is None
        assert not replaces(decided, by_hand, [EARLIER])

    @pytest.mark.parametrize("others", [[LATER], [EARLIER, LATER]])
    def test_never_lets_an_earlier_slot_stop_a_later_one(self, others: list[Attempt]) -> None:
        retry, replacing = request(Trigger.RETRY), config(overlap="Replace")
        assert not replaces(replacing, retry, others)
        found = overlapping(replacing, retry, others)
        assert found
        assert found.status == State.SKIPPED
        assert job_name(PREFIX, LATER) in found.reason


@pytest.mark.parametrize(
    ("when_empty", "status"), [("fail", State.REFUSED), ("skip", State.SKIPPED), ("run", None)]
)
def test_empty_input_fails_skips_or_runs_by_the_setting(
    when_empty: str, status: State | None
) -> None:
    found = empty(config(when_empty), "s3://b/p/")
    words = "EmptyInput: there is no object under s3://b/p/"
    assert found == (Refusal(status, words) if status else None)
