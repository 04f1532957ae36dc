"""What single values of the settings may be: AWS's own limits, and rules that its models lack."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from components import names
from components.aws import models
from components.settings import addresses, key_prefix
from pipeline import cron, slot_fields

JOB = ("sagemaker", "CreateProcessingJob")
_CLUSTER = "ProcessingResources.ClusterConfig"

RESERVED_ENVIRONMENT = (
    *("JOB_NAME", "SCHEDULE", "SLOT", "ATTEMPT", "STACK", "AWS_REGION", "AWS_DEFAULT_REGION"),
    *("INPUT_PATH", "REFERENCE_PATH", "OUTPUT_PATH", "CHECKPOINT_PATH", "SCRIPT"),
    *("HOST_INDEX", "HOST_COUNT", "HOSTS", "TRAINING_JOB_NAME", "TRAINING_JOB_ARN"),
)
"""Set by the launcher, the entry point and SageMaker for every run."""

RESERVED_TAGS = ("schedule", "slot", "attempt", "sized_by", "Project", "Stack")
"""Set by the launcher on jobs, and by the program on everything."""
MAX_ARGUMENTS: int = models.shape(*JOB, "AppSpecification.ContainerArguments").metadata["max"]
MAX_ENVIRONMENT: int = models.shape(*JOB, "Environment").metadata["max"] - len(RESERVED_ENVIRONMENT)
MAX_TAGS: int = models.shape(*JOB, "Tags").metadata["max"] - len(RESERVED_TAGS)

LONGEST_DAYS = 36_500
"""Ours, a century: what is kept longer is kept for ever, and no date or number runs over."""


class Frozen(BaseModel):
    """A part of the settings: no unknown keys, and no change after the check."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def over(self, default: Self) -> Self:
        """Return this part with the default's value of each key that it does not set itself."""
        own = self.model_fields_set
        whole = {name: getattr(self if name in own else default, name) for name in vars(self)}
        return self.model_construct(own, **whole)


def checked(problem: Callable[[Any], str | None]) -> AfterValidator:
    """Return a validator that refuses a value with the problem that `problem` finds, if any."""

    def check(value: Any) -> Any:  # noqa: ANN401 - any field's type
        if found := problem(value):
            raise ValueError(found)
        return value

    return AfterValidator(check)


def matching(form: str, rule: str) -> AfterValidator:
    """Return a validator that refuses what does not match `form` with the words of `rule`."""
    return checked(lambda value: None if re.fullmatch(form, value) else rule)


def _of(service: str, operation: str, path: str, rule: str = "") -> AfterValidator:
    """Return a validator that refuses what AWS's model does, with its words or with `rule`."""
    shape = models.shape(service, operation, path)

    def problem(value: Any) -> str:  # noqa: ANN401 - any field's type
        found = "; ".join(models.broken_limits(shape, value))
        return (rule or found) if found else ""

    return checked(problem)


def _of_job(path: str) -> AfterValidator:
    return _of(*JOB, path)


def _filled_for_job(path: str) -> AfterValidator:
    """As `_of_job`, for what stands beside the fields that name the slot: slot_rules has those."""
    shape = models.shape(*JOB, path)

    def problem(text: str) -> str | None:
        beside = slot_fields.FIELD.sub("", text)
        return slot_fields.problem(text) or "; ".join(models.broken_limits(shape, beside))

    return checked(problem)


def _region_problem(region: str) -> str | None:
    if region.startswith("cn-"):
        return "regions of AWS China are refused: service names in policies differ there"
    return models.choices(region, models.sagemaker_regions())


def _readable(expression: str) -> str:
    cron.parse(expression)
    return expression


def environment_name_problem(name: str) -> str | None:
    """Return why a variable may not be set for the script, or None."""
    if name in RESERVED_ENVIRONMENT:
        return "may not be set: every run gets its own"
    for form, why in _BREAKING.items():
        if re.fullmatch(form, name):
            return f"may not be set: {why}; export it in the script instead"
    return None


_BREAKING = {
    "PATH": "nothing expands it, so it would take the place of the image's own, with all tools",
    "PYTHONHOME": "no Python of the image would start",
    "LD_(PRELOAD|LIBRARY_PATH|AUDIT)": "the entry point and its tools would load it, too",
}
"""Names that break the entry point, or every script; and why."""


def _tag_key_problem(key: str) -> str | None:
    if key.lower().startswith("aws:"):
        return "may not begin with aws:, which is AWS's own"
    return "may not be set: the program sets its own" if key in RESERVED_TAGS else None


def _date_problem(text: str) -> str | None:
    if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \S+", text):
        return f"is what Pulumi makes of an unquoted date; quote it, as in '{text[:10]}'"
    return None


def _volume(value: object) -> object:
    if isinstance(value, str) and not value.isdecimal() and value != "auto":
        raise ValueError("must be a whole number, or auto")
    return None if value == "auto" else value


Text = Annotated[str, checked(_date_problem)]
_is_name = matching(
    names.NAME.pattern,
    "must be a-z, 0-9 and single hyphens, beginning with a letter, as in eu-daily",
)
Name = Annotated[str, _is_name]
# The rest of a bucket's name, <prefix>-output-<account>-<region>, needs room.
StackPrefix = Annotated[str, Field(max_length=names.MAX_PREFIX), _is_name]
SCRIPT = "process_data.sh"
_PART = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
_is_script = matching(
    f"{_PART}(/{_PART})*",
    "must be a path below container/scripts/, of letters, digits and ._-, as in reports/week.py",
)
Script = Annotated[str, Field(max_length=256), _is_script]
Region = Annotated[str, checked(_region_problem)]
_zones = cache(available_timezones)
Zone = Annotated[str, checked(lambda zone: models.choices(zone, sorted(_zones())))]
Expression = Annotated[str, AfterValidator(_readable)]
InstanceType = Annotated[str, _of_job(f"{_CLUSTER}.InstanceType")]
InstanceCount = Annotated[int, _of_job(f"{_CLUSTER}.InstanceCount")]
VolumeGb = Annotated[int, _of_job(f"{_CLUSTER}.VolumeSizeInGB")]
Volume = Annotated[VolumeGb | None, BeforeValidator(_volume)]
"""None, which is written auto: as large as the input needs."""
Runtime = Annotated[int, _of_job("StoppingCondition.MaxRuntimeInSeconds")]
# As long as a training job may run (API reference of StoppingCondition; the model has no limit).
SpotWait = Annotated[int, Field(ge=1, le=28 * 86_400)]
# The service refuses an empty argument, which its model allows.
Argument = Annotated[
    Text, Field(min_length=1), _filled_for_job("AppSpecification.ContainerArguments.member")
]
EnvironmentName = Annotated[str, _of_job("Environment.key"), checked(environment_name_problem)]
EnvironmentValue = Annotated[Text, _filled_for_job("Environment.value")]
Environment = Mapping[EnvironmentName, EnvironmentValue]
TagKey = Annotated[str, _of_job("Tags.member.Key"), checked(_tag_key_problem)]
TagValue = Annotated[Text, _of_job("Tags.member.Value")]
Tags = Annotated[Mapping[TagKey, TagValue], Field(max_length=MAX_TAGS)]
Prefix = Annotated[str, checked(key_prefix.problem)]
ObjectName = Annotated[str, checked(key_prefix.object_problem)]
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_is_bucket = matching(
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    "must be 3 to 63 of a-z, 0-9, dots and hyphens, beginning and ending in a-z or 0-9",
)
BucketName = Annotated[str, _is_bucket]
_is_key = matching(
    r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+",
    "must be a key's ARN: arn:aws:kms:REGION:ACCOUNT:key/ID",
)
KeyArn = Annotated[str, _is_key]
_is_policy = matching(
    r"arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+",
    "must be a managed policy's ARN: arn:aws:iam::ACCOUNT:policy/NAME",
)
PolicyArn = Annotated[str, _is_policy]
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
_is_secret = matching(
    r"[A-Za-z0-9/_+=.@-]{1,512}", "must be a secret's name, 1 to 512 of letters, digits and /_+=.@-"
)
SecretName = Annotated[str, _is_secret]
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_is_image = matching(
    r"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?"
    r"/[a-z0-9]+([._/-][a-z0-9]+)*@sha256:[0-9a-f]{64}",
    "must be an image of ECR by its digest: "
    "ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:DIGEST",
)
ImageUri = Annotated[str, _is_image]
_is_account = matching("[0-9]{12}", "must be an account's 12 digits, quoted")
AccountId = Annotated[str, _is_account]
Cidr = Annotated[str, checked(addresses.block_problem)]
_ID = "-([0-9a-f]{8}|[0-9a-f]{17})"
SubnetId = Annotated[
    str, matching(f"subnet{_ID}", "must be an id such as subnet-0123456789abcdef0")
]
SecurityGroupId = Annotated[str, matching(f"sg{_ID}", "must be an id such as sg-0123456789abcdef0")]
EndpointName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]{0,62}$")]
"""Of an interface endpoint: what follows com.amazonaws.<region>."""
_SLACK = ("chatbot", "CreateSlackChannelConfiguration", "SlackTeamId")
_TEAMS = ("chatbot", "CreateMicrosoftTeamsChannelConfiguration")
SlackWorkspace = Annotated[str, _of(*_SLACK, "must be its ID, such as T07EA123LEP")]
# AWS takes lower case here, too: a channel's name, of which it then finds no channel.
SlackChannel = Annotated[
    str, _of(*_SLACK, "must be its ID, such as C07EZ1ABC23, at the end of its link")
]
_UUID = "must be its ID, such as 0b9de68a-1f2e-4c3d-9a8b-7c6d5e4f3a2b"
TeamsId = Annotated[str, _of(*_TEAMS, "TeamId", _UUID)]
_IN_LINK = "must be its ID as in its link, such as 19%3Aab12cd34ef%40thread.tacv2"
TeamsChannel = Annotated[str, _of(*_TEAMS, "ChannelId", _IN_LINK)]
LogDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827
]  # fmt: skip
"""CloudWatch Logs takes these numbers only; its model has no enum (PutRetentionPolicy's text)."""
