"""Launcher: the function that turns a slot into a job."""

import pulumi

from components.aws import instance_types
from components.function import Function
from components.image import Image
from components.job import Job
from components.journal import Journal
from components.network.component import Network
from components.policies import roles
from components.settings import Settings
from components.stack import Stack
from components.storage import Storage


class Launcher(pulumi.ComponentResource):
    """The function that starts one job for each slot.

    Creates: a Function, whose role may start, describe, list and stop this stack's jobs, pass
    their one role, keep the journal, see whether there is input, and report on the event bus
    what it did not start.
    """

    function: Function

    def __init__(  # noqa: PLR0913 - one value for each thing that the launcher touches
        self,
        name: str,
        stack: Stack,
        *,
        storage: Storage,
        network: Network,
        journal: Journal,
        job: Job,
        image: Image,
    ) -> None:
        super().__init__("sagemaker-processing:launcher:Launcher", name, None, stack.opts)
        _warn(stack.settings)
        environment: dict[str, pulumi.Input[str]] = {
            "JOB_ROLE_ARN": job.role_arn,
            "IMAGE_URI": image.uri,
            "INPUT_BUCKET": storage.input_bucket,
            "OUTPUT_BUCKET": storage.output_bucket,
            "KMS_KEY_ARN": stack.key_arn,
            "JOURNAL_TABLE": journal.table,
        }
        if place := network.placement:
            ids = {"SUBNETS": place.subnets, "SECURITY_GROUPS": place.security_groups}
            for variable, each in ids.items():
                environment[variable] = pulumi.Output.all(*each).apply(",".join)
        self.function = Function(
            name,
            stack,
            self,
            environment=environment,
            allowed=roles.launcher(
                stack,
                storage.data,
                network.placement,
                job_role_arn=job.role_arn,
                table_arn=journal.table_arn,
            ),
            # A whole processor to read long lists; a fraction is enough for what else it does.
            memory_mb=1769 if stack.settings.counts_input else 256,
            # A job needs all of them, down to the policies of its role and its buckets.
            after=[storage, network, job],
        )
        self.register_outputs({})


def _warn(settings: Settings) -> None:
    keyless = instance_types.keyless(settings.attempt_types)
    for warning in filter(None, [keyless, instance_types.never_on_spot(settings.spot_types)]):
        pulumi.log.warn(warning)
