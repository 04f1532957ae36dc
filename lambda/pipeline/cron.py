"""The grammar of EventBridge Scheduler's expressions: cron(), rate() and at().

The service parses them only when the schedule is created; `parse` tells at preview. What AWS's page
leaves open, such as `LW`, `L-3`, a bare `L` as weekday or `29W` in February, is refused.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.slots import Cron, Days, Expression, Rate


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    wildcards: str
    example: str
    names: tuple[str, ...] = ()
    """Names of the values from `low` on."""

    def refusal(self, text: str, reason: str) -> str:
        spelled = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        allowed = f"{self.low}-{self.high}{spelled} with {self.wildcards}"
        return f"{self.name} = {text!r} {reason}; allowed: {allowed}, for example {self.example}"


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MINUTES = _Field("minutes", 0, 59, ", - * /", "0,30")
_HOURS = _Field("hours", 0, 23, ", - * /", "8-18/2")
_DATE = _Field("day-of-month", 1, 31, ", - * ? / L W", "1,15 or L or 15W")
_MONTH = _Field("month", 1, 12, ", - * /", "JAN,JUL", _MONTHS)
_WEEKDAY = _Field("day-of-week", 1, 7, ", - * ? L #", "MON-FRI or 6L or 2#1", _WEEKDAYS)
_YEAR = _Field("year", 1970, 2199, ", - * /", "*")
_FIELDS = (_MINUTES, _HOURS, _DATE, _MONTH, _WEEKDAY, _YEAR)

_EXAMPLES = "cron(0 2 * * ? *), rate(1 hour) or at(2030-01-31T02:00:00)"
_AT_FORM = "write yyyy-mm-ddThh:mm:ss without a zone, for example at(2030-01-31T02:00:00)"
_FORM = re.compile(r"(cron|rate|at)\((.*)\)", re.DOTALL)
_ITEM = re.compile(r"(?:\*|(?P<first>[0-9A-Z]+)(?:-(?P<last>[0-9A-Z]+))?)(?:/(?P<step>[0-9]+))?")
_RATE = re.compile(r"([1-9][0-9]*) (minute|hour|day)(s?)")
_LONGEST = 256
"""Characters: ScheduleExpression of CreateSchedule."""
_LONGEST_RATE = timedelta(days=3650)
"""Ours: AWS gives no maximum, and a longer one is surely a slip."""


def parse(expression: str) -> Expression:
    """Return the schedule expression, able to tell its slots.

    Raises:
        ValueError: one message with what is wrong and a correct example, without the expression.
    """
    form = _FORM.fullmatch(expression)
    if not form:
        raise ValueError(f"it must read {_EXAMPLES}")
    if len(expression) > _LONGEST:
        raise ValueError(f"it has {len(expression)} characters, must be from 1 to {_LONGEST}")
    read = {"cron": _cron, "rate": _rate, "at": _at}[form[1]]
    return read(form[2])


def _cron(body: str) -> Cron:
    texts = body.split()
    if len(texts) != len(_FIELDS) or " ".join(texts) != body:
        names = " ".join(field.name for field in _FIELDS)
        raise ValueError(
            f"cron() has {len(texts)} fields, but takes 6, one space between: {names}; "
            "for example cron(0 2 * * ? *)"
        )
    problems: list[str] = []
    if (texts[2] == "?") == (texts[4] == "?"):
        problems.append(
            f"day-of-month = {texts[2]!r} and day-of-week = {texts[4]!r}: exactly one of them must "
            "be ?, for example cron(0 2 * * ? *) or cron(0 2 ? * MON-FRI *)"
        )
    found: list[Days] = []
    for field, text in zip(_FIELDS, texts, strict=True):
        try:
            found.append(_days(field, text.upper()))
        except ValueError as error:
            problems.append(field.refusal(text.upper(), str(error)))
    if problems:
        raise ValueError("; ".join(problems))
    minutes, hours, dates, months, weekdays, years = found
    days = dates if texts[4] == "?" else weekdays
    cron = Cron(minutes.numbers, hours.numbers, days, months.numbers, years.numbers)
    if next(cron.dates(), None) is None:
        raise ValueError(
            "no such date exists from 1970 to 2199, so it never fires; the last day of a month, "
            "for example, is cron(0 2 L * ? *)"
        )
    return cron


def _days(field: _Field, text: str) -> Days:
    """Return a field's numbers; the rule says more than that only for the two day fields."""
    if field is _DATE:
        if text == "L":
            return Days("L")
        if match := re.fullmatch(r"([0-9]+)W", text):
            day = _number(field, match[1])
            if day > 28:
                raise ValueError("is a date that not every month has, so write L or 28W")
            return Days("1W", (day,))
    if field is _WEEKDAY:
        if match := re.fullmatch(r"([0-9A-Z]+)#([1-5])", text):
            return Days("MON#1", (_number(field, match[1]),), int(match[2]))
        if match := re.fullmatch(r"([0-9A-Z]+)L", text):
            return Days("MONL", (_number(field, match[1]),))
    if text == "?" and "?" in field.wildcards:
        return Days("1")
    numbers = {number for item in text.split(",") for number in _item(field, item, text)}
    return Days("MON" if field is _WEEKDAY else "1", tuple(sorted(numbers)))


def _item(field: _Field, item: str, text: str) -> range:
    match = _ITEM.fullmatch(item)
    if not match:
        raise ValueError("is not understood")
    first, last, step = match["first"], match["last"], match["step"]
    if not first and item != text:
        raise ValueError("has * in a list, where it must stand alone")
    if step and "/" not in field.wildcards:
        raise ValueError("has a step, which AWS does not document here: list the values")
    low = _number(field, first) if first else field.low
    high = _number(field, last) if last else field.high if step or not first else low
    if low > high:
        raise ValueError(f"has the range {item} backwards: write it as two, joined by a comma")
    if step and not 0 < int(step) <= field.high - field.low:
        raise ValueError(f"has the step {step}, which must be 1-{field.high - field.low}")
    return range(low, high + 1, int(step or 1))


def _number(field: _Field, text: str) -> int:
    if text in field.names:
        return field.low + field.names.index(text)
    if not text.isdecimal():
        raise ValueError("is not understood")
    if not field.low <= int(text) <= field.high:
        raise ValueError(f"has {text}, which is out of range")
    return int(text)


def _rate(body: str) -> Rate:
    match = _RATE.fullmatch(body)
    if not match or (match[1] == "1") == bool(match[3]):
        raise ValueError(
            f"rate() = {body!r} must be a whole number from 1 and a unit: minute, hour or day "
            "after 1, minutes, hours or days after more, as in rate(1 day) and rate(30 minutes)"
        )
    unit = timedelta(**{f"{match[2]}s": 1})
    if int(match[1]) > _LONGEST_RATE // unit:
        raise ValueError(
            f"rate() = {body!r} must be at most {_LONGEST_RATE // unit} {match[2]}s; "
            "for one time only write at(2030-01-31T02:00:00)"
        )
    return Rate(int(match[1]) * unit)


def _at(body: str) -> Cron:
    try:
        moment = datetime.fromisoformat(body)
    except ValueError as error:
        raise ValueError(f"at() = {body!r} is no real time ({error}); {_AT_FORM}") from None
    if moment.replace(tzinfo=None).isoformat(timespec="seconds") != body:
        raise ValueError(f"at() = {body!r} is not written so; {_AT_FORM}")
    if not _YEAR.low <= moment.year <= _YEAR.high:
        raise ValueError(f"at() = {body!r} must be from {_YEAR.low} to {_YEAR.high}; {_AT_FORM}")
    day = Days("1", (moment.day,))
    return Cron(
        (moment.minute,), (moment.hour,), day, (moment.month,), (moment.year,), moment.second
    )
