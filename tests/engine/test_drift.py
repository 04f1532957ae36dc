"""What drift.yml runs every night: a preview that refreshes, and writes nothing."""

from pathlib import Path

import pytest

from tests.engine.aws_cloud import REPOSITORY
from tests.engine.outcome import OperationFailed
from tests.engine.stack import Stack
from tests.engine.test_image import KEY, PROGRAM


def test_the_nightly_check_sees_what_was_changed_by_hand(tmp_path: Path) -> None:
    with Stack(tmp_path) as stack:
        (stack.directory / "__main__.py").write_text(PROGRAM)
        stack.cloud.outside.add(KEY)
        stack.up()
        state = stack.written_state()
        stack.preview(refresh=True, expect_no_changes=True)
        [repository] = stack.cloud.of(REPOSITORY)
        repository.outputs["imageScanningConfiguration"] = {"scanOnPush": False}
        with pytest.raises(OperationFailed, match="changes were proposed") as failed:
            stack.preview(refresh=True, expect_no_changes=True)
        assert failed.value.outcome.changes == {"image-repository": "update"}
        assert stack.written_state() == state
