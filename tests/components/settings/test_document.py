"""docs/configuration.md says what the settings are, not what they were."""

import difflib
import json
import re

import yaml

from components.settings.loader import read
from tests.components.settings.document import PAGE, page
from tests.conftest import PROJECT


def test_the_page_is_that_of_the_settings() -> None:
    written, wanted = PAGE.read_text("utf-8"), page()
    difference = "\n".join(difflib.unified_diff(written.splitlines(), wanted.splitlines(), n=0))
    assert written == wanted, f"run `make docs`:\n{difference}"


def test_every_key_has_a_meaning_that_is_shown() -> None:
    for line in page().splitlines():
        if line.startswith("| `"):
            cells = line.replace("\\|", "").strip("| ").split(" | ")
            assert len(cells) == 4, line
            assert "<" not in "".join(cells[3].split("`")[::2]), f"Markdown would hide it: {line}"


def test_every_example_is_accepted() -> None:
    examples = re.findall("```yaml\n(.*?)```", page(), re.DOTALL)
    assert examples
    for example in examples:
        config = yaml.safe_load(example)["config"].items()
        keys = {
            key if ":" in key else f"{PROJECT}:{key}": (
                each if isinstance(each, str) else json.dumps(each)
            )
            for key, each in config
        }
        assert read(keys, PROJECT, "prod").schedules
