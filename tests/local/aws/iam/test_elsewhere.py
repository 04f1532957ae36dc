"""What is of another account or region: it is not judged as one's own of the same name."""

from typing import Any

import pytest

from local.aws.endpoint import LocalAws
from tests.local.aws.iam.iam_caller import (
    ACCOUNT,
    CREATE_JOB,
    REGION,
    SOURCE,
    TABLE,
    TOPIC,
    Caller,
)

OTHER = "999988887777"
ELSEWHERE: list[tuple[str, str, dict[str, Any]]] = [
    ("sns", "publish", {"TopicArn": TOPIC.replace(ACCOUNT, OTHER), "Message": "m"}),
    ("lambda", "invoke", {"FunctionName": SOURCE.replace(ACCOUNT, OTHER)}),
    ("dynamodb", "get_item", {"TableName": TABLE.replace(ACCOUNT, OTHER), "Key": {}}),
    (
        "sagemaker",
        "create_processing_job",
        {**CREATE_JOB, "RoleArn": CREATE_JOB["RoleArn"].replace(ACCOUNT, OTHER)},
    ),
]


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(("service", "operation", "asked"), ELSEWHERE)
def test_what_is_of_another_account_is_not_judged_as_ones_own(
    aws: LocalAws, service: str, operation: str, asked: dict[str, Any]
) -> None:
    told = Caller(aws).refusal(service, operation, **asked)["Message"]
    assert f":{OTHER}:" in told
    assert "because no resource-based policy allows" in told


def test_a_key_of_another_account_is_not_ones_own(aws: LocalAws, key: str) -> None:
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key.replace(ACCOUNT, OTHER)}
    where = {"Bucket": "iam-plain", "Key": "a", "Body": b""}
    told = Caller(aws).refusal("s3", "put_object", **where, **encryption)["Message"]
    assert f"kms:GenerateDataKey on resource: {key.replace(ACCOUNT, OTHER)}" in told


@pytest.mark.parametrize(
    ("service", "operation", "asked"),
    [
        ("sns", "publish", {"TopicArn": TOPIC.replace(REGION, "us-west-2"), "Message": "m"}),
        ("lambda", "invoke", {"FunctionName": SOURCE.replace(REGION, "us-west-2")}),
        ("lambda", "invoke", {"FunctionName": f"{OTHER}:function:f"}),
        ("s3", "get_object", {"Bucket": "b", "Key": "k", "ExpectedBucketOwner": OTHER}),
    ],
)
def test_what_is_elsewhere_in_another_way_is_refused(
    aws: LocalAws, service: str, operation: str, asked: dict[str, Any]
) -> None:
    assert Caller(aws).refusal(service, operation, **asked)["Code"] == "NotImplemented"
