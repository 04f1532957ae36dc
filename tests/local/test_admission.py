"""Whom a resource's policy lets in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.admission import admits

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
ALARM = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:a"


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
        **changes,
    }


def let_in(*statements: dict[str, Any], **context: str) -> bool:
    return admits(
        json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
        service="cloudwatch.amazonaws.com",
        action="sns:Publish",
        resource=TOPIC,
        context={key.replace("_", ":"): value for key, value in context.items()},
    )


class TestStatements:
    def test_the_named_service_is_let_in(self) -> None:
        assert let_in(statement())
        assert let_in(statement(Principal={"Service": ["x", "cloudwatch.amazonaws.com"]}))
        assert let_in(statement(Action=["SNS:*"], Resource="*"))

    @pytest.mark.parametrize(
        "other",
        [
            {"Principal": {"Service": "events.amazonaws.com"}},
            {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
            {"Principal": {"AWS": "*"}},
            {"Action": "sns:Subscribe"},
            {"Resource": f"{TOPIC}2"},
            {"Effect": "Deny"},
        ],
    )
    def test_any_other_statement_lets_nobody_in(self, other: dict[str, Any]) -> None:
        assert not let_in(statement(**other))

    def test_a_resource_without_policy_lets_nobody_in(self) -> None:
        assert not admits(None, service="s", action="a", resource="r", context={})

    @pytest.mark.parametrize("principal", ["*", {"AWS": "*"}])
    def test_a_deny_for_everybody_wins(self, principal: Any) -> None:
        assert not let_in(statement(), statement(Effect="Deny", Principal=principal))

    def test_a_deny_of_requests_without_tls_does_not_hold_for_services(self) -> None:
        no_tls = {"Bool": {"aws:SecureTransport": "false"}}
        assert let_in(statement(), statement(Effect="Deny", Principal="*", Condition=no_tls))


class TestConditions:
    @pytest.mark.parametrize(
        ("condition", "holds"),
        [
            ({"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:*:123456789012:alarm:*"}}, True),
            ({"ArnEquals": {"aws:SourceArn": ALARM}}, True),
            ({"ArnLike": {"AWS:SourceArn": [ALARM, "other"]}}, True),
            ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, True),
            ({"StringEquals": {"aws:SourceAccount": "210987654321"}}, False),
            ({"StringNotEquals": {"aws:SourceAccount": "210987654321"}}, True),
            ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
            ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, True),
            (
                {
                    "ArnLike": {"aws:SourceArn": ALARM},
                    "StringEquals": {"aws:SourceAccount": "210987654321"},
                },
                False,
            ),
        ],
    )
    def test_all_have_to_hold(self, condition: dict[str, Any], *, holds: bool) -> None:
        context = {"aws_SourceArn": ALARM, "aws_SourceAccount": "123456789012"}
        assert let_in(statement(Condition=condition), **context) == holds

    def test_an_operator_that_is_not_played_is_no_guess(self) -> None:
        with pytest.raises(NotImplementedError, match="DateGreaterThan"):
            let_in(statement(Condition={"DateGreaterThan": {"aws:CurrentTime": "2026-01-01"}}))
