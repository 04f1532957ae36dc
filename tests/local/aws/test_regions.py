"""Two regions of one account: who answers what, and what does not answer for a while."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from local.aws.regions import ACCOUNT
from local.aws.signature import Keys
from tests.local.aws.two_regions import BUCKETS, HOME, OTHER, World, running

TABLE = {
    "TableName": "switch",
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("regions")) as found:
        for name, account in found.accounts.items():
            table = account.aws.client("dynamodb")
            table.create_table(**TABLE)
            table.put_item(TableName="switch", Item={"k": {"S": "-"}, "in": {"S": name}})
        yield found


@pytest.fixture
def reader(world: World) -> Keys:
    """The session of a function in the first region, which may read the second one's table."""
    iam = world.home.aws.client("iam")
    trusted = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    table = f"arn:aws:dynamodb:{OTHER}:{ACCOUNT}:table/switch"
    may = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table}
    if "reader" not in [role["RoleName"] for role in iam.list_roles()["Roles"]]:
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument=document(trusted))
        iam.put_role_policy(RoleName="reader", PolicyName="reader", PolicyDocument=document(may))
    role = f"arn:aws:iam::{ACCOUNT}:role/reader"
    return world.home.aws.iam.assume(role, "lambda.amazonaws.com", "arn:of:function").keys


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def read(client: Any) -> str:
    return client.get_item(TableName="switch", Key={"k": {"S": "-"}})["Item"]["in"]["S"]


class TestARequest:
    def test_is_answered_by_the_region_that_it_is_signed_for(self, world: World) -> None:
        for at in (HOME, OTHER):
            assert read(world.client("dynamodb", HOME, at=at)) == HOME
            assert read(world.client("dynamodb", OTHER, at=at)) == OTHER

    def test_of_a_role_is_judged_by_the_region_that_answers(
        self, world: World, reader: Keys
    ) -> None:
        assert read(world.client("dynamodb", OTHER, reader, at=HOME)) == OTHER
        with pytest.raises(ClientError, match=f"resource: arn:aws:dynamodb:{HOME}"):
            read(world.client("dynamodb", HOME, reader))

    def test_for_a_region_that_is_not_there_is_refused(self, world: World) -> None:
        with pytest.raises(ClientError, match=f"has {HOME} and {OTHER} only, and no us-west-2"):
            world.client("sqs", "us-west-2", at=HOME).list_queues()

    def test_for_a_bucket_of_another_region_is_refused(self, world: World) -> None:
        with pytest.raises(ClientError, match=f"is in {OTHER}, and not in {HOME}"):
            world.client("s3", HOME).list_objects_v2(Bucket=BUCKETS[OTHER])
        world.client("s3", OTHER, at=HOME).list_objects_v2(Bucket=BUCKETS[OTHER])

    def test_finds_the_same_roles_in_both(self, world: World) -> None:
        names = [
            [role["RoleName"] for role in account.aws.client("iam").list_roles()["Roles"]]
            for account in world.accounts.values()
        ]
        assert names[0] == names[1]
        assert "replication" in names[0]


class TestARegionThatIsCutOff:
    @pytest.fixture(autouse=True)
    def cut_off(self, world: World) -> Iterator[None]:
        world.regions.cut_off(HOME)
        yield
        world.regions.restore(HOME)

    def test_answers_nobody_from_elsewhere(self, world: World) -> None:
        for at in (HOME, OTHER):
            with pytest.raises(ConnectionClosedError):
                read(world.client("dynamodb", HOME, at=at))

    def test_reaches_nobody_elsewhere(self, world: World, reader: Keys) -> None:
        with pytest.raises(ConnectionClosedError):
            read(world.client("dynamodb", OTHER, reader, at=HOME))

    def test_goes_on_within(self, world: World) -> None:
        assert read(world.home.aws.client("dynamodb")) == HOME

    def test_leaves_the_other_one_alone(self, world: World) -> None:
        assert read(world.client("dynamodb", OTHER, at=HOME)) == OTHER

    def test_comes_back(self, world: World) -> None:
        world.regions.restore(HOME)
        assert read(world.client("dynamodb", HOME)) == HOME
