"""Images in a second region: what a registry has one of, so that no two stacks can undo it.

A registry has one replication configuration in each region. ECR creates no repository here, which
would have no lifecycle policy: its creation templates are for names below `<prefix>/`, and those of
stacks have none (CreateRepositoryCreationTemplate in the ECR API reference).
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import pulumi
import pulumi_aws as aws

from bootstrap.registry import refuse_to_replace
from bootstrap.stack import Stack
from components import image_lifecycle
from components.aws.account import Account

_MOST_RULES, _MOST_FILTERS = 10, 100
"""Of a registry's configuration, and of a rule, which has one region here (ECR user guide, "Amazon
ECR service quotas")."""
_KEPT = image_lifecycle.KEPT_TESTED + image_lifecycle.KEPT
"""As many as the first repository may have: whether a tag that is put on an image later comes with
it is documented nowhere."""


class Copy(NamedTuple):
    """A repository that another region has, too."""

    region: str
    to: str
    repository: str


class Images(pulumi.ComponentResource):
    """The images of all stacks with a pilot light, in its region.

    Creates: for each region with such a stack the replication configuration of its registry, unless
    somebody else has it, and in the other region a repository for the copies, with a lifecycle that
    bounds it. They go with the last stack that needs them; the first region has the images.

    Raises:
        RunError: more stacks than ECR has rules or filters for, or a filter, which is a prefix,
            would copy the images of another stack, or into its repository; or the registry has a
            replication configuration already.
    """

    def __init__(
        self,
        name: str,
        account: Account,
        stacks: Sequence[Stack],
        *,
        replicate: bool,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("sagemaker-processing-bootstrap:images:Images", name, None, opts)
        self._name, self._account, self._replicates = name, account, replicate
        looked = pulumi.ResourceHook(
            f"{name}-first", refuse_to_replace, pulumi.ResourceHookOptions(on_dry_run=True)
        )
        self._first = pulumi.ResourceHookBinding(before_create=[looked])
        copies = sorted({copy for each in stacks for copy in _copies(each)})
        builders = [each for each in stacks if not (each.is_pilot_light or each.their_images)]
        _refuse_others(copies, builders)
        for region in sorted({each.region for each in copies}):
            self._replicate(region, [each for each in copies if each.region == region])
        self.register_outputs({})

    def _replicate(self, region: str, copies: Sequence[Copy]) -> None:
        rules: dict[str, list[str]] = {}
        for each in copies:
            rules.setdefault(each.to, []).append(each.repository)
        if len(rules) > _MOST_RULES or max(map(len, rules.values())) > _MOST_FILTERS:
            raise pulumi.RunError(
                f"stacks: ECR copies from {region} to {_MOST_RULES} regions at most, and "
                f"{_MOST_FILTERS} repositories to each; let fewer stacks have a pilot light"
            )
        repositories = [self._repository(each) for each in copies]
        if not self._replicates:
            return
        aws.ecr.ReplicationConfiguration(
            f"{self._name}-{region}",
            region=region,
            replication_configuration={
                "rules": [
                    {
                        "destinations": [{"region": to, "registry_id": self._account.id}],
                        "repository_filters": [
                            {"filter": each, "filter_type": "PREFIX_MATCH"} for each in found
                        ],
                    }
                    for to, found in rules.items()
                ]
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=repositories, hooks=self._first),
        )

    def _repository(self, copy: Copy) -> aws.ecr.Repository:
        name = f"{self._name}-{copy.to}-{copy.repository}"
        repository = aws.ecr.Repository(
            name,
            name=copy.repository,
            region=copy.to,
            # As the first one: to a tag that may not move, an image comes without it.
            image_tag_mutability="MUTABLE",
            # With AWS's own key: a stack's goes with the stack, and costs.
            encryption_configurations=[{"encryption_type": "KMS"}],
            force_delete=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=repository.name,
            region=copy.to,
            policy=image_lifecycle.policy(_KEPT),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return repository


def _copies(stack: Stack) -> Iterator[Copy]:
    """Yield the repositories of its images in this account, if it has a pilot light."""
    if stack.other and not stack.is_pilot_light:
        registry = stack.account.arn("ecr", "repository/")
        for each in stack.their_images or [stack.own_images]:
            if each.startswith(registry):
                yield Copy(stack.account.region, stack.other.region, each.removeprefix(registry))


def _refuse_others(copies: Sequence[Copy], builders: Sequence[Stack]) -> None:
    for stack, copy in product(builders, copies):
        region, prefix = stack.account.region, stack.prefix
        own = f"stacks.{stack.name}.prefix = {prefix}"
        copied = copy._replace(repository=prefix) in copies
        if region == copy.region and prefix.startswith(copy.repository) and not copied:
            raise pulumi.RunError(
                f"{own}: ECR copies its images to {copy.to}, too, as it copies whatever begins "
                f"with {copy.repository}; choose another prefix, or add its pilot light there"
            )
        if (region, prefix) == (copy.to, copy.repository):
            raise pulumi.RunError(
                f"{own}: its repository in {region} would have the copies of the one in "
                f"{copy.region}; choose another prefix, or another region for the pilot light"
            )
