"""CloudWatch's SEARCH, as it is documented: which metrics a search expression finds.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from local.aws.cloudwatch.metric_store import Point

Terms = Callable[[Point], bool]

_EXPRESSION = re.compile(
    r"""SEARCH\(\s*'\s*\{(?P<schema>[^}]*)\}\s*,?\s*(?P<terms>[^']*)'\s*,
    \s*'(?P<stat>\w+)'\s*(,\s*(?P<period>\d+)\s*)?\)""",
    re.VERBOSE,
)
_LEXEME = re.compile(r'\s*([()]|(?:[\w.:-]+=)?(?:"(?:\\.|[^"\\])*"|[^\s()"]+))')
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class Search:
    """A search expression, taken apart."""

    namespace: str
    dimensions: frozenset[str]
    terms: Terms
    stat: str
    period: int | None

    def finds(self, point: Point) -> bool:
        """Return whether the search finds the metric of a point."""
        dimensions = frozenset(point.dimensions)
        schema = (self.namespace, self.dimensions) == (point.namespace, dimensions)
        return schema and self.terms(point)


def parse(expression: str) -> Search:
    """Return the search that an expression is.

    Raises:
        ValueError: if it is another expression than a SEARCH with a metric schema.
    """
    match = _EXPRESSION.fullmatch(expression.strip())
    if not match:
        message = f"{expression}: only SEARCH('{{namespace,dimensions}} terms', 'stat', period)"
        raise ValueError(message)
    namespace, *dimensions = (part.strip().strip('"') for part in match["schema"].split(","))
    terms = _any_of(_Lexemes(match["terms"]))
    period = int(match["period"]) if match["period"] else None
    return Search(namespace, frozenset(dimensions), terms, match["stat"], period)


class _Lexemes:
    def __init__(self, text: str) -> None:
        self._items: list[str] = _LEXEME.findall(text)

    def take(self, wanted: str | None = None) -> str | None:
        """Return and remove the next one: any, or only the wanted one."""
        if self._items and wanted in (None, self._items[0]):
            return self._items.pop(0)
        return None

    def next_is(self, *wanted: str) -> bool:
        return bool(self._items) and self._items[0] in wanted

    def __bool__(self) -> bool:
        return bool(self._items)


def _any_of(lexemes: _Lexemes) -> Terms:
    choices = [_all_of(lexemes)]
    while lexemes.take("OR"):
        choices.append(_all_of(lexemes))
    return lambda point: any(choice(point) for choice in choices)


def _all_of(lexemes: _Lexemes) -> Terms:
    """Terms side by side all have to match: AND may be written or not."""
    conditions: list[Terms] = []
    while lexemes and not lexemes.next_is("OR", ")"):
        lexemes.take("AND")
        conditions.append(_term(lexemes))
    return lambda point: all(condition(point) for condition in conditions)


def _term(lexemes: _Lexemes) -> Terms:
    if lexemes.take("NOT"):
        denied = _term(lexemes)
        return lambda point: not denied(point)
    if lexemes.take("("):
        inner = _any_of(lexemes)
        lexemes.take(")")
        return inner
    return _match(lexemes.take() or "")


def _match(text: str) -> Terms:
    before, equals, after = text.partition("=")
    designator, value = (before, after) if equals and not before.startswith('"') else (None, text)
    if value.startswith('"'):
        exact = re.sub(r"\\(.)", r"\1", value[1:-1])
        return lambda point: exact in _values(designator, point)
    return lambda point: any(_contains(found, value) for found in _values(designator, point))


def _values(designator: str | None, point: Point) -> Iterator[str]:
    """Yield what a term is compared with: all of the metric, or what its designator says."""
    named = {"Namespace": point.namespace, "MetricName": point.name, **point.dimensions}
    if designator is None:
        yield from (*named.values(), *point.dimensions)
    elif designator in named:
        yield named[designator]


def _contains(value: str, term: str) -> bool:
    """Return whether a term matches in part.

    A single word matches a word or the whole, whatever the case; several match where they follow
    each other, in their case.
    """
    words, wanted = _WORD.findall(value), _WORD.findall(term)
    if len(wanted) == 1:
        return wanted[0].lower() in {*(word.lower() for word in words), "".join(words).lower()}
    starts = range(len(words) - len(wanted) + 1)
    return any(words[start : start + len(wanted)] == wanted for start in starts)
