from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local.aws.iam.iam_caller import encrypted

if TYPE_CHECKING:
    from local.aws.endpoint import LocalAws


@pytest.fixture(scope="module")
def key(aws: LocalAws) -> str:
    """What the stack's data is encrypted with."""
    return encrypted(aws)
