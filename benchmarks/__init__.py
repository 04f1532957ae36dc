"""What the program takes, measured by hand and never as a test."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "lambda"))
