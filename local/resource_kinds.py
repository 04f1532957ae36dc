"""How each kind of resource is created with boto3.

Inputs come in Pulumi's spelling; what is returned is what AWS adds to them, in the same spelling.
boto3 refuses what has no counterpart, so nothing that the program asks for is left out in silence.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pulumi

from local.aws import ACCOUNT

if TYPE_CHECKING:
    from local.resources import Resources

State = dict[str, Any]
Kind = Callable[["Resources", State], State]

CREATE: dict[str, Kind] = {}
"""Type token -> creates such a resource."""

_ENVIRONMENT_LIMIT = 4096
"""Bytes of all of a function's variables (Lambda quotas); moto takes any number."""


def _creates(token: str) -> Callable[[Kind], Kind]:
    return lambda kind: CREATE.setdefault(token, kind)


@_creates("pulumi:providers:aws")
def _provider(local: Resources, inputs: State) -> State:
    """Refuse a provider for another region than the embedded AWS has."""
    if inputs["region"] != local.aws.region:
        raise ValueError(f"region {inputs['region']} is not {local.aws.region}")
    return {}


@_creates("aws:kms/key:Key")
def _key(local: Resources, inputs: State) -> State:
    kms = local.aws.client("kms")
    key = kms.create_key(Policy=inputs["policy"], Description=inputs["description"])
    key_id = key["KeyMetadata"]["KeyId"]
    if inputs["enableKeyRotation"]:
        kms.enable_key_rotation(KeyId=key_id)
    return {"id": key_id, "keyId": key_id, "arn": key["KeyMetadata"]["Arn"]}


@_creates("aws:kms/alias:Alias")
def _alias(local: Resources, inputs: State) -> State:
    local.aws.client("kms").create_alias(
        AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"]
    )
    return {}


@_creates("aws:s3/bucket:Bucket")
def _bucket(local: Resources, inputs: State) -> State:
    name = inputs["bucket"]
    local.aws.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": local.aws.region}
    )
    return {"id": name, "arn": f"arn:aws:s3:::{name}"}


@_creates("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
def _bucket_ownership(local: Resources, inputs: State) -> State:
    local.aws.client("s3").put_bucket_ownership_controls(
        Bucket=inputs["bucket"], OwnershipControls={"Rules": [_pascal(inputs["rule"])]}
    )
    return {}


@_creates("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
def _bucket_private(local: Resources, inputs: State) -> State:
    settings = {key: value for key, value in inputs.items() if key != "bucket"}
    local.aws.client("s3").put_public_access_block(
        Bucket=inputs["bucket"], PublicAccessBlockConfiguration=_pascal(settings)
    )
    return {}


@_creates("aws:s3/bucketPolicy:BucketPolicy")
def _bucket_policy(local: Resources, inputs: State) -> State:
    local.aws.client("s3").put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])
    return {}


@_creates("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
def _bucket_encryption(local: Resources, inputs: State) -> State:
    rules = [
        {
            "BucketKeyEnabled": rule["bucketKeyEnabled"],
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"],
                "KMSMasterKeyID": rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"],
            },
        }
        for rule in inputs["rules"]
    ]
    local.aws.client("s3").put_bucket_encryption(
        Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": rules}
    )
    return {}


@_creates("aws:s3/bucketVersioning:BucketVersioning")
def _bucket_versioning(local: Resources, inputs: State) -> State:
    local.aws.client("s3").put_bucket_versioning(
        Bucket=inputs["bucket"],
        VersioningConfiguration=_pascal(inputs["versioningConfiguration"]),
    )
    return {}


@_creates("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
def _bucket_lifecycle(local: Resources, inputs: State) -> State:
    rules = [
        {("ID" if k == "Id" else k): v for k, v in _pascal(r).items()} for r in inputs["rules"]
    ]
    local.aws.client("s3").put_bucket_lifecycle_configuration(
        Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": rules}
    )
    return {}


@_creates("aws:ecr/repository:Repository")
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


@_creates("aws:ecr/lifecyclePolicy:LifecyclePolicy")
def _repository_lifecycle(local: Resources, inputs: State) -> State:
    local.aws.client("ecr").put_lifecycle_policy(
        repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"]
    )
    return {}


@_creates("docker:index/image:Image")
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


@_creates("aws:iam/role:Role")
def _role(local: Resources, inputs: State) -> State:
    name = inputs["name"]
    answer = local.aws.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=inputs["assumeRolePolicy"]
    )
    return {"id": name, "name": name, "arn": answer["Role"]["Arn"]}


@_creates("aws:iam/rolePolicy:RolePolicy")
def _role_policy(local: Resources, inputs: State) -> State:
    local.aws.client("iam").put_role_policy(
        RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
    )
    return {}


@_creates("aws:cloudwatch/logGroup:LogGroup")
def _log_group(local: Resources, inputs: State) -> State:
    logs, name = local.aws.client("logs"), inputs["name"]
    logs.create_log_group(logGroupName=name, kmsKeyId=inputs["kmsKeyId"])
    logs.put_retention_policy(logGroupName=name, retentionInDays=inputs["retentionInDays"])
    arn = f"arn:aws:logs:{local.aws.region}:{ACCOUNT}:log-group:{name}"
    return {"id": name, "arn": arn}


@_creates("aws:sqs/queue:Queue")
def _queue(local: Resources, inputs: State) -> State:
    sqs = local.aws.client("sqs")
    attributes = {
        "MessageRetentionPeriod": str(inputs["messageRetentionSeconds"]),
        "SqsManagedSseEnabled": str(inputs["sqsManagedSseEnabled"]).lower(),
    }
    url = sqs.create_queue(QueueName=inputs["name"], Attributes=attributes)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return {"id": url, "url": url, "arn": found["Attributes"]["QueueArn"]}


@_creates("aws:lambda/function:Function")
def _function(local: Resources, inputs: State) -> State:
    variables = inputs["environment"]["variables"]
    size = sum(len(key) + len(value) for key, value in variables.items())
    if size > _ENVIRONMENT_LIMIT:
        raise ValueError(f"environment of {size} bytes; Lambda takes {_ENVIRONMENT_LIMIT}")
    answer = local.aws.client("lambda").create_function(
        FunctionName=inputs["name"],
        Role=inputs["role"],
        Runtime=inputs["runtime"],
        Architectures=inputs["architectures"],
        Handler=inputs["handler"],
        Code={"ZipFile": zipped(inputs["code"])},
        Layers=inputs["layers"],
        Environment={"Variables": variables},
        Timeout=inputs["timeout"],
        MemorySize=inputs["memorySize"],
        LoggingConfig=_pascal(inputs["loggingConfig"]),
    )
    return {"arn": answer["FunctionArn"]}


@_creates("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
def _function_async(local: Resources, inputs: State) -> State:
    local.aws.client("lambda").put_function_event_invoke_config(
        FunctionName=inputs["functionName"],
        MaximumRetryAttempts=inputs["maximumRetryAttempts"],
        MaximumEventAgeInSeconds=inputs["maximumEventAgeInSeconds"],
        DestinationConfig=_pascal(inputs["destinationConfig"]),
    )
    return {}


@_creates("aws:scheduler/scheduleGroup:ScheduleGroup")
def _schedule_group(local: Resources, inputs: State) -> State:
    answer = local.aws.client("scheduler").create_schedule_group(Name=inputs["name"])
    return {"arn": answer["ScheduleGroupArn"]}


@_creates("aws:scheduler/schedule:Schedule")
def _schedule(local: Resources, inputs: State) -> State:
    answer = local.aws.client("scheduler").create_schedule(**_pascal(inputs))
    return {"arn": answer["ScheduleArn"]}


def zipped(archive: pulumi.AssetArchive) -> bytes:
    """Return an archive of files and strings as zip, the same bytes for the same content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, asset in sorted(archive.assets.items()):
            if isinstance(asset, pulumi.StringAsset):
                content = asset.text.encode()
            elif isinstance(asset, pulumi.FileAsset):
                content = Path(asset.path).read_bytes()
            else:
                raise NotImplementedError(f"{name}: only files and strings can be archived")
            file.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def _pascal(tree: Any) -> Any:  # noqa: ANN401 - a tree of JSON
    """Return Pulumi's camelCase keys in boto3's PascalCase, all the way down."""
    if isinstance(tree, dict):
        items = cast("dict[str, Any]", tree).items()
        return {key[0].upper() + key[1:]: _pascal(value) for key, value in items}
    return [_pascal(item) for item in cast("list[Any]", tree)] if isinstance(tree, list) else tree
