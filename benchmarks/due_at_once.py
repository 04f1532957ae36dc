"""Play schedules that are due in the same minute, in an account that throttles.

Usage: python -m benchmarks.due_at_once [--schedules 100]

Each slot is delivered twice, in any order; AWS takes as many calls as tests/busy_account.py says,
and each twentieth of DynamoDB's fails. Prints for each account, in its own time, how long it took
until every slot had its job and, after these have ended at once, until all ends were dealt with;
what went wrong; the calls that create jobs; and the seconds for which the functions are paid.
"""

import argparse
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from benchmarks import table
from components.function import TRIES
from tests.due_at_once import RUN_S, DueAtOnce, settings
from tests.lambda_world import World
from tests.quick_moto import mock_aws

_ACCOUNTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "10 functions at once": ({"concurrency": 10}, {}),
    "100 functions at once": ({"concurrency": 100}, {}),
    "10 functions, `overlap: Forbid`": ({"concurrency": 10}, {"overlap": "Forbid"}),
    "10 functions, 50 jobs at once": ({"concurrency": 10, "quota": 50}, {}),
}
"""What is played -> the account's limits, and what each schedule sets."""
_HEADS = (
    *("account", "s until all have a job", "s until all ends are dealt with"),
    *("lost, twice, given up", "CreateProcessingJob", "throttled"),
    *("paid s of launcher", "of observer"),
)


def row(title: str, schedules: int) -> Iterator[object]:
    """Yield the cells of one account."""
    limits, each = _ACCOUNTS[title]
    with mock_aws(), tempfile.TemporaryDirectory() as folder:
        world = World(cast("Any", None), **settings(schedules, **each))
        due = DueAtOnce(world, Path(folder), **limits)
        due.play(copies=2)
        jobs, account = due.jobs_of_slots, due.account
        yield title
        yield f"{due.started.total_seconds():,.0f}"
        yield f"{due.concluded.total_seconds() % RUN_S:,.0f}"
        lost, twice = schedules - len({*due.told}), len(jobs) - len({*jobs})
        yield f"{lost}, {twice}, {len(account.dead)}"
        yield account.calls["CreateProcessingJob"]
        yield account.throttled["CreateProcessingJob"]
        yield from (f"{seconds:,.0f}" for seconds in account.function_s.values())


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Play schedules that are due at once.")
    parser.add_argument("--schedules", type=int, default=100)
    logging.disable(logging.INFO)  # the functions' own lines
    schedules: int = parser.parse_args().schedules
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "x")
    with patch.dict(os.environ, keys):
        print(f"{schedules} slots, {TRIES} tries of each call")
        table.show(_HEADS, ([*row(title, schedules)] for title in _ACCOUNTS))


if __name__ == "__main__":
    main()
