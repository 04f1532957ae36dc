"""What carries events and messages: targets of rules, queues and subscriptions."""

from __future__ import annotations

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import Deployment, State, creates, pascal

_QUEUE_ATTRIBUTES = {
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
}


@creates("aws:cloudwatch/eventTarget:EventTarget")
def _rule_target(local: Deployment, inputs: State) -> State:
    transformer = inputs.get("inputTransformer")
    target = {
        "Id": inputs["targetId"],
        **pascal({k: v for k, v in inputs.items() if k not in ("rule", "targetId")}),
    }
    if transformer:
        target["InputTransformer"] = {
            "InputPathsMap": transformer.get("inputPaths", {}),
            "InputTemplate": transformer["inputTemplate"],
        }
    local.aws.client("events").put_targets(Rule=inputs["rule"], Targets=[target])
    return {"id": f"{inputs['rule']}-{inputs['targetId']}"}


@creates(
    "aws:sqs/queue:Queue",
    *("name", "messageRetentionSeconds", "sqsManagedSseEnabled"),
    *("kmsMasterKeyId", "kmsDataKeyReusePeriodSeconds"),
)
def _queue(local: Deployment, inputs: State) -> State:
    """Create a queue that SQS encrypts by itself or with a key: AWS refuses both at once."""
    if inputs.get("sqsManagedSseEnabled") and inputs.get("kmsMasterKeyId"):
        raise ValueError("a queue is encrypted by SQS or with a key, not both: leave out one")
    sqs = local.aws.client("sqs")
    attributes = {
        _QUEUE_ATTRIBUTES[key]: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in inputs.items()
        if key in _QUEUE_ATTRIBUTES and value is not None
    }
    url = sqs.create_queue(QueueName=inputs["name"], Attributes=attributes)["QueueUrl"]
    arn = f"arn:aws:sqs:{local.aws.region}:{ACCOUNT}:{inputs['name']}"
    return {"id": url, "url": url, "arn": arn}


@creates("aws:sns/topicPolicy:TopicPolicy", "arn", "policy")
def _topic_policy(local: Deployment, inputs: State) -> State:
    local.aws.client("sns").set_topic_attributes(
        TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=inputs["policy"]
    )
    return {}


@creates("aws:sns/topicSubscription:TopicSubscription", "topic", "protocol", "endpoint")
def _topic_subscription(local: Deployment, inputs: State) -> State:
    """Subscribe somebody, whom nothing will reach: moto would really post to a web address."""
    if inputs["protocol"] not in ("email", "sms"):
        raise NotImplementedError(f"the embedded AWS sends nothing by {inputs['protocol']}")
    answer = local.aws.client("sns").subscribe(
        TopicArn=inputs["topic"],
        Protocol=inputs["protocol"],
        Endpoint=inputs["endpoint"],
        ReturnSubscriptionArn=True,
    )
    return {"id": answer["SubscriptionArn"], "arn": answer["SubscriptionArn"]}
