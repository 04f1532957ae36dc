"""What a stack's own guard rails refuse before anything is created."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from components import function_config
from components.settings import Settings
from tests.components.settings.test_settings import PROJECT, refusal, settings
from tests.lambda_world import SETTINGS

TYPES = ["ml.t3.medium", "ml.t3.large", "ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge"]
types = st.sampled_from(TYPES)


def limits(**values: Any) -> dict[str, Any]:
    return {f"limits__{name}": value for name, value in values.items()}


class TestRefusals:
    """Stack prod has ml.m5.xlarge, two more types of retries, each one size up, and 14400 s."""

    @pytest.mark.parametrize(
        ("changes", "lines"),
        [
            (
                {**limits(instance_types=["ml.t3.medium"]), "retries": {"size_ups": 0}},
                ["job.instance_type ml.m5.xlarge is not in limits.instance_types: ml.t3.medium"],
            ),
            (
                {**limits(instance_types=[]), "retries": {"size_ups": 0}},
                ["job.instance_type ml.m5.xlarge is not in limits.instance_types: none"],
            ),
            (
                {
                    **limits(instance_types=["ml.m5.xlarge", "ml.c5.xlarge"]),
                    "retries": {"instance_types": ["ml.m6i.xlarge"], "size_ups": 0},
                },
                [
                    "retries.instance_types ml.m6i.xlarge is not in limits.instance_types: "
                    "ml.m5.xlarge, ml.c5.xlarge"
                ],
            ),
            (
                {**limits(instance_types=["ml.m5.xlarge"]), "retries": {"size_ups": 2}},
                [
                    "retries.size_ups ml.m5.2xlarge is not in limits.instance_types: ml.m5.xlarge",
                    "retries.size_ups ml.m5.4xlarge is not in limits.instance_types: ml.m5.xlarge",
                ],
            ),
            (
                limits(max_runtime_seconds=14_399),
                ["job.max_runtime_seconds 14400 is more than limits.max_runtime_seconds = 14399"],
            ),
            (
                {**limits(max_instances=2), "job__instance_count": 3},
                ["job.instance_count 3 is more than limits.max_instances = 2"],
            ),
        ],
    )
    def test_name_the_key_its_value_what_is_allowed_and_the_way_out(
        self, changes: dict[str, Any], lines: list[str]
    ) -> None:
        found = [line for line in refusal(**changes).splitlines() if "limits." in line]
        said, ways_out = zip(*(line.split("; ") for line in found), strict=True)
        assert list(said) == [f"  {PROJECT}:{line}" for line in lines]
        assert all(" or " in each for each in ways_out)

    def test_come_all_at_once(self) -> None:
        message = refusal(
            **limits(instance_types=["ml.m5.2xlarge"], max_runtime_seconds=60, max_instances=1),
            retries={"instance_types": ["ml.m6i.xlarge"], "size_ups": 0},
            job__instance_count=2,
        )
        assert "has 4 problems" in message
        for key in (
            "job.instance_type ",
            "retries.instance_types ",
            "job.max_runtime_seconds ",
            "job.instance_count ",
        ):
            assert f"{PROJECT}:{key}" in message

    @pytest.mark.parametrize(
        ("changes", "key"),
        [
            (limits(instance_types=["ml.t3.small"]), "limits.instance_types"),
            (limits(max_runtime_seconds=0), "limits.max_runtime_seconds"),
            (limits(max_instances=0), "limits.max_instances"),
            (limits(max_instance=1), "limits.max_instance = 1"),
        ],
    )
    def test_are_for_limits_too_that_aws_does_not_know(
        self, changes: dict[str, Any], key: str
    ) -> None:
        assert f"{PROJECT}:{key}" in refusal(**changes)


class TestAcceptance:
    def test_what_is_just_within_its_limits_is_accepted(self) -> None:
        found = settings(
            **limits(
                instance_types=["ml.m5.xlarge", "ml.m5.2xlarge"],
                max_runtime_seconds=14_400,
                max_instances=3,
            ),
            retries={"size_ups": 1},
            job__instance_count=3,
        )
        assert function_config.launcher(found)["max_instances"] == 3
        assert function_config.launcher(settings())["max_instances"] is None

    def test_without_limits_nothing_is_refused(self) -> None:
        assert settings(job__instance_count=100, job__max_runtime_seconds=777_600)

    @given(st.lists(types, min_size=1, max_size=4, unique=True), st.integers(0, 3), st.sets(types))
    @example(["ml.m5.large"], 1, {"ml.m5.large"})
    @example(["ml.m5.large", "ml.t3.large"], 0, {"ml.m5.large", "ml.t3.large"})
    def test_holds_if_and_only_if_every_type_that_an_attempt_may_use_is_allowed(
        self, ladder: list[str], size_ups: int, allowed: set[str]
    ) -> None:
        parts = {
            **SETTINGS,
            "job": {**SETTINGS["job"], "instance_type": ladder[0]},
            "retries": {"instance_types": ladder[1:], "size_ups": size_ups},
        }
        retries = function_config.observer(Settings.model_validate(parts))["retries"]
        used = {*retries["ladder"], *retries["larger"].values()}
        limited = {**parts, "limits": {"instance_types": sorted(allowed)}}
        if used <= allowed:
            assert Settings.model_validate(limited).limits.instance_types is not None
        else:
            with pytest.raises(ValidationError, match=r"limits\.instance_types"):
                Settings.model_validate(limited)
