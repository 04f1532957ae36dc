"""A run for which limits.max_concurrent_instances leaves no room."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipeline.attempt import Attempt, job_name
from tests.lambda_world import ATTEMPT, NAME, PREFIX, SETTINGS, SLOT, World

MINUTE = timedelta(minutes=1)


def job(schedule: str = "hourly", minute: int = 0, prefix: str = PREFIX) -> str:
    return job_name(prefix, Attempt(schedule, SLOT + minute * MINUTE, 1))


def hold(world: World, name: str, count: int = 1, status: str = "InProgress") -> None:
    """Let there be a job with so many instances."""
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 10}
    resources = {"ClusterConfig": cluster}
    world.sagemaker.add(name, ProcessingResources=resources, ProcessingJobStatus=status)


@pytest.fixture(autouse=True)
def inputs(world: World) -> None:
    """An object for each of the instances, none of which would be started else."""
    for number in range(3):
        world.upload(f"input/2026/01/05/{number}.csv")
    world.requests.clear()


def settings(limit: int | None, count: int = 1) -> dict[str, Any]:
    return {
        "limits": {"max_concurrent_instances": limit},
        "job": {**SETTINGS["job"], "instance_count": count},
    }


def reason(limit: int, running: int, wanted: int) -> str:
    return (
        f"InstanceLimit: the stack's own limits.max_concurrent_instances is {limit}, its other "
        f"jobs have {running}, and this one takes {wanted}. Wait until one has ended, or raise it"
    )


class TestDecision:
    @pytest.mark.parametrize("running", range(1, 5))
    @pytest.mark.parametrize("wanted", range(1, 4))
    def test_is_a_refusal_if_and_only_if_the_limit_would_be_passed(
        self, world: World, running: int, wanted: int
    ) -> None:
        world.configure(**settings(4, wanted))
        hold(world, job(), running)
        fits = running + wanted <= 4
        assert world.launch()["reason"] == (None if fits else reason(4, running, wanted))


class TestLaunch:
    def test_without_a_limit_asks_for_no_other_job(self, world: World) -> None:
        hold(world, job())
        assert world.launch()["result"] == "started"
        assert world.asked("ListProcessingJobs") == []

    def test_within_the_limit_starts(self, world: World) -> None:
        world.configure(**settings(6, count=2))
        hold(world, job(), count=3)
        hold(world, job(minute=1), count=1)
        assert world.launch()["result"] == "started"

    def test_counts_the_instances_that_sagemaker_selected(self, world: World) -> None:
        world.configure(**settings(6, count=2))
        cluster = {"SelectedInstanceType": "ml.m5.large", "SelectedInstanceCount": 5}
        resources = {"ClusterConfig": {**cluster, "VolumeSizeInGB": 10}}
        world.sagemaker.add(job(), ProcessingResources=resources)
        assert world.launch()["reason"] == reason(6, 5, 2)

    def test_beyond_the_limit_is_refused_with_the_key_the_numbers_and_the_way_out(
        self, world: World
    ) -> None:
        world.configure(**settings(6, count=2))
        hold(world, job(), count=3)
        hold(world, job(minute=1), count=2, status="Stopping")
        answer = world.launch()
        assert (answer["result"], answer["status"]) == ("refused", "Refused")
        assert answer["reason"] == reason(6, 5, 2)
        assert world.asked("CreateProcessingJob") == []

    def test_counts_what_each_job_holds_and_not_what_the_settings_say_now(
        self, world: World
    ) -> None:
        world.configure(**settings(4))
        hold(world, job(), count=4)
        assert world.launch()["reason"] == reason(4, 4, 1)

    @pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
    def test_does_not_count_what_has_ended(self, world: World, status: str) -> None:
        world.configure(**settings(1))
        hold(world, job(), status=status)
        assert world.launch()["result"] == "started"

    def test_does_not_count_what_has_ended_since_it_was_listed(self, world: World) -> None:
        world.configure(**settings(1))
        hold(world, job())
        hold(world, job(minute=1))
        world.sagemaker.stale_list = [dict(each) for each in world.sagemaker.jobs.values()]
        world.sagemaker.end(job(), "Completed")
        del world.sagemaker.jobs[job(minute=1)]
        assert world.launch()["result"] == "started"

    @pytest.mark.parametrize(
        "foreign",
        [
            job(prefix=f"{PREFIX}-x"),
            job(prefix=f"my-{PREFIX}"),
            f"{PREFIX}--by-hand",
            f"{PREFIX}-by-hand",
            f"by-hand-{job()}",
        ],
    )
    def test_does_not_count_jobs_of_anybody_else(self, world: World, foreign: str) -> None:
        world.configure(**settings(1))
        hold(world, foreign, count=9)
        assert world.launch()["result"] == "started"

    def test_counts_a_job_on_whatever_page_of_the_list_it_is(self, world: World) -> None:
        world.configure(**settings(5))
        for minute in range(5):
            hold(world, job(minute=minute))
        assert world.launch()["reason"] == reason(5, 5, 1)

    def test_counts_a_job_once_that_begins_to_stop_between_two_lists(self, world: World) -> None:
        world.configure(**settings(2))
        hold(world, job())
        summary = world.sagemaker.jobs[job()]
        world.sagemaker.stale_list = [summary, {**summary, "ProcessingJobStatus": "Stopping"}]
        assert world.launch()["result"] == "started"

    def test_is_not_in_its_own_way_when_another_delivery_has_just_started_it(
        self, world: World
    ) -> None:
        world.configure(**settings(1))
        assert world.launch()["result"] == "started"
        world.errors["DescribeProcessingJob"] = [("ResourceNotFound", "not yet")]
        assert world.launch()["result"] == "already started"
        assert world.notices() == []

    def test_is_for_operators_too(self, world: World) -> None:
        world.configure(**settings(1))
        hold(world, job())
        assert world.launch(trigger="operator")["result"] == "refused"

    def test_that_cannot_be_counted_is_an_error_and_no_start(self, world: World) -> None:
        world.configure(**settings(1))
        world.errors["ListProcessingJobs"] = [("AccessDeniedException", "no")]
        with pytest.raises(ClientError, match="AccessDeniedException"):
            world.launch()
        assert world.sagemaker.jobs == {}

    def test_is_tried_again_like_a_quota_and_starts_when_there_is_room(self, world: World) -> None:
        world.configure(**settings(1))
        hold(world, job())
        world.launch()
        assert world.deliver() == ["quota"]
        second = job_name(PREFIX, replace(ATTEMPT, number=2))
        assert world.planned() == {second: world.now + timedelta(seconds=300)}
        world.sagemaker.end(job(), "Completed")
        assert world.fire()["result"] == "started"
        assert (second in world.sagemaker.jobs, NAME in world.sagemaker.jobs) == (True, False)
        assert world.messages() == []

    def test_is_told_at_the_deadline_with_both_ways_out(self, world: World) -> None:
        world.configure(**settings(1), retries={"deadline_seconds": 0})
        hold(world, job())
        world.launch()
        assert world.deliver() == ["quota"]
        [(subject, text)] = world.messages()
        assert subject.startswith("test: daily failed: quota")
        assert f"Reason: {reason(1, 1, 1)}" in text
        assert "limits.max_concurrent_instances is the stack's" in text
        assert "Service Quotas" in text
