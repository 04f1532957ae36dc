"""What the run has for the dashboard's widgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.aws.cloudwatch.alarms import AlarmState
    from local.aws.cloudwatch.metric_store import Point


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the widgets select from."""

    points: Sequence[Point]
    alarms: Sequence[AlarmState]
    failures: Sequence[Mapping[str, str]]
    """Rows that the query of failures finds: field -> value."""
