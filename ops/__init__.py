"""What operators do to a deployed stack: run, replay, list, advise and the like."""

import sys
from pathlib import Path

# `lambda` is a keyword of Python, so the journal that lies there cannot be imported through it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lambda"))
