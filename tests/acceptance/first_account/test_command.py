"""`python -m acceptance.first_account`: what it says, its exit status, and what it takes away."""

import io
import json
import sys
from contextlib import suppress
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from rich.console import Console
from rich.status import Status

from acceptance.first_account import __main__ as command
from acceptance.first_account.look import Look, Seen
from acceptance.first_account.probe import Section
from ops import session
from ops.pair import Pair
from ops.stack import Stack, load


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


class Program:
    """The command with one question, at a stack whose AWS is what a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self.section = capsys, Section("Some")
        self.removed: list[object] = []
        self.began: list[str] = []
        self.not_removed: list[str] = []

        def stack(name: str) -> Stack:
            found = load(name)
            found.client = lambda _: SimpleNamespace(get_caller_identity=dict)
            found.__dict__["_local"] = (
                {"endpoint_url": "http://127.0.0.1"} if name == "local" else {}
            )
            return found

        def remove(canary: object) -> tuple[list[str], list[str]]:
            self.removed.append(canary)
            return [], []

        monkeypatch.setattr(session, "load", stack)
        monkeypatch.setattr(command, "SECTIONS", (self.section,))

        def begin_own(_: Look) -> list[str]:
            return ["Makes a role"]

        def remove_own(look: Look) -> tuple[list[str], list[str]]:
            self.removed.append(f"what was made for {look.prefix}")
            return [], self.not_removed

        monkeypatch.setattr(command.temporary, "begin", begin_own)
        monkeypatch.setattr(command.temporary, "remove", remove_own)

        def run(canary: object, task: str) -> str:
            self.began.append(f"{canary} does {task}")
            return task

        def begin(of: session.Session) -> str:
            return f"canary of {of.stack.name}"

        monkeypatch.setattr(command.Canary, "begin", begin)
        monkeypatch.setattr(command.local_stack, "_deploy", Mock())
        monkeypatch.setattr(command.remains, "remove", remove)
        monkeypatch.setattr(command, "_run", run)

    def question(self, seen: Seen | BaseException) -> None:
        @self.section.probe("change `here`")
        def _asked(_: Look) -> Seen:
            """Is it [so](x.md)?"""
            if isinstance(seen, BaseException):
                raise seen
            return seen

    def run(self, line: str = "--stack dev") -> tuple[int, str]:
        status = command.main(line.split())
        out, self.err = self._capsys.readouterr()
        return status, out


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    monkeypatch.setenv("COLUMNS", "120")
    return Program(monkeypatch, capsys)


class TestAnswers:
    def test_that_are_otherwise_say_what_to_change_and_fail(self, program: Program) -> None:
        program.question((False, "seen so"))
        status, out = program.run()
        assert status == 1
        assert "Is it [so](x.md)?" in out
        assert out.split("otherwise")[1].split() == ["seen", "so", "change", "`here`", "1"]

    def test_that_are_confirmed_do_not_fail(self, program: Program) -> None:
        program.question((True, "seen"))
        assert program.run()[0] == 0

    def test_come_as_json_too(self, program: Program) -> None:
        program.question((False, "seen"))
        [answer] = json.loads(program.run("--stack dev --json")[1])
        assert answer == {
            "section": "Some",
            "name": "asked",
            "question": "Is it [so](x.md)?",
            "verdict": "otherwise",
            "saw": "seen",
            "change": "change `here`",
        }


class TestWhatIsNotLookedAt:
    def test_is_what_the_caller_may_not_ask(self, program: Program) -> None:
        denied = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
        program.question(ClientError(denied, "LookupEvents"))  # pyright: ignore[reportArgumentType]
        status, out = program.run()
        assert (status, "may not LookupEvents" in " ".join(out.split())) == (0, True)

    def test_is_what_is_answered_in_an_unknown_form(self, program: Program) -> None:
        program.question(KeyError("Schedules"))
        status, out = program.run()
        assert (status, "unknown form: KeyError('Schedules')" in out) == (0, True)

    def test_is_what_the_embedded_aws_does_not_play(self, program: Program) -> None:
        @program.section.probe("x")
        def _asked(look: Look) -> Seen:
            """Is it so?"""
            return True, look.ask("ecr", "describe_images")

        status, out = program.run("--stack local")
        assert (status, "not played locally" in out) == (0, True)

    def test_is_what_would_change_something_but_with_run(self, program: Program) -> None:
        @program.section.probe("x")
        def _asked(look: Look) -> Seen:
            """Is it so?"""
            look.need_change()
            return True, look.ran["slow"]

        assert "needs --run" in program.run()[1]
        assert (program.began, program.removed) == ([], [])
        assert "confirmed" in program.run("--stack dev --run")[1]
        tasks = ("measure", "fail", "oom", "slow", "list")
        assert program.began == [f"canary of dev does {task}" for task in tasks]


class TestWhatARunMakes:
    def test_is_said_before(self, program: Program) -> None:
        program.question(KeyboardInterrupt())
        program.run("--stack dev --run")
        assert "Makes a role" in program.err
        program.run()
        assert "Makes a role" not in program.err

    @pytest.mark.parametrize("comes", [KeyboardInterrupt(), RuntimeError(), (True, "seen")])
    def test_is_removed_whatever_comes(self, program: Program, comes: BaseException | Seen) -> None:
        @program.section.probe("x")
        def _makes(look: Look) -> Seen:
            """Is it made?"""
            look.has_made = True
            return True, "made"

        program.question(comes)
        with suppress(RuntimeError):
            program.run("--stack dev --run")
        assert program.removed == ["canary of dev", "what was made for processing-dev"]

    def test_is_not_removed_where_nothing_was_made(self, program: Program) -> None:
        program.question((True, "seen"))
        program.run("--stack dev --run")
        assert program.removed == ["canary of dev"]

    def test_and_cannot_be_removed_is_said_and_fails(self, program: Program) -> None:
        @program.section.probe("x")
        def _makes(look: Look) -> Seen:
            """Is it made?"""
            look.has_made = True
            return True, "made"

        program.not_removed = ["role x: denied"]
        status, out = program.run("--stack dev --run")
        assert (status, "made" in out, "role x: denied" in program.err) == (1, True, True)


class TestAPerson:
    """Who is asked what only a person can see."""

    @pytest.fixture(autouse=True)
    def asked(self, program: Program) -> None:
        @program.section.probe("change it")
        def _sees(look: Look) -> Seen:
            """Is it seen?"""
            return look.seen("a text")

    @pytest.mark.parametrize(
        ("types", "verdict"),
        [
            ("y", "confirmed"),
            (" Yes", "confirmed"),
            ("n", "otherwise"),
            ("no", "otherwise"),
            ("", "not looked at"),
            ("what?", "not looked at"),
        ],
    )
    def test_answers_for_what_is_shown(
        self, program: Program, monkeypatch: pytest.MonkeyPatch, types: str, verdict: str
    ) -> None:
        monkeypatch.setattr(sys, "stdin", terminal := Terminal(f"{types}\n"))
        [answer] = json.loads(program.run("--stack dev --run --json")[1])
        assert answer["verdict"] == verdict
        assert "Do you see a text?" in program.err
        assert terminal.read() == "", "it is asked once"

    def test_types_where_no_progress_is_shown(
        self, program: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        did = Mock()
        monkeypatch.setattr(Status, "start", did.start)
        monkeypatch.setattr(Status, "stop", did.stop)
        monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
        monkeypatch.setattr(Console, "input", did.input)
        did.input.return_value = "y"
        program.run("--stack dev --run")
        calls = [name for name, *_ in did.mock_calls if "." not in name]
        begin = calls.index("input") - 1
        assert calls[begin : begin + 3] == ["stop", "input", "start"]

    @pytest.mark.parametrize("line", ["--stack dev --run", "--stack dev"])
    def test_is_needed_for_it_at_a_terminal(
        self, program: Program, monkeypatch: pytest.MonkeyPatch, line: str
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("y\n") if "run" in line else Terminal("y\n"))
        status, out = program.run(line)
        assert (status, "needs --run, and a person at the terminal" in out) == (0, True)


def test_the_other_region_is_looked_at_where_its_stack_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home, other = load("dev"), load("prod")
    assert command.look_there(home, Mock()) is None
    monkeypatch.setattr(command.pair, "load", Mock(return_value=Pair(home, other)))
    there = command.look_there(home, Mock())
    assert there
    assert (there.stack, there.may_change) == (other, False)
