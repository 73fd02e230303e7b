"""The geometry of charts: all is within its drawing, says what it is made of, and no data is not zero."""

import itertools
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.services.report import charts
from webapp.services.report.charts import Point, Strand
from webapp.services.report.charts.grid import level
from webapp.services.report.charts.scale import axis, spread
from webapp.services.report.words import NO_DATA, change, percent, said, short

pytestmark = pytest.mark.unit

UNITS = ("count", "seconds", "share")


def points(*values, url=True):
    return [
        Point(f"{at + 1}", f"Day {at + 1}", value, 7, f"/t?bucket={at}" if url else None)
        for at, value in enumerate(values)
    ]


def value_of(unit):
    return st.floats(0, 1) if unit == "share" else st.integers(0, 10**12)


some_points = st.sampled_from(UNITS).flatmap(
    lambda unit: st.tuples(
        st.just(unit),
        st.lists(st.none() | value_of(unit), min_size=1, max_size=60).map(lambda values: points(*values)),
    )
)


def numbers(chart):
    boxes = [(box.x, box.y, box.width, box.height) for box in chart.boxes]
    marks = [(mark.x, mark.y) for mark in chart.marks]
    paths = [map(float, re.findall(r"-?[\d.]+(?:e[+-]?\d+)?", path.d)) for path in chart.paths]
    return list(itertools.chain(*boxes, *marks, *paths))


@given(some_points)
def test_whatever_the_values_a_line_stays_within_its_drawing(given_points):
    unit, values = given_points
    chart = charts.line([Strand("One", values), Strand("Before", values, is_reference=True)], unit)
    assert all(math.isfinite(number) and 0 <= number <= 200 for number in numbers(chart))
    assert chart.is_empty == all(point.value is None for point in values)
    assert "nan" not in chart.summary


@given(some_points)
def test_whatever_the_values_bars_stand_on_zero_and_within_their_band(given_points):
    unit, values = given_points
    chart = charts.bars(values, unit, "One")
    for box in chart.boxes:
        assert box.y + box.height == pytest.approx(200)
        assert box.x >= 0
        assert box.x + box.width <= 100.1
    assert all(math.isfinite(number) for number in numbers(chart))


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=40))
def test_layers_lie_on_each_other_and_are_as_high_as_their_sum(rows):
    chart = charts.stacked(
        [Strand("A", points(*(row[0] for row in rows))), Strand("B", points(*(row[1] for row in rows)))],
        "count",
    )
    for row, group in itertools.groupby(chart.hits, key=lambda hit: hit.row):
        pieces = list(group)
        for lower, upper in itertools.pairwise(pieces):
            assert upper.y + upper.height <= lower.y + 1
        assert [piece.column for piece in pieces] == [at for at, value in enumerate(rows[row]) if value]


@given(some_points)
def test_a_spark_is_finite_and_in_its_box(given_points):
    for d in charts.spark([point.value for point in given_points[1]]):
        found = [float(text) for text in re.findall(r"[ML]?(-?[\d.]+) (-?[\d.]+)", d) for text in text]
        assert all(-0.1 <= number <= 100.1 for number in found)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("top", [0, 0.4, 1, 3, 7, 59, 61, 4000, 90_000, 10**7, 10**13])
def test_an_axis_has_few_round_steps_and_holds_its_values(unit, top):
    top = min(top, 1) if unit == "share" else top
    scale = axis([0, top], unit)
    assert scale.bottom == 0
    assert scale.top >= top
    assert 2 <= len(scale.ticks) <= 6
    texts = [tick.text for tick in scale.ticks]
    assert len(set(texts)) == len(texts)
    assert scale.ticks[0].at == 200
    assert scale.ticks[-1].at == 0


def test_an_axis_of_time_has_steps_of_a_clock():
    assert [tick.text for tick in axis([6500], "seconds").ticks] == ["0", "30m", "1h", "1.5h", "2h"]
    assert [tick.text for tick in axis([5 * 86_400], "seconds").ticks] == ["0", "2d", "4d", "6d"]


def test_labels_are_few_and_fewer_where_it_is_narrow():
    labels = spread([str(at) for at in range(90)])
    assert len(labels) <= 10
    assert 1 <= len([label for label in labels if not label.is_spare]) <= 4
    assert [label.text for label in spread(["a", "b"])] == ["a", "b"]


def test_no_data_is_a_gap_and_zero_is_a_point():
    chart = charts.line([Strand("One", points(4, None, 0, 2))], "count")
    assert len(chart.paths) == 1
    assert len(chart.marks) == 3
    assert [row[1][0].text for row in chart.table.rows] == ["4", NO_DATA, "0", "2"]
    assert [row[1][0].url is None for row in chart.table.rows] == [False, True, False, False]


def test_a_value_alone_between_gaps_is_seen_however_many_points_there_are():
    values = [None] * 100
    values[50] = 3
    chart = charts.line([Strand("One", points(*values))], "count")
    assert chart.paths == []
    assert len(chart.marks) == 1


def test_what_misses_the_goal_has_a_shape_of_its_own():
    chart = charts.line([Strand("Kept", points(0.95, 0.8, 0.9))], "share", goal=0.9)
    assert [mark.shape for mark in chart.marks] == ["dot", "up", "dot"]
    assert chart.goal.text == "Goal 90 %"
    assert chart.summary.endswith("The goal of 90 % was missed in 1 of 3 days.")


def test_names_beside_lines_that_end_together_do_not_touch():
    chart = charts.line([Strand(name, points(1, 10)) for name in "abcd"], "count")
    places = sorted(key.at for key in chart.keys)
    assert all(later - earlier >= 15 for earlier, later in itertools.pairwise(places))
    assert 0 <= places[0] <= places[-1] <= 200


def test_each_mark_leads_where_its_cell_leads():
    rows = [("Monday", points(1, 0, None)), ("Tuesday", points(2, 3, 4))]
    for chart in (
        charts.line([Strand("A", points(1, 2)), Strand("B", points(3, None))], "count"),
        charts.bars(points(1, 0, 3), "count", "A"),
        charts.stacked([Strand("A", points(1, 2)), Strand("B", points(3, 4))], "count"),
        charts.heatmap(rows, "count", "Created"),
    ):
        for hit in chart.hits:
            cell = chart.table.rows[hit.row][1][hit.column]
            if cell.text not in (NO_DATA, "0"):
                assert hit.url == cell.url, chart.kind
                assert cell.text in hit.label


def test_a_heat_cell_is_the_darker_the_more_and_seen_as_soon_as_there_is_one():
    assert [level(value, 100) for value in (0, 1, 30, 50, 90, 100)] == [0, 1, 2, 2, 4, 5]
    chart = charts.heatmap([("Monday", points(0, None, 5))], "count", "Created")
    assert [box.level for box in chart.boxes] == [0, None, 5]


def test_a_histogram_names_its_bounds_and_where_most_are():
    bins = [Point(title, title, value, value) for title, value in (("a", 1), ("under an hour", 6), ("c", 3))]
    chart = charts.bars(bins, "count", "Replies", bounds=["15m", "1h"])
    assert [(label.at, label.text) for label in chart.labels] == [(33.33, "15m"), (66.67, "1h")]
    assert chart.summary == "Most are under an hour: 6 of 10, 60 %."


def test_summaries_say_what_happened():
    seconds = charts.line([Strand("First response", points(240, 1860, 540))], "seconds")
    assert seconds.summary == "Rose from 4 min to 9 min; highest on Day 2, 31 min."
    both = charts.line([Strand("Created", points(4, 6)), Strand("Resolved", points(0, 0))], "count")
    assert both.summary == "Created: 5 a day on average, most on Day 2: 6. Resolved: zero throughout."
    assert charts.line([Strand("A", points(None, None))], "count").summary == "There is no data in this time."
    layers = charts.stacked([Strand("Mail", points(1, 2)), Strand("Chat", points(3, 4))], "count")
    assert layers.summary == "10 in 2 days: Chat 7 (70 %), Mail 3 (30 %)."


def test_figures_in_words():
    assert [said(value, unit) for value, unit in ((None, "count"), (1234, "count"), (250, "seconds"))] == [
        NO_DATA,
        "1,234",
        "4 min 10 s",
    ]
    assert [percent(part) for part in (0, 0.0001, 0.5, 0.9999, 1)] == [
        "0 %",
        "0.1 %",
        "50 %",
        "99.9 %",
        "100 %",
    ]
    assert [short(value, "count") for value in (0, 7, 999, 1500, 12_000, 3_400_000)] == [
        "0",
        "7",
        "999",
        "1.5k",
        "12k",
        "3.4m",
    ]
    assert change(110, 100, "count") == "10 %"
    assert change(0.9, 0.95, "share") == "5.0 points"
    assert change(5, 0, "count") is None
    assert change(None, 3, "count") is None
