"""What passes of a script's output, so that no metric but the script's own gets out.

CloudWatch Logs makes metrics of any log event that is JSON with a key "_aws", whatever it names:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
A line that send_metric could have written passes. In any other that key is renamed to `RENAMED`,
also inside a longer line, since loggers split those. All else passes byte for byte.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

NAMESPACE = "SageMakerProcessing"
DIMENSIONS = ["stack", "schedule"]
LONGEST = 8192
"""Bytes of a line. Docker splits lines at 16 KB, and each part may become an event of its own."""
TAKEN = {
    *("JobsSucceeded", "JobsFailed", "JobDuration", "QueueTime", "Attempts", "EstimatedCost"),
    *("SlotsSkipped", "SecondsSinceSuccess", "SecondsRunning"),
}
"""The observer's own metrics, on which alarms rely: a script must not send them."""
RENAMED = b'"_aws (not a metric of this job)'

# JSON may write each character of the key as an escape, too.
_KEY = re.compile(rb'"(?:_|\\u005[fF])(?:a|\\u0061)(?:w|\\u0077)(?:s|\\u0073)(?=")')
_MAY_BECOME_KEY = re.compile(rb'"[_aws\\u0-9fF]{0,24}\Z')
_LONGEST_KEY = 26


class Relay:
    """Takes a stream in blocks of any size, and gives it back without what may not pass."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._own = {name: environment.get(name.upper()) for name in DIMENSIONS}
        self._held = b""
        self._from_start = True  # whether what is held, or comes next, begins a line

    def take(self, block: bytes) -> bytes:
        """Return what may pass of all that has come: unfinished lines that may be metrics wait."""
        data = self._held + block
        end = data.rfind(b"\n") + 1
        passed = self._lines(data[:end])
        if end:
            self._from_start = True
        self._held = data[end:]
        if self._from_start and self._held[:1] == b"{" and len(self._held) <= LONGEST:
            return passed
        return passed + self.flush()

    def flush(self) -> bytes:
        """Return the unfinished line, but for what may become the key."""
        shown = _KEY.sub(RENAMED, self._held)
        unfinished = _MAY_BECOME_KEY.search(shown, max(0, len(shown) - _LONGEST_KEY))
        end = unfinished.start() if unfinished else len(shown)
        self._held, self._from_start = shown[end:], self._from_start and not end
        return shown[:end]

    def end(self) -> bytes:
        """Return all that is left."""
        rest, self._held = self._held, b""
        return self._line(rest)

    def _lines(self, whole: bytes) -> bytes:
        if not _may_have_key(whole):
            return whole
        return b"\n".join(map(self._line, whole.split(b"\n")))

    def _line(self, line: bytes) -> bytes:
        from_start, self._from_start = self._from_start, True
        if not _KEY.search(line) or (from_start and self._is_own(line)):
            return line
        return _KEY.sub(RENAMED, line)

    def _is_own(self, line: bytes) -> bool:
        if line[:1] != b"{" or len(line) > LONGEST or len(_KEY.findall(line)) > 1:
            return False
        try:
            record = json.loads(line.decode(), object_pairs_hook=_unique, parse_constant=_refused)
            return self._writes_own(record, record["_aws"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return False

    def _writes_own(self, record: dict[str, Any], told: dict[str, Any]) -> bool:
        return (
            told.keys() == {"Timestamp", "CloudWatchMetrics"}
            # How deep a value may be nested, every reader of JSON decides for itself.
            and not any(isinstance(record[name], (dict, list)) for name in record.keys() - {"_aws"})
            and all(record[name] == value for name, value in self._own.items())
            and all(
                each["Namespace"] == NAMESPACE
                and each["Dimensions"] == [DIMENSIONS]
                and not TAKEN.intersection(metric["Name"] for metric in each["Metrics"])
                for each in told["CloudWatchMetrics"]
            )
        )


def _may_have_key(data: bytes) -> bool:
    return b'_aws"' in data or (b"\\u00" in data and _KEY.search(data) is not None)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse what two readers could read differently."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
