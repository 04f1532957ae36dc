"""One page of a stack's last days: what came of each slot, how long it took and what it cost."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.text import Text

from ops import page
from ops.days import Day, Period, Result, State, of_schedule, of_slot
from ops.listing import attempts_by_slot
from ops.screen import change, local, span
from ops.session import Session
from ops.stack import OpsError, Stack
from pipeline.journal_items import Entry
from pipeline.text import dollars, size

_TEMPLATE = Path(__file__).with_name("report.html")
_MOST_TOLD = 8
"""Of one schedule, the latest; `ops list` has them all."""


@dataclass(frozen=True)
class _Schedule:
    """What the page shows of one schedule."""

    name: str
    expression: str
    zone: ZoneInfo
    days: Sequence[Day]

    @cached_property
    def total(self) -> Period:
        """All its days together."""
        results = list(chain.from_iterable(day.results for day in self.days))
        return Period(results=results, unrecorded=sum(day.unrecorded for day in self.days))

    @cached_property
    def told(self) -> list[Result]:
        """The slots that did not just complete, the latest first."""
        told = [each for each in self.total.results if each.state is not State.COMPLETED]
        return told[::-1]

    @property
    def longest_s(self) -> float:
        """The longest wait and run that a day's bar shows."""
        longest = [day.ran[0] for day in self.days if day.ran]
        return max(((each.waited_seconds or 0) + (each.run_s or 0) for each in longest), default=0)


def show(session: Session, options: argparse.Namespace) -> int:
    """Write the page, and say where it is."""
    now, count = session.now(), options.days
    file = Path(options.output or f"report-{session.stack.name}.html").absolute()
    # One more, since in some time zone the first of them began a day earlier.
    found = attempts_by_slot(session, None, now - timedelta(days=count + 1))
    try:
        file.write_text(document(session.stack, found, now, count), "utf-8")
    except OSError as error:
        why = f"--output {file}: {error.strerror}; name a file that you may write"
        raise OpsError(why) from None
    session.screen.answer({"output": str(file)}, Text(str(file)))
    return 0


def document(
    stack: Stack,
    found: Mapping[tuple[datetime, str], Sequence[Entry]],
    now: datetime,
    count: int,
) -> str:
    """Return the page of the last `count` days, by the attempts at each slot, ascending."""
    results: dict[str, list[Result]] = {}
    for (_, name), attempts in found.items():
        results.setdefault(name, []).append(of_slot(attempts, now))
    schedules = [
        _Schedule(
            name,
            settings.expression,
            stack.zone(name),
            of_schedule(settings, results.get(name, []), now, count),
        )
        for name, settings in stack.settings.schedules.items()
    ]
    filters = {"local": local, "span": span, "dollars": dollars, "size": size, "change": change}
    return page.render(
        _TEMPLATE,
        {**filters, "clock": _clock},
        stack=stack,
        now=now,
        count=count,
        schedules=schedules,
        most_told=_MOST_TOLD,
    )


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    """Return the time of day of an instant on a schedule's own clock."""
    return f"{moment.astimezone(zone):%H:%M}"
