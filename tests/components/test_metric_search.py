"""The dashboard's searches are judged by this reading of CloudWatch's documentation."""

from datetime import UTC, datetime

import pytest

from local.aws.cloudwatch.metric_store import Point
from tests.components.metric_search import parse


def point(*, name: str = "Done", **dimensions: str) -> Point:
    return Point("N", dimensions, name, "Count", 1, datetime(2026, 1, 5, tzinfo=UTC))


class TestSearch:
    """The examples of CloudWatch's own description of search expressions."""

    @staticmethod
    def finds(terms: str, name: str = "CustomCount1", **dimensions: str) -> bool:
        schema = ",".join(["N", *dimensions])
        query = parse(f"SEARCH(' {{{schema}}} {terms} ', 'Maximum', 120)")
        return query.finds(point(name=name, **dimensions))

    @pytest.mark.parametrize("term", ["count", "Count", "COUNT", "CustomCount", "Count1", "1"])
    def test_a_term_matches_in_part(self, term: str) -> None:
        assert self.finds(term)

    @pytest.mark.parametrize("term", ["couNT", "customcount", "count1", "coun", "ustom"])
    def test_a_term_that_is_cut_elsewhere_does_not(self, term: str) -> None:
        assert not self.finds(term)

    @pytest.mark.parametrize(
        "term", ["network/errors", "network+errors", "network-errors", "network_errors"]
    )
    def test_what_stands_between_words_does_not_count(self, term: str) -> None:
        assert self.finds(term, "network-errors-2")

    def test_quotes_ask_for_the_whole(self) -> None:
        assert self.finds('"CustomCount1"')
        assert not self.finds('"customcount1"')
        assert not self.finds('"Custom"')

    def test_a_designator_says_where_to_look(self) -> None:
        assert self.finds("InstanceType=micro", InstanceType="t2.micro")
        assert self.finds(
            'InstanceType="t2.micro" MetricName="CustomCount1"', InstanceType="t2.micro"
        )
        assert not self.finds("MetricName=micro", InstanceType="t2.micro")

    @pytest.mark.parametrize(
        ("terms", "found"),
        [
            ("custom other", False),
            ("custom AND count", True),
            ("other OR count", True),
            ("(other OR count) custom", True),
            ("(other OR more) custom", False),
            ("custom NOT other", True),
            ("custom NOT count", False),
        ],
    )
    def test_terms_can_be_combined(self, terms: str, *, found: bool) -> None:
        assert self.finds(terms) is found

    def test_the_schema_names_all_dimensions(self) -> None:
        query = parse("SEARCH('{N,host} Done', 'Sum', 60)")
        assert query.finds(point(host="a"))
        assert not query.finds(point())
        assert not query.finds(point(host="a", other="b"))
