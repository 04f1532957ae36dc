"""A schedule on spot, from its launch to its end, on demand where it has to be."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from observer import spot_output
from pipeline.attempt import job_name
from pipeline.journal_items import Entry
from tests.lambda_world import ATTEMPT, ENVIRONMENT, NAME, PREFIX, SETTINGS, CrashError, World

PLACE = "output/daily/2026/01/05/020000/"
SCRATCH = f"_spot/{NAME[:-2]}/"
CHECKPOINT = f"{SCRATCH}checkpoint/step-1"
DAILY = SETTINGS["schedules"]["daily"]
SECOND = replace(ATTEMPT, number=2)
SECOND_NAME = job_name(PREFIX, SECOND)
NEVER_CAME: dict[str, Any] = {"SecondaryStatus": "MaxWaitTimeExceeded", "ran": False}
RECLAIMED: dict[str, Any] = {"SecondaryStatus": "MaxWaitTimeExceeded"}
NO_QUOTA = (
    "ResourceLimitExceeded",
    "The account-level service limit 'ml.m5.large for spot training job usage' is 0 Instances, "
    "with current utilization of 0 Instances and a request delta of 1 Instances.",
)


@pytest.fixture(autouse=True)
def on_spot(world: World) -> None:
    world.configure(job={**SETTINGS["job"], "capacity": "spot"})
    world.upload()


def artifacts(world: World, start: str, *names: str, message: str | None = "") -> None:
    """Let a start of the first attempt's container have uploaded its output."""
    folder = f"{SCRATCH}{NAME}/output/model/{start}"
    for name in names:
        world.write(f"{folder}/output/{name}")
    if message is not None:
        world.write(f"{folder}/message", message.encode())


def ends(world: World, status: str = "Stopped", name: str = NAME, **known: Any) -> str:
    world.now += timedelta(minutes=11)
    return world.observe(world.sagemaker.end(name, status, **known))


def entry(world: World, number: int = 1) -> Entry:
    found = world.journal.entry(replace(ATTEMPT, number=number))
    assert found
    return found


def left(world: World) -> list[str]:
    return [key for key in world.output() if key.startswith("_spot/")]


def channels(asked: dict[str, Any]) -> list[str]:
    return [each["ChannelName"] for each in asked["InputDataConfig"]]


def test_asks_for_a_managed_spot_training_job(world: World) -> None:
    job = {**SETTINGS["job"], "capacity": "spot"}
    world.upload("models/a")
    world.configure(job=job, reference={"prefix": "models/"})
    world.launch()
    world.configure(job=job, input={"when_empty": "run"})
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


class TestOutput:
    def test_lies_where_a_processing_job_would_have_put_it_and_nothing_else_is_left(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(spot_output, "_BATCH", 1)
        world.launch()
        world.write(CHECKPOINT)
        artifacts(world, "20260105T020500.0Z", "a.csv", "b/c.csv", message="3 rows")
        assert ends(world, "Completed") == "completed"
        assert world.output() == [f"{PLACE}{name}" for name in ("_SUCCESS", "a.csv", "b/c.csv")]
        keys = [each["key"] for each in world.marker()["objects"]]
        assert keys == [f"{PLACE}a.csv", f"{PLACE}b/c.csv"]
        assert entry(world).exit_message == "3 rows"
        for asked in world.asked("CopyObject"):
            assert asked["SSEKMSKeyId"] == ENVIRONMENT["KMS_KEY_ARN"]

    def test_is_the_last_starts_alone(self, world: World) -> None:
        world.launch()
        world.write(f"{PLACE}a.csv")  # of whoever was there before: not copied by an earlier call
        artifacts(world, "20260105T020500.9Z", "old.csv", "a.csv")
        artifacts(world, "20260105T021000.0Z", "a.csv")
        model = f"{SCRATCH}{NAME}/output/model/"
        world.write(f"{model}saved/message")  # beside, by a script of its own
        world.write(f"{model}20260105T021000.0Z/message", b"\xff" * 2000)
        uri = {"S3ModelArtifacts": f"s3://out-bucket/{model}"}  # ends in a slash, or does not
        assert ends(world, "Completed", ModelArtifacts=uri) == "completed"
        assert entry(world).exit_message == "\ufffd" * 1024
        assert f"{PLACE}old.csv" not in world.output()
        assert [asked["Key"] for asked in world.asked("CopyObject")] == [f"{PLACE}a.csv"]

    @pytest.mark.parametrize("started", [True, False])
    def test_that_is_not_whole_is_no_success(self, world: World, started: bool) -> None:
        world.launch()
        artifacts(world, "20260105T020500.0Z", "a.csv")
        if started:
            artifacts(world, "20260105T021000.0Z", "a.csv", message=None)
        else:
            spot_output.clear(world.client("s3"), world.observer_config.scratch_of(ATTEMPT))
        assert ends(world, "Completed") == "empty_output"
        assert [key for key in world.output() if key.startswith(PLACE)] == []

    def test_in_parts_is_whole(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        size = 5 * 2**20  # the least that S3 takes for a part
        small = spot_output.TransferConfig(multipart_threshold=size, multipart_chunksize=size)
        monkeypatch.setattr(spot_output, "_COPY", small)
        world.launch()
        artifacts(world, "20260105T020500.0Z")
        world.write(f"{SCRATCH}{NAME}/output/model/20260105T020500.0Z/output/a", b"x" * 2 * size)
        assert ends(world, "Completed") == "completed"
        assert world.marker()["total_size"] == 2 * size
        assert len(world.asked("UploadPartCopy")) == 2

    @pytest.mark.parametrize(
        ("when", "operation"),
        [
            *(("crash_after", name) for name in ("CopyObject", "PutObject", "UpdateItem")),
            ("crash_before", "DeleteObjects"),
        ],
    )
    def test_is_whole_and_nothing_else_is_left_after_an_invocation_that_died(
        self, world: World, when: str, operation: str
    ) -> None:
        world.launch()
        artifacts(world, "20260105T020500.0Z", "a.csv", "b.csv")
        world.now += timedelta(minutes=11)
        event = world.sagemaker.end(NAME, "Completed")
        setattr(world, when, operation)
        with pytest.raises(CrashError):
            world.observe(event, "one")
        world.observe(event, "one")
        assert world.marker()["object_count"] == 2
        assert entry(world).outcome == "completed"
        assert left(world) == []

    def test_that_was_copied_is_not_copied_again(self, world: World) -> None:
        world.launch()
        artifacts(world, "20260105T020500.0Z", "a.csv", "b.csv")
        world.now += timedelta(minutes=11)
        event = world.sagemaker.end(NAME, "Completed")
        world.crash_before = "PutObject"
        with pytest.raises(CrashError):
            world.observe(event, "one")
        copied = len(world.asked("CopyObject"))
        world.observe(event, "one")
        assert len(world.asked("CopyObject")) == copied == 2

    def test_counts_though_its_place_is_not_cleared_of_which_an_error_tells(
        self, world: World
    ) -> None:
        world.launch()
        artifacts(world, "20260105T020500.0Z", "a.csv")
        world.answers["DeleteObjects"] = {"Errors": [{"Key": "a", "Code": "AccessDenied"}]}
        with pytest.raises(RuntimeError, match="AccessDenied"):
            ends(world, "Completed")
        assert entry(world).outcome == "completed"

    @pytest.mark.parametrize("ended", [False, True])
    def test_of_a_job_that_was_followed_is_left_alone_and_its_followers_too(
        self, world: World, ended: bool
    ) -> None:
        world.launch()
        artifacts(world, "20260105T020500.0Z", "a.csv")
        world.now += timedelta(minutes=11)
        event = world.sagemaker.end(NAME, "Completed")
        world.launch(SECOND, "operator")
        if ended:
            world.now += timedelta(minutes=11)
            world.sagemaker.end(SECOND_NAME, "Completed")
        world.observe(event)
        assert world.asked("CopyObject") == []
        assert left(world)  # the other job's checkpoint, or output that nobody has copied yet


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
        spot = {**SETTINGS["job"], "capacity": "spot", "max_wait_seconds": 3 * 86_400}
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
        spot = {**SETTINGS["job"], "capacity": "spot"}
        world.configure(job=spot, schedules={"daily": daily})
        later = replace(ATTEMPT, slot=ATTEMPT.slot + timedelta(days=1))
        world.launch()
        world.upload("input/2026/01/06/a.csv")
        assert world.launch(later)["result"] == "replacing"
        assert world.asked("StopTrainingJob") == [{"TrainingJobName": NAME}]
        assert ends(world) == "replaced"
        assert world.fire()["result"] == "started"

    def test_its_machine_counts_for_the_limit(self, world: World) -> None:
        spot = {**SETTINGS["job"], "capacity": "spot"}
        world.configure(job=spot, limits={"max_concurrent_instances": 1})
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
