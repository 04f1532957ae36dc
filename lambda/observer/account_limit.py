"""A limit of the account, as SageMaker's refusal states it."""

import re
from dataclasses import dataclass

# Recorded in tests/observer/recorded_reasons.json. Limits count instances, or GBs of a volume.
_FORMS = [
    re.compile(
        r"service.limit (?:'(?P<name>[^']*)'|for (?P<old_name>\S+)) is (?P<most>[\d,.]+) \w+, with "
        r"current utilization of [\d,.]+ \w+ and a request delta of (?P<asked>[\d,.]+) \w+",
        re.IGNORECASE,
    ),
    re.compile(
        r"request delta of (?P<asked>[\d,.]+) \w+ for '(?P<name>[^']*)' is greater than the "
        r"account-level service.limit of (?P<most>[\d,]+) \w+",
        re.IGNORECASE,
    ),
]
_TYPE = re.compile(r"\bml\.[a-z0-9-]+\.\w+")


@dataclass(frozen=True)
class AccountLimit:
    """What a refusal states."""

    name: str
    most: float
    asked: float
    """By this request alone."""

    @property
    def never_fits(self) -> bool:
        """Whether the request is too large even while nothing else runs: no wait helps then."""
        return self.asked > self.most

    @property
    def is_of_a_type(self) -> bool:
        """Whether it limits one instance type, so that another may still start."""
        return _TYPE.search(self.name) is not None


def read(reason: str) -> AccountLimit | None:
    """Return the limit that a reason states, or None where it states none in a known form."""
    for form in _FORMS:
        if found := form.search(reason):
            values = found.groupdict()
            name = values["name"] or values.get("old_name") or ""
            return AccountLimit(name, _number(values["most"]), _number(values["asked"]))
    return None


def _number(text: str) -> float:
    return float(text.strip(".").replace(",", ""))
