"""Every policy fits what AWS takes, also with the longest names and the most of everything."""

import json
from typing import Any

from components import names
from components.settings import stack_file
from tests.conftest import ROOT, record_program, stack_keys
from tests.security.policies import Policy, conditions, everywhere, policies

PROJECT = stack_file.project(ROOT)
LIMITS = {
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    "identity": 10_240,
    "trust": 2_048,
    # https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
    "key": 32_768,
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
    "bucket": 20_480,
    # https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
    "topic": 30_720,
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
    "queue": 8_192,
    # https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    "endpoint": 20_480,
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    "function": 20_480,
    # ECR's API reference, SetRepositoryPolicy
    "repository": 10_240,
}
"""Kind of policy -> characters that AWS takes."""
LARGEST: dict[str, dict[str, Any]] = {
    "network": {
        "mode": "existing",
        "subnets": [f"subnet-{number:017x}" for number in range(16)],
        "security_groups": [f"sg-{number:017x}" for number in range(5)],
    },
    "job": {
        "instance_count": 2,
        "secrets": [f"{'team' * 10}/{number}" for number in range(10)],
    },
    "image": {
        "shared_with": [
            {"prefix": "p" * names.MAX_PREFIX, "account": f"{number:012}"} for number in range(50)
        ]
    },
    "input": {"prefix": f"{'input' * 40}/"},
    "retries": {
        "fallback_instance_types": [f"ml.m{family}.large" for family in ("6i", "7i", "8i")]
    },
}


def largest() -> list[Policy]:
    """Return the policies of a stack with about the most that somebody would set."""
    keys = stack_keys("local")
    for name, changes in LARGEST.items():
        key = f"{PROJECT}:{name}"
        keys[key] = json.dumps({**json.loads(keys.get(key, "{}")), **changes})
    keys[f"{PROJECT}:prefix"] = "p" * names.MAX_PREFIX
    return policies(record_program("local", keys))


def test_every_policy_fits_what_aws_takes() -> None:
    for policy in [*(each for _, each in everywhere()), *largest()]:
        # IAM does not count white space; the others do.
        assert len(policy.text) <= LIMITS[policy.kind], str(policy)


def test_a_queues_policy_has_no_more_statements_and_conditions_than_sqs_takes() -> None:
    found = [policy for _, policy in everywhere() if policy.kind == "queue"]
    assert found
    for policy in found:
        assert len(policy.statements) <= 20
        assert sum(len(list(conditions(each))) for each in policy.statements) <= 10
