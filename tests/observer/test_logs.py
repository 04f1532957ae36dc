import os
import subprocess
import time
from dataclasses import replace

from observer import job_log
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from tests.conftest import ROOT
from tests.lambda_world import ATTEMPT, NAME, World

ENTRY = Entry.of(ATTEMPT, NAME)


def last_lines(world: World, most: int) -> list[str]:
    read = job_log.read(world.client("logs"), ENTRY, most)
    assert [*read.hosts] == []
    return [*read.lines]


def of_hosts(world: World, hosts: int) -> job_log.Log:
    return job_log.read(world.client("logs"), replace(ENTRY, instance_count=hosts), 20)


def ends(world: World, hosts: int) -> list[str]:
    return [*of_hosts(world, hosts).hosts]


def log(world: World, stream: str, *lines: str, after_s: float = 0) -> None:
    """Let a host log its lines, a millisecond after one another."""
    logs = world.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=Kind.PROCESSING.group)["logGroups"]:
        logs.create_log_group(logGroupName=Kind.PROCESSING.group)
    logs.create_log_stream(logGroupName=Kind.PROCESSING.group, logStreamName=stream)
    # CloudWatch takes events of the last 14 days only, so this is real time.
    first = int((time.time() - 60 + after_s) * 1000)
    events = [{"timestamp": first + n, "message": line} for n, line in enumerate(lines)]
    logs.put_log_events(logGroupName=Kind.PROCESSING.group, logStreamName=stream, logEvents=events)


class TestLastLines:
    def test_are_the_last_of_all_hosts_in_the_order_of_their_time(self, world: World) -> None:
        log(world, f"{NAME}/algo-2-1", "c", "d", after_s=1)
        log(world, f"{NAME}/algo-1-1", "a", "b")
        assert last_lines(world, 3) == ["b", "c", "d"]

    def test_are_of_all_hosts_however_many_there_are(self, world: World) -> None:
        for host in range(60):  # an answer holds 50 streams
            log(world, f"{NAME}/algo-{host:02}-1", str(host), after_s=host / 10)
        assert last_lines(world, 2) == ["58", "59"]

    def test_are_only_as_many_as_asked_for(self, world: World) -> None:
        log(world, f"{NAME}/algo-1-1", *map(str, range(50)))
        lines = last_lines(world, 20)
        assert lines == [str(number) for number in range(30, 50)]

    def test_are_no_lines_that_only_cloudwatch_reads(self, world: World) -> None:
        command = [ROOT / "container" / "bin" / "send_metric", "Records", "1", "Count"]
        environment = {**os.environ, "STACK": "test", "SCHEDULE": "daily"}
        printed = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        )
        log(world, f"{NAME}/algo-1-1", "mine", printed.stdout.rstrip())
        assert last_lines(world, 20) == ["mine"]

    def test_never_are_those_of_a_job_whose_name_only_begins_alike(self, world: World) -> None:
        log(world, f"{NAME}/algo-1-1", "mine")
        log(world, f"{NAME}0/algo-1-1", "another's")
        assert last_lines(world, 20) == ["mine"]

    def test_are_none_where_the_job_never_logged(self, world: World) -> None:
        assert last_lines(world, 20) == []
        log(world, "another/algo-1-1", "x")
        assert last_lines(world, 20) == []

    def test_that_cannot_be_read_say_so_and_do_not_keep_the_message_back(
        self, world: World
    ) -> None:
        log(world, f"{NAME}/algo-1-1", "x")
        world.errors["GetLogEvents"] = [("AccessDeniedException", "not authorized")]
        (line,) = last_lines(world, 20)
        assert line == "(The log cannot be read: AccessDeniedException: not authorized)"


class TestTheEndOfEachHost:
    def test_is_told_by_number_those_that_completed_last(self, world: World) -> None:
        for host, end in {
            1: "completed",
            2: "x.sh failed with exit code 3: no",
            4: "completed",
        }.items():
            log(world, f"{NAME}/algo-{host}-1", "a", f"entrypoint: host {host} of 4: {end}")
        log(world, f"{NAME}/algo-3-1", "a", "entrypoint: host 3 of 4 has 2 objects, 5 bytes")
        assert ends(world, 4) == [
            "2: x.sh failed with exit code 3: no",
            f"3: {job_log.SILENT}",
            "1, 4: completed",
        ]

    def test_is_told_of_a_host_without_a_log_but_of_none_that_never_started(
        self, world: World
    ) -> None:
        assert ends(world, 2) == []
        log(world, f"{NAME}/algo-1-1", "entrypoint: host 1 of 2: completed")
        assert ends(world, 2) == [f"2: {job_log.SILENT}", "1: completed"]

    def test_leaves_the_last_lines_to_the_hosts_that_have_not_completed(self, world: World) -> None:
        log(world, f"{NAME}/algo-1-1", "well", "entrypoint: host 1 of 2: completed", after_s=1)
        log(world, f"{NAME}/algo-2-1", "why", "entrypoint: host 2 of 2: x.sh failed")
        assert of_hosts(world, 2).lines == ["why"]

    def test_its_stream_is_named_if_it_is_one_hosts_alone(self, world: World) -> None:
        log(world, f"{NAME}/algo-1-17", "well", "entrypoint: host 1 of 2: completed")
        log(world, f"{NAME}/algo-2-18", "why", "entrypoint: host 2 of 2: x.sh failed")
        assert of_hosts(world, 2).stream == f"{NAME}/algo-2-18"
        log(world, f"{NAME}/algo-3-19", "killed")
        assert of_hosts(world, 3).stream is None

    def test_is_bounded_however_many_hosts_there_are_and_however_they_end(
        self, world: World
    ) -> None:
        for host in range(1, 31):
            end = f"failed with exit code {host}" if host > 13 else "completed"
            log(world, f"{NAME}/algo-{host}-1", f"entrypoint: host {host} of 30: {end}")
        told = ends(world, 30)
        assert len(told) == job_log.MOST_ENDS + 2
        assert told[-2] == "(and 7 other ends)"
        assert told[-1] == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 3 more: completed"
