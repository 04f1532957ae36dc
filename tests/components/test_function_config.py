"""What the functions read beside their code."""

from typing import Any

import pytest

from components import function_config
from components.aws import instance_types
from tests.components.settings.test_settings import settings
from tests.launcher.strategies import INSTANCE_TYPES


def document(**changes: Any) -> dict[str, Any]:
    """Return what they read of the one schedule."""
    return function_config.document(settings(**changes))["schedules"]["daily"]


class TestSizeUps:
    def test_go_up_one_size_of_the_same_family_at_a_time(self) -> None:
        assert instance_types.larger(["ml.m5.large"], 3) == {
            "ml.m5.large": "ml.m5.xlarge",
            "ml.m5.xlarge": "ml.m5.2xlarge",
            "ml.m5.2xlarge": "ml.m5.4xlarge",
        }
        assert instance_types.larger(["ml.t3.medium"], 1) == {"ml.t3.medium": "ml.t3.large"}

    def test_end_at_the_largest_of_the_family(self) -> None:
        assert instance_types.larger(["ml.m5.24xlarge"], 3) == {}
        assert instance_types.larger(["ml.m5.12xlarge"], 3) == {"ml.m5.12xlarge": "ml.m5.24xlarge"}

    @pytest.mark.parametrize("instance_type", INSTANCE_TYPES)
    def test_exist_for_every_type_of_aws_and_never_go_in_a_circle(self, instance_type: str) -> None:
        chain = instance_types.larger([instance_type], 99)
        assert set(chain) | set(chain.values()) <= set(INSTANCE_TYPES)
        assert instance_type not in chain.values()
        assert len(set(chain.values())) == len(chain)


class TestLauncher:
    def test_knows_which_types_of_any_attempt_refuse_a_volume_key(self) -> None:
        def refusing(**changes: Any) -> list[str]:
            takes_key = document(**changes)["job"]["volume_keys"]
            return [each for each, takes in takes_key.items() if not takes]

        assert refusing(job__instance_type="ml.m5.large") == []
        assert refusing(retries__max_size_increases=0, job__instance_type="ml.g5.xlarge") == [
            "ml.g5.xlarge"
        ]
        assert refusing(
            job__instance_type="ml.r5.large",
            job__volume_gb=75,
            retries__fallback_instance_types=["ml.r5d.large", "ml.p5.4xlarge"],
        ) == ["ml.p5.4xlarge", "ml.r5d.large", "ml.r5d.xlarge"]

    def test_knows_each_schedules_policies(self) -> None:
        found = document(
            schedules__daily__overlap="Replace",
            schedules__daily__start_deadline_seconds=600,
            input__when_empty="skip",
        )
        assert found["overlap"] == "Replace"
        assert found["start_deadline_seconds"] == 600
        assert found["input"]["when_empty"] == "skip"


class TestObserver:
    def test_knows_the_types_from_the_jobs_own_on_and_every_larger_size(self) -> None:
        retries = document(
            job__instance_type="ml.m5.large", retries__fallback_instance_types=["ml.t3.2xlarge"]
        )["retries"]
        assert retries == {
            "instance_types": ["ml.m5.large", "ml.t3.2xlarge"],
            "larger": {"ml.m5.large": "ml.m5.xlarge"},
            "max_size_increases": 1,
            "deadline_seconds": 21_600,
        }

    def test_knows_in_which_zone_people_read_a_slot(self) -> None:
        assert document()["timezone"] == "Europe/Berlin"

    @pytest.mark.parametrize("when_empty", ["fail", "allow"])
    def test_knows_whether_a_run_may_write_nothing(self, when_empty: str) -> None:
        assert document(output__when_empty=when_empty)["output"]["when_empty"] == when_empty
