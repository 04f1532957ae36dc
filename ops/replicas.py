"""The slots of the last days, as they are in a region that is to run the schedules."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice, takewhile
from typing import Any, Literal

from ops.attempts import stood_by, under_way
from ops.backfill_plan import MOST_SLOTS
from ops.listing import MOST_ENTRIES
from ops.pair import ask
from ops.session import Session
from ops.stack import UsageError
from pipeline import cron, replica
from pipeline.attempt import Attempt, parse_slot
from pipeline.contract import MARKER
from pipeline.journal_items import Entry
from pipeline.outcome import NO_FAILURE, Outcome
from pipeline.slots import Rate

_DECIDED = NO_FAILURE - {Outcome.COMPLETED}
"""Ends without a result that somebody meant."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a slot is in a region, and what a switch to that region makes of it."""

    attempt: Attempt
    """The one that is under way in the region, else the first."""
    state: Literal["whole", "incomplete", "missing", "under way"]
    """Under way is what runs in either region."""
    lacking: int = 0
    lacking_keys: tuple[str, ...] = ()
    """The first of them."""
    todo: Literal["nothing", "run", "replay", "follow", "wait"] = "nothing"
    """Wait: for what runs in the other region, or for its replica."""
    why: str = ""
    ran: Attempt | None = None
    """Whose marker there is."""
    ended: datetime | None = None
    """When that one's job ended."""
    decided: Entry | None = None
    """How the other region ended the slot, which needs no result."""
    known: tuple[Entry, ...] = ()
    """The region's own attempts, ascending."""
    arrives_since: datetime | None = None
    """When the other region had completed it, if only its replica has not come."""

    @property
    def document(self) -> dict[str, Any]:
        """What of it is for machines."""
        names = ("state", "lacking", "lacking_keys", "todo", "why")
        slot = {"schedule": self.attempt.schedule, "slot": self.attempt.slot}
        return slot | {name: getattr(self, name) for name in names}


@dataclass(frozen=True, kw_only=True)
class Look:
    """A look at slots in one region, with what the other one says of them."""

    here: Session
    there: Session | None
    """Of hasty clients; None if that region does not answer."""
    runs_since: datetime | None
    """Since when the schedules run here; None if they do not."""
    lost: bool = False
    """Whether nothing is to be expected any more of what has not been replicated."""

    def slots(self, schedule: str, since: datetime) -> list[Attempt]:
        """Return the first attempts at a schedule's slots since a time, the oldest first.

        Of a rate, only those that a journal or a marker tells of: AWS does not tell what it counts
        from. Of those that stood by, whose time is not the other region's, only the last one.

        Raises:
            NoAnswerError: the other region does not answer any more.
            UsageError: there are too many.
        """
        stack, now = self.here.stack, self.here.now()
        settings = stack.settings.schedules[schedule]
        expression, zone = cron.parse(settings.expression), stack.zone(schedule)
        entries = stack.journal.recent(schedule, since, MOST_ENTRIES)
        found = {entry.slot for entry in entries if not stood_by(entry)}
        found |= {entry.slot for entry in self._recent_there(schedule, since)}
        if isinstance(expression, Rate) or settings.suspend:
            found |= set(_marked(self.here, schedule, since))
        if isinstance(expression, Rate):
            stood = max((each.slot for each in entries if stood_by(each)), default=None)
            if stood and all(slot <= stood - expression.interval for slot in found):
                found.add(stood)
        elif not settings.suspend:
            due = takewhile(lambda slot: slot <= now, expression.following(since, zone))
            found |= set(islice(due, MOST_SLOTS + 1))
        if len(found) > MOST_SLOTS:
            raise UsageError(f"{schedule} has more than {MOST_SLOTS:,} slots; take fewer --days")
        return [Attempt(schedule, slot, 1) for slot in sorted(found)]

    def at(self, first: Attempt) -> Seen:
        """Return what a slot is, and what is to be done about it.

        Raises:
            NoAnswerError: the other region does not answer any more.
        """
        stack = self.here.stack
        known = stack.journal.attempts(first.schedule, first.slot)
        found = replica.look(stack.output_of(first), stack.client("s3"))
        seen = Seen(
            attempt=first,
            state=found.state,
            known=tuple(known),
            lacking=found.lacking,
            lacking_keys=tuple(found.lacking_keys),
            **_of_marker(first, found.marker or {}),
        )
        if found.state == "whole" or _is_own(found, known):
            return replace(seen, state="whole", lacking=0)
        # The launcher starts nothing by itself of what was due before the region took over.
        not_its = self.runs_since is None or first.slot < self.runs_since
        if attempt := under_way(self.here, first, stands_by=not_its):
            return replace(seen, attempt=attempt, state="under way", todo="follow")
        return self._due(seen, known)

    def _due(self, seen: Seen, known: list[Entry]) -> Seen:
        """Return what is to become of a slot that neither is whole nor runs here."""
        runs, last = self._state_there(seen.attempt)
        region = self.there.stack.region if self.there else ""
        if runs:
            return replace(seen, state="under way", todo="wait", why=f"runs in {region}")
        if last and last.outcome == Outcome.COMPLETED and not self.lost:
            why = f"completed in {region}, and its replica has not come"
            return replace(seen, todo="wait", why=why, arrives_since=last.concluded_at)
        own = _last_ended(known)
        if own and own.outcome != Outcome.COMPLETED:
            runs_now = self.runs_since and (own.concluded_at or own.slot) >= self.runs_since
            if own.outcome in _DECIDED or runs_now:
                return replace(seen, why=f"ended as {own.outcome}")
        if last and last.outcome in _DECIDED:
            return replace(seen, why=f"ended as {last.outcome} in {region}", decided=last)
        return replace(seen, todo="run" if seen.state == "missing" else "replay")

    def _recent_there(self, schedule: str, since: datetime) -> list[Entry]:
        if not self.there:
            return []
        stack = self.there.stack
        found = ask(stack, lambda: stack.journal.recent(schedule, since, MOST_ENTRIES))
        return [entry for entry in found if not stood_by(entry)]

    def _state_there(self, first: Attempt) -> tuple[bool, Entry | None]:
        """Return whether a slot runs in the other region, and its last attempt that ended."""
        if not (session := self.there):
            return False, None
        journal = session.stack.journal
        runs = ask(session.stack, lambda: under_way(session, first, stands_by=True))
        known = ask(session.stack, lambda: journal.attempts(first.schedule, first.slot))
        return runs is not None, _last_ended(known)


def _last_ended(known: list[Entry]) -> Entry | None:
    """Return the last attempt whose end somebody has dealt with, and that did not only stand by."""
    ended = (each for each in reversed(known) if each.concluded_at and not stood_by(each))
    return next(ended, None)


def _is_own(found: replica.Replica, known: list[Entry]) -> bool:
    """Return whether a marker tells no versions, as from before `recovery`, of what ran here."""
    name = (found.marker or {}).get("job_name")
    ran = any(each.job_name == name and each.started for each in known)
    return ran and not found.is_checkable


def _of_marker(first: Attempt, marker: dict[str, Any]) -> dict[str, Any]:
    """Return what a marker tells of the attempt that wrote the output; nothing if there is none."""
    if not marker:
        return {}
    ended, number = marker.get("ended"), marker.get("attempt", 1)
    return {
        "ran": Attempt(first.schedule, first.slot, number),
        "ended": datetime.fromisoformat(ended) if ended else None,
    }


def _marked(session: Session, schedule: str, since: datetime) -> Iterator[datetime]:
    """Yield the slots since a time of which there is a marker."""
    stack, s3 = session.stack, session.stack.client("s3")
    bucket = stack.output_of(Attempt(schedule, since, 1)).bucket
    template = stack.settings.schedules[schedule].output.prefix.replace("{schedule}", schedule)
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=template.partition("{")[0]
    )
    for item in (item for page in pages for item in page.get("Contents", [])):
        key = item["Key"]
        if key.endswith(f"/{MARKER}") and item["LastModified"] >= since:
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            slot = _slot(body)
            # A script may write files of that name, too.
            if slot and slot >= since and stack.output_of(Attempt(schedule, slot, 1)).marker == key:
                yield slot


def _slot(marker: bytes) -> datetime | None:
    try:
        return parse_slot(json.loads(marker)["slot"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def everything(look: Look, since: datetime) -> dict[str, list[Seen]]:
    """Return schedule -> its slots since a time, the oldest first.

    Raises:
        NoAnswerError: the other region does not answer any more.
    """
    found: dict[str, list[Seen]] = {}
    with look.here.screen.progress() as show:
        for schedule in look.here.stack.settings.schedules:
            firsts = look.slots(schedule, since)
            found[schedule] = []
            for number, first in enumerate(firsts, 1):
                show(f"Looks at the slots of {schedule}", f"{number} of {len(firsts)}")
                found[schedule].append(look.at(first))
    return found
