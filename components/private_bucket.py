"""Private bucket: one that nobody else reads, and whose earlier versions stay."""

from collections.abc import Callable

import pulumi
import pulumi_aws as aws

from components.policies import resources


def create(
    name: str,
    physical: str,
    key_arn: pulumi.Input[str],
    child: Callable[..., pulumi.ResourceOptions],
    *,
    keep: bool,
) -> tuple[aws.s3.Bucket, aws.s3.BucketVersioning]:
    """Create a bucket, only readable over TLS, without public access or ACLs, and versioned.

    It is encrypted with the key, and S3's bucket key, which saves KMS calls. `child` makes the
    options of each part of what is asked for beside them. With `keep` it is protected, and never
    deleted with objects in it.
    """
    bucket = aws.s3.Bucket(name, bucket=physical, force_destroy=not keep, opts=child(protect=keep))
    _close(name, bucket, child)
    aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=bucket.bucket,
        rules=[
            {
                "bucket_key_enabled": True,
                "apply_server_side_encryption_by_default": {
                    "sse_algorithm": "aws:kms",
                    "kms_master_key_id": key_arn,
                },
            }
        ],
        opts=child(),
    )
    versioning = aws.s3.BucketVersioning(
        f"{name}-versioning",
        bucket=bucket.bucket,
        versioning_configuration={"status": "Enabled"},
        opts=child(),
    )
    return bucket, versioning


def _close(name: str, bucket: aws.s3.Bucket, child: Callable[..., pulumi.ResourceOptions]) -> None:
    """Let in nobody but by IAM and over TLS."""
    aws.s3.BucketOwnershipControls(
        f"{name}-ownership",
        bucket=bucket.bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=child(),
    )
    private = aws.s3.BucketPublicAccessBlock(
        f"{name}-private",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child(),
    )
    aws.s3.BucketPolicy(
        f"{name}-tls",
        bucket=bucket.bucket,
        policy=pulumi.Output.json_dumps(resources.bucket_policy(bucket.arn)),
        # S3 refuses two changes of a bucket's access at the same time.
        opts=child(depends_on=[private]),
    )
