"""Which of two regions runs the schedules: a record in each region's journal, the newer one counts.

A region whose record is behind runs nothing by itself as long as it can read the other's.
docs/recovery.md says what holds while it cannot.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from botocore.exceptions import BotoCoreError, ClientError

from pipeline import sdk
from pipeline.attempt import slot_text
from pipeline.config import StackConfig
from pipeline.journal_items import to_item

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY = {"schedule": {"S": "-"}, "attempt": {"S": "switch"}}
"""No schedule is named so."""
_logger = logging.getLogger(__name__)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class UnreadableError(ValueError):
    """The record is not as `write` makes it."""


class Switch(NamedTuple):
    """A decision which region runs the schedules."""

    region: str
    term: int
    """Of decisions the higher one counts; 0: nobody has decided."""
    since: datetime
    """From when it counts; 1970 if nobody has decided."""
    lost: bool = False
    """Whether an operator gave up what the other region had begun."""

    def __str__(self) -> str:
        """Return it in words."""
        since = f" since {slot_text(self.since)}" if self.term else ""
        return f"{self.region} runs the schedules{since}"


def read(client: DynamoDBClient, table: str) -> Switch | None:
    """Return what a region's journal says; None if nobody has written it there.

    Raises:
        UnreadableError: what is there is no decision.
    """
    answer = client.get_item(TableName=table, Key=_KEY, ConsistentRead=True)
    return _switch(answer["Item"]) if "Item" in answer else None


def write(client: DynamoDBClient, table: str, switch: Switch) -> Switch:
    """Write a decision to a region's journal, unless one of its term or a later one is there.

    Returns what is there then; raises as `read`.
    """
    values = to_item({**switch._asdict(), "lost": int(switch.lost)})
    try:
        client.update_item(
            TableName=table,
            Key=_KEY,
            UpdateExpression="SET #region = :region, term = :term, since = :since, lost = :lost",
            ConditionExpression="attribute_not_exists(term) OR term < :term",
            ExpressionAttributeNames={"#region": "region"},  # a reserved word
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except client.exceptions.ConditionalCheckFailedException as refusal:
        return _switch(cast("Any", refusal.response)["Item"])
    return switch


def newest(*found: Switch | None, home: str) -> Switch:
    """Return the decision that counts of those found; before the first one `home` runs them.

    Two of the same term, made while the regions could not see each other, count everywhere alike:
    the later one does.
    """
    known = [each for each in found if each]
    return max(
        known,
        key=lambda each: (each.term, each.since, each.region, each.lost),
        default=Switch(home, 0, _NEVER),
    )


@dataclass(frozen=True)
class Switches:
    """The records of both regions, as one of them reads them."""

    own: DynamoDBClient
    other: Callable[[], DynamoDBClient]
    """Is made when it is needed: at a launch, and at the watch's turn."""
    table: str
    """Has the same name in both."""
    home: str

    def gives_up(self, region: str, created: datetime) -> bool:
        """Return whether what a region began then was given up, and its slot is the other one's."""
        found = self.current()
        return found.lost and found.region != region and created < found.since

    def current(self) -> Switch:
        """Return the decision that counts; the own region's, where the other does not answer.

        What only the other one knew is written down: it counts when that does not answer, too.

        Raises:
            botocore.exceptions.ClientError: the own journal cannot be read, or not be written.
            UnreadableError: what the own journal says is no decision.
        """
        own = read(self.own, self.table)
        try:
            other = read(self.other(), self.table)
        except (BotoCoreError, ClientError, UnreadableError) as error:
            _logger.warning("the other region's switch cannot be read, the own stands: %s", error)
            other = None
        found = newest(own, other, home=self.home)
        if found == other and found != own:
            write(self.own, self.table, found)
        return found


def connect(aws: boto3.Session, own: DynamoDBClient, config: StackConfig) -> Switches | None:
    """Return the records of a stack's two regions; None if it has no second one."""
    region = config.recovery_region
    if region is None:
        return None

    @cache
    def other() -> DynamoDBClient:
        return aws.client("dynamodb", region_name=region, config=sdk.OF_OTHER_REGION)

    return Switches(own, other, config.journal_table, config.home_region)


def _switch(item: Mapping[str, Any]) -> Switch:
    try:
        since, lost = datetime.fromisoformat(item["since"]["S"]), item["lost"]["N"] == "1"
        found = Switch(item["region"]["S"], int(item["term"]["N"]), since, lost)
    except (LookupError, TypeError, ValueError) as error:
        raise UnreadableError(f"which region runs cannot be read from {dict(item)}") from error
    if not since.tzinfo:
        raise UnreadableError(f"since has no offset in {dict(item)}")
    return found
