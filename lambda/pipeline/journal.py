"""The journal: one item for each attempt, and one for each schedule's health, in DynamoDB.

SageMaker says which jobs exist; the journal says which of their ends have been dealt with, what
comes next, and what never became a job. ADR 7 says why it is a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from pipeline.attempt import Attempt, slot_text
from pipeline.journal_items import (
    Entry,
    Item,
    attempt_key,
    epoch,
    from_item,
    from_time,
    health_key,
    to_item,
    to_time,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LAST_SLOT = "9999-12-31T23:59:59Z"
_KEPT = timedelta(days=400)
"""How long an attempt is kept: a year can be compared with the year before."""


class Claim(Enum):
    """What came of the wish to deal with an attempt's end."""

    TAKEN = auto()
    """It is the caller's to deal with."""
    CONCLUDED = auto()
    """It was dealt with before."""
    BUSY = auto()
    """Another invocation is at it; should that fail, it is retried there."""


class Journal:
    """The table, through the client of whoever asks."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def find(self, attempt: Attempt) -> Entry | None:
        """Return what is known of an attempt."""
        item = self._get(attempt_key(attempt))
        return from_item(item) if item else None

    def attempts(self, schedule: str, slot: datetime) -> list[Entry]:
        """Return what is known of a slot's attempts, ascending."""
        return list(self._query(schedule, f"{slot_text(slot)}#", f"{slot_text(slot)}#~"))

    def recent(self, schedule: str, since: datetime, limit: int = 100) -> list[Entry]:
        """Return up to `limit` attempts at slots from `since` on, the latest slot first."""
        found = self._query(schedule, slot_text(since), f"{_LAST_SLOT}#~", newest_first=True)
        return [entry for entry, _ in zip(found, range(limit), strict=False)]

    def plan(self, entry: Entry) -> Entry:
        """Note an attempt that is to come, and return it; what is known of it already stays."""
        _, item = self._update(entry.attempt, _expiring(entry), "attribute_not_exists(attempt)")
        return from_item(item)

    def wait(self, attempt: Attempt, job_name: str, since: datetime) -> None:
        """Note an attempt that is to come once another one's job has stopped."""
        self._update(attempt, {"job_name": {"S": job_name}, "planned_for": from_time(since)})

    def claim(
        self, attempt: Attempt, job_name: str, owner: str, now: datetime, lease: timedelta
    ) -> Claim:
        """Ask for the right to deal with an attempt's end, for as long as `lease`.

        Lambda keeps an invocation's id when it retries, so `owner`, that id, may ask again.
        """
        changes = {
            "claimed_by": {"S": owner},
            "claimed_until": epoch(now + lease),
            "job_name": {"S": job_name},
        }
        condition = (
            "attribute_not_exists(concluded_at) AND (attribute_not_exists(claimed_until)"
            " OR claimed_until < :now OR claimed_by = :claimed_by)"
        )
        done, item = self._update(attempt, changes, condition, {":now": epoch(now)})
        if done:
            return Claim.TAKEN
        return Claim.CONCLUDED if "concluded_at" in item else Claim.BUSY

    def conclude(self, entry: Entry) -> None:
        """Write down how an attempt ended: from now on its end was dealt with."""
        self._update(entry.attempt, _expiring(entry))

    def refuse(
        self, attempt: Attempt, job_name: str, status: str, reason: str, at: datetime
    ) -> Entry:
        """Note that an attempt is not started, and why; return what is known of it then.

        The first decision stays: a repeated delivery gets the same answer.
        """
        changes = {
            "status": {"S": status},
            "reason": {"S": reason},
            "job_name": {"S": job_name},
            "ended": from_time(at),
        }
        _, item = self._update(attempt, changes, "attribute_not_exists(#status)")
        return from_item(item)

    def mark_stop(self, attempt: Attempt, job_name: str, why: str) -> None:
        """Note who stops a job, before it is stopped: SageMaker does not tell."""
        self._update(attempt, {"job_name": {"S": job_name}, "stop": {"S": why}})

    def last_success(self, schedule: str) -> datetime | None:
        """Return when a slot of a schedule was last successful, or None."""
        return to_time(self._get(health_key(schedule)).get("last_success"))

    def record_failure(self, schedule: str, slot: datetime) -> None:
        """Note that a slot failed for good: the schedule is red from its first failure on."""
        changes = {"failing_since": {"S": slot_text(slot)}}
        self._update(schedule, changes, "attribute_not_exists(failing_since)")

    def record_success(self, schedule: str, job_name: str, at: datetime) -> datetime | None:
        """Note a success; return since which slot the schedule was red, if this job ended that.

        The same job gets the same answer again, and never ends what came after it.
        """
        self._update(schedule, {"last_success": from_time(at)})
        changes = {"recovered_by": {"S": job_name}}
        condition = (
            "attribute_exists(failing_since)"
            " AND (attribute_not_exists(recovered_by) OR recovered_by <> :recovered_by)"
        )
        also = ", recovered_from = failing_since REMOVE failing_since"
        _, item = self._update(schedule, changes, condition, also=also)
        same_job = item.get("recovered_by") == {"S": job_name}
        return to_time(item.get("recovered_from")) if same_job else None

    def _get(self, key: Item) -> Item:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return {**answer.get("Item", {})}

    def _query(
        self, schedule: str, first: str, last: str, *, newest_first: bool = False
    ) -> Iterator[Entry]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="schedule = :schedule AND attempt BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":schedule": {"S": schedule},
                ":first": {"S": first},
                ":last": {"S": last},
            },
            ScanIndexForward=not newest_first,
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                yield from_item(item)

    def _update(
        self,
        of: Attempt | str,
        changes: Item,
        condition: str | None = None,
        compared: Item | None = None,
        also: str = "",
    ) -> tuple[bool, Item]:
        """Set attributes of an attempt, or of a schedule's health, and leave the others.

        `condition` names the changes `#name` and `:name`, and `compared` by its own keys; `also`
        ends the update's expression. Returns whether it held, and the item as it is now.
        """
        key = health_key(of) if isinstance(of, str) else attempt_key(of)
        changed = {name: value for name, value in changes.items() if name not in key}
        values = {f":{name}": value for name, value in changed.items()}
        conditional: Any = {"ConditionExpression": condition} if condition else {}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression="SET "
                + ", ".join(f"#{name} = :{name}" for name in changed)
                + also,
                ExpressionAttributeNames={f"#{name}": name for name in changed},
                ExpressionAttributeValues={**values, **(compared or {})},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **conditional,
            )
        except self._client.exceptions.ConditionalCheckFailedException as refusal:
            held: Item = refusal.response.get("Item", {})
            return False, held
        return True, {**answer["Attributes"]}


def _expiring(entry: Entry) -> Item:
    since = entry.concluded_at or entry.planned_for
    return {**to_item(entry), **({"expires": epoch(since + _KEPT)} if since else {})}
