"""Policies in words, of forms that the recorded previews lack."""

import json
from typing import Any

import pytest

from ci import permissions
from ci.events import UNKNOWN, Change

ROLE, BUCKET = "aws:iam/role:Role", "aws:s3/bucketPolicy:BucketPolicy"
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": statements})}


def told(kind: str, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    lines = permissions.told([Change(kind, "it", "update", old, new)])
    assert lines[:1] in ([], ["- `it`"])
    return [line.removeprefix("  - ") for line in lines[1:]]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "NotResource": "a"},
            "**may now**: `everything but iam:*, sts:*` on `everything but a`",
        ),
        ({**ALLOW, "Effect": "Deny"}, "**is now denied**: `s3:GetObject` on `*`"),
        ({**ALLOW, "Principal": "*"}, "`*` **may now**: `s3:GetObject` on `*`"),
        (
            {**ALLOW, "NotPrincipal": {"AWS": ["a"]}},
            "`everything but a` **may now**: `s3:GetObject` on `*`",
        ),
        (
            {**ALLOW, "Condition": {"NumericLessThan": {"k": 5}, "ArnLike": {"j": ["b", "a"]}}},
            "**may now**: `s3:GetObject` on `*` when `j is like a or b and k NumericLessThan 5`",
        ),
    ],
)
def test_every_form_of_a_statement_has_words(statement: dict[str, Any], words: str) -> None:
    assert told(BUCKET, {}, policy(statement)) == [words]


def test_only_the_difference_is_told_however_statements_are_cut() -> None:
    before = policy({**ALLOW, "Action": ["a", "b"], "Resource": ["x", "y"]})
    one = {**ALLOW, "Action": "a", "Resource": ["y", "x"], "Sid": "Another"}
    assert told(BUCKET, before, policy(one, {**ALLOW, "Action": ["b"], "Resource": "x"})) == [
        "**may no longer**: `b` on `y`"
    ]


def test_who_may_call_a_function_is_told_as_a_policy_would() -> None:
    new = {"principal": "p", "action": "lambda:InvokeFunction", "function": "f", "sourceArn": "s"}
    assert told("aws:lambda/permission:Permission", {}, new) == [
        "`p` **may now**: `lambda:InvokeFunction` on `f` when `aws:SourceArn is like s`"
    ]


def test_a_roles_boundary_is_told() -> None:
    assert told(ROLE, {"permissionsBoundary": "a"}, {}) == ["`permissionsBoundary`: `'a'` → `None`"]


def test_what_else_iam_has_is_not_passed_over() -> None:
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert told(kind, {}, {"policyArn": "a"}) == [f"`{kind}`, update: see the diff"]
    managed = told(ROLE, {"managedPolicyArns": ["a"]}, {"managedPolicyArns": ["a", "b"]})
    assert managed == ["`managedPolicyArns`: `['a']` → `['a', 'b']`"]


def test_an_unknown_policy_of_a_new_resource_is_said() -> None:
    assert told(BUCKET, {}, {"policy": UNKNOWN}) == ["`policy`: known only during the update"]


def test_how_long_images_stay_is_no_right() -> None:
    rules = {"policy": json.dumps({"rules": [{"action": {"type": "expire"}}]})}
    assert told("aws:ecr/lifecyclePolicy:LifecyclePolicy", {}, rules) == []
