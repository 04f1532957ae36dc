"""The table of what each operation needs, which `data.py` and `services.py` fill.

An operation that no role of the stack calls is not in it, and is refused: nothing is allowed by
default. https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.aws.iam.evaluate import Access
    from local.aws.iam.store import Store

Parameters = dict[str, Any]
Needs = Callable[["Store", str, Parameters], "list[Access]"]
"""Returns what an operation needs: of the resources, `service:Operation` and its parameters."""

_NEEDS: dict[str, Needs] = {}


def needed_by(*operations: str) -> Callable[[Needs], Needs]:
    """Enter the decorated function for operations, such as `s3:HeadObject`."""

    def enter(needs: Needs) -> Needs:
        _NEEDS.update(dict.fromkeys(operations, needs))
        return needs

    return enter


def of(store: Store, operation: str, asked: Parameters) -> list[Access]:
    """Return everything that an operation needs, in the order in which AWS asks for it.

    Args:
        store: has the resources.
        operation: service, as a request's signature names it, and operation, as its model does.
        asked: the operation's parameters.

    Raises:
        NotImplementedError: no role of the stack calls it.
    """
    needs = _NEEDS.get(operation)
    if needs is None:
        raise NotImplementedError(
            f"the local IAM does not know what {operation} needs; enter it in local/aws/iam/"
        )
    return needs(store, operation, asked)
