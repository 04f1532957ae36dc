"""Foreign text in GitHub's Markdown: shown as it is, never obeyed, and no longer than it may be.

All of it goes through `code` or `block`. GitHub looks for no markup, HTML, link, issue or person
in either.
"""

from collections.abc import Iterable, Sequence

from ci.events import UNKNOWN
from pipeline.text import printable


def code(text: str, most: int = 200) -> str:
    """Return foreign text as a code span, in one line of at most so many characters.

    A backtick would end it, so an apostrophe stands for it.
    """
    known = text[: 4 * most].replace(UNKNOWN, "(not known yet)")
    line = " ".join(printable(known).replace("`", "'").split())
    if not line:
        return "(nothing)"  # two backticks in a row would begin a longer span
    return f"`{line if len(line) <= most else f'{line[: most - 1]}…'}`"


def codes(texts: Iterable[str], most: int = 200) -> str:
    """Return foreign texts as a list in words."""
    every = [*texts]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(code(each) for each in every[:most]) + more


def block(text: str, most: int) -> str:
    """Return foreign text as a block of code of at most so many bytes, which says if it is cut.

    Indented: a fence could be closed by the text. A list would swallow the indent, so a paragraph
    or a tag has to stand before.
    """
    lines = text.splitlines()[: most // 5 + 1]  # a line has an indent and an end
    return "\n".join(fitting([f"    {printable(line[:2000])}" for line in lines], most, "    "))


def fitting(lines: Sequence[str], most: int, before: str) -> list[str]:
    """Return the first lines that are of so many bytes; where some lack, the last says so."""
    mark = f"{before}… more: see the run"
    room = most - len(mark.encode()) - 1
    for number, line in enumerate(lines):
        room -= len(line.encode()) + 1
        if room < 0:
            return [*lines[:number], mark]
    return [*lines]
