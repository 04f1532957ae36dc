"""Whether the network allows what the script calls, and what the settings of a mode may be."""

from __future__ import annotations

from typing import Any

import pytest

from components import network_endpoints
from components.settings import loader
from components.settings.loader import SettingsError, read
from tests.components.settings.test_settings import PROJECT, keys_of
from tests.conftest import ROOT

OPEN: dict[str, Any] = {"network__mode": "vpc", "network__isolation": False}
EXISTING: dict[str, Any] = {
    "network__mode": "existing",
    "network__subnets": ["subnet-0123456789abcdef0"],
    "network__security_groups": ["sg-0123456789abcdef0"],
}


def problems(script: str | None = None, **changes: Any) -> list[str]:
    """Return the problems of a configuration, and of a script with it."""
    try:
        read(keys_of(**changes), PROJECT, "prod", script)
    except SettingsError as error:
        own = f"  {PROJECT}:"
        lines = str(error).split("\n")
        return [line.removeprefix(own) for line in lines if line.startswith(own)]
    return []


def problem(script: str | None = None, **changes: Any) -> str:
    [found] = problems(script, **changes)
    return found


class TestIsolation:
    @pytest.mark.parametrize("network", [{}, {"network__mode": "vpc"}, EXISTING])
    def test_allows_no_call(self, network: dict[str, Any]) -> None:
        found = problem("true\naws s3 cp a b\n", **network)
        assert found.startswith("job.calls null, and line 2 of the script calls s3;")
        assert "network.isolation = true cuts the container off" in found
        assert "SageMaker brings the input to INPUT_PATH" in found
        assert "[]: nothing" in found

    def test_names_the_endpoint_that_another_mode_would_need(self) -> None:
        assert "add monitoring to network.endpoints" in problem("aws cloudwatch list-metrics")

    def test_sends_who_needs_the_internet_to_subnets_with_a_route(self) -> None:
        found = problem("curl https://example.com")
        assert "into the image or the input, or set network.mode to existing" in found

    def test_names_all_calls_at_once(self) -> None:
        found = problems("aws s3 ls\ncurl x\n", job__secrets=["database"])
        assert [line.partition(" ")[0] for line in found] == ["job.calls"] * 2 + ["job.secrets"]

    def test_is_not_left_without_a_vpc(self) -> None:
        found = problem(network__isolation=False)
        assert "the whole internet; set network.mode to vpc or existing" in found


class TestCreatedVpc:
    def test_allows_what_it_has_an_endpoint_for(self) -> None:
        script = "aws s3 ls\naws logs tail x\naws cloudwatch list-metrics\n"
        assert problems(script, **OPEN) == []

    def test_names_the_endpoint_that_is_missing(self) -> None:
        found = problem("aws ecr describe-images", **OPEN)
        assert found.endswith("the VPC has no endpoint for it: add ecr.api to network.endpoints")
        endpoints: dict[str, Any] = {"network__endpoints": ["ecr.api"]}
        assert problems("aws ecr describe-images", **OPEN, **endpoints) == []

    def test_has_no_way_to_the_internet(self) -> None:
        found = problem("pip install x", **OPEN)
        assert "mode vpc has no way to the internet, by design" in found

    def test_needs_an_endpoint_for_secrets(self) -> None:
        found = problem(job__secrets=["database"], **OPEN)
        assert found.startswith("job.secrets database; the VPC has no endpoint for it")
        endpoints: dict[str, Any] = {"network__endpoints": ["secretsmanager"]}
        assert problems(job__secrets=["database"], **OPEN, **endpoints) == []

    def test_has_each_endpoint_once_and_s3_without_asking(self) -> None:
        endpoints = ["logs", "s3", "logs"]
        found = problems(network__mode="vpc", network__endpoints=endpoints)
        assert [line.partition(";")[0] for line in found] == [
            "network.endpoints logs comes twice",
            "network.endpoints s3 is reached by a gateway endpoint in any case",
        ]


class TestExistingSubnets:
    def test_allow_every_call_without_isolation(self) -> None:
        script = "curl x\naws athena list-data-catalogs\n"
        network = {**EXISTING, "network__isolation": False}
        assert problems(script, job__secrets=["database"], **network) == []

    def test_are_to_be_named_with_their_groups(self) -> None:
        found = problems(network__mode="existing")
        assert [line.partition(":")[0] for line in found] == [
            "network.subnets is empty; mode existing needs at least one id",
            "network.security_groups is empty; mode existing needs at least one id",
        ]


@pytest.mark.parametrize(
    ("mode", "key", "value"),
    [
        ("isolated", "cidr", "10.1.0.0/24"),
        ("isolated", "zones", 3),
        ("isolated", "endpoints", ["sts"]),
        ("isolated", "subnets", ["subnet-0123456789abcdef0"]),
        ("vpc", "security_groups", ["sg-0123456789abcdef0"]),
    ],
)
def test_what_has_no_effect_in_a_mode_is_refused(mode: str, key: str, value: Any) -> None:
    found = problem(**{"network__mode": mode, f"network__{key}": value})
    assert found.startswith(f"network.{key} is only for mode ")


class TestCallsBySettings:
    @pytest.mark.parametrize("script", [None, "curl x", "aws s3 ls"])
    def test_replace_what_the_script_shows(self, script: str | None) -> None:
        assert problems(script, job__calls=[]) == []
        found = problem(script, job__calls=["sts"], **OPEN)
        assert found.startswith("job.calls sts; the VPC has no endpoint for it: add sts")

    def test_may_be_the_name_of_an_endpoint(self) -> None:
        assert problems(job__calls=["monitoring"], **OPEN) == []


class TestEndpointNames:
    @pytest.mark.parametrize(
        ("service", "endpoint"),
        [
            ("cloudwatch", "monitoring"),
            ("ecr", "ecr.api"),
            ("sagemaker-runtime", "sagemaker.runtime"),
            ("stepfunctions", "states"),
            ("efs", "elasticfilesystem"),
            ("firehose", "kinesis-firehose"),
            ("secretsmanager", "secretsmanager"),
            ("newer-than-the-model", "newer-than-the-model"),
        ],
    )
    def test_follow_from_the_service(self, service: str, endpoint: str) -> None:
        assert network_endpoints.of_service(service) == endpoint


class TestTheScript:
    def test_of_the_image_is_what_a_preview_reads(self) -> None:
        text = loader.script_text(ROOT / loader.SCRIPT)
        assert text.startswith("#!/usr/bin/env bash")
        assert problems(text) == []

    def test_may_have_bytes_that_are_no_text(self, tmp_path: Any) -> None:
        (tmp_path / "script").write_bytes(b"\xff\naws s3 ls")
        assert "line 2" in problem(loader.script_text(tmp_path / "script"))
