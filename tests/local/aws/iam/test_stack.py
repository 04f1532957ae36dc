"""The deployed stack without one of its grants: what AWS would refuse, is refused, and how."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.aws import messaging
from local.aws.events.scheduler import ScheduleError
from local.aws.sagemaker.hosts import JobFailedError, prepare
from local.aws.sagemaker.job import Job, JobEnd
from local.aws.sagemaker.job_data import download, upload
from local.deploy.cloud import Cloud
from pipeline.journal_items import Entry
from tests.conftest import REGION, ROOT


class Stack:
    """The deployed stack, whose jobs copy their input to their output with the job's role."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._slot = directory, datetime(2026, 1, 1, 3, tzinfo=UTC)
        self.cloud = Cloud(
            ROOT, directory / "cloud", "local", run_job=self._run, build=lambda _: "image"
        )
        self.cloud.deploy()

    def play(self) -> Entry:
        """Play a slot of its own and return its only attempt."""
        slot = self.fire()
        self.cloud.settle()
        [entry] = self.cloud.journal.attempts("daily", slot)
        return entry

    def fire(self) -> datetime:
        self._slot += timedelta(days=1)
        key = f"{self.cloud.settings.input.prefix.format(slot=self._slot)}data.csv"
        bucket = self.cloud.exports["input_bucket"]
        self.cloud.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=b"a")
        self.cloud.fire("daily", self._slot)
        return self._slot

    def fail_launcher(self) -> None:
        """Let the launcher have an event that it raises on, and is retried with."""
        self.cloud.functions.invoke(self.cloud.exports["launcher"], b'{"schedule": "no"}')
        self.cloud.settle()

    @contextmanager
    def without(self, role: str, *actions: str) -> Generator[None]:
        """Take grants away from a role: the one whose name ends so."""
        iam = self.cloud.aws.client("iam")
        names = [each["RoleName"] for each in iam.list_roles()["Roles"]]
        [name] = [each for each in names if each.endswith(f"-{REGION}-{role}")]
        [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
        whole = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        kept = [
            {**each, "Action": left}
            for each in whole["Statement"]
            if (left := [action for action in each["Action"] if action not in actions])
        ]
        assert kept != whole["Statement"], f"{role} has no grant of {actions}"
        where = {"RoleName": name, "PolicyName": policy}
        iam.put_role_policy(**where, PolicyDocument=json.dumps({**whole, "Statement": kept}))
        try:
            yield
        finally:
            iam.put_role_policy(**where, PolicyDocument=json.dumps(whole))

    def depth(self, queue: str) -> int:
        """Return the messages in the one queue whose name holds `queue`."""
        urls = self.cloud.aws.client("sqs").list_queues()["QueueUrls"]
        [name] = [url.rpartition("/")[2] for url in urls if queue in url]
        return messaging.queue_depth(self.cloud.aws, name) or 0

    def counted(self, metric: str) -> float:
        return sum(point.value for point in self.cloud.metrics.points if point.name == metric)

    def used(self, role: str, *, allowed: bool = True) -> set[str]:
        return {
            action
            for who, action, _, admitted in self.cloud.aws.iam.used
            if who.endswith(role) and admitted == allowed
        }

    def _run(self, cloud: Cloud, job: Job) -> JobEnd:
        ml = self._directory / job.name
        prepare(ml, job, "algo-1")
        s3 = cloud.aws.client_as(cloud.assume_for(job), "s3")
        job.at("Training")
        source, target = job.spec.inputs[0], job.spec.outputs[0]
        try:
            download(s3, source, [ml], job.stop)
            upload(s3, replace(target, path=source.path), ml)
        except JobFailedError as failure:
            return JobEnd("Failed", str(failure))
        return JobEnd("Completed")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("stack"))
    yield made
    made.cloud.close()


class TestAWholeStack:
    def test_a_slot_needs_nothing_that_is_not_granted(self, stack: Stack) -> None:
        stack.cloud.aws.iam.used.clear()  # of what other tests here were refused
        assert stack.play().outcome == "completed"
        assert not stack.used("", allowed=False)
        assert stack.used("job") == {
            "s3:ListBucket",
            "s3:GetObject",
            "s3:PutObject",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "kms:DescribeKey",
            "kms:CreateGrant",
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
        }
        assert "lambda:InvokeFunction" in stack.used("schedule-group")
        assert "logs:PutLogEvents" in stack.used("launcher")


class TestWithoutAGrant:
    @pytest.mark.parametrize(
        ("role", "action"),
        [
            ("launcher", "sagemaker:CreateProcessingJob"),
            ("launcher", "sagemaker:AddTags"),
            ("launcher", "iam:PassRole"),
            ("job", "s3:GetObject"),
            ("job", "s3:ListBucket"),
            ("job", "s3:PutObject"),
            ("job", "kms:Decrypt"),
            ("job", "kms:GenerateDataKey"),
            ("job", "kms:CreateGrant"),
            ("job", "ecr:BatchGetImage"),
        ],
    )
    def test_a_run_fails_and_its_message_tells_what_is_denied(
        self, stack: Stack, role: str, action: str
    ) -> None:
        before = len(stack.cloud.messages)
        with stack.without(role, action):
            entry = stack.play()
        assert entry.outcome == "access_denied"
        assert "AccessDenied" in (entry.reason or "")
        assert f"not authorized to perform: {action}" in (entry.reason or "")
        [message] = stack.cloud.messages[before:]
        assert f"not authorized to perform: {action}" in (message["body"] or "")

    def test_a_schedule_that_may_not_deliver_keeps_its_slot(self, stack: Stack) -> None:
        before = stack.depth("schedule-failures")
        refused = pytest.raises(ScheduleError, match="perform: lambda:InvokeFunction")
        with stack.without("schedule-group", "lambda:InvokeFunction"), refused:
            stack.fire()
        assert stack.depth("schedule-failures") == before + 1

    @pytest.mark.parametrize(
        "actions",
        [
            ("lambda:InvokeFunction", "sqs:SendMessage"),
            ("lambda:InvokeFunction", "kms:GenerateDataKey"),
            ("kms:Decrypt",),
        ],
    )
    def test_a_schedule_that_may_not_keep_it_either_loses_and_counts_it(
        self, stack: Stack, actions: tuple[str, ...]
    ) -> None:
        lost = "InvocationsFailedToBeSentToDeadLetterCount"
        before, counted = stack.depth("schedule-failures"), stack.counted(lost)
        refused = pytest.raises(ScheduleError, match=f"perform: {actions[0]}")
        with stack.without("schedule-group", *actions), refused:
            stack.fire()
        assert stack.depth("schedule-failures") == before
        assert stack.counted(lost) == counted + 1

    def test_a_function_keeps_what_it_fails_on_and_without_the_grant_counts_it_as_lost(
        self, stack: Stack
    ) -> None:
        lost = "DestinationDeliveryFailures"
        before = stack.depth("launcher-failures")
        stack.fail_launcher()
        assert (stack.depth("launcher-failures"), stack.counted(lost)) == (before + 1, 0)
        for number, action in enumerate(("sqs:SendMessage", "kms:GenerateDataKey"), 1):
            with stack.without("launcher", action):
                stack.fail_launcher()
            assert stack.depth("launcher-failures") == before + 1
            assert stack.counted(lost) == number

    def test_a_function_that_may_not_log_runs_in_silence(self, stack: Stack) -> None:
        logs = stack.cloud.aws.client("logs")
        [group] = [
            each["logGroupName"]
            for each in logs.describe_log_groups()["logGroups"]
            if each["logGroupName"].endswith("-launcher")
        ]
        before = len(logs.describe_log_streams(logGroupName=group)["logStreams"])
        with stack.without("launcher", "logs:PutLogEvents"):
            assert stack.play().outcome == "completed"
        assert len(logs.describe_log_streams(logGroupName=group)["logStreams"]) == before

    def test_an_observer_that_may_not_publish_fails_and_its_event_is_kept(
        self, stack: Stack
    ) -> None:
        before, sent = stack.depth("observer-failures"), len(stack.cloud.messages)
        silent = stack.without("observer", "sns:Publish")
        with silent, stack.without("job", "s3:GetObject"):
            stack.fire()
            stack.cloud.settle()
        assert stack.depth("observer-failures") > before
        assert len(stack.cloud.messages) == sent
