"""Secrets stay where they belong: canaries are planted, and looked for everywhere else."""

import dataclasses
import io
import json
import runpy
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pulumi.runtime
import pytest

from components.settings import Settings, stack_file
from components.settings.loader import SettingsError, read
from local.aws.endpoint import ACCOUNT
from local.aws.sagemaker.job import Job, JobEnd
from local.deploy.cloud import Cloud
from local.run import page
from local.run.report import Report
from tests.conftest import ROOT, Recorder, record

PROJECT = stack_file.project(ROOT)
URL = "https://hooks.example.com/services/canary-7f3a91c4"
MAIL = "canary-5d1e8b20@example.com"
VALUE = "canary-of-secrets-manager"
ENVIRONMENT = "canary-of-the-environment"
SLOT = datetime(2026, 1, 5, 2, tzinfo=UTC)
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Pulumi's key in the wrapper of a secret: what is in one is encrypted in the state."""


def with_alerts(*subscriptions: Any) -> dict[str, str]:
    keys = stack_file.keys(ROOT, "local")
    return keys | {f"{PROJECT}:alerts": json.dumps({"subscriptions": subscriptions})}


def state(value: Any) -> Any:
    """Return what is recorded as it lies in the state, where secrets are encrypted."""
    if isinstance(value, dict):
        tree = cast("dict[str, Any]", value)
        if SIGNATURE in tree:
            return "(encrypted)"
        return {key: state(each) for key, each in tree.items()}
    if isinstance(value, list):
        return [state(each) for each in cast("list[Any]", value)]
    return value


def recorded(*subscriptions: dict[str, str]) -> Recorder:
    keys = with_alerts(*subscriptions)

    def program() -> None:
        pulumi.runtime.set_all_config(keys, [f"{PROJECT}:alerts"])
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    return record(program, "local", keys)


class TestTheState:
    def test_holds_no_endpoint_and_no_password_in_plain_text(self) -> None:
        recorder = recorded(
            {"protocol": "https", "endpoint": URL}, {"protocol": "email", "endpoint": MAIL}
        )
        assert {each["endpoint"] for each in recorder.inputs(SUBSCRIPTION).values()} == {URL, MAIL}
        text = "\n".join(
            f"{each.typ} {each.name} {json.dumps(state(each.inputs), default=repr)}"
            for each in recorder.created
        )
        text += json.dumps(recorder.exports, default=str) + repr(recorder.called)
        assert "processing-local-alerts" in text
        for canary in (URL, MAIL, "7f3a91c4", "5d1e8b20", "registry-password"):
            assert canary not in text


class TestTheConfiguration:
    def refusal(self, keys: dict[str, str], *secrets: str) -> str:
        with pytest.raises(SettingsError) as error:
            read(keys, PROJECT, "local", secrets=[f"{PROJECT}:{each}" for each in secrets])
        assert error.value.__cause__ is None
        return str(error.value)

    def test_may_hold_the_alerts_as_a_secret(self) -> None:
        keys = with_alerts({"protocol": "https", "endpoint": URL})
        settings = read(
            keys, PROJECT, "local", secrets=[f"{PROJECT}:alerts", "docker:registryAuth"]
        )
        assert settings.alerts.subscriptions[0].endpoint == URL

    @pytest.mark.parametrize(
        "key",
        sorted({*Settings.model_fields, "unknown"} - {"alerts", "project", "stack", "region"}),
    )
    def test_may_hold_no_other_secret_and_says_where_it_belongs(self, key: str) -> None:
        keys = with_alerts() | {f"{PROJECT}:{key}": VALUE}
        said = self.refusal(keys, key)
        assert f"{PROJECT}:{key} is a secret" in said
        assert "list its name under job.secrets" in said
        assert VALUE not in said

    def test_may_hold_no_secret_region(self) -> None:
        with pytest.raises(SettingsError, match="aws:region is a secret"):
            read(with_alerts(), PROJECT, "local", secrets=["aws:region"])

    @pytest.mark.parametrize(
        "subscription",
        [
            {"protocol": "email", "endpoint": VALUE},
            {"protocol": VALUE, "endpoint": URL},
            {"protocol": "https", "endpoint": URL, "token": VALUE},
            VALUE,
        ],
    )
    def test_never_shows_a_secret_in_an_error(self, subscription: Any) -> None:
        said = self.refusal(with_alerts(subscription), "alerts")
        assert "alerts.subscriptions[0]" in said
        assert "set it again with --secret" in said
        assert "canary" not in said

    @pytest.mark.parametrize("text", [VALUE, f"[{VALUE}", f'{{"{VALUE}'])
    def test_never_shows_a_secret_that_is_no_structure(self, text: str) -> None:
        said = self.refusal(with_alerts() | {f"{PROJECT}:alerts": text}, "alerts")
        assert "alerts = (a secret)" in said
        assert "canary" not in said

    def test_learns_from_pulumi_which_keys_are_secret(self) -> None:
        keys = with_alerts() | {f"{PROJECT}:tags": json.dumps({"a": VALUE})}

        def program() -> None:
            pulumi.runtime.set_all_config(keys, [f"{PROJECT}:tags"])
            runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

        with pytest.raises(SettingsError, match="tags is a secret"):
            record(program, "local", keys)


class TestAStackFile:
    def keys(self, tmp_path: Path, text: str) -> dict[str, str]:
        (tmp_path / "Pulumi.x.yaml").write_text(f"encryptionsalt: v1:abc\nconfig:\n{text}")
        return stack_file.keys(tmp_path, "x")

    def test_is_read_without_a_key_that_holds_something_encrypted(self, tmp_path: Path) -> None:
        found = self.keys(
            tmp_path,
            "  p:alerts:\n    monitoring: full\n    subscriptions:\n"
            "      - protocol: https\n        endpoint:\n          secure: v1:abc:def\n"
            "  p:prefix: x\n  p:input: {secure: v1:abc}\n  p:job: {environment: {B: b}}\n",
        )
        assert found == {"p:prefix": "x", "p:job": '{"environment": {"B": "b"}}'}

    def test_with_an_encrypted_endpoint_gives_the_settings(self, tmp_path: Path) -> None:
        text = (ROOT / "Pulumi.prod.yaml").read_text("utf-8")
        endpoint = "{protocol: https, endpoint: {secure: v1:abc}}"
        alerts = f"  {PROJECT}:alerts: {{subscriptions: [{endpoint}]}}\n"
        (tmp_path / "Pulumi.prod.yaml").write_text(text + alerts)
        settings = read(stack_file.keys(tmp_path, "prod"), PROJECT, "prod")
        assert settings.alerts.subscriptions == ()


class Planted:
    """A stack with secrets in it, where one slot failed and one event could not be dealt with."""

    def __init__(self, work: Path) -> None:
        self.jobs: list[dict[str, Any]] = []
        config = with_alerts({"protocol": "email", "endpoint": MAIL})
        self.cloud = Cloud(
            *(ROOT, work, "local"), run_job=self.run_job, build=lambda _: "image", config=config
        )

    def run_job(self, _: Cloud, job: Job) -> JobEnd:
        job.started()
        self.jobs.append(dict(job.request))
        return JobEnd("Failed", "AlgorithmError: , exit code: 1", "no rows")

    def play(self) -> None:
        cloud = self.cloud
        cloud.deploy()
        self.client("secretsmanager").create_secret(Name="database", SecretString=VALUE)
        key = f"{cloud.settings.input.prefix.format(slot=SLOT)}data.csv"
        self.client("s3").put_object(Bucket=cloud.exports["input_bucket"], Key=key, Body=b"a")
        cloud.fire("daily", SLOT)
        cloud.functions.invoke(cloud.exports["launcher"], b'{"schedule": "weekly"}')
        cloud.settle()
        cloud.tick()
        cloud.alarms.evaluate(datetime.now(UTC))

    def client(self, service: str) -> Any:
        return self.cloud.aws.client(service)

    def sessions(self) -> list[str]:
        """Return the secret part of the credentials of every session of a role."""
        names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        sessions = cast("Any", self.cloud.aws.iam)._sessions.values()
        return [session.keys.environment[name] for session in sessions for name in names]

    def everything(self) -> dict[str, str]:
        """Return place -> text, of all that somebody may read without being meant to."""
        report = Report(stack="local", schedule="daily", slot="2026-01-05T02:00:00Z")
        report.fill(self.cloud, "daily", SLOT)
        return {
            "exports": repr(self.cloud.exports),
            "requests": repr(self.jobs),
            "jobs": repr([self.job(each["ProcessingJobName"]) for each in self.jobs]),
            "report.json": json.dumps(dataclasses.asdict(report)),
            "report.html": page.render(report),
            "timeline": repr(self.cloud.timeline),
            "functions": repr(self.functions()),
            "archives": "\n".join(self.archives()),
            "logs": "\n".join(self.logs()),
            "queues": "\n".join(self.queues()),
            "tables": "\n".join(self.tables()),
            "schedules": repr(self.schedules()),
            "objects": "\n".join(self.objects()),
            "messages": repr(self.cloud.messages),
        }

    def job(self, name: str) -> Any:
        return self.client("sagemaker").describe_processing_job(ProcessingJobName=name)

    def functions(self) -> Any:
        return self.client("lambda").list_functions()["Functions"]

    def archives(self) -> Iterator[str]:
        from moto.backends import get_backend  # noqa: PLC0415 - see local.aws.endpoint on its import

        backend: Any = get_backend("lambda")[ACCOUNT][self.cloud.aws.region]
        for function in self.functions():
            code = io.BytesIO(backend.get_function(function["FunctionName"]).code_bytes)
            with zipfile.ZipFile(code) as archive:
                for name in archive.namelist():
                    yield f"{name}\n{archive.read(name).decode(errors='replace')}"

    def logs(self) -> Iterator[str]:
        logs = self.client("logs")
        for group in logs.describe_log_groups()["logGroups"]:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"]
            )
            yield from pages.search("events[].message")

    def queues(self) -> Iterator[str]:
        sqs = self.client("sqs")
        for url in sqs.list_queues()["QueueUrls"]:
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
            yield from (message["Body"] for message in found.get("Messages", []))

    def tables(self) -> Iterator[str]:
        yield repr(
            self.client("dynamodb").scan(TableName=self.cloud.exports["journal_table"])["Items"]
        )

    def schedules(self) -> Any:
        client = self.client("scheduler")
        return [
            client.get_schedule(GroupName=each["GroupName"], Name=each["Name"])
            for each in client.list_schedules()["Schedules"]
        ]

    def objects(self) -> Iterator[str]:
        s3 = self.client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            for item in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
                body = s3.get_object(Bucket=bucket["Name"], Key=item["Key"])["Body"].read()
                yield f"{item['Key']}\n{body.decode(errors='replace')}"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SESSION_TOKEN", ENVIRONMENT)
        patch.setenv("CANARY", ENVIRONMENT)
        found = Planted(tmp_path_factory.mktemp("planted"))
        try:
            found.play()
            yield found
        finally:
            found.cloud.close()


@pytest.mark.local
class TestADeployedStack:
    def test_shows_its_secrets_nowhere(self, planted: Planted) -> None:
        canaries = [MAIL, VALUE, ENVIRONMENT, "of-the-embedded-aws", *planted.sessions()]
        assert len(canaries) >= 4 + 2 * 2
        assert all(len(canary) > 15 for canary in canaries)
        leaks = {
            (place, canary)
            for place, text in planted.everything().items()
            for canary in canaries
            if canary in text
        }
        assert leaks == set()

    def test_is_looked_through_where_something_could_be(self, planted: Planted) -> None:
        job = "processing-local--daily-20260105T020000Z-1"
        found = {place for place, text in planted.everything().items() if job in text}
        without = {"exports", "functions", "archives", "schedules"}
        assert found >= planted.everything().keys() - without - {"objects", "queues"}
        assert '"schedule": "weekly"' in planted.everything()["queues"]
        assert "stack.json" in planted.everything()["archives"]
        assert "JOURNAL_TABLE" in planted.everything()["functions"]
