"""Secrets of a deployed stack: canaries are planted, and looked for everywhere else."""

import dataclasses
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pytest

from local.aws.endpoint import ACCOUNT
from local.aws.sagemaker.job import Job, JobEnd
from local.deploy.cloud import Cloud
from local.run import page
from local.run.report import Report
from tests.conftest import ROOT
from tests.test_secrets import MAIL, VALUE, with_alerts

ENVIRONMENT = "canary-of-the-environment"
SLOT = datetime(2026, 1, 5, 2, tzinfo=UTC)


class Planted:
    """A stack with secrets in it, where one slot failed and one event could not be dealt with."""

    def __init__(self, work: Path) -> None:
        self.jobs: list[dict[str, Any]] = []
        config = with_alerts({"protocol": "email", "endpoint": MAIL})
        self.cloud = Cloud(
            *(ROOT, work, "local"), run_job=self.run_job, build=lambda _: "image", config=config
        )

    def run_job(self, _: Cloud, job: Job) -> JobEnd:
        job.at("Training")
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

    @cached_property
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


class TestADeployedStack:
    def test_shows_its_secrets_nowhere(self, planted: Planted) -> None:
        canaries = [MAIL, VALUE, ENVIRONMENT, "of-the-embedded-aws", *planted.sessions()]
        assert len(canaries) >= 4 + 2 * 2
        assert all(len(canary) > 15 for canary in canaries)
        leaks = {
            (place, canary)
            for place, text in planted.everything.items()
            for canary in canaries
            if canary in text
        }
        assert leaks == set()

    def test_is_looked_through_where_something_could_be(self, planted: Planted) -> None:
        job = "processing-local--daily-20260105T020000Z-1"
        found = {place for place, text in planted.everything.items() if job in text}
        without = {"exports", "functions", "archives", "schedules"}
        assert found >= planted.everything.keys() - without - {"objects", "queues"}
        assert '"schedule": "weekly"' in planted.everything["queues"]
        assert "stack.json" in planted.everything["archives"]
        assert "JOURNAL_TABLE" in planted.everything["functions"]
