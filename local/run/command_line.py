"""The command line of `python -m local`: status 0 only if the slot completed."""

import argparse
import fcntl
import os
import shutil
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from components import forecast
from components.build_context import ContextError
from components.settings.loader import SettingsError
from local.aws.events.scheduler import ScheduleError
from local.aws.sagemaker.faults import NAMES
from local.deploy.program import DeployError
from local.run import artifacts
from local.run.display import Display
from local.run.inputs import InputError
from local.run.report import NOT_ENDED, Report
from local.run.slot_run import STACK, Options, RunError, SlotRun
from pipeline.attempt import parse_slot

_PROJECT = Path(__file__).resolve().parents[2]
SAMPLE = _PROJECT / "local" / "sample"
EXPECTED = (ContextError, DeployError, InputError, RunError, ScheduleError, SettingsError)


def main(arguments: list[str], project: Path = _PROJECT, console: Console | None = None) -> int:
    """Run one slot; return the exit status. The report is of this run, however it ends."""
    directory, display = project / ".local", Display(console or Console(highlight=False))
    with alone_in(project) as alone:
        if alone:  # what lies there is the last run's
            shutil.rmtree(directory, ignore_errors=True)
        try:
            options = Options(**vars(parser().parse_args(arguments)))
        except ValueError as error:
            display.console.print(Text(f"{parser().format_usage()}{error}"), soft_wrap=True)
            if alone:
                artifacts.save_report(Report(STACK, failure_reason=str(error)), directory)
            return 2
        if alone:
            return _run(project, directory, options, display)
    display.refuse("Another local run uses .local: wait for it, or end it with Ctrl-C there.")
    return 1


@contextmanager
def alone_in(project: Path) -> Generator[bool]:
    """Hold what lets only one run at a time replace `.local`, or say that another process does.

    The system frees it with the process.
    """
    directory = os.open(project, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone = True
    except BlockingIOError:
        alone = False
    try:
        yield alone
    finally:
        os.close(directory)


def _run(project: Path, directory: Path, options: Options, display: Display) -> int:
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    run, report, status = None, Report(STACK, failure_reason=NOT_ENDED), 1
    artifacts.save_report(report, directory)
    try:
        run = SlotRun(project, directory, options, display)
        report = run.report
        run.play()
        status = 0 if report.outcome == "completed" else 1
    except KeyboardInterrupt:
        report.failure_reason, status = "interrupted", 130
    except EXPECTED as error:
        report.failure_reason = str(error)
    except Exception as error:  # whatever it was, the report must say so
        display.console.print_exception()
        report.failure_reason = repr(error)
    artifacts.save_report(report, directory)
    try:
        if not run:
            display.refuse(report.failure_reason or "")
            return status
        display.summary(report, run.cloud.resources.services)
        display.forecast(forecast.text(run.cloud.settings, datetime.now(UTC)))
        if options.keep and run.cloud.exports and status != 130:
            display.kept()
            run.stay(Event())
    except KeyboardInterrupt:
        pass
    finally:
        if run:
            run.close()
    return status


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Leave it to the caller, who reports it like everything that ends a run."""
        raise ValueError(message)


def parser() -> argparse.ArgumentParser:
    """Return a parser of what `Options` holds."""
    found = _Parser(
        prog="python -m local",
        description="Deploys the program into an embedded AWS and runs one slot, for real.",
    )
    add = found.add_argument
    directory = partial(_path, "directory", Path.is_dir)
    either = partial(_path, "file or directory", lambda path: path.is_file() or path.is_dir())
    add("--input", type=directory, default=SAMPLE, metavar="DIR", help="the slot's input files")
    add("--reference", type=directory, metavar="DIR", help="the schedule's reference data")
    add("--script", type=either, metavar="PATH", help="your script or folder of scripts")
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


def _path(kind: str, is_one: Callable[[Path], bool], text: str) -> Path:
    path = Path(text)
    if not is_one(path) or not os.access(path, os.R_OK):
        raise argparse.ArgumentTypeError(f"{text!r} must be a {kind} that you may read")
    return path.resolve()


def _slot(text: str) -> datetime:
    try:
        slot = parse_slot(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if slot > datetime.now(UTC):
        raise argparse.ArgumentTypeError(f"{text!r} lies in the future: no schedule would fire it")
    return slot
