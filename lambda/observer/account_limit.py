"""A limit of the account, as SageMaker's refusal states it."""

import re
from typing import NamedTuple

# Recorded in tests/observer/recorded_reasons.json. Limits count instances, or GBs of a volume.
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_FORMS = [
    re.compile(
        rf"service.limit (?:for )?'?(?P<name>[^']*?)'? is (?P<most>{_NUMBER}) \w+, with "
        rf"current utilization of {_NUMBER} \w+ and a request delta of (?P<asked>{_NUMBER}) \w+",
        re.IGNORECASE,
    ),
    re.compile(
        rf"request delta of (?P<asked>{_NUMBER}) \w+ for '(?P<name>[^']*)' is greater than the "
        rf"account-level service.limit of (?P<most>{_NUMBER}) \w+",
        re.IGNORECASE,
    ),
]


class AccountLimit(NamedTuple):
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
        return re.search(r"\bml\.[a-z0-9-]+\.\w+", self.name) is not None


def read(reason: str) -> AccountLimit | None:
    """Return the limit that a reason states, or None where it states none in a known form."""
    for form in _FORMS:
        if found := form.search(reason):
            most, asked = (float(found[name].replace(",", "")) for name in ("most", "asked"))
            return AccountLimit(found["name"], most, asked)
    return None
