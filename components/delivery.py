"""How long an event is tried, and kept when it cannot be delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pulumi_aws as aws

QUEUE_RETENTION_S = 14 * 24 * 3600
"""SQS's maximum: a failed event waits through a holiday."""
DELIVERY: aws.cloudwatch.EventTargetRetryPolicyArgsDict = {
    "maximum_retry_attempts": 185,
    "maximum_event_age_in_seconds": 24 * 3600,
}
"""EventBridge's maximum and default, written out: an event may be late, but not lost."""
