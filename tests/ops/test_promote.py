"""`ops promote`, on an ECR in moto."""

import json
from typing import Any

import pytest

from tests.conftest import ACCOUNT, REGION
from tests.ops.world import World

REPOSITORY = "processing-prod"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
TAG = "tested-20260107T120000Z"


@pytest.fixture
def uri(world: World) -> str:
    """An image of the stack's repository, by digest."""
    ecr = world.client("ecr")
    ecr.create_repository(repositoryName=REPOSITORY)
    layer = {"mediaType": "a", "size": 1, "digest": f"sha256:{'0' * 64}"}
    manifest = {"schemaVersion": 2, "mediaType": DOCKER, "config": layer, "layers": [layer]}
    made = ecr.put_image(
        repositoryName=REPOSITORY,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType=DOCKER,
        imageTag="0123456789abcdef",
    )["image"]
    return f"{REGISTRY}/{REPOSITORY}@{made['imageId']['imageDigest']}"


def runs(world: World, image: str | None) -> None:
    """Let the launcher have this image, or an environment that nobody here may read."""
    environment = {"Variables": {"IMAGE_URI": image}} if image else {"Error": {"ErrorCode": "x"}}
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:processing-prod-launcher"
    answer = {"FunctionArn": arn, "Environment": environment}
    world.answers.setdefault("GetFunctionConfiguration", []).append(answer)


def images(world: World) -> dict[str, list[str]]:
    found: list[dict[str, Any]] = world.client("ecr").describe_images(repositoryName=REPOSITORY)[
        "imageDetails"
    ]
    return {each["imageDigest"]: sorted(each["imageTags"]) for each in found}


def test_tags_the_image_that_the_stack_runs_and_prints_its_uri_alone(
    world: World, uri: str
) -> None:
    runs(world, uri)
    assert world.ops("promote") == (0, f"{uri}\n", "")
    assert images(world) == {uri.partition("@")[2]: ["0123456789abcdef", TAG]}


def test_an_image_is_tagged_once(world: World, uri: str) -> None:
    for _ in range(2):
        runs(world, uri)
        assert world.ops_json("promote") == (0, {"image_uri": uri, "tag": TAG})
        world.sleep(5)
    assert images(world) == {uri.partition("@")[2]: ["0123456789abcdef", TAG]}


@pytest.mark.parametrize(
    ("registry", "repository"),
    [(REGISTRY, "processing-dev"), (REGISTRY.replace(ACCOUNT, "210987654321"), REPOSITORY)],
)
def test_an_image_of_another_repository_is_its_builders_to_promote(
    world: World, registry: str, repository: str
) -> None:
    image = f"{registry}/{repository}@sha256:{'a' * 64}"
    runs(world, image)
    status, out, err = world.ops("promote")
    assert (status, out) == (1, "")
    assert f"prod runs {image}, an image of another repository: who builds it promotes it" in err


def test_what_cannot_be_promoted_is_told_with_the_way_out(world: World, uri: str) -> None:
    runs(world, f"{uri.partition('@')[0]}@sha256:{'a' * 64}")
    assert "which the stack runs: build one with pulumi up --replace" in world.ops("promote")[2]
    runs(world, None)
    assert "may not kms:Decrypt the environment" in world.ops("promote")[2]
