"""Each component by itself."""

import json
from functools import cache
from typing import Any

from components.encryption import Encryption
from components.journal import Journal
from components.storage import Storage
from tests.components.settings.test_settings import keys_of, settings
from tests.components.stacks import HERE, KEY, build, stack
from tests.conftest import ACCOUNT, REGION, Recorder, record_program
from tests.recorded import program


class TestEncryption:
    def encryption(self) -> Recorder:
        found = settings(prefix="p-dev", data="destroy")
        return build(lambda: Encryption("encryption", found, HERE, None))

    def test_the_key_rotates_and_waits_before_it_is_gone(self) -> None:
        key = self.encryption().one("aws:kms/key:Key")
        assert key["enableKeyRotation"]
        assert key["deletionWindowInDays"] == 7

    def test_logs_may_use_the_key_for_exactly_these_groups(self) -> None:
        policy = json.loads(self.encryption().one("aws:kms/key:Key")["policy"])
        [logs] = [s for s in policy["Statement"] if s["Sid"] == "LogsOfThisStack"]
        assert logs["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
        groups = logs["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
        assert groups == [
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/p-dev-{function}"
            for function in ("launcher", "observer")
        ]

    def test_the_account_never_locks_itself_out(self) -> None:
        policy = json.loads(self.encryption().one("aws:kms/key:Key")["policy"])
        assert policy["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


class TestJournal:
    def journal(self, data: str = "destroy") -> dict[str, Any]:
        of = stack(prefix="p-dev", data=data)
        return build(lambda: Journal("journal", of)).one("aws:dynamodb/table:Table")

    def test_finds_the_attempts_of_a_schedule_by_slot(self) -> None:
        table = self.journal()
        assert table["name"] == "p-dev-journal"
        assert (table["hashKey"], table["rangeKey"]) == ("schedule", "attempt")
        assert {each["name"]: each["type"] for each in table["attributes"]} == {
            "schedule": "S",
            "attempt": "S",
        }

    def test_has_entries_that_expire_and_costs_only_what_is_asked(self) -> None:
        table = self.journal()
        assert table["ttl"] == {"attributeName": "expires", "enabled": True}
        assert table["billingMode"] == "PAY_PER_REQUEST"

    def test_is_encrypted_and_can_be_recovered(self) -> None:
        table = self.journal()
        assert table["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY}
        assert table["pointInTimeRecovery"] == {"enabled": True}

    def test_is_kept_where_data_is_kept(self) -> None:
        assert self.journal(data="keep")["deletionProtectionEnabled"]
        assert not self.journal()["deletionProtectionEnabled"]


def storage(**changes: Any) -> Recorder:
    retention = {"retention__output_days": 30, "retention__noncurrent_days": 7}
    of = stack(prefix="p-dev", **retention, **changes)
    return build(lambda: Storage("storage", of))


class TestStorage:
    def test_existing_buckets_are_used_and_left_alone(self) -> None:
        recorder = storage(input__bucket="mine", output__bucket="mine-too")
        assert recorder.kinds() == {"sagemaker-processing:storage:Storage"}

    def test_only_the_missing_bucket_is_created(self) -> None:
        name = storage(input__bucket="mine").one("aws:s3/bucket:Bucket")["bucket"]
        assert name == f"p-dev-output-{ACCOUNT}-{REGION}"

    def test_outputs_expire_and_inputs_do_not(self) -> None:
        kind = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
        rules = {name: inputs["rules"][0] for name, inputs in storage().inputs(kind).items()}
        assert rules["storage-output-lifecycle"]["expiration"] == {"days": 30}
        assert "expiration" not in rules["storage-input-lifecycle"]
        for rule in rules.values():
            assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
            assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}

    def test_what_a_spot_job_leaves_expires_later_than_any_run_ends(self) -> None:
        kind = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
        found = storage(job__capacity="spot").inputs(kind)
        [_, left_over] = found["storage-output-lifecycle"]["rules"]
        assert left_over["filter"] == {"prefix": "_spot/"}
        longest = settings(job__capacity="spot", job__max_runtime_seconds=777_600).job
        assert left_over["expiration"]["days"] * 86_400 > longest.longest_run_seconds
        assert all(len(each["rules"]) == 1 for each in storage().inputs(kind).values())


DAILY = {"expression": "cron(0 2 * * ? *)", "timezone": "Europe/Berlin"}
HOURLY = {"expression": "rate(1 hour)", "timezone": "UTC"}


@cache
def schedules() -> dict[str, dict[str, Any]]:
    keys = keys_of(schedules={"daily": DAILY, "hourly": {**HOURLY, "suspend": True}})
    recorder = record_program("prod", keys).within("schedule")
    return recorder.inputs("aws:scheduler/schedule:Schedule")


class TestSchedule:
    def test_one_schedule_for_each_that_is_configured_in_its_zone(self) -> None:
        found = schedules()
        assert found.keys() == {"schedule-daily", "schedule-hourly"}
        daily = found["schedule-daily"]
        assert daily["name"] == "daily"
        assert daily["scheduleExpression"] == "cron(0 2 * * ? *)"
        assert daily["scheduleExpressionTimezone"] == "Europe/Berlin"
        assert daily["flexibleTimeWindow"] == {"mode": "OFF"}

    def test_a_suspended_schedule_is_deployed_disabled(self) -> None:
        assert schedules()["schedule-daily"]["state"] == "ENABLED"
        assert schedules()["schedule-hourly"]["state"] == "DISABLED"

    def test_the_event_carries_the_scheduled_time_and_never_the_time_of_delivery(self) -> None:
        target = schedules()["schedule-daily"]["target"]
        assert json.loads(target["input"]) == {
            "schedule": "daily",
            "slot": "<aws.scheduler.scheduled-time>",
            "trigger": "schedule",
        }

    def test_what_cannot_be_delivered_is_kept(self) -> None:
        for schedule in schedules().values():
            target = schedule["target"]
            assert target["deadLetterConfig"]["arn"].endswith(":processing-prod-schedule-failures")
            assert target["retryPolicy"]["maximumEventAgeInSeconds"] >= 60

    def test_its_events_are_encrypted_with_the_stacks_key(self) -> None:
        for schedule in schedules().values():
            assert schedule["kmsKeyArn"] == KEY


class TestScheduleGroup:
    def schedule_group(self) -> Recorder:
        return program("prod").within("schedule-group")

    def test_what_is_kept_is_encrypted_with_the_stacks_key(self) -> None:
        queue = self.schedule_group().one("aws:sqs/queue:Queue")
        assert (queue["kmsMasterKeyId"], queue.get("sqsManagedSseEnabled")) == (KEY, None)

    def test_the_role_may_invoke_this_function_and_no_other(self) -> None:
        policy = json.loads(self.schedule_group().one("aws:iam/rolePolicy:RolePolicy")["policy"])
        [invoke] = [s for s in policy["Statement"] if "lambda:InvokeFunction" in s["Action"]]
        launcher = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:processing-prod-launcher"
        assert invoke["Resource"] == [launcher]
