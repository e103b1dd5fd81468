"""How does the effect fade between sessions? Mean change from the pre-session score by days since the session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.figures.base import Figure, axis, empty, layout, note, ribbon
from dashboard.questions.view import Column, Definition, Group, Mark, Table, View
from dashboard.theme import FONT_SIZE, LIGHT, colour
from dashboard.words.numbers import FEW, SHORTLY_HIDDEN, count, days, interval, number, percent, sentence, stopped
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.outcomes.fade import FadeBin
from data_models.questions.fade import Fade

QUESTION = "How does the effect fade between sessions?"
COLUMNS = (
    Column("from_days", "From day"),
    Column("to_days", "To day"),
    Column("scores", "Scores", "count"),
    Column("patients", "Patients", "count"),
    Column("mean", "Mean change"),
    Column("low", "95% low"),
    Column("high", "95% high"),
    Column("median", "Median"),
)


def view(fade: Fade, cohort: CohortFilter) -> View:
    """The fade of one cohort."""
    few = sum(1 for one in fade.bins if 0 < (one.change.n or 0) < FEW)
    left_out = f"{count(few, 'span')} with fewer than {FEW} scores {'is' if few == 1 else 'are'} not drawn."
    return View(
        "fade",
        QUESTION,
        words(fade),
        draw([Group("All scores", "response", "circle", "solid", fade)]),
        notes=[left_out] if few else [],
        table=Table(COLUMNS, fade.as_json()),
        definition=Definition(
            f"{INSTRUMENTS[cohort.instrument].name} score minus the last score before the session, for scores "
            "after a session and before the next one. Mean with a 95% interval clustered by patient.",
            ("fade_pre_session_days",),
            n=sentence(count(_scores(fade), "score")),
            source="Liang and Zeger 1986 (clustered variance)",
        ),
    )


def compare(groups: Sequence[Group[Fade]], by: str, caution: str) -> View:
    """The fade of several groups, a line each; `by`: the heading of the column of groups."""
    drawn = {group.name: sum(n for one in group.answer.bins if (n := one.change.n or 0) >= FEW) for group in groups}
    return View(
        "compare-fade",
        "How does it fade",
        words_of_groups(groups),
        draw(groups),
        legend=[
            Mark(f"{group.name} (n {drawn[group.name]:,})", group.token, group.symbol)
            for group in groups
            if drawn[group.name]
        ],
        notes=[caution],
        table=Table(
            (Column("group", by, "text"), *COLUMNS),
            [{"group": group.name, **row} for group in groups for row in group.answer.as_json()],
        ),
        wide=True,
    )


# --- in words ------------------------------------------------------------------------------------


def _drawn(fade: Fade) -> list[tuple[FadeBin, float]]:
    """The bins with enough scores, each with its mean."""
    return [(one, one.change.mean) for one in fade.bins if (one.change.n or 0) >= FEW and one.change.mean is not None]


def _scores(fade: Fade) -> int:
    """Scores in all bins, without those of bins whose count is hidden."""
    return sum(one.change.n or 0 for one in fade.bins)


def words(fade: Fade) -> str:
    """How the effect fades, in one sentence."""
    drawn = _drawn(fade)
    if not drawn:
        return sentence(f"no span of days between sessions has {FEW} scores, so the fading cannot be drawn")
    best, lowest = min(drawn, key=lambda pair: pair[1])
    last, at_last = drawn[-1]
    if lowest >= 0:
        scores = count(_scores(fade), "score")
        return sentence(f"scores are not lower after sessions than before them at any span of days ({scores})")
    first = (
        f"the score is lowest {after(best)} a session: {number(abs(lowest))} points below the score before "
        f"it ({interval(best.change.low, best.change.high)}, {count(best.change.n, 'score')})"
    )
    if last is best:
        return sentence(first + ", the latest span with enough scores")
    back = _back(drawn, best)
    if back is not None:
        return sentence(f"{first}; {after(back)}, the mean is back at the score before it or above")
    given_back = 1 - at_last / lowest
    direction = (
        f"about {percent(given_back)} of that is given back" if given_back >= 0.05 else "nearly all of it still holds"
    )
    return sentence(f"{first}; {after(last)}, {direction}")


def words_of_groups(groups: Sequence[Group[Fade]]) -> str:
    """Group by group: the lowest mean, and when the mean is back at the score before."""
    said = []
    for group in groups:
        drawn = _drawn(group.answer)
        if not drawn:
            said.append(f"{group.name} too few scores")
            continue
        low, lowest = min(drawn, key=lambda pair: pair[1])
        if lowest >= 0:
            said.append(f"{group.name} not below the score before at any span")
            continue
        back = _back(drawn, low)
        until = f"back {after(back)} it" if back else f"still below {after(drawn[-1][0])} it"
        if drawn[-1][0] is low:
            until = "no later span has enough scores"
        said.append(f"{group.name} {number(lowest)} points {after(low)} a session, {until}")
    return stopped("; ".join(said)) if said else "No group has a score after a session."


def _back(drawn: Sequence[tuple[FadeBin, float]], best: FadeBin) -> FadeBin | None:
    """The first span after the best one in which the mean is back at the score before the session, or above."""
    return next((one for one, mean in drawn if one.from_days > best.from_days and mean >= 0), None)


def after(one: FadeBin) -> str:
    """ "5 to 7 days after"; "within 1 day of" where the span begins at the session."""
    if one.from_days == 0:
        return f"within {days(one.to_days)} of"
    return f"{number(one.from_days)} to {number(one.to_days)} days after"


# --- drawn ---------------------------------------------------------------------------------------


def bin_name(one: FadeBin) -> str:
    """ "5–7": a bin holds its left end, not its right."""
    return f"{one.from_days:g}–{one.to_days:g}"


def draw(groups: Sequence[Group[Fade]]) -> Figure:
    """Mean change from the pre-session score with its 95% interval clustered by patient.

    One group is drawn with a ribbon, several with bars of their intervals and a symbol each, so that colour is not
    all that tells them apart. Bins with fewer than five scores are left out.
    """
    drawn = [(group, [one for one, _ in _drawn(group.answer)]) for group in groups]
    drawn = [(group, bins) for group, bins in drawn if bins]
    if not drawn:
        return empty(f"No span of days has {FEW} scores after a session with a score before it.")
    names = [bin_name(one) for one in groups[0].answer.bins]
    place = {name: i for i, name in enumerate(names)}
    last = max(place[bin_name(one)] for _, bins in drawn for one in bins)
    single = len(drawn) == 1
    data: list[dict[str, Any]] = []
    for position, (group, bins) in enumerate(drawn):
        shift = 0 if single else 0.14 * (position - (len(drawn) - 1) / 2)
        x = [place[bin_name(one)] + shift for one in bins]
        if single:
            data += ribbon(x, [one.change.low for one in bins], [one.change.high for one in bins], group.token)
        data.append(_means(group, x, bins, with_bars=not single))
    if single:
        data.append(_row_of_counts([one for one in groups[0].answer.bins if place[bin_name(one)] <= last], place))
    zero = {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0,
        "line": {"color": colour("axis"), "width": 1},
    }  # fmt: skip
    plot: dict[str, Any] = {
        "x": axis("Days since the latest session", range=[-0.5, last + 0.5], tickvals=list(range(last + 1)),
                  ticktext=names[: last + 1], showgrid=False, anchor="y"),
        "y": axis("Change in score (lower is better)", domain=[0, 0.86 if single else 1]),
        "shapes": [zero],
        "annotations": [note("score before the session", 0, 0, xref="paper", xshift=4, yanchor="bottom")],
    }  # fmt: skip
    if single:
        plot["yaxis2"] = axis("", domain=[0.9, 1], range=[-1, 1], tickvals=[0], ticktext=["Scores"], showgrid=False)
    return {"data": data, "layout": layout(313, **plot)}


def _means(group: Group[Fade], x: Sequence[float], bins: Sequence[FadeBin], *, with_bars: bool) -> dict[str, Any]:
    shown = [one.change for one in bins]
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(x),
        "y": [mean.mean for mean in shown],
        "name": group.name,
        "line": {"color": LIGHT[group.token], "width": 2.2},
        "marker": {"color": LIGHT[group.token], "size": 6 if group.symbol == "circle" else 7, "symbol": group.symbol},
        "customdata": [
            [bin_name(one), one.change.n, one.change.patients]
            + [_one_digit(value) for value in (one.change.low, one.change.high, one.median)]
            for one in bins
        ],
        "hovertemplate": (
            "%{customdata[0]} days: mean %{y:.1f} (%{customdata[3]} to %{customdata[4]})<br>"
            "median %{customdata[5]}, %{customdata[1]} scores of %{customdata[2]} patients<extra>"
            + group.name
            + "</extra>"
        ),
    }
    if with_bars:
        trace["error_y"] = {
            "type": "data", "symmetric": False, "thickness": 1, "width": 0, "color": LIGHT[group.token],
            "array": [0 if m.high is None or m.mean is None else m.high - m.mean for m in shown],
            "arrayminus": [0 if m.low is None or m.mean is None else m.mean - m.low for m in shown],
        }  # fmt: skip
    return trace


def _one_digit(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _row_of_counts(bins: Sequence[FadeBin], place: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "x": [place[bin_name(one)] for one in bins],
        # Every other a line lower: on a phone they would run into each other.
        "y": [0.5 - position % 2 for position in range(len(bins))],
        "text": [SHORTLY_HIDDEN if one.change.n is None else f"{one.change.n:,}" for one in bins],
        "textfont": {"size": FONT_SIZE - 1, "color": colour("muted")},
        "yaxis": "y2",
        "hoverinfo": "skip",
        "showlegend": False,
        "name": "Scores",
    }
