"""A second region: what the home stack and its pilot light may say."""

import pytest

from components import function_config
from tests.components.settings.test_settings import refusal, settings


class TestHomeStack:
    def test_has_no_second_region_unless_it_names_one(self) -> None:
        found = settings()
        assert (found.recovery.region, found.is_pilot_light) == (None, False)
        assert found.home_region == found.region

    def test_is_at_home_in_its_own_region(self) -> None:
        found = settings(recovery__region="eu-west-1")
        assert (found.recovery.region, found.is_pilot_light) == ("eu-west-1", False)
        assert found.home_region == "eu-central-1"

    def test_tells_its_functions_both_regions(self) -> None:
        document = function_config.document(settings(recovery__region="eu-west-1"))
        assert (document["home_region"], document["recovery_region"]) == (
            "eu-central-1",
            "eu-west-1",
        )


@pytest.mark.parametrize(
    "change", [{"recovery__region": "eu-nowhere-1"}, {"recovery__lag_minutes": 1}]
)
def test_refuses_what_cannot_be(change: dict[str, str]) -> None:
    [(key, _)] = change.items()
    assert key.replace("__", ".") in refusal(**change)


def test_locks_no_longer_than_a_century() -> None:
    assert settings(retention__lock_days=30).retention.lock_days == 30
    assert "retention.lock_days = 36501: " in refusal(retention__lock_days=36_501)
