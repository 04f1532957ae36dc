"""One scenario as it is played: its steps, and what became of each slot."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from local.aws.replication import Operation
from local.deploy.cloud import Cloud
from local.drill.operator import Operator
from local.drill.world import Moment, World
from pipeline.contract import MARKER

Word = Literal["kept", "run there", "run again", "lost", "run twice"]
"""What became of a slot. Kept: the job that it had first is the only one, and its output is whole
where the schedules run. Run again: it had a job whose output was not whole there."""

BAD: tuple[Word, ...] = ("lost", "run twice")


@dataclass(frozen=True)
class SlotEnd:
    """What became of a slot."""

    name: str
    word: Word
    jobs: list[str]
    """The region of each job that it had."""


@dataclass
class Played:
    """What came of a scenario."""

    title: str
    about: str
    moments: list[Moment] = field(default_factory=list[Moment])
    slots: list[SlotEnd] = field(default_factory=list[SlotEnd])
    said: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    recovered_s: float | None = None
    """From the loss until the last command was done, and all slots were whole; None without one."""
    seconds: float = 0
    problem: str | None = None
    """Why it could not be played to its end."""

    def count(self, word: Word) -> int:
        """Return of how many slots that became."""
        return sum(slot.word == word for slot in self.slots)

    @property
    def is_good(self) -> bool:
        """Whether no slot was lost, and none was run twice unasked."""
        return not self.problem and not any(slot.word in BAD for slot in self.slots)


class Play:
    """The steps that scenarios are made of; slots are named by their number, from 0."""

    def __init__(self, world: World) -> None:
        self.world, self.operator = world, Operator(world)
        self.home, self.other = world.clouds
        self.slots = world.slots()
        self.names = ["Monday", "Tuesday", "Wednesday", "Thursday", "the next one"]
        self.recovered_s: float | None = None
        self._lost_at: float | None = None
        self._whole: set[datetime] = set()
        """Slots that were whole in the second region when the operator began."""

    def deliver(self, *slots: int, by: Cloud | None = None) -> None:
        """Let a region's schedule, or both, deliver slots, and wait until they are done."""
        for number in slots:
            if number == len(self.slots):  # of the next one the time is now
                self.slots.append(datetime.now(UTC).replace(microsecond=0))
            for cloud in [by] if by else [self.other, self.home]:
                self.world.deliver(cloud, self.slots[number])
            self.world.settle()

    def begin_job(self, slot: int) -> None:
        """Let the home region be in mid-job of a slot."""
        self.world.may_end.clear()
        self.world.deliver(self.home, self.slots[slot])
        self.world.in_mid_job.wait()
        self.world.settle()

    def lose(self) -> None:
        """Let the home region be lost."""
        self._lost_at = self.world.now
        self.world.lose()

    def complete_unreplicated(self, slot: int) -> None:
        """Let a slot complete in the home region, with nothing of it replicated."""
        self.home.replication.held = True
        self.deliver(slot)

    def arrive(self, *, parts: int, marker: bool) -> None:
        """Let a part of what is held arrive."""
        pending = self.home.replication.pending
        data = [each for each in pending if not each.key.endswith(MARKER)]
        chosen: set[Operation] = {*data[:parts]}
        if marker:
            chosen |= {*pending} - {*data}
        self.world.arrive(chosen.__contains__)

    def failover(self, *, lost: bool = True) -> int:
        """Give the command; return its status."""
        self._whole |= {slot for slot in self.slots if self._is_whole(self.other, slot)}
        status = self.operator.failover(lost=lost)
        since = self._lost_at
        if since is not None and status == 0 and self.recovered_s is None:
            self.recovered_s = round(self.world.now - since, 2)
        return status

    def ends(self) -> list[SlotEnd]:
        """Return what became of each slot that was delivered, or was due."""
        runs = self.world.runs
        return [
            self._end(name, slot, runs) for name, slot in zip(self.names, self.slots, strict=False)
        ]

    def _end(self, name: str, slot: datetime, runs: Cloud) -> SlotEnd:
        jobs = self.world.jobs(slot)
        unasked = sum(not asked for _, asked in jobs)
        word: Word = "kept"
        if not self._is_whole(runs, slot):
            word = "lost"
        elif unasked > 1 or (slot in self._whole and len(jobs) > 1):
            word = "run twice"
        elif len(jobs) > 1:
            word = "run again"
        elif jobs and jobs[0][1]:
            word = "run there"
        return SlotEnd(name, word, [region for region, _ in jobs])

    def _is_whole(self, cloud: Cloud, slot: datetime) -> bool:
        return self.world.look(cloud, slot).state == "whole"
