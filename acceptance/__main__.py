"""`python -m acceptance`: status 0 only if all held, 2 for a wrong call, 130 after Ctrl-C."""

import argparse
import signal
import sys
from pathlib import Path

from acceptance import local_stack, own, remains, rights
from acceptance.canary import Canary, check
from acceptance.inbox import Inbox
from acceptance.scenarios import OF_CANARY
from acceptance.summary import show
from acceptance.trial import Trial, play
from ops.screen import Screen
from ops.session import Session, carry_out
from ops.stack import Stack


def main(arguments: list[str]) -> int:
    """Test one stack; return the exit status. What the test made there is gone after it."""
    options = _parse(arguments)
    screen = Screen(as_json=options.json)

    def command(stack: Stack) -> int:
        rights.hold(stack)
        with local_stack.session(stack, screen) as session:
            return _test(session, options)

    return carry_out(command, options.stack, screen)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m acceptance", description="Tests a deployed stack by its schedule canary."
    )
    add = parser.add_argument
    add("--stack", required=True, help="as in Pulumi.<stack>.yaml; or local")
    add("--schedule", metavar="NAME", help="whose script is tested, too; default: the first")
    add("--input", type=Path, default=own.SAMPLE, metavar="DIR", help="of that; default: a sample")
    add("--json", action="store_true", help="one JSON document on stdout")
    return parser.parse_args(arguments)


def _test(session: Session, options: argparse.Namespace) -> int:
    stack, screen = session.stack, session.screen
    check(stack)
    problems: list[str] = []
    notes: list[str] = []
    for earlier in remains.find(session):
        removed, failed = remains.remove(earlier)
        notes += [f"Left by test {earlier.name}, and removed: {each}" for each in removed]
        problems += failed
    scenarios, why_not = own.choose(session, options.schedule, options.input)
    screen.if_interrupted = "Interrupted; the next test removes what is left of this one"
    canary = Canary.begin(session)
    inbox, all_of_them = Inbox(stack, canary.name), {**OF_CANARY, **scenarios}
    trials = [Trial(name, each, canary, inbox) for name, each in all_of_them.items()]
    try:
        inbox.open()
        play(session, trials)
    finally:
        problems += remains.remove(canary)[1]
        if not problems:
            screen.if_interrupted = "Interrupted; nothing is left of this test"
    slots = [stack.journal.attempts(each.schedule, each.slot) for each in canary.attempts]
    attempts = [each for slot in slots for each in slot]
    return show(screen, trials, attempts, [*why_not, *notes], problems)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
