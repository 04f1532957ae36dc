"""Functions, their logs and who may invoke them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import State, creates
from local.deploy.kinds.shapes import given, pascal, zipped

if TYPE_CHECKING:
    from local.deploy.resources import Resources

_ENVIRONMENT_LIMIT = 4096
"""Bytes of all of a function's variables (Lambda quotas); moto takes any number."""


@creates("aws:cloudwatch/logGroup:LogGroup", "name", "kmsKeyId", "retentionInDays")
def _log_group(local: Resources, inputs: State) -> State:
    logs, name = local.aws.client("logs"), inputs["name"]
    logs.create_log_group(logGroupName=name, kmsKeyId=inputs["kmsKeyId"])
    logs.put_retention_policy(logGroupName=name, retentionInDays=inputs["retentionInDays"])
    arn = f"arn:aws:logs:{local.aws.region}:{ACCOUNT}:log-group:{name}"
    return {"id": name, "arn": arn}


@creates(
    "aws:lambda/function:Function",
    *("name", "role", "runtime", "architectures", "handler", "code", "environment"),
    *("timeout", "memorySize", "loggingConfig", "kmsKeyArn"),
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


@creates(
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    *("functionName", "maximumRetryAttempts", "maximumEventAgeInSeconds", "destinationConfig"),
)
def _function_async(local: Resources, inputs: State) -> State:
    local.aws.client("lambda").put_function_event_invoke_config(
        FunctionName=inputs["functionName"],
        MaximumRetryAttempts=inputs["maximumRetryAttempts"],
        MaximumEventAgeInSeconds=inputs["maximumEventAgeInSeconds"],
        DestinationConfig=pascal(inputs["destinationConfig"]),
    )
    return {}


@creates(
    "aws:lambda/permission:Permission",
    *("action", "function", "principal", "sourceArn", "sourceAccount", "statementId"),
)
def _permission(local: Resources, inputs: State) -> State:
    local.aws.client("lambda").add_permission(
        FunctionName=inputs["function"],
        StatementId=inputs["statementId"],
        Action=inputs["action"],
        Principal=inputs["principal"],
        **given(SourceArn=inputs.get("sourceArn"), SourceAccount=inputs.get("sourceAccount")),
    )
    return {"id": inputs["statementId"]}
