"""What an engine is: something that builds the image of a job and runs its container."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from local.engines.usage import Usage


class EngineError(Exception):
    """The engine itself could not do it: no engine, no such image, a build that failed."""


@dataclass(frozen=True, kw_only=True)
class ContainerRun:
    """One container of a job, as SageMaker starts it on one host."""

    entrypoint: Sequence[str]
    """Replaces the image's ENTRYPOINT and CMD."""
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """All that the container gets beside the image's own; never credentials."""
    ml: Path
    """The host's directory that is `/opt/ml` inside, writable."""
    hostname: str
    network: str | None = None
    """The engine's handle of one of which it is a host; None: it has only `lo`."""
    stop_grace_s: float = 120
    """From TERM to KILL once `stop` is set (Service Authorization Reference, StopProcessingJob)."""
    on_usage: Callable[[Usage], object] = lambda _usage: None
    """Is told again and again what it takes of this machine, where that can be seen."""


class Engine(Protocol):
    """Builds images and runs containers; the methods are safe to call from several threads."""

    @property
    def name(self) -> str:
        """The engine's name in settings and messages."""
        ...

    @property
    def caveat(self) -> str:
        """What a person should know of containers on this machine; empty if nothing."""
        ...

    def available(self) -> str | None:
        """Return why this engine cannot work on this machine, or None if it can."""
        ...

    def build(self, context: Path, args: Mapping[str, str]) -> str:
        """Build the image of a context's Dockerfile and return the handle that `run` takes.

        Raises:
            EngineError: with the build's own output.
        """
        ...

    def network(self, hosts: Sequence[str]) -> AbstractContextManager[str]:
        """Let containers of these host names reach each other, and nothing else, for a while.

        Gives the handle that `ContainerRun` takes. Nothing of it is left behind.

        Raises:
            EngineError: this machine cannot.
        """
        ...

    def run(
        self,
        image: str,
        spec: ContainerRun,
        on_line: Callable[[str], None],
        stop: threading.Event,
    ) -> int:
        """Run one container to its end and return its exit code; 128 + n if signal n ended it.

        Every line of stdout and stderr goes to `on_line` as it comes. Setting `stop` sends TERM,
        and KILL after the grace. Nothing of the container is left behind.

        Raises:
            EngineError: the container could not be started at all.
        """
        ...
