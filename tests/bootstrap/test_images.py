"""Images reach the region of a pilot light, and no others do."""

import json
from typing import Any

import pytest

from tests.bootstrap.account import recorded, refusal_of
from tests.bootstrap.test_settings import LIGHT, STACK, keys
from tests.conftest import ACCOUNT, REGION, Recorder

CONFIGURATION = "aws:ecr/replicationConfiguration:ReplicationConfiguration"
USES = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/"


def made(*stacks: dict[str, Any]) -> Recorder:
    return recorded(keys(list(stacks)))


def rules(recorder: Recorder) -> dict[str, dict[str, list[str]]]:
    """Return region -> region of the copies -> prefixes of the repositories."""
    return {
        each["region"]: {
            rule["destinations"][0]["region"]: [
                found["filter"] for found in rule["repositoryFilters"]
            ]
            for rule in each["replicationConfiguration"]["rules"]
        }
        for each in recorder.inputs(CONFIGURATION).values()
    }


def test_a_registry_has_one_replication_for_all_stacks_with_a_pilot_light() -> None:
    other = STACK | {"name": "b", "prefix": "b"}
    far = STACK | {"name": "c", "prefix": "c", "region": "us-east-1"}
    lights = (
        LIGHT,
        LIGHT | {"name": "b2", "prefix": "b", "recovery_of": "b"},
        LIGHT | {"name": "c2", "prefix": "c", "recovery_of": "c"},
    )
    plain = STACK | {"name": "d", "prefix": "d"}
    assert rules(made(STACK, other, far, plain, *lights)) == {
        REGION: {"eu-west-1": ["b", "data"]},
        "us-east-1": {"eu-west-1": ["c"]},
    }
    assert rules(made(STACK, other)) == {}


def test_the_repository_that_a_stacks_images_come_from_is_copied() -> None:
    prod = STACK | {"name": "prod", "prefix": "prod", "uses": [f"{USES}data"]}
    light = LIGHT | {"prefix": "prod", "recovery_of": "prod"}
    assert rules(made(STACK, prod, light)) == {REGION: {"eu-west-1": ["data"]}}
    others = prod | {"uses": [f"{USES}data".replace(ACCOUNT, "210987654321")]}
    assert rules(made(others, light)) == {}


def test_copies_lie_in_a_bounded_encrypted_repository() -> None:
    recorder = made(STACK, LIGHT)
    repository = recorder.one("aws:ecr/repository:Repository")
    assert (repository["name"], repository["region"]) == ("data", "eu-west-1")
    assert repository["encryptionConfigurations"] == [{"encryptionType": "KMS"}]
    lifecycle = recorder.one("aws:ecr/lifecyclePolicy:LifecyclePolicy")
    assert (lifecycle["repository"], lifecycle["region"]) == ("data", "eu-west-1")
    kept = [each["selection"]["countNumber"] for each in json.loads(lifecycle["policy"])["rules"]]
    assert kept == [30, 40]


def test_where_somebody_else_replicates_only_the_repositories_are_made() -> None:
    recorder = recorded(keys([STACK, LIGHT], image_replication="existing"))
    assert rules(recorder) == {}
    assert recorder.one("aws:ecr/repository:Repository")["name"] == "data"


@pytest.mark.parametrize(
    ("another", "said"),
    [
        (
            {"name": "b", "prefix": "data-x", "region": REGION},
            "stacks.b.prefix = data-x: ECR copies its images to eu-west-1, too",
        ),
        (
            {"name": "b", "prefix": "b", "region": REGION, "uses": [f"{USES}data"]},
            "",
        ),
        ({"name": "b", "prefix": "data-x", "region": "us-east-1"}, ""),
        ({"name": "b", "prefix": "dat", "region": REGION}, ""),
    ],
)
def test_images_of_a_stack_without_a_pilot_light_stay(another: dict[str, Any], said: str) -> None:
    if not said:
        assert rules(made(STACK, LIGHT, another)) == {REGION: {"eu-west-1": ["data"]}}
        return
    assert refusal_of(keys([STACK, LIGHT, another])).startswith(said)


def test_a_longer_name_may_have_a_pilot_light_there_too() -> None:
    longer = STACK | {"name": "b", "prefix": "data-x"}
    light = LIGHT | {"name": "b2", "prefix": "data-x", "recovery_of": "b"}
    assert rules(made(STACK, LIGHT, longer, light)) == {REGION: {"eu-west-1": ["data", "data-x"]}}


def test_copies_never_come_into_the_repository_of_another_stack() -> None:
    prod = STACK | {"name": "prod", "prefix": "prod", "uses": [f"{USES}data"]}
    light = LIGHT | {"prefix": "prod", "recovery_of": "prod"}
    there = STACK | {"name": "b", "region": "eu-west-1"}
    said = refusal_of(keys([STACK, prod, light, there]))
    assert said.startswith("stacks.b.prefix = data: its repository in eu-west-1")


def test_more_than_ecr_takes_is_told() -> None:
    stacks = [STACK | {"name": f"s{each}", "prefix": f"s{each}x"} for each in range(101)]
    lights = [
        LIGHT | {"name": f"l{each}", "prefix": f"s{each}x", "recovery_of": f"s{each}"}
        for each in range(101)
    ]
    assert "100 repositories to each" in refusal_of(keys([*stacks, *lights]))
