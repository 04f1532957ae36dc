"""The whole program, for each stack's file."""

import json
import sys
from datetime import datetime, tzinfo
from typing import Any

import pytest

from components.settings import slot_gaps
from local.deploy.program import plain
from tests import inventory
from tests.conftest import PROJECT, ROOT, record_program
from tests.recorded import STACKS, VARIANTS, program

KINDS = {
    "pulumi:providers:aws",
    "sagemaker-processing:encryption:Encryption",
    "aws:kms/key:Key",
    "aws:kms/alias:Alias",
    "sagemaker-processing:storage:Storage",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "sagemaker-processing:replication:Replication",
    "sagemaker-processing:network:Network",
    "sagemaker-processing:journal:Journal",
    "aws:dynamodb/table:Table",
    "sagemaker-processing:image:Image",
    "aws:ecr/repository:Repository",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "docker:index/image:Image",
    "sagemaker-processing:alerts:Alerts",
    "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "sagemaker-processing:job:Job",
    "sagemaker-processing:launcher:Launcher",
    "sagemaker-processing:function:Function",
    "sagemaker-processing:schedulegroup:ScheduleGroup",
    "sagemaker-processing:schedule:Schedule",
    "sagemaker-processing:observer:Observer",
    "aws:lambda/permission:Permission",
    "aws:sqs/queuePolicy:QueuePolicy",
    "sagemaker-processing:monitoring:Monitoring",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:sqs/queue:Queue",
    "aws:lambda/function:Function",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "aws:scheduler/scheduleGroup:ScheduleGroup",
    "aws:scheduler/schedule:Schedule",
}

# Where a stack's settings do not switch them off.
CHATS = {
    f"aws:chatbot/{kind.lower()}ChannelConfiguration:{kind}ChannelConfiguration"
    for kind in ("Slack", "Teams")
}
MONITORING = {"aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/dashboard:Dashboard"}

EXPORTS = {
    *("prefix", "input_bucket", "output_bucket", "image_uri", "journal_table"),
    *("launcher", "observer", "alerts_topic"),
}

# Of a created VPC.
NETWORK = {
    "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:ec2/flowLog:FlowLog",
}


@pytest.mark.parametrize("stack", STACKS)
class TestWholeProgram:
    def test_registers_these_kinds_of_resources_and_no_other(self, stack: str) -> None:
        kinds = KINDS if stack == "dev" else KINDS | MONITORING
        assert program(stack).kinds() == kinds

    def test_every_resource_but_the_provider_has_a_component_as_parent(self, stack: str) -> None:
        recorder = program(stack)
        for args in recorder.created:
            *above, own = recorder.parents[args.typ, args.name]
            assert own == args.typ
            if args.custom and args.typ != "pulumi:providers:aws":
                assert above, args.name
                assert all(each.startswith("sagemaker-processing:") for each in above), above

    def test_component_types_follow_one_pattern(self, stack: str) -> None:
        recorder = program(stack)
        for args in recorder.created:
            if not args.custom:
                _, module, name = args.typ.split(":")
                assert module == name.lower()
                # A part of another component has that one's name: its children are named so.
                above = recorder.parents[args.typ, args.name][:-1]
                owner = above[-1].split(":")[1] if above else module
                assert args.name.replace("-", "") == owner

    def test_logical_names_never_carry_the_stack(self, stack: str) -> None:
        for args in program(stack).created:
            assert stack not in args.name.split("-"), args.name

    def test_every_resource_comes_from_the_provider_that_tags(self, stack: str) -> None:
        recorder = program(stack)
        tags = json.loads(recorder.one("pulumi:providers:aws")["defaultTags"])["tags"]
        assert tags["Project"] == PROJECT
        assert tags["Stack"] == stack
        for args in recorder.created:
            if args.typ.startswith("aws:"):
                assert "$pulumi:providers:aws::aws::" in (args.provider or ""), args.name

    def test_exports_are_those_that_somebody_uses(self, stack: str) -> None:
        assert program(stack).exports.keys() == EXPORTS

    def test_what_is_exported_is_there(self, stack: str) -> None:
        recorder = program(stack)
        made = {repr(value) for args in recorder.created for value in plain(args.inputs).values()}
        for name in ("input_bucket", "output_bucket", "launcher", "observer", "journal_table"):
            assert repr(recorder.exports[name]) in made

    def test_no_export_is_empty(self, stack: str) -> None:
        assert all(isinstance(value, str) and value for value in program(stack).exports.values())


@pytest.mark.parametrize("stack", VARIANTS)
class TestEveryVariant:
    def test_registers_these_kinds_of_resources_and_no_other(self, stack: str) -> None:
        others = NETWORK if stack.startswith("vpc") else set[str]()
        chats = CHATS if stack.endswith("chats") else set[str]()
        if stack == "existing":  # whose image another account runs
            others = {"aws:ecr/repositoryPolicy:RepositoryPolicy"}
        if stack == "recovery":
            others = {
                "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
                "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
            }
        assert program(stack).kinds() == KINDS | MONITORING | others | chats

    test_has_parents = (
        TestWholeProgram.test_every_resource_but_the_provider_has_a_component_as_parent
    )
    test_component_types = TestWholeProgram.test_component_types_follow_one_pattern
    test_exports = TestWholeProgram.test_exports_are_those_that_somebody_uses


@pytest.mark.parametrize("stack", STACKS)
class TestSecureByDefault:
    def test_buckets_are_private_versioned_and_encrypted_with_the_stacks_key(
        self, stack: str
    ) -> None:
        recorder = program(stack)
        buckets = {b["bucket"] for b in recorder.inputs("aws:s3/bucket:Bucket").values()}
        assert len(buckets) == 2

        def of(kind: str) -> dict[str, dict[str, Any]]:
            return {i["bucket"]: i for i in recorder.inputs(f"aws:s3/{kind}").values()}

        private = of("bucketPublicAccessBlock:BucketPublicAccessBlock")
        versioning = of("bucketVersioning:BucketVersioning")
        encryption = of(
            "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        )
        tls = of("bucketPolicy:BucketPolicy")
        assert private.keys() == versioning.keys() == encryption.keys() == tls.keys() == buckets
        for bucket in buckets:
            blocked = {key: value for key, value in private[bucket].items() if key != "bucket"}
            assert len(blocked) == 4
            assert all(blocked.values())
            assert versioning[bucket]["versioningConfiguration"] == {"status": "Enabled"}
            [rule] = encryption[bucket]["rules"]
            assert rule["bucketKeyEnabled"]
            default = rule["applyServerSideEncryptionByDefault"]
            assert default["sseAlgorithm"] == "aws:kms"
            assert default["kmsMasterKeyId"].endswith(":key/1234abcd")
            [deny] = json.loads(tls[bucket]["policy"])["Statement"]
            assert deny["Effect"] == "Deny"
            assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            assert deny["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]

    def test_queues_logs_messages_and_journal_are_encrypted(self, stack: str) -> None:
        recorder = program(stack)
        for queue in recorder.inputs("aws:sqs/queue:Queue").values():
            assert queue["kmsMasterKeyId"].endswith(":key/1234abcd")
        for group in recorder.inputs("aws:cloudwatch/logGroup:LogGroup").values():
            assert group["kmsKeyId"].endswith(":key/1234abcd")
            assert group["retentionInDays"] > 0
        assert recorder.one("aws:sns/topic:Topic")["kmsMasterKeyId"].endswith(":key/1234abcd")
        journal = recorder.one("aws:dynamodb/table:Table")["serverSideEncryption"]
        assert journal["kmsKeyArn"].endswith(":key/1234abcd")

    def test_the_registry_password_stays_secret(self, stack: str) -> None:
        recorder = program(stack)
        [image] = [a for a in recorder.created if a.typ == "docker:index/image:Image"]
        assert "4dabf18193072939515e22adb298388d" in image.inputs["registry"]
        others = "".join(repr(a) for a in recorder.created if a is not image)
        assert "registry-password" not in others

    def test_data_is_protected_where_the_stack_says_so(self, stack: str) -> None:
        destroyable = {
            bucket["forceDestroy"]
            for bucket in program(stack).inputs("aws:s3/bucket:Bucket").values()
        }
        assert destroyable == {stack in ("dev", "local")}
        journal = program(stack).one("aws:dynamodb/table:Table")
        assert journal["deletionProtectionEnabled"] != destroyable.pop()

    def test_pulumi_refuses_to_delete_exactly_what_holds_data_where_the_stack_says_so(
        self, stack: str
    ) -> None:
        protected = [each for each in program(stack).requests if each.protect]
        assert all(each.retainOnDelete for each in protected), "else it goes once unprotected"
        held = [
            "encryption-key",
            "image-repository",
            "journal-table",
            "storage-input",
            "storage-output",
        ]
        # Not more: what depends on them, such as a lifecycle policy, has to be replaced at times.
        kept = {"prod": held, "staging": held, "dev": held[:2]}  # whose images the others run
        assert sorted(each.name for each in protected) == kept.get(stack, [])


def test_what_is_registered_does_not_depend_on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a stack that nobody touched would show changes, as alarms did near a clock change."""
    today = datetime(2026, 10, 24)  # noqa: DTZ001 - the zone is the caller's

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return today.replace(tzinfo=tz)

    def registered() -> dict[tuple[str, str], dict[str, Any]]:
        slot_gaps.longest.cache_clear()
        created = record_program("prod").created
        # Archives compare by identity; their text is what function_config.py makes of the settings.
        return {(args.typ, args.name): {**plain(args.inputs), "code": ""} for args in created}

    for name, module in [*sys.modules.items()]:
        if name.startswith("components.") and hasattr(module, "datetime"):
            monkeypatch.setattr(module, "datetime", Clock)
    before_the_clock_goes_back = registered()
    today = datetime(2028, 2, 29)  # noqa: DTZ001
    assert registered() == before_the_clock_goes_back


@pytest.mark.parametrize("stack", inventory.stacks())
def test_no_key_bucket_repository_or_table_is_replaced_that_nobody_accepted(stack: str) -> None:
    found = inventory.problems(stack, (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert not found, "\n".join(found)
