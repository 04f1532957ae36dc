"""What a second region adds to the roles (ADR 42): nothing in a stack without it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components import names
from components.aws.account import Account
from components.policies.data import Data
from components.policies.statements import Statement, allow, via
from components.replicated import Rule
from components.stack import Stack
from pipeline.contract import MARKER

_LOCKS = ["s3:GetObjectLegalHold", "s3:GetObjectRetention"]


def replicas(stack: Stack, other: Account, rules: Sequence[Rule]) -> list[Statement]:
    """Return what S3 may do to replicate: read versions here, write replicas there.

    Without s3:ReplicateDelete: deletions are not replicated.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
    """
    buckets = sorted({_bucket(stack, stack.account, rule) for rule in rules})
    originals, there = (
        [f"{_bucket(stack, place, rule)}/{rule.prefix}*" for rule in rules]
        for place in (stack.account, other)
    )
    read = ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication"]
    locks = _LOCKS if stack.settings.retention.lock_days else []
    through = via(stack, "s3") | _objects(buckets, originals)
    targets = sorted({_bucket(stack, other, rule) for rule in rules})
    return [
        allow("ReadConfiguration", ["s3:GetReplicationConfiguration", "s3:ListBucket"], buckets),
        allow("ReadOriginals", [*read, "s3:GetObjectVersionTagging", *locks], originals),
        allow("WriteReplicas", ["s3:ReplicateObject", "s3:ReplicateTags"], there),
        allow("DecryptOriginals", ["kms:Decrypt"], [stack.key_arn], through),
        _with_other_key(
            stack,
            other,
            "EncryptReplicas",
            # Decrypt checks the bucket key; GenerateDataKey is for what was encrypted without KMS.
            ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
            "s3",
            _objects(targets, there),
        ),
    ]


def launcher(stack: Stack, data: Data, table_arn: pulumi.Input[str]) -> list[Statement]:
    """Return what it takes to see which region runs, and whether what a slot follows is whole."""
    if not stack.other:
        return []
    follows = any(each.follows for each in stack.settings.schedules.values())
    markers = _read_markers(stack, data) if follows else ()
    return [*_read_switch(stack, stack.other, [table_arn]), *markers]


def _read_switch(
    stack: Stack, other: Account, tables: Sequence[pulumi.Input[str]]
) -> list[Statement]:
    """Return what it takes to read the switch in the other region's journal, and in these."""
    key = "dynamodb:LeadingKeys"
    # Of the journals the one entry that is no schedule's. ForAllValues is true of no key at all.
    switch = {"ForAllValues:StringEquals": {key: ["-"]}, "Null": {key: "false"}}
    table = other.arn("dynamodb", f"table/{names.journal(stack.prefix)}")
    return [
        allow("ReadSwitch", ["dynamodb:GetItem"], [*tables, table], switch),
        _with_other_key(stack, other, "ReadOtherSwitch", ["kms:Decrypt"], "dynamodb", {}),
    ]


def _read_markers(stack: Stack, data: Data) -> list[Statement]:
    """Return what it takes to compare a marker with the versions that are there."""
    return [
        *data.list_versions(),
        allow("ReadMarkers", ["s3:GetObject"], data.output(f"*{MARKER}")),
        allow("DecryptMarkers", ["kms:Decrypt"], [stack.key_arn], via(stack, "s3")),
    ]


def observer(stack: Stack, data: Data) -> list[Statement]:
    """Return what it takes to see which region runs, and the versions of a slot's objects.

    The own journal it reads anyway.
    """
    if not stack.other:
        return []
    return [*_read_switch(stack, stack.other, []), *data.list_versions()]


def _bucket(stack: Stack, place: Account, rule: Rule) -> str:
    """Return the ARN of a region's bucket."""
    name = names.bucket(stack.prefix, rule.bucket, place.id, place.region)
    return f"arn:{place.partition}:s3:::{name}"


def _objects(buckets: Sequence[str], objects: Sequence[str]) -> dict[str, Any]:
    """Return the condition that a key serves these only.

    With S3's bucket key, which the buckets have by default, the context is the bucket.
    """
    return {"StringLike": {"kms:EncryptionContext:aws:s3:arn": [*buckets, *objects]}}


def _with_other_key(  # noqa: PLR0913, PLR0917 - a statement's parts, and whose key
    stack: Stack,
    other: Account,
    sid: str,
    actions: Sequence[str],
    service: str,
    context: Mapping[str, Any],
) -> Statement:
    """Return a statement of the other region's key, of which only the alias is known here."""
    name = f"{service}.{other.region}.amazonaws.com"
    condition = {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": [names.key_alias(stack.prefix)]},
        "StringEquals": {"kms:ViaService": name},
        **context,
    }
    return allow(sid, actions, [other.arn("kms", "key/*")], condition)
