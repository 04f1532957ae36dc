"""A VPC of the settings in which no job could run is refused, with the way out."""

import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.aws.account import Account
from components.network import existing
from components.settings import Settings
from tests import conftest
from tests.aws_cli import problems
from tests.components.settings.test_settings import settings
from tests.conftest import ACCOUNT, REGION, Recorder, record

HERE = Account("aws", REGION, ACCOUNT)
VPC = "vpc-0123456789abcdef0"
SUBNET = "subnet-0123456789abcdef0"
SUBNETS = (SUBNET, "subnet-0123456789abcdef1")
GROUP = "sg-0123456789abcdef0"
PLACE: dict[str, Any] = {
    "network__mode": "existing",
    "network__subnets": [*SUBNETS],
    "network__security_groups": [GROUP],
}
SHARED = "sg-0123456789abcdef1"
CLUSTER: dict[str, Any] = {**PLACE, "job__cluster": True, "job__instance_count": 2}


def checked(of: Settings | None = None) -> Recorder:
    def program() -> None:
        parent = pulumi.ComponentResource("test:index:Parent", "parent")
        existing.placement(of or settings(**PLACE), HERE, parent)

    return record(program, "prod")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let a look-up answer otherwise."""

    def change(name: str, **changes: Any) -> None:
        token = f"aws:ec2/{name}:{name}"
        usual = conftest._ANSWERS[token]  # pyright: ignore[reportPrivateUsage]
        monkeypatch.setitem(conftest._ANSWERS, token, {**usual, **changes})  # pyright: ignore[reportPrivateUsage]

    return change


class TestAccepted:
    def test_is_a_vpc_with_a_domain_and_a_resolver_looked_at_once(self) -> None:
        called = [token.rpartition(":")[2] for token, _ in checked().called]
        assert called == ["getSubnet", "getSubnet", "getVpc", "getVpcDhcpOptions"]

    def test_is_a_resolver_of_ones_own_without_amazons(self, answers: Callable[..., None]) -> None:
        answers("getVpc", enableDnsSupport=False)
        answers("getVpcDhcpOptions", domainNameServers=["10.0.0.2"])
        assert checked().called

    def test_is_a_shared_vpc_whose_options_may_be_out_of_sight(
        self, answers: Callable[..., None]
    ) -> None:
        answers("getSubnet", ownerId="210987654321")
        answers("getVpcDhcpOptions", domainName="")
        assert [token for token, _ in checked().called if "Subnet" not in token] == []


class TestRefused:
    def fail(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        usual = Recorder.call

        def call(self: Recorder, args: Any) -> Any:
            failed = args.token.endswith(f":{name}")
            return ({}, [("id", "denied")]) if failed else usual(self, args)

        monkeypatch.setattr(Recorder, "call", call)

    def refusal(self) -> str:
        with pytest.raises(pulumi.RunError) as refused:
            checked()
        return str(refused.value)

    def test_are_options_without_a_domain(self, answers: Callable[..., None]) -> None:
        answers("getVpcDhcpOptions", domainName="", domainNameServers=["10.0.0.2", "10.0.0.3"])
        text = self.refusal()
        assert text.startswith(f"network.subnets: {SUBNET} is in {VPC}, whose DHCP options must ")
        assert "Key=domain-name,Values=eu-central-1.compute.internal " in text
        assert "Key=domain-name-servers,Values=10.0.0.2,10.0.0.3, then" in text
        assert f"associate-dhcp-options --vpc-id {VPC} " in text
        create, associate = re.findall(r"aws ec2 .*?(?=, then| with its id)", text)
        assert [*problems(create), *problems(f"{associate} dopt-1")] == []

    def test_are_options_without_a_resolver(self, answers: Callable[..., None]) -> None:
        answers("getVpcDhcpOptions", domainName="corp.example", domainNameServers=[])
        text = self.refusal()
        assert "Key=domain-name,Values=corp.example " in text
        assert "Key=domain-name-servers,Values=AmazonProvidedDNS," in text

    def test_is_a_vpc_without_options(self, answers: Callable[..., None]) -> None:
        answers("getVpc", dhcpOptionsId="default")
        assert "must have a domain-name and domain-name-servers" in self.refusal()

    def test_is_amazons_resolver_where_it_is_switched_off(
        self, answers: Callable[..., None]
    ) -> None:
        answers("getVpc", enableDnsSupport=False)
        text = self.refusal()
        assert text.count("\n") == 0
        command = f"aws ec2 modify-vpc-attribute --vpc-id {VPC} --enable-dns-support Value=true"
        assert text.endswith(command)
        assert [*problems(command)] == []

    def test_are_subnets_that_aws_does_not_know_by_name(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.fail(monkeypatch, "getSubnet")
        lines = self.refusal().splitlines()
        assert [line.split(" is not found in eu-central-1")[0] for line in lines] == [
            f"network.subnets: {id_}" for id_ in SUBNETS
        ]

    def test_is_a_vpc_that_whoever_deploys_may_not_look_at(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.fail(monkeypatch, "getVpcDhcpOptions")
        text = self.refusal()
        assert f"{SUBNET} is in {VPC}, which cannot be looked at; " in text
        assert "DescribeDhcpOptions: " in text
        assert "denied" in text


def rule(
    protocol: str, ports: tuple[int, int] = (-1, -1), *, is_egress: bool = False, **peer: str
) -> dict[str, Any]:
    first, last = ports
    way = {"isEgress": is_egress, "ipProtocol": protocol, "fromPort": first, "toPort": last}
    return {**way, "cidrIpv4": "", "referencedSecurityGroupId": "", **peer}


class TestTheGroupsOfACluster:
    @pytest.fixture(autouse=True)
    def rules(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """The rules of its groups, as the provider tells them; none at first."""
        found: list[dict[str, Any]] = []
        usual = Recorder.call

        def call(self: Recorder, args: Any) -> Any:
            match args.token.rpartition(":")[2]:
                case "getSecurityGroup":
                    owner = "210987654321" if args.args["id"] == SHARED else ACCOUNT
                    arn = f"arn:aws:ec2:{REGION}:{owner}:security-group/{args.args['id']}"
                    return {"arn": arn}, []
                case "getSecurityGroupRules":
                    return {"ids": [str(number) for number in range(len(found))]}, []
                case "getSecurityGroupRule":
                    return found[int(args.args["securityGroupRuleId"])], []
                case _:
                    return usual(self, args)

        monkeypatch.setattr(Recorder, "call", call)
        return found

    def refusal(self, **changes: Any) -> list[str]:
        with pytest.raises(pulumi.RunError) as refused:
            checked(settings(**{**CLUSTER, **changes}))
        return str(refused.value).splitlines()

    def test_are_not_looked_at_without_a_cluster(self) -> None:
        assert checked(settings(**{**CLUSTER, "job__cluster": False})).called

    def test_are_refused_that_let_nothing_through_with_a_command_for_each_way(self) -> None:
        lines = self.refusal()
        for line, way, command in zip(lines, ("in", "out"), ("ingress", "egress"), strict=True):
            assert line.startswith(
                f"network.security_groups: {GROUP} must let {way} TCP, UDP 500, ESP between "
            )
            assert f"aws ec2 authorize-security-group-{command} --group-id {GROUP} " in line
            assert [*problems(line[line.index("aws ec2") :])] == []

    def test_are_refused_for_what_is_missing_only(self, rules: list[dict[str, Any]]) -> None:
        rules += [
            rule("-1", is_egress=True, cidrIpv4="0.0.0.0/0"),
            rule("tcp", (0, 65535), referencedSecurityGroupId=GROUP),
            rule("50", cidrIpv4="10.0.0.0/16"),
        ]
        [line] = self.refusal()
        assert "must let in UDP 500 between " in line
        permission = (
            f"IpProtocol=udp,FromPort=500,ToPort=500,UserIdGroupPairs=[{{GroupId={GROUP}}}]"
        )
        assert line.endswith(f"--ip-permissions '{permission}'")

    def test_are_accepted_that_let_all_of_their_members_through(
        self, rules: list[dict[str, Any]]
    ) -> None:
        rules += [
            rule("-1", is_egress=each, referencedSecurityGroupId=GROUP) for each in (False, True)
        ]
        assert checked(settings(**CLUSTER)).called

    def test_are_left_out_that_another_account_shares(self) -> None:
        assert checked(settings(**{**CLUSTER, "network__security_groups": [SHARED]})).called
