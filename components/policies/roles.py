"""What the stack's roles may do: one function for each role."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components import names
from components.aws.account import Account
from components.policies import job_conditions, key_uses, vpc
from components.policies.data import Data
from components.policies.statements import Statement, allow, document
from components.policies.vpc import VpcPlacement
from components.settings import Settings
from pipeline.contract import JOB_LOGS, JOB_METRICS, NOTICE


def job(  # noqa: PLR0913 - one value for each thing that a job touches
    account: Account,
    settings: Settings,
    *,
    data: Data,
    key_arn: pulumi.Input[str],
    repository: pulumi.Input[str],
    placement: VpcPlacement | None,
) -> dict[str, Any]:
    """Return what SageMaker may do for the stack's jobs: read input, write output, log, measure."""
    logs = account.arn("logs", f"log-group:{JOB_LOGS}")
    namespace = {"StringEquals": {"cloudwatch:namespace": JOB_METRICS}}
    return document(
        data.list_input(),
        data.read_input(),
        data.write_output(),
        *key_uses.data(account, key_arn, settings.input.kms_key_arn),
        allow(
            "PullImage",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [pulumi.Output.concat(account.arn("ecr", "repository/"), repository)],
        ),
        # "*": the token is for the whole registry, the action knows no resource.
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        # The group is the account's, and no stack may own it: the first job there creates it.
        # ":*": IAM asks about a group under both forms of its ARN.
        allow("FindLogs", ["logs:CreateLogGroup", "logs:DescribeLogStreams"], [logs, f"{logs}:*"]),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [_job_streams(account, settings.prefix)],
        ),
        # "*": metrics have no ARN; the condition names the one namespace.
        allow("MeasureInstances", ["cloudwatch:PutMetricData"], ["*"], namespace),
        *(vpc.interfaces(account, placement) if placement else ()),
        *_read_secrets(account, settings.job.secrets),
    )


def _read_secrets(account: Account, secrets: Sequence[str]) -> list[Statement]:
    # Secrets Manager ends each ARN in a hyphen and six characters of its own choice.
    arns = [account.arn("secretsmanager", f"secret:{name}-??????") for name in secrets]
    return [allow("ReadSecrets", ["secretsmanager:GetSecretValue"], arns)] if arns else []


def function(
    account: Account,
    name: str,
    *,
    failures_arn: pulumi.Input[str],
    log_group_arn: pulumi.Input[str],
    key_arn: pulumi.Input[str],
) -> list[Statement]:
    """Return what each function may do: start, log, and keep the events that it fails on."""
    return [
        key_uses.read_environment(account, key_arn, name),
        # Lambda sends to the function's destination as the function.
        allow("KeepFailedEvents", ["sqs:SendMessage"], [failures_arn]),
        key_uses.send_failures(account, key_arn),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [pulumi.Output.concat(log_group_arn, ":*")],
        ),
    ]


def launcher(  # noqa: PLR0913 - one value for each thing that the launcher touches
    account: Account,
    settings: Settings,
    *,
    data: Data,
    key_arn: pulumi.Input[str],
    job_role_arn: pulumi.Input[str],
    table_arn: pulumi.Input[str],
    placement: VpcPlacement | None,
) -> list[Statement]:
    """Return what the launcher may do: start, describe and stop jobs of this stack.

    It starts jobs only as `job_conditions.py` allows them, whatever its code asks for.
    """
    jobs = _jobs(account, settings.prefix)
    conditions = job_conditions.of(settings, placement)
    return [
        allow("StartJobs", ["sagemaker:CreateProcessingJob"], jobs, conditions),
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
        *_keep_journal(account, key_arn, table_arn),
        data.list_input(),
        *data.withdraw_success(),
        allow(
            "ReportWhatDidNotStart",
            ["events:PutEvents"],
            [account.arn("events", "event-bus/default")],
            {"StringEquals": {"events:source": NOTICE[0]}},
        ),
    ]


def observer(  # noqa: PLR0913 - one value for each thing that the observer touches
    account: Account,
    prefix: str,
    *,
    data: Data,
    key_arn: pulumi.Input[str],
    retry_role_arn: pulumi.Input[str],
    table_arn: pulumi.Input[str],
    topic_arn: pulumi.Input[str],
) -> list[Statement]:
    """Return what the observer may do: describe jobs, plan attempts, mark success, publish."""
    logs = account.arn("logs", f"log-group:{JOB_LOGS}")
    return [
        allow("DescribeJobs", ["sagemaker:DescribeProcessingJob"], _jobs(account, prefix)),
        _list_jobs(),
        allow("FindLogs", ["logs:DescribeLogStreams"], [logs, f"{logs}:*"]),
        allow("ReadLogs", ["logs:GetLogEvents"], [_job_streams(account, prefix)]),
        *_keep_journal(account, key_arn, table_arn),
        data.list_input(),
        *data.withdraw_success(),
        data.mark_success(),
        allow("PublishMessages", ["sns:Publish"], [topic_arn]),
        key_uses.write_object(account, key_arn),
        key_uses.publish(account, key_arn),
        # Every job's name begins so, and no schedule's of this stack: it can plan attempts only.
        allow(
            "PlanAttempts",
            ["scheduler:CreateSchedule"],
            [account.arn("scheduler", f"schedule/{prefix}/{names.job_name_prefix(prefix)}*")],
        ),
        allow(
            "ReadSchedules",
            ["scheduler:GetSchedule"],
            [account.arn("scheduler", f"schedule/{prefix}/*")],
        ),
        # For both: whether GetSchedule decrypts in the caller's name is not documented.
        *key_uses.plan_schedules(account, key_arn, f"{prefix}/*"),
        _pass_role(retry_role_arn, "scheduler.amazonaws.com"),
    ]


def schedule(
    account: Account,
    schedules: str,
    *,
    function_arn: pulumi.Input[str],
    failures_arn: pulumi.Input[str],
    key_arn: pulumi.Input[str],
) -> dict[str, Any]:
    """Return what EventBridge Scheduler may do: invoke one function, keep what it can't deliver.

    `schedules` are those that use the role, as `<group>/<name or pattern>`; the key encrypts their
    input and the queue.
    """
    return document(
        key_uses.read_payloads(account, key_arn, schedules),
        allow("InvokeFunction", ["lambda:InvokeFunction"], [function_arn]),
        allow("KeepUndelivered", ["sqs:SendMessage"], [failures_arn]),
        key_uses.send_failures(account, key_arn),
    )


def _jobs(account: Account, prefix: str) -> list[str]:
    return [account.arn("sagemaker", f"processing-job/{names.job_name_prefix(prefix)}*")]


def _job_streams(account: Account, prefix: str) -> str:
    streams = f"{JOB_LOGS}:log-stream:{names.job_name_prefix(prefix)}*"
    return account.arn("logs", f"log-group:{streams}")


def _list_jobs() -> Statement:
    # "*": the action knows no resource; it shows names and states of all jobs of the account.
    return allow("ListJobs", ["sagemaker:ListProcessingJobs"], ["*"])


def _keep_journal(
    account: Account, key_arn: pulumi.Input[str], table_arn: pulumi.Input[str]
) -> list[Statement]:
    actions = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"]
    return [allow("KeepJournal", actions, [table_arn]), key_uses.read_table(account, key_arn)]


def _pass_role(role_arn: pulumi.Input[str], service: str) -> Statement:
    condition = {"StringEquals": {"iam:PassedToService": service}}
    return allow("PassRole", ["iam:PassRole"], [role_arn], condition)
