"""An event as EventBridge's rules see it.

https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
"""

import uuid
from datetime import UTC, datetime
from typing import Any

Event = dict[str, Any]


def of_resource(arn: str, source: str, detail_type: str, detail: Event, at: datetime) -> Event:
    """Return what a service of AWS tells of one of its resources."""
    _, _, _, region, account, _ = arn.split(":", 5)
    where = {"account": account, "region": region, "resources": [arn]}
    return whole(source, detail_type, detail, at, **where)


def whole(source: str, detail_type: str, detail: Any, at: datetime, **where: Any) -> Event:  # noqa: ANN401 - any JSON value
    """Return an event; `where` is its account, region and resources."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "detail": detail,
        **where,
    }
