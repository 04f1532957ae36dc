"""Journal: what became of every attempt."""

import pulumi
import pulumi_aws as aws

from components import names
from components.stack import Stack


class Journal(pulumi.ComponentResource):
    """The table from which functions and operators know what became of every attempt.

    Creates: a DynamoDB table, paid by request, encrypted with the stack's key, recoverable to any
    second of the last 35 days. Its entries expire by themselves.
    """

    table: pulumi.Output[str]
    """Its name."""
    table_arn: pulumi.Output[str]

    def __init__(self, name: str, stack: Stack) -> None:
        super().__init__("sagemaker-processing:journal:Journal", name, None, stack.opts)
        keep = stack.settings.keep_data
        # Operators' commands find it by its name; replacing it would forget every attempt.
        table = aws.dynamodb.Table(
            f"{name}-table",
            name=names.journal(stack.prefix),
            billing_mode="PAY_PER_REQUEST",
            hash_key="schedule",
            range_key="attempt",
            attributes=[{"name": "schedule", "type": "S"}, {"name": "attempt", "type": "S"}],
            ttl={"attribute_name": "expires", "enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": stack.key_arn},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=keep,
            opts=pulumi.ResourceOptions(parent=self, protect=keep, retain_on_delete=keep),
        )
        self.table = table.name
        self.table_arn = table.arn
        self.register_outputs({})
