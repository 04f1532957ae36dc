"""What is under way in the embedded AWS, so that one can wait until nothing moves any more."""

import threading
from collections import Counter
from collections.abc import Callable, Collection
from typing import Literal

Kind = Literal["delivery", "job"]


class Activity:
    """Threads that work in the background, counted from before they start until they end."""

    def __init__(self) -> None:
        self._running: Counter[Kind] = Counter()
        self._changed = threading.Condition()

    def spawn(self, kind: Kind, work: Callable[[], object]) -> None:
        """Do `work` in a thread of its own."""

        def run() -> None:
            try:
                work()
            finally:
                with self._changed:
                    self._running[kind] -= 1
                    self._changed.notify_all()

        with self._changed:
            self._running[kind] += 1
        threading.Thread(target=run, daemon=True).start()

    def wait(self, timeout_s: float, kinds: Collection[Kind] = ("delivery", "job")) -> None:
        """Wait until none of `kinds` is under way.

        Raises:
            TimeoutError: something still is after `timeout_s` seconds.
        """
        with self._changed:
            none = self._changed.wait_for(
                lambda: not any(self._running[kind] for kind in kinds), timeout_s
            )
            if not none:
                raise TimeoutError(f"still under way after {timeout_s} s: {dict(self._running)}")
