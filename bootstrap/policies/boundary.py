"""The most that a role of the stack can ever do, whatever its own policy says.

It grants nothing. What `components/policies` gives the roles has to be within it, which the tests
ask of every stack and variant. IAM takes 6,144 characters, and a role has one boundary: so actions
of several services share a statement, where each works on none but its own resources.
"""

from dataclasses import replace

from bootstrap.policies.conditions import calls, of_own
from bootstrap.stack import Stack
from components import names
from components.policies.statements import Statement, allow
from pipeline.kind import Kind

_REPLICATED = (
    "GetObjectLegalHold GetObjectRetention GetObjectVersionAcl GetObjectVersionForReplication "
    "GetObjectVersionTagging GetReplicationConfiguration ListBucketVersions"
)
"""Beside what all stacks have: what S3 asks of the role, and of who compares versions."""
_ANYWHERE = (
    *(f"sagemaker:{kind.operation('List')}s" for kind in Kind),
    *("cloudwatch:PutMetricData", "ecr:GetAuthorizationToken", "logs:DescribeLogGroups"),
    # The request of the first names no interface.
    "ec2:DeleteNetworkInterfacePermission",
    *calls(
        "ec2",
        "DescribeDhcpOptions DescribeNetworkInterfaces DescribeSecurityGroups DescribeSubnets "
        "DescribeVpcs",
    ),
)
"""Actions that know no resource."""


def statements(stack: Stack) -> list[Statement]:
    """Return the statements of the boundary."""
    uses = stack.settings.uses
    return [
        *_jobs(stack),
        _data(stack, [*stack.buckets, *(each for each in uses if ":s3:" in each)]),
        *_keys(stack, [each for each in uses if ":kms:" in each]),
        *_secrets([each for each in uses if ":secretsmanager:" in each]),
        *_elsewhere(stack),
        _messages(stack),
        *_logs(stack),
        *_network(stack),
        allow("Anywhere", _ANYWHERE, ["*"]),
    ]


def _jobs(stack: Stack) -> list[Statement]:
    named = names.job_name_prefix(stack.prefix)
    jobs = stack.arns("sagemaker", *(f"{kind.resource}/{named}*" for kind in Kind))
    verbs = [kind.operation(verb) for kind in Kind for verb in ("Create", "Describe", "Stop")]
    services = ["sagemaker", "scheduler"]
    passed = {
        "StringEquals": {"iam:PassedToService": [f"{each}.amazonaws.com" for each in services]}
    }
    pull = calls("ecr", "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer")
    return [
        allow(
            "Jobs",
            [*calls("sagemaker", " ".join(["AddTags", *verbs])), *pull],
            [*jobs, stack.own_images, *stack.their_images],
        ),
        allow("PassRoles", ["iam:PassRole"], [stack.roles], passed),
    ]


def _data(stack: Stack, buckets: list[str]) -> Statement:
    actions = [
        *calls("s3", "AbortMultipartUpload DeleteObject GetObject ListBucket PutObject"),
        *(calls("s3", _REPLICATED) if stack.other else ()),
        *calls("dynamodb", "GetItem Query UpdateItem"),
    ]
    table = stack.arns("dynamodb", f"table/{names.journal(stack.prefix)}")
    return allow("Data", actions, [*buckets, *(f"{each}/*" for each in buckets), *table])


def _keys(stack: Stack, theirs: list[str]) -> list[Statement]:
    use = calls("kms", "CreateGrant Decrypt DescribeKey Encrypt GenerateDataKey")
    own = allow("Key", use, stack.arns("kms", "key/*"), of_own(stack))
    return [own, *([allow("TheirKeys", ["kms:Decrypt"], theirs)] if theirs else ())]


def _secrets(secrets: list[str]) -> list[Statement]:
    # With what Secrets Manager ends each ARN in, or without, as it is pasted or written.
    forms = [form for each in secrets for form in (each, f"{each}-??????")]
    return [allow("Secrets", ["secretsmanager:GetSecretValue"], forms)] if secrets else []


def _elsewhere(stack: Stack) -> list[Statement]:
    """Return what reaches a pair's other region: replicas, and which of the two runs schedules.

    The key there is named by its alias, as S3 names it.
    """
    if not (there := stack.elsewhere):
        return []
    replicas = [f"{each}/*" for each in replace(stack, account=there).buckets]
    table = there.arn("dynamodb", f"table/{names.journal(stack.prefix)}")
    aliased = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{stack.prefix}"}}
    return [
        allow(
            "There",
            ["s3:ReplicateObject", "s3:ReplicateTags", "dynamodb:GetItem"],
            [*replicas, table],
        ),
        allow(
            "KeyThere",
            calls("kms", "Decrypt Encrypt GenerateDataKey"),
            [there.arn("kms", "key/*")],
            aliased,
        ),
    ]


def _messages(stack: Stack) -> Statement:
    actions = [
        *calls("scheduler", "CreateSchedule GetSchedule"),
        *("sqs:SendMessage", "sns:Publish", "lambda:InvokeFunction", "events:PutEvents"),
    ]
    places = [*stack.queues, *stack.topics, *stack.functions]
    schedules = stack.arns("scheduler", f"schedule/{stack.prefix}/*")
    bus = stack.arns("events", "event-bus/default")
    return allow("Messages", actions, [*places, *schedules, *bus])


def _logs(stack: Stack) -> list[Statement]:
    groups = [f"log-group:{kind.group}" for kind in Kind]
    found = [form for group in groups for form in (group, f"{group}:*")]
    named = names.job_name_prefix(stack.prefix)
    streams = stack.arns("logs", *(f"{group}:log-stream:{named}*" for group in groups))
    write = calls("logs", "CreateLogStream GetLogEvents PutLogEvents")
    find = calls("logs", "CreateLogGroup DescribeLogStreams")
    own = [each for each in stack.log_groups if each.endswith(":*")]
    flow_logs = [each for each in stack.log_groups if names.flow_logs(stack.prefix) in each]
    return [
        allow("FindLogs", find, [*stack.arns("logs", *found), *flow_logs]),
        allow("Logs", write, [*streams, *own]),
    ]


def _network(stack: Stack) -> list[Statement]:
    at, anywhere = "ec2", replace(stack.account, id="*")
    # Subnets and groups may be another account's, which shares them; the roles' own policies name
    # them, and EC2 names the interfaces.
    places = [anywhere.arn(at, "subnet/*"), anywhere.arn(at, "security-group/*")]
    use = calls(at, "CreateNetworkInterfacePermission DeleteNetworkInterface")
    interfaces = stack.arns(at, "network-interface/*")
    return [
        allow("Interfaces", ["ec2:CreateNetworkInterface"], [*places, *interfaces]),
        allow("UseInterfaces", use, interfaces),
    ]
