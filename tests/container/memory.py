"""Peak memory of a command, whatever the memory of the process that starts it."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.container.job import PATH

# A process begins with the peak of the one that forked it, which here is all of pytest. A small one
# in between has none to hand on.
_SMALL = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
open(sys.argv[1], "w").write(str(peak))
sys.exit(status)
"""


def measured(command: Sequence[Any]) -> tuple[subprocess.CompletedProcess[str], int]:
    """Return what a command came to, and the peak memory in KB of its largest process."""
    with tempfile.TemporaryDirectory() as folder:
        peak = Path(folder, "peak")
        done = subprocess.run(
            [sys.executable, "-I", "-c", _SMALL, peak, *command],
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": PATH},
        )
        return done, int(peak.read_text())
