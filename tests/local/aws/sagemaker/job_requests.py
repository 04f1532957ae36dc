"""Requests for a job of each kind that AWS accepts, and their variations."""

from collections.abc import Callable, Container
from types import SimpleNamespace
from typing import Any, cast

from local.aws.endpoint import LocalAws
from local.aws.iam.store import Store

_Json = dict[str, Any]

REGION = "eu-central-1"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/image@sha256:{'0' * 64}"


def aws_trusting(roles: Container[str]) -> LocalAws:
    """Return as much of an AWS as SageMaker asks: its region, and which roles trust it."""

    def trusts(role: str, service: str, _arn: str) -> bool:
        return role in roles and service == "sagemaker.amazonaws.com"

    iam = SimpleNamespace(store=Store(ACCOUNT, REGION), trusts=trusts)
    return cast("LocalAws", SimpleNamespace(region=REGION, iam=iam))


def good_request(name: str = "daily-2026-01-01-1") -> _Json:
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["/app/bin/entrypoint.py"],
            "ContainerArguments": ["--day", "2026-01-01"],
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 30,
                "VolumeKmsKeyId": "alias/data",
            }
        },
        "ProcessingInputs": [
            {
                "InputName": "in",
                "S3Input": {
                    "S3Uri": "s3://bucket/in/",
                    "LocalPath": "/opt/ml/processing/input",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                    "S3DataDistributionType": "ShardedByS3Key",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": "s3://bucket/out",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "Environment": {"SLOT": "2026-01-01T00:00:00Z"},
        "NetworkConfig": {"EnableNetworkIsolation": True},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Tags": [{"Key": "stack", "Value": "local"}],
    }


def good_training(name: str = "daily-2026-01-01-1") -> _Json:
    processing = good_request()
    return {
        "TrainingJobName": name,
        **{key: processing[key] for key in ("RoleArn", "Environment", "Tags")},
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/app/bin/entrypoint.py"],
        },
        "InputDataConfig": [
            {
                "ChannelName": "input",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": "s3://bucket/in/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        "OutputDataConfig": {
            "S3OutputPath": "s3://bucket/out",
            "KmsKeyId": "alias/data",
            "CompressionType": "NONE",
        },
        "ResourceConfig": processing["ProcessingResources"]["ClusterConfig"],
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {
            "S3Uri": "s3://bucket/out/checkpoint",
            "LocalPath": "/opt/ml/checkpoints",
        },
        "EnableNetworkIsolation": True,
    }


def changed(path: str, value: Any, good: Callable[[], _Json] = good_request) -> _Json:
    """Return the good request with one value set; `None` removes it."""
    request: Any = good()
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target = request
    for part in parents:
        target = target[part] if isinstance(part, int) else target.setdefault(part, {})
    if value is None:
        del target[last]
    else:
        target[last] = value
    return request
