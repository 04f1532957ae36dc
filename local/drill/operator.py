"""The operator of a drill: the real commands, from elsewhere, as a person would give them."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from components.settings import Settings
from local.drill.world import DAYS, DrillError, World
from ops.failover import LEAD, Move
from ops.pair import Pair
from ops.screen import Screen
from ops.session import Session, explain
from ops.stack import OpsError, Stack

OPERATOR = "operator"
_MOST_LOOKS = 500
_COLUMNS = 100

Hook = Callable[[str, str], None]
"""Is told the region and the operation of a request that is about to be sent."""


class DrilledStack(Stack):
    """A stack whose requests something may happen before."""

    def __init__(
        self,
        settings: Settings,
        connection: dict[str, str],
        on_request: Hook,
        *,
        hasty: bool = False,
    ) -> None:
        super().__init__(settings, connection, hasty=hasty)
        self._of_drill, self._on_request = connection, on_request

    def hasty(self) -> Stack:
        """Return the same stack, for a look at a region that may be lost."""
        return DrilledStack(self.settings, self._of_drill, self._on_request, hasty=True)

    def _client(self, service: str) -> Any:  # noqa: ANN401 - one type for each service
        client = super()._client(service)

        def tell(model: Any, **_: object) -> None:  # noqa: ANN401 - of botocore
            self._on_request(self.region, model.name)

        client.meta.events.register("before-call.*.*", tell)
        return client


class Operator:
    """Gives commands; each may be cut short by what `on_request` does, once."""

    def __init__(self, world: World) -> None:
        self._world, self._looks = world, 0
        self.on_request: Hook = lambda _region, _operation: None
        self._behind = LEAD
        self.said: list[tuple[str, str]] = []
        """Each command, and what it said."""
        home, other = (self._stack(cloud.settings) for cloud in world.clouds)
        self._pair = Pair(home, other)

    def failover(self, *, lost: bool) -> int:
        """Move the schedules to the second region; return the status."""
        words = f"failover --to {self._pair.other.region}"
        return self._move(self._pair.other, words, lost=lost)

    def failback(self) -> int:
        """Move the schedules back to the home region; return the status."""
        return self._move(self._pair.home, "failback", lost=False, whole_first=True)

    def _move(self, to: Stack, words: str, *, lost: bool, whole_first: bool = False) -> int:
        world, screen = self._world, Screen(as_json=False)
        text = io.StringIO()
        screen.out = screen.err = Console(file=text, width=_COLUMNS, highlight=False)
        self._looks, self._behind = 0, LEAD
        session = Session(self._pair.home, screen, self._now, self._pause)
        command = f"ops {words}{' --lost' if lost else ''}"
        world.note(OPERATOR, "begins", command)
        move = Move(session, self._pair, to, words, DAYS, lost)
        try:
            status = move.carry_out(yes=True, whole_first=whole_first)
            how = "done"
        except KeyboardInterrupt:
            status, how = 130, "interrupted"
            screen.refuse(screen.if_interrupted)
        except OpsError as error:
            status, how = error.status, "refused"
            screen.refuse(str(error))
        except (BotoCoreError, ClientError) as error:
            status, how = 1, "broken off"
            screen.refuse(explain(error, to))
        self.said.append((command, text.getvalue()))
        world.note(OPERATOR, how, f"{command}, status {status}")
        return status

    def _stack(self, settings: Settings) -> Stack:
        world = self._world
        connection = {"endpoint_url": world.other.aws.url}
        connection |= {k.lower(): v for k, v in world.regions.operator.environment.items()}
        return DrilledStack(settings, connection, self._ask)

    def _ask(self, region: str, operation: str) -> None:
        self.on_request(region, operation)

    def _now(self) -> datetime:
        """Return the command's time: so far behind that a switch counts as soon as it is made."""
        return datetime.now(UTC) - self._behind

    def _pause(self) -> None:
        """Let whatever moves go on, until the command looks again."""
        self._looks += 1
        if self._looks > _MOST_LOOKS:
            raise DrillError(f"the command has looked {_MOST_LOOKS} times, and still waits")
        self._behind = timedelta()
        self._world.settle()
