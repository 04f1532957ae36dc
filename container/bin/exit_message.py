"""The message that SageMaker shows as ExitMessage: how a script ended, and why."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

LONGEST = 1024
"""Bytes of UTF-8: SageMaker shows no more, and fails a job whose message is not UTF-8 (Developer
Guide, "Save and Access Metadata Information About Your Processing Job")."""
LOOKED_AT = 20
"""Lines, from the last, among which the reason is looked for."""

_COLOUR_OR_MOVE = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
_TITLE_OR_LINK = r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
_ESCAPE = re.compile(rf"{_COLOUR_OR_MOVE}|{_TITLE_OR_LINK}|\x1b[ -/]*[0-~]")

_BAR = re.compile(r"^\W*\d{1,3}(?:\.\d+)?\s?%|\d\s?%\W*$|\d%\||\bit/s\b|\bETA\b")
_TRACE = re.compile(r"\++ ")  # of `set -x`
_LEVELS = "TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL"
# Where a logger puts it: first, behind a time stamp or a bracket, or set off; not a word of a text.
_LEVEL = re.compile(
    rf"^\W*({_LEVELS})\b|[-|:\[(<=\"]\s?({_LEVELS})\b|^[\W\d].*?\b({_LEVELS})\b"
    rf"|\blevel\W{{1,4}}((?i:{_LEVELS}))\b"
)
_QUIET = {"TRACE", "DEBUG", "INFO"}
_SUSPECT = re.compile(
    r"error|exception|fatal|fail|cannot|can't|could not|unable|no such|not found|denied|refused"
    r"|invalid|missing|panic|killed|abort",
    re.IGNORECASE,
)
_NONE = re.compile(r"\b(?:0|no|without) (?:errors?|exceptions?|failures?|failed)\b", re.IGNORECASE)
_RAISED = re.compile(r"(?:Caused by: )?[\w.$]+(?:: |$)")  # behind the frames, whatever its name
# They only point at the reason before them.
_POINTER = re.compile(
    r"previous errors?\b|above (?:errors?|exception)\b|see above|\*\*\* \[.*\] Error \d"
    r"|returned non-zero exit status",
    re.IGNORECASE,
)
# What package managers and clients say last, when the reason was that there is no network.
_CONSEQUENCE = re.compile(
    r"No matching distribution found|Could not find a version that satisfies|fetch failed"
    r"|Unable to locate package|no installation candidate|index files failed to download"
)
_NO_NETWORK = re.compile(
    r"resolv|translate host|name or service not known|getaddrinfo|unknown ?host"
    r"|unreachable|no route to host|failed to establish a new connection|credentials",
    re.IGNORECASE,
)


def write(path: Path, text: str, ends: Iterable[bytes]) -> None:
    """Write how a script ended, and why.

    What the script wrote there itself comes first, the text behind it. Without that, the text comes
    first and then the reason: the line that looks like one, in the first of its streams' ends that
    has any lines. Without a text, the script's own message is only made valid.

    Raises:
        OSError: it cannot be written.
    """
    own = b""
    if path.is_file() and not path.is_symlink():  # SageMaker follows no link out of it
        with path.open("rb") as file:
            own = file.read(4 * LONGEST)
    message = _composed(own.decode(errors="replace"), text, ends)
    if message != own:
        new = path.with_name("message.new")
        new.write_bytes(message)
        new.replace(path)  # all or nothing, in the place of a link too


def _composed(own: str, text: str, ends: Iterable[bytes]) -> bytes:
    if not text:
        return _cut(own, LONGEST)
    if short := " ".join(" ".join(_lines(own)).split()):
        behind = f" ({text})".encode(errors="replace")
        return _cut(short, LONGEST - len(behind)) + behind
    reasons = filter(None, (reason(end.decode(errors="replace")) for end in ends))
    return _cut(": ".join([" ".join(_lines(text)), *reasons][:2]), LONGEST)


def _cut(text: str, size: int) -> bytes:
    return text.encode(errors="replace")[:size].decode(errors="ignore").encode()


def reason(text: str) -> str:
    """Return the line that most probably says why, or nothing if there is no line."""
    lines = [line for line in _lines(text) if line.strip()]
    heard = [line for line in lines if not _TRACE.match(line) and _level(line) not in _QUIET]
    ends = heard[-LOOKED_AT:]
    pairs = list(zip(["", *ends], ends, strict=False))
    suspects = (line for before, line in reversed(pairs) if _looks_like_reason(line, before))
    found = next(suspects, (heard or lines or [""])[-1])
    if _CONSEQUENCE.search(found):
        found = next(filter(_NO_NETWORK.search, ends), found)
    return found.strip()


def _looks_like_reason(line: str, before: str) -> bool:
    # Indented lines are the frames of a stack trace.
    if line[0].isspace() or _level(line).startswith("WARN") or _POINTER.search(line):
        return False
    if before[:1].isspace() and _RAISED.match(line):
        return True
    return _SUSPECT.search(_NONE.sub("", line)) is not None


def _level(line: str) -> str:
    found = _LEVEL.search(line)
    return next(filter(None, found.groups())).upper() if found else ""


def _lines(text: str) -> Iterator[str]:
    """Yield lines without terminal sequences and without what a progress bar overwrote."""
    for line in _ESCAPE.sub("", text).replace("\r\n", "\n").split("\n"):
        pieces = line.split("\r")
        bars = [bool(_BAR.search(piece)) for piece in pieces]
        if len(pieces) == 2 and all(pieces) and not any(bars):  # bash, of a script with CRLF
            pieces, bars = [r"\r".join(pieces)], [False]
        for piece, is_bar in zip(pieces, bars, strict=True):
            if not (is_bar and len(pieces) > 1):
                yield from map(_printable, piece.splitlines())


def _printable(line: str) -> str:
    return "".join(c for c in line.replace("\t", " ") if unicodedata.category(c) != "Cc")
