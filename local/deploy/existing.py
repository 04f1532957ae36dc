"""What AWS has before the program runs: the buckets and the key that settings call existing."""

from typing import Any

from components.settings import Settings
from local.aws.endpoint import S3_HOME, LocalAws


def create(aws: LocalAws, settings: Settings) -> None:
    """Create them, empty; their policies leave it to the account's, as AWS's own defaults do."""
    s3 = aws.client("s3")
    where = {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    used = [*settings.sources, *(each.output for each in settings.schedules.values())]
    for name in filter(None, {each.bucket for each in used}):
        s3.create_bucket(Bucket=name, **({} if aws.region == S3_HOME else where))
    for bucket, arn in {(each.bucket, each.kms_key_arn) for each in settings.sources}:
        if not (bucket and arn):
            continue
        _create_key(aws, arn)
        encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
        s3.put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": encryption}]
            },
        )


def _create_key(aws: LocalAws, arn: str) -> None:
    """Create a key with this ARN, which KMS would choose; its account may be a real one."""
    made = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    keys: dict[str, Any] = aws.backend("kms").keys
    key = keys.pop(made)
    key.id, key.arn = arn.rpartition("/")[2], arn
    keys[key.id] = key
