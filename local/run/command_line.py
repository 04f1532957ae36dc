"""The command line of `python -m local`: status 0 only if the slot completed."""

import argparse
import fcntl
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.markup import escape

from local.aws.events.scheduler import ScheduleError
from local.aws.sagemaker.faults import NAMES
from local.deploy.program import DeployError
from local.run import artifacts
from local.run.display import Display
from local.run.inputs import InputError
from local.run.pipeline import STACK, Options, Pipeline, RunError
from local.run.report import NOT_ENDED, Report

_PROJECT = Path(__file__).resolve().parents[2]
_SAMPLE = _PROJECT / "local" / "sample"


def main(arguments: list[str], project: Path = _PROJECT, console: Console | None = None) -> int:
    """Run the pipeline once; return the exit status. The report is of this run, however it ends."""
    directory, display = project / ".local", Display(console or Console(highlight=False))
    try:
        options = Options(**vars(parser().parse_args(arguments)))
    except _UsageError as error:
        display.console.print(escape(f"{parser().format_usage()}{error}"), soft_wrap=True)
        with suppress(_BusyError), _alone(project):
            _report(directory, str(error))
        return 2
    try:
        with _alone(project):
            return _run(project, directory, options, display)
    except _BusyError:
        display.console.print(
            "[red]Another local run uses .local: wait for it, or end it with Ctrl-C there.[/]"
        )
        return 1


@contextmanager
def _alone(project: Path) -> Generator[None]:
    """Hold what lets only one run at a time replace `.local`; the system frees it with the process.

    Raises:
        _BusyError: another process holds it.
    """
    directory = os.open(project, os.O_RDONLY)
    try:
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _BusyError from None
        yield
    finally:
        os.close(directory)


def _run(project: Path, directory: Path, options: Options, display: Display) -> int:
    """Run the pipeline with options that are right by themselves; return the exit status."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    _report(directory, NOT_ENDED)
    try:
        pipeline = Pipeline(project, directory, options, display)
    except KeyboardInterrupt:
        _report(directory, "interrupted")
        return 130
    except ValueError as error:
        _report(directory, str(error))
        display.console.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        return 1
    except Exception as error:
        _report(directory, repr(error))
        raise
    try:
        return _play(pipeline, display, keep=options.keep)
    finally:
        pipeline.close()


def _play(pipeline: Pipeline, display: Display, *, keep: bool) -> int:
    """Run the slot, show what came of it, stay up if asked to; return the exit status."""
    problem, status = None, 1
    try:
        pipeline.run()
    except KeyboardInterrupt:
        problem, status = "interrupted", 130
    except (RunError, InputError, DeployError, ScheduleError) as error:
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


def _report(directory: Path, problem: str) -> None:
    """Put a report that has only a reason in the place of the last run's."""
    artifacts.save_report(Report(stack=STACK, failure_reason=problem), directory)


class _UsageError(Exception):
    pass


class _BusyError(Exception):
    pass


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Leave it to the caller, who reports it like everything that ends a run."""
        raise _UsageError(message)


def parser() -> argparse.ArgumentParser:
    """Return a parser of what `Options` holds."""
    found = _Parser(
        prog="python -m local",
        description="Deploys the program into an embedded AWS and runs one slot, for real.",
    )
    add = found.add_argument
    add("--input", type=_directory, default=_SAMPLE, metavar="DIR", help="the slot's input files")
    add("--script", type=_file, metavar="FILE", help="runs instead of process_data.sh")
    add("--slot", type=_slot, metavar="TIME", help="such as 2026-01-05T03:00:00Z; default: last")
    add("--schedule", metavar="NAME", help="default: the stack's first")
    add("--engine", choices=["auto", "docker", "process"], default="auto")
    add(
        "--fault",
        dest="faults",
        action="append",
        choices=NAMES,
        default=[],
        metavar="NAME",
        help=f"what is to go wrong, once for each time it is given: {', '.join(NAMES)}",
    )
    add("--keep", action="store_true", help="stay up until Ctrl-C; schedules fire in real time")
    return found


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
        raise argparse.ArgumentTypeError(f"{text!r} must be a time like 2026-01-05T03:00:00Z")
    if slot > datetime.now(UTC):
        raise argparse.ArgumentTypeError(f"{text!r} lies in the future: no schedule would fire it")
    return slot.astimezone(UTC)
