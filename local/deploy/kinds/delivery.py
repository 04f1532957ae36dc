"""What carries events and messages: targets of rules, queues and subscriptions."""

import json

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import Resources, State, creates, given, pascal


@creates("aws:cloudwatch/eventTarget:EventTarget")
def _rule_target(local: Resources, inputs: State) -> State:
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
    "name messageRetentionSeconds sqsManagedSseEnabled kmsMasterKeyId kmsDataKeyReusePeriodSeconds",
)
def _queue(local: Resources, inputs: State) -> State:
    """Create a queue that SQS encrypts by itself or with a key: AWS refuses both at once."""
    if inputs.get("sqsManagedSseEnabled") and inputs.get("kmsMasterKeyId"):
        raise ValueError("a queue is encrypted by SQS or with a key, not both: leave out one")
    sqs = local.aws.client("sqs")
    attributes = given(
        MessageRetentionPeriod=inputs["messageRetentionSeconds"],
        SqsManagedSseEnabled=inputs.get("sqsManagedSseEnabled"),
        KmsMasterKeyId=inputs.get("kmsMasterKeyId"),
        KmsDataKeyReusePeriodSeconds=inputs.get("kmsDataKeyReusePeriodSeconds"),
    )
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in attributes.items()
    }
    url = sqs.create_queue(QueueName=inputs["name"], Attributes=texts)["QueueUrl"]
    arn = f"arn:aws:sqs:{local.aws.region}:{ACCOUNT}:{inputs['name']}"
    return {"id": url, "url": url, "arn": arn}


@creates("aws:sns/topicPolicy:TopicPolicy", "arn policy")
def _topic_policy(local: Resources, inputs: State) -> State:
    local.aws.client("sns").set_topic_attributes(
        TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=inputs["policy"]
    )
    return {}


@creates("aws:sns/topicSubscription:TopicSubscription", "topic protocol endpoint")
def _topic_subscription(local: Resources, inputs: State) -> State:
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
