"""Every policy of every stack and variant, against what a reviewer would ask."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

from tests.conftest import ACCOUNT, REGION
from tests.recorded import STACKS, VARIANTS, program
from tests.security import exceptions
from tests.security.policies import (
    Kind,
    Policy,
    actions,
    conditions,
    everywhere,
    of_role,
    policies,
    resources,
    services,
)

KEYS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


def statements() -> Iterator[tuple[str, Policy, dict[str, Any]]]:
    """Yield every statement of all, after where to find it."""
    for stack, policy in everywhere():
        for statement in policy.statements:
            yield f"{stack}: {policy}, {statement.get('Sid')}", policy, statement


class TestForm:
    def test_every_kind_of_policy_is_looked_at(self) -> None:
        kinds = Counter(policy.kind for _, policy in everywhere())
        assert kinds.keys() == set(get_args(Kind))
        assert len(list(statements())) > 40 * len([*STACKS, *VARIANTS])

    def test_every_statement_has_a_name_of_its_own_in_its_policy(self) -> None:
        for stack, policy in everywhere():
            names = [statement.get("Sid", "") for statement in policy.statements]
            assert all(name.isalnum() for name in names), f"{stack}: {policy}"
            assert len(set(names)) == len(names), f"{stack}: {policy}"

    def test_says_what_is_meant_and_never_what_is_not(self) -> None:
        unknown = [where for where, _, each in statements() if each.keys() - KEYS]
        assert unknown == [], "NotAction, NotResource and NotPrincipal mean all that they forget"

    def test_a_role_has_one_policy_inline_and_none_managed(self) -> None:
        for stack in (*STACKS, *VARIANTS):
            recorder = program(stack)
            owners = Counter(each.owner for each in policies(recorder) if each.kind == "identity")
            assert set(owners.values()) == {1}, stack
            assert len(owners) == len(recorder.inputs("aws:iam/role:Role")), stack
            assert not any("olicyAttachment" in kind for kind in recorder.kinds())
            for role in recorder.inputs("aws:iam/role:Role").values():
                assert not role.keys() & {"managedPolicyArns", "inlinePolicies"}


class TestWildcards:
    def test_a_wildcard_action_has_a_written_reason(self) -> None:
        found = {
            (policy.owner, each["Sid"])
            for _, policy, each in statements()
            if any("*" in action for action in actions(each))
        }
        assert found == exceptions.WILDCARD_ACTIONS.keys()

    def test_a_wildcard_resource_has_a_written_reason(self) -> None:
        found = {
            (policy.owner, each["Sid"])
            for _, policy, each in statements()
            if any("*" in resource or "?" in resource for resource in resources(each))
        }
        assert found == exceptions.WILDCARDS.keys()


class TestConditions:
    def test_every_statement_has_those_that_are_written_down(self) -> None:
        seen: dict[tuple[str, str], set[str]] = {}
        for _, policy, each in statements():
            keys = {key for _, key, _ in conditions(each)}
            where = (policy.owner, each["Sid"])
            seen[where] = seen.get(where, keys) & keys
        found: dict[str, set[tuple[str, str]]] = {}
        for where, keys in seen.items():
            for key in keys:
                found.setdefault(key, set()).add(where)
        assert found == exceptions.CONDITIONS


class TestOfAStackInAVpc:
    def statement(self, owner: str, sid: str) -> dict[str, Any]:
        [found] = [
            each
            for policy in policies(program("vpc"))
            if policy.owner == owner
            for each in policy.statements
            if each["Sid"] == sid
        ]
        return found

    def test_the_endpoint_leads_to_the_two_buckets_and_nowhere_else(self) -> None:
        exports = program("vpc").exports
        buckets = [f"arn:aws:s3:::{exports[name]}" for name in ("input_bucket", "output_bucket")]
        listed = self.statement("network-s3", "ListBucketsOfThisStack")
        objects = self.statement("network-s3", "ObjectsOfThisStack")
        assert resources(listed) == buckets
        assert resources(objects) == [f"{bucket}/*" for bucket in buckets]

    def test_jobs_start_in_the_created_subnets_with_the_jobs_group_only(self) -> None:
        recorder = program("vpc")
        names = recorder.inputs("aws:ec2/subnet:Subnet")
        tested = {
            key: values
            for operator, key, values in conditions(self.statement("launcher", "StartJobs"))
            if operator == "ForAllValues:StringEquals"
        }
        assert sorted(tested["sagemaker:VpcSubnets"]) == sorted(f"{name}-id" for name in names)
        assert tested["sagemaker:VpcSecurityGroupIds"] == ["network-jobs-id"]

    def test_the_job_reads_and_writes_below_the_prefixes_of_the_settings(self) -> None:
        exports = program("vpc").exports
        places = {
            "ReadInput": [f"{exports['input_bucket']}/{below}/*" for below in ("canary", "input")],
            "WriteOutput": [f"{exports['output_bucket']}/output/*"],
        }
        for sid, allowed in places.items():
            wanted = [f"arn:aws:s3:::{place}" for place in allowed]
            assert resources(self.statement("job", sid)) == wanted


class TestPrincipals:
    def test_only_services_of_the_list_are_let_in(self) -> None:
        found = {service for _, _, each in statements() for service in services(each)}
        assert found == exceptions.SERVICES.keys()

    def test_a_service_acts_for_this_accounts_resources_only(self) -> None:
        found = {
            (policy.owner, each["Sid"])
            for _, policy, each in statements()
            if services(each) and not _bound_to_a_resource(each)
        }
        assert found == exceptions.UNCONDITIONED.keys()

    def test_everybody_is_meant_only_to_be_denied_or_where_this_account_is_asked_for(self) -> None:
        for where, policy, each in statements():
            if each.get("Principal") in ("*", {"AWS": "*"}) and each["Effect"] == "Allow":
                assert policy.kind == "endpoint", where
                assert _bound_to_principals(each), where

    def test_only_jobs_of_another_account_are_let_in_and_this_one_by_the_key(self) -> None:
        for where, policy, each in statements():
            aws = each["Principal"].get("AWS") if isinstance(each.get("Principal"), dict) else None
            if policy.kind == "repository":
                assert aws == ["arn:aws:iam::210987654321:root"], where
                role = f"arn:aws:iam::210987654321:role/data-{REGION}-job"
                assert each["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [role]}}, where
                assert not resources(each), "ECR takes none"
            elif aws not in (None, "*"):
                assert policy.kind == "key", where
                assert aws == f"arn:aws:iam::{ACCOUNT}:root", where

    def test_a_role_is_passed_only_to_the_service_that_needs_it(self) -> None:
        trusted = {
            policy.owner: services(each)
            for _, policy, each in statements()
            if policy.kind == "trust"
        }
        for where, _, each in statements():
            if "iam:PassRole" in actions(each):
                [role] = resources(each)
                owner = of_role(role)
                condition = {"iam:PassedToService": trusted[owner][0]}
                assert each["Condition"] == {"StringEquals": condition}, where


def _bound_to_a_resource(statement: dict[str, Any]) -> bool:
    """Return whether a service must act for a resource of this account."""
    return any(
        key in ("aws:SourceArn", "kms:EncryptionContext:aws:logs:arn")
        and all(f":{ACCOUNT}:" in value for value in values)
        for _, key, values in conditions(statement)
    )


def _bound_to_principals(statement: dict[str, Any]) -> bool:
    """Return whether the caller must belong to this account, as endpoint policies say it.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway
    """
    return any(
        operator.startswith(("StringEquals", "ArnEquals", "ArnLike"))
        and key in ("aws:PrincipalAccount", "aws:PrincipalArn")
        and all(ACCOUNT in value for value in values)
        for operator, key, values in conditions(statement)
    )


def test_the_text_that_is_judged_is_the_text_that_aws_gets() -> None:
    for _, policy in everywhere():
        assert json.loads(policy.text)["Statement"] == policy.statements
