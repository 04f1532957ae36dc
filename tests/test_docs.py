import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.recorded import program

PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "benchmarks").glob("*.md"),
    *(ROOT / "examples").rglob("*.md"),
]
RUNBOOK = (ROOT / "docs/runbook.md").read_text("utf-8")
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", text.strip().lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_every_output_that_a_page_asks_for_is_exported() -> None:
    asked = {
        name
        for page in PAGES
        for name in re.findall(r"stack output (\w+)", page.read_text("utf-8"))
    }
    assert asked
    assert asked <= program("prod").exports.keys()


def test_the_runbook_lists_every_alarm() -> None:
    for stack in ("prod", "recovery"):
        prefix = program(stack).exports["prefix"]
        for alarm in program(stack).inputs(ALARM).values():
            name = alarm["name"].removeprefix(f"{prefix}--")
            name = re.sub(r"^(daily|report|canary)-", "<schedule>-", name)
            assert f"`{re.sub('-2', '', name)}`" in RUNBOOK, name


def test_the_runbook_has_the_heading_that_each_message_names() -> None:
    alarms = program("prod").inputs(ALARM) | program("recovery").inputs(ALARM)
    texts = [alarm["alarmDescription"] for alarm in alarms.values()]
    texts += [
        target["inputTransformer"]["inputTemplate"]
        for target in program("prod").inputs("aws:cloudwatch/eventTarget:EventTarget").values()
        if "inputTransformer" in target
    ]
    named = [anchor for text in texts for anchor in re.findall(r"runbook\.md#([\w-]+)", text)]
    assert len(named) == len(texts) > 0
    assert set(named) <= anchors(ROOT / "docs/runbook.md")


def test_every_flag_of_the_local_run_is_a_make_variable_and_documented() -> None:
    command_line = (ROOT / "local/run/command_line.py").read_text("utf-8")
    flags = set(re.findall(r'add\(\s*"--(\w+)"', command_line))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    variables = re.findall(r"\{GIVEN_(\w+):\+[^}]*?--(\w+)", makefile)
    assert dict(variables) == {flag.upper(): flag for flag in flags}
    page = (ROOT / "docs/local.md").read_text("utf-8")
    assert all(f"`{flag.upper()}=" in page for flag in flags)
