"""What do blood pressure and heart rate do around the dose, and how often does pressure pass a threshold?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboard.figures.base import Figure, axis, empty, lanes, layout, note, share_dots, wrapped
from dashboard.questions.view import SHARE_COLUMNS, Column, Definition, Table, View
from dashboard.theme import colour
from dashboard.words.numbers import count, interval, number, percent, sentence, too_few, whole
from dashboard.words.shares import rate
from data_models.definitions.vocabulary import label
from data_models.questions.vitals import Sign, Threshold, Vitals

QUESTION = "What do blood pressure and heart rate do?"
THRESHOLDS = "How often does pressure pass a threshold?"
UNMEASURED = "No session has a blood pressure before and during it."
_CLUSTERED = "Cochran 1977 (ratio estimator)"
_UNITS = {"systolic": "Systolic pressure, mmHg", "diastolic": "Diastolic pressure, mmHg",
          "heart_rate": "Heart rate, beats a minute"}  # fmt: skip
_NAMES: dict[str, Callable[[Any], str]] = {  # of a limit in mmHg; before the dose: of the two of systolic and diastolic
    "systolic_rise_mmhg": "Systolic rise of {:g} mmHg or more".format,
    "diastolic_rise_mmhg": "Diastolic rise of {:g} mmHg or more".format,
    "systolic_high_mmhg": "Systolic pressure of {:g} mmHg or more".format,
    "diastolic_high_mmhg": "Diastolic pressure of {:g} mmHg or more".format,
    "predose": lambda limits: "Before the dose above {:g}/{:g} mmHg".format(*limits),
}


def view(vitals: Vitals) -> View:
    """Means before and highest, with the rise."""
    most = max((sign.rise.n or 0 for _, sign in _signs(vitals)), default=0)
    return View(
        "vitals",
        QUESTION,
        words(vitals),
        draw(vitals),
        notes=["Open: mean before the dose. Filled: mean of the highest during the session."],
        table=table(vitals),
        definition=Definition(
            "Rise: highest during the session minus before, over sessions with both; 95% interval clustered by "
            "patient.",
            n=sentence(f"{count(most, 'session')} with both values"),
            source=_CLUSTERED,
        ),
    )


def thresholds(vitals: Vitals) -> View:
    """Share of sessions that pass each reported threshold."""
    most = max((one.share.n or 0 for one in vitals.thresholds), default=0)
    return View(
        "thresholds",
        THRESHOLDS,
        words_of_thresholds(vitals),
        draw_thresholds(vitals),
        table=table_of_thresholds(vitals),
        definition=Definition(
            "Of sessions with the pressures that the threshold needs; 95% interval clustered by patient.",
            (
                "systolic_rise_mmhg",
                "diastolic_rise_mmhg",
                "systolic_high_mmhg",
                "diastolic_high_mmhg",
                "predose_systolic_mmhg",
                "predose_diastolic_mmhg",
            ),
            n=sentence(f"{count(most, 'session')} with pressures"),
            source=_CLUSTERED,
        ),
    )


def name_of(threshold: Threshold) -> str:
    """A threshold with its limit and unit."""
    return _NAMES[threshold.name](threshold.limit)


def _signs(vitals: Vitals) -> list[tuple[str, Sign]]:
    return [("systolic", vitals.systolic), ("diastolic", vitals.diastolic), ("heart_rate", vitals.heart_rate)]


def table(vitals: Vitals) -> Table:
    """Means before, highest and of their rise, a row each a sign."""
    rows = [
        {"sign": _UNITS[name], "when": when, **mean}
        for name, sign in _signs(vitals)
        for when, mean in sign.as_json().items()
    ]
    columns = (Column("sign", "Sign", "text"), Column("when", "When", "text"), Column("n", "Sessions", "count"),
               Column("patients", "Patients", "count"), Column("mean", "Mean"), Column("low", "95% low"),
               Column("high", "95% high"))  # fmt: skip
    return Table(columns, rows, name="vital_signs", title="Vital signs in sessions", keys=2, whole=False)


def table_of_thresholds(vitals: Vitals) -> Table:
    """Sessions in which pressure passes each threshold."""
    rows = [{"threshold": name_of(one), **one.share.as_dict()} for one in vitals.thresholds]
    columns = (Column("threshold", "Sessions with", "text"), *SHARE_COLUMNS)
    return Table(columns, rows, name="blood_pressure", title="How often blood pressure passes a threshold")


# --- in words ------------------------------------------------------------------------------------


def words(vitals: Vitals) -> str:
    """The mean rise of blood pressure."""
    rise, diastolic = vitals.systolic.rise, vitals.diastolic.rise
    if rise.n is None or rise.patients is None:
        return too_few("sessions or patients with a blood pressure before and during it")
    if not rise.n:
        return UNMEASURED
    return sentence(
        f"the mean rise is {number(rise.mean)} / {number(diastolic.mean)} mmHg (systolic "
        f"{interval(rise.low, rise.high)}; {count(rise.n, 'session')} of {count(rise.patients, 'patient')})"
    )


def words_of_thresholds(vitals: Vitals) -> str:
    """The threshold that is passed most often during sessions, and how many began above that before the dose."""
    if vitals.thresholds and all(one.share.n is None for one in vitals.thresholds):
        return too_few("sessions with a blood pressure before and during it")
    measured = [one for one in vitals.thresholds if one.share.n]
    if not measured:
        return UNMEASURED
    during = [one for one in measured if one.name != "predose"]
    top = max(during or measured, key=lambda one: one.share.share or 0)
    text = f"{name_of(top)}: {rate(top.share)} of sessions"
    before = next((one for one in measured if one.name == "predose"), top)
    if before is not top and before.share.share is not None:
        text += f"; {percent(before.share.share)} began {name_of(before).removeprefix('Before the dose ')}"
    return sentence(text)


# --- drawn ---------------------------------------------------------------------------------------


def draw(vitals: Vitals) -> Figure:
    """A line from the mean before to the mean highest, per sign."""
    shown = [
        (name, before, highest, rise)
        for name, sign in _signs(vitals)
        if sign.rise.n
        and (before := sign.before.mean) is not None
        and (highest := sign.highest.mean) is not None
        and (rise := sign.rise.mean) is not None
    ]
    if not shown:
        return empty("No session has a value before and during it.")
    data: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    large = {"size": 12, "color": colour("text")}
    for place, (name, before, highest, rise) in enumerate(shown):
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [before, highest],
                "y": [place, place],
                "name": label(name),
                "line": {"color": colour(name), "width": 3},
                "marker": {
                    "color": colour(name),
                    "size": [9, 12],
                    "symbol": ["circle-open", "circle"],
                    "line": {"width": 2},
                },
                "hovertemplate": "mean %{x:.0f}<extra>" + label(name) + "</extra>",
            }
        )
        labels.append(note(f"{before:.0f}", before, place, xanchor="right", xshift=-9))
        labels.append(note(f"{highest:.0f} (+{rise:.1f})", highest, place, xshift=10, font=large))
    values = [value for _, before, highest, _ in shown for value in (before, highest)]
    room = (max(values) - min(values)) * 0.22 + 6
    return {
        "data": data,
        "layout": layout(
            70 + 44 * len(shown),
            x=axis("mmHg; beats a minute for heart rate", range=[min(values) - room, max(values) + room * 2.4]),
            y=axis("", **lanes([label(name) for name, *_ in shown], tickfont=large)),
            annotations=labels,
        ),
    }


def draw_thresholds(vitals: Vitals) -> Figure:
    """Share of sessions at or above each threshold with its interval."""
    shown = [one for one in vitals.thresholds if one.share.n and one.share.share is not None]
    if not shown:
        return empty("No session has blood pressure before and during it.")
    rows = [(place, one.share, [whole(one.share.events), whole(one.share.n)]) for place, one in enumerate(shown)]
    hover = "%{x:.1%} (%{customdata[0]} of %{customdata[1]} sessions)<extra></extra>"
    # Two lines of what a phone has room for.
    names = [wrapped(name_of(one).replace(" of", "").replace(" pressure", ""), 19) for one in shown]
    return {
        "data": [share_dots("Sessions", rows, {"color": colour("accent"), "size": 9}, hover)],
        "layout": layout(
            70 + 34 * len(shown),
            x=axis("Share, 95% interval", rangemode="tozero", tickformat=".0%", nticks=4, tickangle=0),
            y=axis("", **lanes(names, showgrid=True, tickfont={"size": 12, "color": colour("text")})),
        ),
    }
