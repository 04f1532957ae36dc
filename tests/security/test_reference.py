"""Every statement against what AWS itself knows: a typo in a policy is a refusal at night."""

from functools import cache
from typing import Any

from tests.security import exceptions, reference
from tests.security.policies import Policy, actions, conditions, everywhere, resources
from tests.security.reference import Action, operator_problem


@cache
def every() -> list[tuple[str, Policy, dict[str, Any]]]:
    """Return every statement of all, after where to find it; not while tests are collected."""
    return [
        (f"{stack}: {policy}, {statement['Sid']}", policy, statement)
        for stack, policy in everywhere()
        for statement in policy.statements
    ]


def known(statement: dict[str, Any]) -> list[Action]:
    """Return the statement's actions, without those with a `*`."""
    found = [reference.action(name) for name in actions(statement) if "*" not in name]
    return [action for action in found if action]


def test_every_action_exists_in_this_spelling() -> None:
    unknown = {
        f"{where}: {name}"
        for where, _, statement in every()
        for name in actions(statement)
        if "*" not in name and not reference.action(name)
    }
    assert not unknown, "\n".join(sorted(unknown))


def test_every_action_has_a_resource_that_it_works_on() -> None:
    idle = {
        f"{where}: {action.name}"
        for where, policy, statement in every()
        for action in known(statement)
        # ECR takes no resource in a repository's policy, which is about that one.
        if policy.kind not in ("trust", "repository")
        and not _works_on(action, resources(statement))
    }
    assert not idle, "\n".join(sorted(idle))


def test_every_resource_is_one_that_an_action_works_on() -> None:
    idle = {
        f"{where}: {resource}"
        for where, _, statement in every()
        for resource in resources(statement)
        if known(statement) and not any(_works_on(each, [resource]) for each in known(statement))
    }
    assert not idle, "\n".join(sorted(idle))


def test_everything_is_meant_only_where_the_action_knows_no_resource() -> None:
    wide = {
        action.name
        for _, policy, statement in every()
        if "*" in resources(statement) and policy.kind == "identity"
        for action in known(statement)
        if action.formats
    }
    assert wide == exceptions.NO_ARN_YET.keys()


def test_every_condition_is_one_that_aws_evaluates_for_every_action_of_the_statement() -> None:
    """Any other makes an Allow void, and a Deny never match."""
    unknown = {
        f"{where}: {action.name} has no {key}"
        for where, _, statement in every()
        for _, key, _ in conditions(statement)
        for action in known(statement)
        if action.type_of(key) is None
    }
    assert not unknown, "\n".join(sorted(unknown))


def test_every_operator_fits_the_keys_type() -> None:
    wrong = {
        f"{where}: {operator} {key}: {problem}"
        for where, _, statement in every()
        for operator, key, values in conditions(statement)
        for action in known(statement)
        for problem in [operator_problem(operator, action.type_of(key) or "String", values)]
        if problem and key not in exceptions.SINGLE_VALUED
    }
    assert not wrong, "\n".join(sorted(wrong))


def test_for_all_values_never_allows_a_request_that_lacks_the_key() -> None:
    """ForAllValues is true of an absent key: only the Null operator asks that it is there."""
    for where, _, statement in every():
        there = {
            key
            for operator, key, values in conditions(statement)
            if operator == "Null" and values == ["false"]
        }
        for operator, key, _ in conditions(statement):
            if operator.startswith("ForAllValues:") and statement["Effect"] == "Allow":
                assert key in there, f"{where}: {key}"


def test_every_written_exception_is_needed() -> None:
    used = {key for _, _, statement in every() for _, key, _ in conditions(statement)}
    assert exceptions.SINGLE_VALUED.keys() <= used


def _works_on(action: Action, patterns: list[str]) -> bool:
    return any(pattern == "*" or action.accepts(pattern) for pattern in patterns)
