"""Run a job on this machine, from AssumeRole to the upload of its outputs.

As on SageMaker, everything is done with the job's own role, and the container gets the job's
Environment and nothing else. Unlike there it has no AWS credentials without network isolation
either: a script that calls AWS itself cannot be played here.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws.cloudwatch.metric_store import Point
from local.aws.sagemaker import checkpoint
from local.aws.sagemaker.hosts import (
    JobFailedError,
    environment,
    exit_message,
    host_names,
    prepare,
)
from local.aws.sagemaker.instance_metrics import points
from local.aws.sagemaker.job import Job, JobEnd
from local.aws.sagemaker.job_data import download, upload
from local.aws.sagemaker.log_stream import log_stream
from local.aws.sagemaker.reach import hosts_reach_each_other
from local.engines import ContainerRun, Engine, EngineError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@dataclass(frozen=True, kw_only=True)
class JobRunner:
    """Runs jobs one after the other or at once; call it with a job and get its end."""

    client: Callable[[str], Any]
    """Returns a client of a service with the job's role."""
    engine: Engine
    images: Mapping[str, str]
    """The engine's handle of each ImageUri; looked up when a job starts."""
    workspace: Path
    """Where the hosts' directories lie while a job runs."""
    on_line: Callable[[str], None] = lambda _line: None
    """Receives each line that a container prints."""
    on_points: Callable[[list[Point]], object] = lambda _points: None
    """Receives what is measured of a host."""
    on_step: Callable[[str], None] = lambda _step: None
    """Receives what begins: downloading, running, uploading."""

    def __call__(self, job: Job) -> JobEnd:
        """Run the job to its end; MaxRuntimeInSeconds counts downloads, but not uploads."""
        self.workspace.mkdir(parents=True, exist_ok=True)
        deadline = threading.Timer(job.max_runtime_s, job.stop.set)
        deadline.daemon = True
        deadline.start()
        try:
            with tempfile.TemporaryDirectory(prefix="job-", dir=self.workspace.resolve()) as root:
                return self._run(job, {name: Path(root, name) for name in host_names(job)})
        except JobFailedError as failure:
            return JobEnd("Failed", str(failure))
        finally:
            deadline.cancel()

    def _run(self, job: Job, hosts: Mapping[str, Path]) -> JobEnd:
        uri, kept = job.spec.image, job.spec.checkpoint
        if uri not in self.images:
            known = ", ".join(self.images) or "none"
            raise JobFailedError(f"ClientError: There is no image {uri}; there are: {known}")
        s3 = self.client("s3")
        for name, ml in hosts.items():
            prepare(ml, job, name)
        directories = list(hosts.values())
        self.on_step("downloading")
        job.at("Downloading")
        for source in job.spec.inputs:
            download(s3, source, directories, job.stop)
        if kept:
            checkpoint.restore(s3, kept, directories[0], job.stop)
        if job.stop.is_set():
            return JobEnd("Stopped")
        with checkpoint.mirrored(s3, job, kept, directories[0]) if kept else nullcontext():
            codes = self._run_containers(job, hosts, self.images[uri])
        message, stopped = exit_message(job, directories), job.stop.is_set()
        end = JobEnd("Stopped" if stopped else "Completed", exit_message=message)
        # A training job that is stopped keeps what it has; one that is reclaimed has nothing left.
        if stopped and (job.kind == "Processing" or job.reclaimed.is_set()):
            return end
        if not stopped and (failed := [code for code in codes if code]):
            return JobEnd("Failed", f"AlgorithmError: , exit code: {failed[0]}", message)
        return self._upload(s3, job, directories, end)

    def _upload(self, s3: S3Client, job: Job, directories: list[Path], end: JobEnd) -> JobEnd:
        """Upload the outputs; nothing is promised for those of a failed job."""

        def saved() -> bool:
            job.at("Saved")
            return not job.reclaimed.is_set()

        self.on_step("uploading")
        job.at("Uploading")
        try:
            for target in job.spec.outputs:
                for ml in directories:
                    upload(s3, target, ml, saved)
        except JobFailedError as failure:
            return JobEnd("Failed", str(failure), end.exit_message)
        return end

    def _run_containers(self, job: Job, hosts: Mapping[str, Path], image: str) -> list[int]:
        """Run all hosts' containers at the same time and return their exit codes."""
        logs, begun = self.client("logs"), time.time()

        def run(host: str) -> int:
            stream = f"{job.name}/{host}-{begun:.0f}"
            with log_stream(logs, job.group, stream) as put:

                def receive(line: str) -> None:
                    put(line)
                    self.on_line(line)
                    job.at("Printed")

                spec = ContainerRun(
                    entrypoint=job.spec.entrypoint,
                    arguments=job.spec.arguments,
                    environment=environment(job),
                    ml=hosts[host],
                    hostname=host,
                    network=network,
                    on_usage=lambda usage: self.on_points(points(job, host, hosts[host], usage)),
                )
                return self.engine.run(image, spec, receive, job.stop)

        connected = len(hosts) > 1 and hosts_reach_each_other(job.spec.network, self.client("ec2"))
        joined = self.engine.network(list(hosts)) if connected else nullcontext()
        self.on_step("running")
        job.at("Training")
        try:
            with joined as network, ThreadPoolExecutor(len(hosts)) as pool:
                return list(pool.map(run, hosts))
        except EngineError as error:
            raise JobFailedError(f"ClientError: {error}") from error
        except (BotoCoreError, ClientError) as error:
            raise JobFailedError(f"ClientError: Logs cannot be written: {error}") from error
