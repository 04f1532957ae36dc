import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.classify import classify
from observer.job_result import JobResult, of_job
from pipeline.outcome import Outcome
from tests.fake_sagemaker import FakeSageMaker

RECORDED: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("recorded_reasons.json").read_text("utf-8")
)
NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)


def result_of(recorded: dict[str, Any]) -> JobResult:
    """Return the end in which a recorded text would be found."""
    text, code = recorded["text"], recorded["exit_code"]
    match recorded["kind"]:
        case "create_error":  # as the launcher words it
            reason = f"{recorded['code']}: {text}"
            return JobResult(status="Refused", reason=reason)
        case "exit_message" | "isolated_exit_message" as kind:
            reason = f"AlgorithmError: , exit code: {code or 1}"
            isolated = kind == "isolated_exit_message"
            return JobResult(status="Failed", reason=reason, exit_message=text, isolated=isolated)
        case _:
            return JobResult(status="Failed", reason=text)


def stopped(ran: int | None, limit: int | None = 3600) -> JobResult:
    started = None if ran is None else NOW - timedelta(seconds=ran)
    return JobResult(status="Stopped", started=started, ended=NOW, max_runtime_s=limit)


class TestClassify:
    @pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: each["text"][:60])
    def test_a_recorded_text_has_its_class(self, recorded: dict[str, Any]) -> None:
        assert classify(result_of(recorded), None) == recorded["outcome"]

    def test_every_cause_of_the_platform_has_a_recorded_text(self) -> None:
        decided_by_status = {
            Outcome.COMPLETED,
            Outcome.TIMED_OUT,
            Outcome.STOPPED,
            Outcome.REPLACED,
            Outcome.MISSED,
            Outcome.SKIPPED,
            Outcome.EMPTY_OUTPUT,
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
        assert classify(JobResult(status=status, reason="CapacityError"), None) == outcome

    @pytest.mark.parametrize(
        "text", [each["text"] for each in RECORDED if "exit_message" not in each["kind"]]
    )
    def test_the_platforms_words_from_a_script_never_bring_another_attempt(self, text: str) -> None:
        result = JobResult(
            status="Failed", reason="AlgorithmError: , exit code: 1", exit_message=text
        )
        healing = {
            Outcome.CAPACITY,
            Outcome.QUOTA,
            Outcome.QUOTA_TOO_LOW,
            Outcome.NO_ADDRESSES,
            Outcome.THROTTLED,
            Outcome.INTERNAL_ERROR,
        }
        assert classify(result, None) not in healing

    @pytest.mark.parametrize(
        "recorded", [each for each in RECORDED if each["kind"] == "isolated_exit_message"]
    )
    def test_what_a_script_with_a_network_says_of_it_is_the_scripts(
        self, recorded: dict[str, Any]
    ) -> None:
        result = replace(result_of(recorded), isolated=False)
        assert classify(result, None) == Outcome.SCRIPT_FAILED

    def test_127_of_a_script_that_left_a_message_is_the_scripts(self) -> None:
        reason = "AlgorithmError: , exit code: 127"
        result = JobResult(status="Failed", reason=reason, exit_message="jq: command not found")
        assert classify(result, None) == Outcome.SCRIPT_FAILED

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

    @given(st.text(), st.text(), st.sampled_from(["Failed", "Refused"]))
    def test_any_text_has_a_class(self, reason: str, message: str, status: str) -> None:
        result = JobResult(status=status, reason=reason, exit_message=message)
        assert classify(result, None) in Outcome


class TestOfJob:
    def _sagemaker(self) -> FakeSageMaker:
        sagemaker = FakeSageMaker(lambda: NOW)
        sagemaker.add("job")
        return sagemaker

    def test_tells_what_describe_tells(self) -> None:
        sagemaker = self._sagemaker()
        sagemaker.end("job", "Failed", FailureReason="r", ExitMessage="m")
        assert of_job(sagemaker.jobs["job"]) == JobResult(  # pyright: ignore[reportArgumentType]
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
        result = of_job(sagemaker.jobs["job"])  # pyright: ignore[reportArgumentType]
        expected = ("ml.m6i.large", 2) if selected else (None, None)
        assert (result.instance_type, result.instance_count) == expected

    def test_a_job_that_never_ran_has_neither_duration_nor_queue_time(self) -> None:
        sagemaker = self._sagemaker()
        sagemaker.end("job", "Failed", ran=False)
        result = of_job(sagemaker.jobs["job"])  # pyright: ignore[reportArgumentType]
        assert (result.started, result.run_s, result.queue_s) == (None, None, None)

    def test_times_that_contradict_each_other_are_no_negative_duration(self) -> None:
        result = JobResult(
            status="Failed", created=NOW, started=NOW - timedelta(1), ended=NOW - timedelta(2)
        )
        assert (result.run_s, result.queue_s) == (0, 0)
