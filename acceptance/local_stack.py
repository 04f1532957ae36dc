"""A session at a stack; stack local stands for its time, unless `make local KEEP=yes` keeps one."""

import shutil
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from threading import Event, Thread

from acceptance.own import SAMPLE
from local.engines.process import ProcessEngine
from local.run.command_line import EXPECTED, alone_in
from local.run.display import Display
from local.run.slot_run import STACK, Options, SlotRun
from ops import stack
from ops.screen import Screen
from ops.session import Session
from ops.stack import OpsError


@contextmanager
def session(at: stack.Stack, screen: Screen) -> Generator[Session]:
    """Give a session at a stack; deploy stack local, and let it run meanwhile.

    Raises:
        OpsError: it cannot be deployed.
    """
    with ExitStack() as ends:
        if at.name == STACK and not (stack.ROOT / ".local" / "endpoint.json").exists():
            _deploy(screen, ends)
        pause = partial(time.sleep, 0.2 if at.endpoint else 5)
        yield Session(at, screen, lambda: datetime.now(UTC), pause)


def _deploy(screen: Screen, ends: ExitStack) -> None:
    directory, ended = stack.ROOT / ".local", Event()
    if not ends.enter_context(alone_in(stack.ROOT)):
        raise OpsError("A local run uses .local: wait for it, or end it with Ctrl-C there.")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    # The quicker one: it builds no image.
    engine = "auto" if ProcessEngine(directory).available() else "process"
    try:
        run = SlotRun(
            stack.ROOT, directory, Options(input=SAMPLE, engine=engine), Display(screen.err)
        )
        ends.callback(run.close)
        run.deploy()
    except EXPECTED as error:
        raise OpsError(str(error)) from error
    ends.callback(ended.set)
    Thread(target=run.stay, args=[ended], daemon=True).start()
