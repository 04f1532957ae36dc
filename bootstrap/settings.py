"""What the stack file says: who deploys which stacks. Refused in the words of the main program."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import pulumi
from pulumi.runtime import config
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from components.settings import loader, stack_file, values
from components.settings.errors import Problem, SettingsError, report, words
from components.settings.values import Frozen, matching

MAIN_PROJECT = stack_file.project(Path(__file__).resolve().parent.parent)
"""The program whose stacks are deployed; its name is in the keys of their state, and a tag."""


_is_id = matching("[1-9][0-9]*", "must be a number that GitHub gave, as in 123456789")
_Id = Annotated[str, _is_id]
_is_repository = matching(
    # An owner has an underscore before an enterprise's short code.
    r"[A-Za-z0-9_-]+/[A-Za-z0-9._-]+",
    "must be OWNER/NAME, spelled as GitHub spells it",
)
_is_branch = matching(r"[A-Za-z0-9._/-]+", "must be a branch without wildcards, as in main")
_HERE = "[a-z0-9-]+:[0-9]{12}"
_is_used = matching(
    rf"arn:aws[a-z-]*:(s3:::[a-z0-9.-]+|kms:{_HERE}:key/[a-z0-9-]+|"
    rf"secretsmanager:{_HERE}:secret:[^*?\s]+|ecr:{_HERE}:repository/[a-z0-9._/-]+)",
    "must be the ARN of a bucket, key, secret or repository, without wildcards",
)
_Arn = Annotated[str, _is_used]


class StackSettings(Frozen):
    """One stack that CI deploys."""

    name: values.Name
    """As Pulumi and the GitHub environments call it."""
    prefix: values.StackPrefix
    region: values.Region
    data: Literal["keep", "destroy"] = "keep"
    """keep: CI can delete nothing that holds data."""
    tested: bool = False
    """Whether `make test-aws` runs there, which writes, reads and deletes objects of its own."""
    uses: tuple[_Arn, ...] = ()
    """ARNs of buckets, keys, secrets and repositories that its jobs use and are not its own."""
    recovery_of: values.Name | None = None
    """Stack whose pilot light this is: the same prefix, in another region."""


class Settings(Frozen):
    """One account, whole."""

    region: values.Region
    repository: Annotated[str, _is_repository]
    owner_id: _Id
    repository_id: _Id
    branch: Annotated[str, _is_branch] = "main"
    """What is deployed from."""
    oidc_provider: Literal["create", "existing"] = "create"
    image_replication: Literal["create", "existing"] = "create"
    """existing: whoever has the registry's replication configurations adds the rules to them."""
    stacks: tuple[StackSettings, ...]

    def other_of(self, stack: StackSettings) -> StackSettings | None:
        """Return a stack's pilot light, or whose pilot light it is; None without either."""
        pair = (
            each
            for each in self.stacks
            if stack.name == each.recovery_of or each.name == stack.recovery_of
        )
        return next(pair, None)


def load() -> Settings:
    """Return the settings of the stack that runs, or raise SettingsError, as `read` does."""
    keys = {**config.get_config_env(), **config.CONFIG.get()}
    return read(keys, pulumi.get_project(), pulumi.get_stack())


def read(keys: Mapping[str, str], project: str, stack: str) -> Settings:
    """Return the settings that a configuration spells: full key to text, where structures are JSON.

    Raises:
        SettingsError: names each key, its value and what is allowed.
    """
    given = {
        "region" if key == "aws:region" else key.removeprefix(f"{project}:"): loader.value(text)
        for key, text in keys.items()
        if not key.startswith("pulumi:")
    }
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        problems = [_problem(each) for each in error.errors()]
        raise SettingsError(report(project, stack, problems)) from None
    if problems := [*_twice(settings.stacks), *_unpaired(settings.stacks)]:
        raise SettingsError(report(project, stack, problems))
    return settings


def _problem(detail: ErrorDetails) -> Problem:
    if detail["type"] == "missing":
        return Problem(detail["loc"], words(detail))
    rule = "there is no such key" if detail["type"] == "extra_forbidden" else words(detail)
    return Problem(detail["loc"], f"= {json.dumps(detail['input'])}: {rule}")


def _twice(stacks: tuple[StackSettings, ...]) -> Iterator[Problem]:
    """Yield what two stacks have both: they would share a state, or roles."""
    names, places = set[str](), set[tuple[str, str]]()
    for number, each in enumerate(stacks):
        if each.name in names:
            yield Problem(("stacks", number, "name"), f"= {each.name}: another stack has it")
        if (each.prefix, each.region) in places:
            text = f"= {each.prefix}: another stack of {each.region} has it"
            yield Problem(("stacks", number, "prefix"), text)
        for other in stacks:
            roles = f"{other.prefix}-{other.region}"
            if f"{each.prefix}-".startswith(f"{roles}-"):
                text = f"= {each.prefix}: must not begin with {roles}, as the roles of {other.name}"
                yield Problem(("stacks", number, "prefix"), f"{text} do")
        names.add(each.name)
        places.add((each.prefix, each.region))


def _unpaired(stacks: tuple[StackSettings, ...]) -> Iterator[Problem]:
    """Yield the pilot lights that are none: of no stack, of one like them, or a second one.

    One of the same region is another stack's twin already.
    """
    homes = {each.name: each for each in stacks if not each.recovery_of}
    lit = set[str]()
    for number, each in enumerate(stacks):
        if not (of := each.recovery_of):
            continue
        home = homes.get(of)
        if not home:
            text = f"must be a stack of this file that is no pilot light: {', '.join(homes)}"
            yield Problem(("stacks", number, "recovery_of"), f"= {of}: {text}")
        elif home.prefix != each.prefix:
            text = f"= {each.prefix}: must be {home.prefix}, as {of} has it"
            yield Problem(("stacks", number, "prefix"), text)
        elif of in lit:
            text = f"= {of}: another stack is its pilot light"
            yield Problem(("stacks", number, "recovery_of"), text)
        lit.add(of)
