"""Two regions of one account, each with a key, a bucket and a table of its own."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import boto3
from botocore.config import Config

from local.aws.account import Account
from local.aws.endpoint import LocalAws
from local.aws.regions import ACCOUNT, Regions
from local.aws.sagemaker.job import JobEnd
from local.aws.signature import Keys

HOME, OTHER = "eu-central-1", "eu-west-1"
BUCKETS = {HOME: "data-home", OTHER: "data-other"}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/replication"


class World:
    """Both regions, without any replication yet."""

    def __init__(self, work: Path) -> None:
        self.regions = Regions()
        self.accounts = {
            name: Account(
                LocalAws(name, self.regions),
                work / name,
                lambda _account, _job: JobEnd("Completed"),
                [],
                lambda _what, _detail: None,
            )
            for name in (HOME, OTHER)
        }
        self.home, self.other = self.accounts[HOME], self.accounts[OTHER]
        self.home.join(self.other)

    def fill(self) -> None:
        """Make the buckets, their keys and the role."""
        for name, account in self.accounts.items():
            account.aws.start()
            kms, s3 = account.aws.client("kms"), account.aws.client("s3")
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName="alias/data", TargetKeyId=key)
            s3.create_bucket(
                Bucket=BUCKETS[name], CreateBucketConfiguration={"LocationConstraint": name}
            )
            encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key(name)}
            rule = {"ApplyServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}
            s3.put_bucket_encryption(
                Bucket=BUCKETS[name], ServerSideEncryptionConfiguration={"Rules": [rule]}
            )
            s3.put_bucket_versioning(
                Bucket=BUCKETS[name], VersioningConfiguration={"Status": "Enabled"}
            )
        self.home.aws.client("iam").create_role(
            RoleName="replication", AssumeRolePolicyDocument=json.dumps(trust())
        )
        self.allow(statements())

    def key(self, region: str) -> str:
        """Return the ARN of a region's key."""
        kms = self.accounts[region].aws.client("kms")
        return kms.describe_key(KeyId="alias/data")["KeyMetadata"]["Arn"]

    def allow(self, found: list[dict[str, Any]]) -> None:
        """Give the role exactly these statements."""
        self.home.aws.client("iam").put_role_policy(
            RoleName="replication",
            PolicyName="replication",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": found}),
        )

    def replicate(self, region: str = HOME, **changes: Any) -> None:
        """Put a configuration into a region's bucket, to replicate to the other one's."""
        self.put(region, [rule(region, **changes)])

    def put(self, region: str, rules: list[dict[str, Any]]) -> None:
        """Put these rules into a region's bucket."""
        self.accounts[region].aws.client("s3").put_bucket_replication(
            Bucket=BUCKETS[region], ReplicationConfiguration={"Role": ROLE, "Rules": rules}
        )

    def put_object(self, key: str, body: bytes = b"1", region: str = HOME) -> str:
        """Put an object and return its version."""
        s3 = self.accounts[region].aws.client("s3")
        return s3.put_object(Bucket=BUCKETS[region], Key=key, Body=body)["VersionId"]

    def settle(self) -> None:
        """Wait until nothing moves any more."""
        for account in self.accounts.values():
            account.settle()

    def head(self, key: str, region: str = OTHER) -> dict[str, Any]:
        """Return what S3 says of an object; nothing if there is none."""
        s3 = self.accounts[region].aws.client("s3")
        try:
            return s3.head_object(Bucket=BUCKETS[region], Key=key)
        except s3.exceptions.ClientError:
            return {}

    def client(
        self, service: str, region: str, keys: Keys | None = None, at: str | None = None
    ) -> Any:
        """Return a client for a region, at the endpoint of that region or of another one."""
        keys = keys or self.regions.operator
        return cast("Any", boto3).client(
            service,
            endpoint_url=self.accounts[at or region].aws.url,
            region_name=region,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            **{name.lower(): value for name, value in keys.environment.items()},
        )


@contextmanager
def running(work: Path) -> Generator[World]:
    """Let the two regions run for a while."""
    world = World(work)
    try:
        world.fill()
        yield world
    finally:
        for account in world.accounts.values():
            account.close()


def trust() -> dict[str, Any]:
    source = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"arn:aws:s3:::{BUCKETS[HOME]}"}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": source},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def rule(region: str = HOME, **changes: Any) -> dict[str, Any]:
    """Return a rule that replicates all of a region's bucket; `changes` are of its members."""
    target = OTHER if region == HOME else HOME
    alias = f"arn:aws:kms:{target}:{ACCOUNT}:alias/data"
    return {
        "ID": "all",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "Destination": {
            "Bucket": f"arn:aws:s3:::{BUCKETS[target]}",
            "EncryptionConfiguration": {"ReplicaKmsKeyID": alias},
            "Metrics": {"Status": "Enabled"},
        },
        **changes,
    }


def statements() -> list[dict[str, Any]]:
    """Return what the role needs, each action in a statement of its own."""
    source, target = (f"arn:aws:s3:::{BUCKETS[region]}" for region in (HOME, OTHER))
    needed: list[tuple[str, str, dict[str, Any]]] = [
        ("s3:GetReplicationConfiguration", source, {}),
        ("s3:ListBucket", source, {}),
        ("s3:GetObjectVersionForReplication", f"{source}/*", {}),
        ("s3:GetObjectVersionAcl", f"{source}/*", {}),
        ("s3:GetObjectVersionTagging", f"{source}/*", {}),
        ("s3:ReplicateObject", f"{target}/*", {}),
        ("s3:ReplicateTags", f"{target}/*", {}),
        ("kms:Decrypt", _keys(HOME), _of_key(HOME)),
        ("kms:Encrypt", _keys(OTHER), _of_key(OTHER)),
        ("kms:Decrypt", _keys(OTHER), _of_key(OTHER)),
    ]
    return [
        {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}
        for action, resource, condition in needed
    ]


def _keys(region: str) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/*"


def _of_key(region: str) -> dict[str, Any]:
    return {
        "StringEquals": {
            "kms:ViaService": f"s3.{region}.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKETS[region]}",
        },
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/data"},
    }
