"""What operators do to a deployed stack: run, replay, backfill, list, logs, stop, costs, report."""

import sys
from pathlib import Path

# `lambda` is a keyword of Python, so the journal that lies there cannot be imported through it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lambda"))
