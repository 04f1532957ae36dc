"""Each component by itself."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import build_context
from components.encryption import Encryption
from components.image import Image
from components.journal import Journal
from components.storage import Storage
from tests.components.settings.test_settings import keys_of, settings
from tests.components.stacks import HERE, KEY, stack
from tests.conftest import ACCOUNT, REGION, Recorder, record, record_program
from tests.recorded import program


def build(make: Callable[[], Any]) -> Recorder:
    return record(make, "dev")


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


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "entrypoint.sh").write_text("true\n")
    monkeypatch.setattr(build_context, "CONTEXT", folder)
    return folder


def image(base: str | None = None) -> Recorder:
    of = stack(prefix="p-dev", image={"base": base})
    return build(lambda: Image("image", of))


def image_name(base: str | None = None) -> str:
    return image(base).one("docker:index/image:Image")["imageName"]


@pytest.mark.usefixtures("context")
class TestImage:
    def test_is_built_for_the_processor_of_processing_instances(self) -> None:
        built = image().one("docker:index/image:Image")
        assert built["build"]["platform"] == "linux/amd64"
        assert built["buildOnPreview"] is False
        assert built["skipPush"] is False

    @pytest.mark.parametrize(
        ("base", "warned"),
        [(None, False), (f"a:1@sha256:{'ab' * 32}", False), ("b:2", True)],
    )
    def test_of_a_base_image_without_a_digest_is_warned_of_by_a_preview(
        self,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        base: str | None,
        *,
        warned: bool,
    ) -> None:
        monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
        image(base)
        told = [each.getMessage() for each in caplog.records if "no digest" in each.getMessage()]
        assert bool(told) is warned
        assert all("docker buildx imagetools inspect b:2" in each for each in told)

    def test_is_built_of_a_copy_that_is_the_same_on_every_machine(self, context: Path) -> None:
        build = image().one("docker:index/image:Image")["build"]
        staged = Path(build["context"])
        assert staged.parent == context.parent / ".build"
        assert build["dockerfile"] == (staged / "Dockerfile").as_posix()
        assert (staged / "Dockerfile").read_text() == "FROM scratch\n"

    def test_is_found_again_by_the_cache_that_the_registry_has_of_it(self) -> None:
        built = image("debian:13-slim").one("docker:index/image:Image")
        assert built["build"]["cacheFrom"] == {"images": [built["imageName"]]}
        assert built["build"]["args"] == {
            "BASE_IMAGE": "debian:13-slim",
            "BUILDKIT_INLINE_CACHE": "1",
        }

    def test_the_same_context_has_the_same_tag_and_any_change_another(self, context: Path) -> None:
        before = image_name()
        assert image_name() == before
        assert not before.endswith(":latest")
        assert image_name("debian:13-slim") != before
        (context / "entrypoint.sh").write_text("false\n")
        assert image_name() != before

    def test_the_repository_takes_a_tag_again_and_is_scanned_and_encrypted(self) -> None:
        repository = image().one("aws:ecr/repository:Repository")
        assert repository["imageTagMutability"] == "MUTABLE"
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]

    def test_the_newest_tested_images_stay_and_beside_them_the_newest_of_all(self) -> None:
        policy = json.loads(image().one("aws:ecr/lifecyclePolicy:LifecyclePolicy")["policy"])
        rules = {each["rulePriority"]: each["selection"] for each in policy["rules"]}
        newest = {"countType": "imageCountMoreThan"}
        tested = {"tagStatus": "tagged", "tagPrefixList": ["tested-"]}
        assert rules == {
            1: {**newest, **tested, "countNumber": 30},
            2: {**newest, "tagStatus": "any", "countNumber": 10},
        }


def test_a_repository_that_is_shared_no_more_loses_its_policy() -> None:
    kind = "aws:ecr/repositoryPolicy:RepositoryPolicy"
    [policy] = [each for each in program("existing").requests if each.type == kind]
    assert not policy.retainOnDelete, "the other account could go on pulling"


class TestImageThatExists:
    """With image.uri, of another account's repository."""

    OWNER = "210987654321"
    URI = f"{OWNER}.dkr.ecr.{REGION}.amazonaws.com/team/shared@sha256:{'cd' * 32}"

    @pytest.fixture(scope="class")
    @classmethod
    def recorder(cls) -> Recorder:
        return record_program("prod", keys_of(image={"uri": cls.URI}))

    def test_is_what_jobs_run_and_none_is_built(self, recorder: Recorder) -> None:
        functions = recorder.inputs("aws:lambda/function:Function")
        assert functions["launcher-function"]["environment"]["variables"]["IMAGE_URI"] == self.URI
        assert recorder.exports["image_uri"] == self.URI
        assert "docker:index/image:Image" not in recorder.kinds()
        assert not [kind for kind in recorder.kinds() if kind.startswith("aws:ecr/")]

    def test_is_pulled_from_that_repository_and_no_other(self, recorder: Recorder) -> None:
        policies = recorder.inputs("aws:iam/rolePolicy:RolePolicy")
        statements = json.loads(policies["job-policy"]["policy"])["Statement"]
        [pull] = [each for each in statements if each["Sid"] == "PullImage"]
        assert pull["Resource"] == [f"arn:aws:ecr:{REGION}:{self.OWNER}:repository/team/shared"]

    def test_has_its_scans_told_in_the_account_that_has_it(self, recorder: Recorder) -> None:
        rules = recorder.inputs("aws:cloudwatch/eventRule:EventRule")
        assert rules.keys() == {"alerts-alarms-over", "observer-rule"}

    def test_of_the_stacks_own_repository_leaves_that_to_the_stack(self) -> None:
        of = stack(
            prefix="p",
            image={"uri": self.URI.replace("team/shared", "p").replace(self.OWNER, ACCOUNT)},
        )
        assert "aws:ecr/repository:Repository" in build(lambda: Image("image", of)).kinds()

    def test_is_not_shared_with_others(self) -> None:
        of = stack(image={"uri": self.URI, "shared_with": [{"prefix": "x"}]})
        with pytest.raises(pulumi.RunError, match=r"no images to share.*the one that builds it"):
            build(lambda: Image("image", of))


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
