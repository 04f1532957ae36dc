"""The physical names of every stack: whose they are, and that nothing else has them."""

import pytest

from components import names
from tests.conftest import PROJECT, Recorder, record_program, stack_keys
from tests.recorded import STACKS, VARIANTS, program, varied

GLOBAL_NAMES = {
    "aws:s3/bucket:Bucket": "bucket",
    "aws:iam/role:Role": "name",
    "aws:cloudwatch/dashboard:Dashboard": "dashboardName",
}
"""Kind -> the input with its name, which the account, or all of AWS, has only once."""


def named(recorder: Recorder, kinds: dict[str, str]) -> set[str]:
    found = ((kind, inputs) for kind in kinds for inputs in recorder.inputs(kind).values())
    return {inputs[kinds[kind]] for kind, inputs in found}


class TestNames:
    @pytest.mark.parametrize("stack", [*STACKS, *VARIANTS])
    def test_begin_with_the_stacks_prefix(self, stack: str) -> None:
        kinds = {
            **GLOBAL_NAMES,
            "aws:sqs/queue:Queue": "name",
            "aws:lambda/function:Function": "name",
            "aws:cloudwatch/eventRule:EventRule": "name",
            "aws:ec2/securityGroup:SecurityGroup": "namePrefix",
        }
        prefix = f"processing-{'local' if stack in VARIANTS else stack}-"
        names = named(program(stack), kinds)
        assert len(names) > 10
        assert {name for name in names if not name.startswith(prefix)} == set()

    def test_leave_room_for_the_same_stack_in_another_region(self) -> None:
        other = record_program("prod", {**stack_keys("prod"), "aws:region": "ap-southeast-1"})
        here, there = named(program("prod"), GLOBAL_NAMES), named(other, GLOBAL_NAMES)
        assert len(here) == len(there) > 5
        assert here.isdisjoint(there)

    def test_fit_into_the_limits_of_aws_with_the_longest_prefix_and_region(self) -> None:
        prefix = {"aws:region": "ap-southeast-1", f"{PROJECT}:prefix": "p" * names.MAX_PREFIX}
        recorder = record_program("local", {**varied("vpc"), **prefix})
        for kind, longest in {"aws:iam/role:Role": 64, "aws:sqs/queue:Queue": 80}.items():
            assert {name for name in named(recorder, {kind: "name"}) if len(name) > longest} == (
                set()
            )
