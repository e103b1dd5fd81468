"""A figure on paper: the plotly dict that a screen draws, as SVG text without a script.

Draws what figures use: scatter traces (lines, steps, fills, stacked areas, marks, texts, error bars), lying bars,
shapes, notes, and several axes. Colours are the light ones; dashes, marks and names tell lines apart without them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from dashboard.figures.base import Figure
from dashboard.theme import colour
from dashboard.words.numbers import number

WIDTH = 640.0
FONT = "'Libertinus Serif', Georgia, serif"
_SIZE = 11.0  # of letters; each about half as wide
_LINE = 13.0  # pixels from a line of text to the next
_LEGEND = 17.0  # pixels of a row of the legend
_DASHES = {"dash": "7 4", "dot": "2 3", "longdash": "12 5", "dashdot": "8 3 2 3", "longdashdot": "12 3 2 3"}
_MARKS = {  # around (0, 0), as far out as 1
    "circle": "M-1 0A1 1 0 1 1 1 0A1 1 0 1 1 -1 0Z",
    "square": "M-.85 -.85h1.7v1.7h-1.7Z",
    "diamond": "M0 -1.15L1.15 0L0 1.15L-1.15 0Z",
    "triangle-up": "M0 -1.1L1.1 .8H-1.1Z",
    "triangle-down": "M0 1.1L1.1 -.8H-1.1Z",
    "hexagon": "M0 -1.05L.9 -.5V.5L0 1.05L-.9 .5V-.5Z",
    "cross": "M-.35 -1h.7v.65h.65v.7h-.65v.65h-.7v-.65h-.65v-.7h.65Z",
    "x": "M-1 -.6L-.6 -1L0 -.4L.6 -1L1 -.6L.4 0L1 .6L.6 1L0 .4L-.6 1L-1 .6L-.4 0Z",
}
Point = tuple[float, float]
Entry = tuple[str, str, str]


def svg(figure: Figure, alt: str, legend: Sequence[Entry] = ()) -> str:
    """The drawing, 640 pixels wide and as tall as on the screen, with its legend above it.

    Parameters
    ----------
    alt : what it shows, in words.
    legend : name, colour token and mark of each entry, as its card has them; without any the lines' own names.
    """
    drawing = _Drawing(figure, [(name, colour(token), mark) for name, token, mark in legend])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {drawing.height:g}" width="{WIDTH:g}" '
        f'height="{drawing.height:g}" role="img" aria-label="{escape(alt)}" font-family="{FONT}">'
        f"<title>{escape(alt)}</title>{''.join(drawing.parts)}</svg>"
    )


def round_numbers(low: float, high: float, most: int = 6) -> list[float]:
    """At most `most` round numbers from `low` to `high`."""
    if high <= low:
        return [low]
    raw = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return _multiples(next(power * of for of in (1, 2, 2.5, 5, 10) if power * of >= raw - 1e-12), low, high)


def _multiples(step: float, low: float, high: float) -> list[float]:
    return [round(i * step, 10) for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _lines(text: str) -> list[str]:
    return re.sub(r"</?b>", "", text).split("<br>")


def _wide(text: str) -> float:
    return max(map(len, _lines(text))) * _SIZE / 2


def _paint(what: str, shown: str) -> str:
    """Fill or stroke: of a see-through colour the opacity stands beside it, which not every reader takes from it."""
    if not shown.startswith("rgba"):
        return f'{what}="{shown}"'
    red, green, blue, opacity = re.findall(r"[\d.]+", shown)
    return f'{what}="#{int(red):02x}{int(green):02x}{int(blue):02x}" {what}-opacity="{opacity}"'


def _path(points: Iterable[Point | None]) -> str:
    """Strokes through points, a new one after each None."""
    made, drawn = "", False
    for point in points:
        made += "" if point is None else f"{'L' if drawn else 'M'}{point[0]:.1f} {point[1]:.1f}"
        drawn = point is not None
    return made


def _along(places: Sequence[Point | None], shape: str) -> list[Point | None]:
    """The points that a line passes: of steps also their corners."""
    found: list[Point | None] = []
    for place in places:
        if shape == "hv" and place is not None and found and (last := found[-1]) is not None:
            found.append((place[0], last[1]))
        found.append(place)
    return found


class _Axis:
    """One axis: its range, its ticks, and where it lies in pixels."""

    def __init__(self, settings: dict[str, Any], values: Sequence[float]) -> None:
        self.settings = settings
        low, high = min(values, default=0.0), max(values, default=1.0)
        room = 0.05 * (high - low or 1.0)
        automatic = (0.0 if settings.get("rangemode") == "tozero" else low - room, high + room)
        self.low, self.high = map(float, settings.get("range") or automatic)
        self.title = str(settings.get("title", {}).get("text", ""))
        self.start, self.end = 0.0, 1.0

    def lay(self, start: float, end: float) -> None:
        """Take one's domain of a plot that begins and ends there."""
        first, last = map(float, self.settings.get("domain", (0, 1)))
        self.start, self.end = start + first * (end - start), start + last * (end - start)

    def to(self, value: float) -> float:
        return self.start + (value - self.low) / ((self.high - self.low) or 1) * (self.end - self.start)

    def holds(self, value: float) -> bool:
        return min(self.low, self.high) - 1e-9 <= value <= max(self.low, self.high) + 1e-9

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Value and words of each."""
        given, low, high = self.settings.get("tickvals"), min(self.low, self.high), max(self.low, self.high)
        if given is None:
            step = self.settings.get("dtick")
            given = _multiples(step, low, high) if step else round_numbers(low, high, self.settings.get("nticks") or 6)
        percent = "%" in self.settings.get("tickformat", "")
        named = self.settings.get("ticktext") or [f"{100 * v:.3g}%" if percent else number(v, 2) for v in given]
        return [(value, text) for value, text in zip(given, named, strict=True) if self.holds(value)]

    @property
    def apart(self) -> float:
        """Pixels from an axis of y to its words."""
        return 5.0 + (self.settings.get("ticklen", 0) if self.settings.get("ticks") else 0)


class _Drawing:
    """A figure drawn: its axes and its pieces."""

    def __init__(self, figure: Figure, legend: Sequence[Entry]) -> None:
        self.traces: list[dict[str, Any]] = figure["data"]
        self.layout, self.parts = figure["layout"], list[str]()
        names = [key.replace("axis", "") for key in self.layout if re.fullmatch(r"[xy]axis\d*", key)]
        self.axes = {name: _Axis(self.layout[f"{name[0]}axis{name[1:]}"], self._values(name)) for name in names}
        margin, rows = self.layout["margin"], _rows(legend or self._named())
        beside = [axis.apart + max((_wide(text) for _, text in axis.ticks), default=0.0) for axis in self._of("y")]
        titled = any(axis.title for axis in self._of("y"))
        # Rows of counts stand below the axis of days: then nothing is below the lowest axis.
        below = 8.0 if "y2" in self.axes else 22 + _LINE * max(len(_lines(axis.title)) for axis in self._of("x"))
        self.height = self.layout["height"] + _LEGEND * len(rows)
        self.left, self.right = max(margin["l"], 8 + max(beside) + _LINE * titled), WIDTH - max(margin["r"], 16.0)
        self.top, self.bottom = max(margin["t"], 12.0) + _LEGEND * len(rows), self.height - max(margin["b"], below)
        for axis in self._of("x"):
            axis.lay(self.left, self.right)
        for axis in self._of("y"):
            axis.lay(self.bottom, self.top)
        self._legend(rows)
        self._axes()
        self._shapes()
        self._traces()
        self._notes()

    def _of(self, side: str) -> list[_Axis]:
        return [axis for name, axis in self.axes.items() if name.startswith(side)]

    def _values(self, name: str) -> list[float]:
        """What an axis without a range must hold: the values of its traces, with their intervals."""
        found: list[float] = []
        for trace in self.traces:
            if trace.get(f"{name[0]}axis", name[0]) == name:
                values, bars = trace[name[0]], trace.get(f"error_{name[0]}", {})
                for end, sign in (("array", 1), ("arrayminus", -1)):
                    more = bars.get(end, [0] * len(values))
                    found += [v + sign * e for v, e in zip(values, more, strict=True) if v is not None]
        return found

    def _named(self) -> list[Entry]:
        """Areas that have no room for their names, and lines where there are several."""
        areas = [(one["name"], one["fillcolor"], "area") for one in self.traces if one.get("stackgroup")
                 and one.get("showlegend")]  # fmt: skip
        lines = [
            (one["name"], one["line"]["color"], one["line"].get("dash", "solid"))
            for one in self.traces
            if one.get("mode") == "lines" and one.get("showlegend", True) and not one.get("stackgroup")
        ]
        return areas + (lines if len(lines) > 1 else [])

    # --- pieces ---------------------------------------------------------------------------------

    def _stroke(self, path: str, shown: str, width: float = 1, dash: str = "solid", opacity: float = 1) -> None:
        dashed = f' stroke-dasharray="{_DASHES[dash]}"' if dash in _DASHES else ""
        faded = f' opacity="{opacity:g}"' if opacity < 1 else ""
        line = f'{_paint("stroke", shown)} stroke-width="{width:g}"{dashed}{faded}'
        self.parts.append(f'<path d="{path}" fill="none" {line}/>')

    def _area(self, edge: Iterable[Point | None], shown: str, border: str = "none") -> None:
        path = _path(point for point in edge if point)
        self.parts.append(f'<path d="{path}Z" {_paint("fill", shown)} stroke="{border}" stroke-width="0.6"/>')

    def _mark(self, at: Point, symbol: str, size: float, shown: str) -> None:
        kind, filled = symbol.removesuffix("-open"), "#ffffff" if symbol.endswith("-open") else shown
        place = f'transform="translate({at[0]:.1f} {at[1]:.1f}) scale({size / 2:.2f})"'
        paint = f'fill="{filled}" stroke="{shown}" stroke-width="{2.4 / size:.2f}"'
        self.parts.append(f'<path d="{_MARKS[kind]}" {place} {paint}/>')

    def _write(self, text: str, x: float, y: float, anchor: str = "middle", shown: str = "", turn: str = "") -> None:
        """Lines of text, the middle of them at y."""
        lines = _lines(text)
        for place, line in enumerate(lines):
            foot = y + 4 + _LINE * (place - (len(lines) - 1) / 2)
            self.parts.append(
                f'<text x="{x:.1f}" y="{foot:.1f}" text-anchor="{anchor}" font-size="{_SIZE:g}" '
                f'fill="{shown or colour("text")}"{turn}>{escape(line)}</text>'
            )

    def _legend(self, rows: Sequence[Sequence[Entry]]) -> None:
        for place, row in enumerate(rows):
            x, y = 12.0, 12 + _LEGEND * place
            for name, shown, mark in row:
                if mark == "area":
                    self._area(
                        [(x + 8, y - 5), (x + 20, y - 5), (x + 20, y + 5), (x + 8, y + 5)], shown, colour("text")
                    )
                elif mark.removesuffix("-open") in _MARKS:
                    self._mark((x + 14, y), mark, 8, shown)
                else:
                    self._stroke(f"M{x:.1f} {y:.1f}h24", shown, 2, mark)
                self._write(name, x + 29, y, "start")
                x += 40 + _wide(name)

    def _axes(self) -> None:
        for axis in self._of("y"):
            for value, text in axis.ticks:
                y = axis.to(value)
                if axis.settings.get("showgrid"):
                    self._stroke(f"M{self.left:.1f} {y:.1f}H{self.right:.1f}", colour("grid"))
                self._write(text, self.left - axis.apart, y, "end")
            if axis.title:
                y = (axis.start + axis.end) / 2
                self._write(axis.title, 13, y, turn=f' transform="rotate(-90 13 {y:.1f})"')
        for axis in self._of("x"):
            upright = self.axes[axis.settings.get("anchor", "y")]
            bottom, grid = upright.start, axis.settings.get("showgrid")
            self._stroke(f"M{axis.start:.1f} {bottom:.1f}H{axis.end:.1f}", colour("axis"))
            for value, text in axis.ticks:
                x = axis.to(value)
                self._stroke(f"M{x:.1f} {bottom:.1f}V{upright.end if grid else bottom + 4:.1f}",
                             colour("grid" if grid else "axis"))  # fmt: skip
                self._write(text, x, bottom + 11)
            lines = len(_lines(axis.title))
            self._write(axis.title, (axis.start + axis.end) / 2, bottom + 20 + _LINE * lines / 2)

    def _places(self, trace: dict[str, Any], ys: Sequence[Any]) -> list[Point | None]:
        """Points of a trace in pixels; None where a line breaks or lies before or behind what is shown."""
        x, y = self.axes[trace.get("xaxis", "x")], self.axes[trace.get("yaxis", "y")]
        return [
            None if a is None or b is None or not x.holds(a) else (x.to(a), y.to(b))
            for a, b in zip(trace["x"], ys, strict=True)
        ]

    def _traces(self) -> None:
        before: list[Point | None] = []
        reached: list[float] = []  # by the areas or bars so far
        for trace in self.traces:
            if trace["type"] == "bar":
                reached = self._bars(trace, reached or [0.0] * len(trace["x"]))
                continue
            line = {"shape": "linear", "width": 2.0, "dash": "solid"} | trace.get("line", {})
            if trace.get("stackgroup"):
                under = reached or [0.0] * len(trace["x"])
                reached = [low + (value or 0.0) for low, value in zip(under, trace["y"], strict=True)]
                low, high = (_along(self._places(trace, ys), line["shape"]) for ys in (under, reached))
                self._area([*high, *reversed(low)], trace["fillcolor"], line["color"])
                continue
            places = self._places(trace, trace["y"])
            along = _along(places, line["shape"])
            if trace.get("fill") == "tonexty":
                self._area([*along, *reversed(before)], trace["fillcolor"])
            if "lines" in trace["mode"] and line["width"]:
                self._stroke(_path(along), line["color"], line["width"], line["dash"], trace.get("opacity", 1))
            self._intervals(trace, places)
            self._marks(trace, places)
            before = along

    def _bars(self, trace: dict[str, Any], start: Sequence[float]) -> list[float]:
        x, y = self.axes["x"], self.axes["y"]
        half = (1 - self.layout["bargap"]) / 2
        ends = [low + (value or 0.0) for low, value in zip(start, trace["x"], strict=True)]
        for row, low, high in zip(trace["y"], start, ends, strict=True):
            edge = [(x.to(a), y.to(row + b)) for a, b in ((low, -half), (high, -half), (high, half), (low, half))]
            self._area(edge, trace["marker"]["color"], "#ffffff")
        return ends

    def _intervals(self, trace: dict[str, Any], places: Sequence[Point | None]) -> None:
        for side in "xy":
            axis, bars = self.axes[trace.get(f"{side}axis", side)], trace.get(f"error_{side}", {})
            ends = zip(places, trace[side], bars["arrayminus"], bars["array"], strict=True) if bars else ()
            for place, value, less, more in ends:
                if place is not None:
                    low, high = axis.to(value - less), axis.to(value + more)
                    across = f"M{low:.1f} {place[1]:.1f}H{high:.1f}"
                    path = across if side == "x" else f"M{place[0]:.1f} {low:.1f}V{high:.1f}"
                    self._stroke(path, bars["color"], bars["thickness"])

    def _marks(self, trace: dict[str, Any], places: Sequence[Point | None]) -> None:
        mark = {"symbol": "circle", "size": 6, "color": colour("text")} | trace.get("marker", {})
        each = [
            list(value) if isinstance(value, list | tuple) else [value] * len(places)
            for value in (mark["symbol"], mark["size"], mark["color"], trace.get("text", ""))
        ]
        for place, symbol, size, shown, text in zip(places, *each, strict=True):
            if place is not None and "markers" in trace["mode"]:
                self._mark(place, symbol, size, shown)
            if place is not None and "text" in trace["mode"]:
                raised = size / 2 + 7 if "top" in trace.get("textposition", "") else 0
                self._write(text, place[0], place[1] - raised, shown=trace["textfont"]["color"])

    def _on(self, mark: dict[str, Any], side: str, key: str) -> float:
        """Pixels of a place in an axis's units, or in shares of its length ("x domain") or of the plot's ("paper")."""
        name, _, domain = mark.get(f"{side}ref", side).partition(" ")
        start, end = (self.left, self.right) if side == "x" else (self.bottom, self.top)
        if name != "paper" and not domain:
            return self.axes[name].to(mark[key])
        if domain:
            start, end = self.axes[name].start, self.axes[name].end
        return float(start + mark[key] * (end - start))

    def _shapes(self) -> None:
        for shape in self.layout.get("shapes", ()):
            (x0, x1), (y0, y1) = ([self._on(shape, side, f"{side}{end}") for end in "01"] for side in "xy")
            if shape["type"] == "rect":
                self._area([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], shape["fillcolor"])
            else:
                line = shape["line"]
                path = f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"
                self._stroke(path, line["color"], line["width"], line.get("dash", "solid"))

    def _notes(self) -> None:
        anchors = {"left": "start", "right": "end", "center": "middle"}
        for note in self.layout.get("annotations", ()):
            x, y = (self._on(note, side, side) for side in "xy")
            if note.get("showarrow"):
                self._stroke(f"M{x:.1f} {y:.1f}l{note['ax']} {note['ay']}", note["arrowcolor"])
                x, y = x + note["ax"], y + note["ay"] - 7
            half = _LINE * len(_lines(note["text"])) / 2
            y += {"top": half, "bottom": -half}.get(note.get("yanchor", ""), 0.0) - note.get("yshift", 0)
            shown = note.get("font", {}).get("color", "")
            self._write(note["text"], x + note.get("xshift", 0), y, anchors[note.get("xanchor", "center")], shown)


def _rows(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries of a legend in as many rows as they need."""
    rows: list[list[Entry]] = []
    room = 0.0
    for entry in entries:
        needs = 40 + _wide(entry[0])
        if not rows or needs > room:
            rows.append([])
            room = WIDTH - 24
        rows[-1].append(entry)
        room -= needs
    return rows
