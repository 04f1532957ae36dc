"""What reaches the functions from outside and means no good: no call to AWS, nothing lost."""

import importlib
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from launcher.event import EventError as LauncherEventError
from observer.handler import EventError as ObserverEventError
from observer.observe import NotEndedError, NotOursError
from tests.lambda_world import ATTEMPT, NAME, PREFIX, World
from tests.launcher import strategies
from tests.quick_moto import mock_aws

CONTEXT: Any = SimpleNamespace(
    function_name="function",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:function",
    aws_request_id="request",
)
ONE_WORLD = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def world(capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    with mock_aws():
        yield World(capsys)


@pytest.fixture
def launch(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = importlib.import_module("launcher.handler")
    monkeypatch.setattr(module, "_launcher", lambda: world.launcher)
    return module.handler


@pytest.fixture
def observe(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = importlib.import_module("observer.handler")
    monkeypatch.setattr(module, "_observer", lambda: world.observer)
    return module.handler


def ended(name: Any, status: Any = "Failed", **changes: Any) -> dict[str, Any]:
    """Return SageMaker's event, or the launcher's notice with other `changes`."""
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Processing Job State Change",
        "time": "2026-01-05T02:00:40Z",
        "detail": {"ProcessingJobName": name, "ProcessingJobStatus": status},
        **changes,
    }


NOTICE = {
    "source": "sagemaker-processing.launcher",
    "detail-type": "Processing Job Not Started",
}
FOREIGN = [
    "",
    "x",
    PREFIX,
    f"{PREFIX}-daily-20260105T020000Z-1",
    f"{PREFIX}x--daily-20260105T020000Z-1",
    f"{PREFIX}-y--daily-20260105T020000Z-1",
    f"x{NAME}",
    f" {NAME}",
    f"{NAME}\n",
    f"{NAME}\n{NAME}",
    f"{NAME}\0",
    f"{NAME}-1",
    NAME.upper(),
    f"{PREFIX}--other--daily-20260105T020000Z-1",
    f"{PREFIX}----20260105T020000Z-1",
    f"{PREFIX}--daily-20260105T020000Z-100",
    f"{PREFIX}--daily-00010101T000000Z-1",
    f"{PREFIX}--daily-99991231T235959Z-1",
    f"{PREFIX}--{'d' * 250_000}-20260105T020000Z-1",
    f"arn:aws:sagemaker:eu-central-1:123456789012:processing-job/{NAME}",
]


class TestTheLauncher:
    @ONE_WORLD
    @given(strategies.json_values())
    def test_calls_nobody_for_what_asks_for_no_run(
        self, world: World, launch: Any, event: Any
    ) -> None:
        if isinstance(event, dict):
            cast("dict[str, Any]", event)["x"] = None
        with pytest.raises(LauncherEventError):
            launch(event, CONTEXT)
        assert world.requests == []

    @ONE_WORLD
    @given(st.sampled_from(["slot", "attempt", "trigger", "x"]), strategies.json_values())
    def test_starts_jobs_of_its_own_stack_only(
        self, world: World, launch: Any, key: str, value: Any
    ) -> None:
        try:
            launch({"schedule": "daily", "slot": "2026-01-05T02:00:00Z", key: value}, CONTEXT)
        except LauncherEventError:
            return
        asked = (params for _, params in world.requests)
        names = [params["ProcessingJobName"] for params in asked if "ProcessingJobName" in params]
        assert names
        assert all(name.startswith(f"{PREFIX}--daily-") for name in names)


class TestTheObserver:
    @pytest.mark.parametrize("name", FOREIGN, ids=range(len(FOREIGN)))
    @pytest.mark.parametrize("source", [{}, NOTICE], ids=["job", "notice"])
    def test_asks_nobody_about_a_job_that_is_not_its_own(
        self, world: World, observe: Any, name: str, source: dict[str, Any]
    ) -> None:
        with pytest.raises(NotOursError, match="is no job of") as error:
            observe(ended(name, **source), CONTEXT)
        assert len(str(error.value)) < 300
        assert world.requests == []

    @ONE_WORLD
    @given(
        strategies.json_values()
        | st.builds(ended, strategies.json_values(), strategies.json_values())
        | st.builds(ended, st.text(), st.text(), detail=strategies.json_values())
    )
    def test_raises_what_it_cannot_deal_with_so_that_it_is_kept(
        self, world: World, observe: Any, event: Any
    ) -> None:
        with pytest.raises((ObserverEventError, NotOursError)):
            observe(event, CONTEXT)
        assert world.requests == []

    def test_believes_sagemaker_and_not_an_event_of_its_own_job(
        self, world: World, observe: Any
    ) -> None:
        world.run()
        forged = ended(NAME, "Failed", detail={**ended(NAME)["detail"], "FailureReason": "no"})
        assert observe(forged, CONTEXT) == {NAME: "completed"}

    def test_believes_sagemaker_and_not_a_notice_of_its_own_job(
        self, world: World, observe: Any
    ) -> None:
        world.sagemaker.add(NAME)
        with pytest.raises(NotEndedError):
            observe(ended(NAME, "Refused", **NOTICE), CONTEXT)
        assert world.messages() == []

    @pytest.mark.parametrize("status", ["Refused", "Skipped"])
    def test_believes_no_notice_of_what_the_launcher_has_not_noted(
        self, world: World, observe: Any, status: str
    ) -> None:
        with pytest.raises(NotOursError, match="no decision against it"):
            observe(ended(NAME, status, **NOTICE), CONTEXT)
        assert world.messages() == []
        assert world.journal.entry(ATTEMPT) is None
        assert world.asked("CreateSchedule") == []
        assert world.launch()["result"] == "started"


class TestASlotsObjects:
    def test_are_listed_by_their_own_names_in_the_success_marker(
        self, world: World, observe: Any
    ) -> None:
        names = ["a b", "a+b", "a%20b", "é", "e\u0301", "\u202ex", "a\x01", "<&>", "..", "x" * 900]
        place = "output/daily/2026/01/05/020000/"
        for name in names:
            world.client("s3").put_object(Bucket="out-bucket", Key=place + name, Body=b"1")
        observe(world.run(), CONTEXT)
        marker = world.client("s3").get_object(Bucket="out-bucket", Key=f"{place}_SUCCESS")
        objects = json.loads(marker["Body"].read())["objects"]
        assert {each["key"] for each in objects} == {place + name for name in names}
