from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.container.job import Job

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)
