"""Write docs/inventory/: `python -m tests.inventory`.

For each stack file what holds data: the end of its URN, and the inputs whose change replaces it. A
line stays until somebody moves it below `# accepted` by hand. Prefix, account and region stand for
themselves, as a project's own are others; who changes those of a stack sees it in the preview.
"""

import json
import sys

from local.deploy.program import plain
from tests.conftest import ACCOUNT, REGION, ROOT
from tests.engine.aws_rules import DATA, RULES
from tests.recorded import program

FOLDER = ROOT / "docs" / "inventory"
_HEAD = '# What holds data in stack {}: see "Replace what holds data" in CONTRIBUTING.md.\n'
_ACCEPTED = "# accepted\n"


def stacks() -> list[str]:
    """Return the stacks that have an inventory."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def made(stack: str) -> set[str]:
    """Return the lines of what the program makes now."""
    recorder = program(stack)
    shown = {recorder.exports["prefix"]: "<prefix>", ACCOUNT: "<account>", REGION: "<region>"}
    shown[recorder.one("pulumi:providers:aws")["region"]] = "<region>"
    found = set[str]()
    for args in recorder.created:
        if args.typ in DATA:
            inputs = plain(args.inputs).items()
            replacing = {key: each for key, each in inputs if key in RULES[args.typ].force_new}
            text = json.dumps(replacing, sort_keys=True)
            for value, name in shown.items():
                text = text.replace(value, name)
            types = "$".join(recorder.parents[args.typ, args.name])
            found.add(f"{types}::{args.name} {text}\n")
    return found


def read(stack: str) -> tuple[set[str], list[str]]:
    """Return the committed lines, and those of them that are accepted to be gone."""
    path = FOLDER / f"{stack}.txt"
    text = path.read_text("utf-8") if path.is_file() else ""
    kept, _, accepted = text.partition(_ACCEPTED)
    lines = [each for each in kept.splitlines(keepends=True) if not each.startswith("#")]
    return set(lines), accepted.splitlines(keepends=True)


def write(stack: str) -> None:
    """Add what the program makes now, and drop nothing."""
    kept, accepted = read(stack)
    lines = [_HEAD.format(stack), *sorted(kept | made(stack)), _ACCEPTED, *accepted]
    (FOLDER / f"{stack}.txt").write_text("".join(lines), "utf-8")


def problems(stack: str, changelog: str) -> list[str]:
    """Return what an upgrade of the stack would lose, or nobody was told of."""
    (kept, accepted), now = read(stack), made(stack)
    return [
        *(
            f"an upgrade replaces or deletes, with all that it holds: {each}"
            for each in sorted(kept - now)
        ),
        *(f"run `make docs` for the new {each}" for each in sorted(now - kept)),
        *(
            f"CHANGELOG.md does not name {each}"
            for each in accepted
            if _name(each) not in changelog
        ),
    ]


def _name(line: str) -> str:
    """Return a line's logical name, as the changelog has it."""
    return f"`{line.rpartition('::')[2].partition(' ')[0]}`"


if __name__ == "__main__":
    for file in ROOT.glob("Pulumi.*.yaml"):
        if (name := file.name.split(".")[1]) != "local":  # which lives as long as its run
            write(name)
    sys.stdout.write(f"{FOLDER.relative_to(ROOT)}: {', '.join(stacks())}\n")
