"""How CloudWatch decides: its own tables of examples, and what holds for every alarm.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.aws.cloudwatch import alarm_rule
from local.aws.cloudwatch.alarm_rule import State, Value
from local.aws.cloudwatch.metric_store import Point

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TREATMENTS = ["ignore", "breaching", "notBreaching"]
STATES: list[State] = ["OK", "ALARM", "INSUFFICIENT_DATA"]


def definition(**changes: Any) -> dict[str, Any]:
    return {
        "AlarmName": "a",
        "Namespace": "N",
        "MetricName": "M",
        "Dimensions": [{"Name": "stack", "Value": "local"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        **changes,
    }


def values(row: str) -> list[Value]:
    """Return the datapoints of a row of AWS's tables: 0 is good, X breaches, - is missing."""
    return [{"0": 0.0, "X": 1.0, "-": None}[sign] for sign in row.split()]


def point(age: timedelta, value: float = 1, **changes: Any) -> Point:
    fields: dict[str, Any] = {
        "namespace": "N",
        "dimensions": {"stack": "local"},
        "name": "M",
        "unit": "Count",
        "value": value,
        "at": NOW - age,
    }
    return Point(**{**fields, **changes})


class TestMissingData:
    """KEEP stands for "Retain current state"."""

    @pytest.mark.parametrize(
        ("row", "states"),
        [
            ("0 - X - X", "OK OK OK"),
            ("0 - - - -", "OK OK OK"),
            ("- - - - -", "KEEP ALARM OK"),
            ("0 X X - X", "ALARM ALARM ALARM"),
            ("- - X - -", "KEEP ALARM OK"),
            ("X X 0 0 X", "OK OK OK"),  # ours: older ones are not needed, so they are ignored
        ],
    )
    def test_three_of_three_as_in_awss_table(self, row: str, states: str) -> None:
        for treatment, expected in zip(TREATMENTS, states.split(), strict=True):
            tested = definition(TreatMissingData=treatment)
            for current in STATES:
                wanted = current if expected == "KEEP" else expected
                found = alarm_rule.state(tested, values(row), current)
                assert found == wanted, (treatment, current)

    def test_a_breach_of_one_period_stays_while_it_is_in_the_evaluation_range(self) -> None:
        once = definition(EvaluationPeriods=1, TreatMissingData="notBreaching")
        assert alarm_rule.state(once, values("X - -"), "ALARM") == "ALARM"
        assert alarm_rule.state(once, values("- - -"), "ALARM") == "OK"


class TestPeriods:
    def test_a_period_ends_now_and_its_beginning_belongs_to_the_one_before(self) -> None:
        points = [point(0 * MINUTE, 1), point(MINUTE, 2), point(MINUTE * 0.99, 4)]
        assert alarm_rule.values(definition(EvaluationPeriods=1), points, NOW) == [None, 2, 5]

    def test_what_is_older_or_yet_to_come_is_left_out(self) -> None:
        points = [point(3 * MINUTE), point(-MINUTE)]
        assert alarm_rule.values(definition(EvaluationPeriods=1), points, NOW) == [None, None, None]

    @pytest.mark.parametrize(
        ("statistic", "expected"),
        [("Sum", 9), ("Maximum", 6)],
    )
    def test_every_statistic(self, statistic: str, expected: float) -> None:
        points = [point(timedelta(), value) for value in (1, 2, 6)]
        assert alarm_rule.values(definition(Statistic=statistic), points, NOW)[-1] == expected

    @pytest.mark.parametrize(
        "other",
        [
            {"namespace": "O"},
            {"name": "O"},
            {"dimensions": {}},
            {"dimensions": {"stack": "local", "schedule": "daily"}},
        ],
    )
    def test_another_metric_is_none_of_the_alarms(self, other: dict[str, Any]) -> None:
        assert alarm_rule.values(definition(), [point(timedelta(), **other)], NOW)[-1] is None


class TestDefinitions:
    @pytest.mark.parametrize(
        ("comparison", "at_threshold", "above", "below"),
        [
            ("GreaterThanOrEqualToThreshold", True, True, False),
            ("GreaterThanThreshold", False, True, False),
        ],
    )
    def test_every_comparison(
        self, comparison: str, *, at_threshold: bool, above: bool, below: bool
    ) -> None:
        tested = definition(EvaluationPeriods=1, Threshold=5, ComparisonOperator=comparison)
        for value, breaches in ((5.0, at_threshold), (5.1, above), (4.9, below)):
            assert alarm_rule.state(tested, [value], "OK") == ("ALARM" if breaches else "OK")

    def test_without_datapoints_all_periods_have_to_breach(self) -> None:
        assert alarm_rule.state(definition(), values("X 0 X"), "OK") == "OK"
        assert alarm_rule.state(definition(), values("X X X"), "OK") == "ALARM"

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            *(("Metrics", []), ("ExtendedStatistic", "p99"), ("OKActions", ["arn"])),
            *(("Statistic", "Average"), ("ComparisonOperator", "LessThanThreshold")),
            *(("TreatMissingData", "missing"), ("DatapointsToAlarm", 2)),
        ],
    )
    def test_what_is_not_played_is_refused_by_name(self, key: str, value: Any) -> None:
        with pytest.raises(NotImplementedError, match=key):
            alarm_rule.check(definition(**{key: value}))

    def test_nor_is_a_warm_up_that_data_do_not_end(self) -> None:
        warm_up = {"OnlyStartEvaluatingAfterWarmUpPeriodEnds": True}
        with pytest.raises(NotImplementedError, match="OnlyStart"):
            alarm_rule.check(definition(WarmUpConfiguration=warm_up))


ROWS = st.lists(st.sampled_from([0.0, 1.0, None]), min_size=1, max_size=8)


class TestEveryAlarm:
    @given(row=ROWS, more=st.integers(0, 7), current=st.sampled_from(STATES), data=st.data())
    def test_one_more_breach_never_ends_an_alarm(
        self, row: list[Value], more: int, current: State, data: st.DataObject
    ) -> None:
        periods = data.draw(st.integers(1, len(row)))
        tested = definition(
            EvaluationPeriods=periods,
            TreatMissingData=data.draw(st.sampled_from(TREATMENTS)),
        )
        worse = [1.0 if index == more and v == 0.0 else v for index, v in enumerate(row)]
        if alarm_rule.state(tested, row, current) == "ALARM":
            assert alarm_rule.state(tested, worse, current) == "ALARM"

    @given(row=ROWS, treatment=st.sampled_from(TREATMENTS), current=st.sampled_from(STATES))
    def test_whole_data_decide_whatever_missing_data_mean(
        self, row: list[Value], treatment: str, current: State
    ) -> None:
        whole = [value or 0.0 for value in row]
        tested = definition(EvaluationPeriods=len(row), TreatMissingData=treatment)
        assert alarm_rule.state(tested, whole, current) == ("ALARM" if all(whole) else "OK")

    @given(row=ROWS)
    def test_without_a_breach_only_missing_data_can_alarm(self, row: list[Value]) -> None:
        good = [value and 0.0 for value in row]
        for treatment in ("ignore", "notBreaching"):
            tested = definition(EvaluationPeriods=len(row), TreatMissingData=treatment)
            assert alarm_rule.state(tested, good, "OK") != "ALARM"
