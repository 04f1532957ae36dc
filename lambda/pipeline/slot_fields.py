"""Fields that name a run's slot inside other text, such as `{local:%Y-%m-%d}`.

`slot` is the scheduled time in UTC, `local` the same on the schedule's clock; `previous` and
`previous_local` are the slot before it, where the interval begins that ends with the slot. What is
no such field stays as it is, braces too, so that JSON needs no escapes.
"""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pipeline import cron
from pipeline.slots import Rate

FIELD = re.compile(r"\{(slot|local|previous|previous_local):([^{}%]*%[^{}]*)\}")
_CODES = "aAbBcCdDeFfgGhHIjmMprRSTuUVwWxXyYzZ"
"""Those of strftime that are the same on every machine: %s, for example, reads its time zone."""
_FORMAT = re.compile(rf"(%[{_CODES}]|[ -$&-z|~])*")


def problem(text: str) -> str | None:
    """Return what is wrong with the fields of a text, or None."""
    for field in FIELD.finditer(text):
        if not _FORMAT.fullmatch(field[2]):
            return (
                f"has the field {field[0]}, whose format may hold ASCII and strftime's codes "
                f"{_CODES} after a %, as in {{{field[1]}:%Y-%m-%d}}"
            )
    return None


def render(text: str, slot: datetime, expression: str, timezone: str) -> str:
    """Return a text with its fields filled in for a slot of a schedule.

    Raises:
        ValueError: the text names the slot before, and there is none.
    """

    def filled(field: re.Match[str]) -> str:
        name, form = field.groups()
        zone = ZoneInfo(timezone)
        moment = _previous(slot, expression, zone) if name.startswith("previous") else slot
        return moment.astimezone(zone if name.endswith("local") else UTC).strftime(form)

    return FIELD.sub(filled, text)


def render_prefix(
    prefix: str, schedule: str, slot: datetime, expression: str, timezone: str
) -> str:
    """Return a key prefix, which may name the schedule, too, for a slot of that."""
    return render(prefix.replace("{schedule}", schedule), slot, expression, timezone)


def _previous(slot: datetime, expression: str, zone: ZoneInfo) -> datetime:
    due = cron.parse(expression)
    if isinstance(due, Rate):  # not of a grid: AWS does not tell the moment that it counts from
        return slot - due.interval
    found = due.previous(slot, zone)
    if found is None:
        raise ValueError(f"{expression} has no slot before {slot:%Y-%m-%dT%H:%M:%SZ}")
    return found
