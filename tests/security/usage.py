"""What the roles really do: a few nights in the embedded AWS, with every request of a role kept."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

from werkzeug.wrappers import Request, Response

from local.aws.events.scheduler import ScheduleError
from local.aws.iam import Access, Session
from local.aws.iam.conditions import holds
from local.aws.iam.patterns import matches_resource
from local.aws.sagemaker.job import Job, JobEnd
from local.aws.sagemaker.runner import JobRunner
from local.deploy.cloud import Cloud
from local.engines import ContainerRun
from tests.conftest import ROOT
from tests.recorded import listed
from tests.security.policies import of_role

_SEVERAL_PARTS = 9 * 1024 * 1024
"""Bytes of an output that boto3 uploads in more than one part."""


class Script:
    """An engine whose container is this: prints, writes, and ends as it is told."""

    name = "script"
    caveat = ""

    def __init__(self) -> None:
        self.exit_code = 0
        self.waits = False
        """Whether it goes on until it is stopped."""

    def available(self) -> None:
        return None

    def build(self, context: Path, args: Mapping[str, str]) -> str:
        raise NotImplementedError

    def network(self, hosts: Sequence[str]) -> contextlib.AbstractContextManager[str]:
        return contextlib.nullcontext(" ".join(hosts))

    def run(
        self,
        image: str,
        spec: ContainerRun,
        on_line: Callable[[str], None],
        stop: threading.Event,
    ) -> int:
        del image
        on_line("a line")
        output = Path(spec.ml, "processing", "output")
        if "TRAINING_JOB_NAME" in spec.environment:
            output = _on_spot(Path(spec.ml))
        if self.waits:
            self.waits = False
            stop.wait(30)
        Path(output, "result.bin").write_bytes(bytes(_SEVERAL_PARTS))
        return self.exit_code


def _on_spot(ml: Path) -> Path:
    """Do what the entry point does, and keep a checkpoint or use one up; return where to write."""
    kept = ml / "checkpoints" / "part"
    if kept.exists():
        kept.unlink()
    else:
        kept.write_bytes(b"half")
    start = ml / "model" / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    (start / "output").mkdir(parents=True)
    (start / "message").touch()
    return start / "output"


def _refusing(_: Request) -> Response:
    """Answer for a service that takes nothing."""
    return Response('{"message": "no"}', 500, content_type="application/json")


@dataclass(frozen=True)
class Grant:
    """A statement of a role's policy."""

    owner: str
    """Whose role it is."""
    statement: dict[str, Any]

    def allows(self, owner: str, access: Access) -> bool:
        """Return whether it is this one that lets a role do something, or one of several."""
        keys = {key.lower(): value for key, value in access.context.items()}
        return (
            owner == self.owner
            and access.action in listed(self.statement["Action"])
            and any(
                matches_resource(each, access.resource)
                for each in listed(self.statement["Resource"])
            )
            and holds(self.statement.get("Condition", {}), keys)
        )


class Stage:
    """One configuration, deployed, on which slots are played."""

    def __init__(self, work: Path, config: Mapping[str, str]) -> None:
        self.asked: list[tuple[str, Access]] = []
        """Whose role asked, and for what."""
        self.script = Script()
        self._slot = datetime(2026, 1, 1, 3, tzinfo=UTC)
        self._jobs = work / "jobs"
        self.cloud = Cloud(
            ROOT,
            work / "cloud",
            "local",
            run_job=self._run_job,
            build=lambda _: "image",
            config=config,
        )
        iam = self.cloud.aws.iam
        iam.refusal = partial(self._keep, iam.refusal)

    def grants(self) -> list[Grant]:
        """Return every statement of every role."""
        iam = self.cloud.aws.client("iam")
        return [
            Grant(of_role(name), cast("dict[str, Any]", statement))
            for role in iam.list_roles()["Roles"]
            for name in [role["RoleName"]]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
            for document in [
                iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            ]
            for statement in document["Statement"]
        ]

    def night(self, *faults: str, exit_code: int = 0, schedule: str = "daily") -> None:
        """Play a slot to its end, the watch behind it."""
        self.cloud.faults.coming[:] = faults
        self.script.exit_code = exit_code
        self._fire(schedule)
        self.cloud.settle()
        self.cloud.tick()
        self.cloud.faults.coming.clear()

    def replay(self) -> None:
        """Play one more attempt at the slot that was successful."""
        event = {"schedule": "daily", "slot": f"{self._slot:%Y-%m-%dT%H:%M:%SZ}", "attempt": 2}
        self.cloud.functions.invoke(self.cloud.exports["launcher"], json.dumps(event).encode())
        self.cloud.settle()

    def reclaimed_night(self) -> None:
        """Play a slot whose machine is taken away after its checkpoint, and which is resumed."""
        self.script.waits = True
        self.night("spot-reclaimed-after-checkpoint", schedule="cheap")

    def replaced_night(self, schedule: str, *faults: str) -> None:
        """Play a slot whose job still runs when the next one is due, which has the faults."""
        self.script.exit_code, self.script.waits = 0, True
        self._fire(schedule)
        self.cloud.settle(jobs=False)
        self.cloud.faults.coming[:] = faults
        self._fire(schedule)
        self.cloud.settle()

    def followed_night(self) -> None:
        """Play a slot whose follower is due before, and waits: so long ago is none that waits."""
        self._slot = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        self.cloud.fire("load", self._slot + timedelta(days=1))
        self.cloud.settle()
        self.night()

    def broken_events(self) -> None:
        """Send both functions what they cannot read: they fail, are repeated, and keep it."""
        for function in ("launcher", "observer"):
            self.cloud.functions.invoke(self.cloud.exports[function], b"[]")
        self.cloud.settle()

    def undelivered(self) -> None:
        """Fire a slot and the watch while Lambda takes nothing."""
        taking = self.cloud.aws.services["lambda"]
        self.cloud.aws.services["lambda"] = _refusing
        with contextlib.suppress(ScheduleError):
            self._fire()
        with contextlib.suppress(ScheduleError):
            self.cloud.tick()
        self.cloud.aws.services["lambda"] = taking

    def _keep(
        self,
        refusal: Callable[[Session, Iterable[Access]], str | None],
        session: Session,
        needed: Iterable[Access],
    ) -> str | None:
        accesses = list(needed)
        self.asked += [(of_role(session.who.name), access) for access in accesses]
        return refusal(session, accesses)

    def _fire(self, schedule: str = "daily") -> None:
        self._slot += timedelta(days=1)
        key = f"{self.cloud.settings.input.prefix.format(slot=self._slot)}data.csv"
        bucket = self.cloud.exports["input_bucket"]
        self.cloud.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=b"a")
        self.cloud.fire(schedule, self._slot)

    def _run_job(self, cloud: Cloud, job: Job) -> JobEnd:
        if self.script.exit_code:  # it leaves a marker of its own behind
            bucket, _, prefix = job.spec.outputs[0].uri.removeprefix("s3://").partition("/")
            cloud.aws.client("s3").put_object(Bucket=bucket, Key=f"{prefix}_SUCCESS", Body=b"")
        runner = JobRunner(
            client=lambda service: cloud.aws.client_as(cloud.assume_for(job), service),
            engine=self.script,
            images=cloud.resources.images,
            workspace=self._jobs,
        )
        return runner(job)
