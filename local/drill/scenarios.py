"""What is played: each scenario has two stacks of its own, and slots of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from local.drill.play import Play
from local.drill.world import OTHER, DrillError

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, NEXT = range(5)


@dataclass(frozen=True)
class Scenario:
    """What happens, in words and as it is played."""

    name: str
    title: str
    about: str
    play: Callable[[Play], None]


def _lost_in_mid_job(play: Play) -> None:
    play.deliver(MONDAY, TUESDAY)
    play.begin_job(WEDNESDAY)
    play.lose()
    play.deliver(THURSDAY, by=play.other)
    _expect(play.failover(), 0)


def _mid_job(play: Play) -> None:
    _lost_in_mid_job(play)
    play.deliver(NEXT, by=play.other)


def _during_replication(play: Play) -> None:
    _lost_when_there_is(play, parts=1, marker=False)


def _between_marker_and_data(play: Play) -> None:
    _lost_when_there_is(play, parts=2, marker=True)


def _lost_when_there_is(play: Play, *, parts: int, marker: bool) -> None:
    """Lose the home region when so much of Wednesday's has been replicated."""
    play.deliver(MONDAY, TUESDAY)
    play.complete_unreplicated(WEDNESDAY)
    play.arrive(parts=parts, marker=marker)
    play.lose()
    play.deliver(THURSDAY, by=play.other)
    _expect(play.failover(), 0)
    play.deliver(NEXT, by=play.other)


def _during_failover(play: Play) -> None:
    play.deliver(MONDAY, TUESDAY)
    play.begin_job(WEDNESDAY)
    play.lose()
    play.operator.on_request = _once(play, "UpdateItem", interrupt)
    _expect(play.failover(), 130)
    play.deliver(THURSDAY, by=play.other)
    regions = play.world.regions
    play.operator.on_request = _once(play, "Invoke", lambda: regions.cut_off(OTHER))
    _expect(play.failover(), 1)
    regions.restore(OTHER)
    play.world.note(OTHER, "back", "it answers again")
    _expect(play.failover(), 0)
    play.deliver(NEXT, by=play.other)


def _on_purpose(play: Play) -> None:
    play.deliver(MONDAY, TUESDAY, WEDNESDAY)
    play.operator.on_request = _once(play, "UpdateItem", interrupt)
    _expect(play.failover(lost=False), 130)
    play.deliver(THURSDAY)
    _expect(play.failover(lost=False), 0)
    play.deliver(NEXT)


def _comes_back(play: Play) -> None:
    _lost_in_mid_job(play)
    play.world.give_back()
    play.deliver(WEDNESDAY, THURSDAY, by=play.home)
    play.deliver(NEXT)


def _failback(play: Play) -> None:
    _lost_in_mid_job(play)
    play.world.give_back()
    _expect(play.operator.failback(), 0)
    play.deliver(NEXT)


def _only_cut_off(play: Play) -> None:
    play.deliver(MONDAY, TUESDAY, WEDNESDAY)
    play.lose()
    play.deliver(THURSDAY)
    _expect(play.failover(lost=False), 1)
    play.world.give_back()
    play.deliver(NEXT)


def _said_to_be_lost(play: Play) -> None:
    play.deliver(MONDAY, TUESDAY, WEDNESDAY)
    play.lose()
    play.deliver(THURSDAY)
    _expect(play.failover(), 0)
    play.world.give_back()
    play.deliver(NEXT)


ALL = (
    Scenario(
        "mid-job",
        "Lost in mid-job",
        "Monday and Tuesday are replicated, Wednesday's job runs when the home region is lost, "
        "Thursday comes due afterwards.",
        _mid_job,
    ),
    Scenario(
        "replication",
        "Lost during replication",
        "Wednesday is successful, and one of its objects has come to the second region.",
        _during_replication,
    ),
    Scenario(
        "marker",
        "Lost between marker and data",
        "Wednesday's marker has come to the second region, and one of its objects has not.",
        _between_marker_and_data,
    ),
    Scenario(
        "failover",
        "Trouble during the failover itself",
        "The command is interrupted when it is about to switch; given again, it loses the second "
        "region when it is about to run Wednesday; given again, it finishes.",
        _during_failover,
    ),
    Scenario(
        "on-purpose",
        "Moved on purpose, and interrupted",
        "Nothing is lost. The command is interrupted between the two records: the home region "
        "stands by already, and the second one has no record yet, when Thursday comes due in both.",
        _on_purpose,
    ),
    Scenario(
        "comes-back",
        "The lost region comes back",
        "Wednesday's job ends there after all, its output is replicated late, and its schedules "
        "deliver late what they missed.",
        _comes_back,
    ),
    Scenario(
        "failback",
        "Back home",
        "The home region is back, and takes over again once it has what ran in the second one.",
        _failback,
    ),
    Scenario(
        "cut-off",
        "Cut off, and nobody says lost",
        "The home region goes on, but nobody outside reaches it: the command refuses.",
        _only_cut_off,
    ),
    Scenario(
        "said-lost",
        "Cut off, and said to be lost",
        "The home region goes on, and the operator says that it is lost: Thursday is paid twice, "
        "as the command has said.",
        _said_to_be_lost,
    ),
)


def interrupt() -> None:
    """Be Ctrl-C."""
    raise KeyboardInterrupt


def _once(play: Play, operation: str, happens: Callable[[], None]) -> Callable[[str, str], None]:
    """Return what lets something happen before a request to the second region, the first time."""
    done = False

    def look(region: str, asked: str) -> None:
        nonlocal done
        if (region, asked) == (OTHER, operation) and not done:
            done = True
            play.world.note(OTHER, "trouble", f"before {operation}")
            happens()

    return look


def _expect(status: int, wanted: int) -> None:
    if status != wanted:
        raise DrillError(f"the command ended with status {status}, and not with {wanted}")
