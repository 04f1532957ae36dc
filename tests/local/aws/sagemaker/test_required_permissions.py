"""What SageMaker needs of a job's role before the job runs."""

from typing import Any

from local.aws.iam.store import Store
from local.aws.sagemaker.job import spec_of
from local.aws.sagemaker.required_permissions import needed
from tests.local.aws.sagemaker.job_requests import ACCOUNT, REGION, good_request

STORE = Store(ACCOUNT, REGION)


def asked(**changes: Any) -> set[tuple[str, str]]:
    request = {**good_request(), **changes}
    return {(each.action, each.resource) for each in needed(STORE, spec_of(request))}


class TestNeeded:
    def test_the_image_is_pulled_from_its_repository(self) -> None:
        uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/image:1@sha256:{'ab' * 32}"
        repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/image"
        found = asked(AppSpecification={"ImageUri": uri, "ContainerEntrypoint": ["x"]})
        assert {each for each in found if each[0].startswith("ecr:")} == {
            ("ecr:GetAuthorizationToken", "*"),
            ("ecr:BatchCheckLayerAvailability", repository),
            ("ecr:GetDownloadUrlForLayer", repository),
            ("ecr:BatchGetImage", repository),
        }

    def test_a_key_of_the_volume_needs_a_grant(self) -> None:
        key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        without = asked(ProcessingResources={"ClusterConfig": cluster})
        assert not [each for each in without if each[0].startswith("kms:")]
        encrypted = asked(ProcessingResources={"ClusterConfig": {**cluster, "VolumeKmsKeyId": key}})
        assert encrypted - without == {("kms:DescribeKey", key), ("kms:CreateGrant", key)}

    def test_a_vpc_needs_the_nine_actions_on_its_own_subnets_and_groups(self) -> None:
        vpc = {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
        found = {
            each for each in asked(NetworkConfig={"VpcConfig": vpc}) if each[0].startswith("ec2:")
        }
        assert len({action for action, _ in found}) == 9
        prefix = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
        created = {arn for action, arn in found if action == "ec2:CreateNetworkInterface"}
        assert created == {
            f"{prefix}:subnet/subnet-1",
            f"{prefix}:subnet/subnet-2",
            f"{prefix}:security-group/sg-1",
            f"{prefix}:network-interface/eni-0123456789abcdef0",
        }
        assert {arn for action, arn in found if action.startswith("ec2:Describe")} == {"*"}
        assert not [each for each in asked() if each[0].startswith("ec2:")]
