"""Every policy of CI's roles against what a reviewer would ask, and against what AWS knows."""

from collections.abc import Iterator
from typing import Any

from tests.bootstrap.account import policies
from tests.security import reference
from tests.security.exceptions import NO_ARN_YET
from tests.security.policies import conditions

_BY_TAGS = "AWS chooses the names; the condition asks for the stack's tags."
WILDCARDS = {
    "read-state": {
        "ReadState": "Files below the stack's own folders of the state.",
        "SeeRoles": "The names of the stack's roles begin so, by prefix and region.",
        "SeeKey": _BY_TAGS,
        "SeeEnvironments": _BY_TAGS,
        "SeeInputs": _BY_TAGS,
        "SeeAlarms": "That some may be described by name is documented nowhere; shows alarms.",
        "SeeNames": "The actions know no resource; the token opens nothing by itself.",
        "SeeNetworks": "The actions know no resource; they show the account's networks.",
        "SeeVpcs": "With `network.mode: existing` a VPC is anybody's; shows whether it has DNS.",
    },
    "read": {
        "SeeSchedules": "Schedules of the stack's own group.",
        "SeeMonitoring": "By `--` no other stack's alarms are meant.",
        "SeeLogGroups": "The other form of a log group's ARN.",
    },
    "write-state": {
        "KeepState": "Files below the stack's own folders of the state.",
        "CreateChats": "What does not exist yet has no ARN; it gets the stack's tags.",
        "CreateKey": "What does not exist yet has no ARN; it gets the stack's tags.",
        "TagNewKey": "No key that has an alias, or tags of a stack.",
        "KeepKey": _BY_TAGS,
        "LendKey": _BY_TAGS,
        "EndKey": _BY_TAGS,
        "NeverEndData": "A Deny is meant for everything.",
        "EndObjects": "All that a bucket holds which is to go.",
        "KeepBoundedRoles": "The names of the stack's roles begin so, by prefix and region.",
        "KeepRoles": "The names of the stack's roles begin so, by prefix and region.",
        "PassRoles": "The names of the stack's roles begin so, by prefix and region.",
    },
    "write": {
        "KeepSchedules": "Schedules of the stack's own group.",
        "KeepMonitoring": "By `--` no other stack's alarms are meant.",
        "KeepLogGroups": "The other form of a log group's ARN.",
    },
    "test": {
        "Objects": "Slots of the schedule canary, and of the year 2000 of others.",
        "Jobs": "The names of this stack's jobs begin so, and those of their log streams.",
        "Inbox": "The queue of one test, named after its time.",
        "FindLines": "To AWS the resource of such a call is a stream without a name.",
        "Lines": "The names of this stack's jobs begin so, and those of their log streams.",
        "SeeAll": "The actions know no resource; they show names and numbers.",
    },
    "write-network": {
        "CreateNetwork": "What does not exist yet has no ARN; it gets the stack's tags.",
        "CreateRules": "What does not exist yet has no ARN; it gets the stack's tags.",
        "CreateInNetwork": _BY_TAGS,
        "TagNewNetwork": "Only with what the request creates, and the stack's tags.",
        "KeepNetwork": _BY_TAGS,
        "AdoptDefaultGroup": "No group that has tags of a stack.",
    },
}
"""Policy -> Sid -> why its resource has a `*`. A boundary grants nothing."""


OPTIONAL = {"cloudwatch:GetMetricData": "a dataset is optional, and metrics have no ARN"}
"""Action that the reference gives a resource, which a request need not have -> why `*`."""


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every statement of both stacks, after where to find it."""
    for name, found in policies().items():
        for each in found:
            yield f"{name}, {each['Sid']}", each


def test_every_wildcard_has_a_written_reason_and_no_action_has_one() -> None:
    found = {
        (name.partition("-")[2], each["Sid"])
        for name, policy in policies().items()
        if not name.endswith("-boundary")
        for each in policy
        if any("*" in resource for resource in each["Resource"])
    }
    assert found == {(name, sid) for name, reasons in WILDCARDS.items() for sid in reasons}
    assert not [where for where, each in statements() if "*" in "".join(each["Action"])]


def test_every_statement_has_a_name_of_its_own_and_one_denies() -> None:
    for name, policy in policies().items():
        assert len({each["Sid"] for each in policy}) == len(policy), name
        denied = {each["Sid"] for each in policy if each["Effect"] == "Deny"}
        assert denied == (
            {"NeverEndData"} if name in ("prod-write-state", "standby-write-state") else set()
        )
        assert not [each for each in policy if "NotAction" in each or "NotResource" in each]


def test_every_action_exists_and_works_on_its_resources_with_its_conditions() -> None:
    wrong = set[str]()
    for where, each in statements():
        known = {name: reference.action(name) for name in each["Action"]}
        wrong |= {f"{where}: {name} is none" for name, found in known.items() if not found}
        actions = [found for found in known.values() if found]
        for action in actions:
            if not any(_fits(action, resource) for resource in each["Resource"]):
                wrong.add(f"{where}: {action.name} works on none of its resources")
            for operator, key, values in conditions(each):
                kind = action.type_of(key)
                if not kind or reference.operator_problem(operator, kind, values):
                    wrong.add(f"{where}: {action.name} and {operator} {key}")
        for resource in each["Resource"]:
            if not any(_fits(action, resource) for action in actions):
                wrong.add(f"{where}: nothing works on {resource}")
    assert not wrong, "\n".join(sorted(wrong))


def _fits(action: reference.Action, resource: str) -> bool:
    if resource == "*":
        return not action.formats or action.name in {*NO_ARN_YET, *OPTIONAL}
    return action.accepts(resource)


def test_the_preview_role_only_reads() -> None:
    access = reference.access_level
    written = {
        action
        for name in ("dev-read", "dev-read-state")
        for each in policies()[name]
        for action in each["Action"]
        if access(action) not in ("Read", "List")
    }
    # AWS counts decryption as writing; ReadSecrets, SeeInputs and the like say of what.
    assert written == {"kms:Decrypt"}
