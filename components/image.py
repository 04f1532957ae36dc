"""Image: the container, built from `container/` and kept by digest."""

import json
import re
from dataclasses import replace

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker

from components import build_context, image_lifecycle
from components.aws import image_manifest
from components.aws.account import Account
from components.policies import resources
from components.stack import Stack

_NAMED_BY_DOCKER = (
    # pulumi-docker takes the first of the digests that Docker has for the image.
    ", which Docker named for it: it has the same image of another repository, too. Remove "
    "Docker's copies (docker image prune --all), then: pulumi up --replace '**image-image'"
)
_NAMED_BY_SETTING = (
    ", which image.uri names: it has expired, or was deleted. Name one that is there (aws ecr "
    "describe-images --repository-name {repository}), or remove image.uri to build one."
)
_NOT_COPIED = (
    " in {region}, and a pilot light builds none. Bootstrap has ECR copy there what is pushed from "
    "then on (docs/deploy.md, images of a pilot light). If this one was pushed before, copy it, "
    "with Docker logged in to both registries; its digest stays: docker buildx imagetools create "
    "--prefer-index=false --tag {there}:first {uri}"
)
_UNSEEN = (
    "ECR does not say whether {repository} has the image of image.uri. If it is ecr:DescribeImages "
    "that is missing: roles that bootstrap/ bounds can pull only from the repositories in its uses."
)


class Image(pulumi.ComponentResource):
    """The image that jobs run.

    Creates: an ECR repository (scan on push, encrypted with the stack's key, a lifecycle that
    bounds it, a policy for jobs of other accounts) and the image, built for linux/amd64 and pushed.
    With `image.uri` that image runs, and none is built: this is how a stack goes back to the very
    image that ran, or runs what another stack has tested. With one of another repository it has
    none itself, and neither has a pilot light, which takes the copy in its own region.

    The tag is a hash of the build context, so an unchanged context is never pushed again, and jobs
    name the digest, so nothing moves under them. Never built in a preview, which warns of a base
    image without a digest: what its tag stands for moves.

    Raises:
        RunError: `image.uri` names an image that its repository in this account does not have, or
            there is no repository for `image.shared_with`.
    """

    uri: pulumi.Output[str]
    """The image by digest: `<repository>@sha256:<digest>`."""
    repository: pulumi.Output[str]
    """Name of the repository that it is in."""
    owner: Account
    """The account that has the repository."""

    def __init__(self, name: str, stack: Stack) -> None:
        super().__init__("sagemaker-processing:image:Image", name, None, stack.opts)
        self.owner = stack.account
        if uri := stack.settings.image.uri:
            if stack.settings.is_pilot_light:
                self._use_copy(stack, uri)
            else:
                self._use(name, stack, uri)
        else:
            self._warn_of_base_image(stack.settings.image.base)
            repository = self._repository(name, stack)
            self.uri = self._pushed(name, stack, repository)
            self.repository = repository.name
        self.register_outputs({})

    def _use(self, name: str, stack: Stack, uri: str) -> None:
        """Take an image that exists; the stack keeps its repository only if the image is of that.

        Whether another account has it only that one may say: a job's failure tells.
        """
        repository = self._find(stack, uri, _NAMED_BY_SETTING)
        if (self.owner, repository) == (stack.account, stack.prefix):
            self._repository(name, stack)
        elif stack.settings.image.shared_with:
            raise pulumi.RunError(
                f"image.shared_with: the stack has no images to share, as image.uri {uri} is of "
                "another repository; list the stacks in the file of the one that builds it"
            )

    def _use_copy(self, stack: Stack, uri: str) -> None:
        """Take the home stack's image, by the same digest, from the registry of this region.

        The repository is whose that copies it: see bootstrap/ and docs/deploy.md.
        """
        region = stack.account.region
        here = re.sub(r"(?<=\.ecr\.)[a-z0-9-]+", region, uri, count=1)
        there = here.partition("@")[0]
        self._find(stack, here, _NOT_COPIED.format(region=region, there=there, uri=uri))

    def _find(self, stack: Stack, uri: str, if_missing: str) -> str:
        """Note where an image is, and return its repository's name.

        Raises:
            RunError: this account has no such image; `if_missing` says why.
        """
        registry, _, path = uri.partition("/")
        repository, _, digest = path.partition("@")
        self.owner = replace(stack.account, id=registry.partition(".")[0])
        self.uri = pulumi.Output.from_input(uri)
        self.repository = pulumi.Output.from_input(repository)
        if self.owner == stack.account:
            missing = if_missing.format(repository=repository)
            if not image_manifest.media_type(stack.account.region, repository, digest, missing):
                pulumi.log.warn(_UNSEEN.format(repository=repository), resource=self)
        return repository

    def _repository(self, name: str, stack: Stack) -> aws.ecr.Repository:
        keep = stack.settings.keep_images
        repository = aws.ecr.Repository(
            f"{name}-repository",
            name=stack.prefix,
            # docker.Image pushes at each update, a tag that exists included; jobs name digests.
            image_tag_mutability="MUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": stack.key_arn}],
            # It is never empty, and its images can be built again.
            force_delete=not keep,
            opts=pulumi.ResourceOptions(parent=self, protect=keep, retain_on_delete=keep),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=repository.name,
            policy=image_lifecycle.policy(),
            opts=pulumi.ResourceOptions(parent=self),
        )
        if policy := resources.repository_policy(stack):
            aws.ecr.RepositoryPolicy(
                f"{name}-policy",
                repository=repository.name,
                policy=json.dumps(policy),
                opts=pulumi.ResourceOptions(parent=self),
            )
        return repository

    def _pushed(
        self, name: str, stack: Stack, repository: aws.ecr.Repository
    ) -> pulumi.Output[str]:
        """Return the image by digest, once it is built and pushed."""
        base = stack.settings.image.base
        # The cache is inside the image: the one that the repository has is found, layer by layer.
        build_args = {"BUILDKIT_INLINE_CACHE": "1", **({"BASE_IMAGE": base} if base else {})}
        tag = build_context.tag(build_context.CONTEXT, build_args)
        context = build_context.stage(build_context.CONTEXT)
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
                # No instance type of SageMaker Processing has another processor.
                platform="linux/amd64",
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
            digest.apply(lambda found: self._warn_of_manifest(stack, tag, found))
        return pulumi.Output.concat(repository.repository_url, "@", digest)

    def _warn_of_manifest(self, stack: Stack, tag: str, digest: str) -> None:
        found = image_manifest.media_type(
            stack.account.region, stack.prefix, digest, _NAMED_BY_DOCKER
        )
        if warning := image_manifest.warning(found, stack.prefix, tag):
            pulumi.log.warn(warning, resource=self)

    def _warn_of_base_image(self, base: str | None) -> None:
        if base and "@sha256:" not in base and pulumi.runtime.is_dry_run():
            warning = (
                f"The base image {base} has no digest, so it may be another image at each build. "
                f"Find its digest: docker buildx imagetools inspect {base}"
            )
            pulumi.log.warn(warning, resource=self)
