import pytest

from local.aws.sagemaker.job import Kind
from pipeline.attempt import Attempt, parse_slot
from pipeline.journal_items import Entry
from tests.ops.world import NAME, SLOT, World

RUN = Attempt("daily", parse_slot(SLOT), 1)


def stops(world: World) -> list[str]:
    return [
        request.get("ProcessingJobName") or request["TrainingJobName"]
        for operation, request in world.requests
        if operation in ("StopProcessingJob", "StopTrainingJob")
    ]


class TestStop:
    def test_the_journal_knows_who_stopped_it_before_sagemaker_does(self, world: World) -> None:
        world.job()
        world.errors["StopProcessingJob"] = ("ThrottlingException", "Rate exceeded")
        status, _, err = world.ops(f"stop {NAME}")
        entry = world.journal.entry(RUN)
        assert entry is not None
        assert entry.stop == "operator"
        assert status == 1
        assert "StopProcessingJob: ThrottlingException: Rate exceeded" in err

    @pytest.mark.parametrize("kind", ["Processing", "Training"])
    def test_waits_until_it_has_stopped(self, world: World, kind: Kind) -> None:
        world.job(kind=kind)
        world.after(60, lambda: world.end(NAME, "Stopped"))
        status, out, err = world.ops(f"stop {NAME}")
        assert status == 0
        assert out == f"{NAME}: Stopped\n"
        assert f"{NAME}: Stopping" in err
        assert stops(world) == [NAME]

    def test_json_tells_how_it_ended(self, world: World) -> None:
        world.job()
        world.after(5, lambda: world.end(NAME, "Completed"))
        assert world.ops_json(f"stop {NAME}") == (1, {"job_name": NAME, "status": "Completed"})

    @pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
    def test_what_has_ended_keeps_its_end(self, world: World, status: str) -> None:
        world.job(status=status)
        exit_status, _, err = world.ops(f"stop {NAME}")
        assert exit_status == 1
        assert f"{NAME} has ended already: {status}" in err
        assert world.journal.entry(RUN) is None
        assert not stops(world)

    def test_whoever_is_stopping_it_already_is_not_overwritten(self, world: World) -> None:
        world.journal.write(Entry.of(RUN, NAME, stop="replaced by another"))
        world.job(status="Stopping")
        world.after(5, lambda: world.end(NAME, "Stopped"))
        assert world.ops(f"stop {NAME}")[0] == 0
        entry = world.journal.entry(RUN)
        assert entry is not None
        assert entry.stop == "replaced by another"
        assert not stops(world)

    @pytest.mark.parametrize(
        "name", ["processing-dev--daily-20260105T030000Z-1", "my-" + NAME, "processing-prod--x"]
    )
    def test_a_job_of_anybody_else_is_not_touched(self, world: World, name: str) -> None:
        world.job(name)
        status, _, err = world.ops(f"stop {name}")
        assert status == 2
        assert f"{name} is no job of stack prod" in err
        assert not world.requests

    def test_a_job_that_is_not_there_is_status_1(self, world: World) -> None:
        status, _, err = world.ops(f"stop {NAME}")
        assert status == 1
        assert f"There is no job {NAME}" in err
        assert world.journal.entry(RUN) is None

    def test_ctrl_c_ends_the_waiting_only(self, world: World) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        world.job()
        world.after(5, interrupt)
        status, _, err = world.ops(f"stop {NAME}")
        assert status == 130
        assert "will stop all the same" in err


class TestASlotThatWaits:
    @pytest.fixture(autouse=True)
    def waiting(self, world: World) -> None:
        known = {"planned_for": world.now, "waiting_for": "object under s3://a/b/, until 09:00"}
        world.journal.write(Entry.of(RUN, NAME, **known))

    def test_is_not_started_any_more(self, world: World) -> None:
        status, out, _ = world.ops(f"stop {NAME}")
        assert (status, out) == (0, f"{NAME}: it waited, and will not start\n")
        entry = world.journal.entry(RUN)
        assert entry
        assert entry.status == "Skipped"
        assert entry.reason == (
            "Stopped: by an operator, while it waited for object under s3://a/b/, until 09:00"
        )
        assert not stops(world)

    def test_is_stopped_as_a_job_once_it_has_one(self, world: World) -> None:
        world.job()
        world.after(5, lambda: world.end(NAME, "Stopped"))
        assert world.ops(f"stop {NAME}")[0] == 0
        assert stops(world) == [NAME]

    def test_is_listed_with_what_it_waits_for(self, world: World) -> None:
        _, out, _ = world.ops("list")
        assert "waiting" in out
        assert "waits for object under s3://a/b/, until 09:00" in out
