"""Key prefixes that may contain the slot, such as `input/{slot:%Y/%m/%d}/`."""

import re
from datetime import UTC, datetime

_EXAMPLE = "input/{slot:%Y/%m/%d}/"
# S3's "safe characters"; * ? and $ would be wildcards and variables in the policies that name the
# prefix. With bucket and schedule the S3Uri stays below SageMaker's 1,024 characters.
_SAFE = re.compile(r"[A-Za-z0-9!_.'()/=+@:,-]{1,512}")
_TEMPLATE = re.compile(r"([^{}]|\{schedule\}|\{slot:(%[A-Za-z]|[^%{}])+\})*")
"""Without a field's width, which could be a gigabyte."""
_SAMPLE_SLOT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def problem(template: str) -> str | None:
    """Return what is wrong with a prefix, or None."""
    if not _TEMPLATE.fullmatch(template):
        return f"may contain only {{slot:<strftime format>}} and {{schedule}}, as in {_EXAMPLE}"
    if not fixed(template):
        return (
            "must not begin with {: roles are given what stands before it, which would be the "
            f"whole bucket; write it like {_EXAMPLE}, or 20{{slot:%y/%m/%d}}/ for folders by year"
        )
    rendered = render(template, "daily", _SAMPLE_SLOT)
    if not rendered.endswith("/") or rendered.startswith("/") or "//" in rendered:
        return f"must end with one / and neither begin with / nor contain //, as in {_EXAMPLE}"
    if not _SAFE.fullmatch(rendered):
        return "may hold at most 512 of the characters a-z A-Z 0-9 ! _ . ' ( ) / = + @ : , -"
    return None


def render(template: str, schedule: str, slot: datetime) -> str:
    """Return the prefix of one slot."""
    return template.format(schedule=schedule, slot=slot)


def fixed(template: str) -> str:
    """Return the part that all slots share: what an IAM statement can name."""
    return template.partition("{")[0]
