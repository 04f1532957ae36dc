"""The embedded AWS: the same program, the same function, the same script, on one machine."""

import sys
from pathlib import Path

# The journal is read with the functions' own code, whose directory cannot be a package: `lambda` is
# a word of Python.
sys.path.append(str(Path(__file__).resolve().parent.parent / "lambda"))
