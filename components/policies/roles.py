"""What the stack's roles may do: one function for each role.

A service that acts in a role's name names itself in kms:ViaService, so that the role cannot call
KMS by itself. EventBridge Scheduler and SageMaker, which assume a role, call KMS with its session
and may name nobody.
"""

from collections.abc import Sequence
from typing import Any

import pulumi

from components import names
from components.policies import jobs, replication, spot, vpc
from components.policies.data import Data
from components.policies.statements import TO_PULL, TO_SEND, Statement, allow, via
from components.policies.vpc import VpcPlacement
from components.settings import Settings
from components.stack import Stack
from pipeline.contract import MARKER, NOTICE

Arn = pulumi.Input[str]

_WRITE_LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]


def job(
    stack: Stack, data: Data, repository_arn: Arn, placement: VpcPlacement | None
) -> list[Statement]:
    """Return what SageMaker may do for the stack's jobs: read input, write output, log, measure."""
    account = stack.account
    groups = [kind.group for kind in stack.settings.job_kinds]
    namespace = {"StringEquals": {"cloudwatch:namespace": groups}}
    # Secrets Manager ends each ARN in a hyphen and six characters of its own choice.
    secrets = [
        account.arn("secretsmanager", f"secret:{name}-??????") for name in stack.settings.secrets
    ]
    return [
        *data.list_input(),
        *data.list_followed(),
        allow("ReadInput", ["s3:GetObject"], data.input("*")),
        allow("WriteOutput", ["s3:PutObject", "s3:AbortMultipartUpload"], data.output("*")),
        *spot.job(data),
        *_job_keys(stack),
        allow("PullImage", TO_PULL, [repository_arn]),
        # "*": the token is for the whole registry, the action knows no resource.
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        # The group is the account's, and no stack may own it: the first job there creates it.
        allow("FindLogs", ["logs:CreateLogGroup", "logs:DescribeLogStreams"], jobs.logs(stack)),
        allow("WriteLogs", _WRITE_LOGS, jobs.streams(stack)),
        # "*": metrics have no ARN; the condition names the one namespace.
        allow("MeasureInstances", ["cloudwatch:PutMetricData"], ["*"], namespace),
        *(vpc.interfaces(account, placement) if placement else ()),
        *([allow("ReadSecrets", ["secretsmanager:GetSecretValue"], secrets)] if secrets else ()),
    ]


def _job_keys(stack: Stack) -> list[Statement]:
    """Return what a job needs for encrypted objects and its encrypted volume."""
    via_s3, own = via(stack, "s3"), [stack.key_arn]
    # Existing buckets that are read may have keys of their own.
    theirs = filter(None, {each.kms_key_arn for each in stack.settings.sources})
    return [
        # Of the output's key too: a multipart upload reads what it has encrypted.
        allow("DecryptData", ["kms:Decrypt"], [*own, *sorted(theirs)], via_s3),
        allow("EncryptOutput", ["kms:GenerateDataKey"], own, via_s3),
        # SageMaker's guide asks for it beside a key for the output; S3 itself never uses it. Not
        # conditioned, as nobody says in whose name it would be called; it can read nothing.
        allow("EncryptForSageMaker", ["kms:Encrypt"], own),
        # Not conditioned: that SageMaker's grant for the volume is one "for an AWS resource", or is
        # made through a service, is documented nowhere, and a wrong guess would fail every job.
        allow("EncryptVolume", ["kms:CreateGrant", "kms:DescribeKey"], own),
    ]


def function(stack: Stack, name: str, failures_arn: Arn, logs_arn: Arn) -> list[Statement]:
    """Return what each function may do: start, log, and keep the events that it fails on."""
    # Lambda grants it to the function's role when a deployment sets the key, if whoever deploys
    # may make grants; without it the function cannot start. A grant is also lost with the role.
    arn = stack.account.arn("lambda", f"function:{names.function(stack.prefix, name)}")
    own = {"StringEquals": {"kms:EncryptionContext:aws:lambda:FunctionArn": arn}}
    return [
        allow("ReadEnvironment", ["kms:Decrypt"], [stack.key_arn], own),
        # Lambda sends to the function's destination as the function.
        allow("KeepFailedEvents", ["sqs:SendMessage"], [failures_arn]),
        _encrypt_failures(stack),
        allow("WriteLogs", _WRITE_LOGS, [pulumi.Output.concat(logs_arn, ":*")]),
    ]


def launcher(
    stack: Stack, data: Data, placement: VpcPlacement | None, *, job_role_arn: Arn, table_arn: Arn
) -> list[Statement]:
    """Return what the launcher may do: start, describe and stop jobs of this stack."""
    named = jobs.named(stack)
    creating = [kind.operation("Create") for kind in stack.settings.job_kinds]
    at_start = {"StringEquals": {"sagemaker:TaggingAction": creating}}
    conditions = job_conditions(stack.settings, placement)
    return [
        allow("StartJobs", jobs.calls(stack, "Create"), named, conditions),
        # Without it a tagged create is denied.
        allow("TagJobsAtStart", ["sagemaker:AddTags"], named, at_start),
        allow("FollowJobs", [*jobs.calls(stack, "Describe"), *jobs.calls(stack, "Stop")], named),
        _pass_role(job_role_arn, "sagemaker.amazonaws.com"),
        *_of_both_functions(stack, data, table_arn),
        *replication.launcher(stack, data, table_arn),
        allow(
            "ReportWhatDidNotStart",
            ["events:PutEvents"],
            [stack.account.arn("events", "event-bus/default")],
            {"StringEquals": {"events:source": NOTICE[0]}},
        ),
    ]


def job_conditions(settings: Settings, placement: VpcPlacement | None) -> dict[str, Any]:
    """Return what every job of any schedule must be like, whatever the launcher's code asks for.

    All keys are those of the Service Authorization Reference for either kind of job. Not
    conditioned are the keys that encrypt: two spellings of their condition keys are in use
    (VolumeKmsKey and VolumeKmsKeyArn), and on types with disks of their own there is none.
    """
    lists: dict[str, Any] = {"sagemaker:InstanceTypes": settings.attempt_types}
    if placement:
        lists["sagemaker:VpcSubnets"] = placement.subnets
        lists["sagemaker:VpcSecurityGroupIds"] = placement.security_groups
    flags: dict[str, str] = {}
    if settings.network.mode == "isolated":
        flags["sagemaker:NetworkIsolation"] = "true"
    if settings.is_sharded:
        flags["sagemaker:InterContainerTrafficEncryption"] = "true"
    runtime = str(max(each.job.max_runtime_seconds for each in settings.schedules.values()))
    return {
        "NumericLessThanEquals": {"sagemaker:MaxRuntimeInSeconds": runtime},
        "ForAllValues:StringEquals": lists,
        # ForAllValues is true of a request that has no value at all.
        "Null": dict.fromkeys(lists, "false"),
        **({"Bool": flags} if flags else {}),
    }


def chat() -> Statement:
    """Return what a chat may do, whatever else would allow it."""
    return {**allow("NothingAtAll", ["*"], ["*"]), "Effect": "Deny"}


def observer(
    stack: Stack, data: Data, *, retry_role_arn: Arn, table_arn: Arn, topic_arns: Sequence[Arn]
) -> list[Statement]:
    """Return what the observer may do: describe jobs, plan attempts, mark success, publish."""
    key = [stack.key_arn]
    return [
        allow("DescribeJobs", jobs.calls(stack, "Describe"), jobs.named(stack)),
        allow("FindLogs", ["logs:DescribeLogStreams"], jobs.logs(stack)),
        allow("ReadLogs", ["logs:GetLogEvents"], jobs.streams(stack)),
        *_of_both_functions(stack, data, table_arn),
        allow("ReadEntries", ["dynamodb:GetItem"], [table_arn]),
        allow("MarkSuccess", ["s3:PutObject"], data.output(f"*{MARKER}")),
        *spot.observer(stack, data),
        *replication.observer(stack, data),
        allow("PublishMessages", ["sns:Publish"], topic_arns),
        # Of one part: nothing has to be decrypted.
        allow("EncryptMarkers", ["kms:GenerateDataKey"], key, via(stack, "s3")),
        # "Key management" of the SNS guide.
        allow("EncryptMessages", TO_SEND, key, via(stack, "sns")),
        *_plan_attempts(stack),
        _pass_role(retry_role_arn, "scheduler.amazonaws.com"),
    ]


def _plan_attempts(stack: Stack) -> list[Statement]:
    """Return what it takes to create and read schedules, whose input is encrypted.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/security_iam_id-based-policy-examples.html
    """
    own, key = _schedules(stack, "*"), [stack.key_arn]
    # Every job's name begins so, and no schedule's of this stack: it can plan attempts only.
    attempts = _schedules(stack, f"{names.job_name_prefix(stack.prefix)}*")
    through = via(stack, "scheduler")
    return [
        allow("PlanAttempts", ["scheduler:CreateSchedule"], [attempts]),
        allow("ReadSchedules", ["scheduler:GetSchedule"], [own]),
        # Apart from the next one: kms:DescribeKey has no encryption context to compare.
        allow("DescribeKeyForAttempts", ["kms:DescribeKey"], key, through),
        # For all: whether GetSchedule decrypts in the caller's name is not documented.
        allow("EncryptAttempts", TO_SEND, key, {**through, **_payloads(own)}),
    ]


def schedule(stack: Stack, name: str, function_arn: Arn, failures_arn: Arn) -> list[Statement]:
    """Return what EventBridge Scheduler may do: invoke one function, keep what it can't deliver.

    `name` is that of the schedules which use the role, or a pattern; their input is encrypted.
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
    """
    payloads = _payloads(_schedules(stack, name))
    return [
        allow("ReadPayloads", ["kms:Decrypt"], [stack.key_arn], payloads),
        allow("InvokeFunction", ["lambda:InvokeFunction"], [function_arn]),
        allow("KeepUndelivered", ["sqs:SendMessage"], [failures_arn]),
        _encrypt_failures(stack),
    ]


def _schedules(stack: Stack, name: str) -> str:
    return stack.account.arn("scheduler", f"schedule/{stack.prefix}/{name}")


def _payloads(schedules: str) -> dict[str, Any]:
    return {"ArnLike": {"kms:EncryptionContext:aws:scheduler:schedule:arn": schedules}}


def _encrypt_failures(stack: Stack) -> Statement:
    return allow("EncryptFailures", TO_SEND, [stack.key_arn], via(stack, "sqs"))


def _of_both_functions(stack: Stack, data: Data, table_arn: Arn) -> list[Statement]:
    """Return what launcher and observer need alike: jobs, the journal, and a slot's data."""
    keep = ["dynamodb:Query", "dynamodb:UpdateItem"]
    return [
        # "*": the action knows no resource; it shows names and states of all jobs of the account.
        allow("ListJobs", [f"{each}s" for each in jobs.calls(stack, "List")], ["*"]),
        allow("KeepJournal", keep, [table_arn]),
        # DynamoDB decrypts the table's key in the caller's name, for writes too; it made that key
        # with the table. https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
        allow("ReadJournal", ["kms:Decrypt"], [stack.key_arn], via(stack, "dynamodb")),
        *data.list_input(),
        *data.list_output(),
        *data.list_scratch(),
        # No version of it: what is withdrawn can be had back.
        allow("WithdrawSuccess", ["s3:DeleteObject"], data.output(f"*{MARKER}")),
    ]


def _pass_role(role_arn: Arn, service: str) -> Statement:
    condition = {"StringEquals": {"iam:PassedToService": service}}
    return allow("PassRole", ["iam:PassRole"], [role_arn], condition)
