"""A role that makes requests, and what they are about."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws.endpoint import LocalAws
from tests.local.aws.iam import policies
from tests.local.aws.iam.roles import trusted_by

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
CREATE_TRAINING_JOB: dict[str, Any] = {
    "TrainingJobName": "job",
    "RoleArn": JOB_ROLE,
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "ResourceConfig": CREATE_JOB["ProcessingResources"]["ClusterConfig"],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket"},
    "StoppingCondition": CREATE_JOB["StoppingCondition"],
    **CREATE_JOB["NetworkConfig"],
    "Tags": CREATE_JOB["Tags"],
}
CREATE_SCHEDULE: dict[str, Any] = {
    "Name": "iam-once",
    "GroupName": "iam-group",
    "ScheduleExpression": "at(2126-01-01T00:00:00)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": SOURCE, "RoleArn": JOB_ROLE},
}


def encrypted(aws: LocalAws) -> str:
    """Create everything that the requests are about, and return the key that encrypts it."""
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
    aws.client("logs").create_log_group(logGroupName="g")
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
            (action, resource)
            for who, action, resource, admitted in self.aws.iam.used
            if (who, admitted) == (name, allowed)
        }
