"""What every job of the stack must be like, as IAM conditions of CreateProcessingJob.

They hold whatever the launcher's code asks for. All keys are those of the Service Authorization
Reference for this action. Not conditioned are the keys that encrypt: two spellings of their
condition keys are in use (VolumeKmsKey and VolumeKmsKeyArn), and on types with disks of their own
there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from components.settings import Settings


def conditions(
    settings: Settings,
    subnets: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
    security_groups: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
) -> dict[str, Any]:
    """Return the conditions under which the launcher may start a job.

    Args:
        settings: the stack's.
        subnets: the only ones in which a job may run; None where no job is in a VPC.
        security_groups: the only ones that a job may have; None where no job is in a VPC.
    """
    lists: dict[str, Any] = {"sagemaker:InstanceTypes": settings.attempt_types}
    if subnets is not None and security_groups is not None:
        lists["sagemaker:VpcSubnets"] = subnets
        lists["sagemaker:VpcSecurityGroupIds"] = security_groups
    flags: dict[str, str] = {}
    if settings.network.isolation:
        flags["sagemaker:NetworkIsolation"] = "true"
    if settings.job.instance_count > 1:
        flags["sagemaker:InterContainerTrafficEncryption"] = "true"
    return {
        "NumericLessThanEquals": {
            "sagemaker:MaxRuntimeInSeconds": str(settings.job.max_runtime_seconds)
        },
        "ForAllValues:StringEquals": lists,
        # ForAllValues is true of a request that has no value at all.
        "Null": dict.fromkeys(lists, "false"),
        **({"Bool": flags} if flags else {}),
    }
