"""Who improved? One bar a course, from most worsened to most improved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.figures.base import Figure, axis, empty, layout, note
from dashboard.theme import LIGHT, colour
from data_models.definitions.rules import ROUNDING

MOST_BARS = 300
KINDS = (
    ("Response", "response"),
    ("Partial response", "partial"),
    ("Neither", "none"),
    ("Worse", "worse"),
)


def kind(worse: bool, improvement: float | None, response: float, partial: float) -> int:
    """Position in KINDS of one course; `worse`: by the smallest meaningful change or more."""
    if worse:
        return 3
    if improvement is None:
        return 2
    if improvement >= response - ROUNDING:
        return 0
    return 1 if improvement >= partial - ROUNDING else 2


def thinned(changes: Sequence[float], kinds: Sequence[int]) -> tuple[list[float], list[int], float]:
    """At most MOST_BARS bars that keep the shape: evenly spaced ranks, both ends among them. Also the courses a bar."""
    order = sorted(range(len(changes)), key=lambda i: (-changes[i], -kinds[i]))
    if len(order) <= MOST_BARS:
        return [changes[i] for i in order], [kinds[i] for i in order], 1.0
    space = (len(order) - 1) / (MOST_BARS - 1)
    picked = [order[round(i * space)] for i in range(MOST_BARS)]
    return [changes[i] for i in picked], [kinds[i] for i in picked], len(order) / MOST_BARS


def waterfall(
    changes: Sequence[float],
    kinds: Sequence[int],
    unmeasured: int,
    least: float | None,
    height: int = 313,
    *,
    span: tuple[float, float] = (0, 0),
    small: bool = False,
) -> Figure:
    """Changes from baseline in points, sorted; the unmeasured as a grey block at the end.

    `span`: points that the axis must hold at least (one axis for several charts); `small` leaves labels out.
    """
    if not changes:
        return empty("No course here has both a baseline and a later score.")
    values, which, each = thinned(changes, kinds)
    data: list[dict[str, Any]] = []
    for position, (name, token) in enumerate(KINDS):
        chosen = [i for i, k in enumerate(which) if k == position]
        if chosen:
            data.append(
                {
                    "type": "bar",
                    "x": [(i + 0.5) * each for i in chosen],
                    "y": [values[i] for i in chosen],
                    "width": each,
                    "name": name,
                    "marker": {"color": LIGHT[token], "line": {"width": 0}},
                    "hovertemplate": "%{y:+.3~g} points<extra>" + name + "</extra>",
                }
            )
    n = len(changes)
    low, high = min(*values, *span, -(least or 0), 0), max(*values, *span, least or 0, 0)
    if least is not None:  # room for its label above the line
        high = max(high, least + 0.12 * (high - low))
    shapes: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    if unmeasured:
        shapes.append(
            {
                "type": "rect",
                "x0": n,
                "x1": n + unmeasured,
                "y0": low,
                "y1": high,
                "layer": "below",
                "fillcolor": colour("not_measured"),
                "opacity": 0.55,
                "line": {"width": 0},
            }
        )
        if unmeasured / (n + unmeasured) > 0.08 and not small:
            labels.append(
                note(
                    f"{unmeasured:,} not<br>measured",
                    n + unmeasured / 2,
                    (low + high) / 2,
                    xanchor="center",
                    align="center",
                    font={"size": 11, "color": colour("text")},
                )
            )
    if least is not None:
        for sign in (-1, 1):
            shapes.append(
                {
                    "type": "line",
                    "xref": "paper",
                    "x0": 0,
                    "x1": 1,
                    "y0": sign * least,
                    "y1": sign * least,
                    "line": {"color": colour("axis"), "width": 1, "dash": "dot"},
                }
            )
        if not small:
            labels.append(_least_label(least, values, n, unmeasured))
    return {
        "data": data,
        "layout": layout(
            height,
            x=axis(
                "Courses, each a bar"
                if each == 1
                else f"{len(values):,} of {n:,} courses" + ", evenly by rank" * (not small),
                range=[0, n + unmeasured],
                showgrid=False,
            ),
            y=axis(
                "Change in score" if small else "Change in score (lower is better)", range=[low * 1.05, high * 1.05]
            ),
            bargap=0,
            barmode="overlay",
            shapes=shapes,
            annotations=labels,
        ),
    }


def _least_label(least: float, values: Sequence[float], n: int, unmeasured: int) -> dict[str, Any]:
    """The label of the dotted lines, where no bar stands: bars fall from the left, high ones first."""
    text = f"smallest meaningful change ({least:g})"
    rising = sum(value > 0 for value in values) / len(values) * n / (n + unmeasured)
    if rising <= 0.35:
        return note(text, 1, least, xref="paper", xanchor="right", yanchor="bottom")
    return note(text, 0.01, -least, xref="paper", yanchor="top")
