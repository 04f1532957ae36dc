"""Runs: the journal of what became of every attempt."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class RunsArgs:
    """What the journal depends on."""

    prefix: str
    key_arn: pulumi.Input[str]
    keep_data: bool


class Runs(pulumi.ComponentResource):
    """The journal, from which functions and operators know what became of every attempt.

    Creates: a DynamoDB table, paid by request, encrypted with the stack's key, recoverable to any
    second of the last 35 days. Its entries expire by themselves.
    """

    table: pulumi.Output[str]
    """The table's name, `<prefix>-runs`."""
    table_arn: pulumi.Output[str]
    """The table's ARN."""

    def __init__(
        self, name: str, args: RunsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:runs:Runs", name, None, opts)
        # Operators' commands find it by its name; replacing it would forget every run.
        table = aws.dynamodb.Table(
            f"{name}-table",
            name=f"{args.prefix}-runs",
            billing_mode="PAY_PER_REQUEST",
            hash_key="schedule",
            range_key="attempt",
            attributes=[{"name": "schedule", "type": "S"}, {"name": "attempt", "type": "S"}],
            ttl={"attribute_name": "expires", "enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": args.key_arn},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=args.keep_data,
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.keep_data, retain_on_delete=args.keep_data
            ),
        )
        self.table = table.name
        self.table_arn = table.arn
        self.register_outputs({"table": self.table, "table_arn": self.table_arn})
