"""Lambda, SNS and EventBridge as they would be that send, or do not send, where a call is from."""

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from acceptance.first_account.look import Json
from tests.acceptance.first_account.recorded import KEY, ROLE

_URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/processing-dev--first-account"
_TOPIC = "arn:aws:sns:eu-central-1:123456789012:processing-dev--first-account"


def error(code: str, message: str, operation: str = "Some") -> ClientError:
    said: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(said, operation)


class Policy:
    """The policy that decides, of what changes it."""

    def __init__(self) -> None:
        self.text = ""

    def set_by(self, *path: str, answer: Json) -> Any:
        """Return an operation that sets it to the value at a path of its request."""

        def operation(request: Json) -> Json:
            found: Any = request
            for key in path:
                found = found[key]
            self.text = found
            return answer

        return operation

    @property
    def has_condition(self) -> bool:
        [statement] = json.loads(self.text)["Statement"]
        return "Condition" in statement


def lambda_(*, sends: bool) -> Json:
    """Return answers of Lambda that tells its account, or does not, when it assumes a role."""
    trust = Policy()
    refused = error(
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
        "CreateFunction",
    )
    states: Iterator[Any] = iter([error("ResourceConflictException", "It is Pending", "Invoke")])

    def create(_: Json) -> Json | ClientError:
        return {} if sends or not trust.has_condition else refused

    def invoke(_: Json) -> Json | ClientError:
        return next(states, {"StatusCode": 200})

    role = {"Path": "/", "RoleName": "x" * 16, "RoleId": "x" * 16, "Arn": ROLE}
    made = {"Role": {**role, "CreateDate": "2026-01-05T02:00:00Z"}}
    return {
        "create_role": trust.set_by("AssumeRolePolicyDocument", answer=made),
        "update_assume_role_policy": trust.set_by("PolicyDocument", answer={}),
        "create_function": create,
        "invoke": invoke,
    }


def eventbridge(*, sends: bool) -> Json:
    """Return answers of a topic to which EventBridge tells its rule, or does not."""
    policy, events = Policy(), list[Json]()

    def create(request: Json) -> Json:
        events.clear()
        return policy.set_by("Attributes", "Policy", answer={"TopicArn": _TOPIC})(request)

    def put(request: Json) -> Json:
        if sends or not policy.has_condition:
            events.extend(request["Entries"])
        return {"FailedEntryCount": 0}

    def receive(_: Json) -> Json:
        return {"Messages": [{"Body": "x"}]} if events else {}

    return {
        "describe_key": {"KeyMetadata": {"KeyId": "1234abcd", "Arn": KEY}},
        "create_queue": {"QueueUrl": _URL},
        "create_topic": create,
        "set_topic_attributes": policy.set_by("AttributeValue", answer={}),
        "subscribe": {"SubscriptionArn": f"{_TOPIC}:1"},
        "put_rule": {},
        "put_targets": {"FailedEntryCount": 0},
        "put_events": put,
        "receive_message": receive,
    }
