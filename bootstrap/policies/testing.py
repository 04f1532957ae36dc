"""What `make test-aws` does in a stack, beside what a deployment does there."""

from bootstrap.policies.conditions import calls
from bootstrap.stack import Stack
from components import names
from components.policies.statements import Statement, allow
from pipeline.kind import Kind


def statements(stack: Stack) -> list[Statement]:
    """Return what a test may do: the calls of acceptance/operations.json, below its own places.

    Those are the slots of the schedule `canary`, and of the year 2000 of any other.
    """
    named = names.job_name_prefix(stack.prefix)
    jobs = stack.arns("sagemaker", *(f"{kind.resource}/{named}*" for kind in Kind))
    groups = stack.arns("logs", *(f"log-group:{kind.group}" for kind in Kind))
    into, out = stack.buckets
    places = [f"{into}/canary/*", f"{out}/output/canary/*", f"{into}/*/2000/*", f"{out}/*/2000/*"]
    verbs = " ".join(kind.operation(verb) for kind in Kind for verb in ("Describe", "Stop"))
    launcher = stack.arns("lambda", f"function:{names.function(stack.prefix, 'launcher')}")
    tables = stack.arns("dynamodb", f"table/{names.journal(stack.prefix)}")
    return [
        allow(
            "Objects", calls("s3", "DeleteObject DeleteObjectVersion GetObject PutObject"), places
        ),
        allow("Versions", ["s3:ListBucketVersions"], stack.buckets),
        allow("Launch", ["lambda:InvokeFunction"], launcher),
        allow("Jobs", calls("sagemaker", verbs), jobs),
        allow("Journal", calls("dynamodb", "GetItem Query UpdateItem"), tables),
        allow(
            "Inbox",
            calls("sqs", "CreateQueue DeleteQueue GetQueueUrl ReceiveMessage"),
            stack.arns("sqs", f"{stack.prefix}--acceptance-*"),
        ),
        allow("FindLines", ["logs:DescribeLogStreams"], [f"{each}:*" for each in groups]),
        allow("Lines", ["logs:GetLogEvents"], [f"{each}:log-stream:{named}*" for each in groups]),
        # "*": the actions know no resource; they show names and numbers.
        allow(
            "SeeAll",
            [
                "cloudwatch:GetMetricData",
                *(f"sagemaker:{kind.operation('List')}s" for kind in Kind),
            ],
            ["*"],
        ),
    ]
