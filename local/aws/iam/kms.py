"""What the use of something encrypted needs of its key: services use keys in the caller's name.

Nothing is needed where there is no key of a customer.
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from local.aws.iam.evaluate import Access
from local.aws.iam.patterns import Value
from local.aws.iam.store import Store

_TO_SEND = ("kms:GenerateDataKey", "kms:Decrypt")


def use(
    store: Store, key: str | None, actions: Iterable[str], service: str | None, **encrypted: str
) -> list[Access]:
    """Return what a service's use of a key in the caller's name needs.

    `service` is the first part of kms:ViaService, None where the service signs as the caller;
    `encrypted` is the encryption context: service and resource's kind -> ARN or name.
    """
    if key is None:
        return []
    context: dict[str, Value] = {
        f"kms:EncryptionContext:aws:{name.replace('_', ':')}": value
        for name, value in encrypted.items()
    }
    caller: dict[str, Value] = {"kms:CallerAccount": store.account}
    if service:
        caller["kms:ViaService"] = f"{service}.{store.region}.amazonaws.com"
    return [
        # What only looks at the key has no encryption context.
        Access(action, key, caller if action == "kms:DescribeKey" else {**caller, **context})
        for action in actions
    ]


def of_object(
    store: Store, bucket: str, name: str, key: str | None, actions: Iterable[str]
) -> list[Access]:
    """Return what an object needs of `key`, or of the bucket's default key without it."""
    default, bucket_key = store.key_of_bucket(bucket)
    # What S3 binds the object's key to: its bucket, if that has a bucket key.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    encrypted = f"arn:aws:s3:::{bucket}" + ("" if bucket_key else f"/{name}")
    return use(store, store.key_arn(key) or default, actions, "s3", s3_arn=encrypted)


def to_send(store: Store, arn: str) -> list[Access]:
    """Return what sending to a queue, or publishing to a topic, needs of its key."""
    bound = {"sns_topicArn" if arn.split(":")[2] == "sns" else "sqs_arn": arn}
    return use(store, store.key_of(arn), _TO_SEND, arn.split(":")[2], **bound)


def of_environment(store: Store, function: Mapping[str, Any]) -> list[Access]:
    """Return what a function's role needs to see its own environment, as GetFunction tells of it.

    Lambda makes a grant for that if whoever deploys may make grants; here there is none.
    """
    key, arn = store.key_arn(function.get("KMSKeyArn")), function["FunctionArn"]
    return use(store, key, ["kms:Decrypt"], "lambda", lambda_FunctionArn=arn)


def of_input(store: Store, schedule: Mapping[str, Any]) -> list[Access]:
    """Return what a schedule's role needs to see its own input: Scheduler signs as the role.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
    """
    key, arn = store.key_arn(schedule.get("KmsKeyArn")), schedule["Arn"]
    return use(store, key, ["kms:Decrypt"], None, scheduler_schedule_arn=arn)


def for_service(needed: Iterable[Access], source: Mapping[str, Value]) -> list[Access]:
    """Return what a service of AWS needs that does the same in its own name, for its `source`.

    AWS documents only the encryption context and the source as what the policies of keys can use.
    """
    context = "kms:EncryptionContext:"
    return [
        Access(
            each.action,
            each.resource,
            {**source, **{k: v for k, v in each.context.items() if k.startswith(context)}},
        )
        for each in needed
    ]
