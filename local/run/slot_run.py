"""One slot, from the deployed schedule to the outputs, on this machine."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

from components import build_context
from local.aws.sagemaker.faults import OF_SPOT
from local.aws.sagemaker.job import Job, JobEnd
from local.aws.sagemaker.runner import JobRunner
from local.deploy.cloud import Cloud
from local.deploy.image_builder import EngineName, build_image
from local.engines import Engine
from local.run import artifacts, inputs
from local.run.display import Display
from local.run.report import NOT_ENDED, Report
from pipeline import cron
from pipeline.attempt import slot_text

STACK = "local"
_LONGEST_S = 7 * 24 * 3600
"""For all attempts of a slot; each job has its own maximum, and a person may interrupt."""
_HEARD_S = 10
"""For what is still said of the jobs that an interruption stopped."""
_LOOK_S = 1


class RunError(Exception):
    """The pipeline stopped before there was a job; the message says where and why."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person may choose for a local run; `--help` says what each does, left out or not."""

    input: Path
    reference: Path | None = None
    script: Path | None = None
    slot: datetime | None = None
    schedule: str | None = None
    engine: EngineName = "auto"
    faults: Sequence[str] = ()
    keep: bool = False


class SlotRun:
    """A slot on a cloud of its own, which is closed after it."""

    def __init__(self, project: Path, directory: Path, options: Options, display: Display) -> None:
        """Prepare a run of the program in `project`, which leaves all it makes in `directory`.

        Raises:
            SettingsError: Pulumi.local.yaml is refused.
            ContextError: the build context or the script makes no job that runs.
        """
        self._options, self._display = options, display
        self._directory, self._work = directory, directory / "work"
        self._engine: Engine | None = None
        self.cloud = Cloud(
            project,
            self._work,
            STACK,
            run_job=self._run_job,
            build=self._build,
            faults=options.faults,
            on_created=display.detail,
            on_moment=display.moment,
        )
        scripts = self.cloud.settings.scripts
        if options.script and options.script.is_dir():  # others' scripts need not be in it
            played = options.schedule or next(iter(scripts))
            scripts = {name: script for name, script in scripts.items() if name == played}
        build_context.check(project / build_context.CONTEXT, scripts, options.script)
        self.report = Report(STACK, seconds=display.seconds)

    def play(self) -> None:
        """Deploy, fire the slot, play what follows from it, keep what came of it.

        Raises:
            RunError: nothing ran; a job that failed is in the report, and no error here.
            InputError: the input cannot be uploaded.
        """
        schedule, slot = self._chosen_slot()
        cloud, step = self.cloud, self._display.step
        files = self._files(schedule, slot)
        artifacts.save_report(replace(self.report, failure_reason=NOT_ENDED), self._directory)
        try:
            self.deploy()
            with step("upload", f"Upload {self._options.input.name} as the slot's input"):
                self._upload(schedule, slot, files)
            with step("run", f"Schedule {schedule} fires {self.report.slot}"):
                cloud.fire(schedule, slot)
                cloud.settle(_LONGEST_S)
            with step("watch", "The observer's watch runs, alarms are evaluated"):
                cloud.tick()
                cloud.alarms.evaluate(datetime.now(UTC))
        except BaseException:
            cloud.sagemaker.close()
            if cloud.exports:
                with suppress(TimeoutError):
                    cloud.settle(_HEARD_S)
            raise
        finally:
            self.report.resources = len(cloud.resources.services)
            if cloud.exports:
                with step("collect", "Collect buckets and logs"):
                    self.report.fill(cloud, schedule, slot)
                    artifacts.save_buckets(cloud.aws, self._directory / "s3")
                    artifacts.save_logs(cloud.aws, self._directory / "logs")
            artifacts.save_report(self.report, self._directory)
        if not self.report.attempts:
            raise RunError(self._why_nothing_ran())

    def deploy(self) -> None:
        """Deploy, and tell whoever has a right to it where."""
        with self._display.step("deploy", f"Deploy stack {STACK} by the Pulumi program"):
            self.cloud.deploy()
            self._tell_endpoint()

    def stay(self, ended: Event) -> None:
        """Play on in real time, until it is ended."""
        now = datetime.now(UTC)
        while not ended.wait(_LOOK_S):
            before, now = now, datetime.now(UTC)
            self.cloud.pass_time(before, now)
            if now.minute != before.minute:  # CloudWatch evaluates once a minute
                self.cloud.alarms.evaluate(now)

    def close(self) -> None:
        """Stop everything that still runs."""
        (self._directory / "endpoint.json").unlink(missing_ok=True)
        self.cloud.close()

    def _chosen_slot(self) -> tuple[str, datetime]:
        schedules = self.cloud.settings.schedules
        name = self._options.schedule or next(iter(schedules))
        if name not in schedules:
            raise RunError(f"--schedule {name}: the stack has {', '.join(schedules)}")
        now = datetime.now(UTC)
        settings = schedules[name]
        if uri := self.cloud.settings.image.uri:
            raise RunError(f"image.uri: {uri} is not on this machine; leave it out, to build one")
        if settings.suspend:
            raise RunError(f"--schedule {name}: is suspended; set its `suspend` to false")
        unmet = [fault for fault in self._options.faults if fault in OF_SPOT]
        if unmet and not settings.job.is_spot:
            raise RunError(
                f"--fault {', '.join(unmet)}: {name} has no job on spot; set its `job.capacity` to "
                "spot, or name another schedule by --schedule"
            )
        if self._options.slot and (problem := settings.slot_problem(self._options.slot)):
            raise RunError(f"--slot {slot_text(self._options.slot)}: {problem}")
        due = cron.parse(settings.expression).previous(now, ZoneInfo(settings.timezone))
        slot = self._options.slot or due or now.replace(microsecond=0)
        self.report.schedule, self.report.timezone = name, settings.timezone
        self.report.slot = slot_text(slot)
        return name, slot

    def _files(self, schedule: str, slot: datetime) -> dict[str, dict[str, Path]]:
        """Return what to upload: for each part of the settings that is read, files by key."""
        settings, options = self.cloud.settings.schedules[schedule], self._options
        given = {"input": options.input, "reference": options.reference}
        if options.reference and not settings.reference.prefix:
            raise RunError(f"--reference: {schedule} has no reference.prefix to put it under")
        if settings.reference.prefix and not options.reference:
            raise RunError(f"--reference: is missing; {schedule} reads {settings.reference.prefix}")
        return {
            part: inputs.find(directory, place.key)
            for part, place in self.cloud.read_by(schedule, slot).items()
            if (directory := given[part])
        }

    def _upload(self, schedule: str, slot: datetime, files: dict[str, dict[str, Path]]) -> None:
        """Upload files, and what a slot with input waits for, in its producers' place."""
        aws, settings = self.cloud.aws, self.cloud.settings.schedules[schedule]
        places, show = self.cloud.read_by(schedule, slot), self._display.detail
        for part, found in files.items():
            inputs.upload(aws, places[part].bucket, found, lambda path: show(path.name))
        if not files["input"]:
            return
        s3, source, ready = aws.client("s3"), places["input"], settings.ready
        if ready and not source.has(ready, s3):
            s3.put_object(Bucket=source.bucket, Key=source.key + ready)
        if settings.follows:
            other = self.cloud.output_of(settings.follows, slot)
            s3.put_object(Bucket=other.bucket, Key=other.marker)

    def _tell_endpoint(self) -> None:
        """Write down where the embedded AWS is and who may use it, for nobody else to read."""
        aws = self.cloud.aws
        found = {
            "url": aws.url,
            "region": aws.region,
            "access_key_id": aws.administrator.access_key,
            "secret_access_key": aws.administrator.secret,
        }
        path = self._directory / "endpoint.json"
        path.touch(0o600, exist_ok=False)
        path.write_text(json.dumps(found), "utf-8")

    def _place_of(self, stand_in: Path) -> str:
        """Return whose place in the build context it takes: of all scripts, or the schedule's."""
        script = self.cloud.settings.scripts[self.report.schedule or ""]
        return build_context.SCRIPTS if stand_in.is_dir() else f"{build_context.SCRIPTS}/{script}"

    def _build(self, build: Mapping[str, Any]) -> str:
        chosen, note = self._options, self._display.note
        replaced = (self._place_of(chosen.script), chosen.script) if chosen.script else None
        self._engine, image = build_image(
            build, chosen.engine, self._work, replaced=replaced, note=note
        )
        self.report.engine = self._engine.name
        return image

    def _run_job(self, cloud: Cloud, job: Job) -> JobEnd:
        if self._engine is None:
            raise RunError("no engine was chosen: the program built no image")
        runner = JobRunner(
            client=lambda service: cloud.aws.client_as(cloud.assume_for(job), service),
            engine=self._engine,
            images=cloud.resources.images,
            workspace=self._work / "jobs",
            on_line=cloud.count_line,
            on_points=lambda points: cloud.metrics.put(*points),
            on_step=self._display.detail,
        )
        return runner(job)

    def _why_nothing_ran(self) -> str:
        for outcome in self.cloud.functions.outcomes:
            if outcome.failed:
                error = outcome.payload
                return f"{outcome.function}: {error.get('errorType')}: {error.get('errorMessage')}"
        return "no attempt was started"
