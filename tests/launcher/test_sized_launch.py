"""A slot's machines by its input, from the launch to the end of its attempts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline.attempt import job_name
from tests.lambda_world import ATTEMPT, NAME, PREFIX, SETTINGS, World

MB = 2**20
SIZES: list[dict[str, Any]] = [
    {
        "up_to_gb": 1 / 1024,
        "instance_type": "ml.m5.large",
        "fallback_instance_types": ["ml.m6i.large"],
    },
    {"up_to_gb": 2 / 1024, "instance_type": "ml.m5.4xlarge", "instance_count": 3},
]
FIRST = "input/2026/01/05/a.csv"
SECOND = replace(ATTEMPT, number=2)


@pytest.fixture(autouse=True)
def sized(world: World) -> None:
    world.configure(job={**SETTINGS["job"], "sizes": SIZES})


def cluster(world: World, number: int = 1) -> tuple[str, int, int]:
    job: Any = world.sagemaker.jobs[job_name(PREFIX, replace(ATTEMPT, number=number))]
    found = job["ProcessingResources"]["ClusterConfig"]
    return found["InstanceType"], found["InstanceCount"], found["VolumeSizeInGB"]


def fail(world: World, reason: str, number: int = 1) -> None:
    name = job_name(PREFIX, replace(ATTEMPT, number=number))
    world.observe(world.sagemaker.end(name, "Failed", FailureReason=reason))
    assert world.fire()["result"] == "started"


class TestChoice:
    def test_is_in_request_tag_journal_and_answer(self, world: World) -> None:
        reason = "0.0 MB in 1 object: up to 0.000976562 GB"
        assert world.launch()["reason"] == reason
        assert cluster(world) == ("ml.m5.large", 1, 11)
        (request,) = world.asked("CreateProcessingJob")
        assert {"Key": "sized_by", "Value": reason} in request["Tags"]
        entry = world.journal.entry(ATTEMPT)
        assert entry
        assert (entry.input_bytes, entry.input_objects, entry.sized_by) == (4, 1, reason)

    def test_stays_in_the_journal_to_the_end(self, world: World) -> None:
        world.launch()
        world.observe(world.sagemaker.end(NAME, "Completed"))
        entry = world.journal.entry(ATTEMPT)
        assert entry
        assert entry.sized_by
        assert (entry.outcome, entry.instance_type) == ("completed", "ml.m5.large")

    def test_without_sizes_costs_one_list_and_no_write_of_machines(self, world: World) -> None:
        world.configure()
        world.launch()
        operations = [operation for operation, _ in world.requests]
        assert operations.count("ListObjectsV2") == 1
        assert operations.count("UpdateItem") == 1  # of who is at it

    def test_too_large_for_the_last_starts_nothing_and_says_what_to_do(self, world: World) -> None:
        world.upload("input/2026/01/05/b.csv", b"x" * 3 * MB)
        assert world.launch()["result"] == "refused"
        assert world.deliver() == ["input_too_large"]
        [(subject, text)] = world.messages()
        assert "failed: input too large" in subject
        assert "add one to job.sizes" in text

    def test_whose_job_never_comes_is_missed(self, world: World) -> None:
        world.schedule()
        world.crash_before = "CreateProcessingJob"
        with pytest.raises(Exception, match="CreateProcessingJob"):
            world.launch()
        world.now += timedelta(hours=2)
        assert world.reconcile() == {NAME: "missed"}


class TestNextAttempt:
    def test_after_capacity_is_on_the_sizes_own_alternatives(self, world: World) -> None:
        world.launch()
        fail(world, "CapacityError: no")
        assert cluster(world, 2)[0] == "ml.m6i.large"
        fail(world, "CapacityError: no", 2)
        assert cluster(world, 3)[0] == "ml.m5.large"

    def test_after_too_little_memory_goes_up_from_the_chosen_size(self, world: World) -> None:
        world.upload("input/2026/01/05/b.csv", b"x" * MB)
        world.launch()
        assert cluster(world) == ("ml.m5.4xlarge", 2, 11)
        fail(world, "AlgorithmError: , exit code: 137")
        assert cluster(world, 2) == ("ml.m5.12xlarge", 2, 11)

    def test_of_an_input_that_has_grown_is_on_the_size_that_it_is_now(self, world: World) -> None:
        world.launch()
        world.upload("input/2026/01/05/b.csv", b"x" * MB)
        fail(world, "AlgorithmError: , exit code: 137")
        assert cluster(world, 2) == ("ml.m5.4xlarge", 2, 11)
        fail_again = world.sagemaker.end(
            job_name(PREFIX, SECOND), "Failed", FailureReason="CapacityError: no"
        )
        world.observe(fail_again)
        third = world.journal.entry(replace(ATTEMPT, number=3))
        assert third
        assert third.instance_type == "ml.m5.4xlarge"
