"""An account's bootstrap, recorded from its example, and what its roles may do."""

import gc
import json
import runpy
from collections.abc import Mapping
from functools import cache
from typing import Any

import pulumi

from bootstrap.settings import StackSettings
from bootstrap.stack import Stack
from components.aws.account import Account
from components.settings import stack_file
from local.aws.iam.evaluate import Access, Identity, Policies, parse, refusal
from tests.conftest import ACCOUNT, REGION, ROOT, Recorder, record

DIRECTORY = ROOT / "bootstrap"
BOOTSTRAP = stack_file.project(DIRECTORY)
"""The project's name."""
ROOT_DECIDES = parse(
    json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
        }
    )
)
"""A key's policy as the program writes it, and KMS by itself."""


PILOT_LIGHT = {
    "name": "standby",
    "prefix": "processing-prod",
    "region": "eu-west-1",
    "recovery_of": "prod",
}


@cache
def program() -> Recorder:
    """Return the recorded program of the example's stacks, dev and prod, and a pilot light."""
    keys = stack_file.keys(DIRECTORY, "example")
    stacks = [*json.loads(keys[f"{BOOTSTRAP}:stacks"]), PILOT_LIGHT]
    return recorded({**keys, f"{BOOTSTRAP}:stacks": json.dumps(stacks)})


def recorded(keys: dict[str, str]) -> Recorder:
    """Return the recorded program of a configuration."""

    def run() -> None:
        runpy.run_path(str(DIRECTORY / "__main__.py"), run_name="__main__")

    return record(run, "example", keys, BOOTSTRAP)


def refusal_of(keys: dict[str, str]) -> str:
    """Return why the program stops at a configuration.

    What it leaves complains when Python drops it: here, and not amid another test's parsing, which
    Python 3.11 does not survive.
    """
    said = ""
    try:
        recorded(keys)
    except pulumi.RunError as error:
        said = str(error)
    gc.collect()
    return said


@cache
def policies() -> dict[str, list[dict[str, Any]]]:
    """Return the statements of each managed policy, by its logical name."""
    found = program().inputs("aws:iam/policy:Policy")
    return {name: json.loads(each["policy"])["Statement"] for name, each in found.items()}


@cache
def of_role(role: str) -> list[dict[str, Any]]:
    """Return what a role such as `dev-deploy` may do: of all policies that it has."""
    attached = program().inputs("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    names = [name.removeprefix(f"{role}-") for name in attached if name.startswith(f"{role}-")]
    assert names
    stack = role.partition("-")[0]
    return [each for name in names for each in policies()[f"{stack}-{name}"]]


def refused(
    role: str, action: str, resource: str, context: Mapping[str, str] | None = None
) -> str | None:
    """Return why AWS refuses a role's request, None if it does not."""
    access = Access(action, resource, context or {})
    who = Identity(f"arn:aws:iam::{ACCOUNT}:role/{role}", "ci")
    return refusal(access, who, Policies(tuple(of_role(role)), resource=ROOT_DECIDES))


def stack(
    prefix: str, name: str = "dev", *, other: StackSettings | None = None, **settings: Any
) -> Stack:
    """Return a stack of the tests' account and region."""
    chosen = StackSettings(name=name, prefix=prefix, region=REGION, **settings)
    return Stack(chosen, Account("aws", REGION, ACCOUNT), other)
