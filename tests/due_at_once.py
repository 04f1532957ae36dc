"""Many schedules of one stack that are due in the same minute, and what comes of their slots."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from pipeline.attempt import parse_job_name, slot_text
from tests.busy_account import BusyAccount
from tests.lambda_world import PREFIX, SLOT, World

RUN_S = 720
"""After so many seconds, and every so many again, all jobs that run end at once."""
_WATCH_S = 300


def settings(schedules: int, **each: Any) -> dict[str, Any]:
    """Return a stack of so many schedules, all due at the same time."""
    due = {"expression": "cron(0 2 * * ? *)", "timezone": "UTC", **each}
    return {"schedules": {f"team-{number:03}": due for number in range(schedules)}}


class DueAtOnce:
    """One slot of each schedule of a world's stack."""

    def __init__(self, world: World, directory: Path, **limits: Any) -> None:
        """Prepare it; `limits` are those of a BusyAccount."""
        self.world, self.schedules = world, list(world.settings.schedules)
        for name in self.schedules:
            world.schedule(name, changed=SLOT - timedelta(hours=1))
        self.account = BusyAccount(world, directory, **limits)

    def play(self, copies: int) -> None:
        """Deliver each slot so often, in any order, and let everything come to its end."""
        account = self.account
        for name in self.schedules:
            event = {"schedule": name, "slot": slot_text(SLOT), "trigger": "schedule"}
            for _ in range(copies):
                account.send("launcher", event, account.random.random())
        account.later(RUN_S, self._end_jobs)
        account.later(_WATCH_S, self._watch)
        account.run()

    @property
    def jobs_of_slots(self) -> list[str]:
        """The schedule of every job that was started."""
        attempts = [parse_job_name(PREFIX, name) for name in self.world.sagemaker.accepted]
        return sorted(attempt.schedule for attempt in attempts if attempt)

    @property
    def told(self) -> list[str]:
        """The schedule of every success marker, and of every message."""
        markers = [key.split("/")[1] for key in self.world.output() if key.endswith("/_SUCCESS")]
        return sorted([*markers, *(subject.split()[1] for subject, _ in self.world.messages())])

    @property
    def outcomes(self) -> set[str | None]:
        """What any attempt ended as."""
        entries = [self.world.journal.attempts(name, SLOT) for name in self.schedules]
        return {entry.outcome for of_slot in entries for entry in of_slot}

    @property
    def started(self) -> timedelta:
        """How long it took until each had its job."""
        return max(job["CreationTime"] for job in self.world.sagemaker.jobs.values()) - SLOT

    @property
    def concluded(self) -> timedelta:
        """How long it took until the last end was dealt with."""
        found = [self._latest(name).concluded_at for name in self.schedules]
        return max(at for at in found if at) - SLOT

    def _latest(self, schedule: str) -> Any:
        return self.world.journal.attempts(schedule, SLOT)[-1]

    def _goes_on(self) -> bool:
        latest = [self.world.journal.attempts(name, SLOT)[-1:] for name in self.schedules]
        return any(
            not each or each[0].next_attempt_at or not each[0].concluded_at for each in latest
        )

    def _watch(self) -> None:
        if self._goes_on():
            self.account.send("observer", {"watch": slot_text(self.account.now)})
            self.account.later(_WATCH_S, self._watch)

    def _end_jobs(self) -> None:
        """End all jobs that run, each tenth schedule's as a failure; some events come twice."""
        account, sagemaker = self.account, self.world.sagemaker
        for name in sagemaker.running():
            attempt = parse_job_name(PREFIX, name)
            fails = attempt and attempt.schedule.endswith("7")
            reason = {"FailureReason": "AlgorithmError: , exit code: 1"} if fails else {}
            event = sagemaker.end(name, "Failed" if fails else "Completed", ran=True, **reason)
            for _ in range(account.random.choice((1, 2))):
                account.send("observer", event, account.random.random())
        if self._goes_on():
            account.later(RUN_S, self._end_jobs)
