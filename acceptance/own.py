"""A schedule of your own, whose script a test runs beside the canary."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from acceptance import canary
from acceptance.scenarios import Scenario, own_script
from local.run import inputs
from ops import stack as deployed
from ops.session import Session
from ops.stack import Stack, UsageError
from pipeline.attempt import Attempt

SAMPLE = deployed.ROOT / "local" / "sample"
"""What is uploaded where nothing else is given, as by `make local`."""
_YEAR = 2000
"""Of its slot: the first that a job's name can hold, before any that was due. It has every day."""


def choose(
    session: Session, asked: str | None, directory: Path
) -> tuple[dict[str, Scenario], list[str]]:
    """Return the scenario of the schedule asked for, or of the first that can be tested.

    And why others, which stand before it, cannot.

    Raises:
        UsageError: that one cannot be tested, or the directory cannot be its input.
    """
    stack, problems = session.stack, list[str]()
    slot = session.now().replace(year=_YEAR, microsecond=0)
    for name in stack.schedules(asked):
        if name == canary.NAME:
            continue
        attempt = Attempt(name, slot, 1)
        if problem := next(_problems(stack, attempt), None):
            problems.append(f"{name} is not tested: {problem}")
            continue
        return {f"script of {name}": partial(own_script, attempt, _files(directory))}, problems
    if asked and problems:
        raise UsageError(f"--schedule {asked}: {problems[0]}")
    return {}, problems


def _problems(stack: Stack, attempt: Attempt) -> Iterator[str]:
    """Yield why the slot could meet real data."""
    schedule = stack.settings.schedules[attempt.schedule]
    if schedule.follows:
        yield f"it follows {schedule.follows}"
        return
    read, written = stack.input_of(attempt), stack.output_of(attempt)
    for place, where in ((read, schedule.input), (written, schedule.output)):
        if where.bucket:
            yield f"{where.bucket} is not the stack's own bucket"
        if f"/{_YEAR}/" not in place.key:  # and a deploy role has no right to it
            yield f"{where.prefix} has no folder of the slot's year"
        if next(place.objects(stack.client("s3")), None):
            yield f"there are objects at {place.uri}"


def _files(directory: Path) -> dict[str, Path]:
    if not directory.is_dir():
        raise UsageError(f"--input {directory}: must be a directory")
    try:
        found = inputs.find(directory, "")
    except inputs.InputError as error:
        raise UsageError(f"--input {directory}: {error}") from None
    if not found:
        raise UsageError(f"--input {directory}: holds no file")
    return found
