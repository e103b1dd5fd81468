"""How does the effect fade between sessions? The average patient's improvement by days since the latest session.

The curve is a model's; the dots behind it are means of what was seen, of other people in each span of days. Only the
curve is put into words as a fading.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dashboard.figures.base import Figure, axis, empty, layout, line, ribbon
from dashboard.questions.view import INTERVAL, Column, Definition, Group, Mark, Table, View, of_groups
from dashboard.theme import FONT_SIZE, LIGHT, colour
from dashboard.words.numbers import (
    FEW,
    count,
    course_day,
    days,
    interval,
    number,
    percent,
    sentence,
    share_interval,
    stopped,
    whole,
)
from dashboard.words.scales import BAD_DAYS
from data_models.definitions.filters import CohortFilter
from data_models.outcomes.fade import ObservedBin
from data_models.outcomes.fade_model import LAST_DAY, LEAST_PATIENTS, LEAST_SEEN, FadeCurve, FadePoint
from data_models.questions.fade import Fade

QUESTION = "How does the effect fade between sessions?"
WAITING = "The fade is being worked out: some seconds for 10,000 patients the first time, then the answer is kept."
OTHER_CAUSES = f"Improvement has other causes, too. {BAD_DAYS}"
_SPAN = (Column("from_days", "From day"), Column("to_days", "To day"), Column("scores", "Scores", "count"),
         Column("patients", "Patients", "count"))  # fmt: skip
_SEEN = (
    *_SPAN,
    Column("mean", "Mean improvement", "share"),
    *INTERVAL,
    Column("same_after_session", "The same after a session, by the model", "share"),
)
_MODEL = (
    Column("model", "Average patient", "share"),
    Column("model_low", "95% low of that", "share"),
    Column("model_high", "95% high of that", "share"),
)
_MARKED_DAYS = (1, 7, 14, 21, 28, 35, 42)  # where the curves of several groups carry their symbols and intervals
_LABELLED_APART = 4.5  # days between two dots that both say their patients


def view(fade: Fade, cohort: CohortFilter) -> View:
    """The fade of one cohort."""
    curve = fade.curve
    legend = [Mark("Seen, other people in each span; the number: patients", "muted", "circle")]
    if curve is not None:
        legend.insert(0, Mark("The average patient, with 95% interval", "response", "solid"))
    return View(
        "fade",
        QUESTION,
        words(fade),
        draw(fade),
        legend=legend if _drawn(fade) or curve is not None else [],
        notes=[note for note in (_who(fade), _left_out(fade), _part(fade), OTHER_CAUSES) if note],
        table=table(fade),
        definition=Definition(
            f"Improvement over the course's baseline by days since the latest session{_which(curve)}, were no other "
            "session to follow, of the average patient of the evaluable courses. A mixed model with each patient's "
            "own level, build-up over the first sessions and fading: that patients come back, are treated again or "
            "leave because of scores seen before does not bend it; what no score showed would. Its 95% interval is "
            f"robust by patient. It is drawn where {LEAST_SEEN} patients were seen so early and so late, to day "
            f"{LAST_DAY} at most; fewer than {LEAST_PATIENTS} patients with three scores after sessions make no model. "
            "The dots are plain means with a 95% interval clustered by patient.",
            ("entry_severity", "baseline_window_days"),
            n=sentence(_counted(fade)),
            source="Laird and Ware 1982; Diggle, Heagerty, Liang and Zeger 2002, chapter 13",
        ),
    )


def compare(groups: Sequence[Group[Fade]], by: str, caution: str) -> View:
    """The curves of several groups; `by`: the heading of the column of groups."""
    modelled = [(group, curve) for group in groups if (curve := group.answer.curve) is not None]
    return View(
        "compare-fade",
        "How does it fade",
        words_of_groups(groups),
        draw_groups(groups),
        legend=[
            Mark(f"{group.name} ({count(curve.patients, 'patient')})", group.token, group.symbol)
            for group, curve in modelled
        ],
        notes=[caution],
        table=of_groups([(group.name, table(group.answer)) for group in groups], by),
        wide=True,
    )


def table(fade: Fade) -> Table:
    """A row a span: what was seen, whose scores these are, and the average patient in its middle."""
    rows = []
    for one, row in zip(fade.observed, fade.observed_as_json(), strict=True):
        at = None if fade.curve is None else _on(fade.curve, _middle(one))
        rows.append(row | {"model": at and at.improvement, "model_low": at and at.low, "model_high": at and at.high})
    return Table((*_SEEN, *_MODEL), rows)


def tables(fade: Fade) -> list[Table]:
    """What a file has: the model's curve, what was seen in spans of days, and the change since before the session."""
    return [
        Table(
            (Column("days", "Days since the latest session"),
             Column("improvement", "Improvement over the baseline", "share"), *INTERVAL),
            fade.model_as_json()["curve"], name="fade_model", title="The average patient between sessions",
            note="By a mixed model with each patient's own level, build-up and fading. Nothing where fewer than "
            f"{LEAST_PATIENTS} patients have three scores after sessions.", whole=False,
        ),
        Table(
            _SEEN, fade.observed_as_json(), name="fade_observed", title="Improvement seen between sessions",
            note="Other people are in each span of days: their means do not tell how an effect fades.",
            keys=2, whole=False,
        ),
        Table(
            (*_SPAN, Column("mean", "Mean change, points"), Column("low", "95% low"), Column("high", "95% high"),
             Column("median", "Median change, points")),
            fade.as_json(), name="fade", title="Change since the score before a session",
            note="Score minus the last score before the session; lower is better. Other people are in each span of "
            "days.", keys=2, whole=False,
        ),
    ]  # fmt: skip


def _on(curve: FadeCurve, day: float) -> FadePoint | None:
    """The curve on a day; between two whole days, in the middle of both."""
    points = {point.days: point for point in curve.points}
    before, behind = points.get(math.floor(day)), points.get(math.ceil(day))
    if before is None or behind is None:
        return None
    pair = (before, behind)
    return FadePoint(day, *(sum(getattr(p, of) for p in pair) / 2 for of in ("improvement", "low", "high")))


# --- in words ------------------------------------------------------------------------------------


def _drawn(fade: Fade) -> list[tuple[ObservedBin, float]]:
    """The spans with enough scores, each with its mean; beside a curve those that it reaches."""
    until = math.inf if fade.curve is None else fade.curve.points[-1].days + 0.5
    return [
        (one, one.improvement.mean)
        for one in fade.observed
        if (one.improvement.n or 0) >= FEW and one.improvement.mean is not None and _middle(one) <= until
    ]


def _middle(one: ObservedBin) -> float:
    return (one.from_days + one.to_days) / 2


def words(fade: Fade) -> str:
    """How the effect fades, in one sentence."""
    return sentence(_of_bins(fade) if fade.curve is None else _of_curve(fade.curve))


def _of_curve(curve: FadeCurve) -> str:
    after, lost, last = curve.after, curve.lost, curve.points[-1]
    first = (
        f"{_since(after.days)} a session{_which(curve)}, the average patient's improvement over the baseline is "
        f"{percent(after.improvement)} ({share_interval(after.low, after.high)})"
    )
    if after.low <= 0:
        return f"{first}: it cannot be told from none"
    then = f"by day {number(last.days)} it is {percent(last.improvement)} ({share_interval(last.low, last.high)})"
    if lost.low <= 0:
        return f"{first}; {then}, and no fading can be told from chance"
    if curve.half_life is None:
        return f"{first}; {then}, more than half of that"
    half, bounds = _half_life(curve, curve.half_life)
    return f"{first}; half of that is gone {half} after the session ({bounds})"


def _half_life(curve: FadeCurve, half_life: float) -> tuple[str, str]:
    """The half-life and its interval."""
    low, high = (None if end is None else course_day(end) for end in (curve.half_life_low, curve.half_life_high))
    return days(course_day(half_life)), interval(low, high, " days")


def _since(day: float) -> str:
    return "a day after" if day == 1 else f"{days(day)} after"


def _which(curve: FadeCurve | None) -> str:
    """ " (the sixth or a later one)": of which sessions a curve is."""
    if curve is None or curve.settled_from == 1:
        return ""
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth")
    return f" (the {ordinals[curve.settled_from - 1]} of a course or a later one)"


def _of_bins(fade: Fade) -> str:
    """What was seen, which is no fading."""
    drawn = _drawn(fade)
    if not drawn:
        return f"no span of days after sessions has {FEW} scores, so the fading cannot be told"
    few = f"{count(fade.enough, 'patient has', 'patients have')} three scores after sessions"
    why = f"{few}, too few to tell how it fades"
    (first, mean), (last, at_last) = drawn[0], drawn[-1]
    seen = f"{span(first)} a session, improvement over the baseline averages {percent(mean)} ({_seen(first)})"
    if last is first:
        return f"{seen}; {why}"
    return f"{seen}, and {span(last)} it {percent(at_last)}, in other people ({_seen(last)}); {why}"


def _seen(one: ObservedBin) -> str:
    return f"{share_interval(one.improvement.low, one.improvement.high)}, {count(one.improvement.n, 'score')}"


def _who(fade: Fade) -> str:
    """Who is in the latest spans: better or worse off after a session than the average patient."""
    if fade.curve is None:
        return ""
    drawn = [(one, own) for one, _ in _drawn(fade) if (own := one.after) is not None]
    if not drawn:
        return ""
    one, own = drawn[-1]
    usual = fade.curve.after.improvement
    unlike = "as others" if abs(own - usual) < 0.02 else "better than others" if own > usual else "worse than others"
    return (
        f"Dots are not one group followed: those scored {span(one)} a session do {unlike} "
        f"({percent(own)} {_since(fade.curve.after.days)} it, the average patient {percent(usual)})."
    )


def _left_out(fade: Fade) -> str:
    few = sum(1 for one in fade.observed if 0 < (one.improvement.n or 0) < FEW)
    return f"{count(few, 'span')} with fewer than {FEW} scores {'is' if few == 1 else 'are'} not drawn." if few else ""


def _part(fade: Fade) -> str:
    return f"Worked out from one patient in {fade.every}." if fade.every > 1 else ""


def _counted(fade: Fade) -> str:
    if fade.curve is not None:
        curve = fade.curve
        return f"{count(curve.scores, 'score')} of {count(curve.patients, 'patient')}"
    return f"{count(sum(one.improvement.n or 0 for one in fade.observed), 'score')}"


def words_of_groups(groups: Sequence[Group[Fade]]) -> str:
    """Group by group: the average patient after a session, and when half of that is gone."""
    said = []
    for group in groups:
        curve = group.answer.curve
        if curve is None:
            enough = f"{whole(group.answer.enough)} of the {LEAST_PATIENTS} patients with three scores that it takes"
            said.append(f"{group.name} too few scores ({enough})")
            continue
        after, last = curve.after, curve.points[-1]
        start = f"{group.name} {percent(after.improvement)} {_since(after.days)} a session"
        if curve.half_life is None:
            said.append(f"{start} and {percent(last.improvement)} on day {number(last.days)}")
        else:
            half, bounds = _half_life(curve, curve.half_life)
            said.append(f"{start}, half of that gone {half} after it ({bounds})")
    return stopped("; ".join(said)) if said else "No group has a score after a session."


def span(one: ObservedBin) -> str:
    """ "5 to 7 days after"; "within 1 day of" where the span begins at the session."""
    if one.from_days == 0:
        return f"within {days(one.to_days)} of"
    return f"{number(one.from_days)} to {number(one.to_days)} days after"


# --- drawn ---------------------------------------------------------------------------------------


def draw(fade: Fade) -> Figure:
    """The average patient's curve with its band, behind it what was seen, each dot as large as its patients."""
    drawn, curve = _drawn(fade), fade.curve
    if not drawn and curve is None:
        return empty(f"No span of days after sessions has {FEW} scores.")
    data: list[dict[str, Any]] = []
    if drawn:
        data.append(_dots(drawn, with_bars=curve is None))
    if curve is not None:
        x = [point.days for point in curve.points]
        data += ribbon(x, [p.low for p in curve.points], [p.high for p in curve.points], "response")
        data.append(line(x, [p.improvement for p in curve.points], "Average patient", "response", **_hover(curve)))
    return _framed(data, [curve] if curve is not None else [], drawn)


def draw_groups(groups: Sequence[Group[Fade]]) -> Figure:
    """A curve a group, with symbols and intervals on some days: colour is not all that tells them apart."""
    modelled = [(group, curve) for group in groups if (curve := group.answer.curve) is not None]
    if not modelled:
        return empty(f"No group has {LEAST_PATIENTS} patients with three scores after sessions.")
    data: list[dict[str, Any]] = []
    for position, (group, curve) in enumerate(modelled):
        token = group.token
        x = [point.days for point in curve.points]
        y = [point.improvement for point in curve.points]
        dash = {"line": {"color": LIGHT[token], "width": 2.2, "dash": group.dash}}
        data.append(line(x, y, group.name, token, **dash, **_hover(curve)))
        marked = [point for point in curve.points if point.days in _MARKED_DAYS]
        shift = 0.35 * (position - (len(modelled) - 1) / 2)
        data.append(
            {
                "type": "scatter", "mode": "markers", "name": group.name, "hoverinfo": "skip", "showlegend": False,
                "x": [point.days + shift for point in marked], "y": [point.improvement for point in marked],
                "marker": {"color": LIGHT[token], "size": 7, "symbol": group.symbol},
                "error_y": {
                    "type": "data", "symmetric": False, "thickness": 1, "width": 0, "color": LIGHT[token],
                    "array": [point.high - point.improvement for point in marked],
                    "arrayminus": [point.improvement - point.low for point in marked],
                },
            }
        )  # fmt: skip
    return _framed(data, [curve for _, curve in modelled], [])


def _hover(curve: FadeCurve) -> dict[str, Any]:
    return {
        "customdata": [share_interval(point.low, point.high) for point in curve.points],
        "hovertemplate": "Day %{x}: %{y:.0%} (%{customdata})<extra>%{fullData.name}</extra>",
    }


def _dots(drawn: Sequence[tuple[ObservedBin, float]], *, with_bars: bool) -> dict[str, Any]:
    most = max(one.improvement.patients or 1 for one, _ in drawn)
    labels, labelled = [], -math.inf
    for one, _ in drawn:  # the first spans are a day wide: their numbers would run into each other
        apart = _middle(one) - labelled >= _LABELLED_APART
        labels.append(whole(one.improvement.patients) if apart else "")
        labelled = _middle(one) if apart else labelled
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers+text",
        "name": "Seen",
        "x": [_middle(one) for one, _ in drawn],
        "y": [mean for _, mean in drawn],
        "text": labels,
        "textposition": "top center",
        "textfont": {"size": FONT_SIZE - 1, "color": colour("muted")},
        "marker": {
            "color": LIGHT["muted"],
            "size": [5 + 9 * math.sqrt((one.improvement.patients or 1) / most) for one, _ in drawn],
        },
        "customdata": [
            [span(one), _seen(one), count(one.improvement.patients, "patient"), percent(one.after)] for one, _ in drawn
        ],
        "hovertemplate": (
            "%{customdata[0]} a session: %{y:.0%} seen<br>%{customdata[1]} of %{customdata[2]}"
            + ("" if with_bars else "<br>the same after a session: %{customdata[3]}")
            + "<extra></extra>"
        ),
    }
    if with_bars:
        trace["error_y"] = {
            "type": "data", "symmetric": False, "thickness": 1, "width": 0, "color": LIGHT["muted"],
            "array": [0 if (m := one.improvement).high is None else m.high - mean for one, mean in drawn],
            "arrayminus": [0 if (m := one.improvement).low is None else mean - m.low for one, mean in drawn],
        }  # fmt: skip
    return trace


def _framed(
    data: list[dict[str, Any]], curves: Sequence[FadeCurve], drawn: Sequence[tuple[ObservedBin, float]]
) -> Figure:
    heights = [value for curve in curves for point in curve.points for value in (point.low, point.high)]
    heights += [mean for _, mean in drawn]
    last = max([curve.points[-1].days for curve in curves] or [one.to_days for one, _ in drawn])
    zero = {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0,
        "line": {"color": colour("axis"), "width": 1},
    }  # fmt: skip
    plot: dict[str, Any] = {
        "x": axis("Days since the latest session", range=[-0.8, last + 0.8], showgrid=False),
        "y": axis("Improvement over the baseline", tickformat=".0%",
                  range=[min(0.0, *heights) - 0.03, min(max(0.5, *heights) + 0.08, 1.05)]),
        "shapes": [zero],
    }  # fmt: skip
    return {"data": data, "layout": layout(313, **plot)}
