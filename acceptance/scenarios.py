"""What a stack has to do: each scenario has a slot of its own, and begins with its launch."""

from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path

from acceptance import evidence
from acceptance.canary import State
from acceptance.trial import Scenario, Steps, Trial
from ops.attempts import launch, launch_next
from pipeline.attempt import Attempt, slot_text
from pipeline.contract import MARKER
from pipeline.outcome import Outcome


def success(trial: Trial) -> Steps:
    """Run with input: outputs, marker, metrics, logs and journal are as they should."""
    canary, stack = trial.canary, trial.stack
    last = yield from trial.until(trial.start(canary.files), Outcome.COMPLETED)
    place = stack.output_of(last.attempt)
    trial.expect("output", evidence.counted(stack, last), canary.lines)
    trial.expect("_SUCCESS", evidence.marker_problem(stack, last), None)
    trial.expect("marker in the journal", last.success_marker, place.uri + MARKER)
    yield from trial.eventually("log", lambda: evidence.log_problem(stack, last, "canary: slot"))
    for metric, value in {"CanaryLines": canary.lines, "JobsSucceeded": 1}.items():
        look = partial(evidence.metric_problem, stack, last, metric, value, trial.session.now())
        yield from trial.eventually(f"metric {metric}", look)


def failing_script(trial: Trial) -> Steps:
    """Run a script that fails: outcome, its own words, no marker, and one message."""
    words = f"test {trial.canary.name} asked for this failure"
    attempt = trial.start({"fail": words.encode()})
    last = yield from trial.until(attempt, Outcome.SCRIPT_FAILED)
    trial.expect("exit message", (last.exit_message or "").startswith(words), wanted=True)
    trial.expect("_SUCCESS written", trial.stack.is_successful(attempt), wanted=False)
    yield from _told(trial, attempt, words)


def empty_input(trial: Trial) -> Steps:
    """Launch without input: refused, told, and no job paid."""
    attempt = yield from _refused(trial)
    trial.expect("job", trial.stack.find_job(attempt), None)
    yield from _told(trial, attempt, "EmptyInput")


def duplicate_event(trial: Trial) -> Steps:
    """Launch a slot again, at once and after its end: nothing is started."""
    attempt = trial.start(trial.canary.files)
    again = launch(trial.session, attempt)["result"]
    trial.expect("second launch starts it", again == "started", wanted=False)
    yield from trial.until(attempt, Outcome.COMPLETED)
    again = launch(trial.session, attempt)["result"]
    trial.expect("third launch starts it", again == "started", wanted=False)
    stack = trial.stack
    known = stack.journal.attempts(attempt.schedule, attempt.slot)
    jobs = {job.name for _, job in stack.jobs.listed(attempt.schedule, attempt.slot)}
    trial.expect("jobs", jobs, {entry.job_name for entry in known if entry.created})


def replay(trial: Trial) -> Steps:
    """Upload what a failed slot had lacked, and replay it: attempt 2 is its success."""
    first = yield from _refused(trial)
    trial.canary.upload(first, trial.canary.files)
    second, _ = launch_next(trial.session, first)
    trial.expect("attempt", second.number, 2)
    last = yield from trial.until(second, Outcome.COMPLETED)
    trial.expect("_SUCCESS", evidence.marker_problem(trial.stack, last), None)


def own_script(first: Attempt, files: Mapping[str, Path], trial: Trial) -> Steps:
    """Run another schedule's script with input of its own."""
    attempt = trial.start(files, trial.canary.take(first))
    last = yield from trial.until(attempt, Outcome.COMPLETED)
    trial.expect("_SUCCESS", evidence.marker_problem(trial.stack, last), None)
    yield from trial.eventually("log", lambda: evidence.log_problem(trial.stack, last, ""))


def _refused(trial: Trial) -> Generator[State, None, Attempt]:
    attempt = trial.canary.slot()
    trial.attempt = attempt
    trial.expect("launch", launch(trial.session, attempt)["result"], "refused")
    yield from trial.until(attempt, Outcome.EMPTY_INPUT)
    return attempt


def _told(trial: Trial, attempt: Attempt, reason: str) -> Steps:
    again = f"replay --stack {trial.stack.name} --schedule {attempt.schedule} "
    wanted = (reason, f"{again}--slot {slot_text(attempt.slot)}")
    look = partial(evidence.message_problem, trial.inbox, attempt, wanted)
    yield from trial.eventually("message", look)


OF_CANARY: dict[str, Scenario] = {
    "success": success,
    "failing script": failing_script,
    "empty input": empty_input,
    "duplicate event": duplicate_event,
    "replay": replay,
}
