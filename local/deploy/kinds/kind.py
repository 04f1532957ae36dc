"""The table of kinds, which each family's file fills."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.deploy.resources import Resources

State = dict[str, Any]
Create = Callable[["Resources", State], State]

CREATE: dict[str, Create] = {}
"""Type token -> creates such a resource."""


def creates(token: str, *takes: str) -> Callable[[Create], Create]:
    """Enter the decorated function into the table.

    Args:
        token: Pulumi's type token.
        takes: the inputs that it knows, any other is refused; none where it hands over all of them
            to boto3, which refuses what it does not know.
    """

    def enter(create: Create) -> Create:
        @wraps(create)
        def checked(local: Resources, inputs: State) -> State:
            if unknown := inputs.keys() - set(takes):
                names = ", ".join(sorted(unknown))
                raise NotImplementedError(f"the embedded AWS does not know its input {names}")
            return create(local, inputs)

        CREATE[token] = checked if takes else create
        return create

    return enter
