"""Every role of every stack: bounded where the stack says so, and its one policy its own."""

from typing import Any
from unittest.mock import Mock

import pulumi
import pytest

from components import role
from components.policies.statements import allow, document, short_enough
from tests.components.stacks import stack
from tests.conftest import PROJECT, record
from tests.recorded import STACKS, VARIANTS, program, varied

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
EVERY = pytest.mark.parametrize("stack", [*STACKS, *VARIANTS])


@EVERY
class TestEveryRole:
    def test_has_the_boundary_that_its_stack_sets_and_no_other(self, stack: str) -> None:
        keys = varied(stack) if stack in VARIANTS else {}
        wanted = keys.get(f"{PROJECT}:permissions_boundary")
        roles = program(stack).inputs(ROLE)
        assert len(roles) >= 5
        assert {role.get("permissionsBoundary") for role in roles.values()} == {wanted}

    def test_has_exactly_one_policy(self, stack: str) -> None:
        recorder = program(stack)
        names = {name.removesuffix("-role") for name in recorder.inputs(ROLE)}
        policies = recorder.inputs(POLICY)
        assert {name.removesuffix("-policy") for name in policies} == names
        for name, policy in policies.items():
            role = recorder.inputs(ROLE)[f"{name.removesuffix('-policy')}-role"]
            assert policy["role"] == role["name"]


def _policy(prefixes: int) -> dict[str, Any]:
    """Return what a role may do that reads under so many prefixes, with a key not there yet."""
    read = [f"arn:aws:s3:::bucket/team-{number:03}/*" for number in range(prefixes)]
    key: Any = pulumi.UNKNOWN
    return document(
        allow("ReadInput", ["s3:GetObject"], read), allow("Use", ["kms:Decrypt"], [key])
    )


class TestAPolicyThatIamDoesNotTake:
    def test_is_refused_with_what_is_long_in_it_and_a_way_out(self) -> None:
        assert short_enough("a", _policy(300)) == _policy(300)
        with pytest.raises(pulumi.RunError) as refused:
            short_enough("a", _policy(310))
        assert str(refused.value).startswith(
            "schedules: the policy of the role a would have 10,491 characters, 10,305 of them in "
            "ReadInput, and IAM takes 10,240. Let the schedules' buckets be few, and their prefixe"
        )

    def test_is_so_in_a_preview_too_which_does_not_know_all_of_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Not by a refusal: asyncio tells of an output that fails in the midst of some other test.
        looked_at = Mock(wraps=short_enough)
        monkeypatch.setattr(role, "short_enough", looked_at)

        def create() -> None:
            parent, allowed = pulumi.ComponentResource("a:a:A", "a"), _policy(1)["Statement"]
            role.create_role(
                "a", stack(), parent, service="lambda", source_arn=None, allowed=allowed
            )

        record(create, "prod")
        looked_at.assert_called_once_with("a", _policy(1))


def test_one_variant_sets_a_boundary() -> None:
    """Else the test above would compare nothing with nothing."""
    assert any("permissions_boundary" in changes for changes in VARIANTS.values())
