from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.ending import Ending, classify, of_job
from pipeline.outcome import Outcome
from tests.fake_sagemaker import FakeSageMaker

RECORDED: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("recorded_reasons.json").read_text("utf-8")
)
NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)


def ending_of(recorded: dict[str, Any]) -> Ending:
    """Return the end in which a recorded text would be found."""
    text, code = recorded["text"], recorded["exit_code"]
    match recorded["kind"]:
        case "create_error":  # as the launcher words it
            reason = f"{recorded['code']}: {text}"
            return Ending(status="NotStarted", reason=reason)
        case "exit_message":
            reason = f"AlgorithmError: , exit code: {code or 1}"
            return Ending(status="Failed", reason=reason, exit_message=text)
        case _:
            return Ending(status="Failed", reason=text)


def stopped(ran: int | None, limit: int | None = 3600) -> Ending:
    started = None if ran is None else NOW - timedelta(seconds=ran)
    return Ending(status="Stopped", started=started, ended=NOW, max_runtime_s=limit)


class TestClassify:
    @pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: each["text"][:60])
    def test_a_recorded_text_has_its_class(self, recorded: dict[str, Any]) -> None:
        assert classify(ending_of(recorded), None) == recorded["outcome"]

    def test_every_cause_of_the_platform_has_a_recorded_text(self) -> None:
        decided_by_status = {
            Outcome.COMPLETED,
            Outcome.TIMED_OUT,
            Outcome.STOPPED,
            Outcome.REPLACED,
            Outcome.NEVER_STARTED,
            Outcome.SKIPPED,
            Outcome.EMPTY_OUTPUT,
        }
        assert {each["outcome"] for each in RECORDED} == set(Outcome) - decided_by_status

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            ("Completed", Outcome.COMPLETED),
            ("Skipped", Outcome.SKIPPED),
            ("Missed", Outcome.NEVER_STARTED),
        ],
    )
    def test_the_status_alone_decides_where_it_says_it_all(
        self, status: str, outcome: Outcome
    ) -> None:
        assert classify(Ending(status=status, reason="CapacityError"), None) == outcome

    @pytest.mark.parametrize(
        "text", [each["text"] for each in RECORDED if each["kind"] != "exit_message"]
    )
    def test_the_platforms_words_from_a_script_never_bring_another_attempt(self, text: str) -> None:
        ending = Ending(status="Failed", reason="AlgorithmError: , exit code: 1", exit_message=text)
        healing = {
            Outcome.CAPACITY,
            Outcome.QUOTA,
            Outcome.QUOTA_TOO_LOW,
            Outcome.NO_ADDRESSES,
            Outcome.THROTTLED,
            Outcome.INTERNAL_ERROR,
        }
        assert classify(ending, None) not in healing

    def test_127_of_a_script_that_left_a_message_is_the_scripts(self) -> None:
        reason = "AlgorithmError: , exit code: 127"
        ending = Ending(status="Failed", reason=reason, exit_message="jq: command not found")
        assert classify(ending, None) == Outcome.SCRIPT_FAILED

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
        assert classify(stopped(ran), None) == outcome

    def test_without_a_known_limit_a_stop_is_a_stop(self) -> None:
        assert classify(stopped(9999, None), None) == Outcome.STOPPED

    def test_a_known_stop_is_no_timeout_however_long_it_ran(self) -> None:
        assert classify(stopped(3600), "operator") == Outcome.STOPPED
        assert classify(stopped(3600), "replaced by x") == Outcome.REPLACED

    @given(st.text(), st.text(), st.sampled_from(["Failed", "NotStarted"]))
    def test_any_text_has_a_class(self, reason: str, message: str, status: str) -> None:
        ending = Ending(status=status, reason=reason, exit_message=message)
        assert classify(ending, None) in Outcome


class TestOfJob:
    def _sagemaker(self) -> FakeSageMaker:
        sagemaker = FakeSageMaker(lambda: NOW)
        sagemaker.add("job")
        return sagemaker

    def test_tells_what_describe_tells(self) -> None:
        sagemaker = self._sagemaker()
        sagemaker.end("job", "Failed", FailureReason="r", ExitMessage="m")
        assert of_job(sagemaker.jobs["job"]) == Ending(  # pyright: ignore[reportArgumentType]
            status="Failed",
            reason="r",
            exit_message="m",
            created=NOW,
            started=NOW + timedelta(minutes=1),
            ended=NOW,
            instance_type="ml.m5.large",
            instance_count=1,
            volume_gb=10,
            max_runtime_s=3600,
            image_uri=f"image@sha256:{'ab' * 32}",
        )

    @pytest.mark.parametrize("selected", [{}, {"SelectedInstanceType": "ml.m6i.large"}])
    def test_of_a_choice_of_types_tells_the_one_that_sagemaker_selected(
        self, selected: dict[str, Any]
    ) -> None:
        sagemaker = self._sagemaker()
        preferences = [{"InstanceType": "ml.m5.large"}, {"InstanceType": "ml.m6i.large"}]
        count = {"SelectedInstanceCount": 2} if selected else {}
        cluster = {"InstancePreferences": preferences, "VolumeSizeInGB": 10, **selected, **count}
        sagemaker.add("job", ProcessingResources={"ClusterConfig": cluster})
        ending = of_job(sagemaker.jobs["job"])  # pyright: ignore[reportArgumentType]
        expected = ("ml.m6i.large", 2) if selected else (None, None)
        assert (ending.instance_type, ending.instance_count) == expected

    def test_a_job_that_never_ran_has_neither_duration_nor_queue_time(self) -> None:
        sagemaker = self._sagemaker()
        sagemaker.end("job", "Failed", ran=False)
        ending = of_job(sagemaker.jobs["job"])  # pyright: ignore[reportArgumentType]
        assert (ending.started, ending.run_s, ending.queue_s) == (None, None, None)

    def test_times_that_contradict_each_other_are_no_negative_duration(self) -> None:
        ending = Ending(
            status="Failed", created=NOW, started=NOW - timedelta(1), ended=NOW - timedelta(2)
        )
        assert (ending.run_s, ending.queue_s) == (0, 0)
