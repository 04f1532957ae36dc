"""The deploy role can make all that the program makes, and the boundary lets all of it work.

What it takes to create, read, update and delete a kind is CloudFormation's own knowledge: the
handlers' permissions in its resource schemas, as the package cfn-lint carries them.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, cast

import pytest

from acceptance.rights import OPERATIONS
from bootstrap.policies import boundary, deploying, network, reading, testing
from bootstrap.settings import StackSettings
from bootstrap.stack import Stack
from local.aws.iam.patterns import matches_resource
from tests.bootstrap.account import stack
from tests.conftest import REGION, Recorder
from tests.engine import aws_outputs
from tests.engine.aws_rules import RULES
from tests.recorded import VARIANTS, listed, program
from tests.security.policies import policies

KINDS = {
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": (
        "Chatbot::SlackChannelConfiguration"
    ),
    "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration": (
        "Chatbot::MicrosoftTeamsChannelConfiguration"
    ),
    "aws:cloudwatch/dashboard:Dashboard": "CloudWatch::Dashboard",
    "aws:cloudwatch/eventRule:EventRule": "Events::Rule",
    "aws:cloudwatch/eventTarget:EventTarget": "Events::Rule",
    "aws:cloudwatch/logGroup:LogGroup": "Logs::LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "CloudWatch::Alarm",
    "aws:dynamodb/table:Table": "DynamoDB::Table",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "EC2::SecurityGroup",
    "aws:ec2/flowLog:FlowLog": "EC2::FlowLog",
    "aws:ec2/routeTable:RouteTable": "EC2::RouteTable",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "EC2::SubnetRouteTableAssociation",
    "aws:ec2/securityGroup:SecurityGroup": "EC2::SecurityGroup",
    "aws:ec2/subnet:Subnet": "EC2::Subnet",
    "aws:ec2/vpc:Vpc": "EC2::VPC",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "EC2::VPCEndpoint",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "ECR::Repository",
    "aws:ecr/repository:Repository": "ECR::Repository",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "ECR::Repository",
    "aws:iam/role:Role": "IAM::Role",
    "aws:iam/rolePolicy:RolePolicy": "IAM::RolePolicy",
    "aws:kms/alias:Alias": "KMS::Alias",
    "aws:kms/key:Key": "KMS::Key",
    "aws:lambda/function:Function": "Lambda::Function",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "Lambda::EventInvokeConfig",
    "aws:lambda/permission:Permission": "Lambda::Permission",
    "aws:s3/bucket:Bucket": "S3::Bucket",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "S3::Bucket",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": "S3::Bucket",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "S3::Bucket",
    "aws:s3/bucketPolicy:BucketPolicy": "S3::BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "S3::Bucket",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "S3::Bucket",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "S3::Bucket"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "S3::Bucket",
    "aws:scheduler/schedule:Schedule": "Scheduler::Schedule",
    "aws:scheduler/scheduleGroup:ScheduleGroup": "Scheduler::ScheduleGroup",
    "aws:sns/topic:Topic": "SNS::Topic",
    "aws:sns/topicPolicy:TopicPolicy": "SNS::TopicInlinePolicy",
    "aws:sns/topicSubscription:TopicSubscription": "SNS::Subscription",
    "aws:sqs/queue:Queue": "SQS::Queue",
    "aws:sqs/queuePolicy:QueuePolicy": "SQS::QueueInlinePolicy",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "EC2::SecurityGroupEgress",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "EC2::SecurityGroupIngress",
}
"""Kind -> the type of CloudFormation that is the same, or has the same as a property."""

OF_BOOTSTRAP = {
    "aws:ecr/replicationConfiguration:ReplicationConfiguration",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
}
"""Kinds that CI itself must not make."""

UNUSED = {
    "of other services, for what no resource here has": (
        r"(autoscaling|elasticfilesystem|firehose|kinesis|s3files|s3tables|vpc-lattice|vpce):.*"
    ),
    "for the data of a table, and its copies elsewhere": (
        r"dynamodb:(\w+Item|Query|Scan|\w*(Replica|Import|Insights|Kinesis|ResourcePolicy)\w*"
        r"|ImportTable)"
    ),
    "for code and images elsewhere, and settings that no function here has": (
        r"lambda:(\w*(Concurrency|CodeSigningConfig|RuntimeManagement|Recursion|Scaling|Capacity"
        r"|Layer|RuntimeAlias)\w*|PublishVersion)|s3:(GetObject\w*|PutObjectAcl)"
    ),
    "for what no bucket here has": (
        r"s3:\w*(Abac|Acl|Analytics|CORS|Cors|Inventory|Metrics|Notification|Website"
        r"|Accelerate|Logging|IntelligentTiering|Metadata|REST)\w*(\.\w+)*"
        r"|s3:DeleteBucket(Encryption|Lifecycle)"
    ),
    "IAM has no such action, but s3:PutReplicationConfiguration and PutBucketObjectLock…": (
        r"s3:((Put|Delete)BucketReplication|PutObjectLockConfiguration)"
    ),
    "for what no log group here has": (
        r"logs:\w*(DataProtection|IndexPolic|ResourcePolic|LogDelivery|DeletionProtection"
        r"|BearerToken)\w*|logs:(\w+LogStreams?|PutLogEvents)"
    ),
    "for what no topic here has": r"sns:\w+DataProtectionPolicy",
    "for what no network here has": (
        r"ec2:(\w*(EncryptionControl|CidrBlock)|ModifyVpcTenancy|DescribeInstances|DescribeTags)"
    ),
    "roles here have one policy, inline": r"iam:(At|De)tachRolePolicy",
    "nobody takes a boundary away": r"iam:DeleteRolePermissionsBoundary",
}
"""Why a permission that CloudFormation has for a kind is not granted -> which."""
ENDS = {
    "dynamodb:DeleteTable",
    "ecr:DeleteRepository",
    "kms:ScheduleKeyDeletion",
    "s3:DeleteBucket",
    "s3:DeleteObject",
}
RECORDED = ["prod", *(each for each in VARIANTS if each not in ("vpc", "two scripts"))]
"""All but those which have nothing that others have not."""
UNNAMED = {"name": "", "targetId": "", "statementId": ""}
"""What the provider would fill in."""
THEIRS = ("input", "output", "reference")
USES = [
    *(f"arn:aws:s3:::their-{each}" for each in THEIRS),
    f"arn:aws:secretsmanager:{REGION}:123456789012:secret:database",
]
LIGHT = StackSettings(name="light", prefix="p", region="eu-west-1", recovery_of="dev")


@cache
def handlers(kind: str) -> frozenset[str]:
    """Return the permissions of a type of CloudFormation."""
    schemas = Path(str(distribution("cfn-lint").locate_file("cfnlint/data/schemas")))
    types = cast("dict[str, str]", _json(schemas / "providers" / f"{REGION}.json"))
    schema = _json(schemas / "resources" / f"{types[f'AWS::{kind}']}.json")
    return frozenset(
        permission
        for name, each in schema["handlers"].items()
        if name != "list"
        for permission in each["permissions"]
    )


@cache
def _json(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def granted(own: Stack) -> list[dict[str, Any]]:
    """Return all that a deploy role may do, but for the state."""
    found = [
        *reading.of_kinds(own),
        *reading.statements(own),
        *deploying.of_kinds(own),
        *deploying.statements(own),
        *network.statements(own),
    ]
    return [each for each in found if each["Effect"] == "Allow"]


def unused(permission: str) -> str:
    return next((why for why, form in UNUSED.items() if re.fullmatch(form, permission)), "")


def test_every_kind_that_the_program_makes_is_known_here() -> None:
    played = RULES.keys() - OF_BOOTSTRAP
    recorded = {kind for each in RECORDED for kind in program(each).kinds()}
    assert {each for each in recorded if each.startswith("aws:")} | played <= KINDS.keys()


@pytest.mark.parametrize("data", ["keep", "destroy"])
def test_the_deploy_role_may_do_what_each_kind_takes(data: str) -> None:
    own = stack("p", data=data, other=LIGHT)
    may = {action for each in granted(own) for action in each["Action"]}
    needed = {each for kind in KINDS.values() for each in handlers(kind)}
    kept = ENDS if data == "keep" else set[str]()
    assert {each for each in needed - may - kept if not unused(each)} == set()


def test_every_reason_for_what_is_not_granted_is_needed() -> None:
    needed = {each for kind in KINDS.values() for each in handlers(kind)}
    assert {unused(each) for each in needed} - {""} == UNUSED.keys()


@pytest.mark.parametrize("name", RECORDED)
def test_the_deploy_role_may_do_it_under_the_names_of_the_program(name: str) -> None:
    own = stack(str(program(name).exports["prefix"]), other=LIGHT)
    patterns = {each for statement in granted(own) for each in statement["Resource"]} - {"*"}
    outside = {
        arn
        for arn in arns(program(name))
        if not any(matches_resource(pattern, arn) for pattern in patterns)
    }
    assert outside == set()


def arns(recorder: Recorder) -> Iterator[str]:
    """Yield the ARN of each resource of a program, as AWS makes it of its name."""
    for each in recorder.created:
        if each.typ in KINDS and not each.typ.startswith(("aws:ec2", "aws:vpc")):
            _, outputs = aws_outputs.computed(each.typ, {**UNNAMED, **each.inputs})
            yield from (outputs[key] for key in ("arn", "dashboardArn") if key in outputs)


@pytest.mark.parametrize("name", RECORDED)
def test_the_boundary_lets_the_roles_of_the_stack_do_what_their_policies_say(name: str) -> None:
    own = stack(str(program(name).exports["prefix"]), uses=USES, other=LIGHT)
    limits = boundary.statements(own)
    outside = {
        f"{policy}: {action} on {resource}"
        for policy in policies(program(name))
        if policy.kind == "identity"
        for statement in policy.statements
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if not any(
            action in limit["Action"]
            and any(matches_resource(pattern, resource) for pattern in limit["Resource"])
            for limit in limits
        )
    }
    assert outside == set()


@pytest.mark.parametrize("pasted", ["database", "database-AbCdEf"])
def test_a_secret_that_jobs_use_is_listed_by_its_name_or_by_its_whole_arn(pasted: str) -> None:
    of_secrets = USES[-1].removesuffix("database")
    limits = boundary.statements(stack("p", uses=[f"{of_secrets}{pasted}"]))
    [read] = [each for each in limits if each["Sid"] == "Secrets"]
    whole = f"{of_secrets}database-AbCdEf"
    assert any(matches_resource(pattern, whole) for pattern in read["Resource"])


def test_a_role_of_a_tested_stack_may_make_every_call_of_the_test() -> None:
    own = stack("p", tested=True)
    may = {each for part in [*granted(own), *testing.statements(own)] for each in part["Action"]}
    calls = {
        _ASKED.get((service, operation), f"{service}:{operation}")
        for kind in OPERATIONS.values()
        for service, operations in kind.items()
        for operation in operations
    }
    # STS answers anybody who it is.
    assert calls - may == {"sts:GetCallerIdentity"}


_ASKED = {
    ("lambda", "Invoke"): "lambda:InvokeFunction",
    ("s3", "DeleteObjects"): "s3:DeleteObjectVersion",
    ("s3", "ListObjectVersions"): "s3:ListBucketVersions",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
}
"""Operation whose action has another name -> the action."""
