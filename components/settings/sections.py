"""The parts of the settings that are the whole stack's: no schedule sets them otherwise."""

import re
from typing import Annotated, Literal

from pydantic import Field

from components.settings import values
from components.settings.values import Frozen, checked


class Share(Frozen):
    """A stack that runs this stack's images."""

    prefix: values.StackPrefix
    """That stack's own."""
    account: values.AccountId | None = None
    """That stack's, in quotes; null: the account of this one."""


class ImageSettings(Frozen):
    """The image that jobs run."""

    base: Annotated[str, Field(min_length=1)] | None = None
    """Replaces the BASE_IMAGE of the Dockerfile; a preview warns of one without a digest."""
    uri: values.ImageUri | None = None
    """An image of ECR by its digest: it runs as it is, and none is built. Of the stack's own
    repository for a rollback; with one of another stack's, this one has no repository.
    """
    # The policy of a repository has room for more (ECR's SetRepositoryPolicy: 10,240 characters).
    shared_with: Annotated[tuple[Share, ...], Field(max_length=50)] = ()
    """Stacks that run images of this one's repository. While there is any, the repository and the
    stack's key are kept whatever `data` says, and jobs of those in other accounts may pull.
    """


class NetworkSettings(Frozen):
    """What a job's container can reach."""

    mode: Literal["isolated", "vpc", "existing"] = "isolated"
    """isolated: no network and no credentials. vpc: a private VPC of the stack's own, with S3 and
    `endpoints` and no way to the internet. existing: your `subnets` and `security_groups`.
    """
    cidr: values.Cidr = "10.0.0.0/24"
    """Of the created VPC."""
    zones: Annotated[int, Field(ge=1, le=6)] = 2
    """Availability zones, and private subnets, of the created VPC."""
    endpoints: tuple[values.EndpointName, ...] = ("logs", "monitoring")
    """Interface endpoints of the created VPC beside S3's; each is about $7.30 a month and zone."""
    subnets: Annotated[tuple[values.SubnetId, ...], Field(max_length=16)] = ()
    """Of mode existing."""
    security_groups: Annotated[tuple[values.SecurityGroupId, ...], Field(max_length=5)] = ()
    """Of mode existing."""


class LimitSettings(Frozen):
    """What the whole stack may not pass."""

    max_concurrent_instances: values.InstanceCount | None = None
    """Instances that may run at once; a run beyond it waits, as for a quota of AWS."""


class Subscription(Frozen):
    """Somebody who is told."""

    protocol: Literal["email", "sms", "https"]
    """How SNS tells."""
    endpoint: str
    """An address, a number such as +4915112345678, or a URL."""


_ENDPOINTS = {
    "email": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address such as team@example.com"),
    "sms": (r"\+[1-9]\d{6,14}", "a number such as +4915112345678"),
    "https": (r"https://[^\s/]+\S*", "a URL such as https://example.com/alerts"),
}
"""SNS's Subscribe has no pattern: an e-mail address, a number in E.164, a URL that begins so."""


def _endpoint_problem(subscription: Subscription) -> str | None:
    form, example = _ENDPOINTS[subscription.protocol]
    fits = re.fullmatch(form, subscription.endpoint)
    return None if fits else f"endpoint must be {example} for protocol {subscription.protocol}"


class SlackSettings(Frozen):
    """A channel of Slack, in which nobody else's configuration of the account may be."""

    workspace: values.SlackWorkspace
    """Its ID, as in T07EA123LEP. Its owner has let AWS in by the console of Amazon Q Developer."""
    channel: values.SlackChannel
    """Its ID, as in C07EZ1ABC23: the end of the channel's link."""


class TeamsSettings(Frozen):
    """A channel of Microsoft Teams, of a team in which no other of the account's stacks writes."""

    tenant: values.TeamsId
    """The ID of the organisation, which has let AWS in by the console of Amazon Q Developer."""
    team: values.TeamsId
    """Its ID, which that console shows."""
    channel: values.TeamsChannel
    """Its ID as it is in the channel's link, with %3A and %40."""


class AlertSettings(Frozen):
    """Who is told, and what is watched."""

    subscriptions: tuple[Annotated[Subscription, checked(_endpoint_problem)], ...] = ()
    """Each endpoint has to confirm once, before it gets anything (SMS numbers need not)."""
    slack: SlackSettings | None = None
    """Shows every message in a channel, too."""
    teams: TeamsSettings | None = None
    """Shows every message in a channel, too."""
    running_long_seconds: Annotated[int, Field(ge=60)] | None = None
    """A job that runs longer is reported while it runs; null: 3/4 of job.max_runtime_seconds, on
    spot job.max_wait_seconds.
    """
    monitoring: Literal["full", "messages"] = "full"
    """full: alarms and a dashboard, about $5 a month beyond AWS's free ones. messages: neither."""

    @property
    def has_chat(self) -> bool:
        """Whether a chat shows the messages."""
        return bool(self.slack or self.teams)


class RetentionSettings(Frozen):
    """How long things are kept."""

    log_days: values.LogDays = 90
    """Of the launcher's logs."""
    output_days: Annotated[int, Field(ge=1, le=values.LONGEST_DAYS)] | None = None
    """Outputs in the created bucket are deleted after this; null keeps them."""
    noncurrent_days: Annotated[int, Field(ge=1, le=values.LONGEST_DAYS)] = 30
    """Overwritten and deleted versions of objects stay recoverable this long."""
    lock_days: Annotated[int, Field(ge=1, le=values.LONGEST_DAYS)] | None = None
    """Nobody can delete a version in a created bucket for so long, but who may bypass governance
    (S3 Object Lock); null locks none.
    """


class RecoverySettings(Frozen):
    """A second region, in which the same schedules can run."""

    region: values.Region | None = None
    """Where outputs are replicated to, and back from; null: there is no second region."""
    of: values.Name | None = None
    """In the file of the second region's stack, the pilot light: the stack of the first region. It
    has all of that one's settings but for the keys that its own file sets.
    """
    inputs: bool = False
    """Whether the input bucket is replicated, too."""
    lag_minutes: Annotated[int, Field(ge=15, le=1440)] = 60
    """Who is subscribed hears of replicas that are further behind."""
