"""RFC 4180 read one character at a time: slow, and plainly the grammar. The tests' yardstick."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Record:
    line: int
    """1-based line on which it starts."""
    text: str
    """Without its line end."""
    end: int
    """Characters of its line end."""
    fields: list[str]
    sound: bool
    """Whether each quote and carriage return is where the grammar allows it."""
    closed: bool
    """Whether its last quoted field has an end."""


def records(text: str) -> Iterator[Record]:
    """Yield the records of a file. Its last line may lack its end, or half of CRLF."""
    at, line = 0, 1
    while at < len(text):
        start, record = at, Record(line, "", 0, [], sound=True, closed=True)
        while True:
            at = _field(text, at, record)
            if at == len(text) or text[at] != ",":
                break
            at += 1
        record.text = text[start:at]
        record.end = _line_end(text, at)
        at += record.end
        line += text.count("\n", start, at)
        yield record


def _field(text: str, at: int, record: Record) -> int:
    value = ""
    quoted = text.startswith('"', at)
    if quoted:
        at += 1
        while at < len(text) and (text[at] != '"' or text.startswith('""', at)):
            value += text[at]
            at += 2 if text[at] == '"' else 1
        record.closed = at < len(text)
        at += record.closed
    while at < len(text) and text[at] != "," and not _line_end(text, at):
        if quoted or text[at] in '"\r':
            record.sound = False
        value += text[at]
        at += 1
    record.fields.append(value)
    return at


def _line_end(text: str, at: int) -> int:
    if text.startswith("\r\n", at):
        return 2
    return int(text.startswith("\n", at) or text[at:] == "\r")
