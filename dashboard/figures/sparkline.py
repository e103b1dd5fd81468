"""A course as a word-sized drawing for the worklist: an SVG path and what it says in words.

The browser only draws the path (`assets/worklist.js`); scale, gaps and words are decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.figures.score_panel import broken_line
from dashboard.words.numbers import days, number, quantity
from data_models.definitions.instruments import Instrument

WIDTH, HEIGHT, EDGE = 116.0, 32.0, 3.0


def sparkline(
    points: Sequence[tuple[float, float]], scale: Instrument, response: float | None = None
) -> dict[str, Any] | None:
    """Path of a course's scores (days and points, in time order) in a box of WIDTH x HEIGHT; None without scores.

    All rows share the instrument's whole range, so that they compare by eye; lower on the paper is
    better. `response` is the highest score in response (score points), drawn as a hairline.

    Returns
    -------
    path : SVG path, a new stroke after each gap of more than 30 days. x, y : place of the latest score.
    line : height of the response line or None. text : the same in words.
    """
    if not points:
        return None
    at, scores = [day for day, _ in points], [score for _, score in points]
    first, last = min(at), max(at)
    span = max(last - first, 1.0)

    def across(day: float) -> float:
        return round(EDGE + (WIDTH - 2 * EDGE) * (day - first) / span, 1)

    def up(score: float) -> float:
        return round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (score - scale.minimum) / (scale.maximum - scale.minimum), 1)

    xs, ys = broken_line(at, scores)
    path: list[str] = []
    start = True
    for x, y in zip(xs, ys, strict=True):
        if x is None or y is None:
            start = True
            continue
        # "h0" leaves a dot where a score stands alone.
        path.append(f"M{across(x):g} {up(y):g}h0" if start else f"L{across(x):g} {up(y):g}")
        start = False
    count = quantity(len(at), "score")
    text = (
        f"{scale.name} {number(scores[0])} to {number(scores[-1])}, {count} over {days(last - first)}"
        if len(at) > 1
        else f"{scale.name} {number(scores[0])}, 1 score"
    )
    line = None if response is None else up(response)
    return {"path": "".join(path), "x": across(at[-1]), "y": up(scores[-1]), "line": line, "text": text}
