"""The contract between SageMaker, entrypoint.py and the script beside it."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launcher import job_request
from tests.container.job import TIMEOUT, Job

WRONG_USE = 64


class TestTheScriptIsGiven:
    HOSTILE = "a\nb 'c' \"d\" $(touch x) `touch x` ${HOME} \\ * ; & | > x \t é😀"

    def test_hostile_arguments_and_variables_as_they_are(self, job: Job) -> None:
        job.environment["VALUE"] = self.HOSTILE
        job.script('printf "%s\\0" "$@" "$VALUE"')
        arguments = [self.HOSTILE, "-n", "--help", "a b", "", "*"]
        given = job.run(*arguments).stdout.decode().split("\0")
        assert given == [*arguments, self.HOSTILE, ""]
        assert not (job.app / "x").exists()

    def test_the_launchers_variables_and_its_own(self, job: Job) -> None:
        job.environment["USERS_OWN"] = "x"
        job.script('for n; do printf "%s\\n" "${!n}"; done')
        names = ["JOB_NAME", "SCHEDULE", "SLOT", "ATTEMPT", "STACK", "USERS_OWN"]
        got = job.run(*names, "HOST_INDEX", "HOST_COUNT").stdout.decode().split()
        assert got == [*(job.environment[name] for name in names), "0", "1"]

    def test_the_paths_that_the_launcher_asks_for(self, job: Job) -> None:
        job.input.rmdir()  # as in a job without input
        job.script('printf "%s\\n" "$INPUT_PATH" "$OUTPUT_PATH"; ls -d "$INPUT_PATH"')
        place = job_request.PROCESSING.replace("/opt/ml", str(job.ml))
        here = [f"{place}{name}" for name in ("input", "output", "input")]
        assert job.run().stdout.decode().splitlines() == here

    def test_the_path_of_reference_data_where_there_are_some(self, job: Job) -> None:
        job.script('echo "${REFERENCE_PATH-none}"')
        assert job.run().stdout == b"none\n"
        place = Path(job_request.PROCESSING.replace("/opt/ml", str(job.ml)), "reference")
        place.mkdir()
        assert job.run().stdout.decode() == f"{place}\n"

    def test_a_checkpoint_path_with_what_an_earlier_attempt_on_spot_saved(self, job: Job) -> None:
        job.script('cat "$CHECKPOINT_PATH"/*; echo 1 >"$CHECKPOINT_PATH/done"')
        assert job.run().stdout == b""
        assert job.run().stdout == b"1\n"
        assert (job.ml / "processing" / "checkpoint" / "done").exists()

    def test_an_output_path_of_its_own_on_each_of_several_hosts(self, tmp_path: Path) -> None:
        # Not in the order of their numbers, and 10 sorts before 2 as text.
        job = Job(tmp_path, hosts=["algo-10", *(f"algo-{n}" for n in range(1, 10))], host="algo-2")
        names = '"$OUTPUT_PATH" "$HOST_INDEX" "$HOST_COUNT" "$HOSTS"'
        job.script(f'printf "%s\\n" {names}; : >"$OUTPUT_PATH/x"')
        place, index, count, hosts = job.run().stdout.decode().splitlines()
        assert (place, index, count) == (str(job.output / "algo-2"), "1", "10")
        assert hosts.split(" ") == [f"algo-{n}" for n in range(1, 11)]
        assert (job.output / "algo-2" / "x").exists()

    def test_and_the_log_its_share_of_the_input_on_each_of_several_hosts(
        self, tmp_path: Path
    ) -> None:
        job = Job(tmp_path, hosts=["algo-1", "algo-2"], host="algo-2")
        (job.input / "deep").mkdir()
        for name, size in (("a", 5), ("deep/b c", 1000)):
            (job.input / name).write_bytes(b"x" * size)
        job.script(":")
        assert job.run().stderr.startswith(b"entrypoint: host 2 of 2 has 2 objects, 1005 bytes\n")

    @pytest.mark.parametrize(
        ("script", "end"),
        [
            (": >$OUTPUT_PATH/x", b"completed"),
            (
                "echo 'KeyError: price' >&2; exit 3",
                b"process_data.sh failed with exit code 3: KeyError: price",
            ),
        ],
    )
    def test_and_the_log_at_last_how_each_of_several_hosts_ended(
        self, tmp_path: Path, script: str, end: bytes
    ) -> None:
        job = Job(tmp_path, hosts=["algo-1", "algo-2"], host="algo-2")
        job.script(script)
        assert job.run().stderr.endswith(b"entrypoint: host 2 of 2: " + end + b"\n")

    def test_bash_if_it_has_no_exec_bit(self, job: Job) -> None:
        job.script("#!/no/such/interpreter\necho ran under bash ${BASH_VERSION:0:1}", mode=0o644)
        assert job.run().stdout.startswith(b"ran under bash ")

    def test_its_own_interpreter_if_it_has_the_exec_bit(self, job: Job) -> None:
        job.script("#!/usr/bin/env python3\nprint(f'{6 * 7}')")
        assert job.run().stdout == b"42\n"


class TestTheJobsEnvironment:
    def test_reaches_the_script_and_does_not_change_how_it_is_run(self, job: Job) -> None:
        names = ["PATH", "PYTHONHOME", "PYTHONPATH", "ML_ROOT", "TMPDIR"]
        hostile = {**dict.fromkeys(names, "/nowhere"), "BASH_ENV": "/etc/passwd", "CDPATH": "/usr"}
        job.environment |= hostile
        values = " ".join(f"${name}" for name in hostile)
        job.script(f'#!/bin/sh\necho "{values}" >&2; exit 3')
        done = job.run()
        told = " ".join(hostile.values())
        assert (done.returncode, done.stderr.decode()) == (3, f"{told}\n")
        assert job.message == f"process_data.sh failed with exit code 3: {told}"

    def test_that_breaks_the_script_is_told(self, job: Job) -> None:
        job.environment["PATH"] = "/nowhere:$PATH"
        job.script("ls")
        assert job.run().returncode == 127
        assert "/usr/bin/env: " in job.message or "command not found" in job.message


class TestARefusedStart:
    @pytest.mark.parametrize("content", [None, "", "{", "[]", '{"hosts": []}', "\udcff"])
    def test_names_the_broken_file(self, job: Job, content: str | None) -> None:
        job.config.unlink()
        if content is not None:
            job.config.write_text(content, errors="surrogateescape")
        job.script("echo started")
        done = job.run()
        assert (done.returncode, done.stdout) == (WRONG_USE, b"")
        assert str(job.config) in job.message
        assert b"Traceback" not in done.stderr

    def test_is_the_answer_to_a_host_that_is_not_in_the_list(self, job: Job) -> None:
        job.config.write_text(json.dumps({"current_host": "algo-3", "hosts": ["algo-1"]}))
        assert job.run().returncode == WRONG_USE
        assert "algo-3" in job.message


class TestTheStreams:
    def test_go_through_unchanged(self, job: Job, tmp_path: Path) -> None:
        every_byte = bytes(range(256)) * 3000
        (tmp_path / "bytes").write_bytes(every_byte)
        (job.output / "result").touch()
        job.script(f"cat '{tmp_path}/bytes'; cat '{tmp_path}/bytes' >&2; printf end >&2")
        done = job.run()
        assert done.stdout == every_byte
        assert done.stderr == every_byte + b"end"

    def test_go_through_at_once(self, job: Job, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "go")
        job.script(f"printf 1; printf 2 >&2; read -r _ <'{tmp_path}/go'")
        process = job.start()
        assert process.stdout
        assert process.stderr
        assert (process.stdout.read(1), process.stderr.read(1)) == (b"1", b"2")
        (tmp_path / "go").write_text("on\n")
        process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0

    def test_end_though_a_process_is_left_running(self, job: Job) -> None:
        job.hurry()
        job.script("sleep 600 & echo done")
        assert job.run().stdout == b"done\n"

    # One that hears no TERM, and one that the script's process group does not reach.
    @pytest.mark.parametrize("left", ["trap '' TERM; sleep 600", "exec setsid sleep 25"])
    def test_end_though_such_a_process_is_hard_to_reach(self, job: Job, left: str) -> None:
        job.hurry()
        job.script(f"({left}) & echo 'no rows' >&2; exit 3")
        begun = time.monotonic()
        assert job.run().returncode == 3
        assert job.message.endswith(": no rows")
        assert time.monotonic() - begun < 20

    def test_are_waited_for_while_a_filter_still_holds_the_last_lines(
        self, job: Job, tmp_path: Path
    ) -> None:
        # Bash waits for no process substitution: this one is at work when the script has ended.
        os.mkfifo(tmp_path / "ended")
        slow = f"read -r _ <'{tmp_path}/ended'; tee \"$OUTPUT_PATH/run.log\""
        job.script(
            f"exec > >({slow}) 2>&1; (sleep 0.2; echo >'{tmp_path}/ended') >/dev/null 2>&1 &\n"
            "seq 50; echo 'no rows'; exit 3"
        )
        done = job.run()
        assert done.stdout.endswith(b"\n50\nno rows\n")
        assert (job.output / "run.log").read_bytes() == done.stdout
        assert job.message.endswith(": no rows")

    def test_are_not_in_the_way_of_a_script_that_tidies_up(self, job: Job) -> None:
        job.script("rm -rf /tmp/entrypoint.*; ls /proc/self/fd; echo 'no rows' >&2; exit 3")
        done = job.run()
        assert done.stdout.split() == [b"0", b"1", b"2", b"3"]  # 3 is the directory itself
        assert job.message.endswith(": no rows")


class TestASignal:
    def start(self, job: Job, script: str) -> subprocess.Popen[bytes]:
        job.script(script)
        process = job.start()
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        return process

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
    def test_ends_the_script_and_is_told(self, job: Job, number: signal.Signals, code: int) -> None:
        process = self.start(job, "echo half way >&2; echo ready; sleep 600")
        process.send_signal(number)
        _, err = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, err) == (code, b"half way\n")
        told = f"process_data.sh was stopped by {number.name}, exit code {code}: half way"
        assert job.message == told

    def test_leaves_the_exit_code_to_a_script_that_handles_it(self, job: Job) -> None:
        process = self.start(
            job, "trap 'echo tidy >&2; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
        )
        process.terminate()
        _, err = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 7
        assert err.endswith(b"tidy\n")
        assert "stopped by SIGTERM, exit code 7: " in job.message

    def test_is_followed_by_waiting_for_the_script(self, job: Job, tmp_path: Path) -> None:
        # Not in bash, which itself may miss a signal that comes while it deals with another.
        process = self.start(
            job,
            f"#!{sys.executable}\n"
            "import os, signal\n"
            "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
            "print('ready', flush=True)\n"
            f"while not os.path.exists({str(tmp_path / 'go')!r}):\n"
            "    if signal.sigtimedwait({signal.SIGTERM}, 0.05):\n"
            "        print('seen', flush=True)\n",
        )
        assert process.stdout
        for _ in range(50):  # each as soon as the one before has been passed on
            process.terminate()
            assert select.select([process.stdout], [], [], TIMEOUT)[0], "a signal was lost"
            assert process.stdout.readline() == b"seen\n"
        assert process.poll() is None
        (tmp_path / "go").touch()
        process.communicate(timeout=TIMEOUT)
        assert process.returncode == 143, "a script that was told to stop may not be done"
        assert "stopped by SIGTERM, exit code 0" in job.message

    def test_reaches_the_scripts_children(self, job: Job) -> None:
        process = self.start(
            job, "bash -c 'echo $$ >&2; trap \"exit 5\" TERM; echo ready; sleep 600 & wait' & wait"
        )
        assert process.stderr
        child = int(process.stderr.readline())
        process.terminate()
        process.communicate(timeout=TIMEOUT)
        deadline = time.monotonic() + TIMEOUT
        while alive(child) and time.monotonic() < deadline:
            os.sched_yield()
        assert not alive(child)

    def test_before_the_end_takes_no_last_line_away(self, job: Job) -> None:
        process = self.start(job, "trap 'seq 50000 >&2; exit 1' TERM; echo ready; sleep 600 & wait")
        process.terminate()
        _, err = process.communicate(timeout=TIMEOUT)
        assert err.endswith(b"\n50000\n")
        assert job.message.endswith(": 50000")


def alive(pid: int) -> bool:
    """Return whether a process has not ended; its new parent may take long to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
