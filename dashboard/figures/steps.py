"""Step curves with their at-risk, events and censored rows: what onset and durability share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from dashboard.figures.base import Figure, axis, lanes, layout, note, ribbon, wrapped
from dashboard.theme import FONT_SIZE, LIGHT, colour
from dashboard.words.numbers import FEW, day, share_interval, whole
from data_models.outcomes.survival import SurvivalCurve

MOST_ROWS = 400  # a curve with more is read once a day
_SPACES = (1, 2, 3, 7, 14, 28, 56, 84, 182, 365)
_ROW_PIXELS, _WRAPPED_PIXELS = 17, 30  # of a row of counts, with a name of one line and of two
NAME_WIDTH = 20  # characters: what a phone has room for beside the rows of counts
_AXIS_PIXELS = 43  # of the axis of days between plot and rows
_TITLE_WIDTH, _TITLE_PIXELS = 28, 15  # characters of the axis title where names stand beside it; its second line


class StepRow(NamedTuple):
    """One time of a curve: at risk just before it, events and censored at it, the estimate just after it."""

    days: float
    at_risk: int
    events: int
    censored: int
    survival: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """One step curve; `token` names its colour, `dash` its stroke. `rows`: as `step_rows` reads it."""

    name: str
    curve: SurvivalCurve
    token: str
    dash: str = "solid"
    rows: list[StepRow] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", step_rows(self.curve))


def known(value: float) -> float | None:
    """The number; None for NaN, which stands for what is not reached or not estimable."""
    return None if math.isnan(value) else value


def step_rows(curve: SurvivalCurve, most: int = MOST_ROWS) -> list[StepRow]:
    """The curve, read at the end of each whole day where it has more than `most` times.

    A large cohort has a time for nearly every minute. Estimates are those of the full curve at the last
    time of each day; events and censored are the day's sums, at risk is that before its first time.
    """
    if curve.times.size <= most:
        first = last = np.arange(curve.times.size)
        days, events, censored = curve.times, curve.events, curve.censored
    else:
        days, first = np.unique(np.ceil(curve.times), return_index=True)
        last = np.append(first[1:], curve.times.size) - 1
        events, censored = np.add.reduceat(curve.events, first), np.add.reduceat(curve.censored, first)
    columns = (days, curve.at_risk[first], events, censored, curve.survival[last], curve.low[last], curve.high[last])
    return [
        StepRow(day, int(at_risk), int(event), int(gone), share, known(low), known(high))
        for day, at_risk, event, gone, share, low, high in zip(*(c.tolist() for c in columns), strict=True)
    ]


def drawn(rows: Sequence[StepRow]) -> list[StepRow]:
    """The rows up to the last at which at least five are at risk."""
    last = max((i for i, row in enumerate(rows) if row.at_risk >= FEW), default=-1)
    return list(rows[: last + 1])


def no_curve(curve: SurvivalCurve, what: str = "courses at risk") -> str:
    """Why a curve is not drawn; "" where it is."""
    if curve.n is None or (curve.n >= FEW and not curve.times.size):
        return "Too few to draw a curve from rounded counts."
    return "" if curve.n >= FEW and drawn(step_rows(curve)) else f"Fewer than {FEW} {what}: no curve is drawn."


def stops_early(curve: SurvivalCurve) -> float | None:
    """The day after which fewer than five are at risk; None where the curve is drawn to its end."""
    rows = step_rows(curve)
    kept = drawn(rows)
    if len(kept) == len(rows):
        return None
    return kept[-1].days if kept else 0.0


def ticks(end: float, most: int = 8) -> list[float]:
    """Round days from 0 to `end`, at most `most` of them: weeks before odd numbers of days."""
    space = next((s for s in _SPACES if end / s <= most - 1), _SPACES[-1] * (1 + end // (_SPACES[-1] * most)))
    return [space * i for i in range(int(end // space) + 1)]


class Counts(NamedTuple):
    """Still at risk after a time, and events and censored up to and at it: together they are all at risk at 0."""

    at_risk: int
    events: int
    censored: int


def counts(curve: SurvivalCurve, at: Sequence[float]) -> list[Counts]:
    """The counts under the axis, at each of some times."""
    found = []
    for place in np.searchsorted(curve.times, np.asarray(at, dtype=float), side="right").tolist():
        later = int(curve.at_risk[place]) if place < curve.times.size else 0
        found.append(Counts(later, int(curve.events[:place].sum()), int(curve.censored[:place].sum())))
    return found


def step_points(
    rows: Sequence[StepRow], end: float, *, rising: bool
) -> tuple[list[float], list[float], list[float | None], list[float | None]]:
    """Days, values, low, high of a curve from day 0 to `end`; `rising` draws 1 - survival."""
    days: list[float] = [0.0]
    values: list[float] = [1.0]
    low: list[float | None] = [1.0]
    high: list[float | None] = [1.0]
    for row in rows:
        if row.days > end:
            break
        days.append(row.days)
        values.append(row.survival)
        low.append(row.low)
        high.append(row.high)
    # The estimate holds until the next event: drawn to the end only where the curve goes on past it.
    if days[-1] < end and rows and rows[-1].days > end:
        days.append(end)
        values.append(values[-1])
        low.append(low[-1])
        high.append(high[-1])
    if rising:
        lower: list[float | None] = [None if v is None else 1 - v for v in high]
        upper: list[float | None] = [None if v is None else 1 - v for v in low]
        return days, [1 - v for v in values], lower, upper
    return days, values, low, high


def horizon(groups: Sequence[Curve], limit: float | None = None) -> float:
    """The last day drawn: where the best-followed group still has five at risk, or `limit`."""
    last = max((kept[-1].days for g in groups if (kept := drawn(g.rows))), default=0.0)
    return min(last, limit) if limit is not None else last


def survival_figure(
    groups: Sequence[Curve],
    *,
    rising: bool,
    x_title: str,
    y_title: str,
    limit: float | None = None,
    unit: str = "day",
    events: str = "Events",
) -> Figure:
    """One or several step curves, with the rows of counts under the axis of days.

    Parameters
    ----------
    rising : draw 1 - survival (share with the event so far) instead of survival.
    limit : last day drawn at most.
    events : what the row of events is called.
    """
    end = horizon(groups, limit)
    at = ticks(end)
    data: list[dict[str, Any]] = []
    single = len(groups) == 1
    for group in groups:
        days, values, low, high = step_points(drawn(group.rows), end, rising=rising)
        if single:
            data += ribbon(days, low, high, group.token, shape="hv")
        name = f"{group.name} (n {whole(group.curve.n)})"
        data.append(curve_line(days, values, low, high, name, group.token, dash=group.dash, shape="hv", unit=unit))
    return over_counts(data, _count_rows(groups, at, events), end, x_title, y_title, single=single)


def curve_line(
    days: Sequence[float],
    values: Sequence[float],
    low: Sequence[float | None],
    high: Sequence[float | None],
    name: str,
    token: str,
    *,
    dash: str,
    shape: str,
    unit: str = "day",
) -> dict[str, Any]:
    """A curve as a line that says its share and interval on hovering; `name` ends with its n."""
    hover = ["" if b is None or c is None else f"<br>{share_interval(b, c)}" for b, c in zip(low, high, strict=True)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(days),
        "y": list(values),
        "name": name,
        "line": {"color": LIGHT[token], "width": 2.2, "shape": shape, "dash": dash},
        "customdata": hover,
        "hovertemplate": f"{unit.capitalize()} %{{x:.3~g}}: %{{y:.0%}}%{{customdata}}"
        f"<extra>{name.rpartition(' (n ')[0]}</extra>",
    }


def over_counts(
    data: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    end: float,
    x_title: str,
    y_title: str,
    *,
    single: bool,
) -> Figure:
    """Curves of shares up to day `end`, over rows of counts (`count_row`) under the axis of days."""
    at = ticks(end)
    names = [row["name"] for row in rows]
    row_pixels = _ROW_PIXELS if all("<br>" not in name for name in names) else _WRAPPED_PIXELS
    title = x_title if single else wrapped(x_title, _TITLE_WIDTH)
    axis_pixels = _AXIS_PIXELS + _TITLE_PIXELS * title.count("<br>")
    height = 219 + axis_pixels + row_pixels * len(rows)
    split = (row_pixels * len(rows)) / (height - 60)
    plot = split + axis_pixels / (height - 60)
    # A wide first number, centred on day 0, must not run into the name of its row.
    widest = max((len(row["text"][0]) for row in rows), default=1)
    return {
        "data": [*data, *rows],
        "layout": layout(
            height,
            x=axis(
                title, range=[0, end * 1.02 or 1], tickvals=at, showgrid=False, showline=True, ticks="outside",
                anchor="y", ticklen=4, tickcolor=colour("axis"),
            ),
            y=axis(y_title, range=[0, 1.005], tickformat=".0%", dtick=0.25, domain=[plot, 1]),
            yaxis2=axis(
                "", **lanes(names), domain=[0, split], anchor="x", ticks="outside", ticklen=8 + 4 * widest,
                tickcolor="rgba(0,0,0,0)",
            ),
        ),
    }  # fmt: skip


def median_label(median: float, end: float, *, rising: bool) -> dict[str, Any]:
    """ "half by day 9" beside a step curve, on the side of its median where a phone has room and the curve is not."""
    late = median > end / 2
    above = rising == late
    return note(
        f"half by {day(median)}",
        median,
        0.5,
        xanchor="right" if late else "left",
        xshift=-6 if late else 6,
        yshift=9 if above else -9,
        font={"size": FONT_SIZE - 1, "color": colour("response")},
    )


def _count_rows(groups: Sequence[Curve], at: Sequence[float], events: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for group in groups:
        numbers = counts(group.curve, at)
        wanted = (
            [("At risk", "at_risk"), (events, "events"), ("Censored", "censored")]
            if len(groups) == 1
            else [(wrapped(group.name, NAME_WIDTH), "at_risk")]
        )
        for name, key in wanted:
            rows.append(count_row(name, len(rows), at, [getattr(row, key) for row in numbers]))
    return rows


def count_row(name: str, place: int, at: Sequence[float], numbers: Sequence[int]) -> dict[str, Any]:
    """A row of counts under the axis, the first at `place` 0."""
    return {
        "type": "scatter",
        "mode": "text",
        "x": list(at),
        "y": [place] * len(at),
        "text": [f"{number:,}" for number in numbers],
        "textfont": {"size": FONT_SIZE - 1, "color": colour("muted")},
        "yaxis": "y2",
        "name": name,
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
    }
