"""The comment of a pull request, as Markdown.

The directory holds `preview-<stack>/` of each stack that was previewed, as preview.yml keeps it:
events.json, diff.txt, forecast-before.txt and forecast-after.txt, any of which may be missing.
A pull request's code made them. This code is the base commit's, and needs nothing but Python.
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ci import events, permissions, schedules
from ci.events import OPERATIONS, Change, Preview
from ci.markdown import block, code, codes, fitting

MARKER = "<!-- preview of every stack -->"
"""By which the comment of the last push is found."""
_LONGEST = 65_000
"""Bytes, of the 65,536 characters that GitHub takes."""
_READ = 50_000_000
"""Characters of a file: ten times those of a preview that replaces everything."""
_DATA = (
    *("aws:kms/key:Key", "aws:s3/bucket:Bucket"),
    *("aws:ecr/repository:Repository", "aws:dynamodb/table:Table"),
)
"""Kinds that hold, or decrypt, what nobody can make again."""
_PAST = {"replace": "replaced", "delete": "deleted", "create": "created", "update": "updated"}


class Stack(NamedTuple):
    """What is known of one stack."""

    name: str
    previewed: bool
    preview: Preview
    diff: str
    permissions: list[str]
    schedules: list[str]
    cost: str

    def of(self, operation: str) -> list[Change]:
        """Return the changes of one kind."""
        return [each for each in self.preview.changes if each.operation == operation]


def read(directory: Path, name: str, now: datetime) -> Stack:
    """Return what a stack's artifact tells, by the slots later than `now`."""
    preview = events.read(_text(directory / "events.json"))
    before, after = (_text(directory / f"forecast-{side}.txt") for side in ("before", "after"))
    return Stack(
        name,
        directory.is_dir(),
        preview,
        _text(directory / "diff.txt"),
        permissions.told(preview.changes),
        schedules.told(preview.changes, now),
        f"{_cost(before)} → {_cost(after)}",
    )


def comment(stacks: Sequence[Stack], commit: str, run: str) -> str:
    """Return the comment: what to beware of, a row a stack, each stack's changes, and the diffs."""
    seen = [each for each in stacks if each.previewed]
    missing = ", ".join(each.name for each in stacks if not each.previewed)
    lines = [MARKER, f"### What {commit} would change", f"[Whole output]({run})", ""]
    if warned := [f"> **{each.name}**: {told}" for each in seen if (told := _warnings(each))]:
        lines += ["> [!CAUTION]", *fitting(warned, 10_000, "> "), ""]
    if missing:
        lines += [f"Not previewed, since it waits for approval or failed before: {missing}", ""]
    if not seen:
        return "\n".join(lines)
    columns = ["stack", *_PAST.values(), "IAM", "schedules", "at most a month"]
    lines += [f"| {' | '.join(columns)} |", f"|---{'|---:' * 7}|", *map(_row, seen)]
    if any("?" in each.cost for each in seen):
        lines += ["", "?: no forecast, or no list prices of the region, which `ops prices` gets"]
    room = (_LONGEST - _size(lines)) // len(seen) // 2 - 500
    for stack in seen:
        lines += fitting([*_worst(stack)], room, "\n")
    told = [fitting([*_told(each)], room, "\n") for each in seen]
    left = (_LONGEST - _size(lines) - sum(map(_size, told))) // len(seen) - 200
    for stack, of_stack in zip(seen, told, strict=True):
        lines += of_stack
        if stack.diff:
            summary = f"<summary>Whole diff of {stack.name}</summary>"
            lines += ["", f"<details>{summary}", "", block(stack.diff, left), "", "</details>"]
    return "\n".join(lines) + "\n"


def _warnings(stack: Stack) -> str:
    found = [] if stack.preview.complete else ["the preview failed"]
    for operation in ("replace", "delete"):
        if changes := stack.of(operation):
            data = codes((each.name for each in changes if each.kind in _DATA), 10)
            found.append(f"{len(changes)} {_PAST[operation]}{data and f', with data: {data}'}")
    return "; ".join(found)


def _row(stack: Stack) -> str:
    counts = [len(stack.of(operation)) for operation in OPERATIONS]
    counts += [sum(line.startswith(" ") for line in stack.permissions), len(stack.schedules)]
    cells = [f"**{stack.name}**", *(str(each or "") for each in counts), stack.cost]
    return f"| {' | '.join(cells)} |"


def _cost(forecast: str) -> str:
    """Return what `ci.forecast` prints; a question mark for anything else."""
    found = re.fullmatch(r"(<?\$[\d,]{1,20}\.\d\d( \+ \?)?)\s*", forecast, re.ASCII)
    return found[1] if found else "?"


def _worst(stack: Stack) -> Iterator[str]:
    for operation in ("replace", "delete"):
        title = f"{_PAST[operation].capitalize()} in {stack.name}"
        yield from _titled(title, [*_named(stack.of(operation))])


def _told(stack: Stack) -> Iterator[str]:
    """Yield what else a reader should know."""
    yield f"\n#### {stack.name}"
    preview = stack.preview
    if not preview.complete:
        yield "\n**The preview failed**, and what follows is as far as it came:\n"
        yield block("\n\n".join(preview.errors) or stack.diff[-3000:] or "It said nothing.", 6000)
    elif not preview.changes:
        yield "\nNo changes."
    for operation in ("create", "update"):
        yield from _titled(_PAST[operation].capitalize(), [*_named(stack.of(operation))])
    yield from _titled("IAM", stack.permissions)
    yield from _titled("Schedules", stack.schedules)
    yield from _titled("Warnings", [f"- {code(each, 500)}" for each in preview.warnings])


def _titled(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"\n**{title}**\n"
        yield from lines


def _named(changes: list[Change]) -> Iterator[str]:
    """Yield a line for each kind that names what of it changes, what holds data first."""
    alike: dict[tuple[str, tuple[str, ...], bool], list[str]] = defaultdict(list)
    for each in sorted(changes, key=lambda each: (each.kind not in _DATA, each.kind)):
        alike[each.kind, tuple(each.because), each.forgotten].append(each.name)
    for (kind, because, forgotten), names in alike.items():
        lost = kind in _DATA and changes[0].operation in ("replace", "delete")
        holds = "; :warning: **it holds data**" if lost else ""
        why = f", because of {codes(because)}" if because else ""
        stays = "; Pulumi forgets it, AWS keeps it" if forgotten else ""
        short = code(re.sub(r"^aws:|/[^:]*", "", kind))  # s3:Bucket of aws:s3/bucket:Bucket
        yield f"- {len(names)} {short} {codes(names)}{why}{holds}{stays}"


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _text(file: Path) -> str:
    """Return a file's text; none of one that is not there."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(_READ)
    except OSError:
        return ""


def main() -> None:
    """Print the comment of a run."""
    parser = argparse.ArgumentParser(prog="python -m ci.comment", description=__doc__)
    parser.add_argument("--commit", required=True, help="the pull request's")
    parser.add_argument("--run", required=True, help="address of the run that made the previews")
    parser.add_argument("directory", type=Path)
    parser.add_argument("stacks", nargs="+")
    given, now = parser.parse_args(), datetime.now(UTC)
    stacks = [read(given.directory / f"preview-{name}", name, now) for name in given.stacks]
    sys.stdout.write(comment(stacks, given.commit, given.run))


if __name__ == "__main__":
    main()
