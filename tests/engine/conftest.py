"""What the engine's tests need of the machine."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture(scope="session", autouse=True)
def pulumi() -> None:
    """Skip this tier where no CLI is on PATH."""
    if shutil.which("pulumi") is None:
        pytest.skip("no `pulumi` on PATH: https://www.pulumi.com/docs/iac/download-install/")
