"""What AWS's own events tell people, in the deployed stack."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.aws.sagemaker.job import JobEnd
from local.deploy.cloud import Cloud
from tests.conftest import ACCOUNT, REGION, ROOT

IMAGE = "sha256:36c7b282abd0186e01419f2e58743e1bf635808231049bbc9d77e5EXAMPLE"


class Stage:
    """The deployed stack, and the messages since the last look."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self._seen = cloud, 0
        self.now = datetime.now(UTC)

    def publish(self, source: str, kind: str, resources: list[str], **detail: Any) -> list[str]:
        """Put an event of AWS's on the bus, and return the texts that it made."""
        self.cloud.bus.publish(
            {
                "version": "0",
                "id": "42dbea55",
                "detail-type": kind,
                "source": source,
                "account": ACCOUNT,
                "time": "2026-01-05T02:00:00Z",
                "region": REGION,
                "resources": resources,
                "detail": detail,
            }
        )
        return self.texts()

    def texts(self) -> list[str]:
        """Return the new texts; SNS gets those of rules in the quotes of a JSON string."""
        new = self.cloud.messages[self._seen :]
        self._seen += len(new)
        return [(message["body"] or "").strip('"') for message in new]

    def evaluate(self) -> list[str]:
        """Let five minutes pass, and return what the alarms told."""
        self.now += timedelta(minutes=5)
        self.cloud.alarms.evaluate(self.now)
        return self.texts()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    work = tmp_path_factory.mktemp("cloud")
    cloud = Cloud(
        ROOT, work, "local", run_job=lambda _cloud, _job: JobEnd("Failed"), build=lambda _: "image"
    )
    try:
        cloud.deploy()
        yield Stage(cloud)
    finally:
        cloud.close()


class TestFindings:
    """The events as they are in the ECR user guide, in part."""

    def basic(self, stage: Stage, repository: str, **counts: int) -> list[str]:
        detail: dict[str, Any] = {
            "scan-status": "COMPLETE",
            "repository-name": repository,
            "finding-severity-counts": counts,
            "image-digest": IMAGE,
            "image-tags": ["latest"],
        }
        image = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"
        return stage.publish("aws.ecr", "ECR Image Scan", [image], **detail)

    def enhanced(self, stage: Stage, repository: str, severity: str, status: str) -> list[str]:
        image = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}/{IMAGE}"
        return stage.publish(
            "aws.inspector2",
            "Inspector2 Finding",
            [image],
            title="CVE-2019-17498 - libssh2",
            severity=severity,
            status=status,
            type="PACKAGE_VULNERABILITY",
        )

    def test_critical_ones_of_a_basic_scan_are_told(self, stage: Stage) -> None:
        [text] = self.basic(stage, "processing-local", CRITICAL=2, HIGH=1)
        assert text.startswith(f"2 critical findings in image processing-local@{IMAGE}. First ")

    def test_a_critical_one_of_an_enhanced_scan_is_told(self, stage: Stage) -> None:
        [text] = self.enhanced(stage, "processing-local", "CRITICAL", "ACTIVE")
        assert text.startswith("Critical finding CVE-2019-17498 - libssh2 in image arn:aws:ecr:")
        assert f"repository/processing-local/{IMAGE}. First " in text

    def test_others_are_not(self, stage: Stage) -> None:
        assert self.basic(stage, "processing-local", HIGH=1) == []
        assert self.basic(stage, "processing-local-2", CRITICAL=1) == []
        assert self.enhanced(stage, "processing-local", "HIGH", "ACTIVE") == []
        assert self.enhanced(stage, "processing-local", "CRITICAL", "CLOSED") == []
        assert self.enhanced(stage, "processing-local-2", "CRITICAL", "ACTIVE") == []
        assert self.enhanced(stage, "processing-local/2", "CRITICAL", "ACTIVE") == []


class TestAlarms:
    def test_a_new_one_tells_nothing_however_often_it_is_evaluated(self, stage: Stage) -> None:
        states = {alarm["StateValue"] for alarm in stage.cloud.alarms.states()}
        assert "OK" in states
        assert stage.evaluate() == []

    def test_one_that_goes_off_and_is_over_is_told_each_time(self, stage: Stage) -> None:
        sqs = stage.cloud.aws.client("sqs")
        url = sqs.get_queue_url(QueueName="processing-local-launcher-failures")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="kept")
        [alarm] = stage.evaluate()
        assert json.loads(alarm)["AlarmName"] == "processing-local--launcher-failures"
        sqs.purge_queue(QueueUrl=url)
        stage.now += timedelta(minutes=15)
        [over] = stage.evaluate()
        assert over.startswith("Alarm processing-local--launcher-failures is over since 20")
        assert over.endswith("docs/runbook.md#alarm-over")

    def test_another_stacks_is_not_told(self, stage: Stage) -> None:
        for name in ("processing-local-2--x", "processing-local--daily-failed"):
            arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
            states = {"previousState": {"value": "ALARM"}, "state": {"value": "OK"}}
            change = "CloudWatch Alarm State Change"
            assert stage.publish("aws.cloudwatch", change, [arn], alarmName=name, **states) == []


def test_an_event_that_the_topic_does_not_take_is_kept_and_alarming(stage: Stage) -> None:
    sns, topic = stage.cloud.aws.client("sns"), stage.cloud.exports["alerts_topic"]
    policy = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    kept = [each for each in json.loads(policy)["Statement"] if each["Sid"] != "EventsToTheTopic"]
    changed = json.dumps({**json.loads(policy), "Statement": kept})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=changed)
    try:
        assert TestFindings().basic(stage, "processing-local", CRITICAL=1) == []
    finally:
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    [alarm] = stage.evaluate()
    assert json.loads(alarm)["AlarmName"] == "processing-local--alerts-failures"
