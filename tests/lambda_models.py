"""The models that travel with a function, as its archive has them."""

import json
from pathlib import Path

from components import service_models
from pipeline import sdk
from tests.lambda_clients import REGION

_CODE = Path(__file__).parents[1] / "lambda"
FUNCTIONS = ("launcher", "observer")


def operations(function: str) -> dict[str, list[str]]:
    """Return service -> the operations that a function calls, as its list says."""
    return json.loads((_CODE / function / "operations.json").read_text("utf-8"))


def write(called: dict[str, list[str]], root: Path, region: str = REGION) -> None:
    """Lay models where a function's code looks for them, below the root of its archive."""
    for place, text in service_models.files(called, region).items():
        target = root / sdk.MODELS / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
