"""The image as the registry has it: whether it is there, and what SageMaker may refuse of it."""

import boto3
import pulumi
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
"""The one media type that SageMaker is known to take."""
_PATIENCE = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 2})


def media_type(region: str, repository: str, digest: str, if_missing: str) -> str | None:
    """Return the media type of an image's manifest by ECR; None if ECR does not say.

    No function of Pulumi's AWS or Docker provider returns it.

    Raises:
        RunError: the repository does not have the image; `if_missing` says why, and the way out.
    """
    try:
        [image] = boto3.client("ecr", region_name=region, config=_PATIENCE).describe_images(
            repositoryName=repository, imageIds=[{"imageDigest": digest}]
        )["imageDetails"]
    except (BotoCoreError, ClientError) as error:
        if "NotFoundException" not in str(error):  # of the image, or of the repository
            return None
        raise pulumi.RunError(
            f"The repository {repository} has no image {digest}{if_missing}"
        ) from None
    return image.get("imageManifestMediaType")


def warning(found: str | None, repository: str, tag: str) -> str | None:
    """Return what is said of a manifest's media type, with the way out; None if all is well."""
    if found in (None, _DOCKER):
        return None
    return (
        f"The manifest of image {tag} is {found}, which SageMaker may refuse. Docker's containerd "
        'store makes it: set "features": {"containerd-snapshotter": false} in Docker\'s '
        "daemon.json and restart Docker. Delete the image, which would be found again: aws ecr "
        f"batch-delete-image --repository-name {repository} --image-ids imageTag={tag}. Then push "
        "it anew: pulumi up --replace '**image-image'"
    )
