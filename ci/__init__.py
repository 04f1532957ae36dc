"""What CI says of a pull request: its previews as one comment, made of text that nobody trusts."""

import sys
from pathlib import Path

# `lambda` is a keyword of Python, so the grammar of schedules cannot be imported through it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lambda"))
