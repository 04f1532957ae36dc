"""What a spot job wrote, on its way to where a processing job would have put it."""

from datetime import timedelta

import pytest

from observer import spot_output
from tests.lambda_world import ATTEMPT, ENVIRONMENT, NAME, CrashError, World
from tests.observer import spot_bench
from tests.observer.spot_bench import (
    CHECKPOINT,
    PLACE,
    SCRATCH,
    SECOND,
    SECOND_NAME,
    artifacts,
    ends,
    entry,
    left,
)


@pytest.fixture(autouse=True)
def on_spot(world: World) -> None:
    spot_bench.deploy(world)


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

    def test_of_which_sagemaker_names_no_place_is_no_success(self, world: World) -> None:
        world.launch()
        artifacts(world, "20260105T020500.0Z", "a.csv")
        assert ends(world, "Completed", ModelArtifacts={}) == "empty_output"

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
        with pytest.raises(spot_output.NotClearedError, match=r"by hand: .*AccessDenied"):
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
