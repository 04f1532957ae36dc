#!/usr/bin/env python3
"""Make one Spark cluster of all hosts of a job, and run one PySpark program on it.

Usage: cluster.py PROGRAM [ARGUMENT ...]      (a file beside this one)

PROGRAM gets the URIs of two directories, then its own arguments: the input, which each host has
whole, and the output, in which each host finds what its own executor wrote, and hands that in.

Host 0 leads: it has Spark's master and driver beside a worker. Every other host keeps a connection
to it, so each learns at once when the other is gone, and no part of the work is done without it.

Exits  with the program's own code. With 1 if a host or one of Spark's processes ended before it, or
       if the hosts do not find each other in ten minutes. Then and when the program fails, all
       hosts fail, and hand in nothing.
"""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import hosts
from hosts import HOST, INDEX, LEADER, LostError, wait

MASTER_PORT = 7077
READY, DONE = "ready", "done"
# Beside the input, since that volume is the one that grows with job.volume_gb.
SCRATCH = Path(os.environ["INPUT_PATH"]).with_name("spark")
RESULT = SCRATCH / "result"
MB = 2**20
OTHERS_MB = 620  # of memory: master, worker, this script and the system
SMALLEST_MB = 480  # Spark refuses a heap of less than 450 MB


class Processes(dict[int, tuple[str, "Popen[bytes]"]]):
    """What runs of Spark on this host; the keys can be waited for."""

    def start(self, title: str, *command: str) -> int:
        """Start one and return its key.

        Raises:
            LostError: it is not in the image.
        """
        SCRATCH.mkdir(parents=True, exist_ok=True)
        places = {"SPARK_LOCAL_DIRS": f"{SCRATCH}/local", "SPARK_WORKER_DIR": f"{SCRATCH}/work"}
        environment = {**os.environ, **places, "SPARK_DAEMON_MEMORY": "128m"}
        try:
            process = Popen(command, stdin=DEVNULL, env=environment, cwd=SCRATCH)
        except OSError as error:
            raise LostError(f"{HOST} failed: no {title}: {error}") from error
        handle = os.pidfd_open(process.pid)
        self[handle] = title, process
        return handle

    def daemon(self, kind: str, *options: str) -> None:
        """Start a master or a worker."""
        name = f"org.apache.spark.deploy.{kind.lower()}.{kind}"
        self.start(f"Spark {kind.lower()}", "spark-class", name, "--host", HOST, *options)

    def worker(self) -> None:
        """Start a worker, with what this host has."""
        size = ("--cores", str(cores()), "--memory", f"{heaps_mb()[1]}m")
        self.daemon("Worker", *size, f"spark://{LEADER}:{MASTER_PORT}")

    def check(self) -> None:
        """Raise `LostError` if one of them has ended."""
        self.check_of(wait([*self], 0))

    def check_of(self, ready: Sequence[Any]) -> None:
        """Raise `LostError` if something is ready: one of them has ended, or a host has."""
        for each in ready:
            if isinstance(each, hosts.Line):
                raise LostError(each.hear())
            title, process = self[each]
            raise LostError(f"{HOST} failed: its {title} ended with exit code {process.wait()}")

    def end(self) -> None:
        """End them all, without last words that would hide why."""
        for _, process in self.values():
            process.kill()
            process.wait()


def lead(processes: Processes, program: list[str]) -> int:
    """Return the program's exit code, once all hosts have heard of it.

    Raises:
        LostError: which host, and why.
    """
    until = time.monotonic() + hosts.WAIT_S
    lines = hosts.all_joined(until)  # before what may fail, so that all hear of it

    def tell(word: str) -> None:
        for line in lines:
            line.tell(word)

    try:
        processes.daemon("Master", "--port", str(MASTER_PORT))
        hosts.reach(HOST, MASTER_PORT, until, processes.check).close()
        tell(READY)
        processes.worker()
        driver = processes.start(program[0], *submit(program))
        while driver not in (ready := wait([*lines, *processes])):
            processes.check_of(ready)
    except LostError as lost:
        tell(str(lost))
        raise
    code = processes[driver][1].wait()
    tell(f"{HOST} failed: {program[0]} ended with exit code {code}" if code else DONE)
    return code


def follow(processes: Processes) -> int:
    """Return 0 once the leader is done.

    Raises:
        LostError: it is not, and why.
    """
    leader = hosts.join(time.monotonic() + hosts.WAIT_S)
    leader.expect(READY)
    try:
        processes.worker()
        ready = wait([leader, *processes])
        processes.check_of([each for each in ready if each != leader])
    except LostError as lost:
        leader.tell(str(lost))
        raise
    leader.expect(DONE)
    return 0


def submit(program: list[str]) -> list[str]:
    """Return the command that runs the program on the whole cluster."""
    name, *arguments = program
    paths = [Path(os.environ["INPUT_PATH"]).as_uri(), RESULT.as_uri()]
    driver, executor = heaps_mb()
    settings = {
        "spark.driver.host": HOST,
        "spark.driver.memory": f"{driver}m",
        "spark.executor.memory": f"{executor}m",
        # An executor moves each file of its own to the output itself: no disk is shared.
        "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
        # What a failed task wrote could be there twice, on two hosts; the pipeline tries again.
        "spark.task.maxFailures": "1",
        "spark.log.level": "WARN",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    given = [f"--conf={key}={value}" for key, value in settings.items()]
    path = Path(__file__).with_name(name)
    master = f"--master=spark://{HOST}:{MASTER_PORT}"
    return ["spark-submit", master, *given, str(path), *paths, *arguments]


def hand_in() -> None:
    """Move this host's part of the result to its output, without what Hadoop calls hidden."""
    for path in sorted(path for path in RESULT.rglob("*") if path.is_file()):
        place = path.relative_to(RESULT)
        if not any(part.startswith(("_", ".")) for part in place.parts):
            target = Path(os.environ["OUTPUT_PATH"], place)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)


def cores() -> int:
    """Return how many processors this host has."""
    return len(os.sched_getaffinity(0))


def heaps_mb() -> tuple[int, int]:
    """Return the heaps of the driver and of an executor; what does not fit goes to the volume.

    Raises:
        LostError: this host has too little memory.
    """
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in ("memory.max", "memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            limits.append(int(Path("/sys/fs/cgroup", path).read_text()))
    total = min(limits) // MB
    driver = max(SMALLEST_MB, total // 10)
    executor = (total - driver - OTHERS_MB) * 7 // 10  # the rest is for its buffers and threads
    if executor < SMALLEST_MB:
        raise LostError(f"{HOST} failed: it has {total} MB of memory, Spark needs 2 GB")
    return driver, executor


def main() -> None:
    """Run the command line."""
    if not sys.argv[1:]:
        sys.exit("usage: cluster.py PROGRAM [ARGUMENT ...]")
    processes, why = Processes(), ""
    try:
        code = follow(processes) if INDEX else lead(processes, sys.argv[1:])
    except LostError as lost:
        code, why = 1, f"cluster: {lost}"
    processes.end()
    if not code:
        hand_in()
    if why:  # the program's own words say why it failed
        print(why, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
