from pathlib import Path

import pytest

from tests.container.job import Job


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)
