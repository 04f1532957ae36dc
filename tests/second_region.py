"""A stack's second region, as the functions of the first one meet it."""

from datetime import timedelta

from pipeline import switch
from pipeline.switch import Switch
from tests.lambda_clients import REGION
from tests.lambda_world import ENVIRONMENT, NOW, World

OTHER = "eu-west-1"
FIRST = NOW - timedelta(hours=12)
"""When it was first decided; later terms follow by the hour."""


def pair(world: World, *, home: bool = True) -> None:
    """Let the stack have a second region, which is its home unless this one is."""
    of = {} if home else {"of": "home"}
    world.configure(recovery={"region": OTHER, **of})
    world.make_journal(OTHER)
    world.requests.clear()


def decide(world: World, region: str, term: int = 1, *tell: str) -> Switch:
    """Let these regions, or both, know that one runs the schedules."""
    made = Switch(region, term, FIRST + timedelta(hours=term - 1))
    for each in tell or (REGION, OTHER):
        switch.write(world.client("dynamodb", each), ENVIRONMENT["JOURNAL_TABLE"], made)
    world.requests.clear()
    return made
