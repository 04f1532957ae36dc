"""What the job's role reaches of the data: every schedule's own places, and nothing beside them."""

import json
from typing import Any

from components.image import Image
from components.job import Job
from components.network.component import Network
from components.storage import Storage
from tests.components.stacks import stack
from tests.conftest import record

WEEKLY: dict[str, Any] = {
    "expression": "cron(0 6 ? * MON *)",
    "output": {"prefix": "weekly/{slot:%Y%m%d%H%M%S}/"},
}
BUCKETS = {"input__bucket": "source", "output__bucket": "target"}


def statements(**changes: Any) -> dict[str, Any]:
    """Return the policy of the job's role, by Sid."""
    of = stack(**BUCKETS, **changes)

    def make() -> None:
        storage = Storage("storage", of)
        network = Network("network", of, storage=storage)
        Job("job", of, storage=storage, network=network, image=Image("image", of))

    policy = record(make, "prod").inputs("aws:iam/rolePolicy:RolePolicy")["job-policy"]["policy"]
    return {each["Sid"]: each for each in json.loads(policy)["Statement"]}


def test_objects_are_named_by_bucket_and_prefix_of_every_schedule() -> None:
    own = {"input": {"bucket": "lake", "prefix": "sales/{slot:%Y}/"}}
    found = statements(schedules__weekly=WEEKLY | own)
    assert found["ReadInput"]["Resource"] == [
        *("arn:aws:s3:::lake/sales/*", "arn:aws:s3:::source/input/*")
    ]
    assert found["WriteOutput"]["Resource"] == [
        *("arn:aws:s3:::target/output/*", "arn:aws:s3:::target/weekly/*")
    ]


def test_no_bucket_is_listed_by_a_prefix_of_another() -> None:
    found = statements(schedules__weekly=WEEKLY | {"input": {"bucket": "lake", "prefix": "sales/"}})
    listed = {
        sid: (each["Resource"], each["Condition"]["StringLike"]["s3:prefix"])
        for sid, each in found.items()
        if each["Action"] == ["s3:ListBucket"]
    }
    assert listed == {
        "ListInput": (["arn:aws:s3:::lake"], ["sales/*"]),
        "ListInput1": (["arn:aws:s3:::source"], ["input/*"]),
    }


def test_what_another_prefix_holds_already_is_not_named_again() -> None:
    found = statements(schedules__weekly=WEEKLY | {"input": {"prefix": "input/eu/"}})
    assert found["ReadInput"]["Resource"] == ["arn:aws:s3:::source/input/*"]


def test_keys_and_secrets_of_every_schedule_can_be_used() -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    own = {"input": {"bucket": "lake", "kms_key_arn": key}, "job": {"secrets": ["weekly"]}}
    network = {"mode": "vpc", "endpoints": ["secretsmanager"]}
    found = statements(schedules__weekly=WEEKLY | own, job__secrets=["daily"], network=network)
    assert key in found["DecryptData"]["Resource"]
    names = [each.split("secret:")[1] for each in found["ReadSecrets"]["Resource"]]
    assert names == ["daily-??????", "weekly-??????"]


def test_reference_data_are_read_and_listed_and_nothing_beside_them() -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    own = {"reference": {"bucket": "lake", "prefix": "models/{schedule}/", "kms_key_arn": key}}
    found = statements(schedules__weekly=WEEKLY | own)
    assert "arn:aws:s3:::lake/models/*" in found["ReadInput"]["Resource"]
    assert found["ListInput"]["Condition"] == {"StringLike": {"s3:prefix": ["models/*"]}}
    assert not any("lake" in each for each in found["WriteOutput"]["Resource"])
    assert key in found["DecryptData"]["Resource"]


def test_a_bucket_is_created_where_any_schedule_leaves_it_to_the_stack() -> None:
    def buckets(**changes: Any) -> dict[str, Any]:
        of = stack(output__bucket="target", **changes)
        return record(lambda: void(Storage("storage", of)), "prod").inputs("aws:s3/bucket:Bucket")

    def void(_: Storage) -> None:
        return None

    lake = {"bucket": "lake"}
    assert list(buckets(schedules__weekly=WEEKLY | {"input": lake})) == ["storage-input"]
    assert list(buckets(input=lake, schedules__weekly=WEEKLY)) == []
    own = WEEKLY | {"input": {"bucket": None}}
    assert list(buckets(input=lake, schedules__weekly=own)) == ["storage-input"]
    reference = {"prefix": "models/"}
    assert list(buckets(input=lake, reference=reference)) == ["storage-input"]
    assert list(buckets(input=lake, reference=lake | reference)) == []


def test_what_another_schedule_wrote_is_read_and_no_other_output() -> None:
    own = {"expression": "cron(0 4 * * ? *)", "timezone": "Europe/Berlin"}
    followers = {"load": {**own, "input": {"output_of": "daily"}}}
    found = statements(schedules={"daily": own, **followers})
    assert found["ReadInput"]["Resource"] == [
        *("arn:aws:s3:::source/input/*", "arn:aws:s3:::target/output/daily/*")
    ]
    listed = found["ListFollowed"]
    assert listed["Resource"] == ["arn:aws:s3:::target"]
    assert listed["Condition"] == {"StringLike": {"s3:prefix": ["output/daily/*"]}}


def test_what_spot_jobs_keep_lies_in_their_own_output_buckets_and_below_the_stacks_name() -> None:
    own = {
        "output": {"bucket": "lake", "prefix": "w/{slot:%Y%m%d%H%M%S}/"},
        "job": {"capacity": "spot"},
    }
    found = statements(schedules__weekly=WEEKLY | own)
    assert found["KeepScratch"]["Resource"] == ["arn:aws:s3:::lake/_spot/processing-prod--*"]
    listed = found["ListScratch"]
    assert listed["Resource"] == ["arn:aws:s3:::lake"]
    assert listed["Condition"] == {"StringLike": {"s3:prefix": ["_spot/processing-prod--*"]}}
    assert not {"KeepScratch", "ListScratch"} & statements(schedules__weekly=WEEKLY).keys()
