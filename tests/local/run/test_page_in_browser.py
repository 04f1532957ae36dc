"""The page of a run, laid out and painted by a real browser, on a laptop and on a phone."""

import html
import json
import re
import shutil
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.local.run import runs_to_look_at as runs

PROBE = """
onload = () => {
  const seen = [...document.querySelectorAll("iframe")].map((frame) => {
    const page = frame.contentDocument, root = page.documentElement;
    const box = (element) => {
      const r = element.getBoundingClientRect();
      return [r.left, r.top, r.right, r.bottom].map(Math.round);
    };
    const boxes = (selector) => [...page.querySelectorAll(selector)].map(box);
    return {
      width: root.clientWidth, wanted: root.scrollWidth,
      chip: boxes(".big"), marks: boxes(".timeline .mark"), rows: boxes(".timeline tr"),
      sections: boxes("section"), message: boxes("pre"),
      colours: ["color", "background-color"].map(
        (name) => frame.contentWindow.getComputedStyle(page.body)[name]
      ),
      outside: [...page.querySelectorAll("section *")].filter(
        (e) => e.getBoundingClientRect().right > root.clientWidth
      ).length,
      evil: page.querySelectorAll("script, img").length, title: page.title,
    };
  });
  document.body.dataset.seen = JSON.stringify(seen);
};
"""


@pytest.fixture(scope="module")
def browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("no Chromium is installed")


@pytest.fixture(scope="module")
def looked_at(browser: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """Return what is laid out on a laptop and on a phone, and a picture of both.

    The pages are in frames, because a browser's own window cannot be as narrow as a phone.
    """
    directory = tmp_path_factory.mktemp("browser")
    frames = "".join(
        f'<iframe width="{width}" height="2000" style="color-scheme: {scheme}" '
        f'srcdoc="{html.escape(runs.failing())}"></iframe>'
        for width, scheme in ((1280, "light"), (390, "light"), (390, "dark"))
    )
    page, picture = directory / "page.html", directory / "page.png"
    page.write_text(f"<!doctype html><body>{frames}<script>{PROBE}</script></body>", "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
    result = subprocess.run(
        [
            *(browser, *flags, f"--user-data-dir={directory / 'profile'}"),
            *("--window-size=2100,1000", f"--screenshot={picture}", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    found = re.search(r'data-seen="([^"]*)"', result.stdout)
    assert found, result.stderr
    return json.loads(html.unescape(found[1])), picture


class TestInABrowser:
    def test_nothing_is_cut_off_at_the_side_of_a_laptop_or_a_phone(self, looked_at: Any) -> None:
        for seen in looked_at[0]:
            assert seen["wanted"] <= seen["width"]
            assert seen["outside"] == 0

    def test_what_a_person_must_see_is_there(self, looked_at: Any) -> None:
        for seen in looked_at[0]:
            [(left, top, right, low)] = seen["chip"]
            assert right - left > 100
            assert 30 < low - top < 90, "the outcome is on one line"
            assert top < 200, "it is the first thing on the page"
            assert len(seen["sections"]) == 8
            assert len(seen["rows"]) == 1 + 11
            assert len(seen["message"]) == 1

    def test_the_timeline_is_a_picture(self, looked_at: Any) -> None:
        for seen in looked_at[0]:
            marks = seen["marks"]
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


def light(colour: str) -> float:
    """Return how light `rgb(r, g, b)` is, of 255."""
    return sum(int(part) for part in re.findall(r"\d+", colour)) / 3


def chunks(png: bytes, kind: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = len(b"\x89PNG\r\n\x1a\n")
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == kind:
            found.append(png[at + 8 : at + 8 + size])
        at += size + 12
    return found
