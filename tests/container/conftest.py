from pathlib import Path

import pytest

from tests.container.conversion import Conversion
from tests.container.job import Job


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


@pytest.fixture
def conversion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Conversion:
    return Conversion(tmp_path, monkeypatch)
