"""A script's process, from its start to the last line that it or its children print."""

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from select import select
from subprocess import DEVNULL, PIPE, Popen
from types import FrameType
from typing import IO

from relay import Relay

KEPT = 65536
"""Bytes of the end of a stream, in which the reason is looked for."""
QUIET_S = 1.0
"""A line that is not finished for so long is shown as it is."""
PATIENCE = ((2.0, signal.SIGTERM), (1.0, signal.SIGKILL), (1.0, signal.SIGKILL))
"""Seconds that the streams may outlive the script itself, and what the rest of it gets then."""
_BLOCK = 65536


class Stream(threading.Thread):
    """Hands a stream of the script on as it comes; memory does not grow with it."""

    def __init__(self, source: IO[bytes], target: IO[bytes], relay: Relay) -> None:
        super().__init__(daemon=True)
        self._source, self._target, self._relay = source, target, relay
        self.end = b""
        self.given_up = False
        """Ends it though a process that no signal has reached holds the stream open."""

    def run(self) -> None:
        """Do so until the stream ends."""
        with self._source:  # the script gets SIGPIPE should this fail
            while not self.given_up:
                if not select([self._source], [], [], QUIET_S)[0]:
                    self._pass(self._relay.flush())
                elif block := os.read(self._source.fileno(), _BLOCK):
                    self._pass(self._relay.take(block))
                else:
                    break
            self._pass(self._relay.end())

    def _pass(self, data: bytes) -> None:
        self._target.write(data)
        self._target.flush()
        self.end = (self.end + data)[-KEPT:]


class Script:
    """A process group of its own, so that a signal reaches all of the script and nothing else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._group = 0
        self._streams: list[Stream] = []
        self.stopped_by = ""
        """The name of the last signal that was passed on."""

    @property
    def ends(self) -> list[bytes]:
        """The ends of standard error and standard output."""
        return [stream.end for stream in reversed(self._streams)]

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        """Return its exit code, 128 and the signal's number if one has ended it."""
        # bash also runs what has no first line #!, and has words and codes for what cannot be run.
        how = ["-p", "-c", 'exec "$0" "$@"'] if os.access(self._path, os.X_OK) else []
        process = Popen(
            ["/bin/bash", *how, str(self._path), *arguments],
            env=environment,
            process_group=0,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        self._group = process.pid
        streams = ((process.stdout, sys.stdout.buffer), (process.stderr, sys.stderr.buffer))
        for source, target in streams:
            if source:
                self._streams.append(Stream(source, target, Relay(environment)))
                self._streams[-1].start()
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
        """Wait for the last lines, which a filter may hold that it started: `exec > >(tee ...)`."""
        for seconds, number in PATIENCE:
            deadline = time.monotonic() + seconds
            for stream in self._streams:
                stream.join(max(0, deadline - time.monotonic()))
            if any(stream.is_alive() for stream in self._streams):
                self._send(number)
        self._send(signal.SIGKILL)
        for stream in self._streams:
            stream.given_up = True
            stream.join()

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._group, number)
