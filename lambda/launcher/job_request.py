"""What SageMaker is asked for: settings and an attempt in, a CreateProcessingJob request out."""

from collections.abc import Iterator
from typing import Any

from launcher.sizing import Machines
from pipeline import slot_fields
from pipeline.attempt import Attempt, job_name, slot_text
from pipeline.config import JobConfig, LauncherConfig, ScheduleConfig
from pipeline.prefix import Prefix

ENTRYPOINT = "/app/bin/entrypoint.py"
"""Outside /opt/ml: SageMaker mounts the job's volume there, hiding what an image holds."""
INPUT_PATH = "/opt/ml/processing/input"
REFERENCE_PATH = "/opt/ml/processing/reference"
OUTPUT_PATH = "/opt/ml/processing/output"


def job_request(
    config: LauncherConfig, attempt: Attempt, machines: Machines, *, with_input: bool
) -> dict[str, Any]:
    """Return the CreateProcessingJob request for an attempt, on these machines.

    Not `with_input` where there is none, which SageMaker refuses to download.
    """
    schedule = config.schedules[attempt.schedule]
    tags = {"sized_by": machines.reason} if machines.reason else {}
    run = {
        "schedule": attempt.schedule,
        "slot": slot_text(attempt.slot),
        "attempt": str(attempt.number),
    }
    return {
        "ProcessingJobName": job_name(config.prefix, attempt),
        "RoleArn": config.job_role_arn,
        "AppSpecification": _application(config, attempt),
        "Environment": {
            **_environment(schedule, attempt),
            "SCRIPT": schedule.script,
            "JOB_NAME": job_name(config.prefix, attempt),
            "STACK": config.stack,
            **{name.upper(): value for name, value in run.items()},
            # SageMaker sets neither, and tools disagree on which of the two they read.
            "AWS_REGION": config.aws_region,
            "AWS_DEFAULT_REGION": config.aws_region,
        },
        "ProcessingInputs": [*_inputs(config, attempt, machines, with_input=with_input)],
        "ProcessingOutputConfig": {
            "Outputs": [_output(config, attempt)],
            "KmsKeyId": config.kms_key_arn,
        },
        "ProcessingResources": {"ClusterConfig": _cluster(config, schedule.job, machines)},
        "StoppingCondition": {"MaxRuntimeInSeconds": schedule.job.max_runtime_seconds},
        "NetworkConfig": _network(config),
        "Tags": [
            {"Key": key, "Value": value} for key, value in {**config.tags, **run, **tags}.items()
        ],
    }


def _environment(schedule: ScheduleConfig, attempt: Attempt) -> dict[str, str]:
    variables = schedule.job.environment.items()
    return {name: _filled(text, schedule, attempt) for name, text in variables}


def _filled(text: str, schedule: ScheduleConfig, attempt: Attempt) -> str:
    return slot_fields.render(text, attempt.slot, schedule.expression, schedule.timezone)


def _application(config: LauncherConfig, attempt: Attempt) -> dict[str, Any]:
    schedule = config.schedules[attempt.schedule]
    arguments = [_filled(text, schedule, attempt) for text in schedule.job.arguments]
    found: dict[str, Any] = {"ImageUri": config.image_uri, "ContainerEntrypoint": [ENTRYPOINT]}
    if arguments:  # the service refuses an empty list
        found["ContainerArguments"] = arguments
    return found


def _inputs(
    config: LauncherConfig, attempt: Attempt, machines: Machines, *, with_input: bool
) -> Iterator[dict[str, Any]]:
    if with_input:
        # Every host of several would read, and write, everything if the objects were replicated.
        alone = not config.schedules[attempt.schedule].job.cluster
        shared = machines.instance_count > 1 and alone
        yield _input("input", config.input_of(attempt), INPUT_PATH, shared=shared)
    if reference := config.reference_of(attempt):
        yield _input("reference", reference, REFERENCE_PATH, shared=False)


def _input(name: str, source: Prefix, path: str, *, shared: bool) -> dict[str, Any]:
    place = {
        "S3Uri": source.uri,
        "LocalPath": path,
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "ShardedByS3Key" if shared else "FullyReplicated",
    }
    return {"InputName": name, "S3Input": place}


def _output(config: LauncherConfig, attempt: Attempt) -> dict[str, Any]:
    place = {
        "S3Uri": config.output_of(attempt).uri,
        "LocalPath": OUTPUT_PATH,
        # Nothing of a job that fails half-way is to be mistaken for a result.
        "S3UploadMode": "EndOfJob",
    }
    return {"OutputName": "output", "S3Output": place}


def _network(config: LauncherConfig) -> dict[str, Any]:
    found: dict[str, Any] = {"EnableNetworkIsolation": config.isolation}
    if config.encrypt_traffic:
        found["EnableInterContainerTrafficEncryption"] = True
    if config.subnets:
        found["VpcConfig"] = {
            "Subnets": config.subnets.split(","),
            "SecurityGroupIds": config.security_groups.split(","),
        }
    return found


def _cluster(config: LauncherConfig, job: JobConfig, machines: Machines) -> dict[str, Any]:
    found: dict[str, Any] = {
        "InstanceType": machines.instance_type,
        "InstanceCount": machines.instance_count,
        "VolumeSizeInGB": machines.volume_gb,
    }
    if job.volume_keys[machines.instance_type]:
        found["VolumeKmsKeyId"] = config.kms_key_arn
    return found
