"""Pages as a real browser lays them out, on a laptop and on a phone."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

_PROBE = """
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
      boxes: Object.fromEntries(SELECTORS.map((each) => [each, boxes(each)])),
      colours: ["color", "background-color"].map(
        (name) => frame.contentWindow.getComputedStyle(page.body)[name]
      ),
      outside: [...page.querySelectorAll("section *")].filter(
        (e) => e.getBoundingClientRect().right > root.clientWidth
      ).length,
      cramped: [...page.querySelectorAll("section *")].filter(
        (e) => e.clientWidth && e.scrollWidth > e.clientWidth
      ).map((e) => e.outerHTML.slice(0, 80)),
      evil: page.querySelectorAll("script, img").length, title: page.title,
    };
  });
  document.body.dataset.seen = JSON.stringify(seen);
};
"""


def look(
    page: str, views: Iterable[tuple[int, str]], selectors: list[str], directory: Path
) -> tuple[list[Any], Path]:
    """Return what is laid out at each width and colour scheme, and a picture of all.

    `boxes` has left, top, right and bottom of what each selector finds. The pages are in frames,
    because a browser's own window cannot be as narrow as a phone.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        pytest.skip("no Chromium is installed")
    frames = "".join(
        f'<iframe width="{width}" height="2000" style="color-scheme: {scheme}" '
        f'srcdoc="{html.escape(page)}"></iframe>'
        for width, scheme in views
    )
    file, picture = directory / "page.html", directory / "page.png"
    script = _PROBE.replace("SELECTORS", json.dumps(selectors))
    file.write_text(f"<!doctype html><body>{frames}<script>{script}</script></body>", "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
    result = subprocess.run(
        [
            *(browser, *flags, f"--user-data-dir={directory / 'profile'}"),
            *("--window-size=2100,1000", f"--screenshot={picture}", "--dump-dom", file.as_uri()),
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    found = re.search(r'data-seen="([^"]*)"', result.stdout)
    assert found, result.stderr
    return json.loads(html.unescape(found[1])), picture


def light(colour: str) -> float:
    """Return how light `rgb(r, g, b)` is, of 255."""
    return sum(int(part) for part in re.findall(r"\d+", colour)) / 3
