"""Alerts: the one place where people hear of what needs them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components import resource_policies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
        for logical, subscription in _named(args.subscriptions):
            aws.sns.TopicSubscription(
                f"{name}-{logical}",
                topic=topic.arn,
                protocol=subscription.protocol,
                # An address is somebody's, and a URL may hold a token: encrypted in the state.
                endpoint=pulumi.Output.secret(subscription.endpoint),
                opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["endpoint"]),
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


def _named(subscriptions: Iterable[Subscription]) -> Iterator[tuple[str, Subscription]]:
    """Yield each subscription with a name that stays the same whatever the order of the list.

    Endpoints with the same hint are numbered.
    """
    seen = Counter[str]()
    for each in sorted(set(subscriptions), key=lambda each: (each.protocol, each.endpoint)):
        name = f"{each.protocol}-{hint(each.endpoint)}"
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}", each


def hint(endpoint: str) -> str:
    """Return what tells the endpoints of one list apart, and reveals none of them.

    Names are in the state in plain text. A whole hash of a phone number can be found by trying
    all; of these 16 bits everybody who tries is left with every 65,536th number, 150,000 of them.
    """
    return hashlib.sha256(endpoint.encode()).hexdigest()[:4]
