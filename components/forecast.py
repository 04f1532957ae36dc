"""What a stack will cost, and when it will run: what a preview and a local run say of it.

AWS is not asked, so that a preview needs no right and shows the same to everybody: what a run did
cost is in the journal, where `ops list` reads it.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

from components import alarm_definitions, replicated
from components.settings import ScheduleSettings, Settings, SizeSettings
from pipeline import cost, cron
from pipeline.contract import OPS
from pipeline.kind import Kind
from pipeline.slots import Cron, Rate
from pipeline.text import dollars, duration

_KEY, _ALARM, _METRIC, _ENDPOINT = 1.00, 0.10, 0.30, 7.30
"""USD a month in us-east-1: docs/costs.md. An endpoint's is for one zone, without its traffic."""
_FREE = 10
"""Alarms, and metrics, of an account that cost nothing."""
_GAUGES = 2
"""Metrics of a schedule that the watch sends all the time; others cost in the hours of runs."""
_REPLICATION_METRICS = 4
"""Of each rule, billed as custom ones; where nothing was replicated yet there may be none.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics.html"""
_TRANSFER, _STORED, _PUT = 0.02, 0.023, 0.005
"""USD for a GB from us-east-1 to another region, a GB and month there, 1,000 objects put there."""
_MONTH = timedelta(hours=730)
_YEAR = timedelta(days=365)
_OVERLAP = {
    "Allow": "both run",
    "Forbid": "the later slot is skipped",
    "Replace": "the earlier run is stopped",
}


def text(settings: Settings, now: datetime) -> str:
    """Return what a stack costs at rest, and of each schedule its costs and its next slots."""
    region, priced = settings.region, cost.price_date(settings.region)
    lines = [
        f"Forecast: runs by list prices of {region} of {priced}, without discounts and taxes"
        if priced
        else f"Forecast: no prices of {region}; get them: {OPS} prices --stack {settings.stack}",
        _at_rest_line(settings),
        *_recovery(settings),
    ]
    for name, schedule in settings.schedules.items():
        lines.append(f"{name}: {schedule.expression} {schedule.timezone}")
        lines += [f"  {line}" for line in _of_schedule(settings, schedule, now)]
    return "\n".join(lines)


def at_rest(settings: Settings) -> dict[str, float]:
    """Return what is always there and billed -> USD a month, as in us-east-1."""
    alarms = len([*alarm_definitions.of(settings, account="")]) if _monitored(settings) else 0
    rules = len(replicated.rules(settings))
    metrics = _GAUGES * len(settings.schedules) + _REPLICATION_METRICS * rules
    network = settings.network
    endpoints = len(network.endpoints) * network.zones if network.mode == "vpc" else 0
    items = {
        "key": _KEY,
        f"{alarms} alarms": _ALARM * max(0, alarms - _FREE),
        f"{metrics} metrics": _METRIC * max(0, metrics - _FREE),
        f"{len(network.endpoints)} endpoints in {network.zones} zones": _ENDPOINT * endpoints,
    }
    return {what: usd for what, usd in items.items() if usd}


def _at_rest_line(settings: Settings) -> str:
    items = at_rest(settings)
    told = ", ".join(f"{what} {dollars(usd)}" for what, usd in items.items())
    free = "; dashboard free among the account's first 3, else $3.00"
    return (
        f"At rest: {dollars(sum(items.values()))} a month by list prices of us-east-1: {told}"
        + (free if _monitored(settings) else "")
    )


def _recovery(settings: Settings) -> Iterator[str]:
    if settings.recovery.region:
        what = "inputs and outputs" if settings.recovery.inputs else "outputs"
        yield (
            f"Recovery: {what} to {settings.recovery.region}, ${_TRANSFER} a GB and ${_PUT} for "
            f"1,000 objects, then ${_STORED} a GB and month there, by list prices of us-east-1"
        )


def _monitored(settings: Settings) -> bool:
    return settings.alerts.monitoring == "full"


def _of_schedule(settings: Settings, schedule: ScheduleSettings, now: datetime) -> Iterator[str]:
    if cost.price_date(settings.region):
        yield f"cost: {_cost(settings, schedule, now)}"
    if schedule.suspend:
        yield "next: none, it is suspended"
        return
    expression, zone = cron.parse(schedule.expression), ZoneInfo(schedule.timezone)
    if isinstance(expression, Cron):
        slots = islice(expression.following(now, zone), 5)
        yield f"next: {', '.join(_slot(slot, zone, now) for slot in slots) or 'none any more'}"
        today = now.astimezone(zone).date()
        yield from _clock_changes(expression, today, zone)
    else:
        yield f"next: every {duration(expression.interval.total_seconds())} from its creation on"
    if wait := schedule.longest_wait.total_seconds():
        waits = schedule.input.when_empty == "wait"
        of = filter(None, [schedule.follows, "its input" if waits else None])
        yield f"waits: up to {duration(wait)} for {' and '.join(of)}"
    if schedule.job.is_spot:
        wait = duration(schedule.job.longest_wait_seconds)
        yield f"spot: up to {wait} to wait and run; what has not ended by then runs on demand"
    yield from _overlap(schedule, now)


def _cost(settings: Settings, schedule: ScheduleSettings, now: datetime) -> str:
    """Return what a run may cost at most, and what that is in a month."""
    job = schedule.job
    known: dict[str, float] = {}
    for size in schedule.sizes:
        for each in schedule.attempt_types_of(size):
            usd = _run(settings, schedule, each, size, Kind.PROCESSING)
            known[each] = max(known.get(each, 0), usd or 0)
    firsts = _first_runs(settings, schedule)
    if None in firsts:
        return f"no price of {schedule.sizes[firsts.index(None)].instance_type}"
    least, *_, own = sorted([usd for usd in firsts if usd is not None] * 2)
    dearest = max(known, key=lambda each: known[each])
    told = f"at most {dollars(own)} a run (of {duration(job.max_runtime_seconds)})"
    if job.is_spot:
        # Of the discount only the bill tells: it may be none.
        again = max(known[size.instance_type] for size in schedule.sizes)
        told += f", less AWS's discount for spot; {dollars(again)} more where it ends on demand"
    if job.sizes:
        told += f", {dollars(least)} on the cheapest of its {len(job.sizes)} sizes"
    if known[dearest] > own:
        told += f", as a next attempt {dollars(known[dearest])} on {dearest}"
    month = most_a_month(settings, schedule, now)
    return told + (f"; {dollars(month)} a month" if month else "")


def most_a_month(settings: Settings, schedule: ScheduleSettings, now: datetime) -> float | None:
    """Return what first attempts cost at most in an average month, in USD; None without prices."""
    firsts = [usd for usd in _first_runs(settings, schedule) if usd is not None]
    runs = runs_a_month(schedule, now) or 0.0
    return max(firsts) * runs if len(firsts) == len(schedule.sizes) else None


def _first_runs(settings: Settings, schedule: ScheduleSettings) -> list[float | None]:
    """Return what a first attempt of each size costs at most."""
    kind = Kind.of(schedule.job.capacity)
    return [_run(settings, schedule, size.instance_type, size, kind) for size in schedule.sizes]


def _run(
    settings: Settings,
    schedule: ScheduleSettings,
    instance_type: str,
    size: SizeSettings,
    kind: Kind,
) -> float | None:
    machines = instance_type, size.instance_count, size.most_volume_gb
    return cost.estimate(settings.region, *machines, schedule.job.max_runtime_seconds, kind=kind)


def runs_a_month(schedule: ScheduleSettings, now: datetime) -> float | None:
    """Return how many slots an average month of the coming year has; None if it has no month."""
    expression = cron.parse(schedule.expression)
    if schedule.suspend or schedule.longest_gap is None:
        return None
    if isinstance(expression, Rate):
        return _MONTH / expression.interval
    start = now.date()
    days = takewhile(lambda day: day < start + _YEAR, expression.dates(start))
    a_day = len(expression.hours) * len(expression.minutes)
    return sum(1 for _ in days) * a_day / 12


def _slot(slot: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return a slot on the schedule's clock and in UTC, whose day stands there if it is another."""
    local = slot.astimezone(zone)
    day = f"{local:%a %d %b}" + (f" {local:%Y}" if local.year > now.year else "")
    if local.utcoffset() == timedelta():
        return f"{day} {local:%H:%M}Z"
    utc = f"{slot:%H:%M}" if slot.date() == local.date() else f"{slot:%a %H:%M}"
    return f"{day} {local:%H:%M} ({utc}Z)"


def _clock_changes(expression: Cron, today: date, zone: ZoneInfo) -> Iterator[str]:
    kinds: dict[str, Callable[[date, date, ZoneInfo], Iterator[datetime]]] = {
        "skips: no slot; choose another hour, or UTC": expression.skipped,
        "shows twice: one slot, at the first": expression.repeated,
    }
    for what, find in kinds.items():
        if times := [*find(today, today + _YEAR, zone)]:
            more = f" and {len(times) - 1} more" if len(times) > 1 else ""
            yield f"clock: {times[0]:%a %d %b %Y %H:%M}{more}, which {zone.key} {what}"


def _overlap(schedule: ScheduleSettings, now: datetime) -> Iterator[str]:
    longest = schedule.longest_wait + timedelta(seconds=schedule.job.longest_run_seconds)
    gap = _shortest_gap(schedule, now)
    if gap is not None and gap < longest:
        takes = "wait and take" if schedule.longest_wait else "take"
        yield (
            f"overlap: slots are {duration(gap.total_seconds())} apart, a run may {takes} "
            f"{duration(longest.total_seconds())}; then {_OVERLAP[schedule.overlap]}"
        )


def _shortest_gap(schedule: ScheduleSettings, now: datetime) -> timedelta | None:
    """Return the shortest time between slots of the coming year, of its first thousand at most."""
    expression, zone = cron.parse(schedule.expression), ZoneInfo(schedule.timezone)
    if isinstance(expression, Rate):
        return expression.interval
    slots = islice(expression.following(now, zone), 1000)
    year = takewhile(lambda slot: slot < now + _YEAR, slots)
    return min((later - slot for slot, later in pairwise(year)), default=None)
