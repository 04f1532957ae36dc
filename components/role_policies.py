"""What the stack's roles may do: one function for each role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from components import naming
from components.policies import Statement, allow, document

if TYPE_CHECKING:
    from components.account import Account

PROCESSING_LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
"""SageMaker's, shared by every processing job of the account: no stack may own it."""


def job(  # noqa: PLR0913 - one value for each thing that a job touches
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
    read_keys = [key_arn] if input_key_arn is None else [key_arn, input_key_arn]
    objects = pulumi.Output.concat(input_arn, "/", input_prefix, "*")
    results = pulumi.Output.concat(output_arn, "/", output_prefix, "*")
    namespace = {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/ProcessingJobs"}}
    return document(
        allow("ListInput", ["s3:ListBucket"], [input_arn], _under(input_prefix)),
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
        allow("WriteLogs", ["logs:PutLogEvents"], [_job_streams(account, prefix)]),
        # "*": metrics have no ARN; the condition names the one namespace.
        allow("MeasureInstances", ["cloudwatch:PutMetricData"], ["*"], namespace),
    )


def function(
    *, failures_arn: pulumi.Input[str], log_group_arn: pulumi.Input[str]
) -> list[Statement]:
    """Return what each function may do: log, and keep the events that it fails on."""
    return [
        allow("KeepFailedEvents", ["sqs:SendMessage"], [failures_arn]),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [pulumi.Output.concat(log_group_arn, ":*")],
        ),
    ]


def launcher(  # noqa: PLR0913 - one value for each thing that the launcher touches
    account: Account,
    prefix: str,
    *,
    job_role_arn: pulumi.Input[str],
    table_arn: pulumi.Input[str],
    key_arn: pulumi.Input[str],
    input_arn: pulumi.Input[str],
    input_prefix: str,
) -> list[Statement]:
    """Return what the launcher may do: start, describe and stop jobs of this stack, and tell."""
    jobs = _jobs(account, prefix)
    return [
        allow("StartJobs", ["sagemaker:CreateProcessingJob"], jobs),
        # Without it a tagged create is denied.
        allow(
            "TagJobsAtStart",
            ["sagemaker:AddTags"],
            jobs,
            {"StringEquals": {"sagemaker:TaggingAction": "CreateProcessingJob"}},
        ),
        allow(
            "FollowJobs", ["sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob"], jobs
        ),
        _list_jobs(),
        _pass_role(job_role_arn, "sagemaker.amazonaws.com"),
        allow(
            "KeepJournal",
            ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            [table_arn],
        ),
        allow("ReadJournal", ["kms:Decrypt"], [key_arn], _via(account, "dynamodb")),
        allow("ListInput", ["s3:ListBucket"], [input_arn], _under(input_prefix)),
        allow(
            "TellWhatDidNotStart",
            ["events:PutEvents"],
            [account.arn("events", "event-bus/default")],
            {"StringEquals": {"events:source": naming.EVENT_SOURCE}},
        ),
    ]


def observer(  # noqa: PLR0913 - one value for each thing that the observer touches
    account: Account,
    prefix: str,
    *,
    retry_role_arn: pulumi.Input[str],
    table_arn: pulumi.Input[str],
    key_arn: pulumi.Input[str],
    topic_arn: pulumi.Input[str],
    input_arn: pulumi.Input[str],
    input_prefix: str,
    output_arn: pulumi.Input[str],
    output_prefix: str,
) -> list[Statement]:
    """Return what the observer may do: look at jobs, plan the next attempt, mark and tell."""
    logs = account.arn("logs", f"log-group:{PROCESSING_LOG_GROUP}")
    schedules = f"schedule/{prefix}"
    markers = pulumi.Output.concat(output_arn, "/", output_prefix, "*_SUCCESS")
    return [
        allow("DescribeJobs", ["sagemaker:DescribeProcessingJob"], _jobs(account, prefix)),
        _list_jobs(),
        allow("FindLogs", ["logs:DescribeLogStreams"], [logs, f"{logs}:*"]),
        allow("ReadLogs", ["logs:GetLogEvents"], [_job_streams(account, prefix)]),
        allow(
            "KeepJournal",
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            [table_arn],
        ),
        allow("ListInput", ["s3:ListBucket"], [input_arn], _under(input_prefix)),
        allow("ListOutput", ["s3:ListBucket"], [output_arn], _under(output_prefix)),
        allow("MarkSuccess", ["s3:PutObject"], [markers]),
        allow("Tell", ["sns:Publish"], [topic_arn]),
        allow(
            "UseKeyOfJournalOutputAndTopic",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [key_arn],
            _via(account, "dynamodb", "s3", "sns"),
        ),
        # Every job's name begins so, and no schedule's of this stack: it can plan attempts only.
        allow(
            "PlanAttempts",
            ["scheduler:CreateSchedule"],
            [account.arn("scheduler", f"{schedules}/{naming.job_name_pattern(prefix)}")],
        ),
        allow(
            "ReadSchedules",
            ["scheduler:GetSchedule"],
            [account.arn("scheduler", f"{schedules}/*")],
        ),
        _pass_role(retry_role_arn, "scheduler.amazonaws.com"),
    ]


def schedule(*, function_arn: pulumi.Input[str], failures_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return what EventBridge Scheduler may do: invoke one function, keep what it can't deliver."""
    return document(
        allow("InvokeFunction", ["lambda:InvokeFunction"], [function_arn]),
        allow("KeepUndelivered", ["sqs:SendMessage"], [failures_arn]),
    )


def _jobs(account: Account, prefix: str) -> list[str]:
    return [account.arn("sagemaker", f"processing-job/{naming.job_name_pattern(prefix)}")]


def _job_streams(account: Account, prefix: str) -> str:
    streams = f"{PROCESSING_LOG_GROUP}:log-stream:{naming.job_name_pattern(prefix)}"
    return account.arn("logs", f"log-group:{streams}")


def _list_jobs() -> Statement:
    # "*": the action knows no resource; it shows names and states of all jobs of the account.
    return allow("ListJobs", ["sagemaker:ListProcessingJobs"], ["*"])


def _pass_role(role_arn: pulumi.Input[str], service: str) -> Statement:
    condition = {"StringEquals": {"iam:PassedToService": service}}
    return allow("PassRole", ["iam:PassRole"], [role_arn], condition)


def _under(prefix: str) -> dict[str, Any]:
    return {"StringLike": {"s3:prefix": f"{prefix}*"}}


def _via(account: Account, *services: str) -> dict[str, Any]:
    """Return the condition that a key is used only through these services.

    DynamoDB decrypts the table's key in the caller's name, for writes too; it made that key when
    it made the table. https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
    """
    names = [f"{service}.{account.region}.amazonaws.com" for service in services]
    return {"StringEquals": {"kms:ViaService": names}}
