"""Plays scenarios side by side: all are launched, then all are followed."""

from collections.abc import Generator

from botocore.exceptions import BotoCoreError, ClientError
from rich.text import Text

from acceptance import remains
from acceptance.canary import State
from acceptance.trial import BrokenError, Trial
from ops.screen import span
from ops.session import Session, explain
from ops.stack import OpsError

Steps = Generator[State, None, None]


def play(session: Session, trials: list[Trial]) -> None:
    """Play each to its end or its deadline, and write down in it what came of it."""
    screen, began = session.screen, session.now()
    under_way = {trial: trial.scenario(trial) for trial in trials}
    said: dict[Trial, str] = {}
    with screen.progress() as show:
        while under_way:
            for trial, steps in list(under_way.items()):
                state = _next(trial, steps)
                trial.seconds = (session.now() - began).total_seconds()
                if state and session.now() - began > trial.deadline:
                    _give_up(trial, state)
                    state = None
                if not state:
                    del under_way[trial]
                word = state or ("not as expected" if trial.problems else "held")
                if said.get(trial) != word:
                    screen.err.print(Text(f"{span(trial.seconds):>7}  {trial.name}: {word}"))
                said[trial] = word
            if under_way:
                show(
                    f"waits for {', '.join(trial.name for trial in under_way)}",
                    span((session.now() - began).total_seconds()),
                )
                session.pause()


def _next(trial: Trial, steps: Steps) -> str | None:
    """Return what a scenario waits for; None once it has ended, however."""
    try:
        return next(steps)[0]
    except (StopIteration, BrokenError):
        pass
    except OpsError as error:
        trial.problems.append(str(error))
    except (BotoCoreError, ClientError) as error:
        trial.problems.append(explain(error, trial.stack))
    return None


def _give_up(trial: Trial, state: str) -> None:
    trial.problems.append(f"deadline: after {span(trial.seconds)} still {state}")
    try:
        for each in remains.stop(trial.session, [trial.attempt] if trial.attempt else []):
            trial.problems.append(f"stopped {each}")
    except OpsError as error:
        trial.problems.append(str(error))
