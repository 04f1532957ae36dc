"""Replication: what lets the stack's data outlive its region."""

from itertools import groupby

import pulumi
import pulumi_aws as aws

from components import names, replicated
from components.aws.account import Account
from components.policies import replication
from components.replicated import Rule
from components.role import create_role
from components.stack import Stack
from components.storage import Storage


class Replication(pulumi.ComponentResource):
    """The replication of the created buckets to those of the same stack in the other region.

    Creates, where `recovery.region` is set: a role that S3 assumes, and for the output bucket, and
    with `recovery.inputs` the input bucket, its replication configuration. Replicas keep version
    ids and times and are encrypted with the other stack's key. Neither deletions nor replicas are
    replicated.

    S3 takes a configuration only when its destination is there and versioned: the other region's
    stack is deployed before.
    """

    def __init__(self, name: str, stack: Stack, *, storage: Storage) -> None:
        super().__init__("sagemaker-processing:replication:Replication", name, None, stack.opts)
        rules, other = replicated.rules(stack.settings), stack.other
        if other and rules:
            role = create_role(
                name,
                stack,
                self,
                service="s3",
                # S3's guide names no key that could be compared here; see tests/security.
                source_arn=None,
                allowed=replication.replicas(stack, other, rules),
            )
            for bucket, own in groupby(rules, key=lambda rule: rule.bucket):
                created = storage.created[bucket]
                # Deleted with the setting, whatever `data` says: the role is gone then, too.
                aws.s3.BucketReplicationConfig(
                    f"{name}-{bucket}",
                    bucket=created.bucket.bucket,
                    role=role.arn,
                    rules=[_rule(stack, other, rule, number) for number, rule in enumerate(own, 1)],
                    opts=pulumi.ResourceOptions(
                        parent=self, depends_on=[role.policy, *created.versioned]
                    ),
                )
        self.register_outputs({})


def _rule(
    stack: Stack, other: Account, rule: Rule, priority: int
) -> aws.s3.BucketReplicationConfigRuleArgsDict:
    destination = names.bucket(stack.prefix, rule.bucket, other.id, other.region)
    return {
        "id": rule.id,
        "status": "Enabled",
        "priority": priority,
        "filter": {"prefix": rule.prefix},
        # What is deleted by accident, or by a lifecycle, stays on the other side.
        "delete_marker_replication": {"status": "Disabled"},
        # Without it what is encrypted with a key of KMS is left out in silence.
        "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
        "destination": {
            "bucket": other.bucket_arn(destination),
            "encryption_configuration": {
                # By its alias: nobody has to ask the other region for its id (S3 API reference,
                # EncryptionConfiguration).
                "replica_kms_key_id": other.arn("kms", names.key_alias(stack.prefix)),
            },
            "metrics": {"status": "Enabled"},
        },
    }
