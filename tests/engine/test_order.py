"""In which order resources are created: nothing is used before all that it needs is there.

The engine knows only what is declared: by a value, or by `depends_on`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.engine.stack import Stack
from tests.engine.state import Resource, undeclared
from tests.engine.values import parsed, strings

_TARGET = "aws:cloudwatch/eventTarget:EventTarget"
_BUCKET = "aws:s3/bucket"


class Completion(NamedTuple):
    """A resource without which another one, that it names, is there but of no use."""

    names: str
    """The input that names the other."""
    users: tuple[str, ...] = ()
    """The only kinds that need it; empty: all."""


COMPLETIONS = {
    "aws:iam/rolePolicy:RolePolicy": Completion("role"),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Completion("functionName"),
    "aws:lambda/permission:Permission": Completion("sourceArn", (_TARGET,)),
    "aws:sqs/queuePolicy:QueuePolicy": Completion("queueUrl", (_TARGET,)),
    "aws:sns/topicPolicy:TopicPolicy": Completion(
        "arn",
        (_TARGET, "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:lambda/function:Function"),
    ),
    f"{_BUCKET}Policy:BucketPolicy": Completion("bucket"),
    f"{_BUCKET}PublicAccessBlock:BucketPublicAccessBlock": Completion("bucket"),
    f"{_BUCKET}OwnershipControls:BucketOwnershipControls": Completion("bucket"),
    f"{_BUCKET}Versioning:BucketVersioning": Completion("bucket"),
    f"{_BUCKET}LifecycleConfiguration:BucketLifecycleConfiguration": Completion("bucket"),
    f"{_BUCKET}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        Completion("bucket")
    ),
}
# Alarms and dashboards look at what they name in these, and use nothing of it.
_ONLY_LOOKED_AT = {"dimensions", "dashboardBody"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = {
        "network": {"mode": "vpc"},
        "job": {"instance_count": 2},
        "alerts": {"subscriptions": [{"protocol": "email", "endpoint": "team@example.com"}]},
    }
    with Stack(tmp_path_factory.mktemp("order"), "prod", settings) as made:
        made.up()
        yield made


@pytest.fixture(scope="module")
def found(stack: Stack) -> list[Resource]:
    return stack.state()


def test_whatever_names_another_resource_depends_on_it(found: list[Resource]) -> None:
    # The name of a schedule is a word that alarms have as a dimension.
    schedules = {each.name for each in found if each.kind == "aws:scheduler/schedule:Schedule"}
    assert {pair for pair in undeclared(found) if pair[1] not in schedules} == set()


def test_nothing_is_used_before_its_policies_and_settings_are_there(found: list[Resource]) -> None:
    missing: set[tuple[str, str]] = set()
    checked = 0
    for completion in found:
        rule = COMPLETIONS.get(completion.kind)
        if rule is None:
            continue
        completed = _named(found, completion.inputs[rule.names])
        for user in found:
            if user.kind in COMPLETIONS or (rule.users and user.kind not in rule.users):
                continue
            if user.urn != completed.urn and _names_of(completed) & _values(user):
                checked += 1
                if completion.urn not in _before(found, user):
                    missing.add((user.name, completion.name))
    assert missing == set()
    assert checked > 50


def test_schedules_come_last(found: list[Resource]) -> None:
    """Of the first slot somebody hears, however soon after the deployment it is due."""
    [schedule] = [each for each in found if each.name == "schedule-daily"]
    before = _before(found, schedule)
    needed = {
        each.urn
        for each in found
        if each.custom and any(f":{part}" in each.urn for part in ("Launcher", "Observer", "Job"))
    }
    assert len(needed) > 15
    assert needed <= before


def test_what_comes_before_the_launcher_shows_as_no_change_of_it(stack: Stack) -> None:
    """A preview shows only what will change: policies that name subnets are known, too."""
    stack.configure({"network": {"endpoints": ["logs", "monitoring", "sts"]}})
    assert stack.preview().changes == {"network-endpoint-sts": "create"}


def _named(found: list[Resource], name: str) -> Resource:
    [one] = [
        each
        for each in found
        if each.custom and each.kind not in COMPLETIONS and name in _names_of(each)
    ]
    return one


def _names_of(resource: Resource) -> set[str]:
    own = [key for key in ("arn", "url") if key not in resource.inputs]
    return {resource.id, *(resource.outputs[key] for key in own if key in resource.outputs)}


def _values(resource: Resource) -> set[str]:
    """Return the whole values of a resource's inputs: what a policy names is not used by it."""
    inputs = {key: each for key, each in resource.inputs.items() if key not in _ONLY_LOOKED_AT}
    return {text for text in strings(inputs) if parsed(text) is None}


def _before(found: list[Resource], resource: Resource) -> set[str]:
    """Return the URNs of all that the engine has finished when it begins with a resource."""
    direct = {each.urn: each.dependencies for each in found}
    reached, todo = set[str](), [*resource.dependencies]
    while todo:
        urn = todo.pop()
        if urn not in reached:
            reached.add(urn)
            todo += direct.get(urn, ())
    return reached
