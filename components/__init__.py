"""The capabilities of the pipeline: one file each, and the pure decisions beside them."""

import sys
from pathlib import Path

# What program and functions share lies in `lambda`, a keyword of Python, so no package can be
# imported through it.
sys.path.append(str(Path(__file__).resolve().parent.parent / "lambda"))
