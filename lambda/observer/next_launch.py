"""Launches to come: one-time schedules that call the launcher and then delete themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from observer.retry import AT_ONCE, Next
from pipeline.attempt import Attempt, job_name, parse_job_name, slot_text
from pipeline.journal import KEPT, Entry, Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_scheduler import EventBridgeSchedulerClient

    from observer.config import ObserverConfig

_RETRY_ATTEMPTS, _RETRY_AGE_S = 10, 3600
"""As for the stack's own schedules: after an hour the event goes to their queue."""


@dataclass(frozen=True)
class NextLaunches:
    """Plans launches; to plan the same one again changes nothing."""

    config: ObserverConfig
    journal: Journal
    scheduler: EventBridgeSchedulerClient
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """Not the invocation's beginning: EventBridge Scheduler refuses a time in the past."""

    def launch_next(self, attempt: Attempt, following: Next) -> datetime:
        """Plan a next attempt; return when it is launched: as first planned, and not before now."""
        chain = following.chain
        return self._plan(attempt, following.at, chain.dump(), chain.instance_type)

    def launch_replacement(self, name: str) -> None:
        """Plan the attempt that has been waiting for another one's stop."""
        attempt = parse_job_name(self.config.prefix, name)
        if attempt is not None:
            self._plan(attempt, self.clock())

    def _plan(
        self,
        attempt: Attempt,
        at: datetime,
        chain: str | None = None,
        instance_type: str | None = None,
    ) -> datetime:
        """Note the attempt first: the launcher reads there on which machine it is to run."""
        name, soonest = job_name(self.config.prefix, attempt), self.clock() + AT_ONCE
        entry = Entry(
            schedule=attempt.schedule,
            slot=attempt.slot,
            number=attempt.number,
            job_name=name,
            planned_for=max(at, soonest),
            chain=chain,
            instance_type=instance_type,
        )
        noted = self.journal.plan(entry, soonest + KEPT)
        launched = max(noted.planned_for or at, soonest)
        self._schedule(name, attempt, launched)
        return launched

    def _schedule(self, name: str, attempt: Attempt, at: datetime) -> None:
        deployed = self.config.deployed
        event = {
            "schedule": attempt.schedule,
            "slot": slot_text(attempt.slot),
            "attempt": attempt.number,
            "trigger": "retry",
        }
        try:
            self.scheduler.create_schedule(
                GroupName=deployed.schedule_group,
                Name=name,
                ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                KmsKeyArn=deployed.kms_key_arn,
                Target={
                    "Arn": deployed.launcher_arn,
                    "RoleArn": deployed.retry_role_arn,
                    "Input": json.dumps(event),
                    "RetryPolicy": {
                        "MaximumRetryAttempts": _RETRY_ATTEMPTS,
                        "MaximumEventAgeInSeconds": _RETRY_AGE_S,
                    },
                    "DeadLetterConfig": {"Arn": deployed.schedule_failures_arn},
                },
            )
        except self.scheduler.exceptions.ConflictException:
            return  # planned before
