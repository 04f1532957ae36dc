"""What entrypoint.py says of the files that a script leaves, and which of them it takes away."""

from pathlib import Path

import pytest

from tests.container.job import Job


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
        self.said(job, "echo '3 days old: newest row' >\"$OUTPUT_PATH/../../output/message\"")
        assert job.message.startswith("3 days old: newest row (process_data.sh wrote no output")

    def test_that_is_empty_on_one_of_several_hosts_is_only_logged(self, tmp_path: Path) -> None:
        job = Job(tmp_path, hosts=["algo-1", "algo-2"], host="algo-2")
        _share, nothing, end = self.said(job, "")
        assert "wrote no output" in nothing
        assert end.endswith("host 2 of 2: completed")
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
