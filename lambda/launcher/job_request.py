"""What SageMaker is asked for: settings and an attempt in, a Create request of a job out."""

from collections.abc import Mapping
from typing import Any

from launcher.sizing import Machines
from pipeline import slot_fields
from pipeline.attempt import Attempt, job_name, slot_text
from pipeline.config import LauncherConfig
from pipeline.kind import Kind
from pipeline.prefix import Prefix
from pipeline.schedule_config import JobConfig, ScheduleConfig

ENTRYPOINT = "/app/bin/entrypoint.py"
"""Outside /opt/ml: SageMaker mounts the job's volume there, hiding what an image holds."""
PROCESSING = "/opt/ml/processing/"
"""Where a processing job has its data: container/bin/entrypoint.py reads and writes there."""
CHECKPOINTS = "/opt/ml/checkpoints"
"""Of a training job: SageMaker's own default."""


def job_request(
    config: LauncherConfig,
    attempt: Attempt,
    machines: Machines,
    kind: Kind,
    read: Mapping[str, Prefix],
) -> dict[str, Any]:
    """Return the request for an attempt's job of that kind, on these machines.

    `read` are the places that it reads, by the names that the entry point knows: `input`,
    `reference`, `checkpoint`; SageMaker refuses one without objects.
    """
    schedule = config.schedules[attempt.schedule]
    name = job_name(config.prefix, attempt)
    tags = {"sized_by": machines.reason} if machines.reason else {}
    run = {
        "schedule": attempt.schedule,
        "slot": slot_text(attempt.slot),
        "attempt": str(attempt.number),
    }
    of_kind = _training if kind is Kind.TRAINING else _processing
    return {
        kind.key("Name"): name,
        "RoleArn": config.job_role_arn,
        "Environment": {
            **_environment(schedule, attempt),
            "SCRIPT": schedule.script,
            "JOB_NAME": name,
            "STACK": config.stack,
            **{name.upper(): value for name, value in run.items()},
            # SageMaker sets neither, and tools disagree on which of the two they read.
            "AWS_REGION": config.aws_region,
            "AWS_DEFAULT_REGION": config.aws_region,
        },
        "Tags": [
            {"Key": key, "Value": value} for key, value in {**config.tags, **run, **tags}.items()
        ],
        **of_kind(config, attempt, machines, read),
    }


def _processing(
    config: LauncherConfig, attempt: Attempt, machines: Machines, read: Mapping[str, Prefix]
) -> dict[str, Any]:
    job = config.schedules[attempt.schedule].job
    # Every host of several would read, and write, everything if the objects were replicated.
    shared = machines.instance_count > 1 and not job.cluster
    output = {
        "S3Uri": config.output_of(attempt).uri,
        "LocalPath": f"{PROCESSING}output",
        # Nothing of a job that fails half-way is to be mistaken for a result.
        "S3UploadMode": "EndOfJob",
    }
    return {
        "AppSpecification": {"ImageUri": config.image_uri, **_command(config, attempt)},
        "ProcessingInputs": [
            _input(name, place, shared=shared and name == "input") for name, place in read.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "output", "S3Output": output}],
            "KmsKeyId": config.kms_key_arn,
        },
        "ProcessingResources": {"ClusterConfig": _cluster(config, job, machines)},
        "StoppingCondition": {"MaxRuntimeInSeconds": job.max_runtime_seconds},
        "NetworkConfig": _network(config),
    }


def _training(
    config: LauncherConfig, attempt: Attempt, machines: Machines, read: Mapping[str, Prefix]
) -> dict[str, Any]:
    """Return what is a managed spot training job's alone (ADR 38 says where its output goes)."""
    job = config.schedules[attempt.schedule].job
    channels = [{"ChannelName": name, "DataSource": _channel(each)} for name, each in read.items()]
    return {
        "AlgorithmSpecification": {
            "TrainingImage": config.image_uri,
            "TrainingInputMode": "File",
            **_command(config, attempt),
        },
        **({"InputDataConfig": channels} if channels else {}),
        "OutputDataConfig": {
            "S3OutputPath": config.scratch_of(attempt).uri.removesuffix("/"),
            "KmsKeyId": config.kms_key_arn,
            "CompressionType": "NONE",
        },
        "ResourceConfig": _cluster(config, job, machines),
        "StoppingCondition": {
            "MaxRuntimeInSeconds": job.max_runtime_seconds,
            "MaxWaitTimeInSeconds": job.max_wait_seconds,
        },
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {
            "S3Uri": config.checkpoint_of(attempt).uri,
            "LocalPath": CHECKPOINTS,
        },
        **_network(config),
    }


def _environment(schedule: ScheduleConfig, attempt: Attempt) -> dict[str, str]:
    variables = schedule.job.environment.items()
    return {name: _filled(text, schedule, attempt) for name, text in variables}


def _filled(text: str, schedule: ScheduleConfig, attempt: Attempt) -> str:
    return slot_fields.render(text, attempt.slot, schedule.expression, schedule.timezone)


def _command(config: LauncherConfig, attempt: Attempt) -> dict[str, Any]:
    schedule = config.schedules[attempt.schedule]
    arguments = [_filled(text, schedule, attempt) for text in schedule.job.arguments]
    found = {"ContainerEntrypoint": [ENTRYPOINT], "ContainerArguments": arguments}
    return {name: value for name, value in found.items() if value}  # no empty list is taken


def _input(name: str, source: Prefix, *, shared: bool) -> dict[str, Any]:
    place = {
        "S3Uri": source.uri,
        "LocalPath": PROCESSING + name,
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "ShardedByS3Key" if shared else "FullyReplicated",
    }
    return {"InputName": name, "S3Input": place}


def _channel(source: Prefix) -> dict[str, Any]:
    place = {
        "S3Uri": source.uri,
        "S3DataType": "S3Prefix",
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"S3DataSource": place}


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
