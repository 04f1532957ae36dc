"""What operations on data need: objects and items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.aws.iam import keys
from local.aws.iam.evaluate import Access
from local.aws.iam.needs import Parameters, needed_by

if TYPE_CHECKING:
    from local.aws.iam.patterns import Value
    from local.aws.iam.store import Store

_LISTING = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}
_ENCRYPTION = {
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
}


@needed_by("s3:ListObjectsV2")
def _list_bucket(_store: Store, _operation: str, asked: Parameters) -> list[Access]:
    return [Access("s3:ListBucket", _bucket(asked), _keys(asked, _LISTING))]


@needed_by("s3:GetObject")
def _get_object(store: Store, operation: str, asked: Parameters) -> list[Access]:
    if "VersionId" in asked:
        raise NotImplementedError("the local IAM does not know what a version of an object needs")
    key = keys.of_object(store, asked["Bucket"], asked["Key"])
    return [Access(operation, _object(asked)), *key]


@needed_by("s3:PutObject")
def _put_object(store: Store, _operation: str, asked: Parameters) -> list[Access]:
    return _write(store, asked, "kms:GenerateDataKey")


@needed_by("s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload")
def _multipart(store: Store, _operation: str, asked: Parameters) -> list[Access]:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
    return _write(store, asked, "kms:GenerateDataKey", "kms:Decrypt")


@needed_by("s3:AbortMultipartUpload", "s3:DeleteObject")
def _remove(_store: Store, operation: str, asked: Parameters) -> list[Access]:
    if "VersionId" in asked:
        raise NotImplementedError("the local IAM does not know what a version of an object needs")
    return [Access(operation, _object(asked))]


@needed_by("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query")
def _items(store: Store, operation: str, asked: Parameters) -> list[Access]:
    arn = store.named("dynamodb", "table/", asked["TableName"])
    table = arn.rpartition("/")[2]
    index = f"/index/{asked['IndexName']}" if "IndexName" in asked else ""
    return [Access(operation, arn + index), *keys.of_table(store, table)]


def _bucket(asked: Parameters) -> str:
    if "ExpectedBucketOwner" in asked:
        raise NotImplementedError(
            "the local IAM does not know what a bucket's expected owner needs"
        )
    return f"arn:aws:s3:::{asked['Bucket']}"


def _object(asked: Parameters) -> str:
    return f"{_bucket(asked)}/{asked['Key']}"


def _keys(asked: Parameters, names: dict[str, str]) -> dict[str, Value]:
    """Return the condition keys of the parameters that are given."""
    return {key: asked[name] for name, key in names.items() if name in asked}


def _write(store: Store, asked: Parameters, *actions: str) -> list[Access]:
    if "Tagging" in asked or "ACL" in asked:
        raise NotImplementedError("the local IAM does not know what tags and ACLs of objects need")
    bucket, name, key = asked["Bucket"], asked["Key"], asked.get("SSEKMSKeyId")
    return [
        Access("s3:PutObject", _object(asked), _keys(asked, _ENCRYPTION)),
        *keys.to_write(store, bucket, name, key, actions),
    ]
