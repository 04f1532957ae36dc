"""A script's process, from its start to the last line that it or its children print."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from types import FrameType

from relay import Relay

PATIENCE = ((2.0, signal.SIGTERM), (1.0, signal.SIGKILL), (1.0, signal.SIGKILL))
"""Seconds that each stream may outlive the script itself, and what the rest of it gets then."""


class Script:
    """A process group of its own, so that a signal reaches all of the script and nothing else."""

    def __init__(self) -> None:
        self.stopped_by = ""  # the last signal that was passed on
        self._group = 0
        self._relays: list[Relay] = []

    @property
    def ends(self) -> list[bytes]:
        """The ends of standard error and standard output."""
        return [relay.end for relay in reversed(self._relays)]

    def run(self, path: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        """Return its exit code, 128 and the signal's number if one has ended it."""
        # bash also runs what has no first line #!, and has words and codes for what cannot be run.
        how = ["-p", "-c", 'exec "$0" "$@"'] if os.access(path, os.X_OK) else []
        command = ["/bin/bash", *how, str(path), *arguments]
        process = Popen(
            command, env=environment, process_group=0, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
        self._group = process.pid
        for source, target in ((process.stdout, sys.stdout), (process.stderr, sys.stderr)):
            if source:
                self._relays.append(Relay(source, target.buffer, environment))
                self._relays[-1].start()
        code = process.wait()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # the rest is quick
        self._drain()
        return code if code >= 0 else 128 - code

    def pass_on(self, number: int, _frame: FrameType | None) -> None:
        """Send a signal on to the script; exit if it has not been started."""
        if not self._group:
            sys.exit(128 + number)
        self.stopped_by = signal.Signals(number).name
        self._send(number)

    def _drain(self) -> None:
        """Wait for the last lines, which a filter of the script's may hold: `exec > >(tee ...)`."""
        for seconds, number in PATIENCE:
            for relay in self._relays:
                relay.join(seconds)
            if any(relay.is_alive() for relay in self._relays):
                self._send(number)
        self._send(signal.SIGKILL)
        for relay in self._relays:
            relay.given_up = True
            relay.join()

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._group, number)
