"""What two patterns have in common."""

import pytest

from tests.security.patterns import overlap
from tests.security.reference import action, operator_problem


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("job/a--*", "job/a--b", True),
        ("job/a--*", "job/a-b--*", False),
        ("job/a-*", "job/a-b--*", True),
        ("job/*/x", "job/a/*", True),
        ("job/?", "job/ab", False),
        ("job/?b", "job/a*", True),
        ("*", "job/a", True),
        ("job/a", "job/b", False),
        ("job/a*", "job/", False),
        ("job/*", "job/${Name}", True),
        ("job/", "job/${Name}", False),
    ],
)
def test_patterns_overlap_where_some_name_matches_both(one: str, other: str, common: bool) -> None:
    assert overlap(one, other) is common
    if "$" not in other:
        assert overlap(other, one) is common


@pytest.mark.parametrize(
    ("name", "pattern", "accepted"),
    [
        ("s3:ListBucket", "arn:aws:s3:::data", True),
        ("s3:ListBucket", "arn:aws:s3:::data/*", False),
        ("s3:GetObject", "arn:aws:s3:::data/in/*", True),
        ("s3:GetObject", "arn:aws:s3:::data", False),
        ("logs:PutLogEvents", "arn:aws:logs:eu-west-1:1:log-group:/aws/lambda/f:*", True),
        ("logs:PutLogEvents", "arn:aws:logs:eu-west-1:1:log-group:/aws/lambda/f", False),
        ("sqs:SendMessage", "arn:aws:sns:eu-west-1:1:topic", False),
        ("sagemaker:ListProcessingJobs", "arn:aws:sagemaker:eu-west-1:1:processing-job/*", False),
    ],
)
def test_an_action_accepts_what_it_works_on(name: str, pattern: str, accepted: bool) -> None:
    found = action(name)
    assert found
    assert found.accepts(pattern) is accepted


def test_only_aws_own_spelling_of_an_action_exists() -> None:
    assert action("kms:Decrypt")
    assert action("kms:decrypt") is None
    assert action("kms:Unlock") is None
    assert action("keys:Decrypt") is None


@pytest.mark.parametrize(
    ("operator", "kind", "fits"),
    [
        ("StringEquals", "String", True),
        ("StringEqualsIfExists", "String", True),
        ("ArnLike", "ARN", True),
        ("StringLike", "ARN", False),
        ("Bool", "Bool", True),
        ("StringEquals", "Numeric", False),
        ("NumericLessThanEquals", "Numeric", True),
        ("ForAllValues:StringEquals", "ArrayOfString", True),
        ("StringEquals", "ArrayOfString", False),
        ("ForAnyValue:StringEquals", "String", False),
        ("Null", "ArrayOfString", True),
    ],
)
def test_an_operator_fits_the_type_of_its_key(operator: str, kind: str, fits: bool) -> None:
    assert (operator_problem(operator, kind, ["arn:aws:s3:::data"]) is None) is fits


def test_an_operator_of_arns_compares_arns() -> None:
    assert operator_problem("ArnLike", "String", ["data"])


def test_a_keys_own_part_is_any_name() -> None:
    found = action("kms:Decrypt")
    assert found
    assert found.type_of("kms:EncryptionContext:aws:logs:arn") == "String"
    assert found.type_of("kms:viaservice") == "String"
    assert found.type_of("s3:prefix") is None
