"""Slots that are due in the same minute, with more calls than AWS takes, and events that repeat.

`python -m benchmarks.due_at_once` plays a hundred.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.busy_account import RATES
from tests.due_at_once import DueAtOnce, settings
from tests.lambda_world import World
from tests.quick_moto import mock_aws

pytestmark = pytest.mark.local


@pytest.fixture
def world(capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    with mock_aws():
        yield World(capsys)


def test_each_has_one_job_and_one_marker_or_message(world: World, tmp_path: Path) -> None:
    world.configure(**settings(12))
    due = DueAtOnce(world, tmp_path, concurrency=10, quota=8)
    due.play(copies=2)
    assert due.jobs_of_slots == due.told == due.schedules
    throttled = {name for name, count in due.account.throttled.items() if count}
    assert throttled >= {*RATES} - {"DescribeProcessingJob"} | {"GetItem", "UpdateItem"}
    assert due.outcomes == {"completed", "script_failed", "quota"}, "none waits for a throttle"
    assert due.account.dead == []


def test_ten_deliveries_of_one_at_once_are_one_job(world: World, tmp_path: Path) -> None:
    world.configure(**settings(1))
    due = DueAtOnce(world, tmp_path, concurrency=10)
    due.play(copies=10)
    assert due.jobs_of_slots == due.told == due.schedules
    assert due.account.calls["CreateProcessingJob"] == 1
