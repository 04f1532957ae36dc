"""Two stacks of one account keep out of each other's way, whatever their prefixes are."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from tests.conftest import ACCOUNT, REGION
from tests.recorded import STACKS, VARIANTS, listed, program, statements
from tests.security import exceptions
from tests.security.patterns import overlap
from tests.security.policies import Policy, conditions, everywhere, policies, resources

PAIRS = [("data", "data-x"), ("data", "datax"), ("data", "x-data"), ("data-x", "datax")]
GENERATED = re.compile(r"key/1234abcd|-0a1b2c3|network-[a-z0-9-]+-id")
"""What the recorder calls what AWS names: on AWS it is another one in each stack."""


@cache
def named(prefix: str) -> list[Policy]:
    """Return the policies of the VPC variant as they are under another prefix."""
    recorded = program("vpc")
    own = recorded.exports["prefix"]
    return [replace(each, text=each.text.replace(own, prefix)) for each in policies(recorded)]


def patterns(found: list[Policy], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield what a stack's policies call its own: in resources, and in conditions."""
    for policy in found:
        for statement in policy.statements:
            where = f"{policy}, {statement['Sid']}"
            tested = [value for _, _, values in conditions(statement) for value in values]
            for each in [*resources(statement), *tested]:
                if each.startswith("arn:") and _own(each, prefix):
                    yield where, each


def _own(pattern: str, prefix: str) -> bool:
    return prefix in pattern or GENERATED.search(pattern) is not None


@pytest.mark.parametrize(("one", "other"), [*PAIRS, *((b, a) for a, b in PAIRS)])
def test_no_policy_of_a_stack_reaches_what_is_another_stacks(one: str, other: str) -> None:
    theirs = {_renamed(pattern) for _, pattern in patterns(named(other), other)}
    ours = list(patterns(named(one), one))
    assert len(ours) > 30
    assert len(theirs) > 20
    reached = {
        f"{where}: {pattern} and {their}"
        for where, pattern in ours
        for their in theirs
        if overlap(pattern, their)
    }
    assert not reached, "\n".join(sorted(reached))


def _renamed(pattern: str) -> str:
    return GENERATED.sub("another", pattern)


def test_what_belongs_to_the_whole_account_has_a_written_reason() -> None:
    prefixes = {stack: program(stack).exports["prefix"] for stack in (*STACKS, *VARIANTS)}
    found = {
        (policy.owner, statement["Sid"])
        for stack, policy in everywhere()
        for statement in policy.statements
        if policy.kind not in ("key", "endpoint") and statement["Effect"] == "Allow"
        for resource in resources(statement)
        if not _own(resource, prefixes[stack])
    }
    assert found == exceptions.SHARED.keys()


def test_an_arn_in_a_condition_that_may_be_another_stacks_has_a_written_reason() -> None:
    prefixes = {stack: program(stack).exports["prefix"] for stack in (*STACKS, *VARIANTS)}
    found = {
        (policy.owner, statement["Sid"])
        for stack, policy in everywhere()
        for statement in policy.statements
        for _, _, values in conditions(statement)
        for value in values
        if value.startswith("arn:") and not _own(value, prefixes[stack])
    }
    assert found == exceptions.ANY_OF_THE_ACCOUNT.keys()


def test_the_whole_of_sagemakers_log_group_is_never_granted_by_stream() -> None:
    of_streams = {"logs:CreateLogStream", "logs:PutLogEvents", "logs:GetLogEvents"}
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/ProcessingJobs:*"
    groups = [
        each for each in statements(program("vpc")) if group in listed(each.get("Resource", []))
    ]
    assert {each["Sid"] for each in groups} == {"FindLogs"}
    assert not any(of_streams & set(each["Action"]) for each in groups)
