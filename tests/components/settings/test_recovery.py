"""A second region: what the home stack and its pilot light may say."""

from typing import Any

import pytest

from components import function_config
from tests.components.settings.test_settings import refusal, settings

PILOT: dict[str, Any] = {"recovery": {"of": "home", "region": "eu-west-1"}}
URI = f"123456789012.dkr.ecr.{{}}.amazonaws.com/own@sha256:{'ab' * 32}"


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


@pytest.mark.parametrize("given", ["eu-west-1", ["eu-west-1"], {"regoin": "eu-west-1"}])
def test_names_the_region_among_what_may_be_there(given: object) -> None:
    assert "inputs, lag_minutes, of, region" in refusal(recovery=given)


def test_locks_no_longer_than_a_century() -> None:
    assert settings(retention__lock_days=30).retention.lock_days == 30
    assert "retention.lock_days = 36501: " in refusal(retention__lock_days=36_501)


class TestRules:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"region": "eu-central-1"}, "recovery.region = eu-central-1 is aws:region itself"),
            (
                {"region": "us-gov-west-1"},
                "recovery.region us-gov-west-1 is in another partition than aws:region",
            ),
            ({"inputs": True}, "recovery.inputs has no effect without recovery.region"),
        ],
    )
    def test_of_the_region(self, changes: dict[str, object], said: str) -> None:
        assert said.replace(" = eu-central-1", " eu-central-1") in refusal(recovery=changes)

    def test_refuse_an_existing_output_bucket(self) -> None:
        said = refusal(recovery__region="eu-west-1", output__bucket="others")
        assert "output.bucket others is an existing one, which its owner replicates" in said

    def test_refuse_to_replicate_inputs_of_existing_buckets_alone(self) -> None:
        both = {"recovery": {"region": "eu-west-1", "inputs": True}, "input__bucket": "others"}
        assert "recovery.inputs has no effect, as all is read from existing" in refusal(**both)
        assert settings(**both, reference__prefix="model/").recovery.inputs
        assert settings(recovery__region="eu-west-1", input__bucket="others")

    def test_refuse_to_lock_what_goes_with_the_stack(self) -> None:
        said = refusal(retention__lock_days=30, data="destroy")
        assert "retention.lock_days 30 keeps what data: destroy is to delete" in said

    def test_refuse_to_share_images_of_a_pilot_light(self) -> None:
        said = refusal(**PILOT, image__shared_with=[{"prefix": "other"}])
        assert "image.shared_with a pilot light has no repository to share" in said

    @pytest.mark.parametrize("region", ["eu-central-1", "eu-west-1"])
    def test_take_an_image_of_either_region_for_a_pilot_light(self, region: str) -> None:
        assert settings(**PILOT, image__uri=URI.format(region)).image.uri
        assert "is not in aws:region" in refusal(**PILOT, image__uri=URI.format("us-east-1"))
