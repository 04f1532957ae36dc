"""Every role of every stack: bounded where the stack says so, and its one policy its own."""

import pulumi
import pytest

from components.policies.statements import allow
from components.role import create_role
from tests.components.stacks import stack
from tests.conftest import record
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


def _create(prefixes: int) -> None:
    """Create a role that may read under so many prefixes, and use a key that is not there yet."""
    of, parent = stack(), pulumi.ComponentResource("sagemaker-processing:a:A", "a")
    key: pulumi.Output[str] = pulumi.Output.from_input(pulumi.UNKNOWN).apply(str)
    read = [f"arn:aws:s3:::bucket/team-{number:03}/*" for number in range(prefixes)]
    allowed = [allow("ReadInput", ["s3:GetObject"], read), allow("Use", ["kms:Decrypt"], [key])]
    create_role("a", of, parent, service="lambda", source_arn=None, allowed=allowed)


def test_no_role_has_a_policy_that_iam_does_not_take() -> None:
    """Told in a preview, which does not know all of it."""
    record(lambda: _create(290), "prod")
    with pytest.raises(pulumi.RunError) as refused:
        record(lambda: _create(310), "prod")
    assert str(refused.value).startswith(
        "schedules: the policy of the role a would have 10,491 characters, 10,305 of them in "
        "ReadInput, and IAM takes 10,240. Let the schedules' buckets be few, and their prefixes "
    )


def test_one_variant_sets_a_boundary() -> None:
    """Else the test above would compare nothing with nothing."""
    assert any("permissions_boundary" in changes for changes in VARIANTS.values())
