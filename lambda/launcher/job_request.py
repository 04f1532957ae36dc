"""What SageMaker is asked for: settings and an attempt in, a CreateProcessingJob request out."""

from typing import Any

from pipeline.attempt import Attempt, job_name, slot_text
from pipeline.config import LauncherConfig

ENTRYPOINT = "/app/entrypoint.sh"
"""Outside /opt/ml: SageMaker mounts the job's volume there, hiding what an image holds."""

INPUT_PATH = "/opt/ml/processing/input"
OUTPUT_PATH = "/opt/ml/processing/output"


def job_request(
    config: LauncherConfig, attempt: Attempt, instance_type: str, *, with_input: bool
) -> dict[str, Any]:
    """Return the CreateProcessingJob request for an attempt, on machines of that type.

    Not `with_input` where there is none, which SageMaker refuses to download.
    """
    job, extra = config.job, config.schedules[attempt.schedule]
    arguments = [*job.arguments, *extra.arguments]
    return {
        "ProcessingJobName": job_name(config.prefix, attempt),
        "RoleArn": config.job_role_arn,
        "AppSpecification": {
            "ImageUri": config.image_uri,
            "ContainerEntrypoint": [ENTRYPOINT],
            # The service refuses an empty list.
            **({"ContainerArguments": arguments} if arguments else {}),
        },
        "Environment": {**job.environment, **extra.environment, **_identity(config, attempt)},
        "ProcessingInputs": [_input(config, attempt)] if with_input else [],
        "ProcessingOutputConfig": {
            "Outputs": [_output(config, attempt)],
            "KmsKeyId": config.kms_key_arn,
        },
        "ProcessingResources": {"ClusterConfig": _cluster(config, instance_type)},
        "StoppingCondition": {"MaxRuntimeInSeconds": job.max_runtime_seconds},
        "NetworkConfig": _network(config),
        "Tags": [{"Key": key, "Value": value} for key, value in _tags(config, attempt).items()],
    }


def _identity(config: LauncherConfig, attempt: Attempt) -> dict[str, str]:
    return {
        "JOB_NAME": job_name(config.prefix, attempt),
        "SCHEDULE": attempt.schedule,
        "SLOT": slot_text(attempt.slot),
        "ATTEMPT": str(attempt.number),
        "STACK": config.stack,
        # SageMaker sets neither, and tools disagree on which of the two they read.
        "AWS_REGION": config.aws_region,
        "AWS_DEFAULT_REGION": config.aws_region,
    }


def _tags(config: LauncherConfig, attempt: Attempt) -> dict[str, str]:
    return {
        **config.tags,
        "schedule": attempt.schedule,
        "slot": slot_text(attempt.slot),
        "attempt": str(attempt.number),
    }


def _input(config: LauncherConfig, attempt: Attempt) -> dict[str, Any]:
    # Every host of several would read, and write, everything if the objects were replicated.
    shared = config.job.instance_count > 1
    return {
        "InputName": "input",
        "S3Input": {
            "S3Uri": config.input_of(attempt).uri,
            "LocalPath": INPUT_PATH,
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "ShardedByS3Key" if shared else "FullyReplicated",
        },
    }


def _output(config: LauncherConfig, attempt: Attempt) -> dict[str, Any]:
    return {
        "OutputName": "output",
        "S3Output": {
            "S3Uri": config.output_of(attempt).uri,
            "LocalPath": OUTPUT_PATH,
            # Nothing of a job that fails half-way is to be mistaken for a result.
            "S3UploadMode": "EndOfJob",
        },
    }


def _network(config: LauncherConfig) -> dict[str, Any]:
    found: dict[str, Any] = {"EnableNetworkIsolation": config.isolation}
    if config.job.instance_count > 1:  # with one there is nothing between containers to encrypt
        found["EnableInterContainerTrafficEncryption"] = True
    if config.subnets:
        found["VpcConfig"] = {
            "Subnets": config.subnets.split(","),
            "SecurityGroupIds": config.security_groups.split(","),
        }
    return found


def _cluster(config: LauncherConfig, instance_type: str) -> dict[str, Any]:
    job, key = config.job, config.kms_key_arn
    return {
        "InstanceType": instance_type,
        "InstanceCount": job.instance_count,
        "VolumeSizeInGB": job.volume_gb,
        **({"VolumeKmsKeyId": key} if job.volume_keys[instance_type] else {}),
    }
