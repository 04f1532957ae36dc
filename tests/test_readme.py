from __future__ import annotations

import re

from pydantic import BaseModel

from components.settings import ScheduleSettings, Settings
from local.run.command_line import parser
from tests.conftest import ROOT
from tests.recorded import program

README = (ROOT / "README.md").read_text("utf-8")
RUNBOOK = (ROOT / "docs/runbook.md").read_text("utf-8")
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_cells(title: str) -> list[str]:
    return [
        line.split("|")[1].strip()
        for line in section(title).splitlines()
        if line.startswith("| ") and not line.startswith(("| key", "| name", "| ---", "| package"))
    ]


def configuration_keys() -> set[str]:
    """Return every key that a stack file may set, as the README writes it."""
    keys: set[str] = set()
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if name == "schedules":
            keys |= {f"schedules.<name>.{inner}" for inner in ScheduleSettings.model_fields}
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            keys |= {f"{name}.{inner}" for inner in kind.model_fields}
        elif name not in ("project", "stack", "region"):
            keys.add(name)
    return keys


class TestReadme:
    def test_lists_every_configuration_key_and_no_other(self) -> None:
        rows = [cell.strip("`") for cell in first_cells("Configuration")]
        assert len(rows) == len(set(rows))
        assert set(rows) == configuration_keys()

    def test_lists_every_alarm_and_no_other(self) -> None:
        names = {cell.strip("`") for cell in first_cells("Alarms")}
        prefix = program("prod").exports["job_name_prefix"].removesuffix("--")
        found = {
            re.sub(
                "^(launcher|observer)-(?!failures)",
                "<function>-",
                alarm["name"].removeprefix(f"{prefix}--").replace("daily-", "<schedule>-"),
            )
            for alarm in program("prod").inputs(ALARM).values()
        }
        assert len(found) == 16
        assert names == found

    def test_gives_a_reason_for_every_dependency_and_lists_no_other(self) -> None:
        files = ["requirements.in", "requirements-dev.in", "container/scripts/requirements.in"]
        lines = "\n".join((ROOT / name).read_text("utf-8") for name in files).splitlines()
        packages = {re.split(r"[\[=<>; ]", line)[0] for line in lines if re.match(r"[a-z]", line)}
        rows = {
            name for cell in first_cells("Dependencies") for name in re.findall(r"[\w-]+", cell)
        }
        assert rows - {"botocore"} == packages

    def test_every_flag_of_the_local_run_is_a_make_variable(self) -> None:
        flags = set(re.findall(r"--(\w+)", parser().format_usage()))
        makefile = (ROOT / "Makefile").read_text("utf-8")
        variables = re.findall(r"\{GIVEN_(\w+):\+[^}]*?--(\w+)", makefile)
        assert dict(variables) == {flag.upper(): flag for flag in flags}
        for flag in flags:
            assert f"`{flag.upper()}=" in section("Try it")


class TestRunbook:
    def test_has_the_heading_that_each_message_names(self) -> None:
        headings = {
            re.sub(r"[^\w -]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
            for line in RUNBOOK.splitlines()
            if line.startswith("#")
        }
        texts = [alarm["alarmDescription"] for alarm in program("prod").inputs(ALARM).values()]
        texts += [
            target["inputTransformer"]["inputTemplate"]
            for target in program("prod").inputs("aws:cloudwatch/eventTarget:EventTarget").values()
            if "inputTransformer" in target
        ]
        named = [anchor for text in texts for anchor in re.findall(r"runbook\.md#([\w-]+)", text)]
        assert len(named) == len(texts) == 23
        assert set(named) <= headings
