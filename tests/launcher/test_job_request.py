import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from components import function_config
from components.aws import instance_types, models
from components.settings import Settings
from components.settings.values import RESERVED_ENVIRONMENT
from launcher import sizing
from launcher.job_request import job_request
from launcher.sizing import Counted, Machines
from pipeline.attempt import Attempt, job_name
from pipeline.config import FILE, LauncherConfig
from pipeline.kind import Kind
from tests.examples import share
from tests.lambda_world import ENVIRONMENT, SETTINGS
from tests.launcher import strategies


def config_of(settings: Settings) -> LauncherConfig:
    """Return what the launcher reads when it was deployed with these settings."""
    with tempfile.TemporaryDirectory() as directory:
        text = json.dumps(function_config.document(settings))
        Path(directory, FILE).write_text(text, "utf-8")
        return LauncherConfig.load(Path(directory), ENVIRONMENT | ids_of(settings))


def ids_of(settings: Settings) -> dict[str, str]:
    """Return the ids in the function's environment: the settings', or those of a created VPC."""
    network = settings.network
    if network.mode == "isolated":
        return {}
    subnets = network.subnets or [f"subnet-{zone}" for zone in range(network.zones)]
    groups = network.security_groups or ["sg-jobs"]
    return {"SUBNETS": ",".join(subnets), "SECURITY_GROUPS": ",".join(groups)}


def machines_of(config: LauncherConfig, schedule: str) -> Machines:
    """Return the machines of a small input of many objects."""
    found = sizing.choose(config.schedules[schedule].job, Counted(99, 99, 1), None)
    assert isinstance(found, Machines)
    return found


def request_of(
    config: LauncherConfig, attempt: Attempt, machines: Machines, *, with_input: bool = True
) -> dict[str, Any]:
    """Return the request for a job that reads all that its settings name."""
    places = {"input": config.input_of(attempt) if with_input else None}
    places["reference"] = config.reference_of(attempt)
    kind = Kind.of(config.schedules[attempt.schedule].job.capacity)
    read = {name: place for name, place in places.items() if place}
    return job_request(config, attempt, machines, kind, read)


@st.composite
def planned(draw: st.DrawFn) -> tuple[Settings, Attempt, dict[str, Any]]:
    settings = draw(strategies.settings())
    schedule = draw(st.sampled_from(sorted(settings.schedules)))
    attempt = Attempt(schedule, draw(strategies.slots), draw(strategies.attempts))
    config = config_of(settings)
    job, types = config.schedules[schedule].job, settings.schedules[schedule].attempt_types
    counted = draw(strategies.inputs())
    machines = sizing.choose(job, counted, draw(st.sampled_from(types)))
    assume(isinstance(machines, Machines))
    assert isinstance(machines, Machines)
    request = request_of(config, attempt, machines, with_input=counted.objects > 0)
    return settings, attempt, request


def _runs() -> st.SearchStrategy[Attempt]:
    return st.builds(Attempt, strategies.a_name, strategies.slots, strategies.attempts)


unhurried = limits(
    max_examples=share(1 / 2),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class TestEveryLegalSettingAndEvent:
    @unhurried
    @given(planned())
    def test_gives_a_request_that_aws_model_accepts(
        self, example: tuple[Settings, Attempt, dict[str, Any]]
    ) -> None:
        model = models.shape("sagemaker", "CreateProcessingJob")
        assert models.violations(model, example[2]) == []

    @unhurried
    @given(planned())
    def test_tells_the_script_which_run_it_is(
        self, example: tuple[Settings, Attempt, dict[str, Any]]
    ) -> None:
        settings, attempt, request = example
        environment = request["Environment"]
        assert environment["JOB_NAME"] == request["ProcessingJobName"]
        assert environment["SCHEDULE"] == attempt.schedule
        assert environment["SLOT"] == attempt.slot.isoformat().replace("+00:00", "Z")
        assert environment["ATTEMPT"] == str(attempt.number)
        assert environment["STACK"] == settings.stack
        schedule = settings.schedules[attempt.schedule]
        assert environment["SCRIPT"] == schedule.script
        own = {**schedule.job.environment, **schedule.environment}
        assert {k: v for k, v in environment.items() if k not in RESERVED_ENVIRONMENT} == own

    @unhurried
    @given(planned())
    def test_has_the_network_that_the_settings_ask_for(
        self, example: tuple[Settings, Attempt, dict[str, Any]]
    ) -> None:
        settings, _, request = example
        network = request["NetworkConfig"]
        assert network["EnableNetworkIsolation"] == (settings.network.mode == "isolated")
        names = {"SUBNETS": "Subnets", "SECURITY_GROUPS": "SecurityGroupIds"}
        places = {names[key]: ids.split(",") for key, ids in ids_of(settings).items()}
        assert network.get("VpcConfig", {}) == places, "or no VPC of the account"
        most = max(each.most_instances for each in settings.schedules.values())
        encrypted = network.get("EnableInterContainerTrafficEncryption")
        assert encrypted == (True if most > 1 else None), "the launcher's policy asks it of all"

    @unhurried
    @given(planned())
    def test_encrypts_volume_and_outputs_with_the_stacks_key(
        self, example: tuple[Settings, Attempt, dict[str, Any]]
    ) -> None:
        _, _, request = example
        cluster = request["ProcessingResources"]["ClusterConfig"]
        assert request["ProcessingOutputConfig"]["KmsKeyId"] == ENVIRONMENT["KMS_KEY_ARN"]
        keyed = instance_types.takes_volume_key(cluster["InstanceType"])
        assert cluster.get("VolumeKmsKeyId") == (ENVIRONMENT["KMS_KEY_ARN"] if keyed else None)

    @unhurried
    @given(planned())
    def test_runs_the_jobs_arguments_before_the_schedules(
        self, example: tuple[Settings, Attempt, dict[str, Any]]
    ) -> None:
        settings, attempt, request = example
        schedule = settings.schedules[attempt.schedule]
        expected = [*schedule.job.arguments, *schedule.arguments]
        assert request["AppSpecification"].get("ContainerArguments", []) == expected


class TestSeveralScripts:
    def test_each_run_on_their_own_machine_and_places(self) -> None:
        weekly = {
            "expression": "cron(0 6 ? * MON *)",
            "script": "reports/weekly.py",
            "job": {"instance_type": "ml.c5.xlarge", "instance_count": 2, "volume_gb": 50},
            "input": {"bucket": "lake", "prefix": "sales/"},
            "output": {"prefix": "weekly/{slot:%Y%m%d%H%M%S}/"},
        }
        schedules = SETTINGS["schedules"] | {"weekly": weekly}
        config = config_of(Settings.model_validate(SETTINGS | {"schedules": schedules}))

        def asked(schedule: str) -> tuple[Any, ...]:
            attempt = Attempt(schedule, datetime(2026, 1, 5, 6, tzinfo=UTC), 1)
            machines = machines_of(config, schedule)
            request = request_of(config, attempt, machines, with_input=True)
            [source], outputs = request["ProcessingInputs"], request["ProcessingOutputConfig"]
            cluster = request["ProcessingResources"]["ClusterConfig"]
            return (
                request["Environment"]["SCRIPT"],
                cluster["InstanceType"],
                (cluster["InstanceCount"], cluster["VolumeSizeInGB"]),
                (source["S3Input"]["S3Uri"], source["S3Input"]["S3DataDistributionType"]),
                outputs["Outputs"][0]["S3Output"]["S3Uri"],
            )

        assert asked("daily") == (
            *("process_data.sh", "ml.m5.large", (1, 10)),
            ("s3://in-bucket/input/2026/01/05/", "FullyReplicated"),
            "s3://out-bucket/output/daily/2026/01/05/060000/",
        )
        assert asked("weekly") == (
            *("reports/weekly.py", "ml.c5.xlarge", (2, 50)),
            ("s3://lake/sales/", "ShardedByS3Key"),
            "s3://out-bucket/weekly/20260105060000/",
        )


class TestJobName:
    @unhurried
    @given(strategies.a_name, strategies.a_name, strategies.a_name, _runs())
    def test_no_two_runs_of_any_stacks_share_a_name(
        self, first: str, second: str, third: str, attempt: Attempt
    ) -> None:
        others = [
            (first, replace(attempt, number=attempt.number % 99 + 1)),
            (first, replace(attempt, slot=attempt.slot + timedelta(seconds=1))),
            (first, replace(attempt, schedule=f"{attempt.schedule}-{second}")),
            (f"{first}-{second}", replace(attempt, schedule=third)),
            (first, replace(attempt, schedule=f"{second}-{third}")),
        ]
        identities = {(first, attempt), *others}
        assert len({job_name(*identity) for identity in identities}) == len(identities)


class TestSharding:
    def _plan(self, count: int, **job: Any) -> dict[str, Any]:
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
                    **job,
                },
            }
        )
        attempt = Attempt("d", datetime(2026, 1, 5, 2, tzinfo=UTC), 1)
        config = config_of(settings)
        return request_of(config, attempt, machines_of(config, "d"))

    def _input(self, count: int, **job: Any) -> dict[str, Any]:
        return self._plan(count, **job)["ProcessingInputs"][0]["S3Input"]

    def test_one_host_reads_everything_and_several_share(self) -> None:
        assert self._input(1)["S3DataDistributionType"] == "FullyReplicated"
        assert self._input(2)["S3DataDistributionType"] == "ShardedByS3Key"

    def test_each_host_of_a_cluster_has_the_whole_input(self) -> None:
        assert self._input(2, cluster=True)["S3DataDistributionType"] == "FullyReplicated"

    def test_two_hosts_encrypt_what_they_say_to_each_other(self) -> None:
        assert self._plan(1)["NetworkConfig"] == {"EnableNetworkIsolation": True}
        assert self._plan(2)["NetworkConfig"]["EnableInterContainerTrafficEncryption"]

    def test_the_input_prefix_holds_the_slot(self) -> None:
        assert self._input(1)["S3Uri"] == "s3://in-bucket/input/2026/01/05/"


class TestTheSlotInTexts:
    def test_prefixes_arguments_and_environment_name_it(self) -> None:
        nightly = {
            "expression": "cron(0 1 ? * MON-FRI *)",
            "timezone": "Europe/Berlin",
            "arguments": ['{"day": "{previous_local:%F}"}', "{schedule}"],
            "environment": {"FROM": "{previous:%FT%TZ}", "TO": "{slot:%FT%TZ}", "SET": "{x}"},
        }
        changes = {
            "schedules": {"nightly": nightly},
            "job": {"arguments": ["--at={local:%H:%M}"], "environment": {"DAY": "{local:%a}"}},
            "input": {"prefix": "in/{previous_local:%F}/"},
            "output": {"prefix": "out/{schedule}/{local:%F}/"},
        }
        settings = Settings.model_validate({**SETTINGS, **changes})
        attempt = Attempt("nightly", datetime(2026, 7, 5, 23, tzinfo=UTC), 1)  # a Monday in Berlin
        config = config_of(settings)
        request = request_of(config, attempt, machines_of(config, "nightly"))
        arguments = ["--at=01:00", '{"day": "2026-07-03"}', "{schedule}"]
        assert request["AppSpecification"]["ContainerArguments"] == arguments
        variables = {"DAY": "Mon", "FROM": "2026-07-02T23:00:00Z", "TO": "2026-07-05T23:00:00Z"}
        assert {**variables, "SET": "{x}"}.items() <= request["Environment"].items()
        [source], [target] = (
            request["ProcessingInputs"],
            request["ProcessingOutputConfig"]["Outputs"],
        )
        assert source["S3Input"]["S3Uri"] == "s3://in-bucket/in/2026-07-03/"
        assert target["S3Output"]["S3Uri"] == "s3://out-bucket/out/nightly/2026-07-06/"


class TestDeployedEnvironment:
    def test_a_missing_variable_is_named(self, tmp_path: Path) -> None:
        document = function_config.document(Settings.model_validate(SETTINGS))
        (tmp_path / FILE).write_text(json.dumps(document), "utf-8")
        without = {name: text for name, text in ENVIRONMENT.items() if name != "IMAGE_URI"}
        with pytest.raises(TypeError, match="image_uri"):
            LauncherConfig.load(tmp_path, without)


class TestInput:
    @unhurried
    @given(planned())
    def test_is_asked_for_where_there_is_any(
        self, example: tuple[Settings, Attempt, dict[str, Any]]
    ) -> None:
        _, _, request = example
        sized = next((tag for tag in request["Tags"] if tag["Key"] == "sized_by"), None)
        names = [each["InputName"] for each in request["ProcessingInputs"]]
        if sized:
            is_empty = sized["Value"].startswith("0.0 MB in 0 objects")
            assert ("input" in names) == (not is_empty)


class TestReference:
    def test_is_whole_on_each_of_several_instances_and_there_without_input(self) -> None:
        job = {**SETTINGS["job"], "instance_count": 2}
        reference = {"prefix": "models/{schedule}/{slot:%Y}/"}
        changes = {"job": job, "reference": reference}
        config = config_of(Settings.model_validate({**SETTINGS, **changes}))
        attempt = Attempt("daily", datetime(2026, 1, 5, 2, tzinfo=UTC), 1)
        machines = machines_of(config, "daily")
        both, alone = (
            request_of(config, attempt, machines, with_input=each)["ProcessingInputs"]
            for each in (True, False)
        )
        assert [each["S3Input"]["S3DataDistributionType"] for each in both] == [
            *("ShardedByS3Key", "FullyReplicated")
        ]
        assert both[1:] == alone
        assert alone[0]["S3Input"]["S3Uri"] == "s3://in-bucket/models/daily/2026/"
        assert alone[0]["S3Input"]["LocalPath"] == "/opt/ml/processing/reference"
