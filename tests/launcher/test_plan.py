from __future__ import annotations

import dataclasses
import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from components import aws_model
from components.job import launcher_config
from components.setting_types import RESERVED_ENVIRONMENT
from components.settings import Settings
from launcher.config import ConfigError, Deployed, LauncherConfig
from launcher.event import Run
from launcher.plan import job_name, plan
from tests.launcher import strategies

ENVIRONMENT = {
    "JOB_ROLE_ARN": "arn:aws:iam::123456789012:role/job-role-0a1b2c3",
    "IMAGE_URI": f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/p@sha256:{'ab' * 32}",
    "INPUT_BUCKET": "in-bucket",
    "OUTPUT_BUCKET": "out-bucket",
    "KMS_KEY_ARN": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd",
    "AWS_REGION": "eu-central-1",
}


def config_of(settings: Settings) -> LauncherConfig:
    """Return what the launcher reads when it was deployed with these settings."""
    with tempfile.TemporaryDirectory() as directory:
        text = json.dumps(launcher_config(settings))
        Path(directory, "launcher.json").write_text(text, "utf-8")
        return LauncherConfig.load(Path(directory), ENVIRONMENT)


@st.composite
def planned(draw: st.DrawFn) -> tuple[Settings, Run, dict[str, Any]]:
    settings = draw(strategies.settings())
    schedule = draw(st.sampled_from(sorted(settings.schedules)))
    run = Run(schedule, draw(strategies.slots), draw(strategies.attempts))
    return settings, run, plan(config_of(settings), run)


def _runs() -> st.SearchStrategy[Run]:
    return st.builds(Run, strategies.names, strategies.slots, strategies.attempts)


unhurried = limits(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class TestEveryLegalSettingAndEvent:
    @unhurried
    @given(planned())
    def test_gives_a_request_that_aws_model_accepts(
        self, example: tuple[Settings, Run, dict[str, Any]]
    ) -> None:
        model = aws_model.shape("sagemaker", "CreateProcessingJob")
        assert aws_model.violations(model, example[2]) == []

    @unhurried
    @given(planned())
    def test_tells_the_script_which_run_it_is(
        self, example: tuple[Settings, Run, dict[str, Any]]
    ) -> None:
        settings, run, request = example
        environment = request["Environment"]
        assert environment["JOB_NAME"] == request["ProcessingJobName"]
        assert environment["SCHEDULE"] == run.schedule
        assert environment["SLOT"] == run.slot.isoformat().replace("+00:00", "Z")
        assert environment["ATTEMPT"] == str(run.attempt)
        assert environment["STACK"] == settings.stack
        own = {**settings.job.environment, **settings.schedules[run.schedule].environment}
        assert {k: v for k, v in environment.items() if k not in RESERVED_ENVIRONMENT} == own

    @unhurried
    @given(planned())
    def test_never_gives_the_container_a_network(
        self, example: tuple[Settings, Run, dict[str, Any]]
    ) -> None:
        assert example[2]["NetworkConfig"] == {"EnableNetworkIsolation": True}

    @unhurried
    @given(planned())
    def test_encrypts_volume_and_outputs_with_the_stacks_key(
        self, example: tuple[Settings, Run, dict[str, Any]]
    ) -> None:
        settings, _, request = example
        cluster = request["ProcessingResources"]["ClusterConfig"]
        assert request["ProcessingOutputConfig"]["KmsKeyId"] == ENVIRONMENT["KMS_KEY_ARN"]
        assert ("VolumeKmsKeyId" in cluster) == settings.job.encrypt_volume

    @unhurried
    @given(planned())
    def test_runs_the_jobs_arguments_before_the_schedules(
        self, example: tuple[Settings, Run, dict[str, Any]]
    ) -> None:
        settings, run, request = example
        expected = [*settings.job.arguments, *settings.schedules[run.schedule].arguments]
        assert request["AppSpecification"].get("ContainerArguments", []) == expected


class TestJobName:
    @unhurried
    @given(strategies.names, strategies.names, strategies.names, _runs())
    def test_no_two_runs_of_any_stacks_share_a_name(
        self, first: str, second: str, third: str, run: Run
    ) -> None:
        others = [
            (first, replace(run, attempt=run.attempt % 99 + 1)),
            (first, replace(run, slot=run.slot + timedelta(seconds=1))),
            (first, replace(run, schedule=f"{run.schedule}-{second}")),
            (f"{first}-{second}", replace(run, schedule=third)),
            (first, replace(run, schedule=f"{second}-{third}")),
        ]
        identities = {(first, run), *others}
        assert len({job_name(*identity) for identity in identities}) == len(identities)


class TestSharding:
    def _input(self, count: int) -> dict[str, Any]:
        settings = Settings.model_validate(
            {
                "project": "p",
                "stack": "s",
                "region": "eu-central-1",
                "prefix": "p-s",
                "schedules": {"d": {"expression": "rate(1 day)", "timezone": "UTC"}},
                "job": {
                    "instance_type": "ml.m5.large",
                    "instance_count": count,
                    "volume_gb": 1,
                    "max_runtime_seconds": 60,
                },
            }
        )
        run = Run("d", datetime(2026, 1, 5, 2, tzinfo=UTC), 1)
        return plan(config_of(settings), run)["ProcessingInputs"][0]["S3Input"]

    def test_one_host_reads_everything_and_several_share(self) -> None:
        assert self._input(1)["S3DataDistributionType"] == "FullyReplicated"
        assert self._input(2)["S3DataDistributionType"] == "ShardedByS3Key"

    def test_the_input_prefix_holds_the_slot(self) -> None:
        assert self._input(1)["S3Uri"] == "s3://in-bucket/input/2026/01/05/"


class TestDeployedEnvironment:
    def test_all_missing_variables_are_named_together(self) -> None:
        with pytest.raises(ConfigError, match="IMAGE_URI, INPUT_BUCKET, OUTPUT_BUCKET"):
            Deployed.read({"JOB_ROLE_ARN": "x", "KMS_KEY_ARN": "y", "AWS_REGION": "z"})

    def test_every_field_comes_from_the_environment(self) -> None:
        assert list(dataclasses.asdict(Deployed.read(ENVIRONMENT)).values()) == list(
            ENVIRONMENT.values()
        )
