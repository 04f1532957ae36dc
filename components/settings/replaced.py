"""Keys that stack files no longer have, and what replaced each."""

from __future__ import annotations

REPLACED = {
    "base_image": "is image.base now",
    "protection": (
        "is data now: keep (what protect: true did, and the data outlive the stack), or destroy"
    ),
    "job.calls": (
        "the script's calls are not checked any more; network.mode says what it can reach, and a "
        "job that meets no network says so"
    ),
}
"""Key below the project's namespace -> what to do instead."""
