"""Which images a repository keeps."""

import json
from typing import Any

from components.names import TESTED

KEPT_TESTED, KEPT = 30, 10
"""The newest images that the repository keeps: of those that `ops promote` tagged, and of all."""


def policy(kept: int = KEPT) -> str:
    """Return a repository's lifecycle policy: `kept` of all images, and those that are tested."""
    # What a rule's tags match expires by no later one, and "any" has to be the last: ECR user
    # guide, "Lifecycle policy properties in Amazon ECR".
    rules = [
        _rule(1, KEPT_TESTED, tagStatus="tagged", tagPrefixList=[TESTED]),
        _rule(2, kept, tagStatus="any"),
    ]
    return json.dumps({"rules": rules})


def _rule(priority: int, kept: int, **selection: object) -> dict[str, Any]:
    return {
        "rulePriority": priority,
        "selection": {**selection, "countType": "imageCountMoreThan", "countNumber": kept},
        "action": {"type": "expire"},
    }
