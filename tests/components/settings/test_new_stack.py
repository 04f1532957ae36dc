"""`make new-stack NAME=…`."""

import shutil
from pathlib import Path

import pytest

from components.settings import new_stack, stack_file
from components.settings.loader import read
from components.settings.model import Settings
from tests.conftest import PROJECT, ROOT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["qa", "q" * 17])
def test_the_file_is_accepted_and_sets_nothing_but_names_and_times_otherwise(
    root: Path, name: str
) -> None:
    new_stack.write(root, name)
    found = read(stack_file.keys(root, name), PROJECT, name)
    given = found.model_dump(include={"region", "prefix", "expression", "timezone"})
    assert found == Settings.model_validate({**given, "project": PROJECT, "stack": name})


def test_nothing_is_written_over(root: Path) -> None:
    new_stack.write(root, "qa")
    (root / "Pulumi.qa.yaml").write_text("mine", "utf-8")
    with pytest.raises(ValueError, match="is there already"):
        new_stack.write(root, "qa")
    assert (root / "Pulumi.qa.yaml").read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["", "QA", "a/b", "../a", "q" * 18, "1a", "a--b", "a b"])
def test_a_name_that_no_stack_could_have_is_refused_with_what_is_allowed(
    root: Path, name: str
) -> None:
    with pytest.raises(ValueError, match="must be a-z"):
        new_stack.write(root, name)
    assert [*root.iterdir()] == [root / "Pulumi.yaml"]
