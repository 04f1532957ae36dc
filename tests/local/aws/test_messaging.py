"""A queue that subscribes to a topic."""

import json

import pytest
from botocore.exceptions import ClientError

from local.aws.endpoint import LocalAws
from local.aws.messaging import Topics

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:inbox"


def subscribe(aws: LocalAws, allowed: str) -> None:
    """Subscribe a queue that this topic may send to."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnEquals": {"aws:SourceArn": allowed}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = aws.client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    raw = {"RawMessageDelivery": "true"}
    aws.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE, Attributes=raw)


def test_gets_the_topics_messages_if_its_policy_lets_that_topic_send(aws: LocalAws) -> None:
    aws.services["sns"] = Topics(aws, lambda _what, _detail: None).answer
    aws.client("sns").create_topic(Name="alerts")
    with pytest.raises(ClientError, match=r"does not let .*:alerts send to it"):
        subscribe(aws, allowed=f"{TOPIC}-of-others")
    subscribe(aws, allowed=TOPIC)
    text = json.dumps({"default": "in full", "sms": "short"})
    aws.client("sns").publish(TopicArn=TOPIC, Message=text, MessageStructure="json")
    url = aws.client("sqs").get_queue_url(QueueName="inbox")["QueueUrl"]
    [message] = aws.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "in full"
