"""Each component by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from components.aws.account import Account
from components.dispatch import Dispatch, DispatchArgs
from components.encryption import Encryption, EncryptionArgs
from components.image import Image, ImageArgs
from components.journal import Runs, RunsArgs
from components.schedule import Schedule, ScheduleArgs
from components.settings import RetentionSettings, ScheduleSettings
from components.storage import Storage, StorageArgs
from tests.conftest import ACCOUNT, REGION, Recorder, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HERE = Account(partition="aws", region=REGION, id=ACCOUNT)
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"


def build(make: Callable[[], Any]) -> Recorder:
    return record(make, "dev")


class TestEncryption:
    def encryption(self) -> Recorder:
        args = EncryptionArgs(
            account=HERE,
            prefix="p-dev",
            log_groups=["/aws/lambda/p-dev-launcher"],
            keep_data=False,
        )
        return build(lambda: Encryption("encryption", args))

    def test_the_key_rotates_and_waits_before_it_is_gone(self) -> None:
        key = self.encryption().one("aws:kms/key:Key")
        assert key["enableKeyRotation"]
        assert key["deletionWindowInDays"] == 7

    def test_logs_may_use_the_key_for_exactly_these_groups(self) -> None:
        policy = json.loads(self.encryption().one("aws:kms/key:Key")["policy"])
        [logs] = [s for s in policy["Statement"] if s["Sid"] == "LogsOfThisStack"]
        assert logs["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
        groups = logs["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
        assert groups == [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/p-dev-launcher"]

    def test_the_account_never_locks_itself_out(self) -> None:
        policy = json.loads(self.encryption().one("aws:kms/key:Key")["policy"])
        assert policy["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


class TestRuns:
    def runs(self, keep_data: bool = False) -> dict[str, Any]:
        args = RunsArgs(prefix="p-dev", key_arn=KEY, keep_data=keep_data)
        return build(lambda: Runs("runs", args)).one("aws:dynamodb/table:Table")

    def test_the_journal_finds_the_attempts_of_a_schedule_by_slot(self) -> None:
        table = self.runs()
        assert table["name"] == "p-dev-runs"
        assert (table["hashKey"], table["rangeKey"]) == ("schedule", "attempt")
        assert {each["name"]: each["type"] for each in table["attributes"]} == {
            "schedule": "S",
            "attempt": "S",
        }

    def test_entries_expire_and_cost_only_what_is_asked(self) -> None:
        table = self.runs()
        assert table["ttl"] == {"attributeName": "expires", "enabled": True}
        assert table["billingMode"] == "PAY_PER_REQUEST"

    def test_the_journal_is_encrypted_and_can_be_recovered(self) -> None:
        table = self.runs()
        assert table["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY}
        assert table["pointInTimeRecovery"] == {"enabled": True}

    def test_the_journal_is_kept_where_data_is_protected(self) -> None:
        assert self.runs(keep_data=True)["deletionProtectionEnabled"]
        assert not self.runs()["deletionProtectionEnabled"]


STORAGE = StorageArgs(
    account=HERE,
    prefix="p-dev",
    key_arn=KEY,
    retention=RetentionSettings(output_days=30, noncurrent_days=7),
    keep_data=False,
    existing_input=None,
    existing_output=None,
)


class TestStorage:
    def test_existing_buckets_are_used_and_left_alone(self) -> None:
        args = replace(STORAGE, existing_input="mine", existing_output="mine-too")
        made: list[Storage] = []
        recorder = build(lambda: made.append(Storage("storage", args)))
        assert recorder.kinds() == {"sagemaker-processing:storage:Storage"}

    def test_only_the_missing_bucket_is_created(self) -> None:
        args = replace(STORAGE, existing_input="mine")
        recorder = build(lambda: Storage("storage", args))
        name = recorder.one("aws:s3/bucket:Bucket")["bucket"]
        assert name == f"p-dev-output-{ACCOUNT}-{REGION}"

    def test_outputs_expire_and_inputs_do_not(self) -> None:
        recorder = build(lambda: Storage("storage", STORAGE))
        kind = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
        rules = {name: inputs["rules"][0] for name, inputs in recorder.inputs(kind).items()}
        assert rules["storage-output-lifecycle"]["expiration"] == {"days": 30}
        assert "expiration" not in rules["storage-input-lifecycle"]
        for rule in rules.values():
            assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
            assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "entrypoint.sh").write_text("true\n")
    return folder


def image(context: Path, base_image: str | None = None) -> Recorder:
    args = ImageArgs(
        account=HERE,
        prefix="p-dev",
        key_arn=KEY,
        context=context,
        base_image=base_image,
        keep_data=False,
    )
    return build(lambda: Image("image", args))


def image_name(context: Path, base_image: str | None = None) -> str:
    return image(context, base_image).one("docker:index/image:Image")["imageName"]


class TestImage:
    def test_is_built_for_the_processor_of_processing_instances(self, context: Path) -> None:
        built = image(context).one("docker:index/image:Image")
        assert built["build"]["platform"] == "linux/amd64"
        assert built["buildOnPreview"] is False
        assert built["skipPush"] is False

    @pytest.mark.parametrize(
        ("base", "warned"),
        [(None, False), (f"a:1@sha256:{'ab' * 32}", False), ("b:2", True)],
    )
    def test_of_a_base_image_without_a_digest_is_warned_of_by_a_preview(
        self,
        context: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        base: str | None,
        *,
        warned: bool,
    ) -> None:
        monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
        image(context, base)
        told = [each.getMessage() for each in caplog.records if "no digest" in each.getMessage()]
        assert bool(told) is warned
        assert all("docker buildx imagetools inspect b:2" in each for each in told)

    def test_is_built_of_a_copy_that_is_the_same_on_every_machine(self, context: Path) -> None:
        build = image(context).one("docker:index/image:Image")["build"]
        staged = context.parent / ".build" / context.name
        assert build["context"] == staged.as_posix()
        assert build["dockerfile"] == (staged / "Dockerfile").as_posix()
        assert (staged / "Dockerfile").read_text() == "FROM scratch\n"

    def test_is_found_again_by_the_cache_that_the_registry_has_of_it(self, context: Path) -> None:
        built = image(context, "debian:13-slim").one("docker:index/image:Image")
        assert built["build"]["cacheFrom"] == {"images": [built["imageName"]]}
        assert built["build"]["args"] == {
            "BASE_IMAGE": "debian:13-slim",
            "BUILDKIT_INLINE_CACHE": "1",
        }

    def test_the_same_context_has_the_same_tag_and_any_change_another(self, context: Path) -> None:
        before = image_name(context)
        assert image_name(context) == before
        assert not before.endswith(":latest")
        assert image_name(context, "debian:13-slim") != before
        (context / "entrypoint.sh").write_text("false\n")
        assert image_name(context) != before

    def test_the_repository_takes_a_tag_again_and_is_scanned_and_encrypted(
        self, context: Path
    ) -> None:
        repository = image(context).one("aws:ecr/repository:Repository")
        assert repository["imageTagMutability"] == "MUTABLE"
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]

    def test_tagged_images_are_bounded_too(self, context: Path) -> None:
        policy = json.loads(image(context).one("aws:ecr/lifecyclePolicy:LifecyclePolicy")["policy"])
        untagged, newest = [rule["selection"] for rule in policy["rules"]]
        assert untagged["tagStatus"] == "untagged"
        assert newest == {
            "tagStatus": "any",
            "countType": "imageCountMoreThan",
            "countNumber": 10,
        }


LAUNCHER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:p-dev-launcher"


def schedules(**settings: Any) -> Recorder:
    daily = ScheduleSettings(expression="cron(0 2 * * ? *)", timezone="Europe/Berlin", **settings)
    hourly = ScheduleSettings(expression="rate(1 hour)", timezone="UTC")
    args = ScheduleArgs(
        schedules={"daily": daily, "hourly": hourly},
        group="p-dev",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/p-dev-schedule",
        failures_arn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:p-dev-schedule-failures",
        function_arn=LAUNCHER,
        key_arn=KEY,
        after=[],
    )
    return build(lambda: Schedule("schedule", args))


class TestSchedule:
    def test_one_schedule_for_each_that_is_configured_in_its_zone(self) -> None:
        found = schedules().inputs("aws:scheduler/schedule:Schedule")
        assert found.keys() == {"schedule-daily", "schedule-hourly"}
        daily = found["schedule-daily"]
        assert daily["name"] == "daily"
        assert daily["scheduleExpression"] == "cron(0 2 * * ? *)"
        assert daily["scheduleExpressionTimezone"] == "Europe/Berlin"
        assert daily["flexibleTimeWindow"] == {"mode": "OFF"}

    def test_a_suspended_schedule_is_deployed_disabled(self) -> None:
        found = schedules(suspend=True).inputs("aws:scheduler/schedule:Schedule")
        assert found["schedule-daily"]["state"] == "DISABLED"
        assert found["schedule-hourly"]["state"] == "ENABLED"

    def test_a_slot_that_daylight_saving_takes_away_is_announced(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        schedules()  # daily at 02:00 in Berlin, where the clock goes from 01:59 to 03:00
        [warning] = [record.message for record in caplog.records if "daily" in record.message]
        assert "-03-" in warning
        assert "02:00: Europe/Berlin skips that time" in warning

    def test_the_event_carries_the_scheduled_time_and_never_the_time_of_delivery(self) -> None:
        target = schedules().inputs("aws:scheduler/schedule:Schedule")["schedule-daily"]["target"]
        assert json.loads(target["input"]) == {
            "schedule": "daily",
            "slot": "<aws.scheduler.scheduled-time>",
            "trigger": "schedule",
        }

    def test_what_cannot_be_delivered_is_kept(self) -> None:
        recorder = schedules()
        for schedule in recorder.inputs("aws:scheduler/schedule:Schedule").values():
            target = schedule["target"]
            assert target["deadLetterConfig"]["arn"].endswith(":p-dev-schedule-failures")
            assert target["retryPolicy"]["maximumEventAgeInSeconds"] >= 60

    def test_its_events_are_encrypted_with_the_stacks_key(self) -> None:
        for schedule in schedules().inputs("aws:scheduler/schedule:Schedule").values():
            assert schedule["kmsKeyArn"] == KEY


class TestDispatch:
    def dispatch(self) -> Recorder:
        args = DispatchArgs(
            account=HERE,
            prefix="p-dev",
            permissions_boundary=None,
            function_arn=LAUNCHER,
            key_arn=KEY,
        )
        return build(lambda: Dispatch("dispatch", args))

    def test_what_is_kept_is_encrypted_with_the_stacks_key(self) -> None:
        queue = self.dispatch().one("aws:sqs/queue:Queue")
        assert (queue["kmsMasterKeyId"], queue.get("sqsManagedSseEnabled")) == (KEY, None)

    def test_the_role_may_invoke_this_function_and_no_other(self) -> None:
        policy = json.loads(self.dispatch().one("aws:iam/rolePolicy:RolePolicy")["policy"])
        [invoke] = [s for s in policy["Statement"] if "lambda:InvokeFunction" in s["Action"]]
        assert invoke["Resource"] == [LAUNCHER]
