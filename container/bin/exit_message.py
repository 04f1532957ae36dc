"""Write how a script ended to the file that SageMaker shows as ExitMessage.

Usage: exit_message.py MESSAGE_FILE TEXT [STREAM_END...]

What the script wrote to MESSAGE_FILE itself comes first, TEXT behind it. Without that, TEXT comes
first and then the reason: the last line that looks like one, of the first STREAM_END that has any
lines. Without TEXT, the script's own message is only made valid.

The message has at most `LONGEST` bytes of UTF-8: SageMaker shows no more, and fails a job whose
message is not UTF-8 for that alone (Developer Guide, "Save and Access Metadata Information About
Your Processing Job").
"""

import os
import re
import stat
import sys
import unicodedata
from collections.abc import Iterator

LONGEST = 1024
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


def main() -> None:
    """Run the command line."""
    path, text, *ends = sys.argv[1:]
    try:
        own = _own_message(path)
        message = _composed(own, text, ends)
        if message != own:
            _write(path, message)
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")


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


def _own_message(path: str) -> bytes:
    """Return what the script wrote there, or nothing: SageMaker follows no link out of it."""
    try:
        if stat.S_ISREG(os.lstat(path).st_mode):
            with open(path, "rb") as file:  # noqa: PTH123 - pathlib takes long to load
                return file.read(4 * LONGEST)
    except FileNotFoundError:
        pass
    return b""


def _composed(own: bytes, text: str, ends: list[str]) -> bytes:
    said = own.decode(errors="replace")
    if not text:
        return _cut(said, LONGEST)
    short = " ".join(" ".join(_lines(said)).split())
    if short:
        behind = f" ({text})".encode(errors="replace")
        return _cut(short, LONGEST - len(behind)) + behind
    reasons = [found for found in map(_reason_in, ends) if found]
    return _cut(": ".join([" ".join(_lines(text)), *reasons[:1]]), LONGEST)


def _reason_in(end: str) -> str:
    with open(end, encoding="utf-8", errors="replace", newline="") as file:  # noqa: PTH123
        return reason(file.read())


def _cut(text: str, size: int) -> bytes:
    return text.encode(errors="replace")[:size].decode(errors="ignore").encode()


def _write(path: str, message: bytes) -> None:
    """Write all or nothing, in the place of a link too."""
    with open(f"{path}.new", "wb") as file:  # noqa: PTH123
        file.write(message)
    os.replace(f"{path}.new", path)  # noqa: PTH105


if __name__ == "__main__":
    main()
