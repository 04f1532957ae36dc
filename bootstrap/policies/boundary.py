"""The most that a role of the stack can ever do, whatever its own policy says.

It grants nothing. What `components/policies` gives the roles has to be within it, which the tests
ask of every stack and variant.
"""

from dataclasses import replace

from bootstrap.policies.conditions import calls, of_own
from bootstrap.stack import Stack
from components import names
from components.policies.statements import Statement, allow
from pipeline.kind import Kind


def statements(stack: Stack) -> list[Statement]:
    """Return the statements of the boundary."""
    uses = stack.settings.uses
    return [
        *_jobs(stack),
        *_data(stack, [*stack.buckets, *(each for each in uses if ":s3:" in each)]),
        *_keys(stack, [each for each in uses if ":kms:" in each]),
        *_images(stack, [each for each in uses if ":ecr:" in each]),
        *_secrets([each for each in uses if ":secretsmanager:" in each]),
        *_messages(stack),
        *_logs(stack),
        *_network(stack),
    ]


def _jobs(stack: Stack) -> list[Statement]:
    named = names.job_name_prefix(stack.prefix)
    jobs = stack.arns("sagemaker", *(f"{kind.resource}/{named}*" for kind in Kind))
    verbs = [kind.operation(verb) for kind in Kind for verb in ("Create", "Describe", "Stop")]
    services = ["sagemaker.amazonaws.com", "scheduler.amazonaws.com"]
    passed = {"StringEquals": {"iam:PassedToService": services}}
    return [
        allow("Jobs", calls("sagemaker", " ".join(["AddTags", *verbs])), jobs),
        # "*": the actions know no resource.
        allow("ListJobs", [f"sagemaker:{kind.operation('List')}s" for kind in Kind], ["*"]),
        allow("PassRoles", ["iam:PassRole"], [stack.roles], passed),
    ]


def _data(stack: Stack, buckets: list[str]) -> list[Statement]:
    objects = calls("s3", "AbortMultipartUpload DeleteObject GetObject PutObject")
    table = stack.arns("dynamodb", f"table/{names.journal(stack.prefix)}")
    return [
        allow("Buckets", ["s3:ListBucket"], buckets),
        allow("Objects", objects, [f"{each}/*" for each in buckets]),
        allow("Journal", calls("dynamodb", "GetItem Query UpdateItem"), table),
    ]


def _keys(stack: Stack, theirs: list[str]) -> list[Statement]:
    use = calls("kms", "CreateGrant Decrypt DescribeKey Encrypt GenerateDataKey")
    own = allow("Key", use, stack.arns("kms", "key/*"), of_own(stack))
    return [own, *([allow("TheirKeys", ["kms:Decrypt"], theirs)] if theirs else ())]


def _images(stack: Stack, theirs: list[str]) -> list[Statement]:
    pull = calls("ecr", "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer")
    return [
        allow("Images", pull, [*stack.arns("ecr", f"repository/{stack.prefix}"), *theirs]),
        # "*": the action knows no resource.
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
    ]


def _secrets(secrets: list[str]) -> list[Statement]:
    # With what Secrets Manager ends each ARN in, or without, as it is pasted or written.
    forms = [form for each in secrets for form in (each, f"{each}-??????")]
    return [allow("Secrets", ["secretsmanager:GetSecretValue"], forms)] if secrets else []


def _messages(stack: Stack) -> list[Statement]:
    schedules = calls("scheduler", "CreateSchedule GetSchedule")
    return [
        allow("Failures", ["sqs:SendMessage"], stack.queues),
        allow("Messages", ["sns:Publish"], stack.topics),
        allow("Notices", ["events:PutEvents"], stack.arns("events", "event-bus/default")),
        allow("Invocations", ["lambda:InvokeFunction"], stack.functions),
        allow("Attempts", schedules, stack.arns("scheduler", f"schedule/{stack.prefix}/*")),
    ]


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
        # "*": neither knows a resource.
        allow("Measure", ["cloudwatch:PutMetricData", "logs:DescribeLogGroups"], ["*"]),
    ]


def _network(stack: Stack) -> list[Statement]:
    at, anywhere = "ec2", replace(stack.account, id="*")
    # Subnets and groups may be another account's, which shares them; the roles' own policies name
    # them, and EC2 names the interfaces.
    places = [anywhere.arn(at, "subnet/*"), anywhere.arn(at, "security-group/*")]
    use = calls(at, "CreateNetworkInterfacePermission DeleteNetworkInterface")
    see = "DhcpOptions NetworkInterfaces SecurityGroups Subnets Vpcs"
    seen = [f"Describe{each}" for each in see.split()]
    interfaces = stack.arns(at, "network-interface/*")
    return [
        allow("Interfaces", ["ec2:CreateNetworkInterface"], [*places, *interfaces]),
        allow("UseInterfaces", use, interfaces),
        # "*": the request of the first names no interface; the others know no resource.
        allow(
            "SeeNetworks", calls(at, " ".join(["DeleteNetworkInterfacePermission", *seen])), ["*"]
        ),
    ]
