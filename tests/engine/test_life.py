"""The life of the stack of production, with a secret."""

import json
from pathlib import Path

from tests.engine.life import ENDPOINT, LIVES, keep_secret, live
from tests.engine.stack import Stack


def test_a_stack_with_a_secret_lives_without_a_surprise(tmp_path: Path) -> None:
    with Stack(tmp_path, *LIVES["prod"]) as stack:
        keep_secret(stack)
        live(stack)
        assert f'"{ENDPOINT}"' in json.dumps([call.inputs for call in stack.calls])
