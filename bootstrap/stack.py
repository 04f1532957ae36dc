"""One stack that CI deploys: its names, as policies spell them."""

from dataclasses import dataclass, replace

from bootstrap.settings import MAIN_PROJECT, StackSettings
from components import names
from components.aws.account import Account

PATH = "/sagemaker-processing-ci/"
"""Of all that bootstrap makes in IAM. No stack's role has a path, so no pattern of a deploy role's
own roles can mean its own role, another's, or a boundary."""


@dataclass(frozen=True)
class Stack:
    """A stack where it lives. Another one's prefix may begin as this one's does."""

    settings: StackSettings
    account: Account
    """With the stack's region."""
    other: StackSettings | None = None
    """Its pilot light, or whose pilot light it is."""

    @property
    def name(self) -> str:
        """Pulumi's name of the stack."""
        return self.settings.name

    @property
    def prefix(self) -> str:
        """What begins the physical names."""
        return self.settings.prefix

    @property
    def regional(self) -> str:
        """What begins, or is, a name that is unique in an account and not in a region."""
        return f"{self.prefix}-{self.account.region}"

    @property
    def is_pilot_light(self) -> bool:
        """Whether it is another stack in a second region."""
        return bool(self.settings.recovery_of)

    @property
    def elsewhere(self) -> Account | None:
        """The account, with the other region of a pair."""
        return replace(self.account, region=self.other.region) if self.other else None

    @property
    def own_images(self) -> str:
        """ARN of its own repository, which it may have or not."""
        return self.account.arn("ecr", f"repository/{self.prefix}")

    @property
    def their_images(self) -> list[str]:
        """ARNs of the repositories of others' images; a pilot light has copies in its region."""
        uses = [
            *self.settings.uses,
            *(self.other.uses if self.other and self.is_pilot_light else ()),
        ]
        found = [each.split(":") for each in uses if ":ecr:" in each]
        if self.is_pilot_light:
            found = [[*each[:3], self.account.region, *each[4:]] for each in found]
        return [":".join(each) for each in found]

    @property
    def tags(self) -> dict[str, str]:
        """The tags that the program gives all of the stack's resources, and those of no other."""
        return {"Project": MAIN_PROJECT, "Stack": self.name}

    @property
    def boundary_arn(self) -> str:
        """ARN of the managed policy that bounds every role of the stack."""
        return self.globally("iam", f"policy{PATH}{self.regional}-boundary")

    @property
    def roles(self) -> str:
        """ARN of the stack's roles, a pattern."""
        return self.globally("iam", f"role/{names.role(self.prefix, self.account.region, '*')}")

    @property
    def buckets(self) -> list[str]:
        """ARNs of its own buckets."""
        own = [
            names.bucket(self.prefix, role, self.account.id, self.account.region)
            for role in ("input", "output")
        ]
        return [f"arn:{self.account.partition}:s3:::{each}" for each in own]

    @property
    def topics(self) -> list[str]:
        """ARNs of its topics."""
        return self.arns("sns", *(names.topic(self.prefix, each) for each in ("alerts", "chat")))

    @property
    def queues(self) -> list[str]:
        """ARNs of its queues of failures."""
        own = [names.failure_queue(self.prefix, each) for each in names.FAILURE_QUEUES]
        return self.arns("sqs", *own)

    @property
    def functions(self) -> list[str]:
        """ARNs of its functions."""
        own = [names.function(self.prefix, each) for each in names.FUNCTIONS]
        return self.arns("lambda", *(f"function:{each}" for each in own))

    @property
    def log_groups(self) -> list[str]:
        """ARNs of its log groups, in both forms that IAM asks about."""
        own = [names.function_logs(self.prefix, each) for each in names.FUNCTIONS]
        own = [f"log-group:{each}" for each in [*own, names.flow_logs(self.prefix)]]
        return self.arns("logs", *(form for each in own for form in (each, f"{each}:*")))

    def arns(self, service: str, *resources: str) -> list[str]:
        """Return ARNs in the stack's account and region."""
        return [self.account.arn(service, each) for each in resources]

    def globally(self, service: str, resource: str) -> str:
        """Return an ARN of a service that has no regions."""
        return f"arn:{self.account.partition}:{service}::{self.account.id}:{resource}"
