"""Launches to come: one-time schedules that call the launcher and then delete themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from observer.retry import AT_ONCE, RetryState
from pipeline.attempt import Attempt, job_name
from pipeline.config import ObserverConfig
from pipeline.journal import Journal
from pipeline.journal_items import Entry

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient


@dataclass(frozen=True)
class NextLaunches:
    """Plans launches; to plan the same one again changes nothing."""

    config: ObserverConfig
    journal: Journal
    scheduler: EventBridgeSchedulerClient
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """Not the invocation's beginning: EventBridge Scheduler refuses a time in the past."""

    def plan(
        self,
        attempt: Attempt,
        at: datetime,
        state: RetryState | None = None,
        asked_by: str | None = None,
    ) -> datetime:
        """Plan an attempt; return when it is launched: as first planned, and not before now.

        It is noted first: the launcher reads there on which machine it is to start.
        """
        soonest = self.clock() + AT_ONCE
        entry = Entry.of(
            attempt,
            job_name(self.config.prefix, attempt),
            planned_for=max(at, soonest),
            retry_state=state.dump() if state else None,
            instance_type=state.instance_type if state else None,
            capacity=state.capacity if state else None,
        )
        noted = self.journal.write(entry, unless="job_name")
        launched = max(noted.planned_for or at, soonest)
        event = {**attempt.as_event, "trigger": asked_by or "retry"}
        with suppress(self.scheduler.exceptions.ConflictException):  # planned before
            self.scheduler.create_schedule(
                GroupName=self.config.schedule_group,
                Name=entry.job_name,
                ScheduleExpression=f"at({launched:%Y-%m-%dT%H:%M:%S})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                KmsKeyArn=self.config.kms_key_arn,
                Target={
                    "Arn": self.config.launcher_arn,
                    "RoleArn": self.config.retry_role_arn,
                    "Input": json.dumps(event),
                    # As for the stack's own schedules: after an hour it goes to their queue.
                    "RetryPolicy": {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 3600},
                    "DeadLetterConfig": {"Arn": self.config.schedule_failures_arn},
                },
            )
        return launched
