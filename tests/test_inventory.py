"""Lines of what holds data come by themselves and go by hand; test_program compares them."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from tests import inventory

LINES = [f'a:Storage$aws:s3/bucket:Bucket::{name} {{"bucket": "b"}}\n' for name in ("old", "new")]


def test_a_line_stays_until_it_is_accepted_and_the_changelog_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "FOLDER", tmp_path)
    file, (old, new) = tmp_path / "prod.txt", LINES
    made = Mock(return_value={old})
    monkeypatch.setattr(inventory, "made", made)
    inventory.write("prod")
    assert not inventory.problems("prod", "")

    made.return_value = {new}
    lost = f"an upgrade replaces or deletes, with all that it holds: {old}"
    assert inventory.problems("prod", "") == [lost, f"run `make docs` for the new {new}"]
    inventory.write("prod")
    assert inventory.problems("prod", "`old`") == [lost]

    file.write_text(file.read_text().replace(old, "") + old)  # moved by hand
    inventory.write("prod")
    assert file.read_text().endswith(f"{new}# accepted\n{old}")
    assert inventory.problems("prod", "") == [f"CHANGELOG.md does not name {old}"]
    assert not inventory.problems("prod", "`old` is replaced.")
