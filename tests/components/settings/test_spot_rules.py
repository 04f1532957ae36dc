"""What a schedule on spot may be, and what is said to whoever asks for spot in another way."""

from typing import Any

import pytest

from components.aws import models
from components.settings import values
from tests.components.settings.test_rules import problem, problems
from tests.components.settings.test_settings import refusal, settings
from tests.conftest import PROJECT

SPOT: dict[str, Any] = {"job__capacity": "spot", "job__max_runtime_seconds": 3600}
BIG = {"instance_type": "ml.m5.large", "instance_count": 2}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"job__instance_count": 2}, "job.instance_count is 2, but spot is for one: when"),
        ({"job__cluster": True}, "job.cluster true is for several instances, but spot is for one"),
        ({"job__sizes": [BIG]}, "job.sizes tier 1 has 2 instances, but spot is for one: when AWS "),
        ({"schedules__daily__job": {"sizes": [BIG]}}, "schedules.daily.job.sizes tier 1 has 2 ins"),
        ({"job__max_wait_seconds": 3599}, "job.max_wait_seconds 3599 is for waiting and running "),
        ({"job__max_wait_seconds": 2_419_201}, "job.max_wait_seconds = 2419201: must be less than"),
        ({"alerts__running_long_seconds": 7200}, "after job.max_wait_seconds = 7200; set it lower"),
        (
            {"job__max_runtime_seconds": 28_801, "retention__output_days": 1},
            "retention.output_days 1 would delete checkpoints of daily, which may run for 1d 00h",
        ),
        ({"job__capacity": "Spot"}, "must be 'on-demand' or 'spot'"),
    ],
)
def test_what_does_not_go_with_spot_is_refused_by_its_key(
    changes: dict[str, Any], said: str
) -> None:
    assert said in problem(**(SPOT | changes))


def test_a_schedule_that_alone_is_on_spot_is_refused_with_a_way_out_that_is_its_own() -> None:
    spot = {"capacity": "spot"}
    assert problem(job__instance_count=2, schedules__daily__job=spot).endswith(
        "; set schedules.daily.job.instance_count to 1, or schedules.daily.job.capacity to "
        "on-demand"
    )
    assert problems(job__instance_count=2, schedules__daily__job=spot | {"instance_count": 1}) == []
    assert problem(**SPOT, job__instance_count=2).endswith(
        "; set job.instance_count to 1, or job.capacity to on-demand"
    )


def test_a_job_waits_twice_as_long_as_it_may_run_where_nothing_else_is_said() -> None:
    job = settings(**SPOT, job__max_wait_seconds=3600).job
    assert (job.longest_attempt_seconds, job.longest_run_seconds) == (3600, 7200)
    job = settings(**SPOT).job
    assert (job.longest_attempt_seconds, job.longest_run_seconds) == (7200, 10_800)
    job = settings(job__max_runtime_seconds=3600).job
    assert (job.longest_attempt_seconds, job.longest_run_seconds) == (3600, 3600)


def test_a_wait_has_an_effect_where_any_schedule_that_has_it_is_on_spot() -> None:
    weekly = {"expression": "cron(0 6 ? * MON *)", "job": {"capacity": "spot"}}
    assert problem(job__max_wait_seconds=99_999).startswith("job.max_wait_seconds 99999 has no eff")
    assert problems(job__max_wait_seconds=99_999, schedules__weekly=weekly) == []
    own = {"schedules__daily__job": {"max_wait_seconds": 99_999}, "schedules__weekly": weekly}
    assert problem(**own).startswith("schedules.daily.job.max_wait_seconds 99999 has no effect")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("job__use_spot_instances", "job.use_spot_instances"),
        ("job__spot", "job.spot"),
        ("job__EnableManagedSpotTraining", "job.EnableManagedSpotTraining"),
        ("job__ManagedSpotTraining", "job.ManagedSpotTraining"),
        ("job__MaxWaitTimeInSeconds", "job.MaxWaitTimeInSeconds"),
        ("job__max_wait", "job.max_wait"),
        ("spot_instances", "spot_instances"),
        ("schedules__daily__spot", "schedules.daily.spot"),
    ],
)
def test_spot_in_the_words_of_guides_and_sdks_is_refused_with_the_reason(
    key: str, name: str
) -> None:
    message = refusal(**{key: "true"})
    assert f"{PROJECT}:{name} = " in message
    assert (
        "processing jobs have no spot, only training jobs do; set job.capacity to spot" in message
    )


@pytest.mark.parametrize(
    ("of_a_processing_job", "of_a_training_job"),
    [
        ("ProcessingJobName", "TrainingJobName"),
        ("Environment", "Environment"),
        ("Environment.key", "Environment.key"),
        ("Environment.value", "Environment.value"),
        ("Tags", "Tags"),
        ("Tags.member.Key", "Tags.member.Key"),
        ("Tags.member.Value", "Tags.member.Value"),
        ("AppSpecification.ImageUri", "AlgorithmSpecification.TrainingImage"),
        *(
            (f"AppSpecification.{each}", f"AlgorithmSpecification.{each}")
            for each in ("ContainerArguments", "ContainerArguments.member")
        ),
        (
            "ProcessingResources.ClusterConfig.VolumeSizeInGB",
            "ResourceConfig.VolumeSizeInGB",
        ),
    ],
)
def test_what_the_settings_allow_for_a_processing_job_a_training_job_takes_too(
    of_a_processing_job: str, of_a_training_job: str
) -> None:
    ours = models.shape(*values.JOB, of_a_processing_job).metadata
    other = models.shape("sagemaker", "CreateTrainingJob", of_a_training_job).metadata
    assert other.get("pattern") == ours.get("pattern")
    assert other.get("min", 0) <= ours.get("min", 0)
    assert other.get("max", 10**9) >= ours.get("max", 0)


def test_every_type_of_a_processing_job_is_one_of_training_jobs() -> None:
    of_training = models.shape("sagemaker", "CreateTrainingJob", "ResourceConfig.InstanceType")
    of_processing = models.shape(*values.JOB, "ProcessingResources.ClusterConfig.InstanceType")
    assert {*of_processing.metadata["enum"]} <= {*of_training.metadata["enum"]}


@pytest.mark.parametrize("prefix", ["_spot/", "_spot/a/{slot:%Y%m%d}/", "_sp{slot:%Y}/"])
def test_no_prefix_reaches_what_spot_jobs_keep(prefix: str) -> None:
    assert "must not overlap _spot/" in refusal(input__prefix=prefix)
