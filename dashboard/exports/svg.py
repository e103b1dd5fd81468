"""Charts as SVG text for print: lines told apart by dashes and marks, greys in place of colours, no script.

Pure functions: numbers in, text out. Numbers in the drawing are those given, at the precision drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 16.0, 14.0, 44.0
INK, GREY, PALE = "#1f2933", "#7b8794", "#dde2e7"
DASHES = ("", "7 3", "2 3", "9 3 2 3", "5 2 1 2 1 2", "12 4", "1 4", "6 2 6 6")
FILLS = ("#1f2933", "#7b8794", "#c3cad1", "#e9ecef", "#ffffff", "#a3adb7")
FONT = "'Libertinus Serif', Georgia, serif"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: points (x, y) in the data's units; `steps` holds each value until the next point."""

    name: str
    points: Sequence[tuple[float, float]]
    steps: bool = False
    marks: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """One row of a dot plot: value with its interval (None: not drawn)."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None


def nice_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round numbers from `low` to `high`."""
    if high <= low:
        return [low]
    raw = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw - 1e-12)
    first = math.ceil(low / step - 1e-9) * step
    return [round(first + i * step, 10) for i in range(int((high - first) / step + 1e-9) + 1)]


class _Frame:
    """Scales of one chart and the pieces drawn so far."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float], height: float = HEIGHT) -> None:
        self.x_range, self.y_range, self.height = x, y, height
        self.parts: list[str] = []

    def x(self, value: float) -> float:
        low, high = self.x_range
        return _LEFT + (value - low) / ((high - low) or 1) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return self.height - _BOTTOM - (value - low) / ((high - low) or 1) * (self.height - _TOP - _BOTTOM)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str = GREY, width: float = 1.0, dash: str = ""
    ) -> None:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width:g}"{dashed}/>'
        )

    def text(self, x: float, y: float, text: str, anchor: str = "middle", size: float = 11, turn: bool = False) -> None:
        turned = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turn else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size:g}" fill="{INK}"{turned}>'
            f"{escape(text)}</text>"
        )

    def axes(self, x_title: str, y_title: str, y_ticks: Sequence[tuple[float, str]], x_ticks: Sequence[float]) -> None:
        bottom = self.height - _BOTTOM
        for value, words in y_ticks:
            self.line(_LEFT, self.y(value), WIDTH - _RIGHT, self.y(value), PALE)
            self.text(_LEFT - 6, self.y(value) + 4, words, "end")
        for value in x_ticks:
            self.line(self.x(value), bottom, self.x(value), bottom + 4)
            self.text(self.x(value), bottom + 16, f"{value:g}")
        self.line(_LEFT, bottom, WIDTH - _RIGHT, bottom, INK)
        self.text((_LEFT + WIDTH - _RIGHT) / 2, self.height - 8, x_title)
        self.text(14, (_TOP + bottom) / 2, y_title, turn=True)

    def svg(self, alt: str) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {self.height:g}" width="{WIDTH:g}" '
            f'height="{self.height:g}" role="img" aria-label="{escape(alt)}" font-family="{FONT}">'
            f"<title>{escape(alt)}</title>" + "".join(self.parts) + "</svg>"
        )


def _path(frame: _Frame, line: Line) -> str:
    text = ""
    for place, (x, y) in enumerate(line.points):
        if place and line.steps:
            text += f"H{frame.x(x):.1f}V{frame.y(y):.1f}"
        else:
            text += f"{'L' if place else 'M'}{frame.x(x):.1f} {frame.y(y):.1f}"
    return text


def _mark(x: float, y: float, which: int) -> str:
    shapes = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2"',
        f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"',
        f'<path d="M{x:.1f} {y - 4:.1f}l4 7h-8z"',
        f'<path d="M{x:.1f} {y - 4:.1f}l4 4l-4 4l-4 -4z"',
    )
    fill = INK if which < 4 else "#ffffff"
    return f'{shapes[which % 4]} fill="{fill}" stroke="{INK}"/>'


def line_chart(
    lines: Sequence[Line],
    alt: str,
    x_title: str,
    y_title: str,
    *,
    share: bool = False,
    levels: Sequence[tuple[float, str]] = (),
    ticks_below: Sequence[float] = (),
    y_range: tuple[float, float] | None = None,
    same: bool = False,
) -> str:
    """Lines over one axis, named in a legend above where there are several.

    Parameters
    ----------
    share : y runs from 0 to 100%.
    levels : dashed horizontal lines with their names.
    ticks_below : strokes on the axis of x (sessions).
    same : all lines are parts of one and look the same, without a legend.
    """
    drawn = [line for line in lines if line.points]
    xs = [x for line in drawn for x, _ in line.points] + [*ticks_below, 0.0]
    ys = [y for line in drawn for _, y in line.points] + [value for value, _ in levels]
    if y_range is None:
        y_range = (0.0, 1.0) if share else (min([*ys, 0.0]), max([*ys, 1.0]))
    # Named where one of several groups is left to draw, too.
    legend = 16.0 * math.ceil(len(drawn) / 3) if len(lines) > 1 and not same else 0.0
    frame = _Frame((min(xs), max([*xs, min(xs) + 1])), y_range, HEIGHT + legend)
    named = [(v, f"{100 * v:.0f}%" if share else f"{v:g}".replace("-", "−")) for v in nice_ticks(*y_range, 6)]
    frame.axes(x_title, y_title, named, nice_ticks(*frame.x_range, 9))
    if legend:  # the plot itself moves down by drawing the legend over a taller frame
        frame.y_range = (y_range[0], y_range[1] + (y_range[1] - y_range[0]) * legend / (HEIGHT - _TOP - _BOTTOM))
        frame.parts.clear()
        frame.axes(x_title, y_title, named, nice_ticks(*frame.x_range, 9))
    for value, words in levels:
        frame.line(_LEFT, frame.y(value), WIDTH - _RIGHT, frame.y(value), GREY, 1, "5 4")
        frame.text(WIDTH - _RIGHT, frame.y(value) - 4, words, "end", 10)
    for x in ticks_below:
        frame.line(frame.x(x), frame.height - _BOTTOM - 9, frame.x(x), frame.height - _BOTTOM, INK, 1.6)
    for number, line in enumerate(drawn):
        place = 0 if same else number
        dash = DASHES[place % len(DASHES)]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        frame.parts.append(f'<path d="{_path(frame, line)}" fill="none" stroke="{INK}" stroke-width="1.6"{dashed}/>')
        if line.marks:
            frame.parts += [_mark(frame.x(x), frame.y(y), place) for x, y in line.points]
        if legend:
            at_x, at_y = _LEFT + (place % 3) * 190, _TOP + (place // 3) * 16 - 2
            frame.line(at_x, at_y, at_x + 28, at_y, INK, 1.6, dash)
            frame.text(at_x + 34, at_y + 4, line.name, "start")
    return frame.svg(alt)


def dot_chart(groups: Sequence[tuple[str, Sequence[Dot]]], alt: str, x_title: str, *, share: bool = True) -> str:
    """Rows of values with their intervals; groups differ by mark (circle, square, ...), those without one left out."""
    names = list(dict.fromkeys(dot.name for _, dots in groups for dot in dots))
    row, label_width = 20.0, 210.0
    legend = 18.0 if len(groups) > 1 else 0.0
    groups = [(name, dots) for name, dots in groups if any(dot.value is not None for dot in dots)]
    height = _TOP + legend + row * len(names) + _BOTTOM
    ends = [v for _, dots in groups for d in dots for v in (d.value, d.high) if v is not None]
    top = max([*ends, 0.01]) * 1.05
    low = min([v for _, dots in groups for d in dots for v in (d.value, d.low) if v is not None] + [0.0])
    frame = _Frame((low, top), (0, 1), height)
    frame.x = lambda value: label_width + (value - low) / ((top - low) or 1) * (WIDTH - label_width - _RIGHT)  # type: ignore[method-assign]
    for value in nice_ticks(low, top, 6):
        frame.line(frame.x(value), _TOP + legend, frame.x(value), height - _BOTTOM, PALE)
        frame.text(frame.x(value), height - _BOTTOM + 16, f"{100 * value:.3g}%" if share else f"{value:g}")
    for place, name in enumerate(names):
        frame.text(label_width - 8, _TOP + legend + row * (place + 0.5) + 4, name, "end")
    for which, (group, dots) in enumerate(groups):
        shift = (which - (len(groups) - 1) / 2) * min(7.0, 14 / max(len(groups), 1))
        for dot in dots:
            y = _TOP + legend + row * (names.index(dot.name) + 0.5) + shift
            if dot.value is None:
                continue
            if dot.low is not None and dot.high is not None:
                frame.line(frame.x(dot.low), y, frame.x(dot.high), y, INK, 1.2)
            frame.parts.append(_mark(frame.x(dot.value), y, which))
        if legend:
            frame.parts.append(_mark(label_width + which * 110, _TOP + 4, which))
            frame.text(label_width + which * 110 + 9, _TOP + 8, group, "start")
    frame.text((label_width + WIDTH - _RIGHT) / 2, height - 8, x_title)
    return frame.svg(alt)


def area_chart(
    layers: Sequence[tuple[str, Sequence[float]]], xs: Sequence[float], alt: str, x_title: str, y_title: str
) -> str:
    """Shares stacked to 100%, the first layer at the bottom; greys with an edge each."""
    legend = 18.0
    frame = _Frame((min(xs), max([*xs, min(xs) + 1])), (0.0, 1.0), HEIGHT + legend)
    frame.y = lambda value: HEIGHT + legend - _BOTTOM - value * (HEIGHT - _TOP - _BOTTOM)  # type: ignore[method-assign]
    frame.axes(
        x_title, y_title, [(v, f"{100 * v:.0f}%") for v in (0, 0.25, 0.5, 0.75, 1)], nice_ticks(*frame.x_range, 9)
    )
    base = [0.0] * len(xs)
    apart = (WIDTH - _LEFT - _RIGHT) / max(len(layers), 5)  # of the names in the key
    for place, (name, values) in enumerate(layers):
        upper = [b + v for b, v in zip(base, values, strict=True)]
        there = " ".join(f"{frame.x(x):.1f},{frame.y(min(u, 1)):.1f}" for x, u in zip(xs, upper, strict=True))
        back = " ".join(f"{frame.x(x):.1f},{frame.y(b):.1f}" for x, b in reversed(list(zip(xs, base, strict=True))))
        fill = FILLS[place % len(FILLS)]
        frame.parts.append(f'<polygon points="{there} {back}" fill="{fill}" stroke="{INK}" stroke-width="0.7"/>')
        at = _LEFT + place * apart
        frame.parts.append(f'<rect x="{at:.1f}" y="{_TOP - 8:g}" width="11" height="11" fill="{fill}" stroke="{INK}"/>')
        frame.text(at + 16, _TOP + 2, name, "start")
        base = upper
    return frame.svg(alt)
