from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from ops.logs import Tail
from pipeline.jobs import Job
from pipeline.kind import Kind
from tests.ops.world import GROUP, NAME, SLOT, World

START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
"""CloudWatch Logs takes no events that are older than 14 days."""


def write(
    world: World, host: str, *lines: tuple[int, str], job: str = NAME, group: str = GROUP
) -> None:
    """Let a host write lines: seconds since START, and text."""
    logs = world.client("logs", region_name="eu-central-1")
    stream = f"{job}/{host}-1767787200"
    if not logs.describe_log_groups()["logGroups"]:
        logs.create_log_group(logGroupName=group)
    known = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)
    if not known["logStreams"]:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[
            {"timestamp": int(START.timestamp() + at) * 1000, "message": text} for at, text in lines
        ],
    )


class TestLogs:
    def test_lines_of_all_hosts_come_in_the_order_of_their_time(self, world: World) -> None:
        world.job()
        write(world, "algo-1", (1, "one"), (3, "three"))
        write(world, "algo-2", (2, "two"))
        status, out, _ = world.ops(f"logs {NAME}")
        assert status == 0
        zone = ZoneInfo("Europe/Berlin")
        times = [f"{(START + timedelta(seconds=at)).astimezone(zone):%H:%M:%S}" for at in (1, 2, 3)]
        assert out.splitlines() == [
            f"{times[0]} algo-1 one",
            f"{times[1]} algo-2 two",
            f"{times[2]} algo-1 three",
        ]

    def test_of_a_spot_job_are_those_of_each_of_its_starts(self, world: World) -> None:
        world.job(kind="Training")
        for at, start in enumerate(["algo-1-1", "algo-1-2"]):
            write(world, start, (at, start), group="/aws/sagemaker/TrainingJobs")
        _, document = world.ops_json(f"logs {NAME}")
        assert [line["message"] for line in document["lines"]] == ["algo-1-1", "algo-1-2"]

    def test_shows_the_last_lines_of_each_host(self, world: World) -> None:
        world.job()
        write(world, "algo-1", *((at, f"a{at}") for at in range(300)))
        write(world, "algo-2", (0, "b0"))
        _, document = world.ops_json(f"logs {NAME} --lines 2")
        assert [line["message"] for line in document["lines"]] == ["b0", "a298", "a299"]

    def test_leaves_out_the_job_whose_name_begins_alike(self, world: World) -> None:
        world.job()
        write(world, "algo-1", (1, "attempt 12"), job=f"{NAME}2")
        write(world, "algo-1", (1, "attempt 1"))
        _, document = world.ops_json(f"logs {NAME}")
        assert [line["message"] for line in document["lines"]] == ["attempt 1"]

    def test_a_slot_means_its_latest_attempt_that_has_a_job(self, world: World) -> None:
        second = NAME[:-1] + "2"
        world.job(status="Failed")
        world.job(second, status="Failed")
        for attempt in (1, 2, 3):
            world.conclude(attempt, outcome="script_failed")
        status, document = world.ops_json("logs --schedule daily --slot 2026-01-05T04:00")
        assert (status, document["job_name"]) == (0, second)

    def test_a_job_that_wrote_nothing_is_said_to(self, world: World) -> None:
        world.job()
        status, _, err = world.ops(f"logs {NAME}")
        assert status == 0
        assert f"{NAME} is InProgress and has written nothing." in err

    def test_a_slot_that_had_no_job_is_status_1(self, world: World) -> None:
        status, _, err = world.ops(f"logs --schedule daily --slot {SLOT}")
        assert status == 1
        assert f"There is no job {NAME}" in err

    def test_a_line_cannot_steer_the_terminal(self, world: World) -> None:
        world.job()
        write(world, "algo-1", (1, "\x1b[2J[red]no[/red]"))
        _, out, _ = world.ops(f"logs {NAME}")
        assert "\x1b" not in out
        assert "[red]no[/red]" in out

    @pytest.mark.parametrize(
        "steering",
        ["\x1b]0;title\a", "10%\r20%", "\x9b31m", "a\b\b", "\u202egnp", "\u200b", "\u2028", "\x7f"],
    )
    def test_what_steers_is_seen_as_that_and_the_rest_as_it_is(
        self, world: World, steering: str
    ) -> None:
        world.job()
        write(world, "algo-1", (1, f"größe 漢字 😀\t{steering}."))
        _, out, _ = world.ops(f"logs {NAME}")
        [line] = out.splitlines()
        assert "größe 漢字 😀" in line
        assert "�" in line
        assert all(char.isprintable() or char == "\t" for char in line)

    def test_a_long_line_is_not_broken(self, world: World) -> None:
        world.job()
        write(world, "algo-1", (1, "x" * 500))
        _, out, _ = world.ops(f"logs {NAME}")
        assert "x" * 500 in out


class TestFollow:
    def test_goes_on_until_the_job_has_ended_and_its_last_lines_have_come(
        self, world: World
    ) -> None:
        world.job()
        write(world, "algo-1", (0, "first"))
        world.after(10, lambda: write(world, "algo-1", (10, "second")))
        world.after(20, lambda: write(world, "algo-2", (20, "another host"), (21, "at once")))
        world.after(30, lambda: world.end(NAME, "Completed"))
        world.after(35, lambda: write(world, "algo-1", (35, "late")))
        world.after(40, lambda: write(world, "algo-1", (40, "last")))
        status, document = world.ops_json(f"logs {NAME} --follow --lines 1")
        assert status == 0
        assert document["status"] == "Completed"
        texts = [line["message"] for line in document["lines"]]
        assert texts == ["first", "second", "another host", "at once", "late", "last"]

    def test_ctrl_c_ends_it_and_nothing_else(self, world: World) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        world.job()
        world.after(5, interrupt)
        status, _, err = world.ops(f"logs {NAME} --follow")
        assert status == 130
        assert "the job goes on" in err


class ShortPages:
    """A stream whose pages hold two of its ten events, and of which every second page is empty."""

    class exceptions:  # noqa: N801 - as a client has it
        ResourceNotFoundException = KeyError

    def get_paginator(self, operation: str) -> Any:
        del operation
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        return [{"logStreams": [{"logStreamName": f"{NAME}/algo-1-1767787200"}]}]

    def get_log_events(self, nextToken: str = "10", **_: object) -> dict[str, Any]:  # noqa: N803
        end, empty = int(nextToken.rstrip("e")), nextToken.endswith("e")
        first = end if empty else max(0, end - 2)
        events = [{"timestamp": 1000 * at, "message": str(at)} for at in range(first, end)]
        before = str(end) if empty else f"{first}e"
        return {
            "events": events,
            "nextForwardToken": "10",
            "nextBackwardToken": nextToken if end == 0 else before,
        }


class TestTail:
    @pytest.mark.parametrize("last", [1, 3, 10, 50])
    def test_the_last_lines_are_found_however_short_the_pages_are(self, last: int) -> None:
        job = cast(Job, SimpleNamespace(name=NAME, kind=Kind.PROCESSING))
        lines = Tail(ShortPages(), job, last).read()
        assert [line.message for line in lines] == [str(at) for at in range(10)][-last:]
