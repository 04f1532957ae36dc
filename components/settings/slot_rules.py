"""What the fields that name the slot must give: each problem is one line, `key: problem`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from components.aws import models
from components.settings import run_rules, shared_places
from components.settings.schedule import ScheduleSettings
from components.settings.values import JOB
from pipeline import cron, slot_fields
from pipeline.attempt import slot_text

_YEAR = [datetime(2026, 1, 1, 22, 22, 22, tzinfo=UTC) + timedelta(days=day) for day in range(366)]
_FIRST_SLOT = datetime(2000, 1, 1, tzinfo=UTC)
"""The earliest that a job's name can hold."""
_ARGUMENT = models.shape(*JOB, "AppSpecification.ContainerArguments.member")
_VALUE = models.shape(*JOB, "Environment.value")


def problems(name: str, schedule: ScheduleSettings) -> Iterator[str]:
    """Yield what is wrong with the fields of a schedule's prefixes, arguments and environment."""

    def key(part: str, field: str) -> str:
        return run_rules.key(name, schedule, part, field)

    own, output = f"schedules.{name}", (key("output", "prefix"), schedule.output.prefix)
    sources = schedule.sources.items()
    texts = [*((key(part, "prefix"), source.prefix) for part, source in sources), output]
    for of, in_arguments, in_environment in (
        (schedule.job, key("job", "arguments"), key("job", "environment")),
        (schedule, f"{own}.arguments", f"{own}.environment"),
    ):
        arguments = [(in_arguments, text) for text in of.arguments]
        values = [(f"{in_environment}.{each}", text) for each, text in of.environment.items()]
        for shape, found in ((_ARGUMENT, arguments), (_VALUE, values)):
            for path, text in found:
                for limit in models.broken_limits(shape, _longest(text, schedule.timezone)):
                    yield f"{path}: {text} {limit} when {name} has filled in its fields"
        texts += [*arguments, *values]
    yield from _without_previous(texts, name, schedule)
    yield from _shared_output(*output, name, schedule)


def _without_previous(
    texts: list[tuple[str, str]], name: str, schedule: ScheduleSettings
) -> Iterator[str]:
    named = [
        (path, text)
        for path, text in texts
        if any(field[1].startswith("previous") for field in slot_fields.FIELD.finditer(text))
    ]
    due, zone = cron.parse(schedule.expression), ZoneInfo(schedule.timezone)
    if named and due.previous(_FIRST_SLOT, zone) is None:
        for path, text in named:
            yield (
                f"{path}: {text} names the slot before, and the first of {name}, "
                f"{schedule.expression}, has none; name {{slot:…}} or {{local:…}}, or let the "
                "years of a cron begin with 1970"
            )


def _shared_output(key: str, prefix: str, name: str, schedule: ScheduleSettings) -> Iterator[str]:
    """Yield where two slots of a schedule would write to the same place."""
    if pair := shared_places.found(prefix, schedule.expression, schedule.timezone):
        first, second = map(slot_text, pair)
        yield (
            f"{key}: {prefix} puts several slots of {name} into the same place, such as "
            f"{first} and {second}; name the slot finer and in UTC, as in "
            "{slot:%Y/%m/%d/%H%M%S}/, or with its offset, as in {local:%Y/%m/%d/%H%M%S%z}/"
        )


def _longest(text: str, timezone: str) -> str:
    """Return a text with each of its fields as long as any slot makes it."""
    return slot_fields.FIELD.sub(lambda field: _longest_field(field[0], timezone), text)


@cache
def _longest_field(field: str, timezone: str) -> str:
    filled = (slot_fields.render(field, day, "rate(1 day)", timezone) for day in _YEAR)
    return max(filled, key=len)
