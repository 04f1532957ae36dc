"""What a slot may wait for: whom a schedule follows, and what says that its input is complete."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from components.settings.model import Settings
from components.settings.run_rules import key
from components.settings.schedule import ScheduleSettings
from pipeline import cron
from pipeline.slots import Cron

_CALENDAR = tuple(range(2001, 2029))
"""Years in which every form of a year occurs: each first weekday, with and without a leap day."""

_LATER = timedelta(minutes=10)
"""Two turns of the watch, so that a follower is asked after its predecessor's wait has ended."""


def problems(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with what the slots of each schedule wait for."""
    for name, schedule in settings.schedules.items():
        yield from _input(name, schedule)
        if schedule.follows:
            yield from _followed(settings, name, schedule, schedule.follows)
    yield from _unused(settings)
    # In a circle each would have to wait longer than the other.
    yield from list(_circles(settings)) or _too_short(settings)


def _input(name: str, schedule: ScheduleSettings) -> Iterator[str]:
    source, where = schedule.input, key(name, schedule, "input", "output_of")
    if source.output_of:
        own = source.model_fields_set & {"bucket", "prefix", "kms_key_arn", "ready"}
        if where.startswith("schedules.") and own:
            yield (
                f"schedules.{name}.input: its {', '.join(sorted(own))} has no effect beside "
                f"output_of, which reads what {source.output_of} wrote; leave one of them out"
            )
        if schedule.after not in (None, source.output_of):
            yield (
                f"{where}: {source.output_of} is not {schedule.after}, which is named by "
                f"schedules.{name}.after; a run waits for one schedule, so name the same, or leave "
                "after out"
            )
    elif source.ready and source.when_empty == "run":
        yield (
            f"{key(name, schedule, 'input', 'ready')}: {source.ready} has no meaning where "
            f"{key(name, schedule, 'input', 'when_empty')} is run, which does without; set that to "
            "wait, fail or skip, or leave ready out"
        )


def _unused(settings: Settings) -> Iterator[str]:
    schedules = settings.schedules.items()
    for field in ("wait_seconds", "when_late"):
        given = {f"input.{field}"} if field in settings.input.model_fields_set else set[str]()
        own = (name for name, each in schedules if field in each.input.model_fields_set)
        given |= {f"schedules.{name}.input.{field}" for name in own}
        used = {key(*each, "input", field) for each in schedules if each[1].longest_wait}
        for where in sorted(given - used):
            yield (
                f"{where}: has no effect, as nothing is waited for; set when_empty beside it to "
                "wait, or name whom to follow by after or output_of, or leave it out"
            )


def _followed(
    settings: Settings, name: str, schedule: ScheduleSettings, other: str
) -> Iterator[str]:
    where = (
        f"schedules.{name}.after" if schedule.after else key(name, schedule, "input", "output_of")
    )
    followed = settings.schedules.get(other)
    if followed is None:
        known = ", ".join(each for each in settings.schedules if each != name)
        yield f"{where}: {other} is no schedule; there are {known or 'no others'}"
        return
    if followed.suspend and not schedule.suspend:
        yield (
            f"{where}: {other} is suspended, so no slot of {name} would start; set suspend of "
            f"{name} to true as well, or leave {where.rpartition('.')[2]} out"
        )
    if problem := _not_its_slots(schedule, followed):
        yield (
            f"{where}: {name} is {schedule.expression} in {schedule.timezone}, {other} "
            f"{followed.expression} in {followed.timezone}: {problem}"
        )


def _too_short(settings: Settings) -> Iterator[str]:
    for name, schedule in settings.schedules.items():
        other = schedule.follows or ""
        if not (followed := settings.schedules.get(other)):
            continue
        own_s, their_s = (int(each.longest_wait.total_seconds()) for each in (schedule, followed))
        if followed.job.is_spot:  # for its machine; then it runs on demand
            their_s += followed.job.longest_wait_seconds
        least = their_s + int(_LATER.total_seconds())
        if their_s and own_s < least:
            # Not the stack's key, which may be the other's, too.
            yield (
                f"schedules.{name}.input.wait_seconds: {name} waits {own_s} s for {other}, which "
                f"itself may wait {their_s} s before it runs; set at least {least} for {name}, or "
                f"less for {other}" + (" in job.max_wait_seconds" if followed.job.is_spot else "")
            )


def _not_its_slots(schedule: ScheduleSettings, followed: ScheduleSettings) -> str | None:
    """Return why it is not certain that a schedule's slots are another's, too, or None."""
    own, theirs = cron.parse(schedule.expression), cron.parse(followed.expression)
    if not (isinstance(own, Cron) and isinstance(theirs, Cron)):
        return "AWS does not tell when a rate() is due; write both as cron()"
    if schedule.timezone != followed.timezone:
        return "slots of two time zones are not the same; set the same timezone for both"
    return not_slots_of(own, theirs)


def not_slots_of(own: Cron, theirs: Cron) -> str | None:
    """Return why slots on a clock are not certainly slots of another one on the same, or None."""
    if own.second != theirs.second or any(
        not {*fields} <= {*getattr(theirs, name)}
        for name, fields in (("minutes", own.minutes), ("hours", own.hours), ("years", own.years))
    ):
        return "some slots of the one are none of the other; give both the same time of day"
    years = own.years if len(own.years) <= len(_CALENDAR) else _CALENDAR
    for day in replace(own, years=years).dates():
        if day.month not in theirs.months or not theirs.days.include(day):
            return f"on {day} only the first has a slot; give both the same days, or the other more"
    return None


def _circles(settings: Settings) -> Iterator[str]:
    schedules = settings.schedules
    for circle in circles({name: each.follows for name, each in schedules.items()}):
        where = "after" if schedules[circle[0]].after else "input.output_of"
        yield (
            f"schedules.{circle[0]}: waits for itself, by {' -> '.join(circle)}, so none of them "
            f"would ever start; leave {where} out in one of them"
        )


def circles(follows: Mapping[str, str | None]) -> Iterator[list[str]]:
    """Yield each circle once, by what each name follows; it ends where it begins."""
    seen: set[str] = set()
    for name in follows:
        path: list[str] = []
        step = name
        while step in follows and step not in seen:
            seen.add(step)
            path.append(step)
            step = follows[step] or ""
        if step in path:
            yield [*path[path.index(step) :], step]
