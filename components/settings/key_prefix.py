"""Key prefixes that may name the slot and the schedule, such as `input/{slot:%Y/%m/%d}/`."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from pipeline import slot_fields
from pipeline.kind import SCRATCH

_EXAMPLE = "input/{slot:%Y/%m/%d}/"
# S3's "safe characters"; * ? and $ would be wildcards and variables in the policies that name the
# prefix. With bucket and schedule the S3Uri stays below SageMaker's 1,024 characters.
_SAFE = re.compile(r"[A-Za-z0-9!_.'()/=+@:,-]{1,512}")
_OBJECT = re.compile(r"[A-Za-z0-9!_.'()=+@:,-]+(/[A-Za-z0-9!_.'()=+@:,-]+)*")
_SAMPLE_SLOT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def problem(template: str) -> str | None:
    """Return what is wrong with a prefix, or None."""
    if re.search("[{}]", slot_fields.FIELD.sub("", template).replace("{schedule}", "")):
        return (
            "may contain only {schedule} and {slot:…}, {local:…}, {previous:…} or "
            f"{{previous_local:…}} with strftime's codes, as in {_EXAMPLE}"
        )
    if found := slot_fields.problem(template) or _too_wide(fixed(template)):
        return found
    rendered = slot_fields.render_prefix(template, "daily", _SAMPLE_SLOT, "rate(1 day)", "UTC")
    if not rendered.endswith("/") or rendered.startswith("/") or "//" in rendered:
        return f"must end with one / and neither begin with / nor contain //, as in {_EXAMPLE}"
    if not _SAFE.fullmatch(rendered):
        return "may hold at most 512 of the characters a-z A-Z 0-9 ! _ . ' ( ) / = + @ : , -"
    return None


def _too_wide(begin: str) -> str | None:
    """Return why roles may not be given what the keys of all slots begin with, or None."""
    if not begin:
        return (
            "must not begin with {: roles are given what stands before it, which would be the "
            f"whole bucket; write it like {_EXAMPLE}, or 20{{slot:%y/%m/%d}}/ for folders by year"
        )
    if begin.startswith(SCRATCH) or SCRATCH.startswith(begin):
        return f"must not overlap {SCRATCH}, where spot jobs keep what is not finished"
    return None


def object_problem(name: str) -> str | None:
    """Return what is wrong with the rest of an object's key after a prefix, or None."""
    if len(name) <= 256 and _OBJECT.fullmatch(name):
        return None
    return (
        "must be the rest of an object's key after the prefix, as in _SUCCESS: at most 256 of the "
        "characters a-z A-Z 0-9 ! _ . ' ( ) / = + @ : , - without / at its ends or twice"
    )


def fixed(template: str) -> str:
    """Return the part that all slots share: what an IAM statement can name."""
    return template.partition("{")[0]


def widest(templates: Iterable[str]) -> list[str]:
    """Return those parts of several prefixes, without what another one of them holds already."""
    prefixes = {fixed(template) for template in templates}
    return sorted(
        each
        for each in prefixes
        if not any(each != other and each.startswith(other) for other in prefixes)
    )
