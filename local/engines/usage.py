"""What the processes of a running container take of this machine, by Linux's /proc."""

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, thread_time

_SOON_S, _EVERY_S = 0.2, 1.0
"""Between two looks: at first a job may be over soon."""
_FIRST = 100
"""Looks."""
_LEAST_REST = 10
"""How many times the processor time of a look is rested after it: looking costs a job little."""
_MOST_TRIES, _LATER = 100, 1.05
"""To find the first process, each so much later than the last, in two minutes. One in a virtual
machine, such as Docker Desktop's, is never found."""
_PROC = Path("/proc")
_TICKS_PER_S, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
_CPU = slice(11, 15)
"""Of proc(5)'s fields of `stat` after the name: user and system, own and of ended children."""


@dataclass(frozen=True)
class Usage:
    """What a container's processes take."""

    cpu_percent: float
    """Of one processor, since the look before."""
    memory_bytes: int
    """Without what they share, such as files that are mapped."""


@contextmanager
def watched(find: Callable[[], int | None], tell: Callable[[Usage], object]) -> Generator[None]:
    """Tell, again and again, what the tree of the process takes that `find` returns, if any."""
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(find, tell, ended), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


def _watch(
    find: Callable[[], int | None], tell: Callable[[Usage], object], ended: threading.Event
) -> None:
    tries, root = 0, None
    while root is None and tries < _MOST_TRIES and not ended.wait(_SOON_S / 4 * _LATER**tries):
        tries, root = tries + 1, find()
    looks, rest, before_s, at = 0, 0.0, 0.0, 0.0
    while root and not ended.wait(rest):
        looks, begun, cost_s = looks + 1, monotonic(), thread_time()
        found = taken(root)
        if found is None:
            return
        cpu_s, memory = found
        if looks > 1:
            tell(Usage(100 * max(0.0, cpu_s - before_s) / (begun - at), memory))
        before_s, at = cpu_s, begun
        rest = max(_SOON_S if looks < _FIRST else _EVERY_S, _LEAST_REST * (thread_time() - cost_s))


def taken(root: int) -> tuple[float, int] | None:
    """Return seconds of CPU and bytes of memory of a process and all that came from it."""
    stats: dict[int, list[str]] = {}
    children: defaultdict[int, list[int]] = defaultdict(list)
    for place in _PROC.glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            # The name in parentheses may hold anything.
            stat = (place / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            stats[int(place.name)] = stat
            children[int(stat[1])].append(int(place.name))
    if root not in stats:
        return None
    tree = [root]
    for pid in tree:
        tree += children[pid]
    ticks = sum(int(each) for pid in tree for each in stats[pid][_CPU])
    return ticks / _TICKS_PER_S, sum(map(_memory, tree))


def _memory(pid: int) -> int:
    with suppress(OSError):
        _, resident, shared, *_ = (_PROC / str(pid) / "statm").read_text("utf-8").split()
        return (int(resident) - int(shared)) * _PAGE
    return 0
