"""Write docs/first-account.md: `python -m tests.acceptance.first_account.document`."""

import sys

from acceptance.first_account import SECTIONS
from acceptance.first_account.look import Json
from acceptance.first_account.probe import Probe, Section
from tests.acceptance.first_account.cases import CASES
from tests.acceptance.first_account.recorded import Account
from tests.conftest import ROOT
from tests.security.tables import table

PAGE = ROOT / "docs" / "first-account.md"
_INTRO = """# To confirm on the first account

All of this was built from AWS's documents, its service models and public reports, and played
without an account. This is the one list of what they leave open, with what answers each question,
and what it means if the answer is no. Use a stack of its own, such as `dev`:

```sh
make test-aws STACK=dev               # its jobs answer most of the first job's
make first-account STACK=dev          # asks AWS what stands below, and changes nothing
make first-account STACK=dev RUN=yes  # with --run, at a terminal
```

An answer is `confirmed`; or `otherwise`, with what was seen and what that means, mostly where to
change the program; or `not looked at`, with what it needs. The exit status is 1 if any is
`otherwise`. Looks are at the latest 20 jobs of a kind, 14 days of metrics and alarms, and what
CloudTrail has.

With `--run` the canary measures itself, fails, takes all memory, outlasts its maximum runtime and
gets a strange key (`container/scripts/probe.sh`): five jobs, one after the other, half an hour of
one small instance in all. An alarm is set off, which sends its messages, and where these go to a
phone or a chat a person at the terminal is asked what is seen there. A launch is planned that
starts nothing; a job is asked for that a quota of 0 refuses; and a role, a function, a rule, a
topic and a queue are made that are called `$P--first-account` (the role
`$P-<region>-first-account`), for less than $0.01. What this writes is taken away again, and what an
earlier run left, before. Besides what `make test-aws` needs, who does it must be allowed to set the
alarm's state, to create schedules and processing jobs with the stack's roles, and to create and
delete those five.

`$P` is `pulumi stack output prefix`. This page is made by `make docs`, from
`acceptance/first_account/`.
"""
_NONE: Json = {
    "list_processing_jobs": {"ProcessingJobSummaries": []},
    "list_training_jobs": {"TrainingJobSummaries": []},
    "lookup_events": {"Events": []},
}
"""What a new account answers."""
_HEAD = ("question", "what answers it", "if it is otherwise")


def page() -> str:
    """Return the whole page."""
    return "\n".join([_INTRO, *(line for section in SECTIONS for line in _section(section))])


def _section(section: Section) -> list[str]:
    rows = ((each.question, _looks_at(each), each.otherwise) for each in section.probes)
    intro = [section.intro, ""] if section.intro else []
    return [f"## {section.heading}", "", *intro, table(_HEAD, rows), ""]


def _looks_at(probe: Probe) -> str:
    """Return what a probe needs, and asks of AWS where it is confirmed."""
    confirmed = CASES[probe.name].confirmed
    account = Account(confirmed)
    probe.answer(account.look)
    bare = Account({name: _NONE.get(name, answer) for name, answer in confirmed.items()})
    accounts = (Account(confirmed, run=False), bare)
    needs = [
        answer.saw.removeprefix("needs ")
        for answer in (probe.answer(each.look) for each in accounts)
        if answer.verdict == "not looked at"
    ]
    calls = (
        f"`{service} {name.replace('_', '-')}`"
        for service, name in dict.fromkeys(account.asked)
        if not name.startswith("list_") or not name.endswith("_jobs")
    )
    needed = [each.replace("--run", "`--run`") for each in needs[:1]]
    return ": ".join([*needed, ", ".join(calls)])


def main() -> None:
    """Rewrite the page, and say so if it was another one."""
    changed = PAGE.read_text("utf-8") != page()
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}: {'changed' if changed else 'up to date'}\n")


if __name__ == "__main__":
    main()
