"""The page of a run, laid out and painted by a real browser, on a laptop and on a phone."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.local import report_runs as runs

if TYPE_CHECKING:
    from pathlib import Path

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
      widgets: boxes(".widget"), charts: boxes(".widget svg"), chip: boxes(".big"),
      strip: boxes(".timeline svg"), events: boxes(".events li"), message: boxes("pre"),
      letters: boxes(".widget svg text").map((b) => b[3] - b[1]),
      outside: [...page.querySelectorAll(".card *, .widget *")].filter(
        (e) => !e.closest(".scroll") && e.getBoundingClientRect().right > root.clientWidth
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
        f'<iframe width="{width}" height="2000" style="border:0" '
        f'srcdoc="{html.escape(runs.failing())}"></iframe>'
        for width in (1280, 390)
    )
    page, picture = directory / "page.html", directory / "page.png"
    page.write_text(f"<!doctype html><body>{frames}<script>{PROBE}</script></body>", "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
    result = subprocess.run(
        [
            *(browser, *flags, f"--user-data-dir={directory / 'profile'}"),
            *("--window-size=1700,1000", f"--screenshot={picture}", "--dump-dom", page.as_uri()),
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

    def test_every_widget_has_room_and_covers_no_other(self, looked_at: Any) -> None:
        for seen in looked_at[0]:
            boxes = seen["widgets"]
            assert len(boxes) == len(runs.body()["widgets"])
            assert all(right - left > 150 and low - top > 40 for left, top, right, low in boxes)
            for i, one in enumerate(boxes):
                assert not [other for other in boxes[i + 1 :] if overlap(one, other)]

    def test_a_laptop_has_the_grid_and_a_phone_one_widget_below_the_other(
        self, looked_at: Any
    ) -> None:
        laptop, phone = (seen["widgets"] for seen in looked_at[0])
        assert len({left for left, *_ in laptop}) > 4
        assert len({left for left, *_ in phone}) == 1

    def test_what_a_person_must_see_is_there(self, looked_at: Any) -> None:
        for seen in looked_at[0]:
            [(left, top, right, low)] = seen["chip"]
            assert right - left > 100
            assert 30 < low - top < 90, "the outcome is on one line"
            assert top < 200, "it is the first thing on the page"
            assert len(seen["charts"]) == 3
            assert all(low - top > 100 for _, top, _, low in seen["charts"])
            assert min(seen["letters"]) >= 9, "letters in charts can be read"
            assert len(seen["events"]) == 12 + 2
            assert len(seen["message"]) == 1
        assert looked_at[0][0]["strip"][0][2] > 1000

    def test_hostile_text_has_made_no_element_and_run_nothing(self, looked_at: Any) -> None:
        assert [seen["evil"] for seen in looked_at[0]] == [0, 0]
        assert {seen["title"] for seen in looked_at[0]} == {"weather-dev: one run"}

    def test_it_is_painted(self, looked_at: Any) -> None:
        """In a filtered PNG every byte that is not 0 is a change of colour."""
        data = looked_at[1].read_bytes()
        pixels = zlib.decompress(b"".join(chunks(data, b"IDAT")))
        assert sum(byte != 0 for byte in pixels) > len(pixels) / 100


def overlap(one: list[int], other: list[int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def chunks(png: bytes, kind: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = len(b"\x89PNG\r\n\x1a\n")
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == kind:
            found.append(png[at + 8 : at + 8 + size])
        at += size + 12
    return found
