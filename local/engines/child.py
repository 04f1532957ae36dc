"""Child processes of the engines: run to their end, or followed line by line as they go."""

import codecs
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO

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
        on_line: told each line, in pieces of `LONGEST_LINE` bytes.
        attend: waits, in another thread, until the process has ended or should be killed.

    Raises:
        Exception: whatever `on_line` raised first; the command went on to its end nevertheless.
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

        def attend_to_the_end() -> None:
            try:
                attend(process)
            finally:
                process.kill()

        attendant = threading.Thread(target=attend_to_the_end, daemon=True)
        attendant.start()
        try:
            for line in _lines(process.stdout):
                on_line(line)
        finally:
            while process.stdout.read(LONGEST_LINE):
                pass
            attendant.join()
    return process.returncode


def _lines(pipe: IO[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for raw in iter(lambda: pipe.readline(LONGEST_LINE), b""):
        # A piece of a longer line may end within a character, which the next one completes.
        is_piece = len(raw) == LONGEST_LINE and not raw.endswith(b"\n")
        yield decoder.decode(raw, final=not is_piece).removesuffix("\n").removesuffix("\r")
