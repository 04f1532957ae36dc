"""What the job's role may do in a VPC, and with secrets."""

import json
from typing import Any

import pytest

from components.image import Image
from components.job import Job
from components.network.component import Network
from components.policies.vpc import VpcPlacement
from components.storage import Storage
from tests.components.stacks import stack
from tests.conftest import ACCOUNT, REGION, record
from tests.recorded import allows

SUBNET = "subnet-0123456789abcdef0"


class TestJobRole:
    def allowed(self, placement: VpcPlacement | None, **changes: Any) -> list[dict[str, Any]]:
        buckets = {"input__bucket": "their-input", "output__bucket": "their-output"}
        of = stack(**buckets, **changes)

        def make() -> None:
            storage = Storage("storage", of)
            network = Network("network", stack(**buckets), storage=storage)
            network.placement = placement
            Job("job", of, storage=storage, network=network, image=Image("image", of))

        recorder = record(make, "prod")
        return json.loads(recorder.one("aws:iam/rolePolicy:RolePolicy")["policy"])["Statement"]

    def test_puts_interfaces_into_these_subnets_and_groups_only(self) -> None:
        found = self.allowed(VpcPlacement(["subnet-1"], ["sg-1"], ACCOUNT))
        arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"
        for resource in ("subnet/subnet-1", "security-group/sg-1", "network-interface/eni-1"):
            assert allows(found, "ec2:CreateNetworkInterface", arn + resource)
        for resource in ("subnet/subnet-2", "security-group/sg-2"):
            assert not allows(found, "ec2:CreateNetworkInterface", arn + resource)

    def test_may_use_subnets_that_another_account_shares(self) -> None:
        found = self.allowed(VpcPlacement([SUBNET], ["sg-1"], "*"))
        for account in (ACCOUNT, "210987654321"):
            arn = f"arn:aws:ec2:{REGION}:{account}:subnet/{SUBNET}"
            assert allows(found, "ec2:CreateNetworkInterface", arn)

    def test_removes_permissions_of_interfaces_which_no_request_names(self) -> None:
        found = self.allowed(VpcPlacement(["subnet-1"], ["sg-1"], ACCOUNT))
        assert allows(found, "ec2:DeleteNetworkInterfacePermission", "*")

    @pytest.mark.parametrize(
        "action", ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"]
    )
    def test_touches_no_interface_outside_of_them(self, action: str) -> None:
        found = self.allowed(VpcPlacement(["subnet-1"], ["sg-1"], ACCOUNT))
        arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"
        inside, outside = {"ec2:Subnet": f"{arn}subnet/subnet-1"}, {"ec2:Subnet": f"{arn}subnet/x"}
        assert allows(found, action, f"{arn}network-interface/eni-1", inside)
        assert not allows(found, action, f"{arn}network-interface/eni-1", outside)

    def test_has_nothing_to_do_with_ec2_outside_of_a_vpc(self) -> None:
        actions = [action for each in self.allowed(None) for action in each["Action"]]
        assert not [action for action in actions if action.startswith(("ec2:", "secretsmanager:"))]

    def test_reads_the_named_secrets_and_no_other(self) -> None:
        network: dict[str, Any] = {
            "network__mode": "vpc",
            "network__endpoints": ["secretsmanager"],
        }
        found = self.allowed(None, job__secrets=["team/database"], **network)
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:team/database"
        assert allows(found, "secretsmanager:GetSecretValue", f"{arn}-a1B2c3")
        assert not allows(found, "secretsmanager:GetSecretValue", f"{arn}-2-a1B2c3")
