"""What the requests of roles need: with real clients on the endpoint."""

from typing import Any

import pytest
from werkzeug.wrappers import Request

from local.aws import protocols
from local.aws.endpoint import LocalAws
from tests.local.aws.iam import policies
from tests.local.aws.iam.iam_caller import (
    ACCOUNT,
    CREATE_JOB,
    CREATE_SCHEDULE,
    CREATE_TRAINING_JOB,
    JOB,
    JOB_ROLE,
    REGION,
    STREAM,
    TABLE,
    TOPIC,
    WRITE,
    Caller,
)

JSON = "application/json"


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
        found, asked = protocols.read(service, request)
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
        "list_object_versions",
        {"Bucket": "iam-bucket", "Prefix": "a/"},
        {("s3:ListBucketVersions", "arn:aws:s3:::iam-bucket")},
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
        "s3",
        "head_object",
        {"Bucket": "iam-bucket", "Key": "a"},
        {("s3:GetObject", OBJECT), ("kms:Decrypt", "key")},
    ),
    (
        "s3",
        "copy_object",
        {"Bucket": "iam-plain", "Key": "copy", "CopySource": "iam-bucket/a"},
        {
            ("s3:GetObject", OBJECT),
            ("kms:Decrypt", "key"),
            ("s3:PutObject", "arn:aws:s3:::iam-plain/copy"),
        },
    ),
    (
        "s3",
        "delete_objects",
        {"Bucket": "iam-plain", "Delete": {"Objects": [{"Key": "b"}, {"Key": "c/d"}]}},
        {("s3:DeleteObject", f"arn:aws:s3:::iam-plain/{key}") for key in ("b", "c/d")},
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
        {"logGroupName": "new"},
        {("logs:CreateLogGroup", STREAM.replace("log-group:g:", "log-group:new:"))},
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
    ("sagemaker", "list_training_jobs", {}, {("sagemaker:ListTrainingJobs", "*")}),
    (
        "sagemaker",
        "create_training_job",
        CREATE_TRAINING_JOB,
        {
            ("sagemaker:CreateTrainingJob", JOB.replace("processing", "training")),
            ("sagemaker:AddTags", JOB.replace("processing", "training")),
            ("iam:PassRole", JOB_ROLE),
        },
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

    def test_a_job_is_described_by_its_name(self, aws: LocalAws) -> None:
        Caller(aws).call(
            "sagemaker", "create_processing_job", **{**CREATE_JOB, "ProcessingJobName": "known"}
        )
        caller = Caller(aws)
        caller.call("sagemaker", "describe_processing_job", ProcessingJobName="known")
        known = JOB.removesuffix("job") + "known"
        assert caller.used() == {("sagemaker:DescribeProcessingJob", known)}

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
