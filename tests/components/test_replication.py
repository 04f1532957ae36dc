"""What is replicated to the other region, by which right, and what AWS would refuse of it."""

import json
from functools import cache
from typing import Any

import pytest

from components import alarm_definitions, replicated
from components.aws import models
from components.policies import replication as policies
from components.replication import Replication
from components.storage import Storage
from local.deploy.kinds.model import fitted
from pipeline.kind import SCRATCH
from tests.components.settings.test_settings import settings
from tests.components.stacks import build, stack
from tests.conftest import ACCOUNT, REGION, Recorder
from tests.recorded import allows, program

OTHER = "eu-west-1"
CONFIG = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
WEEKLY = {"expression": "cron(0 6 ? * MON *)", "output": {"prefix": "weekly/{slot:%Y%m%d%H%M%S}/"}}
DAILY = {"expression": "cron(0 4 * * ? *)"}
ALIAS = f"arn:aws:kms:{OTHER}:{ACCOUNT}:alias/p-dev"


def replicating(**changes: Any) -> Recorder:
    of = stack(**{"prefix": "p-dev", "recovery__region": OTHER, **changes})
    return build(lambda: Replication("replication", of, storage=Storage("storage", of)))


def rules(recorder: Recorder, bucket: str = "output") -> list[dict[str, Any]]:
    return recorder.inputs(CONFIG)[f"replication-{bucket}"]["rules"]


@cache
def whole() -> Recorder:
    """Everything that can be replicated, locked and in several places."""
    return replicating(
        recovery__inputs=True,
        retention__lock_days=30,
        schedules={"daily": DAILY, "weekly": WEEKLY},
        job__capacity="spot",
        job__instance_type="ml.m5.large",
    )


class TestWhatIsReplicated:
    def test_is_nothing_without_a_second_region(self) -> None:
        found = replicating(recovery__region=None)
        assert not found.within("replication").kinds() - {
            "sagemaker-processing:replication:Replication"
        }

    def test_is_what_runs_write_and_by_choice_what_they_read(self) -> None:
        assert replicating().inputs(CONFIG).keys() == {"replication-output"}
        assert whole().inputs(CONFIG).keys() == {"replication-input", "replication-output"}
        places = [(each["id"], each["filter"]["prefix"]) for each in rules(whole())]
        assert places == [("output", "output/"), ("output-2", "weekly/")]

    def test_is_no_bucket_of_somebody_else(self) -> None:
        weekly = {**WEEKLY, "input": {"bucket": "mine", "prefix": "sales/"}}
        found = replicating(recovery__inputs=True, schedules={"daily": DAILY, "weekly": weekly})
        assert [each["filter"]["prefix"] for each in rules(found, "input")] == ["input/"]

    def test_is_nothing_that_spot_jobs_keep_meanwhile(self) -> None:
        prefixes = [rule["filter"]["prefix"] for rule in rules(whole())]
        assert not [each for each in prefixes if SCRATCH.startswith(each)]

    def test_goes_to_the_bucket_and_the_key_of_the_same_stack_there(self) -> None:
        found = whole().inputs(CONFIG)
        for bucket in ("input", "output"):
            assert found[f"replication-{bucket}"]["bucket"] == f"p-dev-{bucket}-{ACCOUNT}-{REGION}"
            for rule in rules(whole(), bucket):
                there = rule["destination"]
                assert there["bucket"] == f"arn:aws:s3:::p-dev-{bucket}-{ACCOUNT}-{OTHER}"
                assert there["encryptionConfiguration"] == {"replicaKmsKeyId": ALIAS}
                assert there["metrics"] == {"status": "Enabled"}

    def test_includes_what_is_encrypted_and_leaves_out_what_is_deleted(self) -> None:
        for rule in rules(whole()):
            encrypted = rule["sourceSelectionCriteria"]["sseKmsEncryptedObjects"]
            assert encrypted == {"status": "Enabled"}
            assert rule["deleteMarkerReplication"] == {"status": "Disabled"}

    def test_is_the_same_seen_from_the_other_region(self) -> None:
        here = settings(prefix="p-dev", recovery__region=OTHER)
        recovery = here.recovery.model_copy(update={"region": REGION})
        there = here.model_copy(update={"region": OTHER, "recovery": recovery})
        assert replicated.rules(here) == replicated.rules(there)
        dimensions = [
            alarm["dimensions"]
            for each in (here, there)
            for _, alarm in alarm_definitions.of(each, ACCOUNT)
            if alarm["namespace"] == "AWS/S3"
        ]
        lag_here, given_up_here, lag_there, given_up_there = dimensions
        assert (lag_here, lag_there) == (given_up_there, given_up_here)


class TestTheConfiguration:
    @pytest.mark.parametrize("bucket", ["input", "output"])
    def test_is_a_request_that_s3_accepts(self, bucket: str) -> None:
        config = whole().inputs(CONFIG)[f"replication-{bucket}"]
        shape = models.shape("s3", "PutBucketReplication", "ReplicationConfiguration")
        request = fitted({"role": config["role"], "rules": config["rules"]}, shape)
        assert models.violations(shape, request) == []
        for rule in request["Rules"]:
            # "you must also add" (PutBucketReplication), and an event threshold without RTC is
            # refused (https://github.com/crossplane-contrib/provider-aws/issues/1117).
            assert rule.keys() >= {"Filter", "DeleteMarkerReplication", "Status", "Priority"}
            assert rule["Destination"]["Metrics"] == {"Status": "Enabled"}
        for key in ("ID", "Priority"):
            assert len({rule[key] for rule in request["Rules"]}) == len(request["Rules"])

    def test_comes_after_versions_locks_and_the_roles_policy(self) -> None:
        [request] = [each for each in whole().requests if each.name == "replication-output"]
        after = {urn.rpartition("::")[2] for urn in request.dependencies}
        assert after >= {
            "replication-policy",
            "storage-output-lock",
            "storage-output-versioning",
        }

    def test_goes_with_the_setting_even_where_data_are_kept(self) -> None:
        kept = {each.name for each in whole().requests if each.retainOnDelete or each.protect}
        assert "storage-output-versioning" in kept
        assert not kept & {"replication-output", "storage-output-lock", "replication-role"}


class TestTheLock:
    def test_is_on_new_versions_of_the_created_buckets_and_replaces_none(self) -> None:
        assert whole().inputs(LOCK).keys() == {"storage-input-lock", "storage-output-lock"}
        for lock in whole().inputs(LOCK).values():
            assert lock["rule"] == {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}}
        # An input of the bucket that replaces it.
        for bucket in whole().inputs("aws:s3/bucket:Bucket").values():
            assert "objectLockEnabled" not in bucket
        assert not replicating().inputs(LOCK)


@pytest.fixture
def allowed() -> list[dict[str, Any]]:
    """What S3 may do."""
    found = whole().inputs("aws:iam/rolePolicy:RolePolicy")["replication-policy"]
    return json.loads(found["policy"])["Statement"]


class TestTheRole:
    def test_is_assumed_by_s3_alone(self) -> None:
        role = whole().inputs("aws:iam/role:Role")["replication-role"]
        assert role["name"] == f"p-dev-{REGION}-replication"
        [trust] = json.loads(role["assumeRolePolicy"])["Statement"]
        assert trust["Principal"] == {"Service": "s3.amazonaws.com"}

    @pytest.mark.parametrize("key", ["output/daily/1/a.csv", "weekly/1/_SUCCESS"])
    def test_reads_here_and_writes_there_what_the_rules_name(
        self, key: str, allowed: list[dict[str, Any]]
    ) -> None:
        here, there = (f"arn:aws:s3:::p-dev-output-{ACCOUNT}-{each}" for each in (REGION, OTHER))
        assert allows(allowed, "s3:GetObjectVersionForReplication", f"{here}/{key}")
        assert allows(allowed, "s3:ReplicateObject", f"{there}/{key}")
        assert not allows(allowed, "s3:ReplicateObject", f"{here}/{key}")
        assert not allows(allowed, "s3:GetObjectVersionForReplication", f"{here}/{SCRATCH}{key}")

    def test_deletes_nothing_and_reads_nothing_by_itself(
        self, allowed: list[dict[str, Any]]
    ) -> None:
        actions = {action for statement in allowed for action in statement["Action"]}
        assert not actions & {"s3:ReplicateDelete", "s3:DeleteObject", "s3:GetObject"}

    def test_uses_either_key_through_s3_and_for_these_buckets_only(
        self, allowed: list[dict[str, Any]]
    ) -> None:
        found = {each["Sid"]: each["Condition"] for each in allowed if "Condition" in each}
        for sid, region in (("DecryptOriginals", REGION), ("EncryptReplicas", OTHER)):
            through = {"kms:ViaService": f"s3.{region}.amazonaws.com"}
            assert found[sid]["StringEquals"] == through
            context = found[sid]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]
            assert f"arn:aws:s3:::p-dev-output-{ACCOUNT}-{region}" in context
            assert all(f"-{region}" in each for each in context)
        aliases = {"kms:ResourceAliases": ["alias/p-dev"]}
        assert found["EncryptReplicas"]["ForAnyValue:StringEquals"] == aliases

    def test_reads_locks_only_where_there_are_any(self, allowed: list[dict[str, Any]]) -> None:
        of = stack(prefix="p-dev", recovery__region=OTHER)
        assert of.other
        plain = policies.replicas(of, of.other, replicated.rules(of.settings))
        for each, locked in ((allowed, True), (plain, False)):
            actions = {action for statement in each for action in statement["Action"]}
            assert ("s3:GetObjectRetention" in actions) == locked


class TestTheFunctions:
    def allowed(self, owner: str, stack: str = "recovery") -> dict[str, dict[str, Any]]:
        found = program(stack).inputs("aws:iam/rolePolicy:RolePolicy")[f"{owner}-policy"]
        return {each["Sid"]: each for each in json.loads(found["policy"])["Statement"]}

    def test_read_of_either_journal_the_switch_alone(self) -> None:
        read = self.allowed("launcher")["ReadSwitch"]
        assert [arn.split(":")[3] for arn in read["Resource"]] == [REGION, OTHER]
        assert read["Condition"] == {
            "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["-"]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        }

    def test_may_nothing_more_in_a_stack_of_one_region(self) -> None:
        added = self.allowed("launcher").keys() - self.allowed("launcher", "two scripts").keys()
        assert added == {
            *("ReadSwitch", "ReadOtherSwitch"),
            *("ListVersions", "ReadMarkers", "DecryptMarkers"),
        }
        added = self.allowed("observer").keys() - self.allowed("observer", "two scripts").keys()
        assert added == {"ReadSwitch", "ReadOtherSwitch", "ListVersions"}
