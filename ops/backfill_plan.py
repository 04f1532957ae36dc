"""What a backfill is to do: the slots of some days, how far each is, and what they would cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from rich.console import RenderableType
from rich.text import Text

from ops.attempts import under_way
from ops.screen import facts, local, span
from ops.session import Session
from ops.stack import Stack, UsageError
from pipeline import cost, cron
from pipeline.attempt import Attempt
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from pipeline.outcome import Outcome
from pipeline.slots import Rate
from pipeline.text import dollars

MOST_SLOTS = 10_000
"""Each is looked up in S3, which takes this many some minutes."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The slots of some days, oldest first, by what is to be done about them."""

    schedule: str
    slots: list[datetime]
    done: list[datetime]
    """Those with their success marker."""
    under_way: list[Attempt]
    to_run: list[datetime]
    parallel: int
    cost_at_most_usd: float | None
    """Of those to run, each at its maximum runtime, on spot without a discount and again on demand;
    None if an instance type has no price."""
    last_run: Entry | None
    """The schedule's last successful attempt, which tells what one may cost."""
    cost_as_last_run_usd: float | None


def plan(session: Session, schedule: str, first: date, last: date, parallel: int) -> Plan:
    """Look at each slot of a schedule from one local date to another, both included.

    Raises:
        UsageError: the schedule has no slots there that anybody could tell, or too many.
    """
    slots = _slots(session, schedule, first, last)
    done: list[datetime] = []
    found: list[Attempt] = []
    to_run: list[datetime] = []
    with session.screen.progress() as show:
        for number, slot in enumerate(slots, 1):
            show(f"Looks at the slots of {schedule}", f"{number} of {len(slots)}")
            attempt = Attempt(schedule, slot, 1)
            if session.stack.is_successful(attempt):
                done.append(slot)
            elif running := under_way(session, attempt):
                found.append(running)
            else:
                to_run.append(slot)
    most, last_run = at_most(session.stack, schedule), _last_run(session, schedule)
    as_last = last_run and last_run.cost_usd
    return Plan(
        schedule=schedule,
        slots=slots,
        done=done,
        under_way=found,
        to_run=to_run,
        parallel=parallel,
        cost_at_most_usd=None if most is None else most * len(to_run),
        last_run=last_run,
        cost_as_last_run_usd=None if as_last is None else as_last * len(to_run),
    )


def _slots(session: Session, schedule: str, first: date, last: date) -> list[datetime]:
    settings, zone = session.stack.settings.schedules[schedule], session.stack.zone(schedule)
    expression, days = cron.parse(settings.expression), f"--from {first} --to {last}"
    if isinstance(expression, Rate):
        once = session.stack.command(f"run --schedule {schedule} --slot TIME")
        raise UsageError(
            f"--schedule {schedule}: AWS does not tell what {settings.expression} counts from, so "
            f"its slots are not known. Run each by its time: {once}; or write it as a cron()"
        )
    now = session.now()
    # Of the days around, which hold these whatever the zone's offset, only those of these dates.
    start = datetime.combine(first, time(), UTC) - timedelta(days=2)
    dated = ((slot, slot.astimezone(zone).date()) for slot in expression.following(start, zone))
    found: list[datetime] = []
    for slot, day in dated:
        if slot > now or day > last:
            break
        if day >= first:
            found.append(slot)
        if len(found) > MOST_SLOTS:
            raise UsageError(f"{days}: more than {MOST_SLOTS:,} slots; take fewer days at a time")
    if not found:
        raise UsageError(
            f"{days}: {schedule} has no slot of {settings.expression} there until now; dates are "
            f"those of {zone.key}, the first and the last included"
        )
    return found


def at_most(stack: Stack, schedule: str) -> float | None:
    """Return what a slot costs if it takes its maximum runtime; None without a price."""
    settings, costs = stack.settings.schedules[schedule], list[float]()
    for size in settings.sizes:
        machines = (size.instance_type, size.instance_count, size.most_volume_gb)
        of = (stack.region, *machines, settings.job.max_runtime_seconds)
        kinds = {Kind.of(settings.job.capacity), Kind.PROCESSING}
        usd = [cost.estimate(*of, kind=kind) for kind in kinds]
        if None in usd:
            return None
        costs.append(sum(filter(None, usd)))
    return max(costs)


def _last_run(session: Session, schedule: str) -> Entry | None:
    recent = session.stack.journal.recent(schedule, datetime(2000, 1, 1, tzinfo=UTC))
    # One that another region ran has no job here, and tells of no cost.
    ran = (each for each in recent if each.outcome == Outcome.COMPLETED and each.started)
    return next(ran, None)


def shown(session: Session, made: Plan) -> Iterator[RenderableType]:
    """Yield what shows a plan to people."""
    stack, zone = session.stack, session.stack.zone(made.schedule)
    settings = stack.settings.schedules[made.schedule]
    yield Text.assemble((made.schedule, "bold"), (f"  {settings.expression}  {zone.key}", "dim"))
    first, last = local(made.slots[0], zone), local(made.slots[-1], zone)
    longest = span(settings.job.max_runtime_seconds)
    again = " on spot without a discount, and again on demand" if settings.job.is_spot else ""
    rows = {
        "slots": f"{len(made.slots):,}, {first} to {last}",
        "done": f"{len(made.done):,}, by their success marker",
        "under way": f"{len(made.under_way):,}",
        "to run": f"{len(made.to_run):,}, at most {made.parallel} at once",
        "cost at most": f"{dollars(made.cost_at_most_usd)}, if each takes its maximum of {longest}"
        + again,
    }
    if entry := made.last_run:
        on_spot = " on spot" if entry.kind is Kind.TRAINING else ""
        known = f"{local(entry.slot, zone)}, which took {span(entry.run_s)}{on_spot}"
        rows["cost"] = f"{dollars(made.cost_as_last_run_usd)}, if each is like that of {known}"
    yield facts(rows.items())
    if made.cost_at_most_usd is None:
        prices = stack.command("prices")
        yield Text(
            f"prices.json lacks its instance type or {stack.region}; get it: {prices}", "dim"
        )
