"""A stack's life under the engine: from nothing, through quiet days, to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["dev"])
def test_a_life(name: str, tmp_path: Path) -> None:
    with Stack(tmp_path, name) as stack:
        planned = stack.preview()
        done = stack.up()
        assert planned.changes == done.changes
        assert set(done.changes.values()) == {"create"}
        stack.preview(expect_no_changes=True)
        stack.up(expect_no_changes=True)
        stack.refresh(expect_no_changes=True)
        assert set(stack.destroy().changes.values()) == {"delete"}
        assert stack.cloud.made == {}
