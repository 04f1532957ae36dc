"""How the roles may use the stack's key: a statement for each service that asks it of them.

A service that acts in a role's name names itself in kms:ViaService, so that the role cannot call
KMS by itself. EventBridge Scheduler and SageMaker, which assume a role, call KMS with its session
and may name nobody.
"""

from typing import Any

import pulumi

from components.aws.account import Account
from components.policies.statements import Statement, allow

TO_SEND = ["kms:Decrypt", "kms:GenerateDataKey"]
"""What SNS and SQS ask of the sender's rights to the key of a topic or a queue."""


def read_table(account: Account, key_arn: pulumi.Input[str]) -> Statement:
    """Return what reading and writing of an encrypted table needs.

    DynamoDB decrypts the table's key in the caller's name, for writes too; it made that key when
    it made the table. https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
    """
    return allow("ReadJournal", ["kms:Decrypt"], [key_arn], _via(account, "dynamodb"))


def publish(account: Account, key_arn: pulumi.Input[str]) -> Statement:
    """Return what a message to an encrypted topic needs ("Key management" of the SNS guide)."""
    return allow("EncryptMessages", TO_SEND, [key_arn], _via(account, "sns"))


def write_object(account: Account, key_arn: pulumi.Input[str]) -> Statement:
    """Return what an object needs that is put into an encrypted bucket in one part."""
    return allow("EncryptMarkers", ["kms:GenerateDataKey"], [key_arn], _via(account, "s3"))


def send_failures(account: Account, key_arn: pulumi.Input[str]) -> Statement:
    """Return what a message to an encrypted queue needs.

    Decrypt checks the data key, which SQS uses again for five minutes.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    return allow("EncryptFailures", TO_SEND, [key_arn], _via(account, "sqs"))


def read_environment(account: Account, key_arn: pulumi.Input[str], function_name: str) -> Statement:
    """Return what a function needs to see its own encrypted environment, and nothing else's.

    Lambda grants it to the function's role when a deployment sets the key, if whoever deploys may
    make grants; without that grant the function cannot start. A grant is also lost with the role.
    """
    own = account.arn("lambda", f"function:{function_name}")
    condition = {"StringEquals": {"kms:EncryptionContext:aws:lambda:FunctionArn": own}}
    return allow("ReadEnvironment", ["kms:Decrypt"], [key_arn], condition)


def read_payloads(account: Account, key_arn: pulumi.Input[str], schedules: str) -> Statement:
    """Return what the role of these schedules (`<group>/<name or pattern>`) needs for their input.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
    """
    return allow("ReadPayloads", ["kms:Decrypt"], [key_arn], _payloads(account, schedules))


def plan_schedules(account: Account, key_arn: pulumi.Input[str], schedules: str) -> list[Statement]:
    """Return what whoever creates and reads schedules needs for their encrypted input.

    The two are apart because kms:DescribeKey has no encryption context to compare.
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/security_iam_id-based-policy-examples.html
    """
    via = _via(account, "scheduler")
    return [
        allow("DescribeKeyForAttempts", ["kms:DescribeKey"], [key_arn], via),
        allow("EncryptAttempts", TO_SEND, [key_arn], {**via, **_payloads(account, schedules)}),
    ]


def data(
    account: Account, key_arn: pulumi.Input[str], input_key_arn: str | None
) -> list[Statement]:
    """Return what a job needs for encrypted objects and its encrypted volume.

    An existing input bucket may have a key of its own, `input_key_arn`.
    """
    via_s3 = _via(account, "s3")
    read_keys = [key_arn, *([input_key_arn] if input_key_arn else [])]
    return [
        # Of the output's key too: a multipart upload reads what it has encrypted.
        allow("DecryptData", ["kms:Decrypt"], read_keys, via_s3),
        allow("EncryptOutput", ["kms:GenerateDataKey"], [key_arn], via_s3),
        # SageMaker's guide asks for it beside a key for the output; S3 itself never uses it. Not
        # conditioned, as nobody says in whose name it would be called; it can read nothing.
        allow("EncryptForSageMaker", ["kms:Encrypt"], [key_arn]),
        # Not conditioned: that SageMaker's grant for the volume is one "for an AWS resource", or is
        # made through a service, is documented nowhere, and a wrong guess would fail every job.
        allow("EncryptVolume", ["kms:CreateGrant", "kms:DescribeKey"], [key_arn]),
    ]


def _via(account: Account, service: str) -> dict[str, Any]:
    """Return the condition that the key is used only through this service."""
    return {"StringEquals": {"kms:ViaService": f"{service}.{account.region}.amazonaws.com"}}


def _payloads(account: Account, schedules: str) -> dict[str, Any]:
    arn = account.arn("scheduler", f"schedule/{schedules}")
    return {"ArnLike": {"kms:EncryptionContext:aws:scheduler:schedule:arn": arn}}
