"""Run a processing job on this machine, from AssumeRole to the upload of its outputs.

As on SageMaker, everything is done with the job's own role, and the container gets the job's
Environment and nothing else. Unlike there it has no AWS credentials without network isolation
either: a script that calls AWS itself cannot be played here.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws.cloudwatch.metric_store import Point
from local.aws.sagemaker.instance_metrics import points
from local.aws.sagemaker.job import Job, JobEnd
from local.aws.sagemaker.job_data import (
    JobFailedError,
    download,
    exit_message,
    host_names,
    prepare,
    upload,
)
from local.aws.sagemaker.log_stream import log_stream
from local.aws.sagemaker.reach import hosts_reach_each_other
from local.engines import ContainerRun, Engine, EngineError


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
        uri = job.request["AppSpecification"]["ImageUri"]
        if uri not in self.images:
            known = ", ".join(self.images) or "none"
            raise JobFailedError(f"ClientError: There is no image {uri}; there are: {known}")
        s3 = self.client("s3")
        for name, ml in hosts.items():
            prepare(ml, job, name)
        directories = list(hosts.values())
        self.on_step("downloading")
        for source in job.inputs:
            download(s3, source, directories, job.stop)
        if job.stop.is_set():
            return JobEnd("Stopped")
        codes = self._run_containers(job, hosts, self.images[uri])
        message = exit_message(directories)
        if job.stop.is_set():
            return JobEnd("Stopped", exit_message=message)
        if failed := [code for code in codes if code]:
            return JobEnd("Failed", f"AlgorithmError: , exit code: {failed[0]}", message)
        # Nothing is promised for the outputs of a failed job.
        self.on_step("uploading")
        key_id = job.request.get("ProcessingOutputConfig", {}).get("KmsKeyId")
        try:
            for target in job.outputs:
                for ml in directories:
                    upload(s3, target, key_id, ml)
        except JobFailedError as failure:
            return JobEnd("Failed", str(failure), message)
        return JobEnd("Completed", exit_message=message)

    def _run_containers(self, job: Job, hosts: Mapping[str, Path], image: str) -> list[int]:
        """Run all hosts' containers at the same time and return their exit codes."""
        application, logs, begun = job.request["AppSpecification"], self.client("logs"), time.time()

        def run(host: str) -> int:
            with log_stream(logs, f"{job.name}/{host}-{begun:.0f}") as put:

                def receive(line: str) -> None:
                    put(line)
                    self.on_line(line)

                spec = ContainerRun(
                    entrypoint=application["ContainerEntrypoint"],
                    arguments=application.get("ContainerArguments", []),
                    environment=job.request.get("Environment", {}),
                    ml=hosts[host],
                    hostname=host,
                    network=network,
                    on_usage=lambda usage: self.on_points(points(job, host, hosts[host], usage)),
                )
                return self.engine.run(image, spec, receive, job.stop)

        connected = len(hosts) > 1 and hosts_reach_each_other(job.request, self.client("ec2"))
        joined = self.engine.network(list(hosts)) if connected else nullcontext()
        self.on_step("running")
        job.started()
        try:
            with joined as network, ThreadPoolExecutor(len(hosts)) as pool:
                return list(pool.map(run, hosts))
        except EngineError as error:
            raise JobFailedError(f"ClientError: {error}") from error
        except (BotoCoreError, ClientError) as error:
            raise JobFailedError(f"ClientError: Logs cannot be written: {error}") from error
