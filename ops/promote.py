"""Marks the image that a stack runs as tested, so that its repository keeps it for other stacks."""

import argparse
from typing import Any

from rich.text import Text

from components.names import TESTED
from ops.session import Session
from ops.stack import OpsError, Stack
from pipeline.attempt import slot_name


def promote(session: Session, options: argparse.Namespace) -> int:
    """Tag the image that the stack's next job runs, and print its URI; done once for an image."""
    del options
    stack = session.stack
    uri = _image(stack)
    image = {"imageDigest": uri.partition("@")[2]}
    where = {"repositoryName": stack.prefix, "imageIds": [image]}
    ecr = stack.client("ecr")
    try:
        [found] = ecr.describe_images(**where)["imageDetails"]
    except (ecr.exceptions.ImageNotFoundException, ecr.exceptions.RepositoryNotFoundException):
        raise OpsError(
            f"The repository {stack.prefix} has no image {uri}, which the stack runs: build one "
            f"with pulumi up --replace '**image-image' --stack {stack.name}"
        ) from None
    tags = [each for each in found.get("imageTags", []) if each.startswith(TESTED)]
    if not tags:
        tags = [f"{TESTED}{slot_name(session.now())}"]
        kind = found["imageManifestMediaType"]
        [manifest] = ecr.batch_get_image(**where, acceptedMediaTypes=[kind])["images"]
        ecr.put_image(
            repositoryName=stack.prefix,
            imageManifest=manifest["imageManifest"],
            imageManifestMediaType=kind,
            imageTag=tags[0],
            **image,
        )
    session.screen.answer({"image_uri": uri, "tag": tags[-1]}, Text(uri))
    return 0


def _image(stack: Stack) -> str:
    """Return the image that the launcher is told to run.

    Raises:
        OpsError: nobody may read it, or it is of another repository than the stack's own.
    """
    function: dict[str, Any] = stack.client("lambda").get_function_configuration(
        FunctionName=stack.launcher
    )
    environment = function["Environment"]
    if "Variables" not in environment:
        raise OpsError(
            f"These credentials may not kms:Decrypt the environment of {stack.launcher}. "
            f"Use a role that may deploy stack {stack.name}."
        )
    uri: str = environment["Variables"]["IMAGE_URI"]
    account = function["FunctionArn"].split(":")[4]
    own = f"{account}.dkr.ecr.{stack.region}.amazonaws.com/{stack.prefix}@"
    if not uri.startswith(own):
        raise OpsError(
            f"Stack {stack.name} runs {uri}, an image of another repository: who builds it "
            "promotes it, with --stack of its own"
        )
    return uri
