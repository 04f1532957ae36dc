"""Launcher: the function that turns a slot into a job."""

from dataclasses import dataclass

import pulumi

from components.aws import instance_types
from components.aws.account import Account
from components.function import Function, FunctionArgs
from components.job import Job
from components.journal import Journal
from components.network.component import Network
from components.policies import roles
from components.settings import Settings
from components.storage import Storage


@dataclass(frozen=True, kw_only=True)
class LauncherArgs:
    """What the launcher depends on."""

    account: Account
    settings: Settings
    key_arn: pulumi.Input[str]
    storage: Storage
    network: Network
    journal: Journal
    job: Job
    image_uri: pulumi.Input[str]


class Launcher(pulumi.ComponentResource):
    """The function that starts one processing job for each slot.

    Creates: a Function, whose role may start, describe, list and stop this stack's jobs, pass
    their one role, keep the journal, see whether there is input, and report on the event bus
    what it did not start.
    """

    function: Function

    def __init__(
        self, name: str, args: LauncherArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:launcher:Launcher", name, None, opts)
        if warning := instance_types.keyless(args.settings.attempt_types):
            pulumi.log.warn(warning)
        self.function = Function(
            name,
            FunctionArgs(
                account=args.account,
                settings=args.settings,
                key_arn=args.key_arn,
                environment=_environment(args),
                statements=roles.launcher(
                    args.account,
                    args.settings,
                    data=args.storage.data,
                    key_arn=args.key_arn,
                    job_role_arn=args.job.role_arn,
                    table_arn=args.journal.table_arn,
                    placement=args.network.placement,
                ),
                timeout_s=60,
                memory_mb=256,
                # A job needs all of them, down to the policies of its role and its buckets.
                after=[args.storage, args.network, args.job],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _environment(args: LauncherArgs) -> dict[str, pulumi.Input[str]]:
    found: dict[str, pulumi.Input[str]] = {
        "JOB_ROLE_ARN": args.job.role_arn,
        "IMAGE_URI": args.image_uri,
        "INPUT_BUCKET": args.storage.input_bucket,
        "OUTPUT_BUCKET": args.storage.output_bucket,
        "KMS_KEY_ARN": args.key_arn,
        "JOURNAL_TABLE": args.journal.table,
    }
    if placement := args.network.placement:
        found["SUBNETS"] = pulumi.Output.all(*placement.subnets).apply(",".join)
        found["SECURITY_GROUPS"] = pulumi.Output.all(*placement.security_groups).apply(",".join)
    return found
