"""Buckets, tables and the image."""

import hashlib
import json

from local.deploy.kinds.kind import Resources, State, creates, pascal


@creates("aws:s3/bucket:Bucket", "bucket forceDestroy")
def _bucket(local: Resources, inputs: State) -> State:
    name = inputs["bucket"]
    local.aws.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": local.aws.region}
    )
    return {"id": name, "arn": f"arn:aws:s3:::{name}"}


@creates("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "bucket rule")
def _bucket_ownership(local: Resources, inputs: State) -> State:
    local.aws.client("s3").put_bucket_ownership_controls(
        Bucket=inputs["bucket"], OwnershipControls={"Rules": [pascal(inputs["rule"])]}
    )
    return {}


@creates("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
def _bucket_private(local: Resources, inputs: State) -> State:
    settings = {key: value for key, value in inputs.items() if key != "bucket"}
    local.aws.client("s3").put_public_access_block(
        Bucket=inputs["bucket"], PublicAccessBlockConfiguration=pascal(settings)
    )
    return {}


@creates(
    "aws:dynamodb/table:Table",
    "name billingMode hashKey rangeKey attributes ttl pointInTimeRecovery "
    "serverSideEncryption deletionProtectionEnabled",
)
def _table(local: Resources, inputs: State) -> State:
    client, name = local.aws.client("dynamodb"), inputs["name"]
    keys = [("HASH", inputs["hashKey"]), ("RANGE", inputs.get("rangeKey"))]
    encryption = inputs["serverSideEncryption"]
    made = client.create_table(
        TableName=name,
        BillingMode=inputs["billingMode"],
        KeySchema=[{"KeyType": kind, "AttributeName": key} for kind, key in keys if key],
        AttributeDefinitions=[
            {"AttributeName": each["name"], "AttributeType": each["type"]}
            for each in inputs["attributes"]
        ],
        SSESpecification={
            "Enabled": encryption["enabled"],
            "SSEType": "KMS",
            "KMSMasterKeyId": encryption["kmsKeyArn"],
        },
        DeletionProtectionEnabled=inputs.get("deletionProtectionEnabled", False),
    )
    if inputs.get("ttl"):
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=pascal(inputs["ttl"]))
    if recovery := inputs.get("pointInTimeRecovery"):
        days = recovery.get("recoveryPeriodInDays")
        client.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification={
                "PointInTimeRecoveryEnabled": recovery["enabled"],
                **({"RecoveryPeriodInDays": days} if days else {}),
            },
        )
    return {"id": name, "name": name, "arn": made["TableDescription"]["TableArn"]}


@creates(
    "aws:ecr/repository:Repository",
    "name imageTagMutability imageScanningConfiguration encryptionConfigurations forceDelete",
)
def _repository(local: Resources, inputs: State) -> State:
    [encryption] = inputs["encryptionConfigurations"]
    answer = local.aws.client("ecr").create_repository(
        repositoryName=inputs["name"],
        imageTagMutability=inputs["imageTagMutability"],
        imageScanningConfiguration=inputs["imageScanningConfiguration"],
        encryptionConfiguration=encryption,
    )["repository"]
    return {
        "arn": answer["repositoryArn"],
        "repositoryUrl": answer["repositoryUri"],
        "registryId": answer["registryId"],
    }


@creates("docker:index/image:Image", "build imageName registry skipPush buildOnPreview")
def _image(local: Resources, inputs: State) -> State:
    """Build with the engine, and keep a manifest of the result in the registry."""
    handle = local.build(inputs["build"])
    url, _, tag = inputs["imageName"].rpartition(":")
    manifest: State = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": _digest(handle), "size": 0},
        "layers": [],
    }
    text = json.dumps(manifest)
    digest = _digest(text)
    local.aws.client("ecr").put_image(
        repositoryName=url.partition("/")[2],
        imageManifest=text,
        imageTag=tag,
        imageDigest=digest,
    )
    uri = f"{url}@{digest}"
    local.images[uri] = handle
    return {"repoDigest": uri}


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
