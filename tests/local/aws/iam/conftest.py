import pytest

from local.aws.endpoint import LocalAws
from tests.local.aws.iam.iam_caller import encrypted


@pytest.fixture(scope="module")
def key(aws: LocalAws) -> str:
    """What the stack's data is encrypted with."""
    return encrypted(aws)
