"""S3 replication between two regions, as AWS documents it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.two_regions import (
    BUCKETS,
    HOME,
    OTHER,
    World,
    rule,
    running,
    statements,
)

DIMENSIONS = {"SourceBucket": BUCKETS[HOME], "DestinationBucket": BUCKETS[OTHER], "RuleId": "all"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("replication")) as found:
        yield found


@pytest.fixture
def world(both: World) -> Iterator[World]:
    """Both regions, in which the first one's bucket is replicated."""
    both.allow(statements())
    both.replicate()
    yield both
    for account in both.accounts.values():
        account.replication.held = False
        account.replication.pending.clear()
    both.regions.restore(HOME)
    both.home.aws.client("s3").delete_bucket_replication(Bucket=BUCKETS[HOME])


class TestAReplica:
    def test_has_version_time_data_and_tags_of_the_original(self, world: World) -> None:
        s3 = world.home.aws.client("s3")
        s3.put_object(Bucket=BUCKETS[HOME], Key="a/b c", Body=b"data", Tagging="kind=good")
        world.settle()
        original, replica = world.head("a/b c", HOME), world.head("a/b c")
        for same in ("VersionId", "LastModified", "ETag", "ContentLength", "ContentType"):
            assert replica[same] == original[same], same
        other = world.other.aws.client("s3")
        assert other.get_object(Bucket=BUCKETS[OTHER], Key="a/b c")["Body"].read() == b"data"
        tags = other.get_object_tagging(Bucket=BUCKETS[OTHER], Key="a/b c")["TagSet"]
        assert tags == [{"Key": "kind", "Value": "good"}]

    def test_is_encrypted_with_the_key_of_its_region(self, world: World) -> None:
        world.put_object("encrypted")
        world.settle()
        assert world.head("encrypted")["SSEKMSKeyId"] == world.key(OTHER)

    def test_and_its_original_say_what_they_are(self, world: World) -> None:
        world.home.replication.held = True
        world.put_object("status")
        assert world.head("status", HOME)["ReplicationStatus"] == "PENDING"
        world.home.replication.work()
        assert world.head("status", HOME)["ReplicationStatus"] == "COMPLETED"
        assert world.head("status")["ReplicationStatus"] == "REPLICA"

    def test_is_not_replicated_on(self, world: World) -> None:
        world.replicate(OTHER)
        version = world.put_object("once")
        world.settle()
        assert not world.other.replication.pending
        versions = world.home.aws.client("s3").list_object_versions(
            Bucket=BUCKETS[HOME], Prefix="once"
        )
        assert [each["VersionId"] for each in versions["Versions"]] == [version]

    def test_is_made_of_what_was_uploaded_in_parts_and_of_copies(self, world: World) -> None:
        s3, where = world.home.aws.client("s3"), {"Bucket": BUCKETS[HOME], "Key": "parts"}
        upload = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}
        part = s3.upload_part(**upload, PartNumber=1, Body=b"1")["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
        s3.complete_multipart_upload(**upload, MultipartUpload=parts)
        world.settle()
        s3.copy_object(Bucket=BUCKETS[HOME], Key="copy", CopySource=f"{BUCKETS[HOME]}/parts")
        world.settle()
        for key in ("parts", "copy"):
            assert world.head(key)["VersionId"] == world.head(key, HOME)["VersionId"]


class TestNotReplicated:
    def test_is_what_was_there_before_the_rules(self, world: World) -> None:
        world.home.aws.client("s3").delete_bucket_replication(Bucket=BUCKETS[HOME])
        world.put_object("before")
        world.replicate()
        world.put_object("after")
        world.settle()
        assert "ReplicationStatus" not in world.head("before", HOME)
        assert not world.head("before")
        assert world.head("after")

    def test_is_a_delete_marker(self, world: World) -> None:
        world.put_object("kept")
        world.settle()
        world.home.aws.client("s3").delete_object(Bucket=BUCKETS[HOME], Key="kept")
        world.settle()
        assert not world.head("kept", HOME)
        assert world.head("kept")

    def test_is_what_no_rule_is_for(self, world: World) -> None:
        world.replicate(Filter={"Prefix": "in/"})
        for key in ("in/a", "out/a"):
            world.put_object(key)
        world.replicate(Status="Disabled")
        world.put_object("in/b")
        world.settle()
        assert [bool(world.head(key)) for key in ("in/a", "out/a", "in/b")] == [True, False, False]

    def test_is_an_object_under_a_key_unless_the_rule_says_so(self, world: World) -> None:
        plain = {"Bucket": f"arn:aws:s3:::{BUCKETS[OTHER]}"}
        without: Any = rule(Destination=plain)
        del without["SourceSelectionCriteria"]
        world.put(HOME, [without])
        world.put_object("under-key")
        s3 = world.home.aws.client("s3")
        s3.put_object(Bucket=BUCKETS[HOME], Key="aes", Body=b"1", ServerSideEncryption="AES256")
        world.settle()
        assert not world.head("under-key")
        assert world.head("aes")

    def test_is_what_a_rule_of_higher_priority_for_the_same_bucket_leaves_out(
        self, world: World
    ) -> None:
        plain: Any = rule(ID="plain", Priority=2, Filter={"Prefix": "in/"})
        plain["Destination"] = {"Bucket": f"arn:aws:s3:::{BUCKETS[OTHER]}"}
        del plain["SourceSelectionCriteria"]
        world.put(HOME, [rule(), plain])
        for key in ("in/ranked", "ranked"):
            world.put_object(key)
        world.settle()
        assert [bool(world.head(key)) for key in ("in/ranked", "ranked")] == [False, True]


class TestTheRole:
    def test_needs_each_of_its_statements(self, world: World) -> None:
        for at, left_out in enumerate(statements()):
            world.allow([each for each in statements() if each != left_out])
            world.put_object(f"denied/{at}")
            world.settle()
            assert world.head(f"denied/{at}", HOME)["ReplicationStatus"] == "FAILED", left_out
            assert not world.head(f"denied/{at}")
        failed = [p for p in world.home.metrics.points if p.name == "OperationsFailedReplication"]
        assert failed[-1].dimensions == DIMENSIONS
        assert sum(point.value for point in failed) >= len(statements())

    def test_is_assumed_for_its_bucket_only(self, world: World) -> None:
        """The second region's bucket is not in its trust policy."""
        world.replicate(OTHER)
        world.put_object("untrusted", region=OTHER)
        world.settle()
        assert world.head("untrusted", OTHER)["ReplicationStatus"] == "FAILED"

    def test_has_no_use_of_a_key_by_another_alias(self, world: World) -> None:
        kms = world.other.aws.client("kms")
        kms.delete_alias(AliasName="alias/data")
        world.put_object("no-alias")
        world.settle()
        assert world.head("no-alias", HOME)["ReplicationStatus"] == "FAILED"
        key = world.other.aws.client("s3").get_bucket_encryption(Bucket=BUCKETS[OTHER])
        [found] = key["ServerSideEncryptionConfiguration"]["Rules"]
        arn = found["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        kms.create_alias(AliasName="alias/data", TargetKeyId=arn)


class TestHeld:
    @pytest.fixture(autouse=True)
    def held(self, world: World) -> None:
        world.home.replication.held = True

    def test_nothing_moves_until_it_is_asked_to_and_in_any_order(self, world: World) -> None:
        for key in ("first", "second"):
            world.put_object(key)
        world.settle()
        first, second = world.home.replication.pending
        world.home.replication.do(second)
        assert (world.head("first"), bool(world.head("second"))) == ({}, True)
        world.home.replication.do(first)
        assert world.head("first")

    def test_a_version_that_was_overtaken_is_not_current(self, world: World) -> None:
        versions = [world.put_object("same") for _ in range(2)]
        for operation in reversed(world.home.replication.pending):
            world.home.replication.do(operation)
        assert world.head("same")["VersionId"] == versions[1]

    def test_what_was_deleted_meanwhile_is_forgotten(self, world: World) -> None:
        version = world.put_object("gone")
        s3 = world.home.aws.client("s3")
        s3.delete_object(Bucket=BUCKETS[HOME], Key="gone", VersionId=version)
        world.home.replication.work()
        assert not world.head("gone")
        assert not world.home.replication.pending

    def test_it_waits_for_a_region_that_does_not_answer(self, world: World) -> None:
        world.put_object("waits")
        world.regions.cut_off(HOME)
        world.home.replication.work()
        assert not world.head("waits")
        world.regions.restore(HOME)
        world.home.replication.work()
        assert world.head("waits")

    def test_what_is_behind_is_measured_in_the_region_of_the_replicas(self, world: World) -> None:
        def measured(later_s: float) -> dict[str, float]:
            world.other.metrics.points.clear()
            world.other.alarms.evaluate(datetime.now(UTC) + timedelta(seconds=later_s))
            assert all(point.dimensions == DIMENSIONS for point in world.other.metrics.points)
            return {point.name: round(point.value, -1) for point in world.other.metrics.points}

        world.put_object("measured", b"1" * 70)
        assert measured(600) == {
            "OperationsPendingReplication": 0,
            "BytesPendingReplication": 70,
            "ReplicationLatency": 600,
        }
        world.home.replication.work()
        assert measured(600) == {
            "OperationsPendingReplication": 0,
            "BytesPendingReplication": 0,
            "ReplicationLatency": 0,
        }


class TestAConfiguration:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"DeleteMarkerReplication": {"Status": "Enabled"}}, "plays no DeleteMarker"),
            ({"Filter": {"Tag": {"Key": "a", "Value": "b"}}}, "rules with Filter.Tag.Key"),
            ({"Destination": {"Bucket": "arn:aws:s3:::nowhere"}}, "only then"),
        ],
    )
    def test_that_is_not_played_or_not_taken_is_refused(
        self, world: World, changes: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ClientError, match=message):
            world.replicate(**changes)

    def test_needs_a_destination_with_versions(self, world: World) -> None:
        s3, other = world.home.aws.client("s3"), world.other.aws.client("s3")
        with pytest.raises(ClientError, match="Destination bucket must exist"):
            world.put(HOME, [to("nowhere")])
        where = {"CreateBucketConfiguration": {"LocationConstraint": OTHER}}
        other.create_bucket(Bucket="unversioned", **where)
        with pytest.raises(ClientError, match="must have versioning enabled"):
            world.put(HOME, [to("unversioned")])
        assert s3.get_bucket_replication(Bucket=BUCKETS[HOME])

    def test_has_one_rule_of_each_priority(self, world: World) -> None:
        with pytest.raises(ClientError, match="duplicate priority"):
            world.put(HOME, [rule(), rule(ID="again")])


def to(bucket: str) -> dict[str, Any]:
    changed = rule()
    changed["Destination"]["Bucket"] = f"arn:aws:s3:::{bucket}"
    return changed
