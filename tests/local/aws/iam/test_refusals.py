"""When the requests of roles are refused, and how that is told."""

import json
from typing import Any
from uuid import uuid4

import pytest

from local.aws.endpoint import LocalAws
from local.aws.sagemaker.job import kind_of
from tests.local.aws.iam.iam_caller import (
    ACCOUNT,
    CREATE_JOB,
    CREATE_TRAINING_JOB,
    SERVICE,
    SOURCE,
    TABLE,
    TOPIC,
    Caller,
)


def on_job(condition: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "Effect": "Allow",
            "Action": ["sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob"],
            "Resource": "*",
            "Condition": condition,
        },
        {"Effect": "Allow", "Action": ["sagemaker:AddTags", "iam:PassRole"], "Resource": "*"},
    ]


class TestConditionKeys:
    @pytest.mark.parametrize(
        ("holds", "fails"),
        [
            (
                {"NumericLessThanEquals": {"sagemaker:MaxRuntimeInSeconds": "3600"}},
                {"NumericLessThanEquals": {"sagemaker:MaxRuntimeInSeconds": "3599"}},
            ),
            (
                {"ForAllValues:StringEquals": {"sagemaker:InstanceTypes": ["ml.m5.large"]}},
                {"ForAllValues:StringEquals": {"sagemaker:InstanceTypes": ["ml.c5.large"]}},
            ),
            (
                {"ForAllValues:StringEquals": {"sagemaker:VpcSubnets": ["subnet-1", "subnet-2"]}},
                {"ForAllValues:StringEquals": {"sagemaker:VpcSubnets": ["subnet-2"]}},
            ),
            (
                {"ForAnyValue:StringEquals": {"sagemaker:VpcSecurityGroupIds": "sg-1"}},
                {"ForAnyValue:StringEquals": {"sagemaker:VpcSecurityGroupIds": "sg-2"}},
            ),
            (
                {"Bool": {"sagemaker:NetworkIsolation": "true"}},
                {"Bool": {"sagemaker:NetworkIsolation": "false"}},
            ),
            (
                {"Null": {"sagemaker:VpcSubnets": "false"}},
                {"Bool": {"sagemaker:InterContainerTrafficEncryption": "true"}},
            ),
        ],
    )
    @pytest.mark.parametrize("create", [CREATE_JOB, CREATE_TRAINING_JOB], ids=kind_of)
    def test_a_job_is_created_only_as_the_conditions_say(
        self, aws: LocalAws, create: dict[str, Any], holds: dict[str, Any], fails: dict[str, Any]
    ) -> None:
        kind = kind_of(create)
        asked = {**create, f"{kind}JobName": f"job-{uuid4().hex[:8]}"}
        operation = f"create_{kind.lower()}_job"
        Caller(aws, *on_job(holds)).call("sagemaker", operation, **asked)
        refused = Caller(aws, *on_job(fails)).refusal("sagemaker", operation, **asked)
        assert refused["Code"] == "AccessDeniedException"

    @pytest.mark.parametrize(
        ("action", "condition"),
        [
            ("sagemaker:AddTags", {"sagemaker:TaggingAction": "CreateTrainingJob"}),
            ("iam:PassRole", {"iam:PassedToService": "scheduler.amazonaws.com"}),
        ],
    )
    def test_what_creating_a_job_implies_is_asked_for_too(
        self, aws: LocalAws, action: str, condition: dict[str, str]
    ) -> None:
        statements = [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {
                "Effect": "Deny",
                "Action": action,
                "Resource": "*",
                "Condition": {"StringNotEquals": condition},
            },
        ]
        caller = Caller(aws, *statements)
        told = caller.refusal("sagemaker", "create_processing_job", **CREATE_JOB)["Message"]
        assert f"not authorized to perform: {action} on resource: " in told

    @pytest.mark.usefixtures("key")
    def test_an_item_is_read_only_in_the_partitions_that_are_allowed(self, aws: LocalAws) -> None:
        keys = "dynamodb:LeadingKeys"
        only = {"ForAllValues:StringEquals": {keys: ["-"]}, "Null": {keys: "false"}}
        item = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": TABLE, "Condition": only}
        decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
        caller = Caller(aws, item, decrypt)
        caller.call("dynamodb", "get_item", TableName="iam-table", Key={"k": {"S": "-"}})
        asked = {"TableName": "iam-table", "Key": {"k": {"S": "daily"}}}
        assert "dynamodb:GetItem" in caller.refusal("dynamodb", "get_item", **asked)["Message"]
        query = {
            "KeyConditionExpression": "k = :k",
            "ExpressionAttributeValues": {":k": {"S": "-"}},
        }
        told = caller.refusal("dynamodb", "query", TableName="iam-table", **query)
        assert "dynamodb:Query" in told["Message"]

    def test_an_event_is_put_only_from_the_source_that_is_allowed(self, aws: LocalAws) -> None:
        statement = {
            "Effect": "Allow",
            "Action": "events:PutEvents",
            "Resource": "*",
            "Condition": {"StringEquals": {"events:source": "mine"}},
        }
        caller, entry = Caller(aws, statement), {"DetailType": "d", "Detail": "{}"}
        caller.call("events", "put_events", Entries=[{"Source": "mine", **entry}])
        both = [{"Source": "mine", **entry}, {"Source": "yours", **entry}]
        refused = caller.refusal("events", "put_events", Entries=both)
        assert refused["Code"] == "AccessDeniedException"


NOTHING = {"Effect": "Deny", "Action": "*", "Resource": "*"}
ONLY_SNS = {"Effect": "Allow", "Action": "sns:*", "Resource": "*"}


class TestRefusals:
    @pytest.mark.parametrize(
        ("service", "operation", "asked", "code"),
        [
            ("s3", "put_object", {"Bucket": "b", "Key": "k", "Body": b"x"}, "AccessDenied"),
            ("sns", "publish", {"TopicArn": TOPIC, "Message": "m"}, "AuthorizationError"),
            (
                "dynamodb",
                "get_item",
                {"TableName": "t", "Key": {"k": {"S": "a"}}},
                "AccessDeniedException",
            ),
            ("scheduler", "get_schedule", {"Name": "n"}, "AccessDeniedException"),
            ("lambda", "invoke", {"FunctionName": "f"}, "AccessDeniedException"),
            ("logs", "create_log_group", {"logGroupName": "g"}, "AccessDeniedException"),
        ],
    )
    def test_each_service_tells_it_in_its_own_form(
        self, aws: LocalAws, service: str, operation: str, asked: dict[str, Any], code: str
    ) -> None:
        assert Caller(aws, NOTHING).refusal(service, operation, **asked)["Code"] == code

    def test_the_message_is_awss(self, aws: LocalAws) -> None:
        caller = Caller(aws, ONLY_SNS)
        told = caller.refusal("s3", "put_object", Bucket="b", Key="a&b", Body=b"x" * 3_000_000)
        name = caller.role.rpartition("/")[2]
        assert told["Message"] == (
            f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{name}/lambda is not authorized to perform:"
            " s3:PutObject on resource: arn:aws:s3:::b/a&b because no identity-based policy allows "
            "the s3:PutObject action"
        )
        assert caller.used(allowed=False) == {("s3:PutObject", "arn:aws:s3:::b/a&b")}

    @pytest.mark.parametrize(
        ("service", "operation", "asked"),
        [
            ("s3", "get_object_tagging", {"Bucket": "iam-bucket", "Key": "a"}),
            ("s3", "put_object", {"Bucket": "b", "Key": "k", "Tagging": "a=b"}),
            ("s3", "get_object", {"Bucket": "iam-bucket", "Key": "a", "VersionId": "1"}),
            ("kms", "list_keys", {}),
            ("iam", "list_roles", {}),
            ("sagemaker", "list_transform_jobs", {}),
        ],
    )
    def test_what_nobody_has_said_the_needs_of_is_refused_to_whoever_may_do_everything(
        self,
        aws: LocalAws,
        caplog: pytest.LogCaptureFixture,
        service: str,
        operation: str,
        asked: dict[str, Any],
    ) -> None:
        refused = Caller(aws).refusal(service, operation, **asked)
        assert refused["Code"] == "NotImplemented"
        assert "the local IAM does not know what" in refused["Message"]
        assert "cannot be judged" in caplog.text

    def test_a_policy_that_is_not_played_refuses(self, aws: LocalAws) -> None:
        condition = {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}
        refused = Caller(aws, {**ONLY_SNS, "Condition": condition}).refusal(
            "sns", "publish", TopicArn=TOPIC, Message="m"
        )
        assert refused["Code"] == "NotImplemented"
        assert "DateLessThan" in refused["Message"]

    @pytest.mark.parametrize(
        "key", ["aws:SourceIp", "aws:PrincipalTag/stack", "aws:RequestTag/stack"]
    )
    def test_a_key_that_aws_may_send_and_is_not_played_refuses(
        self, aws: LocalAws, key: str
    ) -> None:
        deny = {**NOTHING, "Condition": {"StringLike": {key: "*"}}}
        caller = Caller(aws, ONLY_SNS, deny)
        refused = caller.refusal("sns", "publish", TopicArn=TOPIC, Message="m")
        assert refused["Code"] == "NotImplemented"
        assert f"does not play the condition key {key.lower()}" in refused["Message"]

    @pytest.mark.parametrize(
        "condition",
        [
            {"Bool": {"aws:ViaAWSService": "false"}},
            {"Bool": {"aws:PrincipalIsAWSService": "false"}},
            {"StringLike": {"aws:userid": "AROA*:lambda"}},
            {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
        ],
    )
    def test_a_deny_on_what_aws_always_sends_hits(
        self, aws: LocalAws, condition: dict[str, Any]
    ) -> None:
        caller = Caller(aws, ONLY_SNS, {**NOTHING, "Condition": condition})
        told = caller.refusal("sns", "publish", TopicArn=TOPIC, Message="m")["Message"]
        assert "with an explicit deny in an identity-based policy" in told

    def test_a_person_is_not_judged(self, aws: LocalAws) -> None:
        before = set(aws.iam.used)
        assert aws.client("iam").list_roles()["Roles"]
        assert aws.iam.used == before


class TestManagedPolicies:
    @pytest.mark.usefixtures("key")
    def test_an_attached_policy_counts_too(self, aws: LocalAws) -> None:
        head = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
        caller = Caller(aws, ONLY_SNS)
        made = aws.client("iam").create_policy(
            PolicyName=f"attached-{uuid4().hex[:8]}",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [head]}),
        )
        aws.client("iam").attach_role_policy(
            RoleName=caller.role.rpartition("/")[2], PolicyArn=made["Policy"]["Arn"]
        )
        caller.call("s3", "list_objects_v2", Bucket="iam-plain")
        assert caller.used() == {("s3:ListBucket", "arn:aws:s3:::iam-plain")}


class TestABoundary:
    @pytest.mark.usefixtures("key")
    def test_limits_a_role_and_is_read_with_each_request(self, aws: LocalAws) -> None:
        iam, caller = aws.client("iam"), Caller(aws)
        document = {"Version": "2012-10-17", "Statement": [ONLY_SNS]}
        boundary = iam.create_policy(
            PolicyName=f"bounds-{uuid4().hex[:8]}", PolicyDocument=json.dumps(document)
        )["Policy"]["Arn"]
        get = {"Bucket": "iam-bucket", "Key": "a"}
        caller.call("s3", "get_object", **get)
        iam.put_role_permissions_boundary(
            RoleName=caller.role.rpartition("/")[2], PermissionsBoundary=boundary
        )
        told = caller.refusal("s3", "get_object", **get)["Message"]
        assert told.endswith("because no permissions boundary allows the s3:GetObject action")
        iam.delete_policy(PolicyArn=boundary)
        told = caller.refusal("sns", "publish", TopicArn=TOPIC, Message="m")["Message"]
        assert told.endswith("because no permissions boundary allows the sns:Publish action")


class TestSessions:
    def test_a_role_is_assumed_only_for_the_source_that_it_trusts(self, aws: LocalAws) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnLike": {"aws:SourceArn": SOURCE},
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
            },
        }
        role = aws.client("iam").create_role(
            RoleName=f"bound-{uuid4().hex[:8]}",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
        )["Role"]["Arn"]
        assert aws.iam.assume(role, SERVICE, SOURCE).who.role_arn == role
        assert not aws.iam.trusts(role, SERVICE, f"{SOURCE}2")
        assert not aws.iam.trusts(role, "scheduler.amazonaws.com", SOURCE)
