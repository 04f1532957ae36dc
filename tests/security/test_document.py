"""docs/security.md says what the policies are, not what they were."""

import difflib
import re

from tests.conftest import ROOT
from tests.security.document import PAGE, write


def test_the_generated_parts_are_those_of_the_recorded_policies() -> None:
    written = PAGE.read_text("utf-8")
    wanted = write(written)
    difference = "\n".join(difflib.unified_diff(written.splitlines(), wanted.splitlines(), n=0))
    assert written == wanted, f"run `make docs`:\n{difference}"


def test_every_row_of_a_table_has_the_cells_of_its_head() -> None:
    widths: list[int] = []
    for line in [*PAGE.read_text("utf-8").splitlines(), ""]:
        if line.startswith("|"):
            widths.append(len(re.findall(r"(?<!\\)\|", line)))
        else:
            assert len(set(widths)) <= 1, f"the table before: {line}"
            widths.clear()


def test_every_link_within_the_repository_leads_somewhere() -> None:
    text = PAGE.read_text("utf-8")
    headings = {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        if not target.startswith("https://"):
            assert not path or (PAGE.parent / path).exists(), target
            assert path or anchor in headings, target


def test_make_knows_how_to_write_them() -> None:
    assert "tests.security.document" in (ROOT / "Makefile").read_text("utf-8")
