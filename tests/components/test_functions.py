"""The functions: what runs, with which code, and what becomes of events that fail."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import function_archive, names
from components.policies import roles
from pipeline.config import LauncherConfig, ObserverConfig
from pipeline.journal import LEASE
from tests.components.settings.test_settings import keys_of, settings
from tests.conftest import ACCOUNT, REGION, ROOT, Recorder, record_program
from tests.recorded import program

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"
PREFIX = "processing-prod"


def launcher() -> Recorder:
    return program("prod").within("launcher")


def observer() -> Recorder:
    return program("prod").within("observer")


BOTH = pytest.mark.parametrize("name", ["launcher", "observer"])
BUILT: dict[str, Callable[[], Recorder]] = {"launcher": launcher, "observer": observer}


def function(name: str) -> dict[str, Any]:
    return BUILT[name]().one("aws:lambda/function:Function")


def archive(name: str) -> dict[str, Any]:
    code = function(name)["code"]
    assert isinstance(code, pulumi.AssetArchive)
    return code.assets


@BOTH
class TestEveryFunction:
    def test_runs_where_we_tested_it(self, name: str) -> None:
        found = function(name)
        assert (found["runtime"], found["architectures"]) == ("python3.13", ["arm64"])
        assert found["name"] == f"{PREFIX}-{name}"
        assert found["handler"] == f"{name}.handler.handler"
        assert "vpcConfig" not in found

    def test_has_no_code_of_anybody_elses_account(self, name: str) -> None:
        assert not function(name).get("layers")

    def test_an_event_that_fails_for_good_is_kept(self, name: str) -> None:
        recorder = BUILT[name]()
        config = recorder.one("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
        assert config["maximumRetryAttempts"] == 2
        assert config["maximumEventAgeInSeconds"] == 6 * 3600
        assert config["destinationConfig"]["onFailure"]["destination"].endswith(
            f":{PREFIX}-{name}-failures"
        )
        queue = recorder.one("aws:sqs/queue:Queue")
        assert queue["messageRetentionSeconds"] == 14 * 86400
        assert (queue["kmsMasterKeyId"], queue.get("sqsManagedSseEnabled")) == (KEY, None)

    def test_it_logs_to_its_own_group_only(self, name: str) -> None:
        recorder = BUILT[name]()
        group = recorder.one("aws:cloudwatch/logGroup:LogGroup")
        assert (
            recorder.one("aws:lambda/function:Function")["loggingConfig"]["logGroup"]
            == (group["name"])
        )
        policy = json.loads(
            recorder.inputs("aws:iam/rolePolicy:RolePolicy")[f"{name}-policy"]["policy"]
        )
        [logs] = [s for s in policy["Statement"] if s["Sid"] == "WriteLogs"]
        assert logs["Resource"] == [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group['name']}:*"]
        assert "logs:CreateLogGroup" not in logs["Action"]

    def test_its_settings_travel_in_the_archive(self, name: str) -> None:
        document = archive(name)["stack.json"]
        assert isinstance(document, pulumi.StringAsset)
        assert json.loads(document.text)["prefix"] == PREFIX

    def test_finds_its_whole_configuration_there(self, name: str, tmp_path: Path) -> None:
        unpack(archive(name), tmp_path)
        # Lambda sets the region by itself.
        environment = {**function(name)["environment"]["variables"], "AWS_REGION": REGION}
        load = {"launcher": LauncherConfig.load, "observer": ObserverConfig.load}[name]
        assert load(tmp_path, environment).stack == "prod"

    def test_its_environment_is_encrypted_with_the_stacks_key(self, name: str) -> None:
        assert function(name)["kmsKeyArn"] == KEY

    def test_its_environment_fits(self, name: str) -> None:
        variables = function(name)["environment"]["variables"]
        assert sum(len(key) + len(value) for key, value in variables.items()) < 4096

    def test_its_archive_has_single_files_and_no_caches(self, name: str) -> None:
        for place, asset in archive(name).items():
            assert isinstance(asset, (pulumi.FileAsset, pulumi.StringAsset)), place
            assert place.endswith((".py", ".json", "/LICENSE")), place

    def test_its_archive_has_the_whole_of_its_packages(self, name: str) -> None:
        code = ROOT / "lambda"
        wanted = {
            path.relative_to(code).as_posix()
            for package in (name, "pipeline")
            for path in (code / package).glob("*.py")
        }
        own = archive(name).keys() - function_archive.packages().keys()
        models = {place for place in own if place.startswith("models/")}
        listed = {f"{name}/operations.json", "pipeline/prices.json", "stack.json"}
        assert own - models == wanted | listed
        assert {"models/endpoints.json", "models/s3/2006-03-01/service-2.json"} <= models

    def test_its_archive_alone_can_be_imported_and_holds_nothing_else(
        self, name: str, tmp_path: Path
    ) -> None:
        unpack(archive(name), tmp_path)
        # Python looks beside the script first, and -I keeps this repository out of sight.
        script = (
            f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {name}.handler\n"
            "print(*(m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)))"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "AWS_DEFAULT_REGION": REGION, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert done.returncode == 0, done.stderr
        loaded = set(done.stdout.split())
        assert not any(file.startswith((f"{ROOT}/lambda", f"{ROOT}/components")) for file in loaded)
        carried = {str(tmp_path / place) for place in archive(name) if place.endswith(".py")}
        shared = {file for file in carried if file.startswith(f"{tmp_path}/pipeline/")}
        of_others = {str(tmp_path / place) for place in function_archive.packages()}
        assert carried - shared - of_others <= loaded
        powertools = {file for file in loaded if "/aws_lambda_powertools/" in file}
        assert powertools
        assert powertools <= carried


def unpack(assets: dict[str, Any], directory: Path) -> None:
    for place, asset in assets.items():
        target = directory / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(asset, pulumi.StringAsset):
            target.write_text(asset.text, "utf-8")
        else:
            shutil.copy(asset.path, target)


class TestLauncher:
    def test_starts_only_jobs_as_the_settings_want_them(self) -> None:
        policy = launcher().inputs("aws:iam/rolePolicy:RolePolicy")["launcher-policy"]["policy"]
        [start] = [s for s in json.loads(policy)["Statement"] if s["Sid"] == "StartJobs"]
        assert start["Condition"] == roles.job_conditions(settings(), None)

    def test_a_type_that_refuses_the_volumes_key_is_announced(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        record_program("prod", keys_of(job__instance_type="ml.g5.xlarge"))
        [warning] = [each.message for each in caplog.records if "on their volume" in each.message]
        assert "ml.g5.xlarge" in warning


class TestObserver:
    def test_nobody_takes_over_an_end_that_an_invocation_may_still_be_at(self) -> None:
        assert timedelta(seconds=function("observer")["timeout"]) < LEASE

    def test_hears_how_this_stacks_attempts_end_and_of_no_others(self) -> None:
        rule = observer().one("aws:cloudwatch/eventRule:EventRule")
        assert rule["name"] == f"{PREFIX}-job-changes"
        pattern = json.loads(rule["eventPattern"])
        assert pattern["source"] == ["aws.sagemaker", "sagemaker-processing.launcher"]
        assert pattern["detail-type"] == [
            "SageMaker Processing Job State Change",
            "Processing Job Not Started",
        ]
        assert pattern["detail"]["ProcessingJobName"] == [{"prefix": f"{PREFIX}--"}]
        assert pattern["detail"]["ProcessingJobStatus"] == [
            "Completed",
            "Failed",
            "Stopped",
            "Refused",
            "Skipped",
        ]

    def test_hears_of_jobs_on_spot_too_where_there_are_any(self) -> None:
        rule = program("vpc, spot").within("observer").one("aws:cloudwatch/eventRule:EventRule")
        pattern = json.loads(rule["eventPattern"])
        assert pattern["source"] == ["aws.sagemaker", "sagemaker-processing.launcher"]
        assert "SageMaker Training Job State Change" in pattern["detail-type"]
        processing, training = pattern["detail"]["$or"]
        assert list(training) == ["TrainingJobName", "TrainingJobStatus"]
        assert [*training.values()] == [*processing.values()]

    def test_only_its_rule_may_invoke_it(self) -> None:
        permission = observer().one("aws:lambda/permission:Permission")
        assert permission["principal"] == "events.amazonaws.com"
        assert permission["sourceArn"].endswith(f":rule/{PREFIX}-job-changes")

    def test_an_event_that_does_not_reach_it_is_kept_in_its_queue(self) -> None:
        recorder = observer()
        target = recorder.one("aws:cloudwatch/eventTarget:EventTarget")
        queue = target["deadLetterConfig"]["arn"]
        assert queue.endswith(f":{PREFIX}-observer-failures")
        policy = recorder.one("aws:sqs/queuePolicy:QueuePolicy")
        assert policy["queueUrl"].endswith(f"/{PREFIX}-observer-failures")
        [statement] = json.loads(policy["policy"])["Statement"]
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        assert (statement["Action"], statement["Resource"]) == (["sqs:SendMessage"], [queue])
        [(_, [source])] = statement["Condition"]["ArnEquals"].items()
        assert source.endswith(f":rule/{PREFIX}-job-changes")

    def test_looks_after_all_jobs_every_five_minutes(self) -> None:
        watch = observer().one("aws:scheduler/schedule:Schedule")
        assert (watch["name"], watch["groupName"]) == ("_watch", PREFIX)
        assert not names.NAME.fullmatch(watch["name"]), "no schedule of a stack may be named so"
        assert watch["scheduleExpression"] == "rate(5 minutes)"
        assert json.loads(watch["target"]["input"]) == {"watch": "<aws.scheduler.scheduled-time>"}
