"""Write the generated parts of docs/security.md: `python -m tests.security.document`."""

import re
import sys
from collections.abc import Callable, Iterable, Mapping

from tests.conftest import ROOT
from tests.security import exceptions
from tests.security.tables import Row, code, rows, table

PAGE = ROOT / "docs" / "security.md"
_PART = re.compile(r"(<!-- generated: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_HEAD = ("Sid", "may", "on", "if")
_ROLES = {
    "job": "The job: SageMaker, while it runs the script",
    "launcher": "The launcher",
    "observer": "The observer",
    "schedule-group": "The schedules, and the attempts that the observer plans",
    "observer-watch": "The watch",
}
"""A role's owner -> its heading."""
_VARIANTS = {
    "vpc": "With `network.mode: vpc`",
    "existing": "With `network.mode: existing`, and `image.shared_with` another account",
    "vpc, two instances": "With `job.secrets`, several instances and `limits`",
    "vpc, spot": "With `job.capacity: spot`",
    "vpc, chats": "With `alerts.slack` or `alerts.teams`",
    "two scripts": "With `reference`, `input.output_of` and places of a schedule's own",
    "recovery": "With `recovery.region`, `recovery.inputs` and `retention.lock_days`",
}
"""A variant -> the heading of what it has beyond those before it."""


def write(text: str) -> str:
    """Return a page with every generated part as it is to be.

    Raises:
        KeyError: there is no such part.
    """
    return _PART.sub(lambda part: f"{part[1]}{_PARTS[part['name']]()}\n{part[3]}", text)


def _roles() -> str:
    """Return a table for each role of prod, after who assumes it."""
    found = rows("prod")
    parts = list[str]()
    for owner, heading in _ROLES.items():
        [trust] = [row for row in found if (row.kind, row.owner) == ("trust", owner)]
        own = [row for row in found if (row.kind, row.owner) == ("identity", owner)]
        condition = f", if {trust.condition.replace('<br>', ' and ')}" if trust.condition else ""
        assumed = f"Assumed by {trust.who}{condition}."
        parts.append(f"#### {heading}\n\n{assumed}\n\n{_statements(own)}")
    return "\n\n".join(parts)


def _statements(found: Iterable[Row]) -> str:
    return table(_HEAD, ((row.sid, row.may, row.on, row.condition) for row in found))


def _others() -> str:
    """Return the table of the policies of resources: who else is let in, or kept out."""
    head = ("policy of", "Sid", "who", *_HEAD[1:])
    found = [row for row in rows("prod") if row.kind not in ("identity", "trust")]
    return table(head, (_let_in(row) for row in found))


def _let_in(row: Row) -> tuple[str, ...]:
    return (f"{row.owner} ({row.kind})", row.sid, row.who, row.may, row.on, row.condition)


def _variants() -> str:
    """Return what each variant has that prod, or a variant before it, has not."""
    seen, parts = set(rows("prod")), list[str]()
    for variant, heading in _VARIANTS.items():
        new = dict.fromkeys(row for row in rows(variant) if row not in seen)
        seen |= set(new)
        head = ("policy of", *_HEAD)
        lines = ((_owner(row), row.sid, row.may, row.on, row.condition) for row in new)
        parts.append(f"#### {heading}\n\n{table(head, lines)}")
    return "\n\n".join(parts)


def _owner(row: Row) -> str:
    return f"{row.owner}, for {row.who}" if row.who else row.owner


def _reasons(*tables: Mapping[tuple[str, str], str]) -> str:
    """Return a table of exceptions; those with the same reason share a line."""
    found = dict[str, dict[str, dict[str, None]]]()
    for (owner, sid), reason in (each for entries in tables for each in entries.items()):
        found.setdefault(reason, {}).setdefault(owner, {})[sid] = None
    lines = ((_where(owners), reason) for reason, owners in found.items())
    return table(("policy and Sid", "why"), sorted(lines))


def _where(owners: Mapping[str, Iterable[str]]) -> str:
    return "<br>".join(f"{owner}: {', '.join(sids)}" for owner, sids in sorted(owners.items()))


def _not_played() -> str:
    found = dict[tuple[str, str], list[str]]()
    for (owner, sid, action), reason in exceptions.NOT_PLAYED.items():
        found.setdefault((f"{owner}: {sid}", reason), []).append(action)
    lines = ((where, code(actions), reason) for (where, reason), actions in sorted(found.items()))
    return table(("policy and Sid", "may", "why"), lines)


_PARTS: dict[str, Callable[[], str]] = {
    "roles": _roles,
    "others": _others,
    "variants": _variants,
    "shared": lambda: _reasons(exceptions.SHARED),
    "wildcards": lambda: _reasons(exceptions.WILDCARD_ACTIONS, exceptions.WILDCARDS),
    "unconditioned": lambda: _reasons(exceptions.UNCONDITIONED),
    "not played": _not_played,
}


def main() -> None:
    """Rewrite the page, and say so if it was another one."""
    before = PAGE.read_text("utf-8")
    after = write(before)
    PAGE.write_text(after, "utf-8")
    sys.stdout.write(
        f"{PAGE.relative_to(ROOT)}: {'changed' if after != before else 'up to date'}\n"
    )


if __name__ == "__main__":
    main()
