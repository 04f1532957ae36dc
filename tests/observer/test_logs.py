import os
import subprocess
import time

from observer.notification import last_lines
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from tests.conftest import ROOT
from tests.lambda_world import ATTEMPT, NAME, World

ENTRY = Entry.of(ATTEMPT, NAME)


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
        assert last_lines(world.client("logs"), ENTRY, 3) == ["b", "c", "d"]

    def test_are_of_all_hosts_however_many_there_are(self, world: World) -> None:
        for host in range(60):  # an answer holds 50 streams
            log(world, f"{NAME}/algo-{host:02}-1", str(host), after_s=host / 10)
        assert last_lines(world.client("logs"), ENTRY, 2) == ["58", "59"]

    def test_are_only_as_many_as_asked_for(self, world: World) -> None:
        log(world, f"{NAME}/algo-1-1", *map(str, range(50)))
        lines = last_lines(world.client("logs"), ENTRY, 20)
        assert lines == [str(number) for number in range(30, 50)]

    def test_are_no_lines_that_only_cloudwatch_reads(self, world: World) -> None:
        command = [ROOT / "container" / "bin" / "send_metric", "Records", "1", "Count"]
        environment = {**os.environ, "STACK": "test", "SCHEDULE": "daily"}
        printed = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        )
        log(world, f"{NAME}/algo-1-1", "mine", printed.stdout.rstrip())
        assert last_lines(world.client("logs"), ENTRY, 20) == ["mine"]

    def test_never_are_those_of_a_job_whose_name_only_begins_alike(self, world: World) -> None:
        log(world, f"{NAME}/algo-1-1", "mine")
        log(world, f"{NAME}0/algo-1-1", "another's")
        assert last_lines(world.client("logs"), ENTRY, 20) == ["mine"]

    def test_are_none_where_the_job_never_logged(self, world: World) -> None:
        assert last_lines(world.client("logs"), ENTRY, 20) == []
        log(world, "another/algo-1-1", "x")
        assert last_lines(world.client("logs"), ENTRY, 20) == []

    def test_that_cannot_be_read_say_so_and_do_not_keep_the_message_back(
        self, world: World
    ) -> None:
        log(world, f"{NAME}/algo-1-1", "x")
        world.errors["GetLogEvents"] = [("AccessDeniedException", "not authorized")]
        (line,) = last_lines(world.client("logs"), ENTRY, 20)
        assert line == "(The log cannot be read: AccessDeniedException: not authorized)"
