"""The page of a month, laid out by a real browser, on a laptop and on a phone."""

from typing import Any

import pytest

from ops.report import document
from tests.browser import light, look
from tests.ops import month

pytestmark = pytest.mark.local
VIEWS = [(1280, "light"), (360, "light"), (360, "dark")]


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    page = document(month.stack(), month.found(), month.NOW, 30)
    selectors = ["section", ".calendar li", ".calendar b", ".days tr[id]", ".bar i", "h2"]
    return look(page, VIEWS, selectors, tmp_path_factory.mktemp("browser"))[0]


class TestInABrowser:
    def test_nothing_is_cut_off_at_the_side_of_a_laptop_or_a_phone(self, looked_at: Any) -> None:
        for seen in looked_at:
            assert seen["wanted"] <= seen["width"]
            assert seen["outside"] == 0
            assert seen["cramped"] == []

    def test_a_week_of_the_calendar_is_one_row_of_seven(self, looked_at: Any) -> None:
        for seen in looked_at:
            tops = [top for _, top, _, _ in seen["boxes"][".calendar li"]]
            assert len(tops) == 3 * 30
            assert [tops.count(top) for top in dict.fromkeys(tops)] == [7, 7, 7, 7, 2] * 3

    def test_a_day_has_room_for_its_mark(self, looked_at: Any) -> None:
        for seen in looked_at:
            marks = seen["boxes"][".calendar b"]
            assert len(marks) == 30 + 30 + 5
            assert all(right - left > 5 and low - top > 10 for left, top, right, low in marks)

    def test_a_laptop_shows_calendar_and_days_side_by_side_a_phone_one_after_the_other(
        self, looked_at: Any
    ) -> None:
        for seen in looked_at:
            boxes = seen["boxes"]
            calendar, days = boxes[".calendar li"][6], boxes[".days tr[id]"][0]
            assert (days[0] > calendar[2]) == (seen["width"] == 1280)
            assert (days[1] > calendar[3]) == (seen["width"] != 1280)

    def test_letters_stand_out_by_day_and_by_night(self, looked_at: Any) -> None:
        lights = [[light(colour) for colour in seen["colours"]] for seen in looked_at]
        (letters, page), _, (letters_by_night, page_by_night) = lights
        assert page - letters > 150
        assert letters_by_night - page_by_night > 150

    def test_hostile_text_has_made_no_element_and_run_nothing(self, looked_at: Any) -> None:
        assert [seen["evil"] for seen in looked_at] == [0, 0, 0]
        assert {seen["title"] for seen in looked_at} == {"prod: 30 days to Tue 07 Apr 2026"}
