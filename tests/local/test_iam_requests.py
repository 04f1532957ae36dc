"""What the requests of roles need, and how they are refused: with real clients on the endpoint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from werkzeug.wrappers import Request

from local.iam import operations
from tests.local import policies
from tests.local.roles import trusted_by

if TYPE_CHECKING:
    from local.aws import LocalAws

JSON = "application/json"
REGION, ACCOUNT = "eu-central-1", "123456789012"
SERVICE = "lambda.amazonaws.com"
SOURCE = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/iam-table"
STREAM = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:log-stream:"
JOB = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/job"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:iam-topic"
JOB_ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
WRITE = {("kms:GenerateDataKey", "key"), ("kms:Decrypt", "key")}

CREATE_JOB: dict[str, Any] = {
    "ProcessingJobName": "job",
    "RoleArn": JOB_ROLE,
    "AppSpecification": {"ImageUri": "image"},
    "ProcessingResources": {
        "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    },
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "NetworkConfig": {
        "EnableNetworkIsolation": True,
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    },
    "Tags": [{"Key": "stack", "Value": "dev"}],
}
CREATE_SCHEDULE: dict[str, Any] = {
    "Name": "iam-once",
    "GroupName": "iam-group",
    "ScheduleExpression": "at(2126-01-01T00:00:00)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": SOURCE, "RoleArn": JOB_ROLE},
}


@pytest.fixture(scope="module")
def key(aws: LocalAws) -> str:
    """Everything that the requests are about, encrypted with this key."""
    made = policies.key(aws, "events.amazonaws.com")
    bucket = {"LocationConstraint": REGION}
    for name in ("iam-bucket", "iam-plain"):
        aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=bucket)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": made}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    aws.client("s3").put_bucket_encryption(
        Bucket="iam-bucket", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    aws.client("s3").put_object(Bucket="iam-bucket", Key="a", Body=b"a")
    aws.client("dynamodb").create_table(
        TableName="iam-table",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": made},
    )
    aws.client("sns").create_topic(Name="iam-topic", Attributes={"KmsMasterKeyId": made})
    aws.client("scheduler").create_schedule_group(Name="iam-group")
    return made


class Caller:
    """A role that makes requests."""

    def __init__(self, aws: LocalAws, *statements: dict[str, Any]) -> None:
        self.aws, self.role = aws, trusted_by(aws, SERVICE, *statements)
        self.session = aws.iam.assume(self.role, SERVICE, SOURCE)

    def call(self, service: str, operation: str, **asked: Any) -> Any:
        return getattr(self.aws.client_as(self.session, service), operation)(**asked)

    def refusal(self, service: str, operation: str, **asked: Any) -> dict[str, Any]:
        with pytest.raises(ClientError) as caught:
            self.call(service, operation, **asked)
        return dict(caught.value.response.get("Error", {}))

    def used(self, *, allowed: bool = True) -> set[tuple[str, str]]:
        name = self.role.rpartition("/")[2]
        return {
            (use.action, use.resource)
            for use in self.aws.iam.used
            if (use.role, use.allowed) == (name, allowed)
        }


class TestOperations:
    """Which operation a request of a REST protocol is."""

    @pytest.mark.parametrize(
        ("service", "method", "url", "operation", "parameters"),
        [
            ("s3", "GET", "/b?list-type=2&prefix=a%2Fb", "ListObjectsV2", {"Prefix": "a/b"}),
            ("s3", "GET", "/b?prefix=", "ListObjects", {"Prefix": ""}),
            ("s3", "GET", "/b/", "ListObjects", {}),
            ("s3", "GET", "/b?list-type=1", "ListObjects", {}),
            ("s3", "GET", "/b/a/c%20d", "GetObject", {"Key": "a/c d"}),
            ("s3", "GET", "/b/k?versionId=1", "GetObject", {"Key": "k", "VersionId": "1"}),
            ("s3", "GET", "/b/k?acl", "GetObjectAcl", {"Key": "k"}),
            ("s3", "PUT", "/b/k", "PutObject", {"Key": "k"}),
            ("s3", "DELETE", "/b/k", "DeleteObject", {"Key": "k"}),
            ("scheduler", "GET", "/schedules/n?groupName=g", "GetSchedule", {"GroupName": "g"}),
            ("lambda", "POST", "/2015-03-31/functions/f/invocations", "Invoke", {}),
            ("lambda", "POST", "/nothing", "", {}),
            ("nothing", "GET", "/", "", {}),
        ],
    )
    def test_is_read_from_the_services_model(
        self, *, service: str, method: str, url: str, operation: str, parameters: dict[str, str]
    ) -> None:
        body = '{"a": 1}' if service == "lambda" else ""
        request = Request.from_values(url, method=method, data=body, content_type=JSON)
        found, asked = operations.read(service, request)
        assert found == operation
        assert {k: v for k, v in asked.items() if k in parameters} == parameters
        assert "a" not in asked, "Invoke's body is the function's"


OBJECT = "arn:aws:s3:::iam-bucket/a"
Row = tuple[str, str, dict[str, Any], set[tuple[str, str]]]
ASKED: list[Row] = [
    (
        "s3",
        "list_objects_v2",
        {"Bucket": "iam-bucket", "Prefix": "a/"},
        {("s3:ListBucket", "arn:aws:s3:::iam-bucket")},
    ),
    (
        "s3",
        "get_object",
        {"Bucket": "iam-bucket", "Key": "a"},
        {("s3:GetObject", OBJECT), ("kms:Decrypt", "key")},
    ),
    (
        "s3",
        "put_object",
        {"Bucket": "iam-bucket", "Key": "b/c d", "Body": b"b"},
        {("s3:PutObject", "arn:aws:s3:::iam-bucket/b/c d"), ("kms:GenerateDataKey", "key")},
    ),
    (
        "s3",
        "put_object",
        {"Bucket": "iam-plain", "Key": "a", "Body": b"a"},
        {("s3:PutObject", "arn:aws:s3:::iam-plain/a")},
    ),
    (
        "s3",
        "create_multipart_upload",
        {"Bucket": "iam-bucket", "Key": "a"},
        {("s3:PutObject", OBJECT), *WRITE},
    ),
    (
        "dynamodb",
        "get_item",
        {"TableName": "iam-table", "Key": {"k": {"S": "a"}}},
        {("dynamodb:GetItem", TABLE), ("kms:Decrypt", "key")},
    ),
    (
        "dynamodb",
        "put_item",
        {"TableName": "iam-table", "Item": {"k": {"S": "a"}}},
        {("dynamodb:PutItem", TABLE), ("kms:Decrypt", "key")},
    ),
    (
        "logs",
        "create_log_group",
        {"logGroupName": "g"},
        {("logs:CreateLogGroup", STREAM)},
    ),
    (
        "logs",
        "create_log_stream",
        {"logGroupName": "g", "logStreamName": "s"},
        {("logs:CreateLogStream", f"{STREAM}s")},
    ),
    (
        "logs",
        "describe_log_streams",
        {"logGroupName": "g"},
        {("logs:DescribeLogStreams", STREAM)},
    ),
    ("sns", "publish", {"TopicArn": TOPIC, "Message": "m"}, {("sns:Publish", TOPIC), *WRITE}),
    (
        "events",
        "put_events",
        {"Entries": [{"Source": "mine", "DetailType": "d", "Detail": "{}"}]},
        {("events:PutEvents", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default")},
    ),
    ("sagemaker", "list_processing_jobs", {}, {("sagemaker:ListProcessingJobs", "*")}),
    (
        "sagemaker",
        "create_processing_job",
        CREATE_JOB,
        {
            ("sagemaker:CreateProcessingJob", JOB),
            ("sagemaker:AddTags", JOB),
            ("iam:PassRole", JOB_ROLE),
        },
    ),
    (
        "sagemaker",
        "describe_processing_job",
        {"ProcessingJobName": "job"},
        {("sagemaker:DescribeProcessingJob", JOB)},
    ),
]


class TestNeeds:
    @pytest.mark.parametrize("row", ASKED, ids=[each[1] for each in ASKED])
    def test_an_operation_needs_what_aws_asks_for(self, aws: LocalAws, key: str, row: Row) -> None:
        service, operation, asked, needed = row
        caller = Caller(aws)
        caller.call(service, operation, **asked)
        spelled = {"key": key}
        assert caller.used() == {(action, spelled.get(arn, arn)) for action, arn in needed}

    @pytest.mark.usefixtures("key")
    @pytest.mark.parametrize(
        ("ends", "needed"),
        [
            ("abort_multipart_upload", "s3:AbortMultipartUpload"),
            ("complete_multipart_upload", "s3:PutObject"),
        ],
    )
    def test_the_parts_of_an_upload_are_told_from_whole_objects(
        self, aws: LocalAws, ends: str, needed: str
    ) -> None:
        begin, middle, end = Caller(aws), Caller(aws), Caller(aws)
        where = {"Bucket": "iam-bucket", "Key": "parts"}
        where["UploadId"] = begin.call("s3", "create_multipart_upload", **where)["UploadId"]
        part = middle.call("s3", "upload_part", **where, PartNumber=1, Body=b"p")["ETag"]
        parts = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part}]}}
        end.call("s3", ends, **where, **(parts if "complete" in ends else {}))
        assert (needed, "arn:aws:s3:::iam-bucket/parts") in end.used()
        assert {action for action, _ in middle.used()} == {"s3:PutObject", *(a for a, _ in WRITE)}

    def test_a_schedule_with_a_key_needs_it_and_the_targets_role(
        self, aws: LocalAws, key: str
    ) -> None:
        # Only what uses the key has an encryption context, not what looks at it.
        bound = "kms:EncryptionContext:aws:scheduler:schedule:arn"
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        looked = {"Action": "kms:DescribeKey", "Condition": {"Null": {bound: "false"}}}
        caller = Caller(aws, everything, {"Effect": "Deny", "Resource": "*", **looked})
        schedule = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/iam-group/iam-once"
        caller.call("scheduler", "create_schedule", **CREATE_SCHEDULE, KmsKeyArn=key)
        assert caller.used() == {
            ("scheduler:CreateSchedule", schedule),
            ("iam:PassRole", JOB_ROLE),
            ("kms:DescribeKey", key),
            *((action, key) for action, _ in WRITE),
        }
        reader = Caller(aws)
        reader.call("scheduler", "get_schedule", GroupName="iam-group", Name="iam-once")
        assert reader.used() == {("scheduler:GetSchedule", schedule), ("kms:Decrypt", key)}

    def test_an_object_needs_the_key_that_it_was_written_with(
        self, aws: LocalAws, key: str
    ) -> None:
        where, own = {"Bucket": "iam-bucket", "Key": "own"}, policies.key(aws, "x")
        writer, reader = Caller(aws), Caller(aws)
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": own}
        writer.call("s3", "put_object", **where, Body=b"x", **encryption)
        reader.call("s3", "get_object", **where)
        assert ("kms:GenerateDataKey", own) in writer.used()
        assert ("kms:Decrypt", own) in reader.used()
        assert key not in {arn for _, arn in writer.used() | reader.used()}

    def test_nobody_may_use_a_key_that_is_disabled(self, aws: LocalAws) -> None:
        where, own = {"Bucket": "iam-plain", "Key": "disabled"}, policies.key(aws, "x")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": own}
        aws.client("kms").disable_key(KeyId=own.rpartition("/")[2])
        told = Caller(aws).refusal("s3", "put_object", **where, Body=b"x", **encryption)
        assert "no resource-based policy allows the kms:GenerateDataKey" in told["Message"]

    def test_a_key_is_used_through_the_service_and_for_the_resource(
        self, aws: LocalAws, key: str
    ) -> None:
        bound = {
            "kms:ViaService": f"s3.{REGION}.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::iam-bucket",
        }
        caller = Caller(
            aws,
            {"Effect": "Allow", "Action": ["s3:*", "dynamodb:*"], "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": key,
                "Condition": {"StringEquals": bound},
            },
        )
        caller.call("s3", "get_object", Bucket="iam-bucket", Key="a")
        item = {"TableName": "iam-table", "Key": {"k": {"S": "a"}}}
        assert "kms:Decrypt" in caller.refusal("dynamodb", "get_item", **item)["Message"]


def on_job(condition: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "Effect": "Allow",
            "Action": ["sagemaker:CreateProcessingJob"],
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
            (
                {"StringEquals": {"aws:RequestTag/stack": "dev"}},
                {"StringEquals": {"aws:RequestTag/stack": "prod"}},
            ),
        ],
    )
    def test_a_job_is_created_only_as_the_conditions_say(
        self, aws: LocalAws, holds: dict[str, Any], fails: dict[str, Any]
    ) -> None:
        asked = {**CREATE_JOB, "ProcessingJobName": f"job-{uuid4().hex[:8]}"}
        Caller(aws, *on_job(holds)).call("sagemaker", "create_processing_job", **asked)
        refused = Caller(aws, *on_job(fails)).refusal("sagemaker", "create_processing_job", **asked)
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
            ("s3", "delete_object", {"Bucket": "iam-bucket", "Key": "a"}),
            ("s3", "copy_object", {"Bucket": "b", "Key": "k", "CopySource": "iam-bucket/a"}),
            ("s3", "put_object", {"Bucket": "b", "Key": "k", "Tagging": "a=b"}),
            ("s3", "get_object", {"Bucket": "iam-bucket", "Key": "a", "VersionId": "1"}),
            ("kms", "list_keys", {}),
            ("iam", "list_roles", {}),
            ("sagemaker", "list_training_jobs", {}),
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

    def test_a_person_is_not_judged(self, aws: LocalAws) -> None:
        before = set(aws.iam.used)
        assert aws.client("iam").list_roles()["Roles"]
        assert aws.iam.used == before


class TestManagedPolicies:
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
