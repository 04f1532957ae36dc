"""Which process of pytest-xdist runs which file."""

import pytest
from xdist.remote import Producer  # pyright: ignore[reportMissingTypeStubs] - none
from xdist.scheduler import LoadFileScheduling  # pyright: ignore[reportMissingTypeStubs] - none

_RECORDED = (
    *("tests/bootstrap/test_coverage", "tests/components/network/test_component"),
    *("tests/components/test_role", "tests/security/", "tests/test_names", "tests/test_program"),
)
"""Begin the files that look at the recorded program of every stack."""


class _Scheduling(LoadFileScheduling):
    """A process for each file, and one for all of those, which records each program once."""

    def _split_scope(self, nodeid: str) -> str:
        return "recorded" if nodeid.startswith(_RECORDED) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Return what hands the files out."""
    return _Scheduling(config, log)
