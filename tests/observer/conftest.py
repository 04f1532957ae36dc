from collections.abc import Iterator

import pytest

from tests.lambda_world import World
from tests.quick_moto import mock_aws


@pytest.fixture
def world(capsys: pytest.CaptureFixture[str], prices: None) -> Iterator[World]:
    """The stack, just deployed, with input for the slot, in a region whose prices are known."""
    del prices
    with mock_aws():
        yield World(capsys)
