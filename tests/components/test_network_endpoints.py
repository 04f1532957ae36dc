"""Names of interface endpoints."""

from __future__ import annotations

import pytest

from components.aws import endpoint_names


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
        assert endpoint_names.of_service(service) == endpoint
