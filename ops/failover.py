"""Moves the schedules to the other of two regions, and back: one mechanism, in steps to repeat."""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from rich.console import RenderableType
from rich.text import Text

from ops import pair as pairs
from ops import recovery, takeover
from ops.attempts import GOOD
from ops.backfill_plan import at_most
from ops.listing import Slot, shown
from ops.pair import NoAnswerError, Pair, ask
from ops.recovery import Regions, Slots, flat
from ops.replicas import Seen, everything
from ops.screen import facts
from ops.session import Session
from ops.stack import OpsError, Stack
from pipeline import switch
from pipeline.attempt import slot_text
from pipeline.switch import Switch
from pipeline.text import dollars

LEAD = timedelta(seconds=10)
"""From a decision until it counts: both regions have it by then, and a slot that is due meanwhile
is the failover's to run, and neither schedule's."""


def failover(session: Session, options: argparse.Namespace) -> int:
    """Move the schedules to a region, and run what is due there."""
    pair = pairs.load(session.stack)
    words = f"failover --to {options.to}"
    move = Move(session, pair, pair.at(options.to), words, options.days, options.lost)
    return move.carry_out(yes=options.yes)


def failback(session: Session, options: argparse.Namespace) -> int:
    """Move the schedules back to the home region, once it has what ran in the other one."""
    pair = pairs.load(session.stack)
    move = Move(session, pair, pair.home, "failback", options.days, options.lost)
    return move.carry_out(yes=options.yes, whole_first=True)


@dataclass(frozen=True)
class Move:
    """A move of the schedules to one of two regions."""

    session: Session
    pair: Pair
    to: Stack
    words: str
    """The command, without its options."""
    days: int
    """How far back slots are looked at."""
    lost: bool
    """Whether an operator says that the other region is lost, with what it has not replicated."""

    @property
    def _from(self) -> Stack:
        return self.pair.beside(self.to)

    def carry_out(self, *, yes: bool, whole_first: bool = False) -> int:
        """Show what is to be done, do it once a person agrees, and watch it to the end.

        With `whole_first` the switch waits for what the other region has completed.
        """
        screen, regions = self.session.screen, self._regions()
        self._refuse_silence(regions)
        slots = self._look(regions)
        for each in self._shown(regions, slots, whole_first=whole_first):
            screen.note(each)
        if regions.records[self._from.region].silence and not self.lost:
            raise OpsError(self._way_out(f"{self._from.region} does not answer"))
        wanted, todo = self._wanted(regions), {each.todo for each in flat(slots)}
        if (wanted or todo & {"run", "replay"}) and not yes:
            self._ask(wanted, slots)
        screen.if_interrupted = (
            "Stopped watching; what runs goes on, and nothing new is started. To continue: "
            + self._command(lost=self.lost)
        )
        try:
            look = regions.look(self.session, self.to, lost=self.lost)
            replays = {each.attempt for each in flat(slots) if each.todo == "replay"}
            work = takeover.Work(look, self._late, frozenset(replays))
            if whole_first:
                work.wait_for_replicas(flat(slots))
            # Anew, for its time: what came due while a person thought, or replicas came, was the
            # other region's to run.
            if wanted := self._wanted(regions):
                regions = self._switch(wanted)
                # What came due in between has been skipped by both.
                slots = self._look(regions)
                work = replace(work, look=regions.look(self.session, self.to, lost=self.lost))
            recorded, ended = work.finish(flat(slots))
        except NoAnswerError as error:
            raise OpsError(self._way_out(str(error))) from error
        return self._sum_up(regions, slots, recorded, ended, idle=not (wanted or recorded or ended))

    def _regions(self) -> Regions:
        return Regions.of(self.pair, lost=self._from if self.lost else None)

    def _refuse_silence(self, regions: Regions) -> None:
        if regions.records[self.to.region].silence:
            both = regions.records[self._from.region].silence
            check = "Neither region answers: check network and proxy, and repeat" if both else ""
            raise OpsError(check or f"{self.to.region} does not answer, so it cannot take over")

    def _look(self, regions: Regions) -> Slots:
        look = regions.look(self.session, self.to, lost=self.lost)
        return everything(look, self.session.now() - timedelta(days=self.days))

    def _wanted(self, regions: Regions) -> Switch | None:
        """Return the decision to write; None if every region that answers has it, and it counts."""
        now, runs = self.session.now(), regions.runs
        records = [each.switch for each in regions.records.values()]
        rival = any(each and each.term == runs.term and each != runs for each in records)
        if runs.region != self.to.region or rival:
            since = (now + LEAD).replace(microsecond=0)
            return Switch(self.to.region, runs.term + 1, since, self.lost)
        return runs if regions.disagree or runs.since > now else None

    def _ask(self, wanted: Switch | None, slots: Slots) -> None:
        self.session.screen.if_interrupted = "Nothing was changed"
        count, costs = _to_run(slots), dollars(_cost_at_most(self.to, slots))
        what = [f"Move the schedules to {self.to.region}"] if wanted else []
        what += [f"run {count} slots there for at most {costs}"] if count else []
        question = " and ".join(what)
        if not self.session.screen.confirm(f"{question[0].upper()}{question[1:]}?"):
            raise OpsError("Nothing was changed; with --yes nobody is asked")

    def _switch(self, wanted: Switch) -> Regions:
        """Write the decision, first where the schedules are to stop."""
        for stack in (self._from, self.to):
            client = stack.hasty().client("dynamodb")
            try:
                held = ask(stack, partial(switch.write, client, stack.table, wanted))
            except OpsError as error:
                if stack is self.to and isinstance(error, NoAnswerError):
                    raise OpsError(f"{error}. Nothing runs until it does: repeat then") from error
                if stack is self.to or not self.lost:
                    raise
                said = f"{stack.region} does not answer: it stops once it sees {self.to.region}"
                self._tell(said, "yellow")
                continue
            if held != wanted:
                raise OpsError(f"Somebody else has decided meanwhile: {held}. Look, and repeat")
            does = "runs the schedules" if stack is self.to else "stands by"
            self._tell(f"{stack.region} {does}, term {wanted.term}", "green")
        with self.session.screen.progress() as show:
            while self.session.now() < wanted.since:
                show(f"Waits until {slot_text(wanted.since)}", "what is due until then is run here")
                self.session.pause()
        return self._regions()

    def _tell(self, step: str, colour: str) -> None:
        self.session.screen.err.print(Text(step, colour), soft_wrap=True)

    def _late(self, late: list[Seen]) -> OpsError:
        """Return what to say where replicas do not come."""
        named = ", ".join(sorted({each.attempt.schedule for each in late}))
        again = self._command(lost=True)
        return OpsError(
            f"{len(late)} slots of {named} were completed in {self._from.region}, and are not "
            f"whole in {self.to.region} {self.to.settings.recovery.lag_minutes} minutes later: is "
            f"replication behind, or has it failed? Repeat the command to wait on. To run them "
            f"again in {self.to.region}, and pay them again: {again}"
        )

    def _way_out(self, silence: str) -> str:
        source, to = self._from.region, self.to.region
        return (
            f"{silence}. So nobody can stop the schedules there. If it is lost: "
            f"{self._command(lost=True)}. What it has not replicated is then run again in {to}. "
            f"And if it is not lost, but cut off from here and from {to} both, each slot that "
            f"comes may run, and be paid, twice, until {source} sees {to} again"
        )

    def _command(self, *, lost: bool) -> str:
        words = f"{self.words} --days {self.days}"
        return self.session.stack.command(f"{words} --lost" if lost else words)

    def _shown(
        self, regions: Regions, slots: Slots, *, whole_first: bool
    ) -> Iterator[RenderableType]:
        yield from recovery.shown_regions(regions)
        yield from recovery.shown_slots(self.to, slots)
        if regions.runs.region != self.to.region:
            measured = recovery.lag(self.to, self.session.now())
            yield from recovery.shown_loss(self._from, slots, measured)
        todo = Counter(each.todo for each in flat(slots))
        arrives = sum(each.arrives_since is not None for each in flat(slots))
        first = ", before the switch" if whole_first else ""
        wanted = self._wanted(regions)
        rows = {
            "switch": f"to {wanted.region}, term {wanted.term}" if wanted else "none, it is made",
            "to run": f"{todo['run']:,} missing, {todo['replay']:,} incomplete, which are replaced",
            "followed": f"{todo['follow']:,} under way in {self.to.region}",
            "waited for": f"{todo['wait'] - arrives:,} that run in {self._from.region}, and "
            f"{arrives:,} replicas{first}",
            "cost at most": dollars(_cost_at_most(self.to, slots)),
        }
        yield facts(rows.items())

    def _sum_up(
        self, regions: Regions, slots: Slots, recorded: int, ended: list[Slot], *, idle: bool
    ) -> int:
        here, total = replace(self.session, stack=self.to), sum(s.cost_usd or 0 for s in ended)
        counts = Counter(slot.outcome or "not concluded" for slot in ended)
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items())
        done = f"{told or 'No slot was due'}; {dollars(total)} (estimate)"
        self.session.screen.answer(
            {
                **regions.document,
                "looked_at": [each.document for each in flat(slots)],
                "recorded": recorded,
                "slots": ended,
                "cost_usd": total,
            },
            *shown(here, ended),
            Text(f"\n{regions.runs}", "bold"),
            Text("Nothing is to be done" if idle else done, "bold"),
        )
        return 1 if any(slot.outcome not in GOOD for slot in ended) else 0


def _to_run(slots: Slots) -> int:
    return sum(each.todo in ("run", "replay") for each in flat(slots))


def _cost_at_most(to: Stack, slots: Slots) -> float | None:
    """Return what the slots to run cost if each takes its maximum; None without a price."""
    costs = [at_most(to, name) for name, of in slots.items() for _ in range(_to_run({name: of}))]
    return None if None in costs else sum(filter(None, costs))
