"""The files of this repository, or of a project that `pulumi new` made of it."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.conftest import ROOT


def listed(pattern: str) -> list[str]:
    """Return the files of a name that git does not ignore, in no repository, too."""
    command = ["git", "grep", "--no-index", "--exclude-standard", "-l", "", "--"]
    return subprocess.check_output([*command, f":(glob)**/{pattern}"], cwd=ROOT, text=True).split()


def copy(target: Path) -> None:
    """Copy them all into a directory, with times that make no `make` install anything."""
    for name in listed("*"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
        os.utime(target / name, (0, 0))
