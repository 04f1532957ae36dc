"""What policies decide together."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.aws.iam.evaluate import Access, Identity, Policies, Statements, admits, parse, refusal
from local.aws.iam.patterns import Value

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/launcher"
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
WHO = Identity(ROLE, "lambda")
QUEUE = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:failures"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234"
ALARM = f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:a"


def allow(action: str = "sqs:SendMessage", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str = "sqs:SendMessage", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def policy(*statements: dict[str, Any]) -> Statements:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


SEND = Access("sqs:SendMessage", QUEUE)
NAMED: dict[str, Any] = {"Principal": {"AWS": ROLE}}
IDENTITY = "because no identity-based policy allows the sqs:SendMessage action"
BOUNDARY = "because no permissions boundary allows the sqs:SendMessage action"


class TestARolesRequest:
    @pytest.mark.parametrize(
        ("identity", "boundary", "resource", "why"),
        [
            ([], None, [], IDENTITY),
            ([allow()], None, [], None),
            ([allow("sqs:*", QUEUE)], None, [], None),
            ([allow(resource=f"{QUEUE}2")], None, [], IDENTITY),
            ([allow("sqs:ReceiveMessage")], None, [], IDENTITY),
            ([allow(), deny()], None, [], "with an explicit deny in an identity-based policy"),
            ([allow(), deny(resource=KEY)], None, [], None),
            ([allow()], [allow()], [], None),
            ([allow()], [], [], BOUNDARY),
            ([], [allow()], [], IDENTITY),
            (
                [allow()],
                [allow(), deny()],
                [],
                "with an explicit deny in a permissions boundary",
            ),
            ([], None, [allow(**NAMED)], None),
            ([], None, [allow(Principal="*")], None),
            ([], [], [allow(**NAMED)], BOUNDARY),
            ([], None, [allow(Principal=ROOT)], IDENTITY),
            ([allow()], None, [allow(Principal=ROOT)], None),
            ([], None, [allow(Principal={"AWS": f"{ROLE}2"})], IDENTITY),
            ([], None, [allow(Principal={"Service": "lambda.amazonaws.com"})], IDENTITY),
            (
                [allow()],
                None,
                [deny(Principal="*")],
                "with an explicit deny in a resource-based policy",
            ),
            (
                [allow()],
                None,
                [deny(Principal=ROOT)],
                "with an explicit deny in a resource-based policy",
            ),
            ([allow()], None, [deny(Principal={"AWS": f"{ROLE}2"})], None),
        ],
    )
    def test_is_allowed_as_its_policies_say_together(
        self, identity: Any, boundary: Any, resource: Any, why: str | None
    ) -> None:
        bounds = None if boundary is None else policy(*boundary)
        policies = Policies(policy(*identity), bounds, policy(*resource))
        assert refusal(SEND, WHO, policies) == why

    @pytest.mark.parametrize(
        ("identity", "resource", "why"),
        [
            ([allow("kms:*")], [allow("kms:*", Principal=ROOT)], None),
            ([], [allow("kms:*", Principal=ROOT)], "no identity-based policy"),
            ([allow("kms:*")], [], "no resource-based policy"),
            ([allow("kms:*")], [allow("kms:Encrypt", Principal=ROOT)], "no resource-based policy"),
            ([], [allow("kms:Decrypt", **NAMED)], None),
        ],
    )
    def test_a_keys_policy_allows_or_leaves_it_to_iam(
        self, identity: Any, resource: Any, why: str | None
    ) -> None:
        policies = Policies(policy(*identity), None, policy(*resource))
        found = refusal(Access("kms:Decrypt", KEY), WHO, policies)
        assert found == (f"because {why} allows the kms:Decrypt action" if why else None)

    def test_what_is_excepted_is_not_meant(self) -> None:
        others = {"Effect": "Allow", "NotAction": "sqs:Send*", "Resource": "*"}
        assert refusal(SEND, WHO, Policies(policy(others))) == IDENTITY
        elsewhere = {"Effect": "Allow", "Action": "sqs:*", "NotResource": QUEUE}
        assert refusal(SEND, WHO, Policies(policy(elsewhere))) == IDENTITY
        assert refusal(Access("sqs:SendMessage", KEY), WHO, Policies(policy(elsewhere))) is None

    def test_a_condition_decides_and_its_keys_have_no_case(self) -> None:
        bound = policy(allow(Condition={"StringEquals": {"AWS:requestedRegion": "eu"}}))
        asked = Access("sqs:SendMessage", QUEUE, {"aws:RequestedRegion": "eu"})
        assert refusal(asked, WHO, Policies(bound)) is None
        assert refusal(SEND, WHO, Policies(bound)) == IDENTITY

    def test_an_element_that_is_not_played_is_no_guess(self) -> None:
        with pytest.raises(NotImplementedError, match="NotPrincipal"):
            policy(deny(NotPrincipal=ROOT))

    @given(
        st.lists(st.sampled_from([allow(), deny(), allow("sqs:Get*"), deny("kms:*")]), max_size=4),
        st.lists(st.sampled_from([allow(), allow("sqs:Get*")]), max_size=2),
    )
    def test_more_denies_and_fewer_allows_never_allow_more(
        self, identity: list[dict[str, Any]], boundary: list[dict[str, Any]]
    ) -> None:
        whole = Policies(policy(*identity))
        bounded = Policies(policy(*identity), policy(*boundary))
        denied = Policies(policy(*identity, deny("*")))
        if refusal(SEND, WHO, whole):
            assert refusal(SEND, WHO, bounded)
        assert refusal(SEND, WHO, denied)
        expected = any(each == allow() for each in identity) and deny() not in identity
        assert (refusal(SEND, WHO, whole) is None) == expected


def let_in(*statements: dict[str, Any], **context: str) -> bool:
    keys: dict[str, Value] = {key.replace("_", ":"): value for key, value in context.items()}
    return admits(
        policy(*statements), "cloudwatch.amazonaws.com", Access(SEND.action, SEND.resource, keys)
    )


SERVICE: dict[str, Any] = {"Principal": {"Service": "cloudwatch.amazonaws.com"}}


class TestAServicesRequest:
    def test_the_named_service_is_let_in(self) -> None:
        assert let_in(allow(**SERVICE))
        assert let_in(allow(Principal={"Service": ["x", "cloudwatch.amazonaws.com"]}))

    @pytest.mark.parametrize(
        "other",
        [
            {"Principal": {"Service": "events.amazonaws.com"}},
            {"Principal": ROOT},
            {"Action": "sqs:ReceiveMessage"},
            {"Resource": f"{QUEUE}2"},
            {"Effect": "Deny"},
            {"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}},
        ],
    )
    def test_any_other_statement_lets_nobody_in(self, other: dict[str, Any]) -> None:
        assert not let_in({**allow(**SERVICE), **other})

    def test_a_resource_without_policy_lets_nobody_in(self) -> None:
        assert not admits((), "events.amazonaws.com", SEND)

    @pytest.mark.parametrize("principal", ["*", {"AWS": "*"}])
    def test_a_deny_for_everybody_wins(self, principal: Any) -> None:
        assert not let_in(allow(**SERVICE), deny(Principal=principal))

    def test_its_source_is_compared(self) -> None:
        condition = {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:a*"}}
        assert let_in(allow(**SERVICE, Condition=condition), aws_SourceArn=ALARM)
        assert not let_in(allow(**SERVICE, Condition=condition), aws_SourceArn=QUEUE)
