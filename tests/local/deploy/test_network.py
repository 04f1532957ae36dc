"""The program's network in the embedded AWS: what is really there, and a slot that runs in it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.aws.endpoint import LocalAws
from local.aws.sagemaker.job import Job, JobEnd
from local.aws.sagemaker.rules import vpc_of
from local.deploy import lookups
from local.deploy.cloud import Cloud
from local.deploy.kinds import CREATE, Resources
from local.deploy.program import DeployError
from tests.conftest import PROJECT, ROOT
from tests.local.aws.iam.roles import trusted_by
from tests.recorded import varied

SLOT = datetime(2026, 1, 5, 3, tzinfo=UTC)


def run_job(cloud: Cloud, job: Job) -> JobEnd:
    job.at("Training")
    bucket, _, prefix = job.spec.outputs[0].uri.removeprefix("s3://").partition("/")
    cloud.aws.client("s3").put_object(Bucket=bucket, Key=f"{prefix}result.txt", Body=b"1")
    return JobEnd("Completed")


def play(cloud: Cloud) -> dict[str, Any]:
    """Play a slot and return the network of its job, which has to complete."""
    key = f"{cloud.settings.input.prefix.format(slot=SLOT)}data.csv"
    cloud.aws.client("s3").put_object(Bucket=cloud.exports["input_bucket"], Key=key, Body=b"a")
    cloud.fire("daily", SLOT)
    cloud.settle()
    assert [e.outcome for e in cloud.journal.attempts("daily", SLOT)] == ["completed"]
    sagemaker = cloud.aws.client("sagemaker")
    [job] = sagemaker.list_processing_jobs()["ProcessingJobSummaries"]
    name = job["ProcessingJobName"]
    return sagemaker.describe_processing_job(ProcessingJobName=name)["NetworkConfig"]


@pytest.fixture(scope="class")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The program with a VPC of its own, deployed."""
    work, config = tmp_path_factory.mktemp("vpc"), varied("vpc")
    cloud = Cloud(ROOT, work, "local", run_job=run_job, build=lambda _: "image", config=config)
    try:
        cloud.deploy()
        yield cloud
    finally:
        cloud.close()


class TestVpc:
    def test_a_slot_runs_in_the_created_subnets(self, cloud: Cloud) -> None:
        network = play(cloud)
        assert not network["EnableNetworkIsolation"]
        place = network["VpcConfig"]
        [vpc] = {vpc_of(cloud.aws, each) for each in place["Subnets"] + place["SecurityGroupIds"]}
        found = cloud.aws.client("ec2").describe_subnets(SubnetIds=place["Subnets"])["Subnets"]
        assert {(s["VpcId"], s["AvailabilityZone"][-1], s["CidrBlock"]) for s in found} == {
            (vpc, "a", "10.0.0.0/25"),
            (vpc, "b", "10.0.0.128/25"),
        }

    def test_every_group_of_the_vpc_allows_what_it_says_and_nothing_to_the_world(
        self, cloud: Cloud
    ) -> None:
        ec2 = cloud.aws.client("ec2")
        [vpc] = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.0.0.0/24"]}])["Vpcs"]
        of_vpc = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
        groups = ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]
        assert len(groups) == 3
        assert "0.0.0.0/0" not in str(groups)
        [default] = [group for group in groups if group["GroupName"] == "default"]
        assert (default["IpPermissions"], default["IpPermissionsEgress"]) == ([], [])
        tables = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
        routes = [route for table in tables for route in table["Routes"]]
        ways = {route.get("GatewayId", "").partition("-")[0] for route in routes}
        assert ways == {"local", "vpce"}

    def test_the_names_in_the_vpc_are_those_of_the_endpoints(self, cloud: Cloud) -> None:
        found = cloud.aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
        names = {each["ServiceName"].rpartition(".")[2]: each for each in found}
        assert names.keys() == {"s3", "logs", "monitoring"}
        assert names["logs"]["PrivateDnsEnabled"]
        assert "aws:PrincipalAccount" in names["s3"]["PolicyDocument"]

    def test_flow_logs_reach_their_group(self, cloud: Cloud) -> None:
        [found] = cloud.aws.client("ec2").describe_flow_logs()["FlowLogs"]
        assert found["DeliverLogsStatus"] == "SUCCESS"
        assert found["LogGroupName"] == "/aws/vpc/processing-local-flow-logs"


def cloud_in(aws: LocalAws, directory: Path, *options: dict[str, Any], **job: Any) -> Cloud:
    """Return a cloud whose stack has an existing network, with these DHCP options if any.

    `job` is what its settings of that name have.
    """
    # moto's state is the process's: both endpoints show the same AWS.
    subnet, group = existing(aws)
    if options:
        associate(aws.client("ec2"), vpc_of(aws, subnet) or "", *options)
    config, key = varied("existing"), f"{PROJECT}:network"
    network = {**json.loads(config[key]), "subnets": [subnet], "security_groups": [group]}
    config[key] = json.dumps(network)
    if job:
        config[f"{PROJECT}:job"] = json.dumps(job)
    return Cloud(ROOT, directory, "local", run_job=run_job, build=lambda _: "image", config=config)


SERVERS = {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]}


def test_a_slot_runs_in_subnets_that_exist(aws: LocalAws, tmp_path: Path) -> None:
    cloud = cloud_in(aws, tmp_path)
    try:
        cloud.deploy()
        found = play(cloud)
    finally:
        cloud.close()
    network = cloud.settings.network
    assert found["VpcConfig"] == {
        "Subnets": [*network.subnets],
        "SecurityGroupIds": [*network.security_groups],
    }


def test_a_vpc_whose_options_have_no_domain_is_refused(aws: LocalAws, tmp_path: Path) -> None:
    cloud = cloud_in(aws, tmp_path, SERVERS)
    try:
        with pytest.raises(DeployError, match="whose DHCP options must have a domain-name and"):
            cloud.deploy()
    finally:
        cloud.close()


def test_a_group_that_lets_nothing_in_is_refused_for_a_cluster(
    aws: LocalAws, tmp_path: Path
) -> None:
    """It lets everything out, as AWS's groups do at first."""
    cloud = cloud_in(aws, tmp_path, cluster=True, instance_count=2)
    try:
        with pytest.raises(DeployError, match="must let in TCP, UDP 500, ESP between") as refused:
            cloud.deploy()
        assert "must let out" not in str(refused.value)
    finally:
        cloud.close()


def associate(ec2: Any, vpc: str, *options: dict[str, Any]) -> None:
    made = ec2.create_dhcp_options(DhcpConfigurations=[*options])["DhcpOptions"]
    ec2.associate_dhcp_options(DhcpOptionsId=made["DhcpOptionsId"], VpcId=vpc)


def existing(aws: LocalAws) -> tuple[str, str]:
    """Create a subnet and a security group, and return their ids."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/25")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)
    return subnet, group["GroupId"]


class TestStricterThanMoto:
    @pytest.fixture
    def resources(self, aws: LocalAws) -> Resources:
        return Resources(aws, lambda _build: "handle", {})

    def test_a_service_without_such_an_endpoint_is_not_found(self, resources: Resources) -> None:
        for service, kind, error in (
            ("cloudwatch", "Interface", "does not exist"),
            ("logs", "Gateway", "0 matching"),
        ):
            with pytest.raises(Exception, match=error):
                lookups.answer(
                    resources,
                    "aws:ec2/getVpcEndpointService:getVpcEndpointService",
                    {"service": service, "serviceType": kind},
                )

    def test_a_vpcs_options_are_those_that_it_is_associated_with(
        self, resources: Resources
    ) -> None:
        ec2 = resources.aws.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.3.0.0/24")["Vpc"]["VpcId"]
        associate(ec2, vpc, {"Key": "domain-name", "Values": ["corp.example"]}, SERVERS)
        found = lookups.answer(resources, "aws:ec2/getVpc:getVpc", {"id": vpc})
        options = lookups.answer(resources, "aws:ec2/getVpcDhcpOptions:getVpcDhcpOptions", found)
        assert options == {
            "domainName": "corp.example",
            "domainNameServers": ["AmazonProvidedDNS"],
        }

    def test_a_flow_log_needs_a_role_that_trusts_it(self, resources: Resources) -> None:
        aws = resources.aws
        vpc = aws.client("ec2").create_vpc(CidrBlock="10.2.0.0/24")["Vpc"]["VpcId"]
        inputs = {
            "vpcId": vpc,
            "trafficType": "ALL",
            "logDestination": f"arn:aws:logs:{aws.region}:123456789012:log-group:/aws/vpc/x",
            "iamRoleArn": trusted_by(aws, "lambda.amazonaws.com"),
            "tags": {"Name": "flow-logs"},
        }
        with pytest.raises(PermissionError, match="does not trust VPC Flow Logs"):
            resources.create("aws:ec2/flowLog:FlowLog", "flow-logs", inputs)

    def test_open_default_groups_are_not_played(self, resources: Resources) -> None:
        with pytest.raises(NotImplementedError, match="only empties"):
            CREATE["aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"](
                resources, {"ingress": [{"protocol": "-1"}], "egress": []}
            )

    def test_what_does_not_exist_is_in_no_vpc(self, aws: LocalAws) -> None:
        subnet, group = existing(aws)
        assert vpc_of(aws, subnet)
        assert vpc_of(aws, subnet) == vpc_of(aws, group)
        assert vpc_of(aws, "subnet-0123456789abcdef0") is None
        assert vpc_of(aws, "sg-0123456789abcdef0") is None
