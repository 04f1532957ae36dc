from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.lambda_world import World


@pytest.fixture
def world(capsys: pytest.CaptureFixture[str], prices: None) -> Iterator[World]:
    """The stack, just deployed, with input for the slot, in a region whose prices are known."""
    del prices
    with mock_aws():
        yield World(capsys)
