"""The whole pipeline as a person starts it, in a copy of the checkout's place."""

import fcntl
import html
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import boto3
import pytest

from local.engines.process import ProcessEngine
from local.run.command_line import main
from local.run.report import NOT_ENDED
from tests.conftest import ROOT

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.skipif(
    ProcessEngine(Path()).available() is not None,
    reason="no namespaces on this machine for the process engine",
)


_LAST_LINE = "  .venv/bin/python -m ops list --stack local\n"
"""Of what is printed before the embedded AWS only stays up."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a local run reads, so that it does not touch a developer's `.local`."""
    place = tmp_path_factory.mktemp("checkout")
    for name in ("components", "lambda", "container", "local", "ops"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, place / name, ignore=ignored)
    for file in [ROOT / "__main__.py", ROOT / "requirements.txt", *ROOT.glob("Pulumi*.yaml")]:
        shutil.copy(file, place)
    return place


def start(place: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a process that runs in the copy."""
    command = [sys.executable, "-m", "local", "--engine", "process", *arguments]
    environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(place)}
    return subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.PIPE, text=True)


def report_of(place: Path) -> dict[str, Any]:
    return json.loads((place / ".local" / "report.json").read_text("utf-8"))


def buckets(endpoint: dict[str, str]) -> list[str]:
    """Return the names of the buckets, as whoever may read the endpoint's file sees them."""
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint["url"],
        region_name=endpoint["region"],
        aws_access_key_id=endpoint["access_key_id"],
        aws_secret_access_key=endpoint["secret_access_key"],
    )
    return [each.get("Name", "") for each in s3.list_buckets()["Buckets"]]


class TestAProcess:
    def test_a_fault_is_survived_and_the_embedded_aws_stays_until_it_is_interrupted(
        self, checkout: Path
    ) -> None:
        endpoint = checkout / ".local" / "endpoint.json"
        with start(checkout, "--fault", "capacity", "--keep") as process:
            assert process.stdout
            printed = "".join(takewhile(_LAST_LINE.__ne__, process.stdout))
            found = json.loads(endpoint.read_text("utf-8"))
            assert stat.S_IMODE(endpoint.stat().st_mode) == 0o600
            assert stat.S_IMODE(endpoint.parent.stat().st_mode) == 0o700
            with pytest.raises(HTTPError, match="403"):
                urlopen(found["url"], timeout=10)  # noqa: S310 - on loopback
            assert {name.split("-")[2] for name in buckets(found)} == {"input", "output"}
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        assert not endpoint.exists()
        report = report_of(checkout)
        assert [each["outcome"] for each in report["attempts"]] == ["capacity", "completed"]
        for text in ("CapacityError", "Completed", "26,115", "s3 14,", "weather-EWR.csv.parquet"):
            assert text in printed
        what = [moment["what"] for moment in report["timeline"]]
        assert what.count("fired") == 3
        assert "planned" in what

    def test_a_run_that_is_killed_leaves_no_report_of_the_last(self, checkout: Path) -> None:
        last = checkout / ".local" / "report.json"
        last.parent.mkdir(exist_ok=True)
        last.write_text('{"outcome": "completed"}', "utf-8")
        page = last.with_name("report.html")
        page.unlink(missing_ok=True)
        with start(checkout, "--keep") as process:
            while not page.exists():  # it is written after report.json, before the stack is there
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
        report = report_of(checkout)
        assert (report["outcome"], report["failure_reason"]) == (None, NOT_ENDED)


class TestWhatIsRefused:
    """In this process: nothing is started."""

    @pytest.fixture(autouse=True)
    def _own_signals(self) -> Iterator[None]:
        names = (signal.SIGINT, signal.SIGTERM)
        before = [signal.getsignal(name) for name in names]
        yield
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (("--fault", "fire"), "'lost-event'"),
            (("--slot", "yesterday"), "is no slot like 2026-01-05T02:00:00Z"),
            (("--slot", "2199-01-05T02:00:00Z"), "lies in the future"),
            (("--input", "nowhere"), "must be a directory"),
            (("--script", "nowhere"), "must be a file or directory"),
        ],
    )
    def test_arguments_are_reported_too(
        self, checkout: Path, capsys: Capture, arguments: tuple[str, ...], reason: str
    ) -> None:
        left = checkout / ".local" / "s3" / "of-the-last-run"
        left.mkdir(parents=True)
        assert main([*arguments], checkout) == 2
        assert reason in report_of(checkout)["failure_reason"]
        assert not left.exists()
        printed = capsys.readouterr().out
        assert printed.startswith("usage: ")
        assert reason in printed

    @pytest.mark.parametrize(("arguments", "status"), [((), 1), (("--slot", "yesterday"), 2)])
    def test_a_second_run_at_once_leaves_the_first_what_it_has(
        self, checkout: Path, capsys: Capture, arguments: tuple[str, ...], status: int
    ) -> None:
        first = checkout / ".local" / "report.json"
        first.parent.mkdir(exist_ok=True)
        first.write_text("of the first", "utf-8")
        held = os.open(checkout, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert main([*arguments], checkout) == status
        finally:
            os.close(held)
        assert first.read_text("utf-8") == "of the first"
        assert ("Another local run" in capsys.readouterr().out) == (status == 1)

    @pytest.mark.parametrize(
        ("right", "wrong", "reason"),
        [
            ("data: destroy", "data: lose", ":data VALUE"),
            ("  prefix", "\tprefix", "line 4: found character"),
            ("data: destroy", "data: 2026-01-05", "line 18: quote"),
            ("", None, "Pulumi.local.yaml cannot be read: No such file"),
        ],
        ids=["value", "tab", "date", "missing"],
    )
    def test_settings_are_reported_too(
        self, checkout: Path, capsys: Capture, right: str, wrong: str | None, reason: str
    ) -> None:
        file, page = checkout / "Pulumi.local.yaml", checkout / ".local" / "report.html"
        good = file.read_text("utf-8")
        file.unlink()
        if wrong is not None:
            file.write_text(good.replace(right, wrong, 1), "utf-8")
        try:
            status = main(["--engine", "process"], checkout)
        finally:
            file.write_text(good, "utf-8")
        report, printed = report_of(checkout), capsys.readouterr().out
        assert (status, report["status"]) == (1, None)
        assert reason in report["failure_reason"]
        assert reason in printed
        assert html.escape(reason) in page.read_text("utf-8")
