"""Lives of stacks in a network, with others' buckets, with several schedules."""

from pathlib import Path

import pytest

from tests.engine.life import LIVES, live
from tests.engine.stack import Stack


@pytest.mark.parametrize("variant", sorted(LIVES.keys() - {"prod"}))
def test_a_variant_lives_without_a_surprise(variant: str, tmp_path: Path) -> None:
    with Stack(tmp_path, *LIVES[variant]) as stack:
        live(stack)
