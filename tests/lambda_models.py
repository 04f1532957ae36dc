"""The models that travel with a function, as its archive has them."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

from components import function_archive, service_models
from pipeline import sdk
from pipeline.kind import Kind
from tests.lambda_clients import REGION

_ROOT = Path(__file__).parents[1]
FUNCTIONS = ("launcher", "observer")


def operations(function: str, needs: Iterable[str] = (Kind.PROCESSING,)) -> dict[str, list[str]]:
    """Return service -> the operations that a function calls, as its list says."""
    with contextlib.chdir(_ROOT):
        return function_archive.operations(function, needs)


def write(called: dict[str, list[str]], root: Path, region: str = REGION) -> None:
    """Lay models where a function's code looks for them, below the root of its archive."""
    for place, text in service_models.files(called, region).items():
        target = root / sdk.MODELS / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
