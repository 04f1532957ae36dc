from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from components.configuration import read
from components.job import launcher_config
from launcher.config import LauncherConfig
from launcher.event import EventError, parse
from launcher.plan import plan
from local.deploy import configuration, project
from tests.conftest import ROOT
from tests.launcher.test_plan import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

handler = importlib.import_module("launcher.handler")

EVENT = {"schedule": "daily", "slot": "2026-01-05T02:00:00Z"}
NAME = "processing-prod--daily-20260105T020000Z-1"
ARN = f"arn:aws:sagemaker:eu-central-1:123456789012:processing-job/{NAME}"
CONTEXT = SimpleNamespace(
    function_name="launcher",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:launcher",
    aws_request_id="request",
)


@pytest.fixture
def config(tmp_path: Path) -> LauncherConfig:
    settings = read(configuration(ROOT, "prod"), project(ROOT), "prod")
    (tmp_path / "launcher.json").write_text(json.dumps(launcher_config(settings)), "utf-8")
    return LauncherConfig.load(tmp_path, ENVIRONMENT)


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch, config: LauncherConfig) -> Iterator[Stubber]:
    """SageMaker, which answers what a test has queued, and refuses any other request."""
    client = boto3.client("sagemaker", region_name="eu-central-1")
    monkeypatch.setattr(handler, "_client", lambda: client)
    monkeypatch.setattr(handler, "_config", lambda: config)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def request(config: LauncherConfig, event: Any = EVENT) -> dict[str, Any]:
    now = handler.datetime.now(handler.UTC)
    return plan(config, parse(event, config.schedules.keys(), now))


class TestHandler:
    def test_one_event_starts_one_job_of_its_slots_name(
        self, sagemaker: Stubber, config: LauncherConfig
    ) -> None:
        answer = {"ProcessingJobArn": ARN}
        sagemaker.add_response("create_processing_job", answer, request(config))
        assert handler.handler(EVENT, CONTEXT) == {
            "job_name": NAME,
            "job_arn": ARN,
            "schedule": "daily",
            "slot": "2026-01-05T02:00:00Z",
            "attempt": 1,
            "result": "started",
            "status": "InProgress",
        }

    def test_the_same_event_again_answers_already_started(
        self, sagemaker: Stubber, config: LauncherConfig
    ) -> None:
        sagemaker.add_client_error(
            "create_processing_job", "ResourceInUse", expected_params=request(config)
        )
        sagemaker.add_response(
            "describe_processing_job",
            {
                "ProcessingJobName": NAME,
                "ProcessingJobArn": ARN,
                "ProcessingJobStatus": "Completed",
                "ProcessingResources": {
                    "ClusterConfig": {
                        "InstanceCount": 1,
                        "InstanceType": "ml.t3.medium",
                        "VolumeSizeInGB": 1,
                    }
                },
                "AppSpecification": {"ImageUri": "x"},
                "CreationTime": 0,
            },
            {"ProcessingJobName": NAME},
        )
        answer = handler.handler(EVENT, CONTEXT)
        assert (answer["result"], answer["status"]) == ("already started", "Completed")

    @pytest.mark.parametrize(
        "code", ["ResourceLimitExceeded", "ValidationException", "AccessDeniedException"]
    )
    def test_an_error_is_raised_and_never_returned(self, sagemaker: Stubber, code: str) -> None:
        sagemaker.add_client_error("create_processing_job", code)
        with pytest.raises(ClientError, match=code):
            handler.handler(EVENT, CONTEXT)

    def test_an_event_that_asks_for_no_run_is_raised_too(self, sagemaker: Stubber) -> None:
        del sagemaker  # no request may reach it
        with pytest.raises(EventError, match="weekly"):
            handler.handler({"schedule": "weekly"}, CONTEXT)
