"""Functions and their logs."""

import io
import zipfile
from pathlib import Path

import pulumi

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import Resources, State, creates, given, pascal

_ENVIRONMENT_LIMIT = 4096
"""Bytes of all of a function's variables (Lambda quotas); moto takes any number."""


@creates("aws:cloudwatch/logGroup:LogGroup", "name kmsKeyId retentionInDays")
def _log_group(local: Resources, inputs: State) -> State:
    logs, name = local.aws.client("logs"), inputs["name"]
    logs.create_log_group(logGroupName=name, kmsKeyId=inputs["kmsKeyId"])
    logs.put_retention_policy(logGroupName=name, retentionInDays=inputs["retentionInDays"])
    arn = f"arn:aws:logs:{local.aws.region}:{ACCOUNT}:log-group:{name}"
    return {"id": name, "arn": arn}


@creates(
    "aws:lambda/function:Function",
    "name role runtime architectures handler code environment timeout memorySize "
    "loggingConfig kmsKeyArn",
)
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
        Environment={"Variables": variables},
        Timeout=inputs["timeout"],
        MemorySize=inputs["memorySize"],
        LoggingConfig=pascal(inputs["loggingConfig"]),
        **given(KMSKeyArn=inputs.get("kmsKeyArn")),
    )
    return {"arn": answer["FunctionArn"]}


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
