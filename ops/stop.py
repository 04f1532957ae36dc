"""Stops a job, so that everybody knows that an operator did."""

import argparse

from rich.text import Text

from ops.errors import OpsError
from ops.screen import span
from ops.session import Session
from pipeline.jobs import ACTIVE
from pipeline.journal_items import Entry


def stop(session: Session, options: argparse.Namespace) -> int:
    """Stop a job and wait until it has ended; status 0 only if it ended as Stopped."""
    stack, name = session.stack, options.job
    attempt = stack.attempt_of(name)
    status = stack.job(name)["ProcessingJobStatus"]
    if status not in ACTIVE:
        raise OpsError(f"{name} has ended already: {status}. There is nothing to stop")
    if status == "InProgress":
        # Before it stops: SageMaker does not tell who stopped a job, and its end is fast.
        stack.journal.write(Entry.of(attempt, name, stop="operator"))
        stack.client("sagemaker").stop_processing_job(ProcessingJobName=name)
    session.screen.if_interrupted = "Stopped waiting; it will stop all the same"
    began = session.now()
    with session.screen.progress() as show:
        while (status := stack.job(name)["ProcessingJobStatus"]) in ACTIVE:
            show(f"{name}: {status}", span((session.now() - began).total_seconds()))
            session.pause()
    said = Text.assemble(f"{name}: ", (status, "green" if status == "Stopped" else "yellow"))
    session.screen.answer({"job_name": name, "status": status}, said)
    return 0 if status == "Stopped" else 1
