"""Alerts: the topic through which people hear of what needs them."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

import pulumi
import pulumi_aws as aws

from components import chat, event_messages, failure_queue, names
from components.image import Image
from components.policies import resources
from components.settings import Subscription
from components.stack import Stack


class Alerts(pulumi.ComponentResource):
    """The topic that the observer, the alarms and EventBridge publish to.

    Creates: a topic, encrypted with the stack's key, its policy, its subscriptions, a rule for
    each of the event messages, and the encrypted queue of what the rules could not deliver. For
    chats, which show other messages than mail, another topic, and what components/chat.py creates.
    """

    topic_arn: pulumi.Output[str]
    chat_arn: pulumi.Output[str] | None
    """Of the topic for chats, if there are any."""

    def __init__(self, name: str, stack: Stack, *, image: Image) -> None:
        super().__init__("sagemaker-processing:alerts:Alerts", name, None, stack.opts)
        topic, self.topic_arn = self._topic(name, stack, "alerts")
        for logical, subscription in _named(stack.settings.alerts.subscriptions):
            aws.sns.TopicSubscription(
                f"{name}-{logical}",
                topic=topic.arn,
                protocol=subscription.protocol,
                # An address is somebody's, and a URL may hold a token: encrypted in the state.
                endpoint=pulumi.Output.secret(subscription.endpoint),
                opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["endpoint"]),
            )
        self.chat_arn = None
        if stack.settings.alerts.has_chat:
            chats, self.chat_arn = self._topic(f"{name}-chat", stack, "chat")
            chat.create(name, stack, self, chats.arn)
        self._event_messages(name, stack, image)
        self.register_outputs({})

    @property
    def topics(self) -> list[pulumi.Output[str]]:
        """The ARNs of all topics."""
        return [self.topic_arn, *([self.chat_arn] if self.chat_arn else [])]

    def _topic(self, name: str, stack: Stack, of: str) -> tuple[aws.sns.Topic, pulumi.Output[str]]:
        """Create a topic; return it, and its ARN for whoever is to wait until it may publish."""
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic",
            name=names.topic(stack.prefix, of),
            kms_master_key_id=stack.key_arn,
            opts=child,
        )
        policy = aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(resources.topic_policy(stack, topic.arn)),
            opts=child,
        )
        return topic, policy.arn

    def _event_messages(self, name: str, stack: Stack, image: Image) -> None:
        child = pulumi.ResourceOptions(parent=self)
        failures = failure_queue.create(name, stack, self, of=name)
        # ECR and Inspector tell of an image in the account of its repository.
        scanned = image.repository if image.owner == stack.account else None
        messages = event_messages.of(stack, scanned)
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
            targets = zip(("target", "chat"), self.topics, message.templates, strict=False)
            for target, topic_arn, template in targets:
                aws.cloudwatch.EventTarget(
                    f"{name}-{message.name}-{target}",
                    rule=rule.name,
                    arn=topic_arn,
                    input_transformer={
                        "input_paths": dict(message.paths),
                        "input_template": template,
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
