"""Events of SageMaker that go astray, as they may on AWS: lost, twice, or in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.aws.sagemaker.faults import Faults

Event = dict[str, Any]
_TERMINAL = {"Completed", "Failed", "Stopped"}


class EventFaults:
    """Stands between SageMaker and the event bus."""

    def __init__(
        self, faults: Faults, publish: Callable[[Event], None], lose: Callable[[str], None]
    ) -> None:
        """Prepare to pass events on to `publish`; `lose` is told the job of one that is lost."""
        self._faults, self._publish, self._lose = faults, publish, lose
        self._held: dict[str, list[Event]] = {}
        """Events of jobs that have to wait for the job's end."""

    def publish(self, event: Event) -> None:
        """Pass an event on to the bus, as the faults will have it."""
        job, status = event["detail"]["ProcessingJobName"], event["detail"]["ProcessingJobStatus"]
        ended = status in _TERMINAL
        if not ended and self._faults.of_events("out-of-order"):
            self._held.setdefault(job, []).append(event)
            return
        if ended and self._faults.of_events("lost-event", once=True):
            self._lose(job)
        else:
            self._pass_on(event)
        for held in self._held.pop(job, []) if ended else []:
            self._pass_on(held)

    def _pass_on(self, event: Event) -> None:
        for _ in range(2 if self._faults.of_events("duplicate-event") else 1):
            self._publish(event)
