"""A schedule on spot, for tests that decide what becomes of its machine and of what it wrote."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pipeline.attempt import job_name
from pipeline.journal_items import Entry
from tests.lambda_world import ATTEMPT, NAME, PREFIX, SETTINGS, World

PLACE = "output/daily/2026/01/05/020000/"
SCRATCH = f"_spot/{NAME[:-2]}/"
CHECKPOINT = f"{SCRATCH}checkpoint/step-1"
ON_SPOT = {**SETTINGS["job"], "capacity": "spot"}
DAILY = SETTINGS["schedules"]["daily"]
SECOND = replace(ATTEMPT, number=2)
SECOND_NAME = job_name(PREFIX, SECOND)


def deploy(world: World) -> None:
    """Let the stack be on spot, and its slot have input."""
    world.configure(job=ON_SPOT)
    world.upload()


def artifacts(world: World, start: str, *names: str, message: str | None = "") -> None:
    """Let a start of the first attempt's container have uploaded its output."""
    folder = f"{SCRATCH}{NAME}/output/model/{start}"
    for name in names:
        world.write(f"{folder}/output/{name}")
    if message is not None:
        world.write(f"{folder}/message", message.encode())


def ends(world: World, status: str = "Stopped", name: str = NAME, **known: Any) -> str:
    world.now += timedelta(minutes=11)
    return world.observe(world.sagemaker.end(name, status, **known))


def entry(world: World, number: int = 1) -> Entry:
    found = world.journal.entry(replace(ATTEMPT, number=number))
    assert found
    return found


def left(world: World) -> list[str]:
    return [key for key in world.output() if key.startswith("_spot/")]
