"""The hosts of one job reach each other and nothing else; each engine really runs them."""

import socket
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from local.engines import Engine, EngineError
from local.engines.process import ProcessEngine
from tests.local.container_bench import Container

SERVE = r"""
use IO::Socket::INET;
$SIG{TERM} = sub { exit 7 };
my %at = (Listen => 5, LocalPort => 7000);
my $own = IO::Socket::INET->new(%at, LocalAddr => "127.0.0.1") or die "loopback: $!";
my $server = IO::Socket::INET->new(%at, LocalAddr => $ENV{HOSTNAME}) or die "address: $!";
$| = 1;
print $server->sockhost . "\n";
while (1) { print {$server->accept} "hello\n" }
"""
"""On its loopback, where nobody comes, and on its address."""

Host = Callable[[], Container]


@pytest.fixture
def host(engine: Engine, image: str, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """Return one container more at each call."""
    return lambda: Container(engine, image, tmp_path_factory.mktemp("host"))


@contextmanager
def serving(container: Container, network: str) -> Generator[str]:
    """Let a container serve as algo-1 of a network, and yield its address there."""
    said, heard = list[str](), threading.Event()

    def receive(line: str) -> None:
        said.append(line)
        heard.set()

    entrypoint = ["perl", "-e", SERVE]
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(
            container.run, "", on_line=receive, entrypoint=entrypoint, network=network
        )
        try:
            assert heard.wait(20), ended.result()
            yield said[0]
        finally:
            container.stop.set()
        assert ended.result() == 7, said


def test_hosts_reach_each_other_by_name_and_keep_a_loopback_of_their_own(
    engine: Engine, host: Host
) -> None:
    other = host()
    with engine.network(["algo-1", "algo-2"]) as network, serving(host(), network):
        script = "head -1 </dev/tcp/algo-1/7000; head -1 </dev/tcp/127.0.0.1/7000"
        assert other.run(script, hostname="algo-2", network=network) != 0
    # In the one order or the other: they come through two streams.
    assert other.lines.count("hello") == 1
    assert "Connection refused" in "".join(other.lines)


def test_hosts_reach_neither_another_jobs_hosts_nor_this_machine(
    engine: Engine, host: Host
) -> None:
    own = host()
    with (
        engine.network(["algo-1"]) as theirs,
        engine.network(["algo-2"]) as ours,
        socket.create_server(("0.0.0.0", 0)) as server,  # noqa: S104 - also on a bridge's address
        serving(host(), theirs) as address,
    ):
        bridge, port = "$(hostname -i | sed 's/[0-9]*$/1/')", server.getsockname()[1]
        # Who is reached answers at once.
        script = (
            f"for each in algo-1/7000 {address}/7000 {bridge}/{port}; do\n"
            """  timeout 0.5 bash -c ': </dev/tcp/'$each && echo "reached $each" &\n"""
            "done; wait; hostname"
        )
        assert own.run(script, hostname="algo-2", network=ours) == 0
    assert own.lines[-1] == "algo-2"
    assert [line for line in own.lines if line.startswith("reached")] == []


def test_a_machine_without_the_tools_says_so(
    process: ProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.engines.process._NETWORK_TOOLS", ("ip-of-iproute2",))
    with pytest.raises(EngineError, match="ip-of-iproute2 not on PATH"), process.network(["a"]):
        pass
