"""What Lambda's Python has beside the standard library and a function's own archive.

A function that could import anything else here would fail on AWS only.
"""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# tzdata is for machines without the system's time zones, which Lambda has.
_RUNTIME = ("awslambdaric", "boto3", "tzdata")


def link(directory: Path) -> None:
    """Fill a directory with links to the runtime's packages, as they are installed here."""
    for name in _with_needed(_RUNTIME):
        installed = metadata.distribution(name)
        tops = {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}
        for top in tops:
            (directory / top).symlink_to(str(installed.locate_file(top)))


def _with_needed(names: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            required = metadata.requires(name) or ()
            left += [re.split(r"[^\w.-]", each)[0] for each in required if "extra ==" not in each]
    return found
