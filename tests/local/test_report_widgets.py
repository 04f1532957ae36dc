"""The dashboard's widgets in the report: what they select of a run, and how they show it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.aws.cloudwatch.metric_store import Point
from local.report_html import chart, figures, markdown, search, series, widgets
from local.report_html.data import Data
from tests.local import report_runs as runs

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def point(
    value: float = 1, second: float = 0, /, *, name: str = "Done", **dimensions: str
) -> Point:
    return Point("N", dimensions, name, "Count", value, NOON + timedelta(seconds=second))


def lines(points: list[Point], *metrics: list[Any], **properties: Any) -> list[series.Series]:
    return series.of_widget({"metrics": list(metrics), **properties}, points)


class TestEntries:
    @pytest.mark.parametrize(
        ("stat", "value"),
        [("Sum", 9), ("Average", 3), ("Maximum", 5), ("Minimum", 1), ("SampleCount", 3)],
    )
    def test_points_of_a_period_become_one_by_the_statistic(self, stat: str, value: float) -> None:
        points = [point(1, 0), point(5, 10), point(3, 59), point(7, 60)]
        [line] = lines(points, ["N", "Done"], stat=stat, period=60)
        assert line.data[0] == (NOON, value)
        assert [at for at, _ in line.data] == [NOON, NOON + timedelta(minutes=1)]

    def test_an_entry_selects_exactly_its_own_metric(self) -> None:
        points = [point(1, stack="a"), point(2, stack="b"), point(4, stack="a", schedule="s")]
        [line] = lines(points, ["N", "Done", "stack", "a"], stat="Sum")
        assert [value for _, value in line.data] == [1]
        assert lines(points, ["Other", "Done", "stack", "a"])[0].data == []

    def test_dots_stand_for_the_entry_before(self) -> None:
        points = [
            point(1, stack="a", schedule="s"),
            point(2, stack="a", schedule="t"),
            point(3, name="Lost", stack="a", schedule="t"),
        ]
        found = lines(
            points,
            ["N", "Done", "stack", "a", "schedule", "s"],
            ["...", "t"],
            [".", "Lost", ".", ".", ".", "."],
        )
        assert [[value for _, value in line.data] for line in found] == [[1], [2], [3]]

    def test_an_entrys_own_options_win_over_the_widgets(self) -> None:
        options = {"stat": "Maximum", "period": 3600, "label": "most", "color": "#aabbcc"}
        [line] = lines([point(1), point(5, 600)], ["N", "Done", options], stat="Sum", period=60)
        assert line == series.Series("most", "Count", "#aabbcc", [(NOON, 5)])

    def test_a_colour_that_is_none_is_left_out(self) -> None:
        entry = ["N", "Done", {"color": "red; background: url(https://example.com)"}]
        assert lines([point()], entry)[0].color is None

    def test_an_entry_that_is_not_visible_has_no_line(self) -> None:
        assert lines([point()], ["N", "Done", {"visible": False}]) == []

    def test_a_search_has_a_line_for_each_metric_that_it_finds(self) -> None:
        points = [point(1, host="b"), point(2, host="a"), point(3, 90, host="a"), point(4, at="x")]
        found = lines(points, [{"expression": "SEARCH('{N,host} Done', 'Sum', 60)", "label": ""}])
        assert [(line.label, [value for _, value in line.data]) for line in found] == [
            ("a", [2, 3]),
            ("b", [1]),
        ]


class TestSearch:
    """The examples of CloudWatch's own description of search expressions."""

    @staticmethod
    def finds(terms: str, name: str = "CustomCount1", **dimensions: str) -> bool:
        schema = ",".join(["N", *dimensions])
        query = search.parse(f"SEARCH(' {{{schema}}} {terms} ', 'Maximum', 120)")
        return query.finds(point(name=name, **dimensions))

    @pytest.mark.parametrize("term", ["count", "Count", "COUNT", "CustomCount", "Count1", "1"])
    def test_a_term_matches_in_part(self, term: str) -> None:
        assert self.finds(term)

    @pytest.mark.parametrize("term", ["couNT", "customcount", "count1", "coun", "ustom"])
    def test_a_term_that_is_cut_elsewhere_does_not(self, term: str) -> None:
        assert not self.finds(term)

    @pytest.mark.parametrize(
        "term", ["network/errors", "network+errors", "network-errors", "network_errors"]
    )
    def test_what_stands_between_words_does_not_count(self, term: str) -> None:
        assert self.finds(term, "network-errors-2")

    def test_quotes_ask_for_the_whole(self) -> None:
        assert self.finds('"CustomCount1"')
        assert not self.finds('"customcount1"')
        assert not self.finds('"Custom"')

    def test_a_designator_says_where_to_look(self) -> None:
        assert self.finds("InstanceType=micro", InstanceType="t2.micro")
        assert self.finds(
            'InstanceType="t2.micro" MetricName="CustomCount1"', InstanceType="t2.micro"
        )
        assert not self.finds("MetricName=micro", InstanceType="t2.micro")

    @pytest.mark.parametrize(
        ("terms", "found"),
        [
            ("custom other", False),
            ("custom AND count", True),
            ("other OR count", True),
            ("(other OR count) custom", True),
            ("(other OR more) custom", False),
            ("custom NOT other", True),
            ("custom NOT count", False),
        ],
    )
    def test_terms_can_be_combined(self, terms: str, *, found: bool) -> None:
        assert self.finds(terms) is found

    def test_the_schema_names_all_dimensions(self) -> None:
        query = search.parse("SEARCH('{N,host} Done', 'Sum', 60)")
        assert query.finds(point(host="a"))
        assert not query.finds(point())
        assert not query.finds(point(host="a", other="b"))


class TestCharts:
    def line(self, *values: float, label: str = "daily", unit: str = "Count") -> series.Series:
        data = [(NOON + timedelta(minutes=i), value) for i, value in enumerate(values)]
        return series.Series(label, unit, None, data)

    def test_several_moments_are_a_line_whose_height_is_its_value(self) -> None:
        drawn = chart.draw([self.line(0, 5, 10)], "timeSeries")
        [spots] = re.findall(r'<polyline points="([^"]*)"', drawn)
        (_, bottom), (_, middle), (_, top) = (spot.split(",") for spot in spots.split())
        assert float(bottom) - float(middle) == pytest.approx(float(middle) - float(top))
        assert float(top) < float(bottom), "y grows downwards"
        assert drawn.count("<circle") == 3
        assert "daily: 10, 2026-01-05 12:02:00 UTC" in drawn

    def test_one_moment_is_a_bar_with_its_value(self) -> None:
        drawn = chart.draw([self.line(4), self.line(1, label="hourly")], "timeSeries")
        assert re.findall(r"width: ([\d.]+)%", drawn) == ["100.0", "25.0"]
        assert "<svg" not in drawn

    def test_a_single_value_is_the_latest_in_its_unit(self) -> None:
        drawn = chart.draw([self.line(10, 93_600, unit="Seconds")], "singleValue")
        assert "<strong>1 d 2 h</strong>" in drawn

    def test_a_line_without_data_beside_others_says_so(self) -> None:
        for values in ((1,), (1, 2)):
            assert "no data" in chart.draw([self.line(*values), self.line()], "timeSeries")

    def test_nothing_but_zero_has_an_axis_too(self) -> None:
        assert "<polyline" in chart.draw([self.line(0, 0)], "timeSeries")


class TestFigures:
    @pytest.mark.parametrize(
        ("value", "unit", "text"),
        [
            (26280, "Count", "26,280"),
            (0.00014, "None", "0.00014"),
            (12345.678, "None", "12,346"),
            (99.2, "Percent", "99.2 %"),
            (4.5, "Seconds", "4.5 s"),
            (59.999, "Seconds", "60 s"),
            (141, "Seconds", "2 min 21 s"),
            (3600, "Seconds", "1 h 0 min"),
            (93_600, "Seconds", "1 d 2 h"),
            (7, "Bytes", "7 Bytes"),
        ],
    )
    def test_are_what_a_person_reads(self, value: float, unit: str, text: str) -> None:
        assert figures.quantity(value, unit) == text


def shown(kind: str, properties: dict[str, Any], data: Data | None = None) -> str:
    place = {"x": 0, "y": 0, "width": 24, "height": 2}
    data = data or Data(points=[], alarms=[], failures=[])
    return widgets.render({"widgets": [{"type": kind, "properties": properties, **place}]}, data)


class TestWidgets:
    def test_every_one_of_the_stacks_dashboard_is_shown_in_its_place(self) -> None:
        page = runs.good()
        for widget in runs.body()["widgets"]:
            place = (
                f"grid-column: {widget['x'] + 1} / span {widget['width']}; "
                f"grid-row: {widget['y'] + 1} / span {widget['height']}"
            )
            title = widget["properties"].get("title")
            start = f'style="{place}">'
            assert page.count(start) == 1
            assert page.split(start)[1].startswith(
                f"<h3>{title}</h3>" if title else "<h3>weather-dev"
            )
        assert "Only CloudWatch shows" not in page

    def test_without_data_it_says_so(self) -> None:
        metrics = [["N", "Done"], [{"expression": "SEARCH('{N} Done', 'Sum', 60)"}]]
        assert "No data in this run." in shown("metric", {"metrics": metrics})
        assert "No rows in this run." in shown("log", {"query": "SOURCE 'g' | fields a"})

    @pytest.mark.parametrize(
        ("kind", "properties", "why"),
        [
            ("explorer", {}, "type explorer"),
            ("metric", {"metrics": [[{"expression": "m1 + m2"}]]}, "m1 + m2: only SEARCH"),
            ("metric", {"metrics": [["N", "Done"]], "stat": "p99"}, "statistic p99"),
        ],
    )
    def test_what_only_cloudwatch_can_show_is_said_and_breaks_nothing(
        self, kind: str, properties: dict[str, Any], why: str
    ) -> None:
        page = shown(kind, properties)
        assert "Only CloudWatch shows" in page
        assert why in page

    def test_red_alarms_come_first_with_what_to_do_and_unknown_ones_last(self) -> None:
        arns = [f"arn:aws:cloudwatch:r:1:alarm:{runs.PREFIX}-{n}" for n in ("a", "b", "c", "d")]
        states = [
            runs.alarm("b", "OK", "fine"),
            runs.alarm("c", "INSUFFICIENT_DATA", "early"),
            runs.alarm("d", "ALARM", "crossed"),
            runs.alarm("of-another-widget", "ALARM", "crossed"),
        ]
        page = shown("alarm", {"alarms": arns}, Data(points=[], alarms=states, failures=[]))
        found = re.findall(rf'<li class="(\w+)">.*?<b>{runs.PREFIX}-(.*?)</b>', page)
        assert found == [("bad", "d"), ("calm", "c"), ("good", "b"), ("calm", "a")]
        assert page.count("Runbook: docs/runbook.md#d") == 1
        assert "docs/runbook.md#b" not in page
        assert "not evaluated in this run" in page

    def test_the_columns_of_a_log_are_the_fields_of_its_query(self) -> None:
        rows = [{"b": "second", "@timestamp": "noon", "other": "not asked for"}]
        query = "SOURCE 'group' | fields @timestamp, b,c | filter b = 1"
        page = shown("log", {"query": query}, Data(points=[], alarms=[], failures=rows))
        assert re.findall(r"<th [^>]*>(.*?)</th>", page) == ["@timestamp", "b", "c"]
        assert re.findall(r"<td[^>]*>(.*?)</td>", page) == ["noon", "second", ""]


class TestMarkdown:
    @pytest.mark.parametrize(
        ("text", "page"),
        [
            ("# Title\ntext\nmore", "<h3>Title</h3><p>text more</p>"),
            ("1. one\n2. two", "<ol><li>one</li><li>two</li></ol>"),
            ("- one\n* two\n\nafter", "<ul><li>one</li><li>two</li></ul><p>after</p>"),
            ("**bold** and `code`", "<p><strong>bold</strong> and <code>code</code></p>"),
            (
                "[a](https://b.c/d?e&f)",
                '<p><a href="https://b.c/d?e&amp;f" rel="noreferrer">a</a></p>',
            ),
            ("[a](javascript:b)", "<p>[a](javascript:b)</p>"),
            ("<b>`<i>`", "<p>&lt;b&gt;<code>&lt;i&gt;</code></p>"),
        ],
    )
    def test_is_shown_as_written(self, text: str, page: str) -> None:
        assert markdown.render(text) == page
