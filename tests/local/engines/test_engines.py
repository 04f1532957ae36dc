"""The engines, each really running containers of a small context."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from local.engines import docker
from local.engines.process import ProcessEngine
from local.engines.usage import Usage
from tests.local.container_bench import Container


class TestTheContainerIsTheOneOfTheJob:
    def test_a_missing_entry_point_is_exit_code_127(self, container: Container) -> None:
        assert container.run("", entrypoint=["/app/absent.sh"]) == 127

    def test_the_entry_point_comes_from_the_context_and_gets_the_arguments(
        self, container: Container
    ) -> None:
        code = container.run("", entrypoint=["/app/entry.sh", "a b"], arguments=["$HOME", ""])
        assert (code, container.lines) == (0, ["/app/entry.sh|a b|$HOME||"])

    def test_the_environment_is_the_jobs_and_the_images_and_nothing_of_this_process(
        self, container: Container, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-person")
        assert container.run("env", environment={"SLOT": "now and then"}) == 0
        shells = {"PWD", "SHLVL", "_", "TZ"}
        given = dict(line.split("=", 1) for line in container.lines)
        assert {name: value for name, value in given.items() if name not in shells} == {
            "SLOT": "now and then",
            "IN_IMAGE": "yes it is",
            "BIN": "/app/bin",
            "LANG": "C.UTF-8",
            "PATH": "/app/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "HOSTNAME": "algo-1",
        }

    def test_opt_ml_is_read_and_written_through(self, container: Container) -> None:
        (container.ml / "in").write_text("7")
        assert container.run("echo $(($(cat /opt/ml/in) * 6)) >/opt/ml/out") == 0
        assert (container.ml / "out").read_text() == "42\n"


_COMPUTES = """
trap 'exit 0' TERM
( x=$(head -c 30000000 /dev/zero | tr '\\0' x); while :; do :; done ) &
sleep 20 & wait $!; exit 1
"""
"""In a child, not in the first process."""


class TestWhatItTakes:
    def test_of_the_machine_is_told_while_it_runs(self, container: Container) -> None:
        told: list[Usage] = []

        def tell(usage: Usage) -> None:
            told.append(usage)
            if usage.cpu_percent > 5 and usage.memory_bytes > 30e6:
                container.stop.set()

        assert container.run(_COMPUTES, on_usage=tell) == 0, told

    def test_is_told_of_no_process_of_another_machine(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def inspect(*_: str) -> subprocess.CompletedProcess[str]:
            return subprocess.CompletedProcess("docker", 0, f"{os.getpid()} 0123abcd\n")

        monkeypatch.setattr(docker, "_docker", inspect)
        assert docker.first_process("some") is None


_TALKS_TO_ITSELF = """
use IO::Socket::INET;
my $server = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die "listen: $!";
IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $server->sockport) or die "connect: $!";
"""


class TestTheContainerIsLikeOneOnSageMaker:
    def test_in_place_time_language_user_host_name_and_devices(self, container: Container) -> None:
        facts = "pwd; date +%Z%z; locale charmap; umask; id -u; cat /proc/sys/kernel/hostname"
        devices = "echo x >/tmp/x; head -c 4 /dev/urandom | wc -c; echo y >/dev/stderr"
        assert container.run(f"{facts}; {devices}") == 0
        expected = ["/data/deep", "UTC+0000", "UTF-8", "0022", "0", "algo-1", "4", "y"]
        assert sorted(container.lines) == sorted(expected)  # stderr has no order with stdout

    def test_in_that_it_can_talk_to_itself(self, container: Container) -> None:
        assert container.run("", entrypoint=["perl", "-e", _TALKS_TO_ITSELF]) == 0

    def test_in_that_root_gives_files_away(self, container: Container) -> None:
        if isinstance(container.engine, ProcessEngine) and container.engine.caveat:
            pytest.skip(container.engine.caveat)
        script = "install -o nobody -g nogroup /etc/hostname x && cp -a x /opt/ml/y"
        assert container.run(script) == 0

    def test_in_that_its_files_can_be_uploaded_whatever_their_mode(
        self, container: Container
    ) -> None:
        assert container.run("mkdir /opt/ml/d; echo 7 >/opt/ml/d/x; chmod -R 000 /opt/ml/d") == 0
        assert (container.ml / "d" / "x").read_text() == "7\n"


class TestOutputNeverBlocks:
    def test_lines_come_whole_in_any_encoding_and_without_a_last_newline(
        self, container: Container
    ) -> None:
        container.run(r"printf 'caf\xc3\xa9\r\n\n\xff!\nlast\xc3'")
        assert container.lines == ["café", "", "\ufffd!", "last\ufffd"]

    def test_a_line_longer_than_a_log_event_comes_in_pieces(self, container: Container) -> None:
        container.run("head -c 700000 /dev/zero | tr '\\0' 'é'; echo; echo end")
        assert len(container.lines) > 2
        assert container.lines[-1] == "end"
        assert max(len(line.encode()) for line in container.lines) < 1_000_000

    def test_a_script_that_closes_its_output_is_waited_for(self, container: Container) -> None:
        script = "exec >&- 2>&-; sleep 0.3; : >/opt/ml/done; exit 5"
        assert container.run(script) == 5
        assert (container.ml / "done").exists()

    def test_a_left_over_child_that_holds_the_output_ends_with_the_script(
        self, container: Container
    ) -> None:
        begun = time.monotonic()
        assert container.run("sleep 60 & echo started; exit 0") == 0
        assert container.lines == ["started"]
        assert time.monotonic() - begun < 30

    def test_an_error_of_the_receiver_is_raised_after_the_script_went_on(
        self, container: Container
    ) -> None:
        def fail(line: str) -> None:
            raise ValueError(line)

        with pytest.raises(ValueError, match="first"):
            container.run("echo first; seq 100000; : >/opt/ml/done", on_line=fail)
        assert (container.ml / "done").exists()


class TestStopping:
    def test_term_reaches_the_script_which_may_tidy_up(self, container: Container) -> None:
        script = "trap 'echo tidied; exit 9' TERM; echo ready; sleep 60 & wait"
        assert container.run(script) == 9
        assert container.lines == ["ready", "tidied"]

    def test_a_deaf_script_is_killed_after_the_grace(self, container: Container) -> None:
        begun = time.monotonic()
        assert container.run("trap '' TERM; echo ready; sleep 60; true", stop_grace_s=1) == 137
        assert 1 <= time.monotonic() - begun < 30

    def test_a_stop_before_the_start_ends_it_too(self, container: Container) -> None:
        container.stop.set()
        assert container.run("sleep 60", stop_grace_s=0) == 137


class TestIsolation:
    def test_an_isolated_script_reaches_no_server(self, container: Container) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            assert container.run(f"exec 3<>/dev/tcp/127.0.0.1/{port}") != 0
        container.lines.clear()
        container.run("tail -n +3 /proc/net/dev | cut -d: -f1")
        assert [line.strip() for line in container.lines] == ["lo"]

    def test_the_machine_is_read_only(self, sandbox: Container) -> None:
        places = ["/usr", "/etc", "/app", "/opt/venv", sys.base_prefix]
        script = "cd $each && ! touch written && ! mount -o remount,rw $each || exit 1"
        assert sandbox.run(f"for each in {' '.join(places)}; do {script}; done") == 0
        assert sum("Read-only" in line for line in sandbox.lines) >= len(places)
        assert not [each for each in places if Path(each, "written").exists()]

    def test_the_kernels_settings_are_read_only(self, sandbox: Container) -> None:
        assert sandbox.run("echo changed >/proc/sys/kernel/hostname") == 1

    def test_the_machines_other_files_are_not_there(
        self, sandbox: Container, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        private = tmp_path_factory.mktemp("private") / "file"
        private.touch()
        assert sandbox.run(f"ls {private} /home/* /var/log") == 2

    def test_no_mount_and_no_process_is_left_on_the_machine(self, sandbox: Container) -> None:
        duration = _unique_duration()
        assert sandbox.run(f"sleep {duration} & echo $!") == 0
        assert str(sandbox.ml) not in Path("/proc/self/mountinfo").read_text()
        assert not _sleeps(duration)

    def test_python_is_the_one_of_this_environment(self, sandbox: Container) -> None:
        script = 'import sys, pydantic; print(sys.prefix, "%d.%d" % sys.version_info[:2])'
        assert sandbox.run("", entrypoint=["/opt/venv/bin/python3", "-c", script]) == 0
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        assert sandbox.lines == [f"/opt/venv {version}"]

    def test_later_changes_of_the_context_do_not_reach_the_image(
        self, process: ProcessEngine, tmp_path: Path
    ) -> None:
        changing = tmp_path / "context"
        changing.mkdir()
        (changing / "Dockerfile").touch()
        (changing / "version").write_text("one\n")
        sandbox = Container(process, process.build(changing, {}), tmp_path)
        (changing / "version").write_text("two\n")
        sandbox.run("cat /app/version")
        assert sandbox.lines == ["one"]


class TestNothingSurvivesThisProcess:
    @pytest.mark.parametrize("engine", ["process"], indirect=True)
    def test_the_sandbox_ends_when_its_parent_is_killed(self, image: str, tmp_path: Path) -> None:
        duration = _unique_duration()
        program = (
            "import sys, threading, pathlib\n"
            "from local.engines import ContainerRun\n"
            "from local.engines.process import ProcessEngine\n"
            f"path = pathlib.Path({str(tmp_path)!r})\n"
            f"spec = ContainerRun(entrypoint=['sleep', '{duration}'], ml=path, hostname='h',\n"
            "    stop_grace_s=1)\n"
            f"ProcessEngine(path).run({image!r}, spec, print, threading.Event())\n"
        )
        root = Path(__file__).parents[3]
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        with subprocess.Popen([sys.executable, "-c", program], cwd=root, env=environment) as parent:
            _until(lambda: _sleeps(duration))
            os.kill(parent.pid, signal.SIGKILL)
        _until(lambda: not _sleeps(duration))
        assert not _sleeps(duration)

    @pytest.mark.parametrize("engine", ["docker"], indirect=True)
    def test_docker_containers_are_removed(self, container: Container) -> None:
        container.run("true", hostname="to-be-removed")
        listed = subprocess.run(
            ["docker", "ps", "--all", "--filter", f"volume={container.ml}", "--quiet"],
            capture_output=True,
            check=True,
        )
        assert listed.stdout == b""


def _unique_duration() -> str:
    """Return seconds for `sleep` by which that one process can be found on the machine."""
    return f"60.{uuid4().int}"


def _sleeps(duration: str) -> bool:
    wanted = f"sleep\0{duration}\0".encode()
    # A process may end between being listed and being read.
    return any(_content(path / "cmdline") == wanted for path in Path("/proc").iterdir())


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.02)
