"""Time as a test has it: it passes only in `sleep`, and what was planned happens meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 1, 7, 12, 0, tzinfo=UTC)


class Clock:
    """Begins at NOW; whoever waits for more than `longest` would wait for ever."""

    longest = timedelta(hours=1)

    def __init__(self) -> None:
        self.now = NOW
        self.later: list[tuple[datetime, Callable[[], object]]] = []
        """What happens as time passes."""

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        assert self.now < NOW + self.longest, "it would wait for ever"
        due = [what for when, what in self.later if when <= self.now]
        self.later = [(when, what) for when, what in self.later if when > self.now]
        for what in due:
            what()

    def after(self, seconds: float, what: Callable[[], object]) -> None:
        self.later.append((self.now + timedelta(seconds=seconds), what))
