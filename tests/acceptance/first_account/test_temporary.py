"""What a run makes of its own bears one name, by which all of it is found and taken away."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from acceptance.first_account import temporary
from acceptance.first_account.__main__ import ask
from acceptance.first_account.look import Look
from components.settings import loader
from ops.stack import Stack
from tests.acceptance.first_account.own_things import error
from tests.acceptance.first_account.recorded import NOW
from tests.acceptance.first_account.test_probes import PROBES
from tests.conftest import PROJECT, REGION, stack_keys
from tests.quick_moto import mock_aws

NAME = "processing-dev--first-account"
ALL = [
    f"function {NAME}",
    f"role processing-dev-{REGION}-first-account",
    f"rule {NAME}",
    f"topic {NAME}",
    f"queue {NAME}",
]
BOUNDARY = "arn:aws:iam::123456789012:policy/most"


@pytest.fixture
def look() -> Iterator[Look]:
    """At a stack in moto that has its key, which lets time pass where a probe waits."""
    keys = stack_keys("dev") | {f"{PROJECT}:permissions_boundary": BOUNDARY}
    stack = Stack(loader.read(keys, PROJECT, "dev"))
    clock = SimpleNamespace(now=NOW)

    def pause() -> None:
        clock.now += timedelta(minutes=1)

    with mock_aws(config={"lambda": {"use_docker": False}}):
        kms = stack.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/{stack.prefix}", TargetKeyId=key)
        yield Look(stack, partial(ask, stack), lambda: clock.now, pause, may_change=True)


@pytest.fixture
def made(look: Look) -> Look:
    """After a run that has made all, and was not allowed to send an event."""
    answer = look.ask

    def denied(service: str, operation: str, /, **request: Any) -> Any:
        if operation == "put_events":
            raise error("AccessDeniedException", "no", "PutEvents")
        return answer(service, operation, **request)

    look.ask = denied
    for name in ("source-account", "source-arn"):
        look.has_made = False
        PROBES[name].answer(look)
        assert look.has_made
    return look


def test_all_is_removed_and_said(made: Look) -> None:
    assert temporary.remove(made) == (ALL, [])
    assert temporary.remove(made) == ([], []), "and is gone"


def test_what_an_earlier_run_left_is_removed_and_said_before(made: Look) -> None:
    *left, makes = temporary.begin(made)
    assert left == [f"Left by an earlier run, and removed: {each}" for each in ALL]
    assert all(each.split()[1] in makes for each in ALL)
    assert "less than $0.01" in makes
    assert list(temporary.begin(made)) == [makes]


def test_what_cannot_be_removed_keeps_nothing_else(made: Look) -> None:
    answer = made.ask

    def denied(service: str, operation: str, /, **request: Any) -> Any:
        if operation == "delete_role":
            raise error("AccessDenied", "no", "DeleteRole")
        return answer(service, operation, **request)

    made.ask = denied
    removed, [problem] = temporary.remove(made)
    assert removed == [each for each in ALL if not each.startswith("role")]
    assert problem.startswith(f"{ALL[1]}: These credentials may not DeleteRole")


def test_the_role_is_within_the_boundary_and_may_do_nothing(made: Look) -> None:
    iam, name = made.stack.client("iam"), ALL[1].split()[1]
    boundary = iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"]
    assert boundary["PermissionsBoundaryArn"] == BOUNDARY
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []


def test_nothing_is_made_at_the_embedded_aws(look: Look) -> None:
    look.stack.__dict__["_local"] = {"endpoint_url": "http://127.0.0.1"}
    assert list(temporary.begin(look)) == []
