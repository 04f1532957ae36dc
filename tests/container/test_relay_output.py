"""What of a script's output CloudWatch may take for a metric: its own, and nothing else."""

import json
import os
import select
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
RELAY = CONTAINER / "bin" / "relay_output"
relay_output = load("relay_output")
metric_line = load("metric_line.py")


def relayed(data: bytes, step: int = 65536) -> bytes:
    relay = relay_output.Relay(ENVIRONMENT)
    taken = [relay.take(data[at : at + step]) for at in range(0, len(data), step)]
    return b"".join([*taken, relay.end()])


def metric(namespace: str = "SageMakerProcessing", name: str = "Rows", **changes: Any) -> Any:
    """Return a metric as send_metric tells it, or another one."""
    directive = {
        "Namespace": namespace,
        "Dimensions": changes.pop("dimensions", DIMENSIONS),
        "Metrics": [{"Name": name, "Unit": "Count"}],
    }
    told = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    return {"_aws": told, "stack": "dev", "schedule": "hourly", name: 1, **changes}


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
        data = b"a\n" + line(OWN) + line(OWN, separators=(",", ":")) + line(OWN)
        assert relayed(data, step) == data

    def test_passes_with_the_longest_names_there_are(self) -> None:
        environment = {"STACK": "\x01" * 256, "SCHEDULE": "s" * 63}
        name = "~" * 255
        longest = metric(name=name, stack=environment["STACK"], schedule=environment["SCHEDULE"])
        data = line(longest)
        assert relay_output.Relay(environment).take(data) == data


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
        relay, data = relay_output.Relay(ENVIRONMENT), line(metric("Other"))
        output = relay.take(data[:at]) + relay.flush() + relay.take(data[at:]) + relay.end()
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
        assert all(relay_output.Relay(ENVIRONMENT)._is_own(line(each)) for each in found)

    @given(STREAMS.filter(lambda data: not relay_output._KEY.search(data)), st.integers(1, 80))
    @settings(max_examples=share(2))
    def test_without_the_key_passes_byte_for_byte(self, data: bytes, step: int) -> None:
        assert relayed(data, step) == data

    @given(STREAMS, st.integers(1, 80))
    @settings(max_examples=share(2))
    def test_keeps_every_other_byte(self, data: bytes, step: int) -> None:
        keyless = relay_output._KEY.sub(b"", data)
        output = relayed(data, step).replace(relay_output.RENAMED, b"")
        assert relay_output._KEY.sub(b"", output) == keyless


class TestTheRelay:
    def start(self, tmp_path: Path, relay: Path = RELAY) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [relay, tmp_path / "end"],
            env={"PATH": PATH, **ENVIRONMENT},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def test_keeps_the_end_of_the_stream(self, tmp_path: Path) -> None:
        data = os.urandom(300_000)
        out, _ = self.start(tmp_path).communicate(data, timeout=TIMEOUT)
        assert out == data
        assert (tmp_path / "end").read_bytes() == data[-65536:]

    def test_shows_a_line_at_once_and_an_unfinished_one_soon(self, tmp_path: Path) -> None:
        for path in (CONTAINER / "bin").iterdir():
            shutil.copy(path, tmp_path)
        quick = tmp_path / "relay_output"
        assert "\nQUIET_S = 1.0\n" in quick.read_text()
        quick.write_text(quick.read_text().replace("QUIET_S = 1.0", "QUIET_S = 0.2"))
        process = self.start(tmp_path, quick)
        assert process.stdin
        assert process.stdout
        process.stdin.write(b'? {"\n{"level": 1')
        process.stdin.flush()
        assert os.read(process.stdout.fileno(), 99) == b'? {"\n'
        assert select.select([process.stdout], [], [], TIMEOUT)[0]
        assert os.read(process.stdout.fileno(), 99) == b'{"level": 1'
        process.communicate(timeout=TIMEOUT)

    def test_ends_with_its_stream_and_not_with_a_signal(self, tmp_path: Path) -> None:
        process = self.start(tmp_path)
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"up\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"up\n"
        process.terminate()
        out, _ = process.communicate(b"last", timeout=TIMEOUT)
        assert (process.returncode, out) == (0, b"last")

    def test_takes_no_memory_for_an_endless_line(self, tmp_path: Path) -> None:
        source = tmp_path / "line"
        with source.open("wb") as file:
            file.write(b'{"x": "')
            file.truncate(100_000_000)
        with source.open("rb") as stdin:
            done = subprocess.run(
                ["prlimit", "--as=60000000", RELAY, tmp_path / "end"],
                env={"PATH": PATH, **ENVIRONMENT},
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                check=False,
            )
        assert done.returncode == 0


class TestTheTakenNames:
    def test_are_the_observers(self) -> None:
        assert set(UNITS) == metric_line.TAKEN
