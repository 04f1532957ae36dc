"""examples/spark on hosts of this machine. Spark is played, but where SPARK_IMAGE has it."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks import cluster
from tests.conftest import ROOT
from tests.container.job import TIMEOUT

EXAMPLE = ROOT / "examples" / "spark"
MASTER = "import socket, time; server = socket.create_server(('', {port})); time.sleep(600)"
PROGRAM = "echo running; exec sleep 600"
LEADER, OTHER = "localhost", "algo-2"


class Host:
    """One of two hosts, with directories and a Spark of its own."""

    def __init__(self, root: Path, index: int, ports: tuple[int, int]) -> None:
        self.root, self.index = root, index
        self.scripts, self.output = root / "scripts", root / "output"
        self.result = root / "spark" / "result"
        for folder in (self.scripts, self.result):
            folder.mkdir(parents=True)
        for name, given, here in (
            ("cluster.py", "MASTER_PORT = 7077", f"MASTER_PORT = {ports[1]}"),
            ("hosts.py", "\nPORT = 7070", f"\nPORT = {ports[0]}"),
        ):
            text = (EXAMPLE / name).read_text()
            assert given in text
            (self.scripts / name).write_text(text.replace(given, here))
        master = f"exec {sys.executable} -Sc {shlex.quote(MASTER.format(port=ports[1]))}"
        self.plays("spark-class", f"[[ $1 = *.Worker ]] || {master}; exec sleep 600")
        self.plays("spark-submit", PROGRAM)

    def plays(self, name: str, script: str) -> None:
        """Have one of Spark's commands do this."""
        (self.scripts / name).write_text(f"#!/bin/bash\n{script}\n")
        (self.scripts / name).chmod(0o755)

    def waits(self, seconds: float) -> None:
        script = self.scripts / "hosts.py"
        script.write_text(script.read_text().replace("WAIT_S = 600", f"WAIT_S = {seconds}"))

    def start(self) -> None:
        paths = {"INPUT_PATH": f"{self.root}/input", "OUTPUT_PATH": str(self.output)}
        hosts = {"HOSTS": f"{LEADER} {OTHER}", "HOST_INDEX": str(self.index), "HOST_COUNT": "2"}
        path = f"{self.scripts}:/usr/bin:/bin"
        self.process = subprocess.Popen(
            [sys.executable, self.scripts / "cluster.py", "revenue.py"],
            env={"PATH": path, **paths, **hosts},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def end(self) -> tuple[int, str]:
        """Return the exit code, and the last line on stderr."""
        _, said = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, "".join(said.splitlines()[-1:])

    @property
    def handed_in(self) -> list[str]:
        return [str(path.relative_to(self.output)) for path in self.output.rglob("*.parquet")]


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    with socket.create_server(("", 0)) as one, socket.create_server(("", 0)) as two:
        ports = one.getsockname()[1], two.getsockname()[1]
    both = Host(tmp_path / "0", 0, ports), Host(tmp_path / "1", 1, ports)
    yield both
    for host in both:
        if hasattr(host, "process"):
            with suppress(ProcessLookupError):
                os.killpg(host.process.pid, signal.SIGKILL)


def run(hosts: tuple[Host, Host]) -> list[tuple[int, str]]:
    for host in hosts:
        host.start()
    return [host.end() for host in hosts]


def test_hosts_end_with_the_program_and_hand_in_what_each_has_of_the_result(
    hosts: tuple[Host, Host],
) -> None:
    hosts[0].plays("spark-submit", "exit 0")
    for number, host in enumerate(hosts):
        for name in (f"part-{number}.parquet", ".part.parquet", "_temporary/0/part.parquet"):
            place = host.result / "revenue" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
    assert run(hosts) == [(0, ""), (0, "")]
    assert [host.handed_in for host in hosts] == [
        ["revenue/part-0.parquet"],
        ["revenue/part-1.parquet"],
    ]


def test_a_program_that_fails_fails_all_hosts_which_hand_in_nothing(
    hosts: tuple[Host, Host],
) -> None:
    hosts[0].plays("spark-submit", "echo ValueError: no orders >&2; exit 3")
    (hosts[1].result / "part.parquet").touch()
    failed = f"cluster: {LEADER} failed: revenue.py ended with exit code 3"
    assert run(hosts) == [(3, "ValueError: no orders"), (1, failed)]
    assert hosts[1].handed_in == []


def test_a_worker_that_ends_fails_the_job_and_all_say_why(hosts: tuple[Host, Host]) -> None:
    hosts[1].plays("spark-class", "exit 9")
    why = f"cluster: {OTHER} failed: its Spark worker ended with exit code 9"
    assert run(hosts) == [(1, why), (1, why)]


@pytest.mark.parametrize("lost", [0, 1])
def test_a_host_that_is_gone_fails_the_other(hosts: tuple[Host, Host], lost: int) -> None:
    for host in hosts:
        host.start()
    assert hosts[0].process.stdout
    assert hosts[0].process.stdout.readline() == "running\n"
    hosts[lost].process.kill()
    name = (LEADER, OTHER)[lost]
    assert hosts[1 - lost].end() == (1, f"cluster: {name} failed: its connection ended")


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (0, f"cluster: {OTHER} failed to join within 0.2 s"),
        (1, f"cluster: {LEADER} failed to answer within 0.2 s: [Errno 111] Connection refused"),
    ],
)
def test_a_host_that_never_comes_is_given_up(
    hosts: tuple[Host, Host], index: int, said: str
) -> None:
    hosts[index].waits(0.2)
    hosts[index].start()
    assert hosts[index].end() == (1, said)


def test_an_image_without_spark_is_told_by_all(hosts: tuple[Host, Host]) -> None:
    (hosts[0].scripts / "spark-class").unlink()
    [one, other] = run(hosts)
    assert one == other
    assert one[1].startswith(f"cluster: {LEADER} failed: no Spark master: [Errno 2]")


@pytest.mark.skipif(
    "SPARK_IMAGE" not in os.environ,
    reason="SPARK_IMAGE names no image with examples/spark; CONTRIBUTING.md says how to build one",
)
def test_two_hosts_with_spark_have_the_result_of_duckdb_on_one(tmp_path: Path) -> None:
    data, work = tmp_path / "data", tmp_path / "work"
    cluster.make(data, 1_000_000)
    with cluster.network():
        image, command = os.environ["SPARK_IMAGE"], cluster.COMMANDS["Spark"]
        written = cluster.run(image, command, data, work, 2).written
    assert {path.relative_to(work).parts[0] for path in written} == {"algo-1", "algo-2"}
    cluster.duckdb(data, "-f", str(EXAMPLE / "revenue.sql"))
    assert cluster.same(written, [data / "revenue.parquet"])
