"""The Markdown that text widgets are written in here: headings, lists, bold, code, links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from local.report_html.markup import Html, join, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

_INLINE = re.compile(
    r"\*\*(?P<bold>.+?)\*\*|`(?P<code>[^`]+)`|\[(?P<text>[^\]]+)\]\((?P<url>https://[^)\s]+)\)"
)
_HEADING = re.compile(r"(#{1,4}) +(.+)")
_BULLET = re.compile(r"[-*] +(.+)")
_NUMBER = re.compile(r"\d+\. +(.+)")


def render(text: str) -> Html:
    """Return the text as HTML; what is not understood stays text."""
    return join(_blocks(text))


def _blocks(text: str) -> Iterator[Html]:
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        while lines:
            kind, rest = _kind(lines[0])
            taken = [rest]
            del lines[0]
            while kind != "heading" and lines and _kind(lines[0])[0] == kind:
                taken.append(_kind(lines.pop(0))[1])
            yield _block(kind, taken)


def _kind(line: str) -> tuple[str, str]:
    line = line.strip()
    if found := _HEADING.fullmatch(line):
        return "heading", found[2]
    if found := _BULLET.fullmatch(line):
        return "ul", found[1]
    if found := _NUMBER.fullmatch(line):
        return "ol", found[1]
    return "p", line


def _block(kind: str, lines: list[str]) -> Html:
    if kind == "heading":
        return tag("h3", _inline(lines[0]))
    if kind == "p":
        return tag("p", _inline(" ".join(lines)))
    return tag(kind, *(tag("li", _inline(line)) for line in lines))


def _inline(text: str) -> Html:
    parts: list[str] = []
    end = 0
    for found in _INLINE.finditer(text):
        parts += [text[end : found.start()], _marked(found)]
        end = found.end()
    return join([*parts, text[end:]])


def _marked(found: re.Match[str]) -> Html:
    if bold := found["bold"]:
        return tag("strong", bold)
    if code := found["code"]:
        return tag("code", code)
    return tag("a", found["text"], href=found["url"], rel="noreferrer")
