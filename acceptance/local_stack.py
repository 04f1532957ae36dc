"""Stack local for the time of a test, unless `make local KEEP=yes` keeps one up."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from threading import Event, Thread

from acceptance.own import SAMPLE
from local.engines.process import ProcessEngine
from local.run.command_line import EXPECTED, alone_in
from local.run.display import Display
from local.run.slot_run import STACK, Options, SlotRun
from ops import stack
from ops.screen import Screen
from ops.stack import OpsError


@contextmanager
def running(name: str, screen: Screen) -> Generator[None]:
    """Deploy stack local and let it run; do nothing for another one.

    Raises:
        OpsError: it cannot be deployed.
    """
    directory, ended = stack.ROOT / ".local", Event()
    if name != STACK or (directory / "endpoint.json").exists():
        yield
        return
    with alone_in(stack.ROOT) as alone:
        if not alone:
            raise OpsError("A local run uses .local: wait for it, or end it with Ctrl-C there.")
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
        try:
            # The quicker one: it builds no image.
            engine = "auto" if ProcessEngine(directory).available() else "process"
            options = Options(input=SAMPLE, engine=engine)
            run = SlotRun(stack.ROOT, directory, options, Display(screen.err))
        except EXPECTED as error:
            raise OpsError(str(error)) from error
        try:
            _deploy(run)
            Thread(target=run.stay, args=[ended], daemon=True).start()
            yield
        finally:
            ended.set()
            run.close()


def _deploy(run: SlotRun) -> None:
    try:
        run.deploy()
    except EXPECTED as error:
        raise OpsError(str(error)) from error
