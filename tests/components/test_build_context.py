"""One commit gives one build on every machine; what cannot run is refused before it is built."""

import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components import build_context
from components.build_context import ContextError
from tests.conftest import ROOT, record_program

SCRIPTS = {"daily": "process_data.sh"}


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    for name in ("Dockerfile", "entry.sh", "bin/tool", "scripts/process_data.sh"):
        write(folder / name, f"# {name}\n")
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")


def tag(context: Path) -> str:
    return build_context.tag(context, {})


def _modes(context: Path) -> None:
    for path in context.rglob("*"):
        path.chmod(0o777)


def _no_run_bits(context: Path) -> None:
    for path in context.rglob("*"):
        if path.is_file():
            path.chmod(0o600)


def _junk(context: Path) -> None:
    for name in (".DS_Store", ".entry.sh.swp", "bin/__pycache__/tool.pyc", "entry.sh~", ".git/x"):
        write(context / name, "junk")


class TestTag:
    @pytest.mark.parametrize("change", [_modes, _no_run_bits, _junk])
    def test_is_the_same_on_every_machine(
        self, context: Path, change: Callable[[Path], None]
    ) -> None:
        before = tag(context)
        change(context)
        assert tag(context) == before

    def test_is_another_for_another_name_content_or_argument(self, context: Path) -> None:
        tags = [tag(context), build_context.tag(context, {"BASE_IMAGE": "a:1"})]
        write(context / "bin" / "tool", "another\n")
        tags.append(tag(context))
        (context / "bin" / "tool").rename(context / "bin" / "other")
        tags.append(tag(context))
        write(context / "Dockerfile", "FROM scratch\n")
        tags.append(tag(context))
        assert len(set(tags)) == len(tags)


class TestCopy:
    @pytest.mark.parametrize("umask", [0o022, 0o077])
    def test_has_the_same_modes_and_times_whatever_the_checkout_has(
        self, context: Path, tmp_path: Path, umask: int
    ) -> None:
        (context / "entry.sh").chmod(0o600)
        before = os.umask(umask)
        try:
            build_context.copy(context, tmp_path / "copy")
        finally:
            os.umask(before)
        copied = [tmp_path / "copy", *(tmp_path / "copy").rglob("*")]
        assert {path.stat().st_mode & 0o7777 for path in copied} == {0o755}
        assert {path.stat().st_mtime for path in copied} == {0}

    def test_has_only_what_the_build_can_see(self, context: Path, tmp_path: Path) -> None:
        _junk(context)
        build_context.copy(context, tmp_path / "copy")
        assert build_context.files(tmp_path / "copy") == build_context.files(context)
        assert [str(path) for path in build_context.files(context)] == [
            *("Dockerfile", "bin/tool", "entry.sh", "scripts/process_data.sh")
        ]


class TestStage:
    def test_has_a_path_that_is_the_same_on_every_machine(
        self, context: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(context.parent)
        staged = build_context.stage(Path("context"))
        assert staged.parent == Path(".build")
        assert tag(staged) == tag(context)

    def test_has_another_path_for_other_files(self, context: Path) -> None:
        before = build_context.stage(context)
        write(context / "entry.sh", "other")
        after = build_context.stage(context)
        assert after != before
        assert tag(after) == tag(context) != tag(before)

    def test_is_left_alone_while_it_is_up_to_date(self, context: Path) -> None:
        before = build_context.stage(context).stat()
        _junk(context)
        _modes(context)
        assert build_context.stage(context).stat() == before

    def test_is_whole_for_each_of_several_programs_at_once(self, context: Path) -> None:
        def staged(_: int) -> str:
            return tag(build_context.stage(context))

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(staged, range(32))) == {tag(context)}


def test_a_dockerignore_is_refused_where_it_would_have_no_effect(context: Path) -> None:
    write(context / ".dockerignore", "*.log\n")
    with pytest.raises(ContextError, match=r"\.dockerignore is not read"):
        build_context.check(context, SCRIPTS)


def test_links_are_refused(context: Path) -> None:
    (context / "bin" / "link").symlink_to(context / "entry.sh")
    (context / "more").symlink_to(context / "bin")
    with pytest.raises(ContextError, match=r"bin/link is a link: [^\n]*\n.*more is a link"):
        build_context.files(context)


class TestScripts:
    def test_that_are_not_there_are_refused_with_those_that_are(self, context: Path) -> None:
        write(context / "scripts" / "reports" / "weekly.py", "#!/usr/bin/env python3\n")
        write(context / "scripts" / "airports.csv", "a\n")
        scripts = {"daily": "process_data.sh", "eu": "weekly.py", "us": "weekly.py"}
        with pytest.raises(ContextError) as refused:
            build_context.check(context, scripts)
        assert str(refused.value) == (
            f"{context}/scripts/weekly.py is missing, so eu, us would have nothing to run; "
            "its `script` may be process_data.sh, reports/weekly.py"
        )
        build_context.check(context, scripts | dict.fromkeys(["eu", "us"], "reports/weekly.py"))

    def test_that_nothing_says_how_to_run_are_refused(self, context: Path) -> None:
        write(context / "scripts" / "weekly.py", "import sys\n")
        with pytest.raises(ContextError, match=r"weekly\.py has no first line #!, as in #!/usr"):
            build_context.check(context, {"weekly": "weekly.py"})

    def test_of_a_folder_that_takes_the_place_of_the_contexts_are_looked_at_instead(
        self, context: Path, tmp_path: Path
    ) -> None:
        mine = tmp_path / "mine"
        write(mine / "weekly.py", "#!/usr/bin/env python3\n")
        write(mine / "apt.txt", "jq\r\n")
        with pytest.raises(ContextError) as refused:
            build_context.check(context, SCRIPTS, mine)
        missing, ends = str(refused.value).split("\n")
        assert missing == (
            f"{mine}/process_data.sh is missing, so daily would have nothing to run; "
            "its `script` may be weekly.py"
        )
        assert ends.startswith(f"{mine}/apt.txt has line ends in CRLF")
        write(mine / "apt.txt", "jq\n")
        build_context.check(context, {"weekly": "weekly.py"}, mine)


class TestLineEnds:
    @pytest.mark.parametrize("name", ["Dockerfile", "apt.txt", "requirements.txt", "bin/run.sh"])
    def test_of_windows_are_refused_with_file_and_a_cure_that_works(
        self, context: Path, name: str
    ) -> None:
        write(context / name, "one\ntwo\r\n")
        with pytest.raises(ContextError, match=f"{name} has line ends in CRLF") as refused:
            build_context.check(context, SCRIPTS)
        cure = str(refused.value).split("`")[1]
        subprocess.run(["/bin/sh", "-c", cure], check=True)
        build_context.check(context, SCRIPTS)

    def test_are_looked_at_in_every_program_with_an_interpreter_line(self, context: Path) -> None:
        write(context / "bin" / "tool", "#!/usr/bin/env python3\r\n")
        write(context / "entry.sh", "set -e\r\n")
        with pytest.raises(ContextError, match=r"bin/tool has [^\n]*\n.*entry\.sh has "):
            build_context.check(context, SCRIPTS)

    def test_are_the_users_own_affair_in_data(self, context: Path) -> None:
        write(context / "airports.csv", "a,b\r\n1,2\r\n")
        build_context.check(context, SCRIPTS)

    def test_are_looked_at_in_the_script_that_takes_the_place_of_the_contexts(
        self, context: Path, tmp_path: Path
    ) -> None:
        write(tmp_path / "mine", "date\r\n")
        with pytest.raises(ContextError, match="mine has line ends in CRLF"):
            build_context.check(context, SCRIPTS, tmp_path / "mine")

    def test_are_refused_before_anything_is_registered(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path / "container" / "Dockerfile", "FROM scratch\r\n")
        write(tmp_path / "container" / "scripts" / "process_data.sh", "date\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("pulumi_aws.Provider", pytest.fail)
        with pytest.raises(ContextError, match="container/Dockerfile has line ends"):
            record_program("local")

    def test_of_a_checkout_are_unixs_whatever_git_is_set_to(self) -> None:
        assert "* text=auto eol=lf" in (ROOT / ".gitattributes").read_text().splitlines()
