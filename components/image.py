"""Image: the container, built from `container/` and kept by digest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker

from components import build_context
from components.aws import image_manifest

if TYPE_CHECKING:
    from components.aws.account import Account

_PLATFORM = "linux/amd64"
"""No instance type of SageMaker Processing has another processor."""

_UNTAGGED_DAYS = 7
_KEPT = 10
"""Of the newest images: one is in use, the others are there for a rollback."""


@dataclass(frozen=True, kw_only=True)
class ImageArgs:
    """What the image depends on."""

    account: Account
    prefix: str
    key_arn: pulumi.Input[str]
    context: Path
    """The build context, which holds the Dockerfile."""
    base_image: str | None
    """Replaces the Dockerfile's BASE_IMAGE."""
    keep_data: bool


class Image(pulumi.ComponentResource):
    """The image that jobs run.

    Creates: an ECR repository (scan on push, encrypted with the stack's key, a lifecycle that
    bounds tagged images too) and the image, built for linux/amd64 and pushed.

    The tag is a hash of the build context, so an unchanged context is never pushed again, and jobs
    name the digest, so nothing moves under them. A build of what the repository has, such as a
    rollback's, is that image again, by its own build cache. Never built in a preview, which warns
    of a base image without a digest: what its tag stands for moves.
    """

    uri: pulumi.Output[str]
    """The image by digest: `<repository>@sha256:<digest>`."""
    repository: pulumi.Output[str]
    """The repository's name."""
    repository_arn: pulumi.Output[str]
    """The repository's ARN."""

    def __init__(
        self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:image:Image", name, None, opts)
        repository = self._repository(name, args)
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=repository.name,
            policy=json.dumps(_lifecycle()),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._warn_of_base_image(args)
        digest = self._pushed(name, args, repository)
        self.uri = pulumi.Output.concat(repository.repository_url, "@", digest)
        self.repository = repository.name
        self.repository_arn = repository.arn
        self.register_outputs(
            {
                "uri": self.uri,
                "repository": self.repository,
                "repository_arn": self.repository_arn,
            }
        )

    def _repository(self, name: str, args: ImageArgs) -> aws.ecr.Repository:
        return aws.ecr.Repository(
            f"{name}-repository",
            name=args.prefix,
            # docker.Image pushes at each update, a tag that exists included; jobs name digests.
            image_tag_mutability="MUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            # It is never empty, and its images can be built again.
            force_delete=not args.keep_data,
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.keep_data, retain_on_delete=args.keep_data
            ),
        )

    def _pushed(
        self, name: str, args: ImageArgs, repository: aws.ecr.Repository
    ) -> pulumi.Output[str]:
        """Return the digest of the image, once it is built and pushed."""
        build_args = _build_args(args.base_image)
        tag = build_context.tag(args.context, build_args)
        context = build_context.stage(args.context)
        image_name = pulumi.Output.concat(repository.repository_url, ":", tag)
        login = aws.ecr.get_authorization_token_output(
            registry_id=repository.registry_id, opts=pulumi.InvokeOptions(parent=self)
        )
        image = docker.Image(
            f"{name}-image",
            image_name=image_name,
            build=docker.DockerBuildArgs(
                context=context.as_posix(),
                dockerfile=(context / build_context.DOCKERFILE).as_posix(),
                platform=_PLATFORM,
                args=build_args,
                cache_from=docker.CacheFromArgs(images=[image_name]),
                builder_version=docker.BuilderVersion.BUILDER_BUILD_KIT,
            ),
            build_on_preview=False,
            registry=docker.RegistryArgs(
                server=repository.repository_url,
                username=login.user_name,
                password=pulumi.Output.secret(login.password),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Docker may name the repository of another stack that has the same image.
        # https://github.com/pulumi/pulumi-docker/issues/778
        digest = image.repo_digest.apply(lambda uri: uri.rpartition("@")[2])
        if not pulumi.runtime.is_dry_run():
            digest.apply(lambda found: self._warn_of_manifest(args, tag, found))
        return digest

    def _warn_of_manifest(self, args: ImageArgs, tag: str, digest: str) -> None:
        found = image_manifest.media_type(args.account.region, args.prefix, digest)
        if warning := image_manifest.warning(found, args.prefix, tag):
            pulumi.log.warn(warning, resource=self)

    def _warn_of_base_image(self, args: ImageArgs) -> None:
        base = args.base_image
        if base and "@sha256:" not in base and pulumi.runtime.is_dry_run():
            warning = (
                f"The base image {base} has no digest, so it may be another image at each build. "
                f"Find its digest: docker buildx imagetools inspect {base}"
            )
            pulumi.log.warn(warning, resource=self)


def _build_args(base: str | None) -> dict[str, str]:
    # Its cache is inside the image, so the one that the repository has is found, layer by layer.
    return {"BUILDKIT_INLINE_CACHE": "1", **({"BASE_IMAGE": base} if base else {})}


def _lifecycle() -> dict[str, Any]:
    """Return ECR's lifecycle policy: untagged layers go soon, of the rest the newest stay."""
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"untagged images expire after {_UNTAGGED_DAYS} days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": _UNTAGGED_DAYS,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": f"the newest {_KEPT} images stay",
                "selection": {
                    "tagStatus": "any",
                    "countType": "imageCountMoreThan",
                    "countNumber": _KEPT,
                },
                "action": {"type": "expire"},
            },
        ]
    }
