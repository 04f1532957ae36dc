"""One stack's life: from nothing, through quiet days, to nothing."""

from typing import Any

import pytest

from tests.engine.aws_lookups import PASSWORD
from tests.engine.aws_rules import DATA
from tests.engine.outcome import OperationFailed
from tests.engine.stack import PROJECT, Stack
from tests.recorded import CHATS

BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
ENDPOINT = "secret@example.com"

UNSHARED: dict[str, Any] = {"image": ...}
"""dev as a stack alone, which nothing of is protected."""

LIVES: dict[str, tuple[str, dict[str, Any]]] = {
    "prod": ("prod", {}),
    "vpc of three zones, two instances": (
        "dev",
        {
            "alerts": {"monitoring": "full", **CHATS},
            "network": {
                "mode": "vpc",
                "zones": 3,
                "endpoints": ["logs", "monitoring", "secretsmanager", "sts"],
            },
            "job": {
                "instance_count": 2,
                "cluster": True,
                "secrets": ["database"],
            },
            "permissions_boundary": BOUNDARY,
            **UNSHARED,
        },
    ),
    "staging in an existing network, with existing buckets and several schedules": (
        "staging",
        {
            "input": {"bucket": "their-input"},
            "reference": {"bucket": "their-reference", "prefix": "models/"},
            "output": {"bucket": "their-output"},
            "network": {
                "mode": "existing",
                "subnets": ["subnet-0123456789abcdef0"],
                "security_groups": ["sg-0123456789abcdef0"],
            },
            "schedules": {
                "hourly": {"expression": "rate(1 hour)", "timezone": "UTC"},
                "weekly": {
                    "expression": "cron(0 3 ? * MON *)",
                    "timezone": "Asia/Tokyo",
                    "job": {"capacity": "spot", "instance_type": "ml.m5.large"},
                    "retries": {"fallback_instance_types": []},
                },
                "growing": {
                    "expression": "cron(0 4 * * ? *)",
                    "input": {"when_empty": "wait", "ready": "done.json"},
                    "job": {
                        "cluster": True,
                        "sizes": [
                            {"up_to_gb": 10, "instance_type": "ml.m5.large", "volume_gb": "auto"},
                            {
                                "instance_type": "ml.m5.4xlarge",
                                "instance_count": 2,
                                "volume_gb": "auto",
                            },
                        ],
                    },
                },
                "following": {
                    "expression": "cron(0 4 ? * MON *)",
                    "input": {"output_of": "growing", "wait_seconds": 28_800},
                },
            },
        },
    ),
}
"""What is played -> the stack file, and what is set otherwise.

Nothing but what a stack has to set is played in test_changes_played, and dev in test_image.
"""

REQUIRED = {"schedules": {"daily": {"expression": "cron(0 4 * * ? *)"}}}
"""What a stack has to set, beside its region."""


def keep_secret(stack: Stack) -> None:
    """Let somebody hear of the stack whose address is not to be read anywhere."""
    first = f"{PROJECT}:alerts.subscriptions[0]"
    stack.cli("config", "set", "--path", f"{first}.protocol", "email")
    stack.cli("config", "set", "--path", "--secret", f"{first}.endpoint", ENDPOINT)


def live(stack: Stack) -> None:
    """Play a life, and check what holds for each."""
    theirs = {f"arn:aws:s3:::their-{each}" for each in ("input", "reference", "output")}
    stack.cloud.outside |= {BOUNDARY, *theirs}
    planned = stack.preview()
    done = stack.up()
    assert planned.changes == done.changes
    assert set(done.changes.values()) == {"create"}
    assert not done.said("error")
    later = stack.preview(expect_no_changes=True)
    for each in (planned, later):
        assert ["Forecast:" in said for said in each.said("info")].count(True) == 1
    stack.refresh(expect_no_changes=True)
    everything = planned.text + done.text + stack.written_state()
    assert ENDPOINT not in everything
    assert PASSWORD not in everything
    state = stack.state()
    protected = {each.kind for each in state if each.protect}
    if protected:
        assert protected == DATA & {each.kind for each in state}
        with pytest.raises(OperationFailed, match="protect"):
            stack.preview_destroy()
        stack.configure({"data": "destroy"})
        assert set(stack.up().changes.values()) == {"update"}
    assert set(stack.destroy().changes.values()) == {"delete"}
    assert stack.cloud.made == {}
