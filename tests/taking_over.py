"""An operator's move of the schedules between two regions, in their functions' process."""

import io
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from rich.console import Console

from ops import failover, pair
from ops.pair import Pair
from ops.screen import Screen
from ops.session import Session
from ops.stack import OpsError, Stack
from tests.lambda_world import NOW
from tests.recovery_clients import client
from tests.recovery_world import Regions


class _Stack(Stack):
    """One whose AWS is a test's regions."""

    def hasty(self) -> Stack:
        return self

    def _client(self, service: str) -> Any:
        return client(service, self.region)


def move(
    regions: Regions,
    to: str | None,
    pause: Callable[[], None],
    *,
    lost: bool = False,
    requests: int | None = None,
) -> str | None:
    """Fail over, or back if `to` is None, until it ends, or Ctrl-C comes after so many requests.

    Return why it was refused; None if it was not.
    """
    stacks = Pair(*(_Stack(each.settings) for each in regions.all.values()))
    screen = Screen(as_json=False)
    screen.out = screen.err = Console(file=io.StringIO())
    session = Session(stacks.home, screen, lambda: regions.now, pause)
    days = (regions.now - NOW) / timedelta(days=1) + 0.5
    options = Namespace(to=to, lost=lost, days=days, yes=True)

    def load(_: Stack) -> Pair:
        return stacks

    command = failover.failover if to else failover.failback
    regions.requests_left = requests
    try:
        with patch.object(pair, "load", load), suppress(KeyboardInterrupt):
            command(session, options)
    except OpsError as error:
        return str(error)
    finally:
        regions.requests_left = None
    return None
