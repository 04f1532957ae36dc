"""One slot, from the deployed schedule to the outputs, on this machine."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from botocore.exceptions import ClientError

from components import configuration, cron, key_prefix
from local import deploy, event_bus, metrics, report
from local.aws import ACCOUNT, InvalidRequestError, JsonService, LocalAws
from local.functions import Functions
from local.image_builder import ImageBuilder
from local.report import Report
from local.resources import Resources
from local.sagemaker.runner import JobRunner
from local.sagemaker.service import SageMaker, ServiceError
from local.scheduler import fire

if TYPE_CHECKING:
    from pathlib import Path

    from components.settings import Settings
    from local.display import Display
    from local.engines.choice import EngineName
    from local.sagemaker.job import Job, JobEnd

STACK = "local"
_LAUNCH_TIMEOUT_S = 300
_AFTER_MAX_RUNTIME_S = 300
"""For transfers and the two minutes between TERM and KILL."""


class RunError(Exception):
    """The pipeline stopped before there was a job; the message says where and why."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person may choose for a local run."""

    input: Path
    """Its files are the slot's input."""
    script: Path | None
    """Takes the place of container/process_data.sh."""
    slot: datetime | None
    """Default: the latest that was due."""
    schedule: str | None
    """Default: the first of the stack."""
    engine: EngineName


class Pipeline:
    """The embedded AWS with the program deployed in it; run once, then closed."""

    def __init__(self, project: Path, options: Options, display: Display) -> None:
        """Prepare a run.

        Raises:
            SettingsError: Pulumi.local.yaml is refused.
        """
        self._project, self._options, self._display = project, options, display
        self._directory = project / ".local"
        self._settings = _settings(project)
        self.report = Report(stack=STACK)
        self._aws = LocalAws(self._settings.region)
        self._functions = Functions(self._aws, self._directory / "work" / "functions")
        self._builder = ImageBuilder(
            options.engine, options.script, self._directory / "work", display.note
        )
        self._resources = Resources(self._aws, version("aws-lambda-powertools"), self._builder)
        self._sagemaker = SageMaker(
            ACCOUNT,
            self._settings.region,
            run=self._run_job,
            publish=self._publish,
            can_assume=lambda role: self._aws.trusts(role, "sagemaker.amazonaws.com"),
        )
        self._counting = threading.Lock()

    @property
    def zone(self) -> str | None:
        """The time zone of the schedule that is run."""
        found = self._settings.schedules.get(self.report.schedule or "")
        return found.timezone if found else None

    @property
    def deployed(self) -> str:
        """What was created: how many resources of each service."""
        counts = Counter(self._resources.services).most_common()
        return ", ".join(f"{service} {count}" for service, count in counts)

    def run(self) -> None:
        """Deploy, fire the slot, run the job, keep what it made.

        Raises:
            RunError: nothing ran; a job that failed is in the report, and no error here.
        """
        schedule, slot = self._chosen_slot()
        step = self._display.step
        with step("start", "Embedded AWS"):
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory.mkdir()
            self._aws.services["lambda"] = self._functions
            self._aws.services["sagemaker"] = JsonService(self._sagemaker.call, _refusal)
            self._aws.start()
        try:
            with step("deploy", f"Deploy stack {STACK} by the Pulumi program"):
                exports = deploy.deploy(self._project, STACK, self._resources, self._created)
            with step("upload", f"Upload {self._options.input.name} as the slot's input"):
                self._upload(exports["input_bucket"], schedule, slot)
            with step("launch", f"Schedule {schedule} fires {self.report.slot}; launcher"):
                self._launch(exports["schedule_group"], schedule, slot)
            with step("job", "Processing job"):
                self._await_job()
            self._list_outputs(exports["output_bucket"], schedule, slot)
        finally:
            self._sagemaker.close()
            with step("collect", "Collect buckets and logs"):
                self._record_job()
                report.save_buckets(self._aws, self._directory / "s3")
                report.save_logs(self._aws, self._directory / "logs")

    def close(self) -> None:
        """Stop everything that still runs, and write the report."""
        self._sagemaker.close()
        self._functions.close()
        self._aws.stop()
        shutil.rmtree(self._directory / "work", ignore_errors=True)
        self.report.seconds = self._display.seconds
        self.report.resources = len(self._resources.created)
        self.report.engine = self._builder.choice.engine.name if self._builder.choice else None
        self.report.write(self._directory)

    def _chosen_slot(self) -> tuple[str, datetime]:
        schedules = self._settings.schedules
        name = self._options.schedule or next(iter(schedules))
        if name not in schedules:
            raise RunError(f"--schedule {name}: the stack has {', '.join(schedules)}")
        now = datetime.now(UTC)
        settings = schedules[name]
        due = cron.parse(settings.expression).previous(now, ZoneInfo(settings.timezone))
        slot = self._options.slot or due or now.replace(microsecond=0)
        self.report.schedule, self.report.slot = name, f"{slot:%Y-%m-%dT%H:%M:%SZ}"
        return name, slot

    def _created(self, name: str) -> None:
        self._display.detail(f"{len(self._resources.created)} {name}")

    def _upload(self, bucket: str, schedule: str, slot: datetime) -> None:
        s3, root = self._aws.client("s3"), self._options.input
        prefix = key_prefix.render(self._settings.input.prefix, schedule, slot)
        for path in sorted(file for file in root.rglob("*") if file.is_file()):
            name = path.relative_to(root).as_posix()
            self._display.detail(name)
            s3.upload_file(str(path), bucket, prefix + name)

    def _launch(self, group: str, schedule: str, slot: datetime) -> None:
        fire(self._aws, group, schedule, slot)
        self._functions.join(_LAUNCH_TIMEOUT_S)
        if not self._functions.outcomes:
            raise RunError("the launcher was not invoked")
        outcome = self._functions.outcomes[-1]
        if outcome.failed:
            error = outcome.payload
            raise RunError(f"launcher: {error.get('errorType')}: {error.get('errorMessage')}")
        self.report.job_name = outcome.payload["job_name"]
        self.report.attempt = outcome.payload["attempt"]

    def _run_job(self, job: Job) -> JobEnd:
        if self._builder.choice is None:
            raise RunError("no engine was chosen: the program built no image")
        runner = JobRunner(
            endpoint_url=self._aws.url,
            region=self._settings.region,
            engine=self._builder.choice.engine,
            images=self._resources.images,
            workspace=self._directory / "work" / "jobs",
            on_line=lambda _, line: self._count(line),
            on_step=lambda _, step: self._display.detail(step),
        )
        return runner(job)

    def _await_job(self) -> None:
        limit = self._settings.job.max_runtime_seconds + _AFTER_MAX_RUNTIME_S
        self._sagemaker.wait(self.report.job_name or "", limit)

    def _record_job(self) -> None:
        """Report how the job ended, which it has done by now."""
        if not self.report.job_name:
            return
        request = {"ProcessingJobName": self.report.job_name}
        job = self._sagemaker.call("DescribeProcessingJob", request)
        self.report.status = job["ProcessingJobStatus"]
        self.report.failure_reason = job.get("FailureReason")
        self.report.exit_message = job.get("ExitMessage")

    def _count(self, line: str) -> None:
        """Keep a log line's metrics, as CloudWatch Logs would, but for those it would refuse."""
        for datum in metrics.extract(line):
            with self._counting, contextlib.suppress(InvalidRequestError, ClientError):
                self._put_metric(datum)
                total = self.report.metrics.get(datum.name, 0)
                self.report.metrics[datum.name] = total + datum.value

    def _put_metric(self, datum: metrics.Datum) -> None:
        dimensions = [{"Name": key, "Value": value} for key, value in datum.dimensions.items()]
        self._aws.client("cloudwatch").put_metric_data(
            Namespace=datum.namespace,
            MetricData=[
                {
                    "MetricName": datum.name,
                    "Dimensions": dimensions,
                    "Unit": datum.unit,
                    "Value": datum.value,
                }
            ],
        )

    def _publish(self, event: dict[str, Any]) -> None:
        """Send a change of a job's state to the account's event bus."""
        self._display.detail(event["detail"]["ProcessingJobStatus"])
        event_bus.publish(self._aws, event)

    def _list_outputs(self, bucket: str, schedule: str, slot: datetime) -> None:
        s3 = self._aws.client("s3")
        prefix = key_prefix.render(self._settings.output.prefix, schedule, slot)
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            self.report.outputs += [
                {"bucket": bucket, "key": item["Key"], "size": item["Size"]}
                for item in page.get("Contents", [])
            ]


def _settings(project: Path) -> Settings:
    keys = deploy.configuration(project, STACK)
    return configuration.read(keys, deploy.project(project), STACK)


def _refusal(error: Exception) -> tuple[str, str] | None:
    return (error.code, error.message) if isinstance(error, ServiceError) else None
