"""The journal: one item for each attempt, and one for each schedule's health, in DynamoDB.

SageMaker says which jobs exist; the journal says which of their ends have been dealt with, what
comes next, and what never became a job. ADR 7 says why it is a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipeline.attempt import Attempt, slot_text
from pipeline.journal_items import Entry, Item, attempt_key, from_item, health_key, to_item, value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BEHIND_SLOTS = "3"
"""Greater than every slot (years 2000 to 2199), and less than a schedule's health."""
_KEPT = timedelta(days=400)
"""How long an attempt is kept: a year can be compared with the year before."""
LEASE = timedelta(minutes=16)
"""Longer than the functions' timeout of 15 minutes: who holds a claim after that has died."""


class Journal:
    """The table, through the client of whoever asks."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def entry(self, attempt: Attempt) -> Entry | None:
        """Return what is known of an attempt."""
        item = self._get(attempt_key(attempt))
        return from_item(item) if item else None

    def attempts(self, schedule: str, slot: datetime) -> list[Entry]:
        """Return what is known of a slot's attempts, ascending."""
        latest_first = self._query(schedule, f"{slot_text(slot)}#", f"{slot_text(slot)}#~")
        return list(latest_first)[::-1]

    def recent(self, schedule: str, since: datetime, limit: int = 100) -> list[Entry]:
        """Return up to `limit` attempts at slots from `since` on, the latest slot first."""
        return list(islice(self._query(schedule, slot_text(since), _BEHIND_SLOTS), limit))

    def write(self, entry: Entry, unless: str | None = None) -> Entry:
        """Write down what is known of an attempt, and return all that is known of it then.

        What was known before, and is not now, stays; `unless` an attribute of the entry has been
        written before: then all of it stays.
        """
        since = entry.concluded_at or entry.planned_for
        expires = _seconds(since + _KEPT) if since else None
        changes = {**entry.beside_key, "expires": expires}
        condition = f"attribute_not_exists(#{unless})" if unless else None
        _, item = self._update(attempt_key(entry.attempt), changes, condition)
        return from_item(item)

    def refuse(
        self, attempt: Attempt, job_name: str, status: str, reason: str, at: datetime
    ) -> Entry:
        """Note that an attempt is not started, and why; return what is known of it then.

        The first decision stays: a repeated delivery gets the same answer.
        """
        refused = Entry.of(attempt, job_name, status=status, reason=reason, ended=at)
        return self.write(refused, unless="status")

    def claim_launch(
        self, attempt: Attempt, job_name: str, owner: str, now: datetime
    ) -> tuple[bool, Entry]:
        """Take the right to start an attempt, for as long as LEASE; return what is known of it.

        Two deliveries of a slot could decide otherwise: one that it fails, while the other waits
        for SageMaker to take the job. `owner` is as for `claim`.
        """
        changes = {"launching_by": owner, "launching_until": now + LEASE, "job_name": job_name}
        condition = (
            "attribute_not_exists(launching_until) OR launching_until <= :now"
            " OR launching_by = :launching_by"
        )
        taken, item = self._update(attempt_key(attempt), changes, condition, {"now": now})
        return taken, from_item(item)

    def claim(self, attempt: Attempt, job_name: str, owner: str, now: datetime) -> str | None:
        """Take the right to deal with an attempt's end, for as long as LEASE, or say why not.

        Lambda keeps an invocation's id when it retries, so `owner`, that id, may ask again.
        """
        until = _seconds(now + LEASE)
        changes = {"claimed_by": owner, "claimed_until": until, "job_name": job_name}
        condition = (
            "attribute_not_exists(concluded_at) AND (attribute_not_exists(claimed_until)"
            " OR claimed_until < :now OR claimed_by = :claimed_by)"
        )
        compared = {"now": _seconds(now)}
        done, item = self._update(attempt_key(attempt), changes, condition, compared)
        if done:
            return None
        return "concluded before" if "concluded_at" in item else "another invocation is at it"

    def last_success(self, schedule: str) -> datetime | None:
        """Return when a slot of a schedule was last successful, or None."""
        return value(self._get(health_key(schedule)), "last_success")

    def record_failure(self, schedule: str, slot: datetime) -> None:
        """Note that a slot failed for good: the schedule is red from its first failure on."""
        condition = "attribute_not_exists(failing_since)"
        self._update(health_key(schedule), {"failing_since": slot}, condition)

    def record_success(self, schedule: str, job_name: str, at: datetime) -> datetime | None:
        """Note a success; return since which slot the schedule was red, if this job ended that.

        The same job gets the same answer again, and never ends what came after it.
        """
        key = health_key(schedule)
        self._update(key, {"last_success": at})
        condition = (
            "attribute_exists(failing_since)"
            " AND (attribute_not_exists(recovered_by) OR recovered_by <> :recovered_by)"
        )
        also = ", recovered_from = failing_since REMOVE failing_since"
        _, item = self._update(key, {"recovered_by": job_name}, condition, also=also)
        return value(item, "recovered_from") if value(item, "recovered_by") == job_name else None

    def _get(self, key: Item) -> Item:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return {**answer.get("Item", {})}

    def _query(self, schedule: str, first: str, last: str) -> Iterator[Entry]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="schedule = :schedule AND attempt BETWEEN :first AND :last",
            ExpressionAttributeValues=to_item(
                {":schedule": schedule, ":first": first, ":last": last}
            ),
            ScanIndexForward=False,
            ConsistentRead=True,
        )
        for page in pages:
            yield from map(from_item, page["Items"])

    def _update(
        self,
        key: Item,
        changes: Mapping[str, Any],
        condition: str | None = None,
        compared: Mapping[str, Any] | None = None,
        also: str = "",
    ) -> tuple[bool, Item]:
        """Set attributes of an item, and leave the others.

        The condition names a change `#name`, its value and what is `compared` `:name`; `also` ends
        the update's expression. Returns whether it held, and the item as it is now.
        """
        changed = to_item(changes)
        values = changed | to_item(compared or {})
        conditional: Any = {"ConditionExpression": condition} if condition else {}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression=f"SET {', '.join(f'#{name} = :{name}' for name in changed)}{also}",
                ExpressionAttributeNames={f"#{name}": name for name in changed},
                ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **conditional,
            )
        except self._client.exceptions.ConditionalCheckFailedException as refusal:
            held: Item = refusal.response.get("Item", {})
            return False, held
        return True, {**answer["Attributes"]}


def _seconds(at: datetime) -> int:
    """Return an instant as DynamoDB's time to live wants it: since 1970."""
    return int(at.timestamp())
