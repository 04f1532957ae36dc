"""Storage: where jobs read and write."""

from typing import Any, NamedTuple

import pulumi
import pulumi_aws as aws

from components import names, private_bucket
from components.policies.data import Data
from components.stack import Stack
from pipeline.kind import SCRATCH

_LEFT_OVER: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
    "id": "spot",
    "status": "Enabled",
    "filter": {"prefix": SCRATCH},
    # Longer than any run on spot, and then on demand (28 and 9 days).
    "expiration": {"days": 40},
    # A checkpoint is written again and again, and nobody wants an earlier one.
    "noncurrent_version_expiration": {"noncurrent_days": 1},
}
"""What becomes of spot jobs' objects that the observer has not cleared away."""


class Created(NamedTuple):
    """A bucket of the stack's own."""

    bucket: aws.s3.Bucket
    versioned: list[pulumi.Resource]
    """What it must be before its versions are replicated."""


class Storage(pulumi.ComponentResource):
    """The buckets for input and output.

    Creates, for each of the two that any schedule leaves to the stack: a bucket, only readable over
    TLS, without public access or ACLs, versioned, encrypted with the stack's key (and S3's bucket
    key, which saves KMS calls), with a lifecycle, and with `retention.lock_days` a lock on new
    versions. With `data: keep`, Pulumi forgets them instead of deleting them.

    Does not touch existing buckets: their policies, encryption and lifecycle stay their owners'.
    """

    input_bucket: pulumi.Output[str]
    """Name of the bucket that jobs read from, whose schedule names none."""
    output_bucket: pulumi.Output[str]
    """Name of the bucket that jobs write to, whose schedule names none."""
    created: dict[str, Created]
    """The buckets of the stack's own, by input and output."""
    data: Data
    """The parts of all buckets that are the stack's."""

    def __init__(self, name: str, stack: Stack) -> None:
        super().__init__("sagemaker-processing:storage:Storage", name, None, stack.opts)
        self._name, self._stack, schedules = name, stack, stack.settings.schedules.values()
        self.created, sources = {}, stack.settings.sources
        self.input_bucket = self._bucket("input", [each.bucket for each in sources], None)
        self.output_bucket = self._bucket(
            "output",
            [each.output.bucket for each in schedules],
            expire_days=stack.settings.retention.output_days,
        )
        self.data = Data(stack, self.input_bucket, self.output_bucket)
        self.register_outputs({})

    def _bucket(
        self, role: str, asked_for: list[str | None], expire_days: int | None
    ) -> pulumi.Output[str]:
        if None not in asked_for:
            return pulumi.Output.from_input(asked_for[0] or "")
        account, stack = self._stack.account, self._stack
        name = f"{self._name}-{role}"
        # The physical name is an interface: people and other systems upload to it.
        bucket, versioning = private_bucket.create(
            name,
            names.bucket(stack.prefix, role, account.id, account.region),
            stack.key_arn,
            self._child,
            keep=stack.settings.keep_data,
        )
        days, spot = stack.settings.retention.noncurrent_days, stack.settings.has_spot
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "clean-up",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                    "noncurrent_version_expiration": {"noncurrent_days": days},
                    "expiration": {"days": expire_days} if expire_days else None,
                },
                *([_LEFT_OVER] if role == "output" and spot else []),
            ],
            # Rules for old versions need versions.
            opts=self._child(depends_on=[versioning]),
        )
        locks = [self._lock(name, bucket, versioning)] if stack.settings.retention.lock_days else []
        self.created[role] = Created(bucket, [versioning, *locks])
        return bucket.bucket

    def _lock(
        self, name: str, bucket: aws.s3.Bucket, versioning: aws.s3.BucketVersioning
    ) -> aws.s3.BucketObjectLockConfiguration:
        """Lock each new version for some days; of an existing bucket, too.

        S3 lets nobody take object lock from a bucket again: without the setting it locks no more.
        """
        days = self._stack.settings.retention.lock_days
        return aws.s3.BucketObjectLockConfiguration(
            f"{name}-lock",
            bucket=bucket.bucket,
            rule={"default_retention": {"mode": "GOVERNANCE", "days": days}},
            # Without retain_on_delete, so that off is off: what is locked stays locked.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )

    def _child(self, **more: Any) -> pulumi.ResourceOptions:  # noqa: ANN401 - as Pulumi
        """Return the options of a part: a bucket that the stack lets go of keeps what guards it.

        Said of each, since Pulumi's documents and engine differ in whether children inherit it.
        https://github.com/pulumi/pulumi/issues/19654
        """
        keep = self._stack.settings.keep_data
        return pulumi.ResourceOptions(parent=self, retain_on_delete=keep, **more)
