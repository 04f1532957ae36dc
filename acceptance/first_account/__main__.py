"""`python -m acceptance.first_account`: status 1 if an answer is otherwise, 2 for a wrong call."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from rich.table import Table
from rich.text import Text

from acceptance import local_stack, remains
from acceptance.canary import Canary
from acceptance.first_account import SECTIONS, tasks, temporary
from acceptance.first_account.look import NOT_PLAYED, Look, NotLookedAtError
from acceptance.first_account.probe import Answer, Probe, Section
from ops import pair, prices
from ops.screen import Screen, span
from ops.session import Session, carry_out
from ops.stack import OpsError, Stack
from pipeline.attempt import job_name
from pipeline.text import printable

_PLAYED = {
    *("create_schedule", "describe_log_streams", "describe_processing_job", "filter_log_events"),
    *("describe_training_job", "get_metric_statistics", "get_schedule", "list_metrics"),
    *("list_objects_v2", "list_processing_jobs", "list_schedules", "list_training_jobs", "scan"),
}
"""Operations whose answers by the embedded AWS are more than moto's own idea."""
_STYLES = {"confirmed": "green", "otherwise": "bold red", "not looked at": "dim"}


def main(arguments: list[str]) -> int:
    """Answer what can be answered at a stack; return the exit status."""
    options = _parse(arguments)
    screen = Screen(as_json=options.json)

    def command(stack: Stack) -> int:
        with local_stack.session(stack, screen) as session:
            return _answer(session, run=options.run)

    return carry_out(command, options.stack, screen)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m acceptance.first_account",
        description="Answers docs/first-account.md by looks at a deployed stack.",
    )
    parser.add_argument("--stack", required=True, help="as in Pulumi.<stack>.yaml; or local")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument(
        "--run",
        action="store_true",
        help="also run five jobs of the canary, for half an hour of one small instance, set off an "
        "alarm (one message, and one when it is over), plan a launch, ask for a job that the quota "
        f"refuses, and make for some minutes {temporary.KINDS}",
    )
    return parser.parse_args(arguments)


def _answer(session: Session, *, run: bool) -> int:
    stack = session.stack
    stack.client("sts").get_caller_identity()  # else every line would say that this fails
    look = Look(stack, partial(ask, stack), session.now, session.pause, may_change=run)
    look.person = _person(session.screen)
    look.there = look_there(stack, session.now)
    canary = Canary.begin(session) if run else None
    found: dict[Section, list[tuple[Probe, Answer]]] = {}
    try:
        if canary:
            session.screen.if_interrupted = (
                "Interrupted; make test-aws, and this once more, remove what is left"
            )
            for said in temporary.begin(look):
                session.screen.err.print(Text(printable(said)), soft_wrap=True)
            look.ran = {task: _run(canary, task) for task in tasks.of(stack)}
        with session.screen.progress() as show:
            for section in SECTIONS:
                found[section] = []
                for probe in section.probes:
                    show(section.heading, probe.question)
                    found[section].append((probe, probe.answer(look)))
    finally:
        problems = remains.remove(canary)[1] if canary else []
        problems += temporary.remove(look)[1] if look.has_made else []
    counts = _show(session.screen, found)
    if problems:
        raise OpsError("; ".join(problems))
    return int(counts["otherwise"] > 0)


def look_there(stack: Stack, now: Callable[[], datetime]) -> Look | None:
    """Return the look at the other region; None where no stack is there."""
    try:
        other = pair.load(stack).beside(stack)
    except OpsError:
        return None
    return Look(other, partial(ask, other), now)


def _person(screen: Screen) -> Callable[[str], bool | None] | None:
    """Return what asks whoever is at the terminal; None if nobody is."""

    def sees(expected: str) -> bool | None:
        answer = screen.ask(f"Do you see {expected}? [y/n, nothing if you cannot tell] ")
        return {"y": True, "yes": True, "n": False, "no": False}.get(answer)

    return sees if sys.stdin.isatty() else None


def _run(canary: Canary, task: str) -> str:
    """Have the canary do a task; return the name of its job, which has ended."""
    session = canary.session
    attempt, _ = canary.start({"probe": task.encode(), **tasks.FILES.get(task, {})})
    name, began = job_name(session.stack.prefix, attempt), session.now()
    with session.screen.progress() as show:
        while job := session.stack.jobs.find_active(name):
            lasted = span((session.now() - began).total_seconds())
            show(f"the canary does {task}: {job.status}", lasted)
            session.pause()
    return name


def ask(stack: Stack, service: str, operation: str, /, most: int = 0, **request: Any) -> Any:  # noqa: ANN401
    """Return AWS's whole answer, as Ask has it.

    Raises:
        NotLookedAtError: the embedded AWS does not play the operation.
    """
    if stack.endpoint and operation not in _PLAYED:
        raise NotLookedAtError(NOT_PLAYED)
    is_price = service == "pricing"
    client = prices.client(stack.region) if is_price else stack.client(service)
    if not client.can_paginate(operation):
        return getattr(client, operation)(**request)
    pages, limit = client.get_paginator(operation), {"MaxItems": most or None}
    return pages.paginate(PaginationConfig=limit, **request).build_full_result()


def _show(screen: Screen, found: dict[Section, list[tuple[Probe, Answer]]]) -> Counter[str]:
    """Show all answers; return how many there are of each verdict."""
    document: list[dict[str, str]] = []
    tables: list[Table] = []
    for section, answers in found.items():
        table = Table(title=section.heading, title_justify="left", show_header=False, box=None)
        for name in ("question", "answer", "saw"):
            table.add_column(name, ratio=None if name == "answer" else 1, overflow="fold")
        for probe, answer in answers:
            row = {"section": section.heading, "name": probe.name, "question": probe.question}
            saw = Text(printable(answer.saw))
            document.append(row | vars(answer))
            if answer.verdict == "otherwise":
                document[-1]["change"] = probe.otherwise
                saw.append(f"\n{probe.otherwise}", "red")
            word = Text(answer.verdict, _STYLES[answer.verdict])
            table.add_row(Text(probe.question), word, saw)
        tables.append(table)
    counts = Counter(each["verdict"] for each in document)
    screen.answer(document, *tables, Text(", ".join(f"{n} {word}" for word, n in counts.items())))
    return counts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
