"""Whose jobs may take a role of CI: this repository's, in its environment, by its workflow."""

import json
from typing import Any

import pytest

from local.aws.iam.conditions import holds
from tests.bootstrap.account import program
from tests.security import reference
from tests.security.policies import conditions

HOST = "token.actions.githubusercontent.com"
FILE = "OWNER/NAME/.github/workflows/{}@{}"
MAIN, PULL_REQUEST = "refs/heads/main", "refs/pull/12/merge"
DEPLOY, PREVIEW, DRIFT = (
    {"environment": environment, "job_workflow_ref": FILE.format(workflow, ref)}
    for environment, workflow, ref in (
        ("dev", "deploy.yml", MAIN),
        ("preview-dev", "preview.yml", PULL_REQUEST),
        ("drift-dev", "drift.yml", MAIN),
    )
)


def statements(role: str) -> list[dict[str, Any]]:
    roles = program().inputs("aws:iam/role:Role")
    return json.loads(roles[role]["assumeRolePolicy"])["Statement"]


def admitted(role: str, claims: dict[str, str]) -> bool:
    """Return whether a role's trust admits a token with such claims, beside what is usual."""
    subject = f"repo:OWNER/NAME:environment:{claims['environment']}"
    usual = {"aud": "sts.amazonaws.com", "repository_id": "2", "sub": subject}
    context = {f"{HOST}:{key}": value for key, value in (usual | claims).items()}
    return any(holds(each["Condition"], context) for each in statements(role))


@pytest.mark.parametrize(
    ("role", "claims"), [("dev-deploy", DEPLOY), ("dev-preview", PREVIEW), ("dev-preview", DRIFT)]
)
def test_a_role_is_for_its_own_jobs_with_either_form_of_the_subject(
    role: str, claims: dict[str, str]
) -> None:
    assert admitted(role, claims)
    with_ids = f"repo:OWNER@1/NAME@2:environment:{claims['environment']}"
    assert admitted(role, {**claims, "sub": with_ids})
    for key, other in {
        "repository_id": "3",
        "environment": "prod",
        "aud": "https://github.com/OWNER",
        "sub": "repo:OWNER/NAME:ref:refs/heads/main",
        "job_workflow_ref": FILE.format("other.yml", MAIN),
    }.items():
        assert not admitted(role, {**claims, key: other}), key


@pytest.mark.parametrize(
    ("role", "claims"),
    [
        ("dev-deploy", {**DEPLOY, "job_workflow_ref": FILE.format("deploy.yml", "refs/heads/x")}),
        ("dev-deploy", {**DEPLOY, "job_workflow_ref": FILE.format("deploy.yml", PULL_REQUEST)}),
        ("dev-deploy", PREVIEW),
        ("dev-deploy", DRIFT),
        ("prod-deploy", DEPLOY),
        ("dev-preview", DEPLOY),
        ("prod-preview", PREVIEW),
    ],
)
def test_no_other_branch_stack_or_use_has_it(role: str, claims: dict[str, str]) -> None:
    assert not admitted(role, claims)


def test_every_claim_is_one_that_aws_compares() -> None:
    action = reference.action("sts:AssumeRoleWithWebIdentity")
    assert action
    keys = {key for each in statements("dev-preview") for _, key, _ in conditions(each)}
    # `aud` and `sub` are every provider's, and so in no list of GitHub's.
    assert {key.removeprefix(f"{HOST}:") for key in keys if key not in action.keys} == {
        "aud",
        "sub",
    }
