"""The lines that a job's containers wrote, of all its hosts, in the order of their time."""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from rich.text import Text

from ops.session import Session
from ops.stack import UsageError
from pipeline.attempt import Attempt, job_name
from pipeline.jobs import Job
from pipeline.text import printable


@dataclass(frozen=True)
class Line:
    """One line of one host."""

    time: datetime
    host: str
    message: str


class Tail:
    """The `last` lines of each of a job's streams, and then those that are added."""

    def __init__(self, client: Any, job: Job, last: int) -> None:  # noqa: ANN401 - a boto3 client
        self._client, self._job, self._last = client, job, last
        self._tokens: dict[str, str] = {}
        """Stream -> where to read on."""
        self._begun = False

    def read(self) -> list[Line]:
        """Return the lines that were not read yet, in the order of their time."""
        lines: list[Line] = []
        for stream in self._streams():
            host = stream.rpartition("/")[2].rpartition("-")[0]
            for event in self._added(stream) if self._begun else self._end(stream):
                time = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                lines.append(Line(time, host, event["message"].rstrip("\n")))
        self._begun = True
        return sorted(lines, key=attrgetter("time"))

    def _streams(self) -> list[str]:
        pages = self._client.get_paginator("describe_log_streams").paginate(
            logGroupName=self._job.kind.group, logStreamNamePrefix=f"{self._job.name}/"
        )
        try:
            return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except self._client.exceptions.ResourceNotFoundException:
            return []  # until the account's first job has written

    def _end(self, stream: str) -> list[Any]:
        """Return the last events of a stream that was there from the beginning."""
        request: dict[str, Any] = {"limit": self._last, "startFromHead": False}
        page = self._page(stream, request)
        self._tokens[stream] = page["nextForwardToken"]
        events = page["events"]
        # A page may hold fewer than there are; the stream begins where the token stays the same.
        while len(events) < self._last and page["nextBackwardToken"] != request.get("nextToken"):
            request["nextToken"] = page["nextBackwardToken"]
            page = self._page(stream, request)
            events = page["events"] + events
        return events[-self._last :]

    def _added(self, stream: str) -> list[Any]:
        """Return the events that came since; the stream ends where the token stays the same."""
        events: list[Any] = []
        while True:
            token = self._tokens.get(stream)
            request = {"nextToken": token} if token else {}
            page = self._page(stream, {**request, "startFromHead": True})
            events += page["events"]
            self._tokens[stream] = page["nextForwardToken"]
            if self._tokens[stream] == token:
                return events

    def _page(self, stream: str, request: dict[str, Any]) -> Any:  # noqa: ANN401 - AWS's answer
        group = self._job.kind.group
        return self._client.get_log_events(logGroupName=group, logStreamName=stream, **request)


def show(session: Session, options: argparse.Namespace) -> int:
    """Show the last lines of a job, and with --follow all that come until it has ended."""
    if bool(options.job) == bool(options.schedule and options.slot):
        raise UsageError("Name either JOB, or both --schedule and --slot")
    name = options.job or _latest(session, options.schedule, options.slot)
    zone = session.stack.zone(session.stack.attempt_of(name).schedule)
    job = session.stack.job(name)
    tail = Tail(session.stack.client("logs"), job, options.lines)
    shown: list[Line] = []
    ended = False
    session.screen.if_interrupted = "Stopped following; the job goes on"
    while True:
        lines = tail.read()
        shown += lines
        for line in lines:
            begin = (f"{line.time.astimezone(zone):%H:%M:%S} {line.host} ", "dim")
            session.screen.note(Text.assemble(begin, printable(line.message)))
        # The last lines may come after the end.
        if not options.follow or (ended and not lines):
            break
        ended = not job.is_active
        session.pause()
        job = session.stack.job(name)
    if not shown and not session.screen.as_json:
        session.screen.err.print(Text(f"{name} is {job.status} and has written nothing.", "dim"))
    session.screen.answer({"job_name": name, "status": job.status, "lines": shown})
    return 0


def _latest(session: Session, schedule: str, slot: str) -> str:
    stack = session.stack
    [schedule] = stack.schedules(schedule)
    instant = stack.slot(schedule, slot)
    known = stack.journal.attempts(schedule, instant)
    attempts = [entry.attempt for entry in reversed(known)] or [Attempt(schedule, instant, 1)]
    latest = next(filter(stack.find_job, attempts), attempts[0])
    return job_name(stack.prefix, latest)
