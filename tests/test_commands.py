"""The commands that the documents give, as a reader would paste them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.aws_cli import problems
from tests.conftest import ROOT

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def commands(text: str) -> list[str]:
    """Return every command of the AWS CLI in a document's code."""
    joined = text.replace("\\\n", " ")
    blocks = re.findall(r"^```sh\n(.*?)^```", joined, re.MULTILINE | re.DOTALL)
    lines = [line.split(" #")[0] for block in blocks for line in block.splitlines()]
    inside = [re.sub(r"^\w+=\"\$\((aws .*)\)\"$", r"\1", line) for line in lines]
    spans = re.findall(r"`(aws [^`]*)`", joined)
    return [each for each in (*inside, *spans) if re.match(r"aws \w", each)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_the_aws_cli_exists_with_its_options(document: Path) -> None:
    text = document.read_text("utf-8")
    wrong = {each: found for each in commands(text) if (found := list(problems(each)))}
    assert not wrong
