"""`python -m acceptance.first_account`: status 1 if an answer is otherwise, 2 for a wrong call."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table
from rich.text import Text

from acceptance.first_account.look import NOT_PLAYED, Look, NotLookedAtError
from acceptance.first_account.probe import Answer, Probe
from acceptance.first_account.questions import SECTIONS
from ops import prices
from ops.screen import Screen
from ops.session import Session, explain
from ops.stack import OpsError, Stack, load
from pipeline.text import printable

_PLAYED = ("cloudwatch", "dynamodb", "logs", "s3", "sagemaker", "scheduler", "sts")
"""Services of whose answers the embedded AWS is more than moto's own idea."""
_STYLES = {"confirmed": "green", "otherwise": "bold red", "not looked at": "dim"}


def main(
    arguments: list[str],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Answer what can be answered at a stack; return the exit status."""
    options = _parse(arguments)
    screen = Screen(as_json=options.json)
    try:
        stack = load(options.stack)
        try:
            return _answer(Session(stack, screen, now, partial(sleep, 5)))
        except (BotoCoreError, ClientError) as error:
            raise OpsError(explain(error, stack)) from error
    except OpsError as error:
        screen.refuse(str(error))
        return error.status
    except KeyboardInterrupt:
        screen.refuse(screen.if_interrupted)
        return 130


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m acceptance.first_account",
        description="Answers docs/first-account.md by looks at a deployed stack.",
    )
    parser.add_argument("--stack", required=True, help="as in Pulumi.<stack>.yaml; or local")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser.parse_args(arguments)


def _answer(session: Session) -> int:
    stack = session.stack
    stack.client("sts").get_caller_identity()  # else every line would say that this fails
    look = Look(stack, partial(_ask, stack), session.now, session.pause)
    found: list[tuple[str, Probe, Answer]] = []
    with session.screen.progress() as show:
        for section in SECTIONS:
            for probe in section.probes:
                show(section.heading, probe.question)
                found.append((section.heading, probe, probe.answer(look)))
    _show(session.screen, found)
    return int(any(answer.verdict == "otherwise" for _, _, answer in found))


def _ask(stack: Stack, service: str, operation: str, /, most: int = 0, **request: Any) -> Any:  # noqa: ANN401
    if stack.endpoint and service not in _PLAYED:
        raise NotLookedAtError(NOT_PLAYED)
    is_price = service == "pricing"
    client = prices.client(stack.region) if is_price else stack.client(service)
    if not client.can_paginate(operation):
        return getattr(client, operation)(**request)
    pages, limit = client.get_paginator(operation), {"MaxItems": most or None}
    return pages.paginate(PaginationConfig=limit, **request).build_full_result()


def _show(screen: Screen, found: list[tuple[str, Probe, Answer]]) -> None:
    document = [
        {"section": heading, "name": probe.name, "question": probe.question, **vars(answer)}
        | ({"change": probe.otherwise} if answer.verdict == "otherwise" else {})
        for heading, probe, answer in found
    ]
    tables: list[Table] = []
    for heading in dict.fromkeys(heading for heading, _, _ in found):
        tables.append(Table(title=heading, title_justify="left", show_header=False, box=None))
        for name in ("question", "answer", "saw"):
            tables[-1].add_column(name, ratio=None if name == "answer" else 1, overflow="fold")
        for each, probe, answer in found:
            if each == heading:
                saw = Text(printable(answer.saw))
                if answer.verdict == "otherwise":
                    saw.append(f"\n{probe.otherwise}", "red")
                word = Text(answer.verdict, _STYLES[answer.verdict])
                tables[-1].add_row(Text(probe.question), word, saw)
    counts = Counter(answer.verdict for _, _, answer in found)
    screen.answer(document, *tables, Text(", ".join(f"{n} {word}" for word, n in counts.items())))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
