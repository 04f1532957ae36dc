"""HTML that cannot be broken by what it shows: text is escaped unless it is `Html` already."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Html(str):
    """Text that is markup. Only this module, and constants, may make it."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str | float | None) -> Html:
    """Return an element; attributes that are None are left out.

    An underscore at an attribute's end is dropped (`class_`), the others become hyphens.
    """
    shown = "".join(
        f' {key.removesuffix("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{shown}>{join(children)}</{name}>")


def join(parts: Iterable[str]) -> Html:
    """Return the parts one after the other."""
    return Html("".join(part if isinstance(part, Html) else html.escape(part) for part in parts))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """Return a table whose cells know their column's name: a phone has no room for the head."""
    body = [
        tag("tr", *(tag("td", cell, data_label=name) for name, cell in zip(head, row, strict=True)))
        for row in rows
    ]
    header = tag("tr", *(tag("th", cell, scope="col") for cell in head))
    whole = tag("table", tag("thead", header), tag("tbody", *body))
    return tag("div", whole, class_="scroll", tabindex="0")
