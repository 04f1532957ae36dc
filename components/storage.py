"""Storage: where jobs read and write."""

from typing import Any

import pulumi
import pulumi_aws as aws

from components import names
from components.policies import resources
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


class Storage(pulumi.ComponentResource):
    """The buckets for input and output.

    Creates, for each of the two that any schedule leaves to the stack: a bucket, only readable over
    TLS, without public access or ACLs, versioned, encrypted with the stack's key (and S3's bucket
    key, which saves KMS calls), with a lifecycle. With `data: keep`, Pulumi forgets them instead of
    deleting them.

    Does not touch existing buckets: their policies, encryption and lifecycle stay their owners'.
    """

    input_bucket: pulumi.Output[str]
    """Name of the bucket that jobs read from, whose schedule names none."""
    output_bucket: pulumi.Output[str]
    """Name of the bucket that jobs write to, whose schedule names none."""
    data: Data
    """The parts of all buckets that are the stack's."""

    def __init__(self, name: str, stack: Stack) -> None:
        super().__init__("sagemaker-processing:storage:Storage", name, None, stack.opts)
        self._name, self._stack, schedules = name, stack, stack.settings.schedules.values()
        sources = stack.settings.sources
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
        account, settings, child = self._stack.account, self._stack.settings, self._child()
        keep = settings.keep_data
        name = f"{self._name}-{role}"
        # The physical name is an interface: people and other systems upload to it.
        bucket = aws.s3.Bucket(
            name,
            bucket=names.bucket(self._stack.prefix, role, account.id, account.region),
            force_destroy=not keep,
            opts=self._child(protect=keep),
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=child,
        )
        private = aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketPolicy(
            f"{name}-tls",
            bucket=bucket.bucket,
            policy=pulumi.Output.json_dumps(resources.bucket_policy(bucket.arn)),
            # S3 refuses two changes of a bucket's access at the same time.
            opts=self._child(depends_on=[private]),
        )
        self._keep(name, bucket, expire_days, spot=role == "output" and settings.has_spot)
        return bucket.bucket

    def _child(self, **more: Any) -> pulumi.ResourceOptions:  # noqa: ANN401 - as Pulumi
        """Return the options of a part: a bucket that the stack lets go of keeps what guards it.

        Said of each, since Pulumi's documents and engine differ in whether children inherit it.
        https://github.com/pulumi/pulumi/issues/19654
        """
        keep = self._stack.settings.keep_data
        return pulumi.ResourceOptions(parent=self, retain_on_delete=keep, **more)

    def _keep(
        self, name: str, bucket: aws.s3.Bucket, expire_days: int | None, *, spot: bool
    ) -> None:
        """Create what keeps the bucket's objects: encryption, versions and their lifecycle."""
        child, days = self._child(), self._stack.settings.retention.noncurrent_days
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                {
                    "bucket_key_enabled": True,
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self._stack.key_arn,
                    },
                }
            ],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=child,
        )
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
                *([_LEFT_OVER] if spot else []),
            ],
            # Rules for old versions need versions.
            opts=self._child(depends_on=[versioning]),
        )
