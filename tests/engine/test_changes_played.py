"""Changes that replace much, played one after the other in one stack's life."""

from pathlib import Path

import pytest

from tests.engine.life import REQUIRED, UNSHARED
from tests.engine.outcome import OperationFailed, Outcome
from tests.engine.stack import Stack

EXISTING = {
    "mode": "existing",
    "subnets": ["subnet-0123456789abcdef0"],
    "security_groups": ["sg-0123456789abcdef0"],
}
MOVED = {"job-policy": "update", "launcher-function": "update", "launcher-policy": "update"}
"""What another place of the jobs means elsewhere."""
CUT_OFF_OR_NOT = {**MOVED, "observer-function": "update"}
"""The same where isolation changes, too, which the observer's settings tell."""
OF_SPOT = dict.fromkeys(
    (
        *("job-role", "observer-policy", "observer-rule", "storage-output-lifecycle"),
        *("monitoring-daily-no-success", "monitoring-daily-running-long", "monitoring-dashboard"),
    ),
    "update",
)
"""What else is there for spot, and changes when it is given up."""


def outside_of_network(outcome: Outcome) -> dict[str, str]:
    return {
        name: operation
        for name, operation in outcome.changes.items()
        if name.split("-")[0] != "network"
    }


def in_network(outcome: Outcome) -> set[str]:
    return {
        operation for name, operation in outcome.changes.items() if name.split("-")[0] == "network"
    }


def test_there_and_back_through_every_network_and_to_another_prefix(tmp_path: Path) -> None:
    """Of a stack that sets nothing but what it has to."""
    with Stack(tmp_path, "own", REQUIRED, bare=True) as stack:
        assert set(stack.up().changes.values()) == {"create"}
        spot = {"capacity": "spot", "instance_type": "ml.t3.large"}
        stack.configure({"data": "destroy", "job": spot})
        assert set(stack.up().changes.values()) == {"update"}

        stack.configure({"network": {"mode": "vpc"}, "job": ...})
        entered = stack.up()
        # The key's policy names the group of the flow logs.
        key_too = {"encryption-key": "update", **CUT_OFF_OR_NOT}
        assert outside_of_network(entered) == key_too | OF_SPOT
        assert in_network(entered) == {"create"}

        stack.configure({"network": {"zones": 3}})
        widened = stack.up()
        assert outside_of_network(widened) == MOVED
        assert widened.changes["network-vpc"] == "replace"
        assert in_network(widened) == {"create", "replace"}

        stack.configure({"network": {"endpoints": ["logs"]}})
        assert stack.up().changes == {"network-endpoint-monitoring": "delete"}

        default = {"zones": 2, "endpoints": ["logs", "monitoring"]}
        stack.configure({"network": {**default, **EXISTING}})
        left = stack.up()
        assert outside_of_network(left) == {"encryption-key": "update", **MOVED}
        assert in_network(left) == {"delete"}

        stack.configure({"network": {"mode": "isolated", "subnets": [], "security_groups": []}})
        assert stack.up().changes == CUT_OFF_OR_NOT
        assert not [kind for kind, _ in stack.cloud.made if kind.startswith(("aws:ec2", "aws:vpc"))]
        stack.up(expect_no_changes=True)
        stack.refresh(expect_no_changes=True)

        stack.configure({"prefix": "another"})
        renamed = stack.up()
        assert renamed.changes["storage-input"] == renamed.changes["journal-table"] == "replace"
        assert "encryption-key" not in {
            name for name, operation in renamed.changes.items() if operation == "replace"
        }
        stack.up(expect_no_changes=True)
        stack.destroy()
        assert stack.cloud.made == {}


def test_a_job_that_runs_holds_up_the_end_of_its_network_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    with Stack(tmp_path, settings={"network": {"mode": "vpc"}, **UNSHARED}) as stack:
        stack.up()
        [subnet, *_] = [id_ for kind, id_ in stack.cloud.made if kind == "aws:ec2/subnet:Subnet"]
        stack.cloud.held[subnet] = "a network interface of a job"
        with pytest.raises(OperationFailed, match="network interface of a job"):
            stack.destroy()
        stack.cloud.held.clear()
        stack.destroy()
        assert stack.cloud.made == {}
