"""From one attempt's end to the next one's job."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline.attempt import job_name
from pipeline.journal_items import Entry
from tests.lambda_world import ATTEMPT, NAME, PREFIX, World

CAPACITY = "CapacityError: Unable to provision requested ML compute capacity."
INTERNAL = "InternalServerError: We encountered an internal error. Please try again."


class TestNextAttempt:
    def test_follows_silently_and_is_no_failure_of_the_slot(self, world: World) -> None:
        world.observe(world.fail(reason=CAPACITY))
        second = job_name(PREFIX, replace(ATTEMPT, number=2))
        at = world.now + timedelta(minutes=1)
        assert world.planned() == {second: at}
        assert (entry := world.journal.entry(ATTEMPT))
        assert entry.next_attempt_at == at
        assert "JobsFailed" not in world.metrics()[0]
        assert world.messages() == []
        assert world.failing_since() is None

    @pytest.mark.parametrize(
        ("reason", "types"),
        [
            (
                CAPACITY,
                ["ml.m6i.large", "ml.c5.xlarge", "ml.m5.large", "ml.m6i.large"],
            ),
            (INTERNAL, ["ml.m5.large"]),
            ("AlgorithmError: , exit code: 137", ["ml.m5.xlarge"]),
        ],
    )
    def test_runs_on_the_machine_that_the_cause_asks_for(
        self, world: World, reason: str, types: list[str]
    ) -> None:
        world.launch()
        attempt = ATTEMPT
        for instance_type in types:
            world.observe(
                world.sagemaker.end(job_name(PREFIX, attempt), "Failed", FailureReason=reason)
            )
            assert world.fire()["result"] == "started"
            attempt = replace(attempt, number=attempt.number + 1)
            job: Any = world.sagemaker.jobs[job_name(PREFIX, attempt)]
            cluster = job["ProcessingResources"]["ClusterConfig"]
            assert cluster["InstanceType"] == instance_type
        world.observe(
            world.sagemaker.end(job_name(PREFIX, attempt), "Failed", FailureReason=reason)
        )
        assert len(world.planned()) == (reason == CAPACITY)

    @pytest.mark.parametrize(
        "stated",
        [
            "The account-level service limit 'Number of instances across all processing jobs' is 0 "
            "Instances, with current utilization of 0 Instances and a request delta of 1 "
            "Instances.",
            "The request delta of 1025 GBs for 'Size of EBS volume for a processing job instance' "
            "is greater than the account-level service-limit of 1024 GBs.",
        ],
    )
    def test_of_a_limit_that_no_type_gets_round_is_none_and_told_at_once(
        self, world: World, stated: str
    ) -> None:
        world.errors["CreateProcessingJob"] = [("ResourceLimitExceeded", stated)]
        world.launch()
        assert world.deliver() == ["quota_too_low"]
        assert world.planned() == {}
        ((subject, text),) = world.messages()
        assert "failed: quota too low" in subject
        assert f"Reason: ResourceLimitExceeded: {stated}" in text

    def test_quota_is_waited_for_and_at_the_deadline_told_once(self, world: World) -> None:
        world.configure(retries={"deadline_seconds": 3600})
        quota = ("ResourceLimitExceeded", "The account-level service limit …")
        world.errors["CreateProcessingJob"] = [quota] * 9
        assert world.launch()["result"] == "refused"
        world.deliver()
        waits: list[float] = []
        while planned := world.planned():
            waits += [(at - world.now) / timedelta(minutes=1) for at in planned.values()]
            assert world.fire()["result"] == "refused"
            world.deliver()
        assert waits == [5, 10, 20]
        ((subject, text),) = world.messages()
        assert "failed: quota" in subject
        assert "Attempt: 4 (4 in all)" in text
        assert [values["JobsFailed"] for values in world.metrics() if "JobsFailed" in values] == [1]

    def test_is_decided_by_when_the_job_ended_and_not_by_when_that_was_heard_of(
        self, world: World
    ) -> None:
        world.configure(retries={"deadline_seconds": 3600})
        event = world.fail(reason=CAPACITY)
        world.now += timedelta(hours=5)
        world.observe(event)
        assert list(world.planned().values()) == [world.now + timedelta(minutes=1)]

    def test_never_follows_a_job_that_somebody_stopped(self, world: World) -> None:
        world.journal.write(Entry.of(ATTEMPT, NAME, stop="operator"))
        world.observe(world.fail(reason=INTERNAL))
        assert world.planned() == {}
        assert len(world.messages()) == 1

    def test_after_the_last_that_a_name_can_hold_is_none(self, world: World) -> None:
        world.observe(world.fail(replace(ATTEMPT, number=99), CAPACITY))
        assert (world.planned(), len(world.messages())) == ({}, 1)
