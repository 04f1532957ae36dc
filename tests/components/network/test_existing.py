"""A VPC of the settings in which no job could run is refused, with the way out."""

import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.aws.account import Account
from components.network import existing
from components.settings import NetworkSettings
from tests import conftest
from tests.aws_cli import problems
from tests.conftest import ACCOUNT, REGION, Recorder, record

HERE = Account("aws", REGION, ACCOUNT)
VPC = "vpc-0123456789abcdef0"
SUBNET = "subnet-0123456789abcdef0"
SUBNETS = NetworkSettings(
    mode="existing",
    subnets=(SUBNET, "subnet-0123456789abcdef1"),
    security_groups=("sg-0123456789abcdef0",),
)


def checked(network: NetworkSettings = SUBNETS) -> Recorder:
    def program() -> None:
        existing.placement(network, HERE, pulumi.ComponentResource("test:index:Parent", "parent"))

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
            f"network.subnets: {id_}" for id_ in SUBNETS.subnets
        ]

    def test_is_a_vpc_that_whoever_deploys_may_not_look_at(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.fail(monkeypatch, "getVpcDhcpOptions")
        text = self.refusal()
        assert f"{SUBNET} is in {VPC}, which cannot be looked at; " in text
        assert "DescribeDhcpOptions: " in text
        assert "denied" in text
