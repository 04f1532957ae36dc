"""What the use of something encrypted needs of its key: services use keys in the caller's name.

Nothing is needed where there is no key of a customer.
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from local.aws.iam.evaluate import Access
from local.aws.iam.patterns import Value
from local.aws.iam.store import Store


def use(
    store: Store,
    key: str | None,
    actions: Iterable[str],
    encrypted: tuple[str, str],
    caller: Mapping[str, Value] | None = None,
) -> list[Access]:
    """Return what a service's use of a key, which is named in any way, needs.

    `encrypted` is the encryption context: a kind of resource, such as s3:arn, and which one it is.
    `caller` is the other keys that are sent: without it those of a service in the caller's name.
    """
    kind, name = encrypted
    if caller is None:
        via = f"{kind.partition(':')[0]}.{store.region}.amazonaws.com"
        caller = {"kms:CallerAccount": store.account, "kms:ViaService": via}
    bound = {**caller, f"kms:EncryptionContext:aws:{kind}": name}
    arn = store.key_arn(key)
    return [
        # What only looks at the key has no encryption context.
        Access(action, arn, caller if action == "kms:DescribeKey" else bound)
        for action in actions
        if arn
    ]


def of_object(
    store: Store, bucket: str, name: str, key: str | None, actions: Iterable[str]
) -> list[Access]:
    """Return what an object needs of `key`, or of the bucket's default key without it."""
    found = store.state("s3").buckets.get(bucket)
    encryption: dict[str, Any] = (found and found.encryption) or {}
    rule: dict[str, Any] = encryption.get("Rule", {})
    default: dict[str, Any] = rule.get("ApplyServerSideEncryptionByDefault", {})
    # What S3 binds the object's key to: its bucket, if that has a bucket key.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    bucket_key = str(rule.get("BucketKeyEnabled", False)).lower() == "true"
    encrypted = f"arn:aws:s3:::{bucket}" + ("" if bucket_key else f"/{name}")
    return use(store, key or default.get("KMSMasterKeyID"), actions, ("s3:arn", encrypted))


def to_send(store: Store, arn: str, source: Mapping[str, Value] | None = None) -> list[Access]:
    """Return what sending to a queue, or publishing to a topic, needs of its key.

    A service of AWS that does so in its own name has a `source`: AWS documents only it and the
    encryption context as what the policies of keys can use.
    """
    kind = "sns:topicArn" if arn.split(":")[2] == "sns" else "sqs:arn"
    key = getattr(store.resource(arn), "kms_master_key_id", None)
    return use(store, key, ["kms:GenerateDataKey", "kms:Decrypt"], (kind, arn), source)
