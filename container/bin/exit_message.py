"""The text that SageMaker shows of a job: how a script ended, and why."""

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from places import MESSAGE

LOOKED_AT = 20  # lines, from the last, among which the reason is looked for

_COLOUR_OR_MOVE = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
_TITLE_OR_LINK = r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
_ESCAPE = re.compile(rf"{_COLOUR_OR_MOVE}|{_TITLE_OR_LINK}|\x1b[ -/]*[0-~]")

_BAR = re.compile(r"^\W*\d{1,3}(?:\.\d+)?\s?%|\d\s?%\W*$|\d%\||\bit/s\b|\bETA\b")
_WARNING = re.compile(r"\bWARN(?:ING)?\b")
_TRACE = re.compile(r"\++ ")  # of `set -x`
# Where a logger puts it: first, behind a time stamp or a bracket, or set off; not a word of a text.
_QUIET = re.compile(
    r"(?!.*\b(?:WARN(?:ING)?|ERROR|FATAL|CRITICAL)\b).*?(?:\blevel\W{1,4}(?i:trace|debug|info)\b"
    r"|(?:^(?:[\W\d].*?\b)?|[-|:\[\](<=\"]\s?)(?:TRACE|DEBUG|INFO)\b)"
)
_SUSPECT = re.compile(
    r"error|exception|fatal|fail|cannot|can't|could not|unable|no such|not found|denied|refused"
    r"|invalid|missing|panic|killed|abort",
    re.IGNORECASE,
)
_NONE = re.compile(r"\b(?:0|no|without) (?:errors?|exceptions?|failures?|failed)\b", re.IGNORECASE)
_RAISED = re.compile(r"(?:Caused by: )?[\w.$]+(?:: |$)")  # behind the frames, whatever its name
# They only point at the reason before them, or follow from it where there is no network.
_POINTER = re.compile(
    r"previous errors?\b|above (?:errors?|exception)\b|see above|\*\*\* \[.*\] Error \d"
    r"|returned non-zero exit status|fetch failed|index files failed to download"
    r"|No matching distribution found|Could not find a version that satisfies"
    r"|Unable to locate package|no installation candidate",
    re.IGNORECASE,
)


def write(target: Path, text: str, ends: Iterable[bytes] = (), *, longest: int) -> str:
    """Write and return how a script ended, and why: its own words, or what its streams say.

    Without a text, its own words are only made valid: SageMaker fails a processing job whose
    message is not UTF-8 (Developer Guide, "Save and Access Metadata Information About Your
    Processing Job"). The longest is in bytes. If writing fails, the log says so.
    """
    own, new = b"", target.with_name(f"{target.name}.new")
    try:
        if MESSAGE.is_file() and not MESSAGE.is_symlink():  # SageMaker follows no link out of it
            own = MESSAGE.read_bytes()[: 4 * longest]
        message = _composed(own.decode(errors="replace"), text, ends, longest)
        if message != own or target != MESSAGE:
            target.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(message)
            new.replace(target)  # all or nothing, in the place of a link too
    except OSError as error:
        sys.stderr.write(f"entrypoint: {error}\n")
        return text
    return message.decode()


def _composed(own: str, text: str, ends: Iterable[bytes], longest: int) -> bytes:
    if not text:
        return _cut(own, longest)
    if short := " ".join(" ".join(_lines(own)).split()):
        behind = f" ({text})".encode(errors="replace")
        return _cut(short, longest - len(behind)) + behind
    reasons = filter(None, (reason(end.decode(errors="replace")) for end in ends))
    return _cut(": ".join([" ".join(_lines(text)), *reasons][:2]), longest)


def _cut(text: str, size: int) -> bytes:
    return text.encode(errors="replace")[:size].decode(errors="ignore").encode()


def reason(text: str) -> str:
    """Return the line that most probably says why, or nothing if there is no line."""
    lines = [line for line in _lines(text) if line.strip()]
    heard = [line for line in lines if not _TRACE.match(line) and not _QUIET.match(line)]
    ends = heard[-LOOKED_AT:]
    suspects = [
        line
        for before, line in zip(["", *ends], ends, strict=False)
        if _SUSPECT.search(_NONE.sub("", line)) or (before[:1].isspace() and _RAISED.match(line))
    ]
    last = (heard or lines or [""])[-1]
    found = min(reversed(suspects), key=_doubt, default=last)
    return (last if _WARNING.search(found) and not _POINTER.search(last) else found).strip()


def _doubt(line: str) -> int:
    # Indented lines are frames of a stack trace; a warning counts where what follows points at it.
    if _POINTER.search(line):
        return 2
    return 1 if line[0].isspace() or _WARNING.search(line) else 0


def _lines(text: str) -> Iterator[str]:
    """Yield lines without terminal sequences and without what a progress bar overwrote."""
    text = _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\t", " ")
    text = "".join(c for c in text if c in "\r\n" or unicodedata.category(c) != "Cc")
    for line in text.split("\n"):
        pieces = line.split("\r")
        kept = [piece for piece in pieces if not _BAR.search(piece)]
        # Without a bar it is what bash says of a script with CRLF.
        yield from kept if 0 < len(kept) < len(pieces) else [r"\r".join(pieces)]
