"""The commands that the documents give, as a reader would paste them."""

import re
import shlex
from pathlib import Path

import pytest

from ops.__main__ import parse
from tests.aws_cli import problems
from tests.conftest import ROOT

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def lines(text: str) -> list[str]:
    """Return every line of a document's shell blocks, without its comment."""
    joined = text.replace("\\\n", " ")
    blocks = re.findall(r"^```sh\n(.*?)^```", joined, re.MULTILINE | re.DOTALL)
    return [line.split(" #")[0] for block in blocks for line in block.splitlines()]


def commands(text: str) -> list[str]:
    """Return every command of the AWS CLI in a document's code."""
    inside = [re.sub(r"^\w+=\"\$\((aws .*)\)\"$", r"\1", line) for line in lines(text)]
    spans = re.findall(r"`(aws [^`]*)`", text.replace("\\\n", " "))
    return [each for each in (*inside, *spans) if re.match(r"aws \w", each)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_the_aws_cli_exists_with_its_options(document: Path) -> None:
    text = document.read_text("utf-8")
    wrong = {each: found for each in commands(text) if (found := list(problems(each)))}
    assert not wrong


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_for_operators_is_one_that_they_have(document: Path) -> None:
    for line in lines(document.read_text("utf-8")):
        if found := re.match(r"(?:ops|\.venv/bin/python -m ops) (.*)", line):
            assert parse(shlex.split(found[1])).stack
