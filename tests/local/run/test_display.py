"""What a person sees of a local run, whatever a script wrote."""

import io

import pytest
from rich.console import Console

from local.run.display import Display
from local.run.report import Report
from pipeline.text import duration

HOSTILE = "\x1b[2J\x1b]0;title\a[red]no[/red]\r\u202egnp \x9b31m größe 😀"
SEEN = "�[2J�]0;title�[red]no[/red]��gnp �31m größe 😀"


@pytest.fixture
def shown() -> tuple[Display, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, highlight=False, width=300, force_terminal=False)
    return Display(console), out


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
                {
                    **dict.fromkeys(("attempt", "instance", "status"), HOSTILE),
                    **dict.fromkeys(("outcome", "reason"), HOSTILE),
                    "cost_usd": 1.0,
                    "billable_s": None,
                }
            ]
            * 2,
        )
        display.summary(report, [])
        display.forecast(HOSTILE)
        text = out.getvalue()
        assert text.count(SEEN) >= 4
        assert all(char.isprintable() or char == "\n" for char in text)

    def test_of_a_moment_cannot_either(self, shown: tuple[Display, io.StringIO]) -> None:
        display, out = shown
        display.note(HOSTILE)
        display.moment("message", HOSTILE)
        assert out.getvalue().count(SEEN) == 2
        assert "\x1b" not in out.getvalue()


class TestTheSummary:
    @pytest.mark.parametrize(
        ("keys", "is_told"), [([], True), (["out/_SUCCESS"], True), (["out/_SUCCESS", "x"], False)]
    )
    def test_says_that_a_completed_job_has_no_output(
        self, shown: tuple[Display, io.StringIO], keys: list[str], *, is_told: bool
    ) -> None:
        display, out = shown
        outputs = [{"bucket": "b", "key": key, "size": 1} for key in keys]
        report = Report(stack="local", status="Completed", outputs=outputs)
        report.success_marker = "out/_SUCCESS" if keys else None
        display.summary(report, [])
        assert ("no output: " in out.getvalue()) == is_told

    @pytest.mark.parametrize(
        ("costs", "told"), [([0.5, 0.25], "cost  $0.75 on AWS"), ([0.5, None], None), ([], None)]
    )
    def test_says_what_the_attempts_would_cost_where_all_have_a_price(
        self, shown: tuple[Display, io.StringIO], costs: list[float | None], told: str | None
    ) -> None:
        display, out = shown
        names = ("attempt", "instance", "status", "outcome", "reason", "billable_s")
        attempts = [{**dict.fromkeys(names), "cost_usd": usd} for usd in costs]
        display.summary(Report(stack="local", attempts=attempts), [])
        assert (told or "") in out.getvalue()
        assert ("on AWS" in out.getvalue()) == bool(told)

    def test_names_a_fault_that_did_not_come(self, shown: tuple[Display, io.StringIO]) -> None:
        display, out = shown
        display.summary(Report(stack="local", faults_left=["spot-reclaimed"]), [])
        assert "spot-reclaimed did not come" in out.getvalue()

    def test_says_what_a_message_advises(self, shown: tuple[Display, io.StringIO]) -> None:
        display, out = shown
        message = {"subject": "local: daily failed", "body": "Class: x\nTo do: open it\n", "at": ""}
        display.summary(Report(stack="local", status="Failed", messages=[message]), [])
        assert "to do  open it" in " ".join(out.getvalue().splitlines())
        assert "Class" not in out.getvalue()

    @pytest.mark.parametrize("seconds", [{}, {"deploy": 1.0, "collect": 1.0}])
    def test_names_buckets_and_logs_only_where_they_were_collected(
        self, shown: tuple[Display, io.StringIO], seconds: dict[str, float]
    ) -> None:
        display, out = shown
        display.summary(Report(stack="local", seconds=seconds), [])
        assert ".local/report.html" in out.getvalue()
        assert (".local/s3/  .local/logs/" in out.getvalue()) == bool(seconds)

    def test_expects_none_of_a_job_that_failed(self, shown: tuple[Display, io.StringIO]) -> None:
        display, out = shown
        display.summary(Report(stack="local", status="Failed"), [])
        assert "no output" not in out.getvalue()


def test_a_step_tells_its_time_as_the_summary_does(shown: tuple[Display, io.StringIO]) -> None:
    display, out = shown
    with display.step("deploy", "Deploy"):
        pass
    assert out.getvalue().endswith(f" {duration(display.seconds['deploy'])}\n")


@pytest.mark.parametrize(
    ("what", "title"), [("fired", "No job was started\n"), ("job", "Not finished\n")]
)
def test_a_run_that_was_interrupted_says_how_far_it_came(
    shown: tuple[Display, io.StringIO], what: str, title: str
) -> None:
    display, out = shown
    event = {"at": "2026-01-05T02:00:00Z", "what": what, "detail": ""}
    display.summary(Report(stack="local", failure_reason="interrupted", timeline=[event]), [])
    assert out.getvalue().startswith(f"\n{title}")
