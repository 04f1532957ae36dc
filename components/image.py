"""Image: the container, built from `container/` and kept by digest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pulumi_command as command

from components import base_image, build_context, image_push
from components.account import asking

if TYPE_CHECKING:
    from components.settings import ProtectionSettings

_PUSH = ".venv/bin/python -m components.image_push"
"""The same text on every machine, or each would change the resource: Pulumi.yaml names .venv."""

_UNTAGGED_DAYS = 7

_OCI = (
    "The manifest of image {tag} is {media_type}, which SageMaker may refuse. Docker's containerd "
    'store makes it: set "features": {{"containerd-snapshotter": false}} in Docker\'s '
    "daemon.json and restart Docker; then: aws ecr batch-delete-image --repository-name "
    "{repository} --image-ids imageTag={tag}; and pulumi up builds it anew."
)


@dataclass(frozen=True, kw_only=True)
class ImageArgs:
    """What the image depends on."""

    prefix: str
    key_arn: pulumi.Input[str]
    context: Path
    """The build context, which holds the Dockerfile."""
    base_image: str | None
    """Replaces the Dockerfile's BASE_IMAGE."""
    keep: int
    """How many of the newest images the repository keeps."""
    protection: ProtectionSettings


class Image(pulumi.ComponentResource):
    """The image that jobs run.

    Creates: an ECR repository (immutable tags, scan on push, encrypted with the stack's key, a
    lifecycle that bounds tagged images too) and the image, built for linux/amd64 and pushed.

    The tag is a hash of the build context: what the repository has under it is used, and only what
    it lacks is built, by a command that runs in an update and never in a preview. Jobs name the
    digest, so nothing moves under them.
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
            policy=json.dumps(_lifecycle(args.keep)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._warn_of_base_image(args)
        pushed = self._pushed(name, args, repository)
        self.uri = pulumi.Output.concat(repository.repository_url, "@", pushed["digest"])
        self.repository = repository.name
        self.repository_arn = repository.arn
        self.register_outputs(
            {
                "uri": self.uri,
                "repository": self.repository,
                "repository_arn": self.repository_arn,
            }
        )

    def _pushed(
        self, name: str, args: ImageArgs, repository: aws.ecr.Repository
    ) -> pulumi.Output[dict[str, str]]:
        """Return digest and media type of the image that the repository has, or is given."""
        build_args = {"BASE_IMAGE": args.base_image} if args.base_image else {}
        tag = build_context.tag(args.context, build_args)
        # Pulumi's state may call built what has expired since: another time lets the command run.
        is_there = tag in self._tags(args.prefix)
        result = command.local.Command(
            f"{name}-image",
            create=_PUSH,
            environment={
                "REPOSITORY": repository.repository_url,
                "TAG": tag,
                "CONTEXT": args.context.as_posix(),
                "MISSED_AT": "" if is_there else datetime.now(UTC).isoformat(),
                **build_args,
            },
            opts=pulumi.ResourceOptions(
                parent=self, ignore_changes=["environment.MISSED_AT"] if is_there else None
            ),
        )

        def read(printed: str) -> dict[str, str]:
            image: dict[str, str] = json.loads(printed)
            if image["media_type"] != image_push.DOCKER_MANIFEST:
                text = _OCI.format(tag=tag, repository=args.prefix, **image)
                pulumi.log.warn(text, resource=self)
            return image

        return result.stdout.apply(read)

    def _tags(self, repository: str) -> set[str]:
        """Return the tags that the repository has right now; none if there is no repository yet."""
        opts = pulumi.InvokeOptions(parent=self)
        with asking(f"which images the repository {repository} has"):
            if repository not in aws.ecr.get_repositories(opts=opts).names:
                return set()
            found = aws.ecr.get_images(repository_name=repository, opts=opts)
        return {image.image_tag for image in found.image_ids}

    def _warn_of_base_image(self, args: ImageArgs) -> None:
        in_force = base_image.in_force(args.context, args.base_image)
        warning = base_image.warning(in_force, pulumi.get_stack())
        if warning and pulumi.runtime.is_dry_run():
            pulumi.log.warn(warning, resource=self)

    def _repository(self, name: str, args: ImageArgs) -> aws.ecr.Repository:
        return aws.ecr.Repository(
            f"{name}-repository",
            name=args.prefix,
            image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
            image_tag_mutability_exclusion_filters=[
                {"filter": image_push.IN_USE, "filter_type": "WILDCARD"}
            ],
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            # It is never empty, and its images can be built again.
            force_delete=not args.protection.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protection.protect),
        )


def _lifecycle(keep: int) -> dict[str, Any]:
    """Return ECR's lifecycle policy: untagged layers go soon, of the rest the newest stay.

    An image that matches the tags of a rule is out of reach of the rules after it, so the one in
    use stays, however old it is after a rollback.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
    """
    return {
        "rules": [
            _expiry(
                *(1, "the image in use stays", "tagged", "imageCountMoreThan", 1),
                tagPrefixList=[image_push.IN_USE],
            ),
            _expiry(
                *(2, f"untagged images expire after {_UNTAGGED_DAYS} days"),
                *("untagged", "sinceImagePushed", _UNTAGGED_DAYS),
                countUnit="days",
            ),
            _expiry(3, f"the newest {keep} images stay", "any", "imageCountMoreThan", keep),
        ]
    }


def _expiry(
    priority: int, description: str, tags: str, count: str, number: int, **more: object
) -> dict[str, Any]:
    selection = {"tagStatus": tags, "countType": count, "countNumber": number, **more}
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": "expire"},
    }
