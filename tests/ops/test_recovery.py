"""What a look at both regions tells."""

from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from tests.ops.clock import NOW
from tests.ops.pairs import HOME, OTHER
from tests.ops.two_regions import FIRST, LAST, LINE, TwoRegions


def states(document: Any, schedule: str = "daily") -> list[str]:
    return [each["state"] for each in document["slots"] if each["schedule"] == schedule]


class TestSwitch:
    @pytest.mark.parametrize("stack", ["prod", "prod-recovery"])
    def test_before_the_first_failover_the_home_region_runs(
        self, regions: TwoRegions, stack: str
    ) -> None:
        status, out, _ = regions.ops("recovery", stack)
        assert status == 0
        assert f"{HOME} runs the schedules" in out
        assert out.count("never switched") == 2

    def test_the_newer_record_counts_and_a_disagreement_is_said(self, regions: TwoRegions) -> None:
        regions.home.decide(OTHER, 2)
        regions.other.decide(HOME, 1)
        _, document = regions.ops_json("recovery")
        since = "2026-01-06T12:00:00Z"
        assert document["runs"] == {"region": OTHER, "term": 2, "since": since, "lost": False}
        assert [each["record"]["term"] for each in document["regions"]] == [2, 1]
        assert document["disagree"]
        assert document["would_take_over"] == HOME
        _, out, _ = regions.ops("recovery")
        assert "One region's record is behind. The newer one counts (term 2)" in out

    def test_records_that_agree_are_no_disagreement(self, regions: TwoRegions) -> None:
        for each in (regions.home, regions.other):
            each.decide(OTHER, 2)
        assert not regions.ops_json("recovery")[1]["disagree"]

    def test_a_region_that_was_the_second_one_before_is_said(self, regions: TwoRegions) -> None:
        regions.home.decide("eu-north-1", 3)
        status, _, err = regions.ops("recovery")
        assert status == 1
        assert "eu-north-1 runs the schedules since" in err
        assert f"and is not one of stack prod, {HOME} and {OTHER}: so neither runs them" in err
        assert regions.ops(f"failover --to {HOME} --yes")[0] == 0
        assert regions.home.switch
        assert regions.home.switch[:2] == (HOME, 4)

    def test_a_record_that_is_none_is_refused_with_the_way_out(self, regions: TwoRegions) -> None:
        key = {"schedule": {"S": "-"}, "attempt": {"S": "switch"}}
        boto3.client("dynamodb", region_name=HOME, config=None).put_item(
            TableName=regions.home.stack.table, Item={**key, "term": {"S": "2"}}
        )
        for line in ("recovery", f"failover --to {OTHER} --yes"):
            status, _, err = regions.ops(line)
            assert status == 1
            assert f"{HOME}: which region runs cannot be read from" in err
            assert "Delete the entry (schedule -, attempt switch) from table" in err
        assert (HOME, "UpdateItem") not in regions.calls


class TestSilence:
    @pytest.mark.parametrize(
        "error",
        [EndpointConnectionError(endpoint_url="https://x"), ReadTimeoutError(endpoint_url="x")],
    )
    def test_a_region_that_does_not_answer_is_shown(
        self, regions: TwoRegions, error: Exception
    ) -> None:
        regions.other.put("daily", FIRST)
        regions.silent[HOME] = error
        status, document = regions.ops_json("recovery")
        assert status == 0
        assert [each["answers"] for each in document["regions"]] == [False, True]
        assert states(document) == ["whole", "missing"]

    def test_it_takes_seconds_to_find_out(self, regions: TwoRegions) -> None:
        regions.ops("recovery")
        config = regions.configs["dynamodb", HOME]
        assert (config.connect_timeout, config.read_timeout) == (2, 2)
        assert config.retries["total_max_attempts"] == 1

    def test_without_the_region_that_would_take_over_nobody_can_say(
        self, regions: TwoRegions
    ) -> None:
        regions.lose(OTHER)
        status, out, _ = regions.ops("recovery")
        assert status == 0
        assert f"{OTHER} does not answer: nobody can say which slots are whole there" in out
        assert regions.ops_json("recovery")[1]["slots"] is None

    def test_a_region_that_falls_silent_during_the_look_is_left_out(
        self, regions: TwoRegions
    ) -> None:
        regions.home.write("daily", FIRST)
        regions.errors[HOME, "Query"] = ("InternalServerError", 500)
        status, document = regions.ops_json("recovery")
        assert status == 0
        assert states(document) == ["missing", "missing"]

    def test_a_refusal_of_aws_is_an_error(self, regions: TwoRegions) -> None:
        regions.errors[HOME, "GetItem"] = ("AccessDeniedException", 400)
        status, _, err = regions.ops("recovery")
        assert status == 1
        assert "may not GetItem" in err


class TestSlots:
    def test_are_whole_incomplete_missing_or_under_way(self, regions: TwoRegions) -> None:
        regions.other.put("daily", FIRST)
        regions.other.put("load", FIRST, whole=False)
        regions.home.run("daily", LAST)
        _, document = regions.ops_json("recovery")
        assert states(document) == ["whole", "under way"]
        assert states(document, "load") == ["incomplete", "missing"]
        [lacks] = [each for each in document["slots"] if each["state"] == "incomplete"]
        assert lacks["lacking"] == 1
        assert lacks["lacking_keys"] == ["output/load/2026/01/06/030000/part-1"]
        _, out, _ = regions.ops("recovery")
        assert "1 whole, 1 under way" in out
        assert "lacks 1 objects: output/load/2026/01/06/030000/part-1" in out
        assert f"runs in {HOME}" in out

    def test_are_those_of_so_many_days(self, regions: TwoRegions) -> None:
        _, document = regions.ops_json("recovery --days 5")
        assert states(document) == ["missing"] * 5

    def test_what_home_completed_has_its_replica_to_come(self, regions: TwoRegions) -> None:
        regions.home.write("daily", LAST)
        _, document = regions.ops_json("recovery")
        [*_, last] = [each for each in document["slots"] if each["schedule"] == "daily"]
        assert (last["state"], last["todo"]) == ("missing", "wait")
        assert last["why"] == f"completed in {HOME}, and its replica has not come"

    def test_of_a_rate_are_those_that_a_journal_or_a_marker_tells_of(
        self, regions: TwoRegions
    ) -> None:
        regions.home.write("hourly", "2026-01-07T09:17:00Z")
        regions.other.put("hourly", "2026-01-07T10:17:00Z")
        for hour in (9, 10):
            regions.other.stand_by("hourly", f"2026-01-07T{hour:02}:43:00Z")
        _, document = regions.ops_json("recovery")
        assert states(document, "hourly") == ["missing", "whole"]
        assert "Of a rate() only those" in regions.ops("recovery")[1]

    def test_of_a_rate_the_last_that_stood_by_counts_if_nothing_ran_since(
        self, regions: TwoRegions
    ) -> None:
        regions.other.put("hourly", "2026-01-07T08:17:00Z")
        for hour in (9, 10):
            regions.other.stand_by("hourly", f"2026-01-07T{hour:02}:43:00Z")
        _, document = regions.ops_json("recovery")
        hourly = [each for each in document["slots"] if each["schedule"] == "hourly"]
        assert [(each["slot"], each["todo"]) for each in hourly] == [
            ("2026-01-07T08:17:00Z", "nothing"),
            ("2026-01-07T10:43:00Z", "run"),
        ]

    def test_of_what_only_one_of_the_stacks_runs_are_said_to_be_left(
        self, regions: TwoRegions
    ) -> None:
        assert "or suspended" not in regions.ops("recovery")[1]
        file = regions.project / "Pulumi.prod-recovery.yaml"
        own = (
            "{daily: {expression: rate(1 day), suspend: true}, late: {expression: rate(1 day)},"
            " hourly: {expression: rate(1 hour)}}"
        )
        text = file.read_text("utf-8").replace("image:", f"schedules: {own}, image:")
        file.write_text(text, "utf-8")
        for line in ("recovery", f"{LINE} --yes"):
            out = regions.ops(line)[1]
            assert (
                "daily, load: no schedule, or suspended, in stack prod-recovery: "
                f"{OTHER} does not run what {HOME} does"
            ) in out
            assert "late: no schedule, or suspended, in stack prod: " in out

    def test_of_a_suspended_schedule_no_slot_is_missing(self, regions: TwoRegions) -> None:
        file = regions.project / "Pulumi.prod.yaml"
        text = file.read_text("utf-8").replace("timezone: UTC", "timezone: UTC, suspend: true")
        file.write_text(text.replace("after: daily", "suspend: true"), "utf-8")
        regions.other.put("load", FIRST)
        assert states(regions.ops_json("recovery")[1], "load") == ["whole"]


class TestLoss:
    def test_is_what_came_after_the_newest_whole_slot(self, regions: TwoRegions) -> None:
        regions.other.put("daily", FIRST)
        regions.now += timedelta(minutes=1)
        regions.other.put("load", FIRST, whole=False)
        assert regions.ops_json("recovery")[1]["newest_replica"] == "2026-01-07T12:00:00Z"
        _, out, _ = regions.ops("recovery")
        assert f"Lost at most: what {HOME} wrote after 2026-01-07T12:00:00Z" in out

    def test_the_lag_is_what_s3_measured_where_the_replicas_are(self, regions: TwoRegions) -> None:
        bucket = regions.other.stack.output_bucket("daily")
        names = {"SourceBucket": "a", "DestinationBucket": bucket, "RuleId": "all"}
        cloudwatch = boto3.client("cloudwatch", region_name=OTHER, config=None)
        for minutes, seconds in ((5, 90), (3, 42), (120, 7)):
            cloudwatch.put_metric_data(
                Namespace="AWS/S3",
                MetricData=[
                    {
                        "MetricName": "ReplicationLatency",
                        "Dimensions": [{"Name": n, "Value": v} for n, v in names.items()],
                        "Timestamp": NOW - timedelta(minutes=minutes),
                        "Value": seconds,
                    }
                ],
            )
        found, *_ = regions.ops_json("recovery")[1]["lag"]  # moto lists a metric once for a point
        assert (found["bucket"], found["seconds"]) == (bucket, 42)
        assert f"{bucket} was 42s behind at 2026-01-07T11:57:00Z" in regions.ops("recovery")[1]

    def test_without_a_measure_that_is_said(self, regions: TwoRegions) -> None:
        assert "no measure of the replication's lag" in regions.ops("recovery")[1]
        regions.errors[OTHER, "ListMetrics"] = ("InternalFailure", 500)
        assert regions.ops_json("recovery")[1]["lag"] == []
