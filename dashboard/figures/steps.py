"""Step curves with their at-risk, events and censored rows: what onset and durability share."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.figures.base import Figure, axis, layout, note, ribbon, wrapped
from dashboard.theme import FONT_SIZE, LIGHT, colour, faint
from dashboard.words import sentences as words

FEW = words.FEW  # a curve stops where fewer are at risk
MOST_ROWS = 400  # a curve with more is read once a day
_SPACES = (1, 2, 3, 7, 14, 28, 56, 84, 182, 365)
_ROW_PIXELS, _WRAPPED_PIXELS = 17, 30  # of a row of counts, with a name of one line and of two
_NAME_WIDTH = 20  # characters: what a phone has room for beside the rows of counts
_AXIS_PIXELS = 43  # of the axis of days between plot and rows
_TITLE_WIDTH, _TITLE_PIXELS = 28, 15  # characters of the axis title where names stand beside it; its second line


@dataclass(frozen=True, slots=True)
class Group:
    """One curve: `curve` as the data contract's KM["curve"]; `token` names its colour, `dash` its stroke."""

    name: str
    curve: Sequence[Mapping[str, Any]]
    n: int
    token: str
    dash: str = "solid"


def drawn(curve: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows up to the last at which at least five are at risk."""
    curve = daily(curve)
    last = max((i for i, row in enumerate(curve) if row["at_risk"] >= FEW), default=-1)
    return list(curve[: last + 1])


def daily(curve: Sequence[Mapping[str, Any]], most: int = MOST_ROWS) -> list[Mapping[str, Any]]:
    """The curve read at the end of each whole day where it has more than `most` rows.

    A large cohort has a row for nearly every minute. Estimates are those of the full curve at the last
    time of each day; events and censored are the day's sums, at risk is that before its first time.
    """
    if len(curve) <= most:
        return list(curve)
    rows: list[Any] = []
    for row in curve:
        end = float(math.ceil(row["days"]))
        if rows and rows[-1]["days"] == end:
            for key in ("events", "censored"):
                rows[-1][key] += row[key]
            rows[-1] |= {key: row[key] for key in ("survival", "low", "high")}
        else:
            rows.append({**row, "days": end})
    return rows


def stops_early(curve: Sequence[Mapping[str, Any]]) -> float | None:
    """The day after which fewer than five are at risk; None where the curve is drawn to its end."""
    kept = drawn(curve)
    if len(kept) == len(daily(curve)):
        return None
    return float(kept[-1]["days"]) if kept else 0.0


def ticks(end: float, most: int = 8) -> list[float]:
    """Round days from 0 to `end`, at most `most` of them: weeks before odd numbers of days."""
    space = next((s for s in _SPACES if end / s <= most - 1), _SPACES[-1] * (1 + end // (_SPACES[-1] * most)))
    return [space * i for i in range(int(end // space) + 1)]


def counts(curve: Sequence[Mapping[str, Any]], at: Sequence[float]) -> list[dict[str, int]]:
    """Still at risk after each time, and events and censored up to and at it: together they are all at risk at 0."""
    rows = []
    for time in at:
        later = [row for row in curve if row["days"] > time]
        before = [row for row in curve if row["days"] <= time]
        rows.append(
            {
                "at_risk": int(later[0]["at_risk"]) if later else 0,
                "events": int(sum(row["events"] for row in before)),
                "censored": int(sum(row["censored"] for row in before)),
            }
        )
    return rows


def step_points(
    curve: Sequence[Mapping[str, Any]], end: float, *, rising: bool
) -> tuple[list[float], list[float], list[float | None], list[float | None]]:
    """Days, values, low, high of a curve from day 0 to `end`; `rising` draws 1 - survival."""
    days: list[float] = [0.0]
    values: list[float] = [1.0]
    low: list[float | None] = [1.0]
    high: list[float | None] = [1.0]
    for row in curve:
        if row["days"] > end:
            break
        days.append(float(row["days"]))
        values.append(row["survival"])
        low.append(row["low"])
        high.append(row["high"])
    # The estimate holds until the next event: drawn to the end only where the curve goes on past it.
    if days[-1] < end and curve and float(curve[-1]["days"]) > end:
        days.append(end)
        values.append(values[-1])
        low.append(low[-1])
        high.append(high[-1])
    if rising:
        lower: list[float | None] = [None if v is None else 1 - v for v in high]
        upper: list[float | None] = [None if v is None else 1 - v for v in low]
        return days, [1 - v for v in values], lower, upper
    return days, values, low, high


def horizon(groups: Sequence[Group], limit: float | None = None) -> float:
    """The last day drawn: where the best-followed group still has five at risk, or `limit`."""
    last = max((float(kept[-1]["days"]) for g in groups if (kept := drawn(g.curve))), default=0.0)
    return min(last, limit) if limit is not None else last


def survival_figure(
    groups: Sequence[Group],
    *,
    rising: bool,
    x_title: str,
    y_title: str,
    limit: float | None = None,
    unit: str = "day",
    events: str = "Events",
    below: Sequence[dict[str, Any]] = (),
) -> Figure:
    """One or several step curves, with the rows of counts under the axis of days.

    Parameters
    ----------
    rising : draw 1 - survival (share with the event so far) instead of survival.
    limit : last day drawn at most.
    events : what the row of events is called.
    below : traces drawn under the curves (Turnbull's band).
    """
    end = horizon(groups, limit)
    at = ticks(end)
    data: list[dict[str, Any]] = list(below)
    single = len(groups) == 1
    for group in groups:
        days, values, low, high = step_points(drawn(group.curve), end, rising=rising)
        if single:
            data += ribbon(days, low, high, group.token, shape="hv")
        hover = [
            "" if b is None or c is None else f"<br>95% interval {100 * b:.0f} to {100 * c:.0f}%"
            for b, c in zip(low, high, strict=True)
        ]
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": days,
                "y": values,
                "name": f"{group.name} (n {group.n:,})",
                "line": {"color": LIGHT[group.token], "width": 2.2, "shape": "hv", "dash": group.dash},
                "customdata": hover,
                "hovertemplate": f"{unit.capitalize()} %{{x:.3~g}}: %{{y:.0%}}%{{customdata}}"
                f"<extra>{group.name}</extra>",
            }
        )
    rows = _count_rows(groups, at, events)
    data += rows
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
        "data": data,
        "layout": layout(
            height,
            x=axis(
                title, range=[0, end * 1.02 or 1], tickvals=at, showgrid=False, showline=True, ticks="outside",
                anchor="y", ticklen=4, tickcolor=colour("axis"),
            ),
            y=axis(y_title, range=[0, 1.005], tickformat=".0%", dtick=0.25, domain=[plot, 1]),
            yaxis2=axis(
                "", domain=[0, split], range=[len(rows) - 0.5, -0.5], tickvals=list(range(len(rows))), ticktext=names,
                showgrid=False, anchor="x", ticks="outside", ticklen=8 + 4 * widest, tickcolor="rgba(0,0,0,0)",
            ),
        ),
    }  # fmt: skip


def median_label(median: float, end: float, *, rising: bool) -> dict[str, Any]:
    """ "half by day 9" beside a step curve, on the side of its median where a phone has room and the curve is not."""
    late = median > end / 2
    above = rising == late
    return note(
        f"half by {words.day(median)}",
        median,
        0.5,
        xanchor="right" if late else "left",
        xshift=-6 if late else 6,
        yshift=9 if above else -9,
        font={"size": FONT_SIZE - 1, "color": colour("response")},
    )


def _count_rows(groups: Sequence[Group], at: Sequence[float], events: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for group in groups:
        numbers = counts(group.curve, at)
        wanted = (
            [("At risk", "at_risk"), (events, "events"), ("Censored", "censored")]
            if len(groups) == 1
            else [(wrapped(group.name, _NAME_WIDTH), "at_risk")]
        )
        for name, key in wanted:
            rows.append(
                {
                    "type": "scatter",
                    "mode": "text",
                    "x": list(at),
                    "y": [len(rows)] * len(at),
                    "text": [f"{row[key]:,}" for row in numbers],
                    "textfont": {"size": FONT_SIZE - 1, "color": colour("muted")},
                    "yaxis": "y2",
                    "name": name,
                    "hoverinfo": "skip",
                    "showlegend": False,
                    "cliponaxis": False,
                }
            )
    return rows


_NARROW_PLOT = 270  # pixels: the narrowest plot (a phone's) in which labels must neither meet nor be cut
_CHARACTER = 6.6  # pixels, about
_APART = 0.075  # of the axis of shares: the height of a line of text and a little air


def area_labels(
    x: Sequence[float], layers: Sequence[tuple[str, str, Sequence[float]]], least: float = 0.09
) -> tuple[list[dict[str, Any]], set[str]]:
    """Direct labels inside stacked areas, where each is tall, holds its whole label and no other label is near.

    Also the names without one.

    `layers`: name, token, values from the bottom up. The largest area chooses its place first.
    """
    placed: dict[str, tuple[float, float, float]] = {}  # name -> x, y, half its width as a share of the axis
    bottoms, bottom = {}, [0.0] * len(x)
    for name, _, values in layers:
        bottoms[name] = bottom
        bottom = [b + v for b, v in zip(bottom, values, strict=True)]
    span = (x[-1] - x[0] if len(x) else 0.0) or 1.0
    for name, _, values in sorted(layers, key=lambda layer: -max(layer[2], default=0.0)):
        half = len(name) * _CHARACTER / _NARROW_PLOT / 2
        for i in sorted(range(len(x)), key=lambda i: -values[i]):
            if values[i] < least:
                break
            at, middle = (x[i] - x[0]) / span, bottoms[name][i] + values[i] / 2
            inside = len(x) == 1 or (
                half <= at <= 1 - half
                and all(
                    bottoms[name][j] < middle < bottoms[name][j] + values[j]
                    for j in _beside(x, x[i] - half * span, x[i] + half * span)
                )
            )
            if inside and not any(
                abs(middle - y) < _APART and abs(at - other) < half + width for other, y, width in placed.values()
            ):
                placed[name] = (at, middle, half)
                break
    labels = [
        note(
            name,
            x[0] + placed[name][0] * span,
            placed[name][1],
            xanchor="center",
            font={"size": FONT_SIZE, "color": colour("text")},
        )
        for name, _, _ in layers
        if name in placed
    ]
    return labels, {name for name, _, _ in layers} - set(placed)


def _beside(x: Sequence[float], left: float, right: float) -> range:
    """The places of sorted days whose values are drawn from `left` to `right`; each holds until the next."""
    return range(max(bisect.bisect_right(x, left) - 1, 0), bisect.bisect_right(x, right))


def stacked(
    x: Sequence[float], layers: Sequence[tuple[str, str, Sequence[float]]], *, shape: str = "linear"
) -> list[dict[str, Any]]:
    """Stacked areas of shares that sum to one."""
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": list(x),
            "y": list(values),
            "name": name,
            "stackgroup": "all",
            "line": {"width": 0.6, "color": LIGHT[token], "shape": shape},
            "fillcolor": faint(token, 0.62),
            "hovertemplate": "%{y:.0%} " + name.lower() + "<extra></extra>",
        }
        for name, token, values in layers
    ]
