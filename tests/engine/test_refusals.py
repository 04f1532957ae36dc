"""How a mistake of whoever deploys looks under the engine: a sentence, and no traceback."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.engine import aws_lookups
from tests.engine.aws_cloud import Cloud
from tests.engine.outcome import OperationFailed
from tests.engine.provider import Refused
from tests.engine.stack import Stack

ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"
ENDPOINT = "aws:ec2/getVpcEndpointService:getVpcEndpointService"


def refusal(stack: Stack) -> str:
    """Return what a preview says that the program refuses, and nothing else."""
    with pytest.raises(OperationFailed) as failed:
        stack.preview()
    assert "Traceback" not in failed.value.outcome.text
    # The inline program's language server says it twice, once in a sentence of its own.
    [message, _] = failed.value.outcome.said("error")
    assert len(message.splitlines()) <= 6
    return message


def test_settings_are_refused_in_the_programs_own_words(tmp_path: Path) -> None:
    changes = {"job": {"volume_gb": 0}, "alerts": {"subscriptions": "me"}}
    with Stack(tmp_path, "dev", changes) as stack:
        assert refusal(stack) == (
            "Pulumi.dev.yaml has 2 problems:\n"
            f"  {PROJECT}:job.volume_gb = 0: must be from 1 to 16384\n"
            f"    pulumi config set --stack dev --path {PROJECT}:job.volume_gb VALUE\n"
            f'  {PROJECT}:alerts.subscriptions = "me": must be a list, as in [a, b]\n'
            "Edit Pulumi.dev.yaml, or run the command that follows a problem."
        )


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("container/scripts/process_data.sh", " is missing, so daily would have nothing to run"),
        ("container/Dockerfile", " is missing, so there is nothing to build"),
    ],
)
def test_a_file_that_is_missing_is_named(file: str, said: str, tmp_path: Path) -> None:
    with Stack(tmp_path) as stack:
        (stack.directory / file).unlink()
        assert refusal(stack).startswith(file + said)


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (IDENTITY, "whose account this is; check the credentials"),
        (ZONES, "which zones eu-central-1 has"),
        (ENDPOINT, "network.endpoints: logs is no interface endpoint that eu-central-1 has"),
    ],
)
def test_what_aws_does_not_answer_is_told(
    token: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = aws_lookups.answer

    def answer(cloud: Cloud, asked: str, args: dict[str, Any]) -> dict[str, Any]:
        if asked == token:
            raise Refused("AccessDenied: no")
        return answered(cloud, asked, args)

    monkeypatch.setattr(aws_lookups, "answer", answer)
    with Stack(tmp_path, "dev", {"network": {"mode": "vpc"}}) as stack:
        found = refusal(stack)
    assert said in found
    assert "AccessDenied: no" in found


def test_a_region_with_too_few_zones_is_told(tmp_path: Path) -> None:
    with Stack(tmp_path, "dev", {"network": {"mode": "vpc", "zones": 4}}) as stack:
        assert refusal(stack).startswith("network.zones = 4: eu-central-1 has 3 for this account")


def test_a_boundary_of_another_account_is_told(tmp_path: Path) -> None:
    boundary = "arn:aws:iam::210987654321:policy/boundary"
    with Stack(tmp_path, "dev", {"permissions_boundary": boundary}) as stack:
        assert "is not of the account 123456789012" in refusal(stack)


def test_groups_that_keep_the_hosts_of_a_cluster_apart_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = "aws:vpc/getSecurityGroupRules:getSecurityGroupRules"
    answers = aws_lookups._ANSWERS  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setitem(answers, rules, lambda _, __: {"ids": ["sgr-out-sg-0123456789abcdef0"]})
    network = {
        "mode": "existing",
        "subnets": ["subnet-0123456789abcdef0"],
        "security_groups": ["sg-0123456789abcdef0"],
    }
    changes = {"network": network, "job": {"cluster": True, "instance_count": 2}}
    with Stack(tmp_path, "dev", changes) as stack:
        found = refusal(stack)
    assert found.startswith(
        "network.security_groups: sg-0123456789abcdef0 must let in TCP, UDP 500, ESP between "
    )
