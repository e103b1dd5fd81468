"""How soon are side effects over? Time from their beginning to their end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dashboard.figures.base import Figure, empty
from dashboard.figures.steps import Curve, no_curve, survival_figure
from dashboard.questions.curves import median
from dashboard.questions.view import INTERVAL, Column, Definition, Table, View
from dashboard.words.numbers import FEW, count, minutes, sentence, too_few
from data_models.outcomes.survival import SurvivalCurve
from data_models.questions.resolution import Resolution

QUESTION = "How soon are they over?"
LONGEST_HOURS = 6.0
COLUMNS = (
    Column("minutes", "Minutes"),
    Column("at_risk", "Not yet over", "count"),
    Column("events", "Over", "count"),
    Column("censored", "Censored", "count"),
    Column("survival", "Share not over", "share"),
    *INTERVAL,
)


def view(resolution: Resolution) -> View:
    """Time to resolution of all occurrences."""
    curve = resolution.all
    return View(
        "resolution",
        QUESTION,
        words(curve),
        draw(curve),
        table=Table(COLUMNS, curve.as_dict("minutes")["curve"]),
        definition=Definition(
            "Minutes from the beginning of an occurrence to its end; censored when it was last observed unresolved. "
            "Kaplan-Meier with log-log intervals over occurrences that have a beginning; occurrences of one patient "
            "are alike, so the variance is by patient.",
            n=sentence(count(curve.n, "occurrence")),
            source="Kaplan and Meier 1958; Lin and Wei 1989 (variance by patient)",
        ),
    )


def words(curve: SurvivalCurve) -> str:
    """By when half of the occurrences are over; the curve's times are minutes."""
    if curve.n is None:
        return too_few("occurrences with a recorded beginning and end")
    if curve.n == 0:
        return "No side effect has a recorded beginning and end here."
    occurrences = count(curve.n, "occurrence")
    if curve.n < FEW:
        return sentence(f"only {occurrences} with a recorded beginning and end: too few for a median")
    middle, low, high = median(curve)
    if middle is None:
        return sentence(f"fewer than half of {occurrences} are known to be over")
    first = "not estimable" if low is None else minutes(low)
    last = "not reached" if high is None else minutes(high)
    return sentence(
        f"half of {occurrences} are over {minutes(middle)} after they began (95% interval {first} to {last})"
    )


def draw(curve: SurvivalCurve) -> Figure:
    """Share not yet over, by hours since it began."""
    curve = _first_hours(curve)
    why_not = no_curve(curve, "occurrences with an onset and an end")
    if why_not:
        return empty(why_not)
    return survival_figure(
        [Curve("Kaplan-Meier", curve, "accent")],
        rising=False,
        x_title="Hours since it began",
        y_title="Not yet over",
        events="Over",
        unit="hour",
        limit=LONGEST_HOURS,
    )


def _first_hours(minutes: SurvivalCurve) -> SurvivalCurve:
    """The hours that are drawn and the time after them: of more times a step curve is read once an hour."""
    hours = minutes.times / 60
    shown = slice(int(np.searchsorted(hours, LONGEST_HOURS, side="right")) + 1)
    names = ("at_risk", "events", "censored", "survival", "log_variance", "low", "high")
    return replace(minutes, times=hours[shown], **{name: getattr(minutes, name)[shown] for name in names})
