"""Reference data: where they may lie, beside what runs read and write."""

from typing import Any

import pytest

from tests.components.settings.test_rules import problem, problems
from tests.components.settings.test_settings import KEY, settings

LAKE = {"bucket": "lake"}
WEEKLY = {"expression": "cron(0 6 ? * MON *)"}


def test_a_schedule_may_have_reference_data_of_its_own_or_none() -> None:
    found = settings(
        reference={**LAKE, "prefix": "models/{schedule}/"},
        schedules__weekly={**WEEKLY, "reference": {"prefix": None}},
    ).schedules
    assert list(found["daily"].sources) == ["input", "reference"]
    assert list(found["weekly"].sources) == ["input"]


def test_no_run_writes_where_any_reads_them() -> None:
    found = problems(
        output={**LAKE, "prefix": "tables/{schedule}/{slot:%Y%m%d%H%M%S}/"},
        schedules__weekly={**WEEKLY, "reference": {**LAKE, "prefix": "tables/daily/"}},
    )
    assert {line.partition(" ")[0] for line in found} == {"output.prefix"}
    assert "overlaps schedules.weekly.reference.prefix tables/daily/ in one bucket" in found[0]


def test_they_may_not_lie_in_the_input_which_would_count_them() -> None:
    found = problem(input__prefix="data/", reference__prefix="data/models/")
    assert found.startswith(
        "reference.prefix data/models/ lies in input.prefix data/, so it would "
    )
    assert problems(input__prefix="data/day/", reference__prefix="data/models/") == []
    elsewhere = {**LAKE, "prefix": "data/models/"}
    assert problems(input__prefix="data/", reference=elsewhere) == []


@pytest.mark.parametrize(("field", "value"), [("bucket", "lake"), ("kms_key_arn", KEY)])
def test_a_bucket_or_key_without_a_prefix_has_no_effect(field: str, value: str) -> None:
    found = problem(reference={field: value})
    assert found.startswith(f"reference.{field} has no effect without reference.prefix; set that,")
    weekly = {**WEEKLY, "reference": {"prefix": "models/"}}
    assert problems(reference={**LAKE, field: value}, schedules__weekly=weekly) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kms_key_arn": KEY}, "reference.bucket is missing; reference.kms_key_arn is the key of"),
        (
            {**LAKE, "kms_key_arn": KEY.replace("central", "west")},
            "is not in aws:region eu-central-1, where the bucket has to be",
        ),
    ],
)
def test_their_key_is_that_of_an_existing_bucket_of_the_region(
    changes: dict[str, Any], words: str
) -> None:
    assert words in problem(reference={"prefix": "models/", **changes})


def test_they_may_name_only_slots_that_there_are() -> None:
    once = {"expression": "at(2030-01-01T00:00:00)", "timezone": "UTC"}
    found = problem(schedules={"daily": once}, reference__prefix="models/{previous:%F}/")
    assert found.startswith("reference.prefix models/{previous:%F}/ names the slot before")
