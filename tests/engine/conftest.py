"""What the engine's tests need of the machine."""

import shutil
from collections.abc import Generator

import pytest


@pytest.fixture(scope="session", autouse=True)
def pulumi(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Skip this tier where no CLI is on PATH, and keep every call of it out of ~/.pulumi."""
    if shutil.which("pulumi") is None:
        pytest.skip("no `pulumi` on PATH: https://www.pulumi.com/docs/iac/download-install/")
    with pytest.MonkeyPatch.context() as patch:
        # Before a workspace has an environment of its own, it asks the CLI for its version.
        patch.setenv("PULUMI_HOME", str(tmp_path_factory.mktemp("pulumi")))
        yield
