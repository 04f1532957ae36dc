"""What of a script's output CloudWatch may take for a metric: its own, and nothing else."""

import json
import os
import select
import subprocess
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local.aws.cloudwatch import metric_store
from observer.metrics import UNITS
from tests.container.job import CONTAINER, PATH, TIMEOUT, Job
from tests.container.modules import load
from tests.examples import share

ENVIRONMENT = {"STACK": "dev", "SCHEDULE": "hourly"}
DIMENSIONS = [["stack", "schedule"]]
relay = load("relay.py")
metric_module = load("metric.py")


def relay_of(
    source: IO[bytes] | None = None,
    target: IO[bytes] | None = None,
    environment: dict[str, str] = ENVIRONMENT,
) -> Any:
    return relay.Relay(source, target, environment)


def relayed(data: bytes, step: int = 65536) -> bytes:
    each = relay_of()
    taken = [each.take(data[at : at + step]) for at in range(0, len(data), step)]
    return b"".join([*taken, each._line(each._held)])


def metric(namespace: str = "SageMakerProcessing", name: str = "Rows", **changes: Any) -> Any:
    """Return a metric as send_metric tells it, or another one."""
    directive = {
        "Namespace": namespace,
        "Dimensions": changes.pop("dimensions", DIMENSIONS),
        "Metrics": [{"Name": name, "Unit": "Count"}],
    }
    told = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    return {"_aws": told, "stack": "dev", "schedule": "hourly", name: 1.0, **changes}


def line(record: Any, **how: Any) -> bytes:
    return json.dumps(record, **how).encode() + b"\n"


def metrics_in(output: bytes) -> list[Any]:
    """Return what CloudWatch could find, of each line, each part of a line and what lies within.

    A logger may split a line anywhere, and of Lambda's lines only the end has to be a document.
    """
    decoder, found = json.JSONDecoder(), list[Any]()
    for text in output.decode(errors="replace").split("\n"):
        for at in (at for at, char in enumerate(text) if char == "{"):
            try:
                record, _ = decoder.raw_decode(text[at:])
            except (ValueError, RecursionError):
                continue
            found += [record] if "_aws" in record else []
    return found


OWN = metric()
DOUBLE = b'{"_aws": %s, "_aws": %s}\n' % (
    json.dumps(metric("AWS/Billing")["_aws"]).encode(),
    json.dumps(OWN["_aws"]).encode(),
)
ESCAPED = line(metric("Other")).replace(b'"_aws"', b'"\\u005F\\u0061w\\u0073"')
FAKES = {
    "another namespace": line(metric("AWS/Billing")),
    "one of two namespaces": line(
        {
            **OWN,
            "_aws": {
                **OWN["_aws"],
                "CloudWatchMetrics": [
                    *OWN["_aws"]["CloudWatchMetrics"],
                    *metric("x")["_aws"]["CloudWatchMetrics"],
                ],
            },
        }
    ),
    "another stack": line(metric(stack="prod")),
    "another schedule": line(metric(schedule="daily")),
    "no stack": line({key: value for key, value in OWN.items() if key != "stack"}),
    "other dimensions": line(metric(dimensions=[["stack", "schedule", "user"]], user="x")),
    "no dimensions": line(metric(dimensions=[[]])),
    "the pipeline's own metric": line(metric(name="JobsSucceeded")),
    "a log group": line({**OWN, "_aws": {**OWN["_aws"], "LogGroupName": "other"}}),
    "the key twice": DOUBLE,
    "a dimension twice": line(OWN).replace(b'"stack": "dev"', b'"stack": "x", "stack": "dev"'),
    "the key in escapes": ESCAPED,
    "spaces before it": b" \t" + line(metric("Other")),
    "a carriage return before it": b"10%\r" + line(metric("Other")),
    "text before it": b"INFO 2026-01-05 " + line(metric("Other")),
    "no line end": line(metric("Other")).rstrip(),
    "a byte order mark": b"\xef\xbb\xbf" + line(metric("Other")),
    "invalid UTF-8": line(metric("Other", x="@")).replace(b"@", b"\xff"),
    "NaN": line(metric(x=float("nan"))),
    "a list": line([metric("Other")]),
    "another form": line(OWN, separators=(",", ":")),
    "no number": line(metric(Rows="1.0")),
    "more than a number": line(metric(Rows=10**400)),
    "no time": line(OWN).replace(b'"Timestamp": ', b'"Timestamp": Infinity, "x": '),
    "nested": line(metric(x=metric("Other"))),
    "a nested value": line(metric(x=[1])),
    "deeply nested": b'{"x": ' + b"[" * 3000 + b"]" * 3000 + b", " + line(OWN)[1:],
    "wrong types": b'{"_aws": []}\n{"_aws": {"Timestamp": 1, "CloudWatchMetrics": [[]]}}\n',
    "beyond 16 KB": b"x" * 16384 + line(metric("Other")),
    "beyond a block": b"x" * 70_000 + line(metric("Other")),
    "a long line of its own": line(metric(x="x" * 9000)),
}


class TestAMetricOfTheScript:
    def test_passes_as_it_is(self) -> None:
        arguments = [CONTAINER / "bin" / "send_metric", "Rows", "-1.5", "Count/Second"]
        environment = {"PATH": PATH, **ENVIRONMENT}
        printed = subprocess.run(arguments, env=environment, capture_output=True, check=True).stdout
        assert relayed(b"before\n" + printed + b"after\n") == b"before\n" + printed + b"after\n"

    @pytest.mark.parametrize("step", [1, 2, 5, 64, 65536])
    def test_passes_however_it_comes(self, step: int) -> None:
        data = b"a\n" + line(OWN) + line(OWN)
        assert relayed(data, step) == data

    def test_passes_with_the_longest_names_there_are(self) -> None:
        environment = {"STACK": "\x01" * 256, "SCHEDULE": "s" * 63}
        name = "~" * 255
        longest = metric(name=name, stack=environment["STACK"], schedule=environment["SCHEDULE"])
        data = line(longest)
        assert relay_of(environment=environment).take(data) == data


class TestAFakeMetric:
    @pytest.mark.parametrize("step", [1, 3, 65536])
    @pytest.mark.parametrize("name", FAKES)
    def test_is_shown_and_is_no_metric_any_more(self, name: str, step: int) -> None:
        output = relayed(FAKES[name] + b"next\n", step)
        assert metrics_in(output) == []
        assert b"_aws (not a metric of this job)" in output
        assert output.endswith(b"next\n")

    @pytest.mark.parametrize("at", range(1, 12))
    def test_is_none_either_if_the_script_pauses_in_the_middle(self, at: int) -> None:
        each, data = relay_of(), line(metric("Other"))
        output = each.take(data[:at]) + each.flush() + each.take(data[at:]) + each._line(each._held)
        assert metrics_in(output) == []

    def test_does_not_reach_the_log_of_a_job(self, job: Job) -> None:
        fake, own = line(metric("AWS/Billing")).decode().strip(), line(OWN).decode().strip()
        job.script(f"echo '{fake}'; echo '{own}'; echo '{fake}' >&2; echo plain")
        (job.output / "result").touch()
        done = job.run()
        renamed = fake.replace("_aws", "_aws (not a metric of this job)")
        assert done.stdout.decode().splitlines() == [renamed, own, "plain"]
        assert done.stderr.decode().splitlines() == [renamed]
        found = [
            metric_store.extract(each, datetime.now(UTC))
            for each in done.stdout.decode().split("\n")
        ]
        assert [point.namespace for points in found for point in points] == ["SageMakerProcessing"]


PIECES = [
    *(b'"_aws"', b'"_a', b'ws"', b'"', b"{", b"}", b"\n", b"\r", b" ", b":", b"_aws", b"\\"),
    *(b"\\u005f", b"\\u0061", b"\\u00", b"\xff", "é".encode(), b"x" * 50, b"{}", b"[", b"]"),
    *(line(OWN), line(metric("Other")), line(OWN).strip(), line(metric("Other")).strip()),
]
STREAMS = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)


class TestAnyStream:
    @given(STREAMS, st.integers(1, 80))
    @example(b'"_aws"_aws"', 6)
    @settings(max_examples=share(5))
    def test_has_only_metrics_of_the_job_in_it(self, data: bytes, step: int) -> None:
        found = metrics_in(relayed(data, step))
        assert all(relay_of()._is_own(line(each).strip()) for each in found)

    @given(STREAMS.filter(lambda data: not relay._KEY.search(data)), st.integers(1, 80))
    @settings(max_examples=share(2))
    def test_without_the_key_passes_byte_for_byte(self, data: bytes, step: int) -> None:
        assert relayed(data, step) == data

    @given(STREAMS, st.integers(1, 80))
    @settings(max_examples=share(2))
    def test_keeps_every_other_byte(self, data: bytes, step: int) -> None:
        keyless = relay._KEY.sub(b"", data)
        output = relayed(data, step).replace(relay.RENAMED, b"")
        assert relay._KEY.sub(b"", output) == keyless


class TestAStream:
    @pytest.fixture
    def pipe(self) -> Iterator[tuple[IO[bytes], int]]:
        """Return where the script writes, and from where its log reads."""
        (source, end), (log, target) = os.pipe(), os.pipe()
        with os.fdopen(target, "wb", 0) as shown:
            printed = os.fdopen(source, "rb", 0)
            stream = relay_of(printed, shown)
            stream.start()
            with os.fdopen(end, "wb", 0) as file:
                yield file, log
            stream.join()
        os.close(log)

    def test_keeps_its_end(self, tmp_path: Path) -> None:
        data = os.urandom(300_000)
        (tmp_path / "data").write_bytes(data)
        with (tmp_path / "data").open("rb") as source, (tmp_path / "out").open("wb") as target:
            stream = relay_of(source, target)
            stream.run()
        assert (tmp_path / "out").read_bytes() == data
        assert stream.end == data[-65536:]

    def test_shows_a_line_at_once_and_an_unfinished_one_soon(
        self, pipe: tuple[IO[bytes], int]
    ) -> None:
        printed, log = pipe
        printed.write(b'? {"\n{"level": 1')
        assert os.read(log, 99) == b'? {"\n'
        assert select.select([log], [], [], TIMEOUT)[0]
        assert os.read(log, 99) == b'{"level": 1'

    def test_takes_no_memory_for_an_endless_line(self, tmp_path: Path) -> None:
        with (tmp_path / "line").open("wb") as file:
            file.write(b'{"x": "')
            file.truncate(100_000_000)
        with (tmp_path / "line").open("rb") as source, Path(os.devnull).open("wb") as target:
            stream = relay_of(source, target)
            tracemalloc.start()
            try:
                stream.run()
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert peak < 1_000_000


class TestTheTakenNames:
    def test_are_the_observers(self) -> None:
        assert set(UNITS) == metric_module.TAKEN
