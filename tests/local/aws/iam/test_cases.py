"""Requests with AWS's verdict, each with the page of AWS's documentation that it rests on."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.aws.iam.authority import keys_of_role
from local.aws.iam.evaluate import Access, Identity, Policies, admits, parse, refusal
from local.aws.iam.store import Store
from tests.local.aws.iam.iam_caller import REGION

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))


class OneRole:
    """What a request's keys need of the store."""

    account, region = "123456789012", REGION

    def role(self, arn: str) -> Any:
        del arn
        return SimpleNamespace(id="AROAEXAMPLE")


def allowed(case: dict[str, Any]) -> bool:
    """Return the verdict of the local IAM; what it does not play, it refuses."""

    def document(kind: str) -> str:
        version = case.get("version", "2012-10-17")
        return json.dumps({"Version": version, "Statement": case.get(kind, [])})

    access = Access(case["action"], case["resource"], case.get("context", {}))
    try:
        if ":assumed-role/" not in case["who"]:
            return admits(parse(document("resource_policy")), case["who"], access)
        *_, account, session = case["who"].split(":", 5)
        _, role, name = session.split("/")
        who = Identity(f"arn:aws:iam::{account}:role/{role}", name)
        if "sent_by_aws" in case:
            access = sent(who, access, case["sent_by_aws"])
        # Both limit what the identity's own policies allow; no case has the two.
        bounds = [kind for kind in ("boundary", "session_policy") if kind in case]
        policies = Policies(
            parse(document("identity")),
            parse(document(bounds[0])) if bounds else None,
            parse(document("resource_policy")),
        )
        return refusal(access, who, policies) is None
    except NotImplementedError:
        return False


def sent(who: Identity, access: Access, keys: dict[str, str]) -> Access:
    """Return a request with the keys that the local IAM sends by itself, which AWS does too."""
    store: Store = OneRole()  # pyright: ignore[reportAssignmentType]
    context = keys_of_role(store, who, access)
    assert {key: context[key.lower()] for key in keys} == keys
    return Access(access.action, access.resource, context)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['id']}: {c['topic']}" for c in CASES])
def test_a_request_is_answered_as_by_aws(case: dict[str, Any]) -> None:
    assert allowed(case) == (case["aws"] == "allow"), case["page"]


def test_there_are_as_many_verdicts_of_each_kind_as_were_collected() -> None:
    assert [sum(c["aws"] == v for c in CASES) for v in ("allow", "deny")] == [43, 59]
