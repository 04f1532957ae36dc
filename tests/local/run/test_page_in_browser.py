"""The page of a run, laid out and painted by a real browser, on a laptop and on a phone."""

import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.browser import light, look
from tests.local.run import runs_to_look_at as runs

VIEWS = [(1280, "light"), (390, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], Path]:
    selectors = [".big", ".timeline .mark", ".timeline tr", "section", "pre"]
    return look(runs.failing(), VIEWS, selectors, tmp_path_factory.mktemp("browser"))


class TestInABrowser:
    def test_nothing_is_cut_off_at_the_side_of_a_laptop_or_a_phone(self, looked_at: Any) -> None:
        for seen in looked_at[0]:
            assert seen["wanted"] <= seen["width"]
            assert seen["outside"] == 0

    def test_what_a_person_must_see_is_there(self, looked_at: Any) -> None:
        for seen in looked_at[0]:
            [(left, top, right, low)] = seen["boxes"][".big"]
            assert right - left > 100
            assert 30 < low - top < 90, "the outcome is on one line"
            assert top < 200, "it is the first thing on the page"
            assert len(seen["boxes"]["section"]) == 8
            assert len(seen["boxes"][".timeline tr"]) == 1 + 11
            assert len(seen["boxes"]["pre"]) == 1

    def test_the_timeline_is_a_picture(self, looked_at: Any) -> None:
        for seen in looked_at[0]:
            marks = seen["boxes"][".timeline .mark"]
            assert len(marks) == 8
            assert all(right - left >= 4 and low - top > 10 for left, top, right, low in marks)
            assert max(right for _, _, right, _ in marks) - min(m[0] for m in marks) > 150

    def test_letters_stand_out_by_day_and_by_night(self, looked_at: Any) -> None:
        lights = [[light(colour) for colour in seen["colours"]] for seen in looked_at[0]]
        (letters, page), _, (letters_by_night, page_by_night) = lights
        assert page - letters > 150
        assert letters_by_night - page_by_night > 150

    def test_hostile_text_has_made_no_element_and_run_nothing(self, looked_at: Any) -> None:
        assert [seen["evil"] for seen in looked_at[0]] == [0, 0, 0]
        assert {seen["title"] for seen in looked_at[0]} == {"daily: script_failed"}

    def test_it_is_painted(self, looked_at: Any) -> None:
        """In a filtered PNG every byte that is not 0 is a change of colour."""
        data = looked_at[1].read_bytes()
        pixels = zlib.decompress(b"".join(chunks(data, b"IDAT")))
        assert sum(byte != 0 for byte in pixels) > len(pixels) / 100


def chunks(png: bytes, kind: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = len(b"\x89PNG\r\n\x1a\n")
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == kind:
            found.append(png[at + 8 : at + 8 + size])
        at += size + 12
    return found
