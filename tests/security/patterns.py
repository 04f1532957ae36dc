"""Whether two patterns of ARNs can mean the same resource."""

import re
from dataclasses import dataclass
from functools import cache

_PARTS = re.compile(r"\$\{[^}]+\}|.", re.DOTALL)
_NOT_LITERAL = re.compile(r"[*?$]")
_ARN_SEPARATORS = 5
_WITHOUT_SLASH = ("BucketName", "GroupName", "TableName", "FunctionName", "KeyId")
"""Variables of ARNs' formats; else `bucket/*` would pass for a bucket of that name."""


@dataclass(frozen=True)
class _Token:
    """One character, or a wildcard."""

    text: str
    """`*` for any number, `?` for one; else itself."""
    excluded: str = ""
    """What a wildcard does not stand for."""

    @property
    def wild(self) -> bool:
        return self.text in ("*", "?")

    def shares(self, other: "_Token") -> bool:
        """Return whether some character is meant by both."""
        if self.wild and other.wild:
            return True
        if self.wild:
            return other.text not in self.excluded
        return other.shares(self) if other.wild else self.text == other.text


@cache
def overlap(one: str, other: str) -> bool:
    """Return whether some ARN matches both.

    Either is a pattern with IAM's `*` and `?`, none of which reaches over a colon before the
    resource, or a format with variables such as `${BucketName}`, each at least one character.
    """
    if _differ(one, other):
        return False
    left, right = _tokens(one), _tokens(other)
    # Every pair of places that reading the same characters can lead to.
    reached, new = set[tuple[int, int]](), {(0, 0)}
    while new:
        reached |= new
        new = {after for at in new for after in _steps(left, right, at)} - reached
    return (len(left), len(right)) in reached


def _differ(one: str, other: str) -> bool:
    """Return whether they differ before either may mean more than itself: most of them do."""
    shorter, longer = sorted((_NOT_LITERAL.split(each)[0] for each in (one, other)), key=len)
    return not longer.startswith(shorter)


def _steps(left: list[_Token], right: list[_Token], at: tuple[int, int]) -> set[tuple[int, int]]:
    i, j = at
    a = left[i] if i < len(left) else None
    b = right[j] if j < len(right) else None
    found: set[tuple[int, int]] = set()
    if a and a.text == "*":
        found.add((i + 1, j))
    if b and b.text == "*":
        found.add((i, j + 1))
    if a and b and a.shares(b):
        found.add((i if a.text == "*" else i + 1, j if b.text == "*" else j + 1))
    return found


def _tokens(pattern: str) -> list[_Token]:
    found, colons = list[_Token](), 0
    for part in _PARTS.findall(pattern):
        excluded = ":" if pattern.startswith("arn:") and colons < _ARN_SEPARATORS else ""
        if part.startswith("${"):
            excluded += "/" if part[2:-1] in _WITHOUT_SLASH else ""
            found += [_Token("?", excluded), _Token("*", excluded)]
        else:
            found.append(_Token(part, excluded if part in "*?" else ""))
            colons += part == ":"
    return found
