"""Cron expressions in every written form, each with what it means in words of its own.

It shares nothing with the code under test: a meaning is a predicate on one local minute.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st

NAMED_MONTHS = ["jan", "Feb", "MAR", "apr", "MAY", "jun", "JUL", "AUG", "sep", "OCT", "NOV", "DEC"]
NAMED_WEEKDAYS = ["SUN", "mon", "Tue", "WED", "THU", "FRI", "SAT"]


@dataclass(frozen=True)
class Part:
    """One field of an expression, and what it means in the words of this test."""

    text: str
    holds: Callable[[datetime], bool]


def numbers(low: int, high: int, read: Callable[[datetime], int]) -> st.SearchStrategy[Part]:
    """Every written form of a plain field: *, lists, ranges, steps."""
    value = st.integers(low, high)
    step = st.integers(1, high - low)
    pair = st.tuples(value, value).map(sorted)
    item = st.one_of(
        value.map(lambda n: (str(n), range(n, n + 1))),
        pair.map(lambda p: (f"{p[0]}-{p[1]}", range(p[0], p[1] + 1))),
        st.tuples(value, step).map(lambda t: (f"{t[0]}/{t[1]}", range(t[0], high + 1, t[1]))),
        st.tuples(pair, step).map(
            lambda t: (f"{t[0][0]}-{t[0][1]}/{t[1]}", range(t[0][0], t[0][1] + 1, t[1]))
        ),
    )

    def joined(items: list[tuple[str, range]]) -> Part:
        text = ",".join(text for text, _ in items)
        return Part(text, lambda local: any(read(local) in chosen for _, chosen in items))

    return st.one_of(
        st.just(Part("*", lambda _: True)),
        step.map(lambda n: Part(f"*/{n}", lambda local: (read(local) - low) % n == 0)),
        st.lists(item, min_size=1, max_size=3).map(joined),
    )


def weekday(local: datetime) -> int:
    return local.isoweekday() % 7 + 1


def workday_nearest(n: int) -> Part:
    def holds(local: datetime) -> bool:
        days = [local.replace(day=d) for d in range(1, monthrange(local.year, local.month)[1] + 1)]
        workdays = [day for day in days if day.strftime("%a") not in {"Sat", "Sun"}]
        return local == min(workdays, key=lambda day: abs(day.day - n))

    return Part(f"{n}W", holds)


def nth_weekday(name: int, nth: int) -> Part:
    return Part(
        f"{NAMED_WEEKDAYS[name - 1]}#{nth}",
        lambda local: weekday(local) == name and 7 * nth - 6 <= local.day <= 7 * nth,
    )


def last_weekday(name: int) -> Part:
    return Part(
        f"{name}L",
        lambda local: weekday(local) == name and (local + timedelta(days=7)).month != local.month,
    )


LAST_DATE = Part("L", lambda local: (local + timedelta(days=1)).day == 1)
ANY = Part("?", lambda _: True)
DATES = st.one_of(
    numbers(1, 31, lambda local: local.day),
    st.just(LAST_DATE),
    st.integers(1, 28).map(workday_nearest),
)
MONTHS = st.one_of(
    st.just(Part("*", lambda _: True)),
    numbers(1, 12, lambda local: local.month),
    st.integers(1, 12).map(lambda n: Part(NAMED_MONTHS[n - 1], lambda local: local.month == n)),
)
WEEKDAYS = st.one_of(
    numbers(1, 7, weekday).filter(lambda part: "/" not in part.text),
    st.integers(1, 7).map(lambda n: Part(NAMED_WEEKDAYS[n - 1], lambda local: weekday(local) == n)),
    st.builds(nth_weekday, st.integers(1, 7), st.integers(1, 5)),
    st.integers(1, 7).map(last_weekday),
)
DAYS = st.one_of(st.tuples(DATES, st.just(ANY)), st.tuples(st.just(ANY), WEEKDAYS))
YEARS = st.one_of(
    st.just(Part("*", lambda _: True)),
    numbers(1970, 2199, lambda local: local.year),
    st.just(Part("2026-2028", lambda local: 2026 <= local.year <= 2028)),
)


@st.composite
def crons(draw: st.DrawFn) -> tuple[str, list[Part]]:
    minutes = draw(numbers(0, 59, lambda local: local.minute))
    hours = draw(numbers(0, 23, lambda local: local.hour))
    dates, weekdays = draw(DAYS)
    parts = [minutes, hours, dates, draw(MONTHS), weekdays, draw(YEARS)]
    return f"cron({' '.join(part.text for part in parts)})", parts
