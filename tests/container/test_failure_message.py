"""What a job that fails, or writes nothing, tells SageMaker: its ExitMessage."""

import tempfile
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.classify import classify
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome
from tests.container.job import Job
from tests.examples import share


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
