"""What every command works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ops.screen import Screen
from ops.stack import Stack


@dataclass(frozen=True)
class Session:
    """One command's stack, screen and clock."""

    stack: Stack
    screen: Screen
    now: Callable[[], datetime]
    """In UTC."""
    sleep: Callable[[float], None]

    def pause(self) -> None:
        """Wait until it is time to look again at what is waited for."""
        self.sleep(5)
