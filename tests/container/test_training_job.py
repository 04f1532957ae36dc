"""The same contract in a training job, which SageMaker starts again after it has lost a machine."""

import re
import signal
from pathlib import Path

import pytest

from tests.container.job import CONTAINER, TIMEOUT, Job

DOCUMENTED = CONTAINER.parent / "docs" / "script.md"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path, training=True)


def text(path: Path) -> str:
    return path.read_bytes().decode()


class TestTheScriptIsGiven:
    def test_the_same_variables_with_the_places_of_a_training_job(self, job: Job) -> None:
        job.reference.mkdir()
        names = ("INPUT_PATH", "REFERENCE_PATH", "OUTPUT_PATH", "CHECKPOINT_PATH", "HOST_INDEX")
        job.script('for n; do printf "%s\\n" "${!n}"; done; ls -A "$OUTPUT_PATH"')
        given = job.run(*names, "HOST_COUNT", "HOSTS").stdout.decode().splitlines()
        places = map(str, (job.input, job.reference, job.output, job.checkpoint))
        assert given == [*places, "0", "1", "algo-1"]

    def test_an_empty_input_where_there_is_no_channel(self, job: Job) -> None:
        job.input.rmdir()
        job.script('find "$INPUT_PATH"; : >"$OUTPUT_PATH/x"; echo "${REFERENCE_PATH-none}"')
        done = job.run()
        assert len(done.stdout.splitlines()) == 2
        assert done.stdout.endswith(b"none\n")
        assert not job.input.parent.joinpath("input").exists(), "AWS may not let it be made there"

    def test_its_configuration_where_a_training_job_has_it(self, job: Job) -> None:
        job.config.unlink()
        assert job.run().returncode == 64
        assert str(job.config) in text(job.failure_file)


class TestASuccess:
    @pytest.mark.parametrize(
        ("script", "said"),
        [
            (': >"$OUTPUT_PATH/x"', ""),
            ("printf 'caf\\xe9' >{message}; : >\"$OUTPUT_PATH/x\"", "caf\ufffd"),
            (
                'rm -r "$(dirname "$OUTPUT_PATH")"',
                "process_data.sh wrote no output: there is no file under",
            ),
        ],
    )
    def test_leaves_its_text_beside_the_output(self, job: Job, script: str, said: str) -> None:
        job.script(script.format(message=job.message_file))
        assert job.run().returncode == 0
        [start] = job.starts
        assert text(start / "message").startswith(said)
        assert bool(said) == bool(text(start / "message"))
        assert not job.failure_file.exists()

    def test_leaves_plain_files_only_and_no_marker(self, job: Job) -> None:
        job.script('cd "$OUTPUT_PATH"; : >x; : >_SUCCESS; ln -s /etc/hostname l; mkfifo p')
        done = job.run()
        assert [path.name for path in job.output.iterdir()] == ["x"]
        assert done.stderr.count(b"entrypoint: not uploaded: ") == 3


class TestAFailure:
    def test_is_told_as_sagemaker_shows_it_of_a_training_job(self, job: Job) -> None:
        job.script(f"echo '3 days old' >'{job.message_file}'; : >\"$OUTPUT_PATH/x\"; exit 3")
        assert job.run().returncode == 3
        assert text(job.failure_file) == "3 days old (process_data.sh failed with exit code 3)"
        [start] = job.starts
        assert not (start / "message").exists(), "it is no start that has ended well"

    def test_leaves_room_for_what_sagemaker_puts_around_it(self, job: Job) -> None:
        job.script(f"printf 'x%.0s' {{1..2000}} >'{job.message_file}'; exit 255")
        job.run()
        told = text(job.failure_file)
        assert told.endswith("x (process_data.sh failed with exit code 255)")
        assert len(f"AlgorithmError: {told}, exit code: 255") == 1024

    def test_is_what_a_stop_makes_of_a_script_that_ends_well(self, job: Job) -> None:
        job.script("trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done")
        process = job.start()
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        process.communicate(timeout=TIMEOUT)
        assert process.returncode == 143
        assert text(job.failure_file).startswith("process_data.sh was stopped by SIGTERM")
        assert not (job.starts[-1] / "message").exists()


class TestAReclaimedMachine:
    def test_leaves_the_next_start_the_checkpoint_and_an_output_of_its_own(self, job: Job) -> None:
        job.script(
            'ls "$CHECKPOINT_PATH" "$OUTPUT_PATH"; : >"$OUTPUT_PATH/half"; '
            'echo 1 >"$CHECKPOINT_PATH/saved"; kill -KILL "$PPID"'
        )
        assert job.run().returncode == -signal.SIGKILL
        job.script('cd "$CHECKPOINT_PATH"; cp saved "$OUTPUT_PATH"; ls -A "$OUTPUT_PATH"')
        assert job.run().stdout == b"saved\n"
        lost, last = job.starts
        assert [path.name for path in lost.rglob("*")] == ["output", "half"]
        assert sorted(path.name for path in last.rglob("*")) == ["message", "output", "saved"]

    def test_is_told_by_what_the_checkpoint_has_at_an_end_by_sigterm_and_at_the_next_start(
        self, job: Job
    ) -> None:
        job.script(
            'cd "$CHECKPOINT_PATH"; echo 12345 >a; echo 1 >b; : >a.sagemaker-uploading; '
            "trap 'rm b; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
        )
        process = job.start()
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        lost = process.communicate(timeout=TIMEOUT)[1].decode()
        job.script(': >"$OUTPUT_PATH/x"')
        said = [
            line
            for line in (lost + job.run().stderr.decode()).splitlines()
            if line.startswith("entrypoint: checkpoint")
        ]
        assert said == [
            "entrypoint: checkpoint at the start: 0 files, 0 bytes",
            "entrypoint: checkpoint at the end: 1 files, 6 bytes",
            "entrypoint: checkpoint at the start: 1 files, 6 bytes",
        ]

    def test_costs_the_documented_script_only_what_it_had_not_kept(self, job: Job) -> None:
        for name in ("a.csv", "b.csv", "c.csv"):
            (job.input / name).write_text(f"2 {name}\n1 {name}\n")
        log = job.root / "log"
        lost = f"[ $(wc -l <'{log}') != 2 ] || kill -KILL $PPID $$"
        sort = f"sort() {{ echo ${{1##*/}} >>'{log}'; {lost}; command sort \"$1\"; }}\n"
        [example] = re.findall(r"```bash\n(.*?)```", DOCUMENTED.read_text(), re.DOTALL)
        job.script(example.replace("pipefail\n", f"pipefail\n{sort}"))
        assert [job.run().returncode, job.run().returncode] == [-signal.SIGKILL, 0]
        assert text(log).split() == ["a.csv", "b.csv", "b.csv", "c.csv"]
        found = {path.name: text(path) for path in job.output.iterdir()}
        assert found == {name: f"1 {name}\n2 {name}\n" for name in ("a.csv", "b.csv", "c.csv")}
