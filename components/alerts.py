"""Alerts: the one place where people hear of what needs them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components import resource_policies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.account import Account
    from components.failure_settings import Subscription


@dataclass(frozen=True, kw_only=True)
class AlertsArgs:
    """What the topic depends on."""

    account: Account
    prefix: str
    key_arn: pulumi.Input[str]
    subscriptions: Sequence[Subscription]
    repository: pulumi.Input[str]
    """Name of the repository whose images are scanned."""


class Alerts(pulumi.ComponentResource):
    """The topic that the observer, the alarms and EventBridge publish to.

    Creates: a topic, encrypted with the stack's key, its policy, its subscriptions, and a rule
    that tells of an image in which ECR's scan finds something critical.

    CloudWatch and EventBridge also need the key: its policy admits both.
    """

    topic_arn: pulumi.Output[str]
    """The topic's ARN."""

    def __init__(
        self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:alerts:Alerts", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic",
            name=f"{args.prefix}-alerts",
            kms_master_key_id=args.key_arn,
            opts=child,
        )
        policy = aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(
                resource_policies.topic_policy(args.account, args.prefix, topic.arn)
            ),
            opts=child,
        )
        for subscription in args.subscriptions:
            # Named by the endpoint: a list in another order asks nobody to confirm again.
            aws.sns.TopicSubscription(
                f"{name}-{subscription.protocol}-{_slug(subscription.endpoint)}",
                topic=topic.arn,
                protocol=subscription.protocol,
                endpoint=subscription.endpoint,
                opts=child,
            )
        self._tell_of_critical_findings(name, args, topic, policy)
        self.topic_arn = topic.arn
        self.register_outputs({"topic_arn": self.topic_arn})

    def _tell_of_critical_findings(
        self, name: str, args: AlertsArgs, topic: aws.sns.Topic, policy: aws.sns.TopicPolicy
    ) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{name}-image-rule",
            name=f"{args.prefix}-image-findings",
            description=f"Critical findings in an image of {args.prefix}",
            event_pattern=pulumi.Output.json_dumps(_critical_findings(args.repository)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.cloudwatch.EventTarget(
            f"{name}-image-target",
            rule=rule.name,
            arn=topic.arn,
            input_transformer={
                "input_paths": {
                    "repository": "$.detail.repository-name",
                    "digest": "$.detail.image-digest",
                    "critical": "$.detail.finding-severity-counts.CRITICAL",
                },
                "input_template": json.dumps(_FINDINGS),
            },
            # Before the policy the topic would refuse the rule.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )


_FINDINGS = (
    "<critical> critical findings in image <repository>@<digest>. First look them up in ECR; then "
    "raise the base image or the packages under container/, and deploy. "
    "Runbook: docs/runbook.md#image-findings"
)
"""EventBridge takes a template that is no JSON object only as a JSON string."""


def _critical_findings(repository: pulumi.Input[str]) -> dict[str, object]:
    """Return the pattern of ECR's event after a scan that found something critical."""
    return {
        "source": ["aws.ecr"],
        "detail-type": ["ECR Image Scan"],
        "detail": {
            "repository-name": [repository],
            "scan-status": ["COMPLETE"],
            "finding-severity-counts": {"CRITICAL": [{"numeric": [">", 0]}]},
        },
    }


def _slug(endpoint: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", endpoint.lower()).strip("-")
