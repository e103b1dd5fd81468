"""A screen's figure on paper: each piece of a plotly dict in its place, and nothing else."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from dashboard.figures.areas import stacked
from dashboard.figures.base import axis, layout, line, note, ribbon
from dashboard.figures.paper import WIDTH, round_numbers, svg
from dashboard.theme import colour

RIGHT = WIDTH - 16


def drawn(data: list[dict[str, Any]], x: Any = None, legend: Any = (), **more: Any) -> ElementTree.Element:
    """The drawing of some traces from day 0 to 10, shares from 0 to 1."""
    x = x or axis(range=[0, 10], showgrid=False)
    made = {"data": data, "layout": layout(200, x=x, y=axis(range=[0, 1], showgrid=False), **more)}
    return ElementTree.fromstring(re.sub(' xmlns="[^"]+"', "", svg(made, "What <it> shows", legend)))


def paths(root: ElementTree.Element, shown: str, of: str = "stroke") -> list[str]:
    return [part.get("d", "") for part in root.iter("path") if part.get(of) == shown]


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)]


def texts(root: ElementTree.Element) -> list[str]:
    return [part.text or "" for part in root.iter("text")]


def test_a_line_lies_between_its_axes_and_breaks_where_nothing_is_known() -> None:
    root = drawn([line([0, 5, None, 10], [0, 0.5, None, 1], "Share", "accent")])
    (path,) = paths(root, colour("accent"))
    assert path.count("M") == 2
    (left, bottom), (middle, half), (right, top) = points(path)
    assert (right, middle) == (RIGHT, pytest.approx((left + RIGHT) / 2, abs=0.1))
    assert half == pytest.approx((bottom + top) / 2, abs=0.1)
    assert 0 < top < bottom < 200
    assert root.get("aria-label") == "What <it> shows"


def test_a_step_holds_each_value_until_the_next() -> None:
    root = drawn([line([0, 5, 10], [1, 0.5, 0], "Left", "accent", line={"shape": "hv", "dash": "dot"})])
    (path,) = paths(root, colour("accent"))
    heights = [y for _, y in points(path)]
    assert heights[0] == heights[1] < heights[2] == heights[3] < heights[4]
    assert [part.get("stroke-dasharray") for part in root.iter("path") if part.get("d") == path] == ["2 3"]


def test_what_lies_before_the_axis_is_left_out() -> None:
    root = drawn([line([-40, 0, 10, 11], [0, 0, 1, 1], "Share", "accent")])
    assert len(points(paths(root, colour("accent"))[0])) == 2


def test_areas_stand_on_each_other_and_a_ribbon_fills_between_its_edges() -> None:
    root = drawn(stacked([0, 10], [("Response", "response", [0.4, 0.2]), ("Left", "left", [0.6, 0.8])]))
    lower, upper = (points(paths(root, colour(token))[0]) for token in ("response", "left"))
    assert lower[:2] == list(reversed(upper[2:])), "the upper area begins where the lower one ends"
    fill = next(part for part in root.iter("path") if part.get("stroke") == colour("response"))
    assert (fill.get("fill"), fill.get("fill-opacity")) == (colour("response"), "0.62")
    root = drawn(ribbon([0, 10], [0.2, 0.4], [0.6, 0.8], "response"))
    band = points(paths(root, colour("response"), "fill")[0])
    high, low = band[:2], band[2:]
    assert all(a[1] < b[1] for a, b in zip(high, reversed(low), strict=True))
    assert not paths(root, colour("response")), "the edges of a ribbon are no lines"


def test_marks_intervals_and_numbers_stand_at_their_points() -> None:
    dots = {
        "type": "scatter", "mode": "markers+text", "x": [0.5, None], "y": [0.5, 0.5], "text": ["12", "13"],
        "textposition": "top center", "textfont": {"color": colour("muted")}, "name": "Seen",
        "marker": {"color": colour("accent"), "symbol": ["diamond-open", "circle"], "size": [9, 9]},
        "error_x": {"array": [0.2, 0], "arrayminus": [0.1, 0], "color": colour("loss"), "thickness": 1},
    }  # fmt: skip
    root = drawn([dots], x=axis(rangemode="tozero", tickformat=".0%"))
    (bar,) = paths(root, colour("loss"))
    low, high = (float(x) for x in re.findall(r"M([\d.]+) [\d.]+H([\d.]+)", bar)[0])
    (mark,) = (part for part in root.iter("path") if part.get("stroke") == colour("accent"))
    at = float(re.findall(r"translate\(([\d.]+)", mark.get("transform", ""))[0])
    assert (at - low) * 2 == pytest.approx(high - at, abs=0.2)
    assert mark.get("fill") == "#ffffff", "a hollow mark"
    assert "12" in texts(root)
    assert "13" not in texts(root)
    assert {"0%", "20%", "60%"} <= set(texts(root)), "an axis without a range holds the intervals"


def test_an_axis_without_a_range_holds_its_marks_and_a_title_takes_room_beside_it() -> None:
    dots = {"type": "scatter", "mode": "markers", "x": [2.2, 4], "y": [0.5, 0.5], "marker": {"color": colour("accent")}}
    said = texts(drawn([dots | {"name": "Seen"}], x=axis()))
    assert {"2.5", "3", "3.5", "4"} <= set(said)
    assert not {"1.5", "2", "4.5", "5"} & set(said)
    left = []
    for title in ("", "Share of courses"):
        rows = axis(title, range=[-0.5, 0.5], tickvals=[0], ticktext=["A long name of a row"])
        made = {"data": [line([0, 10], [0, 0], "A", "accent")], "layout": layout(200, x=axis(range=[0, 10]), y=rows)}
        root = ElementTree.fromstring(re.sub(' xmlns="[^"]+"', "", svg(made, "Rows", ())))
        left.append(points(paths(root, colour("accent"))[0])[0][0])
    assert left[1] - left[0] > 10


def test_bars_are_stacked_along_their_rows() -> None:
    made = [
        {"type": "bar", "orientation": "h", "x": x, "y": [0, 1], "name": name, "marker": {"color": colour(name)}}
        for name, x in (("response", [5, 2]), ("worse", [5, None]))
    ]
    root = drawn(made, bargap=0.5)
    first, second = (paths(root, colour(name), "fill") for name in ("response", "worse"))
    assert points(first[0])[1][0] == points(second[0])[0][0]
    assert points(second[0])[1][0] == RIGHT
    assert len(first) == len(second) == 2


def test_the_legend_takes_room_above_and_lines_name_themselves_where_there_are_several() -> None:
    one, two = (line([0, 10], [0, 1], name, token) for name, token in (("IV (n 9)", "iv"), ("Oral <n>", "oral")))
    assert "IV (n 9)" not in texts(drawn([one]))
    root = drawn([one, two])
    assert {"IV (n 9)", "Oral <n>"} <= set(texts(root))
    assert root.get("height") == "217"
    long = [(f"A group with a long name, number {i}", "iv", "dash") for i in range(6)]
    root = drawn([one], legend=[*long, ("Mark", "oral", "hexagon"), ("Area", "left", "area")])
    assert float(root.get("height", "")) > 217
    assert {"Mark", "Area"} <= set(texts(root))
    assert len(paths(root, colour("iv"))) == 7


def test_shapes_and_notes_stand_in_data_units_or_in_shares_of_the_plot() -> None:
    level = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0.5, "y1": 0.5,
             "line": {"color": colour("loss"), "width": 1, "dash": "dash"}}  # fmt: skip
    strip = {"type": "rect", "xref": "x domain", "x0": 0, "x1": 1, "y0": 0, "y1": 0.5, "fillcolor": "#dae1e6"}
    arrow = note("seen<br>day 4", 4, 0.5, showarrow=True, ax=20, ay=-30, arrowcolor=colour("muted"))
    root = drawn([line([0, 10], [0.5, 0.5], "Share", "accent")], shapes=[level, strip], annotations=[arrow])
    (dashed,), (data,) = paths(root, colour("loss")), paths(root, colour("accent"))
    assert points(dashed) == points(data)
    assert len(points(paths(root, "#dae1e6", "fill")[0])) == 4
    assert {"seen", "day 4"} <= set(texts(root))
    assert any(path.endswith("l20 -30") for path in paths(root, colour("muted")))


@pytest.mark.parametrize("low, high", [(0, 1), (0, 56), (-7.3, 12), (0.001, 0.009), (5, 5)])
def test_ticks_are_few_round_and_inside(low: float, high: float) -> None:
    found = round_numbers(low, high)
    assert 1 <= len(found) <= 6
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in found)
