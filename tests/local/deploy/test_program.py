import io
import json
import zipfile
from typing import Any

import pulumi
import pytest
from botocore.exceptions import ClientError

from local.aws.endpoint import LocalAws
from local.aws.protocols import ServiceError
from local.deploy import lookups
from local.deploy.kinds import CREATE, Resources
from local.deploy.kinds.model import zipped
from local.deploy.program import plain
from tests.conftest import PROJECT, record_program, stack_keys
from tests.local.aws.iam.roles import trusted_by
from tests.test_program import program


@pytest.fixture
def resources(aws: LocalAws) -> Resources:
    return Resources(aws, lambda _build: "handle", {})


class TestEveryResource:
    def test_the_embedded_aws_creates_every_kind_that_the_program_registers(self) -> None:
        told = {"subscriptions": [{"protocol": "email", "endpoint": "team@example.com"}]}
        config = stack_keys("local") | {f"{PROJECT}:alerts": json.dumps(told)}
        variants = [program(each) for each in ("vpc, chats", "existing", "recovery")]
        recorders = [record_program("local", config), *variants]
        created = [args for recorder in recorders for args in recorder.created]
        registered = {args.typ for args in created if args.custom}
        assert registered == CREATE.keys()

    def test_an_unknown_kind_is_refused(self, resources: Resources) -> None:
        with pytest.raises(NotImplementedError):
            resources.create("aws:efs/fileSystem:FileSystem", "files", {})

    def test_an_unknown_lookup_is_refused(self, resources: Resources) -> None:
        with pytest.raises(NotImplementedError):
            lookups.answer(resources, "aws:index/getRegions:getRegions", {})

    @pytest.mark.parametrize(
        ("token", "inputs"),
        [
            ("aws:s3/bucket:Bucket", {"bucket": "b", "surprise": True}),
            ("aws:s3/bucketVersioning:BucketVersioning", {"bucket": "b", "surprise": True}),
            ("aws:kms/key:Key", {"description": "d", "surprise": True}),
            (
                "aws:s3/bucketVersioning:BucketVersioning",
                {"bucket": "b", "versioningConfiguration": {"surprise": True}},
            ),
        ],
    )
    def test_an_input_that_a_kind_does_not_know_is_refused(
        self, resources: Resources, token: str, inputs: dict[str, Any]
    ) -> None:
        with pytest.raises(NotImplementedError, match="does not know its input surprise"):
            resources.create(token, "some", inputs)

    def test_a_queue_is_encrypted_with_its_key(self, resources: Resources) -> None:
        inputs = {"name": "kept", "messageRetentionSeconds": 60, "kmsMasterKeyId": "alias/mine"}
        made = resources.create("aws:sqs/queue:Queue", "encrypted", inputs)
        attributes = resources.aws.client("sqs").get_queue_attributes(
            QueueUrl=made["url"], AttributeNames=["All"]
        )["Attributes"]
        assert attributes["KmsMasterKeyId"] == "alias/mine"
        assert attributes["MessageRetentionPeriod"] == "60"

    def test_a_repository_has_its_policy(self, resources: Resources) -> None:
        kind = "aws:ecr/repositoryPolicy:RepositoryPolicy"
        policy = program("existing").one(kind)
        name = {"repositoryName": policy["repository"]}
        resources.aws.client("ecr").create_repository(**name)
        resources.create(kind, "its", policy)
        found = resources.aws.client("ecr").get_repository_policy(**name)
        assert json.loads(found["policyText"]) == json.loads(policy["policy"])

    def test_the_boundary_of_a_role_has_to_exist(self, resources: Resources) -> None:
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        boundary = "arn:aws:iam::123456789012:policy/nowhere"
        inputs = {"name": "r", "assumeRolePolicy": trust, "permissionsBoundary": boundary}
        with pytest.raises(ClientError, match="nowhere not found"):
            resources.create("aws:iam/role:Role", "bounded", inputs)

    def test_a_role_takes_no_longer_policy_than_iam(self, resources: Resources) -> None:
        def put(text: str) -> None:
            inputs = {"name": "p", "role": "limited", "policy": text}
            resources.create("aws:iam/rolePolicy:RolePolicy", "p", inputs)

        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        inputs = {"name": "limited", "assumeRolePolicy": trust}
        resources.create("aws:iam/role:Role", "limited", inputs)
        read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
        policy = {"Version": "2012-10-17", "Statement": [read] * 100}
        put(json.dumps(policy, indent=40))
        policy["Statement"] *= 2
        with pytest.raises(ServiceError, match="LimitExceeded: Maximum policy size of 10240 bytes"):
            put(json.dumps(policy))

    def test_a_new_alarm_keeps_its_whole_definition_and_has_no_data(
        self, resources: Resources
    ) -> None:
        inputs = {
            "name": "quiet",
            "namespace": "N",
            "metricName": "M",
            "dimensions": {"stack": "local"},
            "statistic": "Sum",
            "period": 60,
            "evaluationPeriods": 1,
            "threshold": 1,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "warmUpConfiguration": {"warmUpPeriodDurationInMinutes": 60},
            "okActions": ["arn:aws:sns:eu-central-1:123456789012:topic"],
        }
        resources.create("aws:cloudwatch/metricAlarm:MetricAlarm", "alarm", inputs)
        kept = resources.alarms["quiet"]
        assert kept["WarmUpConfiguration"] == {"WarmUpPeriodDurationInMinutes": 60}
        assert kept["OKActions"] == inputs["okActions"]
        assert kept["Dimensions"] == [{"Name": "stack", "Value": "local"}]
        found = resources.aws.client("cloudwatch").describe_alarms(AlarmNames=["quiet"])
        assert found["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA"

    def test_nobody_is_subscribed_whom_moto_would_really_reach(self, resources: Resources) -> None:
        inputs = {"topic": "t", "protocol": "https", "endpoint": "https://example.com"}
        with pytest.raises(NotImplementedError, match="https"):
            resources.create("aws:sns/topicSubscription:TopicSubscription", "somebody", inputs)


class TestStricterThanMoto:
    @pytest.mark.parametrize(
        ("service", "operation", "request_"),
        [
            ("sqs", "create_queue", {"QueueName": "q", "Surprise": 1}),
            ("ecr", "create_repository", {"repositoryName": "UPPER"}),
            (
                "scheduler",
                "create_schedule_group",
                {"Name": "x" * 65},
            ),
            ("logs", "create_log_group", {"logGroupName": "a b"}),
        ],
    )
    def test_what_the_services_model_refuses_never_reaches_moto(
        self, aws: LocalAws, service: str, operation: str, request_: dict[str, Any]
    ) -> None:
        with pytest.raises(ServiceError, match=service):
            getattr(aws.client(service), operation)(**request_)

    def test_a_role_is_assumed_only_by_the_service_that_it_trusts(self, aws: LocalAws) -> None:
        role = trusted_by(aws, "lambda.amazonaws.com")
        assert aws.iam.assume(role, "lambda.amazonaws.com", "arn").keys.token
        with pytest.raises(PermissionError, match="scheduler"):
            aws.iam.assume(role, "scheduler.amazonaws.com", "arn")
        assert not aws.iam.trusts(f"{role}x", "lambda.amazonaws.com", "arn")
        elsewhere = role.replace("123456789012", "210987654321")
        assert not aws.iam.trusts(elsewhere, "lambda.amazonaws.com", "arn")

    def test_functions_requests_are_checked_by_the_services_model_too(self, aws: LocalAws) -> None:
        role = trusted_by(aws, "lambda.amazonaws.com")
        client = aws.client_as(aws.iam.assume(role, "lambda.amazonaws.com", "arn"), "logs")
        with pytest.raises(client.exceptions.ClientError, match="must match the pattern"):
            client.create_log_group(logGroupName="a b")

    def test_a_stopped_aws_leaves_nothing_to_the_next(self) -> None:
        for region in ("us-east-1", "eu-central-1"):
            once = LocalAws(region)
            once.start()
            names = [bucket["Name"] for bucket in once.client("s3").list_buckets()["Buckets"]]
            assert "only-once" not in names
            made = Resources(once, lambda _build: "handle", {})
            made.create("aws:s3/bucket:Bucket", "data", {"bucket": "only-once"})
            once.stop()


class TestInputs:
    def test_secrets_are_opened_and_whole_numbers_are_integers(self) -> None:
        secret = {
            "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
            "value": {"a": 1.0},
        }
        found = plain({"s": [secret], "half": 0.5})
        assert found == {"s": [{"a": 1}], "half": 0.5}
        assert isinstance(found["s"][0]["a"], int)

    def test_the_code_archive_holds_exactly_the_sources_and_the_settings(self) -> None:
        functions = program("local").inputs("aws:lambda/function:Function")
        [code] = [each["code"] for name, each in functions.items() if "launcher" in name]
        assert isinstance(code, pulumi.AssetArchive)
        with zipfile.ZipFile(io.BytesIO(zipped(code))) as archive:
            names = archive.namelist()
        assert "stack.json" in names
        assert "launcher/handler.py" in names
        assert not [name for name in names if not name.endswith((".py", ".json", "/LICENSE"))]
        assert zipped(code) == zipped(code)
