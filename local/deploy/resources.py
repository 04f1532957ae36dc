"""The resources of the embedded AWS, as the program registers them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from local.deploy import kinds, lookups
from local.deploy.kinds import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from local.aws.endpoint import LocalAws
    from local.deploy.kinds import State


class Resources(Deployment):
    """Creates resources in the embedded AWS, and remembers them."""

    def __init__(
        self, aws: LocalAws, build: Callable[[Mapping[str, Any]], str], alarms: dict[str, State]
    ) -> None:
        super().__init__(aws, build, alarms)
        self.created: list[str] = []
        """Logical names, in the order of their creation."""
        self.services: list[str] = []
        """The service of each, such as s3."""

    def create(self, kind: str, name: str, inputs: State) -> State:
        """Create a resource and return what AWS adds to its inputs.

        Raises:
            NotImplementedError: the embedded AWS has no such kind.
        """
        create = kinds.CREATE.get(kind)
        if create is None:
            raise NotImplementedError("the embedded AWS cannot create it; see local/deploy/kinds/")
        made_up = _auto_name(kind, name)
        state = {**made_up, **create(self, {**made_up, **inputs})}
        self.created.append(name)
        package, module, _ = kind.split(":")
        self.services.append(module.partition("/")[0] if package == "aws" else package)
        return state

    def look_up(self, token: str, inputs: State) -> State:
        """Return the answer to one of the program's invokes.

        Raises:
            NotImplementedError: the embedded AWS has no answer.
        """
        answer = lookups.ANSWERS.get(token)
        if answer is None:
            raise NotImplementedError(
                "the embedded AWS cannot answer it; see local/deploy/lookups.py"
            )
        return answer(self, inputs)


_AUTO_NAMED = {
    "aws:iam/rolePolicy:RolePolicy": "name",
    "aws:cloudwatch/eventTarget:EventTarget": "targetId",
    "aws:lambda/permission:Permission": "statementId",
}
"""Type token -> the input that the provider makes up where the program leaves it out."""


def _auto_name(kind: str, logical: str) -> State:
    """Return a physical name as the provider makes it: the logical one and a random end."""
    key = _AUTO_NAMED.get(kind)
    return {key: f"{logical}-{hashlib.sha256(logical.encode()).hexdigest()[:7]}"} if key else {}
