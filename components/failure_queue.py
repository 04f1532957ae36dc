"""Failure queues: where an event waits that could not be handled."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components import names
from components.policies import resources
from components.stack import Stack


def create(name: str, stack: Stack, parent: pulumi.Resource, *, of: str) -> aws.sqs.Queue:
    """Create the encrypted queue `<prefix>-<of>-failures`."""
    return aws.sqs.Queue(
        f"{name}-failures",
        name=names.failure_queue(stack.prefix, of),
        # SQS's maximum: a failed event waits through a holiday.
        message_retention_seconds=14 * 24 * 3600,
        kms_master_key_id=stack.key_arn,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def admit(
    name: str,
    queue: aws.sqs.Queue,
    rules: Sequence[aws.cloudwatch.EventRule],
    parent: pulumi.Resource,
) -> aws.sqs.QueuePolicy:
    """Let these rules, and nobody else, send what EventBridge could not deliver for 24 hours."""
    policy = resources.queue_policy(queue.arn, [rule.arn for rule in rules])
    return aws.sqs.QueuePolicy(
        f"{name}-queue-policy",
        queue_url=queue.url,
        policy=pulumi.Output.json_dumps(policy),
        opts=pulumi.ResourceOptions(parent=parent),
    )
