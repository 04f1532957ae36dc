"""Parts of statements: actions, and conditions by tags where AWS chooses a resource's name."""

from typing import Any

from bootstrap.stack import Stack


def calls(service: str, actions: str) -> list[str]:
    """Return the actions of a service, of their names between spaces."""
    return [f"{service}:{each}" for each in actions.split()]


def of_own(stack: Stack) -> dict[str, Any]:
    """Return the condition that a resource has the stack's tags already."""
    return {"StringEquals": _tags("aws:ResourceTag", stack)}


def when_created(stack: Stack) -> dict[str, Any]:
    """Return the condition that a new resource is given the stack's tags."""
    return {"StringEquals": _tags("aws:RequestTag", stack)}


def adopted(stack: Stack, *absent: str) -> dict[str, Any]:
    """Return the condition that what has no such tags is given the stack's, and lacks `absent`.

    An Allow by tags is worth what keeps others' tags: what has a tag of this name is nobody else's
    to claim.
    """
    keys = [*_tags("aws:ResourceTag", stack), *absent]
    return {**when_created(stack), "Null": dict.fromkeys(keys, "true")}


def _tags(key: str, stack: Stack) -> dict[str, str]:
    return {f"{key}/{name}": value for name, value in stack.tags.items()}
