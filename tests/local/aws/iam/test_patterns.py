"""How the patterns and the conditions of a policy compare."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.aws.iam.conditions import holds
from local.aws.iam.patterns import (
    Value,
    matches,
    matches_arn,
    matches_resource,
    resolved,
)

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/launcher"
QUEUE = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:failures"
ALARM = f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:a"
TEXT = st.text("ab*?[]{}$:/\n.", max_size=6)


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "value", "fits"),
        [
            ("a*c", "abbc", True),
            ("a*", "a\nb", True),
            ("a?c", "abc", True),
            ("a?c", "ac", False),
            ("a[bc]", "ab", False),
            ("a[bc]", "a[bc]", True),
            ("A", "a", False),
            ("a.c", "abc", False),
        ],
    )
    def test_only_the_star_and_the_question_mark_are_wildcards(
        self, pattern: str, value: str, *, fits: bool
    ) -> None:
        assert matches(pattern, value) == fits

    @given(st.lists(st.sampled_from(["*", "?", "a", "[", "b]", ":"]), max_size=5), TEXT)
    def test_they_mean_what_they_mean_in_every_place(self, pattern: list[str], value: str) -> None:
        def fits(rest: list[str], text: str) -> bool:
            if not rest:
                return not text
            head, tail = rest[0], rest[1:]
            if head == "*":
                return any(fits(tail, text[start:]) for start in range(len(text) + 1))
            if head == "?":
                return bool(text) and fits(tail, text[1:])
            return text.startswith(head) and fits(tail, text.removeprefix(head))

        assert matches("".join(pattern), value) == fits(pattern, value)

    def test_no_wildcard_of_an_arn_in_a_condition_reaches_over_a_colon(self) -> None:
        assert matches_arn("arn:aws:sqs:*:*:failures", QUEUE)
        assert not matches_arn("arn:aws:sqs:*:failures", QUEUE)
        assert not matches_arn("arn:*", QUEUE)
        assert matches_arn("*", QUEUE)

    @pytest.mark.parametrize("matching", [matches_arn, matches_resource])
    def test_behind_the_fifth_colon_an_arn_is_one_text(self, matching: Any) -> None:
        group = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:"
        assert matching(f"{group}a:*", f"{group}a:log-stream:b")
        assert matching(f"{group}?:l*:b", f"{group}a:log-stream:b")

    @pytest.mark.parametrize(
        ("pattern", "fits"),
        [
            ("arn:aws:sqs:*:failures", True),
            ("arn:aws:sqs:eu-*", True),
            ("arn:*", True),
            ("arn:aws:sqs", True),
            ("arn:aws:sqs:e*1:1*2:failures", True),
            ("arn:aws:sqs:e*1:failures", False),
            ("arn:aws:sqs:*:failure", False),
            ("arn:aws:sq", False),
            ("arn:aws:sns", False),
        ],
    )
    def test_a_resource_is_completed_and_a_last_star_of_a_segment_reaches_on(
        self, pattern: str, *, fits: bool
    ) -> None:
        assert matches_resource(pattern, QUEUE) == fits

    def test_variables_in_patterns_stand_for_a_character_or_are_no_guess(self) -> None:
        assert matches("${*}${?}${$}", "*?$")
        assert not matches("${*}", "a")
        for matching in (matches, matches_arn, matches_resource):
            with pytest.raises(NotImplementedError, match="no variables in patterns"):
                matching("${aws:PrincipalArn}/*", f"{ROLE}/a")

    def test_where_texts_are_compared_they_have_the_requests_value(self) -> None:
        context: dict[str, Value] = {"aws:principalarn": ROLE, "s3:prefix": "*"}
        assert resolved("${aws:PrincipalArn}/a${$}", context) == f"{ROLE}/a$"
        assert resolved("${s3:prefix}", context) == "*"
        assert resolved("${aws:username}", context) is None, "the request has none"
        with pytest.raises(NotImplementedError, match="default"):
            resolved("${aws:username, 'x'}", {})


class TestConditions:
    @pytest.mark.parametrize(
        ("operator", "found", "wanted", "expected"),
        [
            ("StringEquals", "a", ["b", "a"], True),
            ("StringEquals", "a", "A", False),
            ("StringEquals", "ab", "a*", False),
            ("StringEquals", "${x}", "${$}{x}", True),
            ("StringNotEquals", "a", ["b", "a"], False),
            ("StringNotEquals", "c", ["b", "a"], True),
            ("StringEqualsIgnoreCase", "a", "A", True),
            ("StringNotEqualsIgnoreCase", "a", "A", False),
            ("StringLike", "ab", "a*", True),
            ("StringLike", "", ["", "home/*"], True),
            ("StringNotLike", "ab", "a*", False),
            ("ArnEquals", ALARM, f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:*", True),
            ("ArnLike", ALARM, f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:b*", False),
            ("ArnLike", ALARM, "arn:aws:cloudwatch:*:alarm:a", False),
            ("ArnNotEquals", ALARM, ALARM, False),
            ("ArnNotLike", ALARM, "arn:aws:sns:*:*:*", True),
            ("Bool", "True", "true", True),
            ("Bool", "false", "true", False),
            ("NumericLessThanEquals", "10", "9", False),
            ("NumericLessThanEquals", "900", "3600", True),
            ("NumericLessThanEquals", "3600", "3600", True),
            ("Null", "a", "false", True),
            ("Null", "a", "true", False),
            ("ForAllValues:StringEquals", ["a", "b"], ["a", "b", "c"], True),
            ("ForAllValues:StringEquals", ["a", "d"], ["a", "b", "c"], False),
            ("ForAllValues:StringNotEquals", ["a", "d"], ["a"], False),
            ("ForAnyValue:StringEquals", ["a", "d"], ["a"], True),
            ("ForAnyValue:StringEquals", ["d"], ["a"], False),
            ("ForAnyValue:StringNotEquals", ["a", "d"], ["a"], True),
            ("ForAnyValue:StringLike", "ab", "a*", True),
        ],
    )
    def test_an_operator_compares(
        self, operator: str, found: Any, wanted: Any, *, expected: bool
    ) -> None:
        assert holds({operator: {"aws:Key": wanted}}, {"aws:key": found}) == expected

    @pytest.mark.parametrize(
        ("operator", "expected"),
        [
            ("StringEquals", False),
            ("StringNotEquals", True),
            ("ArnLike", False),
            ("Bool", False),
            ("NumericLessThanEquals", False),
            ("StringEqualsIfExists", True),
            ("BoolIfExists", True),
            ("ForAllValues:StringEquals", True),
            ("ForAnyValue:StringEquals", False),
            ("ForAnyValue:StringNotEquals", False),
            ("ForAnyValue:StringLikeIfExists", True),
        ],
    )
    def test_a_key_that_the_request_has_not(self, operator: str, *, expected: bool) -> None:
        condition = {operator: {"aws:Key": "1"}}
        assert holds(condition, {}) == expected
        assert holds(condition, {"aws:key": []}) == expected

    def test_null_asks_whether_there_is_a_value(self) -> None:
        assert holds({"Null": {"aws:Key": "true"}}, {})
        assert not holds({"Null": {"aws:Key": "false"}}, {"aws:key": []})
        assert holds({"Null": {"aws:Key": "false"}}, {"aws:key": ""})

    def test_all_conditions_have_to_hold(self) -> None:
        both: dict[str, dict[str, Any]] = {
            "StringEquals": {"a": "1", "b": "2"},
            "Bool": {"c": "true"},
        }
        assert holds(both, {"a": "1", "b": "2", "c": "true"})
        for key in ("a", "b", "c"):
            assert not holds(both, {"a": "1", "b": "2", "c": "true", key: "x"})

    def test_if_exists_still_compares_what_is_there(self) -> None:
        assert not holds({"StringEqualsIfExists": {"a": "1"}}, {"a": "2"})

    @pytest.mark.parametrize(
        "operator", ["DateGreaterThan", "IpAddress", "NumericLessThan", "ForEach:StringEquals"]
    )
    def test_an_operator_that_is_not_played_is_no_guess(self, operator: str) -> None:
        with pytest.raises(NotImplementedError, match=operator):
            holds({operator: {"aws:Key": "2026-01-01"}}, {})

    @pytest.mark.parametrize("number", ["1_0", "abc", "nan", " 1", "1e3", "1.5", ""])
    def test_what_is_no_number_is_no_guess(self, number: str) -> None:
        for found, wanted in ((number, "1"), ("1", number)):
            with pytest.raises(NotImplementedError, match="as a number"):
                holds({"NumericLessThanEquals": {"aws:Key": wanted}}, {"aws:key": found})

    def test_json_values_mean_their_text(self) -> None:
        assert holds({"StringEquals": {"a": [True]}, "Null": {"a": False}}, {"a": "true"})
        assert holds({"NumericLessThanEquals": {"a": 10}}, {"a": "10"})

    def test_several_values_are_compared_with_a_qualifier_only(self) -> None:
        with pytest.raises(NotImplementedError, match="ForAnyValue:StringEquals"):
            holds({"StringEquals": {"aws:TagKeys": "a"}}, {"aws:tagkeys": ["a"]})
