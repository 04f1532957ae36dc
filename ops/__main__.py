"""`python -m ops`: status 0 if it went well, 1 if not, 2 for a wrong call, 130 after Ctrl-C."""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

from ops import (
    advise,
    backfill,
    costs,
    doctor,
    failover,
    listing,
    logs,
    prices,
    promote,
    recovery,
    report,
    run,
)
from ops.screen import Screen
from ops.session import Session, carry_out
from ops.stack import Stack


def main(
    arguments: list[str],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Carry out one command; return the exit status."""
    options = parse(arguments)
    screen = Screen(as_json=options.json)

    def command(stack: Stack) -> int:
        return options.command(Session(stack, screen, now, partial(sleep, 5)), options)

    return carry_out(command, options.stack, screen)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options of one command; end the process with status 2 if it is a wrong call."""
    parser = argparse.ArgumentParser(prog="python -m ops", description="Operates a deployed stack.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, carry_out: object, help_: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help_, description=f"{help_}.")
        added.set_defaults(command=carry_out)
        added.add_argument("--stack", required=True, help="as in Pulumi.<stack>.yaml; or local")
        added.add_argument("--json", action="store_true", help="one JSON document on stdout")
        return added

    starts = command("run", run.run, "Run a slot now, and wait until it is finished")
    starts.add_argument("--slot", metavar="TIME", help=f"{_SLOT}; default: now")
    again = command("replay", run.replay, "Run a slot once more, and wait until it is finished")
    again.add_argument("--slot", metavar="TIME", required=True, help=_SLOT)
    for each in (starts, again):
        each.add_argument("--schedule", metavar="NAME", required=True)
        each.add_argument("--no-wait", dest="wait", action="store_false", help="only start it")
    _add_days(command("backfill", backfill.backfill, "Run the slots of some days without success"))

    stops = command("stop", run.stop, "Stop a job, and wait until it has stopped")
    stops.add_argument("job", metavar="JOB")

    command(
        "promote", promote.promote, "Tag the image that the stack runs as tested; print its URI"
    )
    over = command("failover", failover.failover, "Move the schedules to another region")
    over.add_argument("--to", metavar="REGION", required=True)
    back = command("failback", failover.failback, "Move the schedules back to the home region")
    for each in (over, back):
        _add_recent(each)
        each.add_argument("--lost", action="store_true", help="the other region will not come back")
        each.add_argument("--yes", action="store_true", help="start without asking")
    command("prices", prices.fetch, "Get the list prices of the stack's region from AWS")
    _add_looking(command)
    return parser.parse_args(arguments)


def _add_looking(command: Callable[[str, object, str], argparse.ArgumentParser]) -> None:
    """Add the commands that change nothing."""
    recovers = command("recovery", recovery.show, "Show what another region would take over with")
    _add_recent(recovers)
    command("doctor", doctor.show, "Check machine and account before pulumi up")
    lists = command("list", listing.show, "List slots, newest first, and what runs now")
    lists.add_argument("--schedule", metavar="NAME", help="default: all")
    lists.add_argument("--days", type=_positive, default=7, metavar="N", help="default: 7")
    lists.add_argument("--failed", action="store_true", help="only those that failed")

    tails = command("logs", logs.show, "Show the last lines of a job, or of a slot's latest job")
    tails.add_argument("job", nargs="?", metavar="JOB")
    tails.add_argument("--schedule", metavar="NAME", help="with --slot, instead of JOB")
    tails.add_argument("--slot", metavar="TIME", help=_SLOT)
    tails.add_argument("--follow", action="store_true", help="go on until the job has ended")
    tails.add_argument(
        "--lines", type=_positive, default=50, metavar="N", help="of each host; default: 50"
    )

    sums = command("costs", costs.show, "Estimate what each month cost")
    sums.add_argument("--months", type=_positive, default=3, metavar="N", help="default: 3")

    advises = command("advise", advise.show, "Compare jobs' machines with smaller and other ones")
    advises.add_argument("--schedule", metavar="NAME", help="default: all")
    advises.add_argument("--days", type=_positive, default=30, metavar="N", help="default: 30")

    shows = command("report", report.show, "Write one page with what came of each slot")
    shows.add_argument("--days", type=_positive, default=30, metavar="N", help="default: 30")
    shows.add_argument("--output", metavar="FILE", help="default: report-<stack>.html")


def _add_recent(looks: argparse.ArgumentParser) -> None:
    looks.add_argument("--days", type=_positive, default=2, metavar="N", help="default: 2")


def _add_days(fills: argparse.ArgumentParser) -> None:
    fills.add_argument("--schedule", metavar="NAME", required=True)
    day = partial(fills.add_argument, type=_date, metavar="DATE", required=True)
    day("--from", dest="first", help="the first day, such as 2026-01-05")
    day("--to", dest="last", help="the last day, included; both are days of the schedule's zone")
    fills.add_argument(
        "--parallel", type=_positive, default=1, metavar="N", help="slots at once; default: 1"
    )
    fills.add_argument("--yes", action="store_true", help="start without asking")


_SLOT = "2026-01-05T03:00:00Z, or without Z on the schedule's own clock"


def _date(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if found.year < 2000:  # no job's name holds an earlier slot
        raise argparse.ArgumentTypeError(
            f"{text!r} must be a date such as 2026-01-05, from 2000 on"
        )
    return found


def _positive(text: str) -> int:
    # As lines, what one GetLogEvents returns; as days or months, more than anybody has.
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number from 1 to 10000")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
