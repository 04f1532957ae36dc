"""What the hosts of a job tell each other: each has a line to the first one, which leads."""

import os
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing import connection
from typing import Any

WAIT_S = 600
"""For all hosts: they start when each has downloaded its input."""
PORT = 7070  # of the leader
HOSTS, INDEX = os.environ["HOSTS"].split(), int(os.environ["HOST_INDEX"])
LEADER, HOST = HOSTS[0], HOSTS[INDEX]


class LostError(Exception):
    """A part of the cluster has ended before the work."""


class Line:
    """A connection with another host, which ends within a minute of it; it can be waited for."""

    def __init__(self, end: socket.socket, host: str) -> None:
        """Take a connected socket; without a host, the other end says which it is."""
        end.settimeout(None)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
            end.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        self._messages, self.host = connection.Connection(end.detach()), "a host"
        self.host = host or self.hear()

    def fileno(self) -> int:
        """Return what is waited for."""
        return self._messages.fileno()

    def hear(self) -> str:
        """Return what the other end says, or that it is gone."""
        try:
            return self._messages.recv_bytes().decode()
        except (EOFError, OSError):
            return f"{self.host} failed: its connection ended"

    def expect(self, word: str) -> None:
        """Raise `LostError` with what the other end says, unless it is this word."""
        if (said := self.hear()) != word:
            raise LostError(said)

    def tell(self, word: str) -> None:
        """Say a word, if the other end still hears it."""
        with suppress(OSError):
            self._messages.send_bytes(word.encode())


def wait(things: Iterable[Any], seconds: float | None = None) -> list[Any]:
    """Return which lines, sockets and handles are ready, as soon as one is."""
    return connection.wait(things, seconds)


def all_joined(until: float) -> list[Line]:
    """Return the lines to all other hosts.

    Raises:
        LostError: some have not come by then, or one has gone.
    """
    lines: list[Line] = []
    with socket.create_server(("", PORT)) as server:
        while missing := {*HOSTS[1:]} - {line.host for line in lines}:
            ready = wait([server, *lines], max(0.0, until - time.monotonic()))
            if not ready:
                raise LostError(f"{', '.join(sorted(missing))} failed to join within {WAIT_S} s")
            for line in lines:
                if line in ready:
                    raise LostError(line.hear())
            lines.append(Line(server.accept()[0], ""))
    return lines


def join(until: float) -> Line:
    """Return the line to the leader.

    Raises:
        LostError: it does not answer until then.
    """
    line = Line(reach(LEADER, PORT, until), LEADER)
    line.tell(HOST)
    return line


def reach(
    host: str, port: int, until: float, check: Callable[[], object] = lambda: None
) -> socket.socket:
    """Return a connection, as soon as there is one; check again and again before.

    Raises:
        LostError: there was none until then.
    """
    while True:
        try:
            return socket.create_connection((host, port), timeout=10)
        except OSError as error:  # also a name that does not resolve yet
            if time.monotonic() > until:
                raise LostError(f"{host} failed to answer within {WAIT_S} s: {error}") from error
            check()
            time.sleep(0.1)
