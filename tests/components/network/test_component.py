"""Where jobs run: the created VPC with its policies, or subnets that exist."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.network.component import Network
from components.storage import Storage
from tests import conftest
from tests.aws_cli import problems
from tests.components.stacks import KEY, stack
from tests.conftest import ACCOUNT, REGION, Recorder, record
from tests.recorded import STACKS, VARIANTS, allows, listed, program

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def network(**changes: Any) -> Recorder:
    """Record a network by itself, of stack prod with these settings."""
    return record(lambda: made(**changes), "prod")


def made(**changes: Any) -> Network:
    buckets = {
        "input__bucket": "their-input",
        "reference": {"bucket": "their-reference", "prefix": "models/"},
        "output__bucket": "their-output",
    }
    of = stack(**{"network__mode": "vpc", **buckets, **changes})
    return Network("network", of, storage=Storage("storage", of))


def rules(recorder: Recorder) -> set[tuple[str, ...]]:
    """Return each security group rule: its name, protocol and port, and its other end."""
    return {
        (
            name,
            str(rule["ipProtocol"]),
            str(rule.get("fromPort")),
            str(rule.get("toPort")),
            rule.get("referencedSecurityGroupId") or rule["prefixListId"],
        )
        for kind in (EGRESS, INGRESS)
        for name, rule in recorder.inputs(kind).items()
    }


def policy(recorder: Recorder, endpoint: str) -> list[dict[str, Any]]:
    return json.loads(recorder.inputs(ENDPOINT)[endpoint]["policy"])["Statement"]


HTTPS = ("tcp", "443", "443")
ONE_INSTANCE = {
    ("network-jobs-to-s3", *HTTPS, "pl-6ea54007"),
    ("network-jobs-to-endpoints", *HTTPS, "network-endpoints-id"),
    ("network-endpoints-from-jobs", *HTTPS, "network-jobs-id"),
}
ENCRYPTED = {
    (name, *way, "network-jobs-id")
    for kind, way in (("udp", ("udp", "500", "500")), ("50", ("50", "None", "None")))
    for name in (f"network-jobs-to-jobs-{kind}", f"network-jobs-{kind}-from-jobs")
}
TCP = {
    (name, "tcp", "0", "65535", "network-jobs-id")
    for name in ("network-jobs-to-jobs-tcp", "network-jobs-tcp-from-jobs")
}


class TestVpc:
    def test_has_a_private_subnet_in_each_zone_with_the_one_route_table(self) -> None:
        recorder = network(network__zones=3, network__cidr="10.3.0.0/22")
        subnets = recorder.inputs("aws:ec2/subnet:Subnet")
        assert {s["availabilityZone"]: s["cidrBlock"] for s in subnets.values()} == {
            f"{REGION}a": "10.3.0.0/24",
            f"{REGION}b": "10.3.1.0/24",
            f"{REGION}c": "10.3.2.0/24",
        }
        assert not any(subnet["mapPublicIpOnLaunch"] for subnet in subnets.values())
        kind = "aws:ec2/routeTableAssociation:RouteTableAssociation"
        associated = {(a["subnetId"], a["routeTableId"]) for a in recorder.inputs(kind).values()}
        assert associated == {(f"{name}-id", "network-routes-id") for name in subnets}

    def test_is_replaced_where_new_subnets_would_collide_with_the_old(self) -> None:
        def triggers(**changes: Any) -> str:
            asked = [each for each in network(**changes).requests if str(each.replacement_trigger)]
            [(kind, trigger)] = [(each.type, str(each.replacement_trigger)) for each in asked]
            assert kind == "aws:ec2/vpc:Vpc"
            return trigger

        two = triggers(network__zones=2)
        assert two == triggers(network__zones=2, network__endpoints=["logs"])
        assert two != triggers(network__zones=3)
        assert two != triggers(network__zones=2, network__cidr="10.3.0.0/22")

    def test_resolves_the_private_names_of_its_endpoints(self) -> None:
        vpc = network().one("aws:ec2/vpc:Vpc")
        assert vpc["enableDnsSupport"]
        assert vpc["enableDnsHostnames"]
        assert vpc["instanceTenancy"] == "default"

    def test_asks_for_zones_that_need_no_opting_in(self) -> None:
        called = dict(network().called)
        asked = called["aws:index/getAvailabilityZones:getAvailabilityZones"]
        assert asked["state"] == "available"
        assert asked["filters"] == [{"name": "opt-in-status", "values": ["opt-in-not-required"]}]

    def test_is_refused_where_the_region_has_too_few_zones(self) -> None:
        with pytest.raises(pulumi.RunError, match="eu-central-1 has 3"):
            network(network__zones=4)

    def test_logs_every_flow_into_an_encrypted_group_with_retention(self) -> None:
        recorder = network()
        group = recorder.one("aws:cloudwatch/logGroup:LogGroup")
        assert group["name"] == "/aws/vpc/processing-prod-flow-logs"
        assert group["kmsKeyId"] == KEY
        assert group["retentionInDays"] == 365
        log = recorder.one("aws:ec2/flowLog:FlowLog")
        assert log["trafficType"] == "ALL"
        assert log["logDestination"].endswith(f"log-group:{group['name']}")
        [trust] = json.loads(recorder.one("aws:iam/role:Role")["assumeRolePolicy"])["Statement"]
        assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
        assert trust["Condition"]["ArnLike"] == {
            "aws:SourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"
        }

    def test_flow_logs_write_into_that_group_only(self) -> None:
        recorder = network()
        found = json.loads(recorder.one("aws:iam/rolePolicy:RolePolicy")["policy"])["Statement"]
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vpc/processing-prod-flow-logs"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            assert allows(found, action, f"{group}:log-stream:eni-1-all")
            assert not allows(found, action, f"{group}-x:log-stream:eni-1-all")
        assert not any("logs:CreateLogGroup" in statement["Action"] for statement in found)


class TestSecurityGroups:
    def test_let_jobs_out_to_s3_and_the_endpoints_and_nothing_in(self) -> None:
        assert rules(network()) == ONE_INSTANCE

    def test_let_instances_that_share_the_input_encrypt_and_no_more(self) -> None:
        assert rules(network(job__instance_count=2)) == ONE_INSTANCE | ENCRYPTED

    def test_let_the_instances_of_a_cluster_reach_each_other(self) -> None:
        found = rules(network(job__instance_count=2, job__cluster=True))
        assert found == ONE_INSTANCE | ENCRYPTED | TCP

    def test_without_endpoints_there_is_only_the_way_to_s3(self) -> None:
        recorder = network(network__endpoints=[])
        assert {rule[0] for rule in rules(recorder)} == {"network-jobs-to-s3"}
        assert list(recorder.inputs("aws:ec2/securityGroup:SecurityGroup")) == ["network-jobs"]

    def test_the_default_one_allows_nothing(self) -> None:
        default = network().one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
        assert (default["ingress"], default["egress"]) == ([], [])

    def test_have_no_rules_but_those_of_their_own_resources(self) -> None:
        for group in network().inputs("aws:ec2/securityGroup:SecurityGroup").values():
            assert "ingress" not in group
            assert "egress" not in group


class TestEndpoints:
    def test_of_s3_leads_to_this_stacks_buckets_for_this_account_only(self) -> None:
        recorder = network()
        gateway = recorder.inputs(ENDPOINT)["network-s3"]
        assert gateway["vpcEndpointType"] == "Gateway"
        assert gateway["routeTableIds"] == ["network-routes-id"]
        found = [{**each, "Principal": None} for each in policy(recorder, "network-s3")]
        ours = {"aws:PrincipalAccount": ACCOUNT}
        for bucket in ("their-input", "their-reference", "their-output"):
            assert allows(found, "s3:ListBucket", f"arn:aws:s3:::{bucket}", ours)
            assert allows(found, "s3:GetObject", f"arn:aws:s3:::{bucket}/x/y", ours)
            assert allows(found, "s3:PutObject", f"arn:aws:s3:::{bucket}/x/y", ours)
        theirs = {"aws:PrincipalAccount": "210987654321"}
        assert not allows(found, "s3:PutObject", "arn:aws:s3:::their-output/x", theirs)
        assert not allows(found, "s3:PutObject", "arn:aws:s3:::their-output-2/x", ours)
        assert not allows(found, "s3:DeleteObject", "arn:aws:s3:::their-output/x", ours)

    def test_of_other_services_are_in_every_subnet_under_their_own_names(self) -> None:
        recorder = network(network__endpoints=["ecr.api", "sts"])
        endpoints = recorder.inputs(ENDPOINT)
        assert endpoints.keys() == {
            "network-s3",
            "network-endpoint-ecr.api",
            "network-endpoint-sts",
        }
        api = endpoints["network-endpoint-ecr.api"]
        assert api["serviceName"] == f"com.amazonaws.{REGION}.ecr.api"
        assert api["vpcEndpointType"] == "Interface"
        assert api["subnetIds"] == ["network-private-1-id", "network-private-2-id"]
        assert api["securityGroupIds"] == ["network-endpoints-id"]
        assert api["privateDnsEnabled"]

    def test_of_other_services_serve_this_account_only(self) -> None:
        [statement] = policy(network(), "network-endpoint-logs")
        assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}

    def test_have_no_policy_and_no_private_name_where_aws_takes_none(
        self, answered: Callable[..., None]
    ) -> None:
        answered(vpcEndpointPolicySupported=False, privateDnsName="")
        endpoint = network().inputs(ENDPOINT)["network-endpoint-logs"]
        assert "policy" not in endpoint
        assert not endpoint["privateDnsEnabled"]

    def test_decide_which_zones_are_used(self, answered: Callable[..., None]) -> None:
        answered(availabilityZones=[f"{REGION}b", f"{REGION}c"])
        subnets = network().inputs("aws:ec2/subnet:Subnet").values()
        assert {subnet["availabilityZone"][-1] for subnet in subnets} == {"b", "c"}

    def test_that_a_region_does_not_have_are_named_with_the_way_to_the_right_name(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def not_found(_self: Recorder, _args: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
            return {}, [("service", "no matching EC2 VPC Endpoint Service found")]

        monkeypatch.setattr(Recorder, "call", not_found)
        with pytest.raises(pulumi.RunError) as error:
            network(network__endpoints=["cloudwatch"])
        assert "network.endpoints: cloudwatch is no interface endpoint that" in str(error.value)
        assert list(problems(str(error.value).partition("names: ")[2])) == []

    @pytest.fixture
    def answered(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        """Let AWS say something else about its endpoint services."""
        usual = conftest._endpoint_service  # pyright: ignore[reportPrivateUsage]

        def answer(**changes: Any) -> None:
            def changed(inputs: dict[str, Any]) -> dict[str, Any]:
                return {**usual(inputs), **changes}

            monkeypatch.setattr(conftest, "_endpoint_service", changed)

        return answer


def test_isolated_jobs_need_no_network_and_nothing_is_asked() -> None:
    recorder = network(network__mode="isolated")
    assert not [kind for kind in recorder.kinds() if kind.startswith("aws:")]
    assert recorder.called == []


class TestExisting:
    def test_creates_no_network(self) -> None:
        assert not [kind for kind in program("existing").kinds() if kind.startswith("aws:ec2/")]

    def test_is_where_the_launcher_puts_jobs(self) -> None:
        functions = program("existing").inputs("aws:lambda/function:Function")
        variables = functions["launcher-function"]["environment"]["variables"]
        assert variables["SUBNETS"] == "subnet-0123456789abcdef0"
        assert variables["SECURITY_GROUPS"] == "sg-0123456789abcdef0"


@pytest.mark.parametrize("stack", [*STACKS, *VARIANTS])
class TestEveryStack:
    def test_has_no_way_to_or_from_the_internet(self, stack: str) -> None:
        recorder = program(stack)
        ways = ("natGateway", "internetGateway", "eip", "egressOnly", "ec2/route:")
        assert not [kind for kind in recorder.kinds() if any(way in kind for way in ways)]
        said = json.dumps([recorder.inputs(kind) for kind in recorder.kinds()], default=str)
        assert "0.0.0.0/0" not in said
        assert "::/0" not in said

    def test_has_a_network_exactly_where_the_settings_ask_for_one(self, stack: str) -> None:
        assert ("aws:ec2/vpc:Vpc" in program(stack).kinds()) == stack.startswith("vpc")
        functions = program(stack).inputs("aws:lambda/function:Function")
        variables = functions["launcher-function"]["environment"]["variables"]
        in_a_vpc = "network" in VARIANTS.get(stack, {})
        assert ("SUBNETS" in variables, "SECURITY_GROUPS" in variables) == (in_a_vpc, in_a_vpc)

    def test_lets_the_role_see_networks_only_where_jobs_run_in_one(self, stack: str) -> None:
        policies = program(stack).inputs("aws:iam/rolePolicy:RolePolicy")
        found = json.loads(policies["job-policy"]["policy"])["Statement"]
        actions = {action for each in found for action in listed(each["Action"])}
        assert bool({a for a in actions if a.startswith("ec2:")}) == (
            "network" in VARIANTS.get(stack, {})
        )
