"""Topics and keys for tests, with policies that let one service in."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from local.aws.endpoint import LocalAws

KEY_ADMITS = ("kms:Decrypt", "kms:GenerateDataKey*")


def admitting(service: str, action: str | Sequence[str], resource: str, source: str = "") -> str:
    """Return a policy by which `service` may do `action`, if it comes from `source`."""
    return _document(service, action, resource, {"ArnEquals": {"aws:SourceArn": source}})


def key(
    aws: LocalAws, service: str, condition: Any = None, actions: Sequence[str] = KEY_ADMITS
) -> str:
    """Create a key that `service` may use, and return its ARN."""
    account = {"AWS": "arn:aws:iam::123456789012:root"}
    root = {"Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"}
    policy = json.loads(_document(service, list(actions), "*", condition))
    policy["Statement"].append(root)
    made = aws.client("kms").create_key(Policy=json.dumps(policy))
    return made["KeyMetadata"]["Arn"]


def topic(aws: LocalAws, service: str, key_arn: str, condition: Any = None) -> str:
    """Create an encrypted topic that `service` may publish to, and return its ARN."""
    sns = aws.client("sns")
    made = sns.create_topic(
        Name=f"topic-{uuid4().hex[:8]}", Attributes={"KmsMasterKeyId": key_arn}
    )["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=made,
        AttributeName="Policy",
        AttributeValue=_document(service, "sns:Publish", made, condition),
    )
    return made


def _document(service: str, action: Any, resource: str, condition: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
