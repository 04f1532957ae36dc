"""Child processes of the engines: run to their end, or followed line by line as they go."""

from __future__ import annotations

import codecs
import subprocess
import threading
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# A line of nothing but invalid bytes grows threefold when decoded, and still has to fit into one
# event of CloudWatch Logs (1 MB: API reference of PutLogEvents).
LONGEST_LINE = 256 * 1024


def finished(
    command: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Return how a command ended, whatever its status, and what it printed."""
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        start_new_session=True,
        check=False,
    )


def follow(
    command: Sequence[str],
    environment: Mapping[str, str],
    on_line: Callable[[str], None],
    attend: Callable[[subprocess.Popen[bytes]], None],
) -> int:
    """Run a command, hand over each line that it prints, and return its status.

    Args:
        command: gets a session of its own: Ctrl-C reaches this process, which then stops the job in
            order.
        environment: the command's.
        on_line: told each line, from another thread, in pieces of `LONGEST_LINE` bytes.
        attend: waits until the process has ended, or should be killed.

    Raises:
        Exception: whatever `on_line` raised first; the pipe was drained nevertheless.
    """
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        assert process.stdout  # noqa: S101 - it was asked for above
        output = Follower(process.stdout, on_line)
        try:
            attend(process)
        finally:
            process.kill()
        output.finish()
    return process.returncode


class Follower:
    """A thread that hands each line of a pipe to a callback, in pieces of `LONGEST_LINE` bytes."""

    def __init__(self, pipe: IO[bytes], on_line: Callable[[str], None]) -> None:
        self._pipe = pipe
        self._on_line = on_line
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait until everybody who may write to the pipe has gone.

        Raises:
            Exception: whatever the callback raised first; the pipe was drained nevertheless.
        """
        self._thread.join()
        if self._error:
            raise self._error

    def _follow(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with self._pipe:
            for raw in iter(lambda: self._pipe.readline(LONGEST_LINE), b""):
                # A piece of a longer line may end within a character, which the next one completes.
                is_piece = len(raw) == LONGEST_LINE and not raw.endswith(b"\n")
                self._hand_over(decoder.decode(raw, final=not is_piece))

    def _hand_over(self, text: str) -> None:
        if self._error:
            return
        try:
            self._on_line(text.removesuffix("\n").removesuffix("\r"))
        except Exception as error:
            self._error = error
