"""Shows what ECR found in the image that the stack's jobs run."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ops import findings, image_in_use
from ops.errors import OpsError
from ops.findings import SEVERITIES
from ops.screen import facts, printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ops.findings import Finding, Scan
    from ops.image_in_use import Image
    from ops.session import Session

_STYLES = {"CRITICAL": "bold red", "HIGH": "red", "MEDIUM": "yellow"}
FAIL_ON = [each.lower() for each in SEVERITIES[:4]]
_OLD = timedelta(days=2)
"""ECR's basic scan is made at the push, and may be repeated after 24 hours."""


def show(session: Session, options: argparse.Namespace) -> int:
    """Show the findings; status 1 if one of them is as severe as --fail-on, or worse."""
    stack = session.stack
    if stack.endpoint:
        raise OpsError(
            "The embedded AWS scans no image, so nothing is known of this one; "
            "scan the image of a deployed stack: python -m ops scan --stack NAME"
        )
    image = image_in_use.find(stack)
    scan = findings.read(stack.client("ecr"), image.repository, image.digest)
    threshold = SEVERITIES.index(options.fail_on.upper())
    severe = [each for each in scan.findings if each.rank <= threshold]
    counts = Counter(each.severity for each in scan.findings)
    document = {
        "repository": image.repository,
        "digest": image.digest,
        "source": image.source,
        "completed_at": scan.completed_at,
        "vulnerabilities_of": scan.vulnerabilities_of,
        "counts": counts,
        "findings": scan.findings,
    }
    session.screen.answer(
        document,
        _head(image, scan, counts),
        *([Text(), _table(scan.findings)] if scan.findings else []),
        *_ways_out(session, image, scan, severe=bool(severe)),
    )
    return 1 if severe else 0


def _head(image: Image, scan: Scan, counts: Counter[str]) -> Table:
    total = Text(", ").join(
        Text(f"{counts[each]} {each.lower()}", _STYLES.get(each, ""))
        for each in (*SEVERITIES, *sorted(counts.keys() - {*SEVERITIES}))
        if counts[each]
    )
    known = f", by data of {_time(scan.vulnerabilities_of)}" if scan.vulnerabilities_of else ""
    return facts(
        [
            ("image", f"{image.repository}@{image.digest}"),
            ("which is", image.source),
            ("scanned", f"{_time(scan.completed_at)}{known}"),
            ("findings", total or Text("none", "green")),
        ]
    )


def _table(found: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    # A basic scan does not tell what is mended: a dash would say that nothing is.
    tells = any(package.fixed_in for each in found for package in each.packages)
    fixed = ["fixed in"] if tells else []
    for name in ("severity", "package", "version", *fixed, "vulnerability", "link"):
        table.add_column(name, overflow="fold")
    for each in found:
        packages = each.packages
        table.add_row(
            Text(each.severity.lower(), _STYLES.get(each.severity, "")),
            _lines(package.name for package in packages),
            _lines(package.version for package in packages),
            *([_lines(package.fixed_in or "-" for package in packages)] if tells else []),
            _lines([each.vulnerability]),
            _lines([each.link or ""]),
        )
    return table


def _lines(texts: Iterable[str]) -> Text:
    return Text("\n".join(printable(text) for text in texts))


def _ways_out(session: Session, image: Image, scan: Scan, *, severe: bool) -> Iterator[Text]:
    age = session.now() - (scan.completed_at or session.now())
    if age > _OLD and not scan.continuous:
        again = findings.start(image.repository, image.digest)
        yield Text(f"\nThe scan is {age.days} days old, and knows of nothing newer: {again}", "dim")
    if severe:
        stack = session.stack
        yield Text(
            "\nWhat the distribution has mended comes with its newer base image: "
            f"{stack.command('base-image')}; then: pulumi up --stack {stack.name}",
            "dim",
        )


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else "at an unknown time"
