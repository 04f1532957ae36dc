"""What every job of the stack must be like, as IAM conditions of CreateProcessingJob.

They hold whatever the launcher's code asks for. All keys are those of the Service Authorization
Reference for this action. Not conditioned are the keys that encrypt: two spellings of their
condition keys are in use (VolumeKmsKey and VolumeKmsKeyArn), and on types with disks of their own
there is none.
"""

from typing import Any

from components.policies.vpc import VpcPlacement
from components.settings import Settings


def of(settings: Settings, placement: VpcPlacement | None) -> dict[str, Any]:
    """Return the conditions under which the stack's launcher may start a job."""
    lists: dict[str, Any] = {"sagemaker:InstanceTypes": settings.attempt_types}
    if placement:
        lists["sagemaker:VpcSubnets"] = placement.subnets
        lists["sagemaker:VpcSecurityGroupIds"] = placement.security_groups
    flags: dict[str, str] = {}
    if settings.network.mode == "isolated":
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
