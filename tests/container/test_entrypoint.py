"""The contract between SageMaker, entrypoint.py and the script beside it."""

import json
import os
import signal
import subprocess
import tempfile
import time
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher import job_request
from observer.classify import classify
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome
from tests.container.job import TIMEOUT, Job
from tests.examples import share

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
        places = [job_request.INPUT_PATH, job_request.OUTPUT_PATH, job_request.INPUT_PATH]
        here = [place.replace("/opt/ml", str(job.ml)) for place in places]
        assert job.run().stdout.decode().splitlines() == here

    def test_the_path_of_reference_data_where_there_are_some(self, job: Job) -> None:
        job.script('echo "${REFERENCE_PATH-none}"')
        assert job.run().stdout == b"none\n"
        place = Path(job_request.REFERENCE_PATH.replace("/opt/ml", str(job.ml)))
        place.mkdir()
        assert job.run().stdout.decode() == f"{place}\n"

    def test_an_output_path_of_its_own_on_each_of_several_hosts(self, tmp_path: Path) -> None:
        # Not in the order of their numbers, and 10 sorts before 2 as text.
        job = Job(tmp_path, hosts=["algo-10", *(f"algo-{n}" for n in range(1, 10))], host="algo-2")
        job.script('printf "%s\\n" "$OUTPUT_PATH" "$HOST_INDEX" "$HOST_COUNT"; : >"$OUTPUT_PATH/x"')
        place, index, count = job.run().stdout.decode().splitlines()
        assert (place, index, count) == (str(job.output / "algo-2"), "1", "10")
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


class TestTheFailureMessage:
    def failed(self, job: Job, script: str, code: int = 3) -> str:
        job.script(f"{script}\nexit {code}")
        assert job.run().returncode == code
        return job.message

    OWN = "echo '3 days old: newest row' >\"$OUTPUT_PATH/../../output/message\"; "

    def test_is_not_written_of_a_success(self, job: Job) -> None:
        job.script('echo careful >&2; : >"$OUTPUT_PATH/result"')
        assert job.run().returncode == 0
        assert not job.message_file.exists()

    def test_has_the_exit_code_and_the_last_error_line(self, job: Job) -> None:
        said = self.failed(job, "echo a >&2; echo 'no rows' >&2; echo ' ' >&2; echo later")
        assert said == "process_data.sh failed with exit code 3: no rows"

    def test_has_the_last_output_line_if_there_was_no_error_line(self, job: Job) -> None:
        said = self.failed(job, "echo first; echo last")
        assert said == "process_data.sh failed with exit code 3: last"

    def test_has_the_code_alone_of_a_silent_script(self, job: Job) -> None:
        assert self.failed(job, "", 9) == "process_data.sh failed with exit code 9"

    def test_has_the_last_line_of_many_and_without_its_end(self, job: Job) -> None:
        said = self.failed(job, "seq 200000 >&2; printf 'the last' >&2")
        assert said.endswith(": the last")

    def test_is_at_most_1024_bytes_of_whole_characters(self, job: Job) -> None:
        said = self.failed(job, "printf 'é%.0s' {1..2000} >&2")
        assert 1022 <= len(said.encode()) <= 1024
        assert set(said.partition(": ")[2]) == {"é"}

    def test_has_no_control_characters_and_no_escape_sequences(self, job: Job) -> None:
        said = self.failed(
            job, r"printf '10%%\r\e[1;31mno\a\tdisk\e[0m \e]0;title\a\xc2\x85\e[K\n\e[0m\n' >&2"
        )
        assert said == "process_data.sh failed with exit code 3: no disk"

    def test_is_utf8_whatever_the_script_says(self, job: Job) -> None:
        said = self.failed(job, r"printf 'caf\xe9 \xff\n' >&2")
        assert said.endswith(": caf\ufffd \ufffd")

    @given(
        st.lists(
            st.sampled_from(
                [
                    *(bytes([byte]) for byte in (0, 7, 9, 10, 13, 27, 0x9B, 0xC2, 0xE9, 0xFF)),
                    *(b"x", b" ", b"[", b"31m", b"]0;", "é".encode(), "漢".encode(), "😀".encode()),
                    *("\u202e".encode(), "\u2028".encode(), b"y" * 1100, "ß".encode() * 700),
                ]
            ),
            max_size=30,
        ).map(b"".join)
    )
    @settings(max_examples=share(1 / 10))
    def test_is_short_plain_utf8_whatever_was_printed(self, printed: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            job = Job(Path(folder))
            (job.root / "printed").write_bytes(printed)
            job.script(f"cat '{job.root}/printed' >&2; exit 3")
            assert job.run().returncode == 3
            said = job.message_file.read_bytes()
            assert len(said) <= 1024
            text = said.decode()
            assert text.startswith("process_data.sh failed with exit code 3")
            assert all(unicodedata.category(char) != "Cc" for char in text)

    def test_is_the_scripts_own_with_the_exit_code_behind(self, job: Job) -> None:
        job.message_file.parent.rmdir()
        said = self.failed(job, self.OWN + "echo 'cleaning up' >&2")
        assert said == "3 days old: newest row (process_data.sh failed with exit code 3)"

    def test_is_the_scripts_own_cut_so_that_the_exit_code_stays(self, job: Job) -> None:
        said = self.failed(job, f"printf 'é%.0s' {{1..2000}} >'{job.message_file}'")
        assert 1022 <= len(said.encode()) <= 1024
        assert said.endswith("é (process_data.sh failed with exit code 3)")

    def test_is_the_scripts_own_in_valid_utf8_of_a_success_too(self, job: Job) -> None:
        job.script(f"printf 'caf\\xe9' >'{job.message_file}'")
        (job.output / "result").touch()
        assert job.run().returncode == 0
        assert job.message == "caf\ufffd"

    def test_takes_the_place_of_a_link_and_of_a_blank_message(self, job: Job) -> None:
        (job.root / "elsewhere").write_text("of somebody else")
        job.message_file.symlink_to(job.root / "elsewhere")
        assert self.failed(job, "") == "process_data.sh failed with exit code 3"
        assert self.failed(job, f"echo >'{job.message_file}'").endswith("exit code 3")
        assert (job.root / "elsewhere").read_text() == "of somebody else"

    def test_that_cannot_be_written_changes_no_exit_code(self, job: Job) -> None:
        job.message_file.mkdir(parents=True)
        job.script("exit 3")
        done = job.run()
        assert (done.returncode, b"Traceback" in done.stderr) == (3, False)

    @pytest.mark.parametrize(
        "script",
        ["#!/bin/bash\r\nls\r\n", "#!/usr/bin/env bash\r\nls\r\n", "set -euo pipefail\r\n"],
    )
    def test_tells_of_line_ends_of_windows(self, job: Job, script: str) -> None:
        job.process_data.write_bytes(script.encode())
        assert job.run().returncode != 0
        assert (
            "its lines end in CRLF: save it with LF, sed -i 's/\\r$//' process_data.sh"
            in job.message
        )

    def test_tells_of_an_interpreter_that_is_not_there(self, job: Job) -> None:
        job.script("#!/no/such/ruby -w\nputs 1")
        assert job.run().returncode in {126, 127}
        assert "its first line names /no/such/ruby, which is not there" in job.message

    def test_names_the_script_that_the_launcher_asked_for(self, job: Job) -> None:
        job.environment["SCRIPT"] = "reports/weekly.py"
        script = job.process_data.parent / "reports" / "weekly.py"
        script.parent.mkdir()
        script.write_text("#!/usr/bin/env python3\nimport sys, rows\nsys.exit(rows.NONE)\n")
        script.chmod(0o755)
        script.with_name("rows.py").write_text("NONE = 'no rows'\n")
        assert job.run().returncode == 1
        assert job.message == "reports/weekly.py failed with exit code 1: no rows"

    def test_tells_of_a_script_that_cannot_be_run(self, job: Job) -> None:
        job.process_data.unlink()
        assert job.run().returncode == 127
        assert "process_data.sh: No such file" in job.message


class TestMemory:
    def killed(self, job: Job, *, count: int, code: int = 137) -> str:
        job.oom_kills(4)
        kernel = f"echo 'oom_kill {4 + count}' >'{job.root}/memory.events'"
        job.script(f"{kernel}; echo Killed >&2; exit {code}")
        assert job.run().returncode == code
        return job.message

    @pytest.mark.parametrize("code", [1, 137])
    def test_is_said_to_be_short_on_the_kernels_word(self, job: Job, code: int) -> None:
        said = self.killed(job, count=2, code=code)
        assert said == (
            f"process_data.sh failed with exit code {code}, "
            "the kernel killed 2 of its processes for lack of memory: Killed"
        )
        assert self._outcome(said, code) == Outcome.OUT_OF_MEMORY

    def test_is_not_said_to_be_short_because_something_was_killed(self, job: Job) -> None:
        said = self.killed(job, count=0)
        assert said == "process_data.sh failed with exit code 137: Killed"
        assert self._outcome(said, 137) == Outcome.SCRIPT_FAILED

    def test_is_said_to_be_short_behind_the_scripts_own_message(self, job: Job) -> None:
        job.message_file.write_text("x" * 2000)
        assert self._outcome(self.killed(job, count=1), 137) == Outcome.OUT_OF_MEMORY

    def test_of_a_success_is_nobodys_concern(self, job: Job) -> None:
        job.script(f"echo 'oom_kill 7' >'{job.root}/memory.events'; : >\"$OUTPUT_PATH/x\"")
        assert job.run().returncode == 0
        assert not job.message_file.exists()

    def test_is_not_said_to_be_short_where_no_count_can_be_read(self, job: Job) -> None:
        (job.root / "memory.events").write_text("")
        job.script("exit 137")
        assert job.run().returncode == 137
        assert job.message == "process_data.sh failed with exit code 137"

    def _outcome(self, said: str, code: int) -> Outcome:
        reason = f"AlgorithmError: , exit code: {code}"
        entry = Entry(schedule="x", slot=datetime.now(UTC), number=1, job_name="x")
        return classify(replace(entry, status="Failed", reason=reason, exit_message=said))


class TestTheOutput:
    def said(self, job: Job, script: str) -> list[str]:
        job.script(script)
        done = job.run()
        assert done.returncode == 0
        return done.stderr.decode().splitlines()

    def test_of_plain_files_is_no_matter(self, job: Job) -> None:
        script = 'mkdir -p "$OUTPUT_PATH/a/b" "$OUTPUT_PATH/empty"; : >"$OUTPUT_PATH/a/b/c"'
        assert self.said(job, script) == []

    def test_that_is_not_uploaded_is_named(self, job: Job) -> None:
        script = (
            'cd "$OUTPUT_PATH"; : >file; ln -s /tmp/result latest; mkfifo pipe; '
            "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"ear\")'"
        )
        begin = f"entrypoint: not uploaded: '{job.output}"
        assert sorted(self.said(job, script)) == [
            f"{begin}/ear': it is no regular file",
            f"{begin}/latest': it is a symbolic link to '/tmp/result'",
            f"{begin}/pipe': it is no regular file",
        ]

    def test_that_a_link_took_the_place_of_is_named(self, job: Job) -> None:
        script = 'rmdir "$OUTPUT_PATH"; mkdir r; : >r/x; ln -s "$PWD/r" "$OUTPUT_PATH"'
        job.cwd = job.root
        link, nothing = self.said(job, script)
        assert link.endswith(f"{job.output}': it is a symbolic link to '{job.root}/r'")
        assert "wrote no output" in nothing

    def test_names_no_more_than_can_be_read_and_forges_no_line(self, job: Job) -> None:
        script = 'cd "$OUTPUT_PATH"; : >x; for n in {1..25}; do ln -s $\'\\n{"_aws"\' "$n"; done'
        said = self.said(job, script)
        assert len(said) == 21
        assert all(line.startswith("entrypoint: not uploaded: ") for line in said)
        assert said[-1].endswith(": 5 more of that kind")

    @pytest.mark.parametrize("script", ["", 'rm -rf "$OUTPUT_PATH"', 'mkdir "$OUTPUT_PATH/d"'])
    def test_that_is_empty_is_told(self, job: Job, script: str) -> None:
        told = f"process_data.sh wrote no output: there is no file under {job.output}"
        assert self.said(job, script) == [f"entrypoint: {told}"]
        assert job.message == told

    def test_that_went_below_the_working_directory_is_told(self, job: Job) -> None:
        job.cwd = job.root / "work"
        job.cwd.mkdir()
        [said] = self.said(job, "mkdir output; echo 7 >output/count.txt")
        assert said.endswith(f", but one such as '{job.cwd}/output/count.txt'")

    def test_that_is_empty_leaves_the_scripts_own_message(self, job: Job) -> None:
        self.said(job, TestTheFailureMessage.OWN)
        assert job.message.startswith("3 days old: newest row (process_data.sh wrote no output")

    def test_that_is_empty_on_one_of_several_hosts_is_only_logged(self, tmp_path: Path) -> None:
        job = Job(tmp_path, hosts=["algo-1", "algo-2"], host="algo-2")
        assert len(self.said(job, "")) == 2, "its share, and that it wrote nothing"
        assert not job.message_file.exists()

    @pytest.mark.parametrize("code", [0, 1])
    def test_has_no_marker_but_the_pipelines(self, job: Job, code: int) -> None:
        job.script(
            f'cd "$OUTPUT_PATH"; mkdir table; touch _SUCCESS table/_SUCCESS part-1; exit {code}'
        )
        done = job.run()
        assert done.returncode == code
        assert sorted(path.name for path in job.output.iterdir()) == ["part-1", "table"]
        assert (job.output / "table" / "_SUCCESS").exists()
        assert f"not uploaded: {job.output}/_SUCCESS".encode() in done.stderr

    def test_has_no_marker_of_several_hosts_either(self, tmp_path: Path) -> None:
        job = Job(tmp_path, hosts=["algo-1", "algo-2"], host="algo-2")
        self.said(job, 'touch "$OUTPUT_PATH/_SUCCESS" "$OUTPUT_PATH/../_SUCCESS" "$OUTPUT_PATH/x"')
        assert [path.name for path in job.output.rglob("*")] == ["algo-2", "x"]


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
        os.mkfifo(tmp_path / "go")
        process = self.start(
            job, f"trap 'echo seen' TERM; echo ready; until read -r _ <'{tmp_path}/go'; do :; done"
        )
        assert process.stdout
        for _ in range(2):
            process.terminate()
            assert process.stdout.readline() == b"seen\n"
        assert process.poll() is None
        (tmp_path / "go").write_text("on\n")
        process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0
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
