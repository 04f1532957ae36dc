"""Every role of every stack: bounded where the stack says so, and its one policy its own."""

import pytest

from tests.recorded import STACKS, VARIANTS, program, varied

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
EVERY = pytest.mark.parametrize("stack", [*STACKS, *VARIANTS])


@EVERY
class TestEveryRole:
    def test_has_the_boundary_that_its_stack_sets_and_no_other(self, stack: str) -> None:
        keys = varied(stack) if stack in VARIANTS else {}
        wanted = keys.get("sagemaker-processing:permissions_boundary")
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


def test_one_variant_sets_a_boundary() -> None:
    """Else the test above would compare nothing with nothing."""
    assert any("permissions_boundary" in changes for changes in VARIANTS.values())
