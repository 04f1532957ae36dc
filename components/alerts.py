"""Alerts: the topic through which people hear of what needs them."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator

import pulumi
import pulumi_aws as aws

from components import event_messages, failure_queue
from components.image import Image
from components.policies import resources
from components.settings import Subscription
from components.stack import Stack


class Alerts(pulumi.ComponentResource):
    """The topic that the observer, the alarms and EventBridge publish to.

    Creates: a topic, encrypted with the stack's key, its policy, its subscriptions, a rule for
    each of the event messages, and the encrypted queue of what the rules could not deliver.
    """

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, stack: Stack, *, image: Image) -> None:
        super().__init__("sagemaker-processing:alerts:Alerts", name, None, stack.opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic",
            name=f"{stack.prefix}-alerts",
            kms_master_key_id=stack.key_arn,
            opts=child,
        )
        policy = aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(resources.topic_policy(stack, topic.arn)),
            opts=child,
        )
        for logical, subscription in _named(stack.settings.alerts.subscriptions):
            aws.sns.TopicSubscription(
                f"{name}-{logical}",
                topic=topic.arn,
                protocol=subscription.protocol,
                # An address is somebody's, and a URL may hold a token: encrypted in the state.
                endpoint=pulumi.Output.secret(subscription.endpoint),
                opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["endpoint"]),
            )
        # The policy's: so whoever publishes waits until it is allowed to.
        self.topic_arn = policy.arn
        self._event_messages(name, stack, image.repository)
        self.register_outputs({})

    def _event_messages(self, name: str, stack: Stack, repository: pulumi.Input[str]) -> None:
        child = pulumi.ResourceOptions(parent=self)
        failures = failure_queue.create(name, stack, self, of=name)
        messages = event_messages.of(stack, repository)
        rules = [
            aws.cloudwatch.EventRule(
                f"{name}-{message.name}",
                name=f"{stack.prefix}-{message.name}",
                description=message.description,
                event_pattern=pulumi.Output.json_dumps(message.pattern),
                opts=child,
            )
            for message in messages
        ]
        may_keep = failure_queue.admit(name, failures, rules, self)
        for message, rule in zip(messages, rules, strict=True):
            aws.cloudwatch.EventTarget(
                f"{name}-{message.name}-target",
                rule=rule.name,
                arn=self.topic_arn,
                input_transformer={
                    "input_paths": dict(message.paths),
                    # EventBridge takes a template that is no JSON object only as a JSON string.
                    "input_template": json.dumps(message.text),
                },
                dead_letter_config={"arn": failures.arn},
                # Before its policy the queue would refuse the rule.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[may_keep]),
            )


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
