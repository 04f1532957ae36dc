from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.__main__ import main
from tests.ops.endpoint import put_endpoint
from tests.ops.measured import job
from tests.ops.world import World

METRICS = {"CPUUtilization": 180, "MemoryUtilization": 31, "DiskUtilization": 4}


def measure(world: World, days: range, **known: Any) -> None:
    """Let jobs have ended, and their first three minutes be measured."""
    for day in days:
        entry = job(day, **known)
        world.journal.write(entry)
        data: list[Any] = [
            {
                "MetricName": name,
                "Dimensions": [{"Name": "Host", "Value": f"{entry.job_name}/algo-1"}],
                "Timestamp": (entry.started or datetime.now(UTC)) + timedelta(minutes=minute),
                "Value": value,
            }
            for name, value in METRICS.items()
            for minute in range(3)
        ]
        namespace = "/aws/sagemaker/ProcessingJobs"
        world.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> None:
    hourly = {"ml.m5.large": 0.12, "ml.m5.xlarge": 0.24}
    card = {"date": "2026-01-02", "Processing": {"storage_gb_month": 0.73, "hourly": hourly}}
    monkeypatch.setattr("pipeline.cost._CARDS", {"eu-central-1": card})


def row(out: str, name: str) -> str:
    [line] = [line for line in out.splitlines() if line.split()[:1] == [name]]
    return " ".join(line.split())


@pytest.mark.usefixtures("priced")
class TestAdvise:
    def test_shows_what_was_measured_and_what_others_would_have_meant(self, world: World) -> None:
        measure(world, range(4))
        status, out, _ = world.ops("advise")
        assert status == 0
        assert "of this machine" not in out
        assert row(out, "jobs") == "jobs 4, waited 4m 00s, at most 4m 00s"
        assert row(out, "measured") == "measured 4, ran 10m 00s, at most 10m 00s"
        assert row(out, "CPU") == "CPU 45 %, at most 45 % of 4 vCPUs"
        assert row(out, "memory") == "memory 31 %, at most 31 % of 16 GB"
        assert row(out, "disk") == "disk at most 4 % of 100 GB"
        assert row(out, "ml.m5.xlarge") == "ml.m5.xlarge 4 16 GB 69 % 10m 00s $0.06 $1.72"
        assert row(out, "ml.m5.large") == "ml.m5.large 2 8 GB 38 % 10m 00s $0.04 $1.12"
        assert "ml.m5.large (8 GB) leaves 38 % of it free, and a run costs 35 % less." in out

    def test_looks_at_each_machine_for_itself(self, world: World) -> None:
        measure(world, range(3))
        measure(world, range(3, 6), instance_type="ml.m5.large")
        _, found = world.ops_json("advise --schedule daily")
        assert [(each["instance_type"], each["jobs"]) for each in found] == [
            ("ml.m5.large", 3),
            ("ml.m5.xlarge", 3),
        ]
        assert found[0]["runs_a_month"] == pytest.approx(365 / 12 / 2)

    def test_looks_at_jobs_that_ran_to_their_end_in_these_days(self, world: World) -> None:
        measure(world, range(3))
        measure(world, range(3, 5), outcome="script_failed")
        measure(world, range(5, 7), started=None)
        measure(world, range(9, 12))
        _, [found] = world.ops_json("advise --days 10")
        assert found["jobs"] == 3

    def test_without_any_job_says_so(self, world: World) -> None:
        assert "No job ran to its end in the last 30 days." in world.ops("advise")[1]
        assert world.ops_json("advise") == (0, [])


def test_without_prices_of_the_region_says_how_to_get_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.cost._CARDS", {})
    measure(world, range(3))
    _, out, _ = world.ops("advise")
    assert "There are no prices of eu-central-1; get them: .venv/bin/python -m ops prices" in out


def test_on_a_local_run_says_whose_processor_was_measured(
    world: World, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_endpoint(project)
    measure(world, range(1))
    assert main(["advise", "--stack", "local"], now=lambda: world.now) == 0
    assert "are what the jobs took of this machine" in capsys.readouterr().out
