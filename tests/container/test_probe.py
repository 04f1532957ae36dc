"""What `make first-account RUN=yes` has the canary do."""

import re
from subprocess import CompletedProcess

import pytest

from tests.container.job import Job


@pytest.fixture
def canary(job: Job) -> Job:
    job.environment["SCRIPT"] = "canary.sh"
    script = job.app / "scripts" / "probe.sh"
    text = script.read_text()
    for much, little in {"2G": "2K", "2**30": "2", "sleep(160)": "sleep(0)"}.items():
        assert much in text
        text = text.replace(much, little)
    script.write_text(text)
    return job


def done(canary: Job, task: str) -> CompletedProcess[bytes]:
    (canary.input / "probe").write_text(task)
    return canary.run()


def test_to_measure_tells_the_counts_and_the_disks(canary: Job) -> None:
    ended = done(canary, "measure")
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.decode().splitlines()
    assert any(re.fullmatch(r"/proc/vmstat:oom_kill \d+", line) for line in lines)
    assert any(re.fullmatch(r"probe used: +\d+%", line) for line in lines)
    [whole, output] = [
        re.fullmatch(rf"probe {disk}: (\S+)", line)
        for disk in ("whole", "output")
        for line in lines
        if disk in line
    ]
    assert whole
    assert output
    assert whole[1] == output[1]
    assert [each.name for each in canary.output.iterdir()] == ["done"]


def test_to_fail_leaves_a_file(canary: Job) -> None:
    assert done(canary, "fail").returncode == 1
    assert (canary.output / "left").exists()


def test_to_list_prints_the_files_of_the_input(canary: Job) -> None:
    (canary.input / "b.csv").touch()
    assert f"{canary.input}/b.csv\n".encode() in done(canary, "list").stdout


def test_of_no_such_task_is_refused(canary: Job) -> None:
    ended = done(canary, "sing")
    assert (ended.returncode, b"there is no task sing" in ended.stderr) == (64, True)
