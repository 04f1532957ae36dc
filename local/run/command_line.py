"""The command line of `python -m local`: status 0 only if the slot completed."""

from __future__ import annotations

import argparse
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from rich.markup import escape

from local.aws.events.scheduler import ScheduleError
from local.aws.sagemaker.faults import NAMES
from local.deploy.program import DeployError
from local.run.display import Display
from local.run.pipeline import STACK, Options, Pipeline, RunError
from local.run.report import NOT_ENDED, Report

_PROJECT = Path(__file__).resolve().parents[2]
_SAMPLE = _PROJECT / "local" / "sample"


def main(arguments: list[str]) -> int:
    """Run the pipeline once; return the exit status. The report is of this run, however it ends."""
    options, keep = _options(arguments)
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    _report(NOT_ENDED)
    display = Display()
    try:
        pipeline = Pipeline(_PROJECT, options, display)
    except KeyboardInterrupt:
        _report("interrupted")
        return 130
    except ValueError as error:
        _report(str(error))
        display.console.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        return 1
    except Exception as error:
        _report(repr(error))
        raise
    try:
        return _play(pipeline, display, keep=keep)
    finally:
        pipeline.close()


def _play(pipeline: Pipeline, display: Display, *, keep: bool) -> int:
    """Run the slot, show what came of it, stay up if asked to; return the exit status."""
    problem, status = None, 1
    try:
        pipeline.run()
    except KeyboardInterrupt:
        problem, status = "interrupted", 130
    except (RunError, DeployError, ScheduleError) as error:
        problem = str(error)
    except Exception as error:  # whatever it was, the report must say so
        display.console.print_exception()
        problem = repr(error)
    if problem:
        pipeline.report.failure_reason = problem
    try:
        display.summary(pipeline.report, pipeline.deployed)
        if keep and pipeline.cloud.exports and status != 130:
            display.kept()
            pipeline.stay()
    except KeyboardInterrupt:
        pass
    return 0 if pipeline.report.outcome == "completed" and not problem else status


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Report arguments that are refused, like everything that ends a run."""
        _report(message)
        super().error(message)


def _report(problem: str) -> None:
    """Put a report that has only a reason in the place of the last run's."""
    Report(stack=STACK, failure_reason=problem).write(_PROJECT / ".local")


def _options(arguments: list[str]) -> tuple[Options, bool]:
    """Return what was asked for, and whether to stay up after the run."""
    parser = _Parser(
        prog="python -m local",
        description="Deploys the program into an embedded AWS and runs one slot, for real.",
    )
    parser.add_argument(
        "--input", type=_directory, default=_SAMPLE, metavar="DIR", help="the slot's input files"
    )
    parser.add_argument(
        "--script",
        type=_file,
        metavar="FILE",
        help="runs instead of container/scripts/process_data.sh",
    )
    parser.add_argument(
        "--slot", type=_slot, metavar="TIME", help="UTC, as in 2026-01-05T02:00:00Z; default: last"
    )
    parser.add_argument("--schedule", metavar="NAME", help="default: the stack's first")
    parser.add_argument("--engine", choices=["auto", "docker", "process"], default="auto")
    parser.add_argument(
        "--fault",
        action="append",
        choices=NAMES,
        default=[],
        metavar="NAME",
        help=f"what is to go wrong, once for each time it is given: {', '.join(NAMES)}",
    )
    parser.add_argument(
        "--keep", action="store_true", help="stay up until Ctrl-C; schedules fire in real time"
    )
    found = parser.parse_args(arguments)
    options = Options(
        input=found.input,
        script=found.script,
        slot=found.slot,
        schedule=found.schedule,
        engine=found.engine,
        faults=found.fault,
    )
    return options, found.keep


def _directory(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} must be a directory")
    return path.resolve()


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text!r} must be a file")
    return path.resolve()


def _slot(text: str) -> datetime:
    try:
        slot = datetime.fromisoformat(text)
    except ValueError:
        slot = None
    if slot is None or slot.tzinfo is None or slot.microsecond:
        raise argparse.ArgumentTypeError(f"{text!r} must be a time like 2026-01-05T02:00:00Z")
    if slot > datetime.now(UTC):
        raise argparse.ArgumentTypeError(f"{text!r} lies in the future: no schedule would fire it")
    return slot.astimezone(UTC)
