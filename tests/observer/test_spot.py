"""A schedule on spot, from its launch to its end, on demand where it has to be."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.lambda_world import ATTEMPT, ENVIRONMENT, NAME, World
from tests.observer import spot_bench
from tests.observer.spot_bench import (
    CHECKPOINT,
    DAILY,
    ON_SPOT,
    SCRATCH,
    SECOND_NAME,
    artifacts,
    ends,
    entry,
    left,
)

NEVER_CAME: dict[str, Any] = {"SecondaryStatus": "MaxWaitTimeExceeded", "ran": False}
RECLAIMED: dict[str, Any] = {"SecondaryStatus": "MaxWaitTimeExceeded"}
NO_QUOTA = (
    "ResourceLimitExceeded",
    "The account-level service limit 'ml.m5.large for spot training job usage' is 0 Instances, "
    "with current utilization of 0 Instances and a request delta of 1 Instances.",
)


@pytest.fixture(autouse=True)
def on_spot(world: World) -> None:
    spot_bench.deploy(world)


def channels(asked: dict[str, Any]) -> list[str]:
    return [each["ChannelName"] for each in asked["InputDataConfig"]]


def test_asks_for_a_managed_spot_training_job(world: World) -> None:
    world.upload("models/a")
    world.configure(job=ON_SPOT, reference={"prefix": "models/"})
    world.launch()
    world.configure(job=ON_SPOT, input={"when_empty": "run"})
    world.launch(replace(ATTEMPT, slot=ATTEMPT.slot + timedelta(days=1)))
    asked, empty = world.asked("CreateTrainingJob")
    assert channels(asked) == ["input", "reference"]
    assert "InputDataConfig" not in empty  # AWS takes no empty list
    assert asked["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}
    assert asked["EnableManagedSpotTraining"] is asked["EnableNetworkIsolation"] is True
    where = f"s3://out-bucket/{SCRATCH}"
    assert asked["CheckpointConfig"] == {
        "S3Uri": f"{where}checkpoint/",
        "LocalPath": "/opt/ml/checkpoints",
    }
    assert asked["OutputDataConfig"] == {
        "S3OutputPath": where.rstrip("/"),
        "KmsKeyId": ENVIRONMENT["KMS_KEY_ARN"],
        "CompressionType": "NONE",
    }


class TestSpotThatFails:
    @pytest.mark.parametrize(
        ("known", "outcome"), [(NEVER_CAME, "spot_never_came"), (RECLAIMED, "spot_reclaimed")]
    )
    def test_is_followed_on_demand_by_the_same_machine_with_the_checkpoint(
        self, world: World, known: dict[str, Any], outcome: str
    ) -> None:
        world.launch()
        world.write(CHECKPOINT)
        assert ends(world, **known) == outcome
        assert world.messages() == []
        assert world.fire()["result"] == "started"
        [asked] = world.asked("CreateProcessingJob")
        assert asked["ProcessingResources"]["ClusterConfig"]["InstanceType"] == "ml.m5.large"
        names = {each["InputName"]: each["S3Input"]["S3Uri"] for each in asked["ProcessingInputs"]}
        assert names["checkpoint"] == f"s3://out-bucket/{SCRATCH}checkpoint/"
        assert ends(world, "Completed", SECOND_NAME) == "completed"
        assert (entry(world).capacity, entry(world, 2).capacity) == ("spot", "on-demand")
        assert left(world) == []

    def test_before_it_saved_anything_is_followed_without_a_checkpoint(self, world: World) -> None:
        world.launch()
        ends(world, **NEVER_CAME)
        world.fire()
        [asked] = world.asked("CreateProcessingJob")
        assert [each["InputName"] for each in asked["ProcessingInputs"]] == ["input"]

    def test_for_want_of_a_quota_is_followed_on_demand(self, world: World) -> None:
        world.errors["CreateTrainingJob"] = [NO_QUOTA]
        assert world.launch()["result"] == "refused"
        assert world.deliver() == ["quota_too_low"]
        assert world.fire()["result"] == "started"
        assert list(world.sagemaker.jobs) == [SECOND_NAME]
        assert world.asked("CreateProcessingJob")

    def test_on_demand_stays_on_demand(self, world: World) -> None:
        world.launch()
        ends(world, **NEVER_CAME)
        world.fire()
        assert ends(world, "Failed", SECOND_NAME, FailureReason="CapacityError: no") == "capacity"
        world.fire()
        assert len(world.asked("CreateTrainingJob")) == 1
        kinds = [job["ProcessingResources"] for job in world.asked("CreateProcessingJob")]
        types = [each["ClusterConfig"]["InstanceType"] for each in kinds]
        assert types == ["ml.m5.large", "ml.m6i.large"]

    def test_is_followed_on_demand_though_the_schedule_gave_up_spot_meanwhile(
        self, world: World
    ) -> None:
        still = {**DAILY, "job": {"capacity": "spot"}}
        world.configure(schedules={"daily": still})
        world.launch()
        world.configure(schedules={"daily": DAILY, "weekly": still})
        assert ends(world, **RECLAIMED) == "spot_reclaimed"
        assert list(world.planned()) == [SECOND_NAME]

    def test_after_days_is_neither_overtaken_nor_forgotten(self, world: World) -> None:
        daily = {**DAILY, "overlap": "Forbid"}
        spot = {**ON_SPOT, "max_wait_seconds": 3 * 86_400}
        world.configure(job=spot, schedules={"daily": daily})
        world.schedule()
        world.launch()
        world.now += timedelta(days=3)
        ends(world, **NEVER_CAME)
        later = replace(ATTEMPT, slot=ATTEMPT.slot + timedelta(days=3))
        assert SECOND_NAME in world.launch(later)["reason"]
        world.now += timedelta(minutes=90)
        assert world.reconcile()[SECOND_NAME] == "missed"

    @pytest.mark.parametrize("others", [{}, {"weekly": {**DAILY, "job": {"capacity": "spot"}}}])
    def test_is_no_reason_to_look_for_a_checkpoint_where_spot_was_given_up_since(
        self, world: World, others: dict[str, Any]
    ) -> None:
        world.launch()
        ends(world, **NEVER_CAME)
        world.configure(schedules={"daily": DAILY, **others})
        before = len(world.asked("ListObjectsV2"))
        assert world.fire()["result"] == "started"
        looked = [asked["Prefix"] for asked in world.asked("ListObjectsV2")[before:]]
        assert not [prefix for prefix in looked if prefix.startswith("_spot/")]


class TestTheScriptsOwnError:
    def test_is_told_and_never_paid_for_again(self, world: World) -> None:
        world.launch()
        world.write(CHECKPOINT)
        reason = "AlgorithmError: daily.sh failed with exit code 3: no such column, exit code: 3"
        assert ends(world, "Failed", FailureReason=reason) == "script_failed"
        assert world.planned() == {}
        [(_, body)] = world.messages()
        assert "Message: daily.sh failed with exit code 3: no such column\n" in body
        assert "Attempt: 1 (1 in all), ml.m5.large on spot\n" in body
        assert "Spot: 70% saved of 10m 00s\n" in body
        assert f"#/training-jobs/{NAME}" in body
        assert "TrainingJobs" in body
        assert left(world) == []  # a replay begins anew

    def test_is_memory_on_a_larger_machine_which_is_spot_again(self, world: World) -> None:
        world.launch()
        world.write(CHECKPOINT)
        reason = "AlgorithmError: , exit code: 137"
        assert ends(world, "Failed", FailureReason=reason) == "out_of_memory"
        world.fire()
        first, second = world.asked("CreateTrainingJob")
        assert second["ResourceConfig"]["InstanceType"] == "ml.m5.xlarge"
        assert first["CheckpointConfig"] == second["CheckpointConfig"]
        assert channels(second) == ["input"]
        assert left(world) == [CHECKPOINT]


class TestAsAnyOther:
    @pytest.mark.parametrize(
        ("detail", "outcome"), [("MaxRuntimeExceeded", "timed_out"), ("Stopped", "stopped")]
    )
    def test_its_end_is_classified(self, world: World, detail: str, outcome: str) -> None:
        world.launch()
        assert ends(world, SecondaryStatus=detail) == outcome
        assert world.planned() == {}

    def test_its_end_that_nobody_heard_of_is_found_by_the_watch(self, world: World) -> None:
        world.schedule()
        world.launch()
        artifacts(world, "20260105T020500.0Z", "a.csv")
        world.now += timedelta(minutes=11)
        world.sagemaker.end(NAME, "Completed")
        world.now += timedelta(minutes=5)
        assert world.reconcile() == {NAME: "completed"}

    def test_it_is_in_the_way_of_the_next_slot(self, world: World) -> None:
        daily = {**DAILY, "overlap": "Replace"}
        world.configure(job=ON_SPOT, schedules={"daily": daily})
        later = replace(ATTEMPT, slot=ATTEMPT.slot + timedelta(days=1))
        world.launch()
        world.upload("input/2026/01/06/a.csv")
        assert world.launch(later)["result"] == "replacing"
        assert world.asked("StopTrainingJob") == [{"TrainingJobName": NAME}]
        assert ends(world) == "replaced"
        assert world.fire()["result"] == "started"

    def test_its_machine_counts_for_the_limit(self, world: World) -> None:
        world.configure(job=ON_SPOT, limits={"max_concurrent_instances": 1})
        later = replace(ATTEMPT, slot=ATTEMPT.slot + timedelta(days=1))
        world.launch()
        world.upload("input/2026/01/06/a.csv")
        answer = world.launch(later)
        assert answer["result"] == "refused"
        assert "its other jobs have 1" in answer["reason"]

    def test_the_same_delivery_again_finds_it_started(self, world: World) -> None:
        assert [world.launch()["result"] for _ in range(2)] == ["started", "already started"]
        assert world.sagemaker.accepted == [NAME]

    def test_its_savings_are_told_where_the_schedule_is_green_again(self, world: World) -> None:
        world.journal.record_failure("daily", ATTEMPT.slot - timedelta(days=1))
        world.launch()
        artifacts(world, "20260105T020500.0Z", "a.csv")
        ends(world, "Completed")
        [(subject, body)] = world.messages()
        assert "green again" in subject
        assert "Spot: 70% saved of 10m 00s\n" in body

    def test_its_costs_are_of_the_seconds_that_are_billed(self, world: World) -> None:
        world.launch()
        artifacts(world, "20260105T020500.0Z", "a.csv")
        ends(world, "Completed")
        found = entry(world)
        assert (found.training_s, found.billable_s, found.saved) == (600, 180, 0.7)
        hour, volume = 0.12, 10 * 0.146 / 730
        assert found.cost_usd == pytest.approx((hour * 180 + volume * 600) / 3600)


def test_without_spot_nothing_of_training_is_asked(world: World) -> None:
    world.configure()
    world.schedule()
    world.launch()
    ends(world, "Completed")
    world.reconcile()
    assert not [name for name, _ in world.requests if "Training" in name]
    assert world.asked("DeleteObjects") == []
