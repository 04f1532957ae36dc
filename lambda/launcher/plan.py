"""The plan: settings and a run in, a CreateProcessingJob request out, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from launcher.config import LauncherConfig
    from launcher.event import Run

ENTRYPOINT = "/app/entrypoint.sh"
"""Outside /opt/ml: SageMaker mounts the job's volume there, hiding what an image holds."""

INPUT_PATH = "/opt/ml/processing/input"
OUTPUT_PATH = "/opt/ml/processing/output"


def job_name(prefix: str, run: Run) -> str:
    """Return the name of the run's job, the same for every delivery of the same event.

    CreateProcessingJob takes no client token, so the name is what keeps a repeated delivery from
    starting a second paid job. The double hyphen ends the prefix: prefixes and schedules contain
    none, so no two stacks or schedules can mean the same name.
    """
    return f"{prefix}--{run.schedule}-{run.slot:%Y%m%dT%H%M%SZ}-{run.attempt}"


def slot_text(run: Run) -> str:
    """Return the slot as EventBridge Scheduler spells it: 2026-01-05T02:00:00Z."""
    return f"{run.slot:%Y-%m-%dT%H:%M:%SZ}"


def plan(config: LauncherConfig, run: Run) -> dict[str, Any]:
    """Return the CreateProcessingJob request for `run`."""
    job, deployed = config.job, config.deployed
    extra = config.schedules[run.schedule]
    arguments = [*job.arguments, *extra.arguments]
    return {
        "ProcessingJobName": job_name(config.prefix, run),
        "RoleArn": deployed.job_role_arn,
        "AppSpecification": {
            "ImageUri": deployed.image_uri,
            "ContainerEntrypoint": [ENTRYPOINT],
            # The service refuses an empty list.
            **({"ContainerArguments": arguments} if arguments else {}),
        },
        "Environment": {**job.environment, **extra.environment, **_identity(config, run)},
        "ProcessingInputs": [_input(config, run)],
        "ProcessingOutputConfig": {
            "Outputs": [_output(config, run)],
            "KmsKeyId": deployed.kms_key_arn,
        },
        "ProcessingResources": {"ClusterConfig": _cluster(config)},
        "StoppingCondition": {"MaxRuntimeInSeconds": job.max_runtime_seconds},
        "NetworkConfig": {"EnableNetworkIsolation": True},
        "Tags": [{"Key": key, "Value": value} for key, value in _tags(config, run).items()],
    }


def _identity(config: LauncherConfig, run: Run) -> dict[str, str]:
    region = config.deployed.aws_region
    return {
        "JOB_NAME": job_name(config.prefix, run),
        "SCHEDULE": run.schedule,
        "SLOT": slot_text(run),
        "ATTEMPT": str(run.attempt),
        "STACK": config.stack,
        # SageMaker sets neither, and tools disagree on which of the two they read.
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }


def _tags(config: LauncherConfig, run: Run) -> dict[str, str]:
    return {
        **config.tags,
        "schedule": run.schedule,
        "slot": slot_text(run),
        "attempt": str(run.attempt),
    }


def _input(config: LauncherConfig, run: Run) -> dict[str, Any]:
    # Every host of several would read, and write, everything if the objects were replicated.
    shared = config.job.instance_count > 1
    return {
        "InputName": "input",
        "S3Input": {
            "S3Uri": _uri(config.deployed.input_bucket, config.input_prefix, run),
            "LocalPath": INPUT_PATH,
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "ShardedByS3Key" if shared else "FullyReplicated",
        },
    }


def _output(config: LauncherConfig, run: Run) -> dict[str, Any]:
    return {
        "OutputName": "output",
        "S3Output": {
            "S3Uri": _uri(config.deployed.output_bucket, config.output_prefix, run),
            "LocalPath": OUTPUT_PATH,
            # Nothing of a run that fails half-way is to be mistaken for a result.
            "S3UploadMode": "EndOfJob",
        },
    }


def _uri(bucket: str, prefix: str, run: Run) -> str:
    return f"s3://{bucket}/{prefix.format(schedule=run.schedule, slot=run.slot)}"


def _cluster(config: LauncherConfig) -> dict[str, Any]:
    job = config.job
    return {
        "InstanceType": job.instance_type,
        "InstanceCount": job.instance_count,
        "VolumeSizeInGB": job.volume_gb,
        **({"VolumeKmsKeyId": config.deployed.kms_key_arn} if job.encrypt_volume else {}),
    }
