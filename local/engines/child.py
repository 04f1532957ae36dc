"""Child processes of the engines: run to their end, or followed line by line as they go."""

import io
import os
import subprocess
import threading
from collections.abc import Callable, Sequence

# Characters. An event of CloudWatch Logs holds 1 MB (API reference of PutLogEvents), and a
# character of UTF-8 has up to four bytes.
LONGEST_LINE = 240_000
_POLL_S = 0.02


def environment() -> dict[str, str]:
    """Return this process's, with BuildKit, and with chroot's directories, on few people's PATH."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    return {**os.environ, "PATH": path, "DOCKER_BUILDKIT": "1"}


def finished(*command: str) -> subprocess.CompletedProcess[str]:
    """Return how a command ended, whatever its status, and what it printed."""
    return subprocess.run(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        start_new_session=True,
        check=False,
    )


def follow(
    command: Sequence[str],
    on_line: Callable[[str], None],
    stop: threading.Event,
    end: Callable[[subprocess.Popen[bytes]], object],
) -> int:
    """Run a command, hand over each line that it prints, and return its status.

    The command has a session of its own: Ctrl-C reaches this process, which then stops the job in
    order. Lines come in pieces of `LONGEST_LINE`. From when `stop` is set until the command has
    ended `end` is called again and again, in another thread.

    Raises:
        Exception: whatever `on_line` raised first; the command went on to its end nevertheless.
    """
    with subprocess.Popen(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        assert process.stdout  # noqa: S101 - it was asked for above
        output = io.TextIOWrapper(process.stdout, "utf-8", "replace", newline="\n")

        def attend() -> None:
            try:
                while process.poll() is None:
                    if stop.wait(_POLL_S):
                        end(process)
            finally:
                process.kill()

        attendant = threading.Thread(target=attend, daemon=True)
        attendant.start()
        try:
            for line in iter(lambda: output.readline(LONGEST_LINE), ""):
                on_line(line.removesuffix("\n").removesuffix("\r"))
        finally:
            while output.read(LONGEST_LINE):
                pass
            attendant.join()
    return process.returncode
