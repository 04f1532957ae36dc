"""What a person sees of a local run, whatever a script wrote."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from local.display import Display
from local.report import Report

HOSTILE = "\x1b[2J\x1b]0;title\a[red]no[/red]\r\u202egnp \x9b31m größe 😀"
SEEN = "�[2J�]0;title�[red]no[/red]��gnp �31m größe 😀"


@pytest.fixture
def shown() -> tuple[Display, io.StringIO]:
    display, out = Display(), io.StringIO()
    display.console = Console(file=out, highlight=False, width=300, force_terminal=False)
    return display, out


class TestHostileText:
    def test_of_a_run_cannot_steer_the_terminal(self, shown: tuple[Display, io.StringIO]) -> None:
        display, out = shown
        report = Report(
            stack="local",
            outcome="script_failed",
            failure_reason=HOSTILE,
            exit_message=HOSTILE,
            outputs=[{"bucket": "b", "key": HOSTILE, "size": 1}],
            attempts=[
                dict.fromkeys(("attempt", "instance_type", "status", "outcome", "reason"), HOSTILE)
            ]
            * 2,
        )
        display.summary(report, None, "")
        text = out.getvalue()
        assert text.count(SEEN) >= 3
        assert all(char.isprintable() or char == "\n" for char in text)

    def test_of_a_moment_cannot_either(self, shown: tuple[Display, io.StringIO]) -> None:
        display, out = shown
        display.note(HOSTILE)
        display.moment("message", HOSTILE)
        assert out.getvalue().count(SEEN) == 2
        assert "\x1b" not in out.getvalue()
