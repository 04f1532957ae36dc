"""The schedule `canary`: slots of its own for a test, and what comes of them."""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from ops.attempts import Followed, launch
from ops.session import Session
from ops.stack import Stack, UsageError
from pipeline.attempt import Attempt
from pipeline.journal_items import Entry

NAME = "canary"
SCRIPT = "canary.sh"
PLACE = f"{NAME}/"
"""Begins the keys of all that a test writes into the input bucket, but for a script of yours."""
NOTE = f"{PLACE}test-"
"""Begins the keys of the notes of tests."""
LINES = f"""
    {NAME}: # what `make test-aws` runs; it never fires by itself
      expression: rate(1 day)
      suspend: true
      script: {SCRIPT}
      job: {{ max_runtime_seconds: 300 }}
      input: {{ prefix: "{PLACE}{{slot:%Y%m%dT%H%M%SZ}}/" }}"""
"""What a stack file has to have below `schedules`."""

Files = Mapping[str, bytes | Path]
"""Of an input, by their names below the slot's prefix."""
State = tuple[str, str]
"""What is waited for, in words, and a detail such as a time that alone is no change of it."""


def check(stack: Stack) -> None:
    """Refuse a stack without a canary, or with one that shares its places with real slots.

    Raises:
        UsageError: how it has to be written.
    """
    found = stack.settings.schedules.get(NAME)
    way_out = f"Write below `schedules` in Pulumi.{stack.name}.yaml, and deploy:{LINES}"
    if found is None:
        raise UsageError(f"Stack {stack.name} has no schedule {NAME} to test it by. {way_out}")
    second = datetime(2026, 1, 1, tzinfo=UTC)
    places = [
        [found.place(each.prefix, NAME, slot) for slot in (second, second + timedelta(seconds=1))]
        for each in (found.input, found.output)
    ]
    is_apart = all(NAME in one and one != other for one, other in places)
    is_alone = found.suspend and not found.follows and found.input.when_empty == "fail"
    if not (is_apart and is_alone and found.script == SCRIPT and places[0][0].startswith(PLACE)):
        raise UsageError(
            f"The schedule {NAME} of stack {stack.name} has to run {SCRIPT}, be suspended, follow "
            f"no other, fail without input, and write elsewhere in each second. {way_out}"
        )


@dataclass
class Canary:
    """A test's own slots in a stack."""

    session: Session
    began: datetime
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    """The first one of each slot."""

    @classmethod
    def begin(cls, session: Session) -> Self:
        """Return that of a test which begins now.

        A note of it lies in S3 until all is removed that is found by it, and nothing else.

        Raises:
            UsageError: the stack has no canary.
        """
        check(session.stack)
        begun = cls(session, session.now().replace(microsecond=0))
        begun._note()
        return begun

    @property
    def name(self) -> str:
        """What tells this test's things from another's."""
        return f"{self.began:%Y%m%dT%H%M%SZ}"

    @property
    def lines(self) -> int:
        """How many lines its inputs have: another number than of the tests of the last hour."""
        return 1 + int(self.began.timestamp()) % 3600

    @property
    def files(self) -> Files:
        """An input with which the script succeeds."""
        return {"lines.txt": b"line\n" * self.lines}

    def slot(self) -> Attempt:
        """Return the first attempt at a slot of its own: a second before the test began."""
        return self.take(Attempt(NAME, self.began - timedelta(seconds=1 + len(self.attempts)), 1))

    def take(self, attempt: Attempt) -> Attempt:
        """Take a slot for this test, whatever schedule it is of."""
        self.attempts.append(attempt)
        self._note()
        return attempt

    def upload(self, attempt: Attempt, files: Files) -> None:
        """Put files into a slot's input, and then what says that it is complete."""
        place = self.session.stack.input_of(attempt)
        for name, content in files.items():
            self._put(place.bucket, place.key + name, content)
        if place.ready and place.ready not in files:
            self._put(place.bucket, place.key + place.ready, b"")

    def start(self, files: Files) -> tuple[Attempt, dict[str, Any]]:
        """Launch a slot with these files; return its first attempt, and the launcher's answer."""
        attempt = self.slot()
        self.upload(attempt, files)
        return attempt, launch(self.session, attempt)

    def follow(self, attempt: Attempt) -> Generator[State, None, Entry]:
        """Return the slot's last attempt once it has ended; yield what is waited for until then.

        Raises:
            OpsError: it does not get on.
        """
        followed = Followed(self.session, attempt)
        while not (ended := followed.ended()):
            yield followed.state()
        return ended[-1]

    def _note(self) -> None:
        slots = json.dumps([each.as_event for each in self.attempts]).encode()
        self._put(self.session.stack.input_bucket(NAME), f"{NOTE}{self.name}.json", slots)

    def _put(self, bucket: str, key: str, content: bytes | Path) -> None:
        s3 = self.session.stack.client("s3")
        if isinstance(content, Path):
            with content.open("rb") as body:
                s3.put_object(Bucket=bucket, Key=key, Body=body)
        else:
            s3.put_object(Bucket=bucket, Key=key, Body=content)
