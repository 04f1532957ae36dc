import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.classify import classify
from pipeline.jobs import Job, described
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from pipeline.outcome import Outcome
from tests.fake_sagemaker import FakeSageMaker
from tests.lambda_world import ATTEMPT, NAME

RECORDED: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("recorded_reasons.json").read_text("utf-8")
)
NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)


def ended(
    status: str, reason: str | None = None, message: str | None = None, **known: Any
) -> Entry:
    entry = Entry.of(ATTEMPT, NAME)
    return replace(entry, status=status, reason=reason, exit_message=message, **known)


def job_of(**known: Any) -> Job:
    sagemaker = FakeSageMaker(lambda: NOW)
    sagemaker.add(NAME, **known)
    return described(Kind(known.get("kind", "Processing")), sagemaker.jobs[NAME])


def classified(recorded: dict[str, Any], job: Job | None = None) -> Outcome:
    """Return the class of the end in which a recorded text would be found."""
    text, code = recorded["text"], recorded["exit_code"]
    match recorded["kind"]:
        case "create_error":  # as the launcher words it
            return classify(ended("Refused", f"{recorded['code']}: {text}"))
        case "exit_message" | "isolated_exit_message" as kind:
            reason = f"AlgorithmError: , exit code: {code or 1}"
            isolated = {"EnableNetworkIsolation": kind == "isolated_exit_message"}
            job = job or job_of(NetworkConfig=isolated)
            return classify(ended("Failed", reason, text), job)
        case _:
            return classify(ended("Failed", text))


def stopped(ran: int | None, by: str | None = None) -> Outcome:
    started = None if ran is None else NOW - timedelta(seconds=ran)
    return classify(ended("Stopped", started=started, ended=NOW, stop=by), job_of())


class TestClassify:
    @pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: each["text"][:60])
    def test_a_recorded_text_has_its_class(self, recorded: dict[str, Any]) -> None:
        assert classified(recorded) == recorded["outcome"]

    def test_every_cause_of_the_platform_has_a_recorded_text(self) -> None:
        decided_by_status = {
            Outcome.COMPLETED,
            Outcome.TIMED_OUT,
            Outcome.STOPPED,
            Outcome.REPLACED,
            Outcome.MISSED,
            Outcome.SKIPPED,
            Outcome.EMPTY_OUTPUT,
            Outcome.SPOT_NEVER_CAME,
            Outcome.SPOT_RECLAIMED,
        }
        assert {each["outcome"] for each in RECORDED} == set(Outcome) - decided_by_status

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            ("Completed", Outcome.COMPLETED),
            ("Skipped", Outcome.SKIPPED),
            ("Missed", Outcome.MISSED),
        ],
    )
    def test_the_status_alone_decides_where_it_says_it_all(
        self, status: str, outcome: Outcome
    ) -> None:
        assert classify(ended(status, "CapacityError")) == outcome

    @pytest.mark.parametrize(
        "text", [each["text"] for each in RECORDED if "exit_message" not in each["kind"]]
    )
    def test_the_platforms_words_from_a_script_never_bring_another_attempt(self, text: str) -> None:
        outcome = classify(ended("Failed", "AlgorithmError: , exit code: 1", text))
        healing = {
            Outcome.CAPACITY,
            Outcome.QUOTA,
            Outcome.QUOTA_TOO_LOW,
            Outcome.NO_ADDRESSES,
            Outcome.THROTTLED,
            Outcome.INTERNAL_ERROR,
        }
        assert outcome not in healing

    @pytest.mark.parametrize(
        "recorded", [each for each in RECORDED if each["kind"] == "isolated_exit_message"]
    )
    def test_what_a_script_with_a_network_says_of_it_is_the_scripts(
        self, recorded: dict[str, Any]
    ) -> None:
        assert classified(recorded, job_of()) == Outcome.SCRIPT_FAILED

    def test_127_of_a_script_that_left_a_message_is_the_scripts(self) -> None:
        reason = "AlgorithmError: , exit code: 127"
        entry = ended("Failed", reason, "jq: command not found")
        assert classify(entry) == Outcome.SCRIPT_FAILED

    @pytest.mark.parametrize(
        ("ran", "outcome"),
        [
            (None, Outcome.STOPPED),
            (60, Outcome.STOPPED),
            (3239, Outcome.STOPPED),
            (3240, Outcome.TIMED_OUT),
            (3600, Outcome.TIMED_OUT),
        ],
    )
    def test_a_stop_by_nobody_we_know_is_a_timeout_only_after_the_whole_time(
        self, ran: int | None, outcome: Outcome
    ) -> None:
        assert stopped(ran) == outcome

    def test_a_known_stop_is_no_timeout_however_long_it_ran(self) -> None:
        assert stopped(3600, by="operator") == Outcome.STOPPED
        assert stopped(3600, by="replaced by x") == Outcome.REPLACED

    @given(st.text(), st.text(), st.sampled_from(["Failed", "Refused"]))
    def test_any_text_has_a_class(self, reason: str, message: str, status: str) -> None:
        assert classify(ended(status, reason, message)) in Outcome
