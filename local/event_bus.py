"""The account's default event bus, as the services of AWS send to it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.aws import LocalAws


def publish(aws: LocalAws, event: Mapping[str, Any]) -> None:
    """Send a whole event, as rules and targets see it, to the default bus."""
    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Resources": event["resources"],
        "Time": datetime.fromisoformat(event["time"]),
        "Detail": json.dumps(event["detail"]),
    }
    aws.client("events").put_events(Entries=[entry])
