"""IAM policies as plain data: pure functions, rendered with `pulumi.Output.json_dumps`.

Every statement has a Sid, exact actions and exact resources. Each `*` that is left says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from components import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from components.account import Account

Statement = dict[str, Any]

PROCESSING_LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
"""SageMaker's, shared by every processing job of the account: no stack may own it."""


def document(*statements: Statement) -> dict[str, Any]:
    """Return a policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    conditions: Mapping[str, Any] | None = None,
) -> Statement:
    """Return a statement of an identity's policy."""
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(resources),
    }
    return {**statement, "Condition": dict(conditions)} if conditions else statement


def trust(service: str, conditions: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a trust policy: only `service` may assume the role, under `conditions`."""
    statement: Statement = {
        "Sid": "OnlyThisService",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return document({**statement, "Condition": dict(conditions)} if conditions else statement)


def from_source(account: Account, source_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return the conditions that keep a service from acting for somebody else's resource."""
    return {
        "StringEquals": {"aws:SourceAccount": account.id},
        "ArnLike": {"aws:SourceArn": source_arn},
    }


def job_role(  # noqa: PLR0913 - one value for each thing that a job touches
    account: Account,
    prefix: str,
    *,
    input_arn: pulumi.Input[str],
    input_prefix: str,
    input_key_arn: pulumi.Input[str] | None,
    output_arn: pulumi.Input[str],
    output_prefix: str,
    key_arn: pulumi.Input[str],
    repository_arn: pulumi.Input[str],
) -> dict[str, Any]:
    """Return what SageMaker may do for the stack's jobs: read input, write output, log, measure."""
    logs = account.arn("logs", f"log-group:{PROCESSING_LOG_GROUP}")
    streams = f"{logs}:log-stream:{naming.job_name_pattern(prefix)}"
    read_keys = [key_arn] if input_key_arn is None else [key_arn, input_key_arn]
    objects = pulumi.Output.concat(input_arn, "/", input_prefix, "*")
    results = pulumi.Output.concat(output_arn, "/", output_prefix, "*")
    listing = {"StringLike": {"s3:prefix": f"{input_prefix}*"}}
    namespace = {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/ProcessingJobs"}}
    return document(
        allow("ListInput", ["s3:ListBucket"], [input_arn], listing),
        allow("ReadInput", ["s3:GetObject"], [objects]),
        allow("WriteOutput", ["s3:PutObject", "s3:AbortMultipartUpload"], [results]),
        # GenerateDataKey and Decrypt: multipart uploads to an encrypted bucket need both.
        allow("DecryptInput", ["kms:Decrypt"], read_keys),
        allow("EncryptOutput", ["kms:Encrypt", "kms:GenerateDataKey"], [key_arn]),
        allow("EncryptVolume", ["kms:CreateGrant", "kms:DescribeKey"], [key_arn]),
        allow(
            "PullImage",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [repository_arn],
        ),
        # "*": the token is for the whole registry, the action knows no resource.
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "FindLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams"],
            [logs, f"{logs}:*"],
        ),
        allow("WriteLogs", ["logs:PutLogEvents"], [streams]),
        # "*": metrics have no ARN; the condition names the one namespace.
        allow("MeasureInstances", ["cloudwatch:PutMetricData"], ["*"], namespace),
    )


def launcher_role(
    account: Account,
    prefix: str,
    *,
    job_role_arn: pulumi.Input[str],
    failures_arn: pulumi.Input[str],
    log_group_arn: pulumi.Input[str],
) -> dict[str, Any]:
    """Return what the launcher may do: start and describe jobs of this stack, nothing else."""
    jobs = [account.arn("sagemaker", f"processing-job/{naming.job_name_pattern(prefix)}")]
    return document(
        allow("StartJobs", ["sagemaker:CreateProcessingJob"], jobs),
        # Without it a tagged create is denied.
        allow(
            "TagJobsAtStart",
            ["sagemaker:AddTags"],
            jobs,
            {"StringEquals": {"sagemaker:TaggingAction": "CreateProcessingJob"}},
        ),
        allow("DescribeJobs", ["sagemaker:DescribeProcessingJob"], jobs),
        allow(
            "PassJobRole",
            ["iam:PassRole"],
            [job_role_arn],
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow("KeepFailedEvents", ["sqs:SendMessage"], [failures_arn]),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [pulumi.Output.concat(log_group_arn, ":*")],
        ),
    )


def schedule_role(
    *, function_arn: pulumi.Input[str], failures_arn: pulumi.Input[str]
) -> dict[str, Any]:
    """Return what EventBridge Scheduler may do: invoke the launcher, keep what it can't deliver."""
    return document(
        allow("InvokeLauncher", ["lambda:InvokeFunction"], [function_arn]),
        allow("KeepUndelivered", ["sqs:SendMessage"], [failures_arn]),
    )


def key_policy(account: Account, log_group_pattern: str) -> dict[str, Any]:
    """Return the key's policy: the account decides by IAM, and CloudWatch Logs may encrypt."""
    logs_arn = account.arn("logs", f"log-group:{log_group_pattern}")
    return document(
        {
            # kms:* for the account's root delegates to IAM; without it nobody could ever change
            # this policy again. "*": in a key's policy it means this key.
            "Sid": "AccountDecidesByIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{account.partition}:iam::{account.id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "LogsOfThisStack",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{account.region}.amazonaws.com"},
            "Action": [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs_arn}},
        },
    )


def bucket_policy(bucket_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return a bucket's policy: nobody, whatever else allows it, without TLS."""
    return document(
        {
            # Principal, Action "*": a Deny is meant for everybody and everything.
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, pulumi.Output.concat(bucket_arn, "/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
