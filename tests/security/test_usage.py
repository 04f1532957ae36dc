"""What is granted is used, and what is used is granted: nights with every class of end."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from components.settings import stack_file
from tests.conftest import ROOT
from tests.recorded import varied
from tests.security import exceptions
from tests.security.policies import actions, everywhere
from tests.security.usage import Stage

pytestmark = pytest.mark.local
PROJECT = stack_file.project(ROOT)


QUEUES = {"launcher": 1, "schedule": 1, "observer": 2}
"""Export of a queue -> how many events it keeps in the end."""


def configuration() -> dict[str, str]:
    """Return that of a cluster of two in a VPC, where a slot takes another's place.

    `load` follows `daily`, and `cheap` is on spot.
    """
    keys = varied("vpc")
    changes: dict[str, tuple[str | None, dict[str, Any]]] = {
        "schedules": ("daily", {"overlap": "Replace"}),
        "job": (None, {"cluster": True, "instance_count": 2}),
    }
    for name, (part, change) in changes.items():
        values = json.loads(keys.get(f"{PROJECT}:{name}", "{}"))
        (values[part] if part else values).update(change)
        if part:
            values["load"] = {**values[part], "input": {"output_of": part}}
            alone = {"capacity": "spot", "instance_count": 1, "cluster": False}
            values["cheap"] = {**values[part], "job": alone}
        keys[f"{PROJECT}:{name}"] = json.dumps(values)
    return keys


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Every way that a slot goes, each once."""
    stage = Stage(tmp_path_factory.mktemp("usage"), configuration())
    try:
        stage.cloud.deploy()
        stage.night()
        stage.replay()
        stage.night("capacity", "quota")
        stage.night(exit_code=3)
        stage.replaced_night("daily")
        stage.reclaimed_night()
        stage.replaced_night("cheap", "spot-reclaimed")
        stage.followed_night()
        stage.broken_events()
        stage.undelivered()
        yield stage
    finally:
        stage.cloud.close()


def test_every_slot_went_the_way_that_it_was_to_go(played: Stage) -> None:
    told = [message["subject"] or "" for message in played.cloud.messages]
    assert [each.partition("local: ")[2].partition(" (")[0] for each in told] == [
        "daily failed: script failed",
        "daily was replaced",
        "daily is green again",
        "cheap was replaced",
    ]
    sqs = played.cloud.aws.client("sqs")
    for queue, kept in QUEUES.items():
        url = sqs.get_queue_url(QueueName=f"processing-local-{queue}-failures")["QueueUrl"]
        found = sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        assert found["Attributes"]["ApproximateNumberOfMessages"] == str(kept), queue


def test_the_follower_has_read_what_was_written_and_nobody_is_told(played: Stage) -> None:
    entry = played.cloud.journal.recent("load", datetime(2026, 1, 1, tzinfo=UTC))[0]
    assert (entry.outcome, entry.number) == ("completed", 1)
    assert (entry.waiting_for or "").startswith("success of daily in the same slot")


def test_what_was_reclaimed_was_resumed_or_ended_on_demand(played: Stage) -> None:
    entries = played.cloud.journal.recent("cheap", datetime(2026, 1, 1, tzinfo=UTC))
    found = sorted((each.outcome or "", each.number, each.capacity) for each in entries)
    assert found == [
        ("completed", 1, "spot"),
        ("completed", 2, "on-demand"),
        ("replaced", 1, "spot"),
        ("spot_reclaimed", 1, "spot"),
    ]


def test_nothing_is_done_that_is_not_granted(played: Stage) -> None:
    grants = played.grants()
    refused = {
        f"{owner}: {access}"
        for owner, access in played.asked
        if not any(grant.allows(owner, access) for grant in grants)
    }
    assert not refused, "\n".join(sorted(refused))


def test_nothing_is_granted_that_is_not_done_or_explained(played: Stage) -> None:
    """Of every stack and variant, whatever was deployed here."""
    used = {
        (grant.owner, grant.statement["Sid"], access.action)
        for grant in played.grants()
        for owner, access in played.asked
        if grant.allows(owner, access)
    }
    granted = {
        (policy.owner, statement["Sid"], action)
        for _, policy in everywhere()
        if policy.kind == "identity"
        for statement in policy.statements
        if statement["Effect"] == "Allow"
        for action in actions(statement)
    }
    assert used <= granted
    unexplained = granted - used - exceptions.NOT_PLAYED.keys()
    assert not unexplained, "grant it to nobody, or say in exceptions.NOT_PLAYED why it is needed"
    assert exceptions.NOT_PLAYED.keys() == granted - used, "a grant that is used needs no reason"
