"""Checks CSV text (RFC 4180) record by record at the speed of whole blocks.

A good record has the header's number of fields, and quotes only where RFC 4180 allows them. Good
records come out in a form without quotes, which leaves whoever reads them nothing to interpret:
values joined by `SEPARATOR`, one record a line, and `ESCAPES` for bytes of values that would clash.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_RECORD = 1 << 20
"""Longest record in bytes, line end included; a longer one is an error and is never held whole."""
SHOWN_OF_TOO_LONG = 1000
"""How many bytes of a too long record are kept."""
SEPARATOR = b"\x1f"
ESCAPES = ((b"\x10", b"\x10e"), (SEPARATOR, b"\x10s"), (b"\n", b"\x10n"), (b"\r", b"\x10r"))
"""(byte, what stands for it). The escape byte comes first when escaping, last when undoing."""

_FIELD = re.compile(rb'"(?:[^"]++|"")*+"|[^",\r\n]*+')
# Only for finding a record's end: what follows a closing quote, right or wrong, ends at the comma.
_ANY_FIELD = rb'(?:"(?:[^"]++|"")*+"[^,\n]*+|(?!")[^,\n]*+)'
_RECORD = re.compile(_ANY_FIELD + rb"(?:," + _ANY_FIELD + rb")*+\n")
_TO_CLOSING_QUOTE = re.compile(rb'(?:[^"]++|"")*+')
_TO_FIELD_END = re.compile(rb"[^,\n]*+")
_COMPLETE_FIELDS = re.compile(rb"(?:" + _ANY_FIELD + rb",)*+")
_CONTENT = bytes(set(range(256)) - set(b",\n"))
_COMMA_TO_SEPARATOR = bytes.maketrans(b",", SEPARATOR)
_BESIDE_QUOTED = {b"", SEPARATOR, b"\n"}


class UnreadableError(Exception):
    """The file as a whole cannot be checked."""


@dataclass(frozen=True)
class Good:
    """Consecutive good records, in the form the module describes."""

    data: bytes
    count: int


@dataclass(frozen=True)
class Bad:
    """One record that breaks the structure."""

    line: int
    """1-based line of the uncompressed file on which the record starts."""
    reason: str
    record: bytes
    """Without its line end; the first `SHOWN_OF_TOO_LONG` bytes of one longer than `MAX_RECORD`."""


class Records:
    """The records of one file: the header's names, then runs of good and single bad records."""

    header: list[str]
    """The column names; empty for a file of no bytes at all."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        """Read the header from `blocks`, the uncompressed bytes in pieces of any size.

        Raises:
            UnreadableError: the header is broken or longer than `MAX_RECORD`, or it is not UTF-8.
        """
        self._blocks = _utf8(blocks)
        self._buffer = b""
        self._at = 0  # what lies before it in the buffer is done
        self._line = 1
        self._final = False
        self._added = 0
        self.header = self._read_header()

    def __iter__(self) -> Iterator[Good | Bad]:
        """Yield what follows the header, in the file's order.

        Raises:
            UnreadableError: the bytes are not UTF-8.
        """
        while not (self._final and self._at == len(self._buffer)):
            yield from self._complete_records()
            if len(self._buffer) - self._at > MAX_RECORD:
                yield self._too_long()
            elif self._final and self._at < len(self._buffer):
                line, rest = self._line, self._take(len(self._buffer) - self._at)
                yield Bad(line, _UNCLOSED, rest[: len(rest) - self._added])
            else:
                self._read()

    def _read_header(self) -> list[str]:
        found = None
        while not (found or self._final or len(self._buffer) > MAX_RECORD):
            self._read()
            found = _RECORD.match(self._buffer)
        if not self._buffer:
            return []
        if not found:
            raise UnreadableError(f"header: {_UNCLOSED if self._final else _TOO_LONG}")
        record = self._take(found.end())
        text = _normalized(record, None) if len(record) <= MAX_RECORD else None
        if text is None:
            raise UnreadableError(f"header: {_fault(record, None)}")
        return [_restored(name).decode() for name in text[:-1].split(SEPARATOR)]

    def _complete_records(self) -> Iterator[Good | Bad]:
        size = _last_record_end(self._buffer, self._at) - self._at
        good = self._normalized(size) if size else None
        if good:
            self._take(size)
            yield good
            return
        sizes, at = list[int](), self._at
        while found := _RECORD.match(self._buffer, at):
            sizes.append(found.end() - at)
            at = found.end()
        yield from self._judged(sizes)

    def _judged(self, sizes: list[int]) -> Iterator[Good | Bad]:
        """Yield the next records, `sizes` bytes each, halving until the bad ones stand alone."""
        if not sizes:
            return
        good = self._normalized(sum(sizes))
        if good:
            self._take(sum(sizes))
            yield good
        elif len(sizes) == 1:
            line, record = self._line, self._take(sizes[0])
            reason = _fault(record, len(self.header))
            shown = SHOWN_OF_TOO_LONG if reason == _TOO_LONG else None
            yield Bad(line, reason, _without_line_end(record)[:shown])
        else:
            half = len(sizes) // 2
            yield from self._judged(sizes[:half])
            yield from self._judged(sizes[half:])

    def _normalized(self, size: int) -> Good | None:
        if size > MAX_RECORD:
            return None
        data = _normalized(self._buffer[self._at : self._at + size], len(self.header))
        return Good(data, data.count(b"\n")) if data else None

    def _too_long(self) -> Bad:
        """Skip to the end of the record at hand, which does not fit the buffer."""
        line, shown = self._line, self._buffer[self._at : self._at + SHOWN_OF_TOO_LONG]
        while not self._skip_field():
            pass
        return Bad(line, _TOO_LONG, shown)

    def _skip_field(self) -> bool:
        """Skip complete fields and one that may lack its end here; tell if the record ended."""
        self._skip(_COMPLETE_FIELDS)
        if self._at == len(self._buffer):
            self._read()
        if self._buffer.startswith(b'"', self._at):
            self._take(1)
            self._skip(_TO_CLOSING_QUOTE)
            # A quote at the buffer's end may be half of a doubled one: read on before judging.
            while len(self._buffer) - self._at < len('",') and not self._final:
                self._read()
                self._skip(_TO_CLOSING_QUOTE)
        self._skip(_TO_FIELD_END)
        while self._at == len(self._buffer) and not self._final:
            self._read()
            self._skip(_TO_FIELD_END)
        return self._take(1) != b","

    def _skip(self, what: re.Pattern[bytes]) -> None:
        found = what.match(self._buffer, self._at)
        self._take(found.end() - self._at if found else 0)

    def _take(self, size: int) -> bytes:
        taken = self._buffer[self._at : self._at + size]
        self._line += taken.count(b"\n")
        self._at += size
        return taken

    def _read(self) -> None:
        block = next(self._blocks, None)
        self._buffer = self._buffer[self._at :] + (block or b"")
        self._at = 0
        if block is None:
            self._final = True
            if self._buffer and not self._buffer.endswith(b"\n"):
                self._buffer += b"\n"  # the last line may lack its end
                self._added = 1


_TOO_LONG = f"the record is longer than {MAX_RECORD} bytes"
_UNCLOSED = "a quote is never closed"


def _utf8(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the blocks without the byte order mark, refusing what is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    block, done = b"", 0
    try:
        for block in blocks:
            decoder.decode(block)
            yield block if done else block.removeprefix(codecs.BOM_UTF8)
            done += len(block)
        block = b""
        decoder.decode(block, final=True)
    except UnicodeDecodeError as error:
        pending = len(error.object) - len(block)  # the start of a character in the block before
        raise UnreadableError(f"byte {done - pending + error.start + 1} is not UTF-8") from None


def _last_record_end(buffer: bytes, start: int) -> int:
    """Return where the last complete record ends if every quote is in order, or `start`."""
    end, quoted = len(buffer), buffer.count(b'"', start) % 2
    while end > start:
        quote = buffer.rfind(b'"', start, end)
        line_end = -1 if quoted else buffer.rfind(b"\n", max(quote, start), end)
        if line_end >= 0:
            return line_end + 1
        end, quoted = max(quote, start), not quoted
    return start


def _normalized(block: bytes, width: int | None) -> bytes | None:
    """Return complete records as the module describes, None if one of them is not good.

    Splitting at the quotes leaves even parts outside quotes and odd parts inside; with the inside
    gone, each record is one line and each field a plain one or a `"` that stands for its content.
    """
    parts = block.split(b'"')
    outside = b'"'.join(parts[::2])
    if b"\r" in outside:
        outside = outside.replace(b"\r\n", b"\n")
    if len(parts) % 2 == 0 or b"\r" in outside:
        return None
    shape = outside.translate(None, _CONTENT)
    if width and shape != (b"," * (width - 1) + b"\n") * shape.count(b"\n"):
        return None
    for byte, code in ESCAPES[:2]:
        outside = outside.replace(byte, code)
    outside = outside.translate(_COMMA_TO_SEPARATOR)
    if len(parts) == 1:
        return outside
    kept = outside.split(b'"')
    if not {part[:1] for part in kept[1:]} | {part[-1:] for part in kept[:-1]} <= _BESIDE_QUOTED:
        return None
    if b'""' in outside:
        # Two quoted parts with nothing between them are one value with a doubled quote in it.
        kept[1:] = [part or b'"' for part in kept[1:]]
    inside = b'"'.join(parts[1::2])
    if any(byte in inside for byte, _ in ESCAPES):
        for byte, code in ESCAPES:
            inside = inside.replace(byte, code)
        parts[1::2] = inside.split(b'"')
    parts[::2] = kept
    return b"".join(parts)


def _restored(value: bytes) -> bytes:
    for byte, code in reversed(ESCAPES):
        value = value.replace(code, byte)
    return value


def _without_line_end(record: bytes) -> bytes:
    return record.removesuffix(b"\n").removesuffix(b"\r")


def _fault(record: bytes, width: int | None) -> str:
    """Return why a complete record is not good; `width` is None for the header."""
    if len(record) > MAX_RECORD:
        return _TOO_LONG
    record = _without_line_end(record)
    at, fields = 0, 1
    while (end := _end_of_field(record, at)) < len(record):
        if record[end : end + 1] != b",":
            break
        at, fields = end + 1, fields + 1
    if end == len(record):
        return f"{fields} fields, the header has {width}"
    if record[at : at + 1] == b'"':
        return f"text after the closing quote of field {fields}"
    if record[end : end + 1] == b'"':
        return f"a quote inside field {fields}, which does not start with one"
    return f"a carriage return without a line feed in field {fields}"


def _end_of_field(record: bytes, at: int) -> int:
    found = _FIELD.match(record, at)
    return found.end() if found else at
