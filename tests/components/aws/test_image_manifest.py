"""What SageMaker may refuse of an image is told, and an update never fails by the question."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from pulumi import RunError

from components.aws.image_manifest import media_type, warning
from tests.conftest import REGION
from tests.quick_moto import mock_aws

if TYPE_CHECKING:
    from mypy_boto3_ecr.client import ECRClient

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"


@pytest.mark.parametrize("kind", [DOCKER, OCI])
def test_is_what_the_registry_says_of_the_digest(kind: str) -> None:
    with mock_aws():
        ecr: ECRClient = cast("Any", boto3).client("ecr", region_name=REGION)
        ecr.create_repository(repositoryName="p-dev")
        layer = {"mediaType": "a", "size": 1, "digest": f"sha256:{'0' * 64}"}
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": layer, "layers": [layer]}
        image = ecr.put_image(
            repositoryName="p-dev",
            imageManifest=json.dumps(manifest),
            imageManifestMediaType=kind,
            imageTag="1",
        )["image"]
        assert (
            media_type(REGION, "p-dev", image.get("imageId", {}).get("imageDigest", ""), "") == kind
        )


def test_is_not_known_where_ecr_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = f"sha256:{'0' * 64}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert media_type(REGION, "no-network", digest, "") is None
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert media_type(REGION, "no-credentials", digest, "") is None
    monkeypatch.setenv("AWS_PROFILE", "absent")
    assert media_type(REGION, "no-profile", digest, "") is None


def test_is_warned_of_only_where_it_is_another_than_dockers() -> None:
    assert warning(DOCKER, "p-dev", "1") is None
    assert warning(None, "p-dev", "1") is None
    said = warning(OCI, "p-dev", "1") or ""
    assert OCI in said
    assert "--repository-name p-dev --image-ids imageTag=1" in said


@pytest.mark.parametrize("repository", ["p-dev", "gone"])
def test_a_digest_that_the_repository_does_not_have_ends_the_operation(repository: str) -> None:
    with mock_aws():
        cast("Any", boto3).client("ecr", region_name=REGION).create_repository(
            repositoryName="p-dev"
        )
        with pytest.raises(RunError, match=rf"{repository} has no image sha256:0+: why"):
            media_type(REGION, repository, f"sha256:{'0' * 64}", ": why")
