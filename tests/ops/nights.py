"""Nights of stack prod, for tests of what backfills make of them."""

from collections.abc import Callable
from typing import Any

from pipeline.attempt import Attempt, job_name, parse_slot
from tests.ops.world import World

BUCKET = "processing-prod-output-123456789012-eu-central-1"
LINE = "backfill --schedule daily --from 2026-01-02 --to 2026-01-05 --parallel 2"
SHORT = LINE.replace("01-05", "01-03")
SLOTS = [f"2026-01-0{day}T03:00:00Z" for day in (2, 3, 4, 5)]

Json = dict[str, Any]


def name(slot: str, attempt: int = 1) -> str:
    return job_name("processing-prod", Attempt("daily", parse_slot(slot), attempt))


class Nights:
    """Jobs that run for ten seconds, after which the observer concludes them as a test says."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.started: list[tuple[str, int]] = []
        """Slot and attempt of each job."""
        self.most = 0
        """Jobs that ran at once."""
        self.ends: dict[str, list[Json]] = {}
        """Slot -> what the observer writes down of its attempts, one after the other."""
        self.answers: list[Callable[[Json], Json]] = []
        """What the launcher does with the next events, before it starts jobs again."""
        world.launcher = self.launch
        world.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )

    def launch(self, event: Json) -> Json:
        if self.answers:
            return self.answers.pop(0)(event)
        answer = self.world.launch(event)
        if answer["result"] == "started":
            self.run(event["slot"], event["attempt"])
        return answer

    def run(self, slot: str, attempt: int) -> None:
        """Let an attempt's job run from now on."""
        if name(slot, attempt) not in self.world.jobs:
            self.world.job(name(slot, attempt))
        self.started.append((slot, attempt))
        self.most = max(self.most, len(self.running))
        self.world.after(10, lambda: self.end(slot, attempt))

    def end(self, slot: str, attempt: int) -> None:
        found = self.ends.get(slot, [])
        known = found.pop(0) if found else {}
        status = known.get("status", "Completed")
        self.world.end(name(slot, attempt), status)
        job = self.world.jobs[name(slot, attempt)]
        ran = {"created": job["CreationTime"], "started": job["CreationTime"]}
        self.world.conclude(attempt, slot, ended=self.world.now, cost_usd=0.5, **ran, **known)
        if status == "Completed":
            self.mark(slot)

    def mark(self, slot: str) -> None:
        """Write a slot's success marker."""
        key = f"output/daily/{parse_slot(slot):%Y/%m/%d/%H%M%S}/_SUCCESS"
        self.world.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"{}")

    @property
    def running(self) -> list[str]:
        jobs = self.world.jobs.items()
        return [each for each, job in jobs if job["ProcessingJobStatus"] == "InProgress"]
