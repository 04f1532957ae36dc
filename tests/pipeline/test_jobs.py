from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline import jobs
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from tests.fake_sagemaker import FakeSageMaker
from tests.lambda_world import ATTEMPT, NAME, NOW

KNOWN = Entry.of(ATTEMPT, NAME)


@pytest.fixture
def sagemaker() -> FakeSageMaker:
    found = FakeSageMaker(lambda: NOW + timedelta(hours=1))
    found.add(NAME, CreationTime=NOW)
    return found


def told(sagemaker: FakeSageMaker, known: Entry = KNOWN) -> Entry:
    job = jobs.described(Kind.PROCESSING, sagemaker.jobs[NAME])
    return jobs.with_job(known, job)


@pytest.mark.usefixtures("prices")
class TestWithJob:
    def test_has_what_describe_tells(self, sagemaker: FakeSageMaker) -> None:
        sagemaker.end(NAME, "Failed", FailureReason="r", ExitMessage="m")
        assert told(sagemaker) == replace(
            KNOWN,
            status="Failed",
            reason="r",
            exit_message="m",
            created=NOW,
            started=NOW + timedelta(minutes=1),
            ended=NOW + timedelta(hours=1),
            instance_type="ml.m5.large",
            instance_count=1,
            volume_gb=10,
            cost_usd=pytest.approx(0.117 * 59 / 60),
        )

    @pytest.mark.parametrize("selected", [{}, {"SelectedInstanceType": "ml.m6i.large"}])
    def test_of_a_choice_of_types_has_the_one_that_sagemaker_selected(
        self, sagemaker: FakeSageMaker, selected: dict[str, Any]
    ) -> None:
        preferences = [{"InstanceType": "ml.m5.large"}, {"InstanceType": "ml.m6i.large"}]
        count = {"SelectedInstanceCount": 2} if selected else {}
        cluster = {"InstancePreferences": preferences, "VolumeSizeInGB": 10, **selected, **count}
        sagemaker.add(NAME, ProcessingResources={"ClusterConfig": cluster})
        entry = told(sagemaker)
        expected = ("ml.m6i.large", 2) if selected else (None, None)
        assert (entry.instance_type, entry.instance_count) == expected

    def test_that_never_ran_has_no_duration_and_costs_nothing(
        self, sagemaker: FakeSageMaker
    ) -> None:
        sagemaker.end(NAME, "Failed", ran=False)
        entry = told(sagemaker)
        assert (entry.started, entry.run_s, entry.cost_usd) == (None, None, 0)

    def test_whose_type_has_no_known_price_has_no_known_cost(
        self, sagemaker: FakeSageMaker
    ) -> None:
        sagemaker.add(NAME, "ml.new.large")
        sagemaker.end(NAME, "Failed")
        assert told(sagemaker).cost_usd is None

    def test_costs_what_its_own_region_costs(self, sagemaker: FakeSageMaker) -> None:
        sagemaker.end(NAME, "Completed")
        assert told(sagemaker).cost_usd
        arn: str = sagemaker.jobs[NAME]["ProcessingJobArn"]
        sagemaker.jobs[NAME]["ProcessingJobArn"] = arn.replace("eu-central-1", "us-east-1")
        assert told(sagemaker).cost_usd is None

    def test_on_spot_costs_what_is_billed_and_on_demand_all_its_time(
        self, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        card = {"storage_gb_month": 0, "hourly": {"ml.m5.large": 0.1}}
        cards = {"eu-central-1": {"Processing": card, "Training": {"hourly": {"ml.m5.large": 0.2}}}}
        monkeypatch.setattr("pipeline.cost._CARDS", cards)
        sagemaker.add(NAME, kind="Training", CreationTime=NOW)
        spent: dict[str, Any] = {"TrainingTimeInSeconds": 1800, "BillableTimeInSeconds": 360}
        sagemaker.end(NAME, "Completed", **spent)
        entry = jobs.with_job(KNOWN, jobs.described(Kind.TRAINING, sagemaker.jobs[NAME]))
        assert entry.instance == "ml.m5.large on spot"
        assert entry.saved == pytest.approx(0.8)
        assert entry.cost_usd == pytest.approx(0.02)
        assert entry.on_demand_usd == pytest.approx(0.05)

    def test_with_times_that_contradict_each_other_has_no_negative_duration(
        self, sagemaker: FakeSageMaker
    ) -> None:
        sagemaker.end(NAME, "Failed")
        sagemaker.jobs[NAME]["ProcessingEndTime"] = NOW - timedelta(days=1)
        assert told(sagemaker).run_s == 0
