import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.run.artifacts import local_path, save_report
from local.run.report import Report


class TestPathsOfKeys:
    @given(key=st.text(min_size=1, max_size=400))
    def test_no_key_leaves_its_directory(
        self, tmp_path_factory: pytest.TempPathFactory, key: str
    ) -> None:
        root = tmp_path_factory.mktemp("root")
        try:
            path = local_path(root, key)
        except UnicodeEncodeError:
            return
        assert root in path.parents
        assert ".." not in path.parts

    @pytest.mark.parametrize(
        "key", ["../../etc/passwd", "/etc/passwd", "a//b", "a/../b", "x" * 900, "a\0b"]
    )
    def test_a_key_that_no_file_can_have_is_written_inside_all_the_same(
        self, tmp_path: Path, key: str
    ) -> None:
        path = local_path(tmp_path / "a" / "b", key)
        path.write_text("content")
        assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]
        assert path.parent == tmp_path / "a" / "b"

    def test_a_key_that_is_also_a_directory_loses_nothing(self, tmp_path: Path) -> None:
        keys = ["a", "a/b", "c/d", "c"]
        for key in keys:
            local_path(tmp_path, key).write_text(key)
        found = {file.read_text() for file in tmp_path.rglob("*") if file.is_file()}
        assert found == set(keys)


class TestReport:
    def test_has_the_keys_that_others_read(self, tmp_path: Path) -> None:
        save_report(Report(stack="local"), tmp_path)
        keys = json.loads((tmp_path / "report.json").read_text()).keys()
        slot = {"stack", "schedule", "timezone", "slot", "outcome", "success_marker"}
        job = {"attempt", "job_name", "status", "failure_reason", "exit_message"}
        rows = {"attempts", "outputs", "metrics", "faults_left", "messages", "alarms", "timeline"}
        assert keys == slot | job | rows | {"seconds", "resources", "engine"}
