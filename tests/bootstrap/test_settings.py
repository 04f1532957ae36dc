"""What the stack file may say, and in which words the rest is refused."""

import json
from typing import Any

import pytest

from bootstrap.settings import read
from components.names import MAX_PREFIX
from components.settings.errors import SettingsError
from tests.bootstrap.account import BOOTSTRAP, recorded, refusal_of
from tests.conftest import ACCOUNT

STACK = {"name": "dev", "prefix": "data", "region": "eu-central-1"}
LIGHT = {"name": "west", "prefix": "data", "region": "eu-west-1", "recovery_of": "dev"}
GIVEN: dict[str, Any] = {"repository": "me/data", "owner_id": "1", "repository_id": "2"}


def keys(stacks: Any, **changes: Any) -> dict[str, str]:
    given = {f"{BOOTSTRAP}:{key}": each for key, each in {**GIVEN, **changes}.items() if each}
    return {"aws:region": "eu-central-1", f"{BOOTSTRAP}:stacks": json.dumps(stacks), **given}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"repository": "data"}, 'repository = "data": must be OWNER/NAME'),
        ({"owner_id": ""}, ":owner_id is missing"),
        ({"repository_id": "me"}, 'repository_id = "me": must be a number that GitHub gave'),
        ({"repository": "{me}/x"}, 'repository = "{me}/x": must be OWNER/NAME'),
        ({"stacks": {"dev": 1}}, 'stacks = {"dev": 1}: must be a list'),
        ({"branch": "*"}, 'branch = "*": must be a branch without wildcards'),
        ({"colour": "red"}, 'colour = "red": there is no such key'),
        ({"stacks": [STACK | {"prefix": "a--b"}]}, '.prefix = "a--b": must be a-z, 0-9'),
        ({"stacks": [STACK | {"region": "eu-central-9"}]}, '.region = "eu-central-9": '),
        *(
            ({"stacks": [STACK | {"uses": [f"arn:aws:{each}"]}]}, "[0].uses[0] = ")
            for each in ("s3:::*", "s3:::bucket/key", f"kms:eu-central-1:{ACCOUNT}:alias/key")
        ),
        ({"stacks": [STACK, STACK | {"prefix": "b"}]}, "stacks[1].name = dev: another stack has"),
        ({"stacks": [STACK, STACK | {"name": "b"}]}, "stacks[1].prefix = data: another stack of"),
        (
            {"stacks": [STACK, LIGHT | {"recovery_of": "prod"}]},
            "stacks[1].recovery_of = prod: must be a stack of this file that is no pilot",
        ),
        (
            {"stacks": [STACK, LIGHT, LIGHT | {"name": "c", "prefix": "c", "recovery_of": "west"}]},
            "stacks[2].recovery_of = west: must be a stack of this file that is no pilot light",
        ),
        (
            {"stacks": [STACK, LIGHT, LIGHT | {"name": "c", "region": "us-east-1"}]},
            "stacks[2].recovery_of = dev: another stack is its pilot light",
        ),
        (
            {"stacks": [STACK, LIGHT | {"prefix": "c"}]},
            "stacks[1].prefix = c: must be data, as dev has it",
        ),
        (
            {"stacks": [STACK, LIGHT | {"prefix": "data", "region": "eu-central-1"}]},
            "stacks[1].prefix = data: another stack of eu-central-1 has it",
        ),
        (
            # Whose roles the first one's patterns would mean.
            {"stacks": [STACK, STACK | {"name": "b", "prefix": "data-eu-central-1"}]},
            "stacks[1].prefix = data-eu-central-1: must not begin with data-eu-central-1, as the",
        ),
    ],
)
def test_a_mistake_is_told_with_key_value_and_what_is_allowed(
    changes: dict[str, Any], said: str
) -> None:
    stacks = changes.pop("stacks", [STACK])
    with pytest.raises(SettingsError) as refused:
        read(keys(stacks, **changes), BOOTSTRAP, "example")
    assert said in str(refused.value)
    assert str(refused.value).startswith("Pulumi.example.yaml has 1 problem:")


def test_the_longest_names_fit_what_iam_takes_and_too_much_is_told() -> None:
    longest = {"prefix": "p" * MAX_PREFIX, "region": "ap-southeast-1"}
    stack = {**STACK, **longest, "data": "destroy", "tested": True}
    light = {**stack, "name": "west", "region": "ap-southeast-2", "recovery_of": "dev"}
    recorded(keys([stack, light]))
    uses = [f"arn:aws:s3:::{'bucket' * 10}{number}" for number in range(40)]
    said = refusal_of(keys([{**stack, "uses": uses}]))
    assert said.startswith("stacks.dev: its policy boundary would have")
