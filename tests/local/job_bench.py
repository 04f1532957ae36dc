"""Runs scripts as whole jobs, against the AWS of an endpoint on loopback."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import boto3
from botocore.config import Config

from local.aws.sagemaker.job import Job, JobEnd, Moment, kind_of
from local.aws.sagemaker.runner import JobRunner
from local.engines.process import ProcessEngine

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


_Json = dict[str, Any]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1"
IN = "/opt/ml/processing/input"
OUT = "/opt/ml/processing/output"


def client(service: Any, endpoint: str) -> Any:
    make = cast("Any", boto3).client
    return make(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}),
    )


class Jobs:
    """Runs scripts as jobs on one bucket, and keeps what was called back."""

    def __init__(
        self, endpoint: str, engine: ProcessEngine, image: str, s3: S3Client, root: Path
    ) -> None:
        self.s3, self.workspace = s3, root / "work"
        self.lines: list[str] = []
        self.steps: list[str] = []
        self.moments: list[Moment] = []
        self.stop, self.reclaimed = threading.Event(), threading.Event()
        self.reclaimed_at: Moment | None = None
        self.runner = JobRunner(
            client=lambda service: client(service, endpoint),
            engine=engine,
            images={IMAGE: image},
            workspace=self.workspace,
            on_line=self._receive,
            on_step=self.steps.append,
        )

    def _receive(self, line: str) -> None:
        self.lines.append(line)
        if line == "ready" or (line == "up" and self.lines.count(line) == 2):
            self.stop.set()

    def run(self, script: str, name: str = "", **changes: Any) -> JobEnd:
        name = name or f"job-{uuid4().hex}"
        request: _Json = {
            "ProcessingJobName": name,
            "RoleArn": "arn:aws:iam::123456789012:role/job",
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["/bin/bash", "-c", script],
            },
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": changes.pop("hosts", 1),
                    "VolumeSizeInGB": 1,
                }
            },
            "NetworkConfig": {"EnableNetworkIsolation": True},
            "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
            **changes,
        }
        return self._run(name, request)

    def train(self, script: str, uri: str, name: str = "", **changes: Any) -> JobEnd:
        """Run a training job that keeps all it has below a URI."""
        name = name or f"job-{uuid4().hex}"
        request: _Json = {
            "TrainingJobName": name,
            "RoleArn": "arn:aws:iam::123456789012:role/job",
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["/bin/bash", "-c", script],
            },
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "OutputDataConfig": {"S3OutputPath": uri, "CompressionType": "NONE"},
            "CheckpointConfig": {"S3Uri": f"{uri}/checkpoint"},
            "StoppingCondition": {"MaxRuntimeInSeconds": 86400, "MaxWaitTimeInSeconds": 86400},
            "EnableManagedSpotTraining": True,
            "EnableNetworkIsolation": True,
            **changes,
        }
        return self._run(name, request)

    def _run(self, name: str, request: _Json) -> JobEnd:
        kind = kind_of(request).lower()
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:{kind}-job/{name}"
        return self.runner(Job(name, arn, request, self.stop, self._note, self.reclaimed))

    def _note(self, moment: Moment) -> None:
        self.moments.append(moment)
        if moment == self.reclaimed_at:
            self.reclaimed.set()
            self.stop.set()

    def put(self, bucket: str, *keys: str) -> None:
        for key in keys:
            self.s3.put_object(Bucket=bucket, Key=key, Body=f"<{key}>".encode())

    def keys(self, bucket: str, prefix: str = "out") -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return [item.get("Key", "") for item in listed]


def source(uri: str, **changes: str) -> _Json:
    s3_input = {"S3Uri": uri, "LocalPath": IN, "S3DataType": "S3Prefix", **changes}
    return {"ProcessingInputs": [{"InputName": "in", "S3Input": s3_input}]}


def target(uri: str, **config: str) -> _Json:
    s3_output = {"S3Uri": uri, "LocalPath": OUT, "S3UploadMode": "EndOfJob"}
    outputs = [{"OutputName": "out", "S3Output": s3_output}]
    return {"ProcessingOutputConfig": {"Outputs": outputs, **config}}
