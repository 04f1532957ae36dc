"""What passes of a script's output, so that no metric but its own gets out.

CloudWatch Logs makes metrics of any log event that is JSON with a key "_aws", whatever it names.
A line as send_metric writes it passes. In any other that key is renamed to `RENAMED`, also inside a
longer line, since loggers split those. All else passes byte for byte.
"""

import json
import os
import re
from select import select
from threading import Thread
from typing import IO, Any

import metric

RENAMED = b'"_aws (not a metric of this job)'
LONGEST = 8192  # bytes of a metric: Docker splits lines at 16 KB, and each part may be an event
BLOCK = 65536  # bytes that are read at once, and kept of the stream's end
QUIET_S = 1.0  # a line that is not finished for so long is shown as it is

# JSON may write each character of the key as an escape, too.
_KEY = re.compile(rb'"(?:_|\\u005[fF])(?:a|\\u0061)(?:w|\\u0077)(?:s|\\u0073)(?=")')
_MAY_BECOME_KEY = re.compile(rb'"[_aws\\u0-9fF]{0,24}\Z')


class Relay(Thread):
    """Hands a stream of the script on as it comes, in memory that does not grow with it."""

    def __init__(self, source: IO[bytes], log: IO[bytes], environment: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self._source, self._log, self._environment = source, log, environment
        self._held = b""
        self._from_start = True  # whether what is held, or comes next, begins a line
        self.end = b""
        self.given_up = False  # though a process that no signal reaches still holds it open

    def run(self) -> None:
        """Do so until the stream ends or is given up."""
        with self._source:  # the script gets SIGPIPE should this fail
            while not self.given_up:
                if not select([self._source], [], [], QUIET_S)[0]:
                    self._show(self.flush())
                elif block := os.read(self._source.fileno(), BLOCK):
                    self._show(self.take(block))
                else:
                    break
            self._show(self._line(self._held))

    def take(self, block: bytes) -> bytes:
        """Return what may pass of all that has come: unfinished lines that may be metrics wait."""
        data = self._held + block
        end = data.rfind(b"\n") + 1
        passed, self._held = data[:end], data[end:]
        if b'_aws"' in passed or b"\\u00" in passed:
            passed = b"\n".join(map(self._line, passed.split(b"\n")))
        self._from_start = self._from_start or end > 0
        if self._from_start and self._held[:1] == b"{" and len(self._held) <= LONGEST:
            return passed
        return passed + self.flush()

    def flush(self) -> bytes:
        """Return the unfinished line, but for what may become the key."""
        shown = _KEY.sub(RENAMED, self._held)
        unfinished = _MAY_BECOME_KEY.search(shown)
        end = unfinished.start() if unfinished else len(shown)
        self._held, self._from_start = shown[end:], self._from_start and not end
        return shown[:end]

    def _show(self, data: bytes) -> None:
        self._log.write(data)
        self._log.flush()
        self.end = (self.end + data)[-BLOCK:]

    def _line(self, line: bytes) -> bytes:
        from_start, self._from_start = self._from_start, True
        if not _KEY.search(line) or (from_start and self._is_own(line)):
            return line
        return _KEY.sub(RENAMED, line)

    def _is_own(self, line: bytes) -> bool:
        """Return whether send_metric would have written the same, to the byte."""
        try:
            record: Any = json.loads(line) if len(line) <= LONGEST else {}
            at, [told] = record["_aws"].values()
            name, unit = told["Metrics"][0].values()
            value, at = float(record[name]), int(at)
            return line.decode() == metric.line(name, value, unit, at, self._environment)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
            return False
