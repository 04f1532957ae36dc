"""A stack and its pilot light: the two regions, of which one runs the schedules."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from botocore.exceptions import ClientError

from components.settings import stack_file
from ops import stack as stacks
from ops.session import NO_ANSWER, explain
from ops.stack import OpsError, Stack, UsageError
from pipeline import switch
from pipeline.switch import Switch, UnreadableError

Answer = TypeVar("Answer")


class NoAnswerError(OpsError):
    """A region's APIs do not answer."""


@dataclass(frozen=True)
class Pair:
    """The same stack in two regions."""

    home: Stack
    other: Stack
    """The pilot light."""

    @property
    def both(self) -> tuple[Stack, Stack]:
        """Both stacks, the home stack first."""
        return self.home, self.other

    def at(self, region: str) -> Stack:
        """Return the stack in a region.

        Raises:
            UsageError: neither of the two is there.
        """
        found = next((each for each in self.both if each.region == region), None)
        if not found:
            known = " or ".join(each.region for each in self.both)
            raise UsageError(f"--to {region}: stack {self.home.name} has the regions {known}")
        return found

    def beside(self, stack: Stack) -> Stack:
        """Return the other one of the two."""
        return self.other if stack is self.home else self.home


def load(stack: Stack) -> Pair:
    """Return the pair that a stack belongs to, whichever of the two it is.

    Raises:
        UsageError: it has no second region, or no stack file, or more than one, is of it.
    """
    recovery = stack.settings.recovery
    if recovery.of:
        return Pair(stacks.load(recovery.of), stack)
    way_out = f"with recovery: {{of: {stack.name}}} in it; docs/recovery.md says how"
    if not recovery.region:
        raise UsageError(
            f"Stack {stack.name} has no second region: set recovery.region in "
            f"Pulumi.{stack.name}.yaml, and write a stack file for that region {way_out}"
        )
    found = [name for name in stack_file.stacks(stacks.ROOT) if _of(name) == stack.name]
    if len(found) != 1:
        which = ", ".join(f"Pulumi.{name}.yaml" for name in found) or "no stack file"
        raise UsageError(f"{which} is of stack {stack.name}: there must be one, {way_out}")
    return Pair(stack, stacks.load(found[0]))


def _of(name: str) -> str | None:
    """Return whose pilot light the stack of a file is; None of any other."""
    try:
        return stack_file.own(stacks.ROOT, name).of
    except stack_file.SettingsError:
        return None  # of a file that is refused when its own stack is asked for


def ask(stack: Stack, question: Callable[[], Answer]) -> Answer:
    """Return a region's answer.

    Raises:
        NoAnswerError: it does not answer, or only with errors of its own.
        OpsError: AWS refuses it.
    """
    try:
        return question()
    except NO_ANSWER as error:
        raise NoAnswerError(f"{stack.region} does not answer: {error}") from error
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
            raise NoAnswerError(f"{stack.region} does not answer: {error}") from error
        raise OpsError(explain(error, stack)) from error
    except UnreadableError as error:
        raise OpsError(
            f"{stack.region}: {error}. Delete the entry (schedule -, attempt switch) from table "
            f"{stack.table}, and repeat ops failover"
        ) from error


@dataclass(frozen=True)
class Record:
    """What a region's journal says of which region runs the schedules."""

    region: str
    switch: Switch | None
    """None if it says nothing, as before the first failover, or does not answer."""
    silence: str | None
    """Why it does not answer; None if it does."""


def record(stack: Stack, *, lost: bool = False) -> Record:
    """Return the record of a stack's region, or within seconds that it does not answer.

    Of one that is `lost` a refusal is no answer either: its journal or key may be gone, too.
    """
    client = stack.hasty().client("dynamodb")
    try:
        found = ask(stack, partial(switch.read, client, stack.table))
    except OpsError as error:
        if not (lost or isinstance(error, NoAnswerError)):
            raise
        return Record(stack.region, None, str(error))
    return Record(stack.region, found, None)
