"""Which of two regions runs the schedules, and what the other one would have if it took over."""

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ops import pair as pairs
from ops.pair import NoAnswerError, Pair, Record, ask
from ops.replicas import Look, Seen, everything
from ops.screen import facts, local, span
from ops.session import Session
from ops.stack import OpsError, Stack
from pipeline import cron, switch
from pipeline.attempt import slot_text
from pipeline.slots import Rate
from pipeline.switch import Switch

Slots = Mapping[str, list[Seen]]
"""Schedule -> its slots, the oldest first."""

_MEASURED = timedelta(hours=1)
"""How old what CloudWatch tells may be; S3 measures each minute, while there is anything to do."""
_STYLES = {"whole": "green", "under way": "blue", "incomplete": "yellow", "missing": "red"}


@dataclass(frozen=True)
class Regions:
    """Both regions' records, and what they come to."""

    pair: Pair
    records: dict[str, Record]
    """By region."""
    runs: Switch

    @classmethod
    def of(cls, pair: Pair, lost: Stack | None = None) -> "Regions":
        """Ask both regions; one that does not answer takes some seconds."""
        records = {each.region: pairs.record(each, lost=each is lost) for each in pair.both}
        found = (record.switch for record in records.values())
        return cls(pair, records, switch.newest(*found, home=pair.home.region))

    @property
    def disagree(self) -> bool:
        """Whether one that answers does not know of the newest decision."""
        known = [each.switch for each in self.records.values() if not each.silence]
        return bool(self.runs.term) and any(each != self.runs for each in known)

    def look(self, session: Session, to: Stack, *, lost: bool = False) -> Look:
        """Return the look at the slots in a region, with what the other one says if it answers."""
        other = self.pair.beside(to)
        there = None if self.records[other.region].silence else other.hasty()
        return Look(
            here=replace(session, stack=to),
            there=replace(session, stack=there) if there else None,
            runs_since=self.runs.since if self.runs.region == to.region else None,
            lost=lost,
        )

    @property
    def document(self) -> dict[str, Any]:
        """What of it is for machines."""
        regions = [
            {
                "region": each.region,
                "stack": each.name,
                "answers": not self.records[each.region].silence,
                "record": _document(self.records[each.region].switch),
            }
            for each in self.pair.both
        ]
        return {"runs": _document(self.runs), "regions": regions, "disagree": self.disagree}


def show(session: Session, options: argparse.Namespace) -> int:
    """Show which region runs the schedules, and the slots in the one that would take over."""
    regions = Regions.of(pairs.load(session.stack))
    known = [each.region for each in regions.pair.both]
    if regions.runs.region not in known:  # recovery.region was another when it took over
        raise OpsError(
            f"{regions.runs}, and is not one of stack {session.stack.name}, {' and '.join(known)}: "
            "so neither runs them. ops failover --to one of them settles it"
        )
    runs = regions.pair.at(regions.runs.region)
    to = regions.pair.beside(runs)
    found: Slots | None = None
    if not regions.records[to.region].silence:
        look, since = regions.look(session, to), session.now() - timedelta(days=options.days)
        try:
            found = everything(look, since)
        except NoAnswerError:
            found = everything(replace(look, there=None), since)
    measured = lag(to, session.now()) if found is not None else []
    session.screen.answer(
        {
            **regions.document,
            "would_take_over": to.region,
            "slots": None if found is None else [s.document for s in flat(found)],
            "newest_replica": newest_replica(found or {}),
            "lag": measured,
        },
        *shown_regions(regions),
        *(_shown(runs, to, found, measured) if found is not None else [_unseen(to)]),
    )
    return 0


def flat(slots: Slots) -> list[Seen]:
    """Return the slots of all schedules."""
    return [each for of_schedule in slots.values() for each in of_schedule]


def newest_replica(slots: Slots) -> datetime | None:
    """Return when the latest job ended whose whole output is in a region."""
    ended = (each.ended for each in flat(slots) if each.state == "whole" and each.ended)
    return max(ended, default=None)


def lag(to: Stack, now: datetime) -> list[dict[str, Any]]:
    """Return how far each of a region's buckets is behind, as S3 measured it last.

    The metrics are in the region of the replicas.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
    """
    buckets = {to.output_bucket(name) for name in to.settings.schedules}
    if to.settings.recovery.inputs:
        buckets |= {to.input_bucket(name) for name in to.settings.schedules}
    cloudwatch = to.hasty().client("cloudwatch")
    try:
        return [
            {"bucket": bucket, **found}
            for bucket in sorted(buckets)
            for found in ask(to, lambda of=bucket: list(_measured(cloudwatch, of, now)))
        ]
    except NoAnswerError:
        return []


def _measured(cloudwatch: Any, bucket: str, now: datetime) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - as boto3's
    """Yield the last measures of each rule that replicates to a bucket."""
    to = {"Name": "DestinationBucket", "Value": bucket}
    metric: dict[str, Any] = {"Namespace": "AWS/S3", "MetricName": "ReplicationLatency"}
    for rule in cloudwatch.list_metrics(**metric, Dimensions=[to])["Metrics"]:
        points = cloudwatch.get_metric_statistics(
            **metric,
            Dimensions=rule["Dimensions"],
            StartTime=now - _MEASURED,
            EndTime=now,
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        if points:
            last = max(points, key=lambda point: point["Timestamp"])
            yield {"seconds": last["Maximum"], "at": last["Timestamp"]}


def shown_regions(regions: Regions) -> Iterator[RenderableType]:
    """Yield which region runs the schedules, and what each of them says of it."""
    yield Text(str(regions.runs), "bold")
    yield facts(
        (each.region, f"{each.name}  {_said(regions.records[each.region])}")
        for each in regions.pair.both
    )
    for each in regions.pair.both:
        if only := _only(each, regions.pair.beside(each)):
            other = regions.pair.beside(each)
            yield Text(
                f"{', '.join(only)}: no schedule, or suspended, in stack {other.name}: "
                f"{other.region} does not run what {each.region} does",
                "yellow",
            )
    if regions.disagree:
        yield Text(
            f"One region's record is behind. The newer one counts (term {regions.runs.term}), as "
            "long as the regions see each other; ops failover to the same region brings it up",
            "yellow",
        )


def _only(stack: Stack, other: Stack) -> list[str]:
    """Return the schedules that one of the two stacks runs and the other one does not."""
    active, there = (
        {name for name, each in of.settings.schedules.items() if not each.suspend}
        for of in (stack, other)
    )
    return sorted(active - there)


def _said(record: Record) -> str:
    if record.silence:
        return "does not answer"
    return f"{record.switch}, term {record.switch.term}" if record.switch else "never switched"


def _shown(
    runs: Stack, to: Stack, slots: Slots, measured: list[dict[str, Any]]
) -> Iterator[RenderableType]:
    yield from shown_slots(to, slots)
    yield from shown_loss(runs, slots, measured)


def _unseen(to: Stack) -> Text:
    return Text(f"{to.region} does not answer: nobody can say which slots are whole there", "red")


def shown_slots(to: Stack, slots: Slots) -> Iterator[RenderableType]:
    """Yield for each schedule how many slots are whole in a region, and those that are not."""
    for schedule, found in slots.items():
        settings, zone = to.settings.schedules[schedule], to.zone(schedule)
        title = f"  {settings.expression}  {zone.key}  in {to.region}"
        yield Text.assemble("\n", (schedule, "bold"), (title, "dim"))
        counts = Counter(each.state for each in found)
        told = ", ".join(f"{counts[state]} {state}" for state in _STYLES if counts[state])
        yield Text(told or "no slots")
        if isinstance(cron.parse(settings.expression), Rate):
            yield Text("Of a rate() only those that a journal or a marker tells of", "dim")
        table = Table.grid(padding=(0, 2))
        for each in (each for each in found if each.state != "whole"):
            state = Text(each.state, _STYLES[each.state])
            table.add_row(local(each.attempt.slot, zone), state, Text(_note(each)))
        if table.row_count:
            yield table


def _note(seen: Seen) -> str:
    lacks = ""
    if seen.state == "incomplete" and seen.lacking:
        more = ", …" if seen.lacking > len(seen.lacking_keys) else ""
        lacks = f"lacks {seen.lacking:,} objects: {', '.join(seen.lacking_keys)}{more}"
    return "; ".join(filter(None, [lacks, seen.why]))


def shown_loss(runs: Stack, slots: Slots, measured: list[dict[str, Any]]) -> Iterator[Text]:
    """Yield what may be lost at most, if the region that runs the schedules is lost now."""
    newest = newest_replica(slots)
    since = (
        f"after {slot_text(newest)}, when the newest whole slot had ended" if newest else "at all"
    )
    yield Text(f"\nLost at most: what {runs.region} wrote {since}")
    for each in measured:
        behind = span(each["seconds"])
        yield Text(f"{each['bucket']} was {behind} behind at {slot_text(each['at'])}", "dim")
    if not measured:
        yield Text("CloudWatch has no measure of the replication's lag of the last hour", "dim")


def _document(found: Switch | None) -> dict[str, Any] | None:
    return found._asdict() if found else None
