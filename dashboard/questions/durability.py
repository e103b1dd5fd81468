"""How long do effects last after induction? Lost if not re-treated; and lost against treated again first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.figures.base import DAY_TITLE, LEGEND, Figure, axis, empty, layout
from dashboard.figures.steps import (
    MOST_ROWS,
    Curve,
    area_labels,
    horizon,
    last_drawn,
    median_label,
    no_curve,
    stacked,
    survival_figure,
    ticks,
)
from dashboard.questions.curves import COUNTED, INTERVAL, UNDER_AXIS, few_by, median, rows, where_it_stops
from dashboard.questions.curves import compare as compare_curves
from dashboard.questions.view import Column, Definition, Group, Table, View
from dashboard.theme import colour
from dashboard.words.numbers import FEW, HIDDEN, count, days, interval, number, percent, sentence, too_few, whole
from data_models.outcomes.competing import CumulativeIncidence
from data_models.outcomes.survival import SurvivalCurve
from data_models.questions.durability import LOSS, RETREATED, Durability

QUESTION = "How long do they last?"
COMPETING = "Lost, or treated again first?"
LONGEST_DAYS = 182.0
_DAYS = "Days since the last induction session"
_IN_RESPONSE = "courses in response at the end of induction"


def view(durability: Durability) -> View:
    """Loss of response after induction, if nobody were re-treated."""
    curve = durability.curve
    return View(
        "durability",
        QUESTION,
        words(curve),
        draw(curve),
        notes=[
            where_it_stops(curve, LONGEST_DAYS),
            "Re-treatment counts as censoring here; it may be informative: boosters are given when effects fade. "
            "Each course is at risk from its end-of-induction score on.",
        ],
        table=Table((Column("days", "Day"), *COUNTED, Column("survival", "Still in response", "share"), *INTERVAL),
                    rows(curve)),
        definition=Definition(
            "Days from the last induction session to loss of response, of courses in response at the end of "
            "induction; each counts from that score on (delayed entry). Kaplan-Meier with Greenwood's variance and "
            f"log-log intervals. {UNDER_AXIS}",
            ("loss_rule", "loss_confirmations", "response_improvement", "end_of_induction_days"),
            n=sentence(f"{count(curve.n, 'course')} in response, {whole(curve.total_events)} lost it"),
            source="Kaplan and Meier 1958; Greenwood 1926",
        ),
    )  # fmt: skip


def competing(durability: Durability, *, rounded: bool = False) -> View:
    """Loss of response against re-treatment, whichever comes first; `rounded`: a share of 0 may be of few."""
    curve = durability.curve
    found = incidence_rows(durability.competing)
    columns = (Column("days", "Day"), Column("in_response", "In response", "share"),
               Column("retreated", "Re-treated", "share"), Column("loss", "Lost", "share"))  # fmt: skip
    return View(
        "competing",
        COMPETING,
        competing_words(durability, rounded=rounded),
        draw_competing(durability),
        notes=[
            where_it_stops(curve, LONGEST_DAYS, what="areas stop"),
            "Re-treatment is an outcome of its own here: the shares add up to all responders.",
        ],
        table=Table(columns, thinned(found)),
        definition=Definition(
            "Cumulative incidence of loss of response with re-treatment as a competing event (Aalen-Johansen); "
            "the same courses and the same clock as the durability curve.",
            ("loss_rule", "loss_confirmations", "end_of_induction_days"),
            n=sentence(count(curve.n, "course") + " in response at the end of induction"),
            source="Aalen and Johansen 1978",
        ),
    )


def compare(groups: Sequence[Group[Durability]]) -> View:
    """Loss of response after induction of several groups."""
    return compare_curves("durability", "How long", groups, lambda durability: durability.curve, draw_groups)


def incidence_rows(found: CumulativeIncidence) -> list[dict[str, Any]]:
    """One row a time: days, and the shares lost, re-treated and still in response."""
    return found.as_rows(("loss", "retreated"), "in_response")


def thinned(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, read at the end of each whole day where there are very many."""
    if len(found) <= MOST_ROWS:
        return list(found)
    last_of_day = {math.ceil(row["days"]): row for row in found}
    return [{**row, "days": float(day)} for day, row in last_of_day.items()]


# --- in words ------------------------------------------------------------------------------------


def words(curve: SurvivalCurve) -> str:
    """Half lose it within how many days."""
    n, events = curve.n, curve.total_events
    middle, low, high = median(curve)
    if n is None:
        return too_few(_IN_RESPONSE)
    if n == 0:
        return "No course here was in response at the end of induction, so durability cannot be said."
    of = f"{count(n, 'course')} in response at the end of induction"
    if events == 0:
        return sentence(f"none of {of} has lost it before re-treatment or the last score")
    if n < FEW:
        return sentence(f"{whole(events)} of {of} lost it; too few for a median")
    if middle is None:
        span = f" ({interval(low, high, ' days')})" if low is not None else ""
        return sentence(f"of {of}, {whole(events)} lost it; the median is not reached{span}")
    return sentence(
        f"half of {of} lose it within {days(middle)} of the last induction session, if not re-treated "
        f"({interval(low, high, ' days')})" + few_by(curve, middle)
    )


def competing_words(durability: Durability, at: float = 28.0, *, rounded: bool = False) -> str:
    """Lost, re-treated, still responding on one day."""
    curve, found = durability.curve, durability.competing
    n = curve.n
    if n is None:
        return too_few(_IN_RESPONSE)
    if n == 0:
        return "No course here was in response at the end of induction."
    of = f"{count(n, 'course')} in response at the end of induction"
    if n < FEW:
        return sentence(f"only {of}: too few to draw")
    if not found.times.size:
        return sentence(f"of {of}, too few lost it or were treated again to show when")
    if last_drawn(curve) == 0:
        return sentence(f"of {of}, fewer than {FEW} are at risk at any time: too few to draw")
    place = int(np.searchsorted(found.times, at, side="right")) - 1  # before the first time all are in response
    said = (lambda share: percent(share) if share else HIDDEN) if rounded else percent
    lost, again = (found.at(at, kind)[0] for kind in (LOSS, RETREATED))
    return sentence(
        f"{number(at)} days after the last induction session, of {count(n, 'course')}: "
        f"{said(lost)} have lost response, {said(again)} were re-treated before losing it "
        f"and {percent(float(found.free[place]) if place >= 0 else 1.0)} still respond without another session"
        + few_by(curve, at)
    )


# --- drawn ---------------------------------------------------------------------------------------


def draw(curve: SurvivalCurve) -> Figure:
    """Share still in response, with at-risk, lost and censored rows."""
    why_not = no_curve(curve)
    if why_not:
        return empty(why_not)
    figure = survival_figure(
        [Curve("Kaplan-Meier", curve, "response")],
        rising=False,
        limit=LONGEST_DAYS,
        x_title=_DAYS,
        y_title="Still in response",
        events="Lost",
    )
    middle = median(curve)[0]
    if middle is not None and middle <= LONGEST_DAYS:
        end = figure["layout"]["xaxis"]["range"][1]
        figure["layout"]["annotations"] = [median_label(middle, end, rising=False)]
    return figure


def draw_groups(curves: Sequence[Curve]) -> Figure:
    """Share still in response, of several groups."""
    return survival_figure(curves, rising=False, limit=LONGEST_DAYS, x_title=_DAYS, y_title="Still in response")


def draw_competing(durability: Durability) -> Figure:
    """Lost, re-treated, still in response without another session, stacked to 100%."""
    curve = durability.curve
    found = incidence_rows(durability.competing)
    if curve.n is None or (curve.n >= FEW and not found):
        return empty("Too few to draw a curve from rounded counts.")
    if curve.n < FEW:
        return empty(f"Fewer than {FEW} courses in response at the end of induction: nothing is drawn.")
    end = horizon([Curve("", curve, "response")], LONGEST_DAYS)
    if not end:
        return empty(f"Fewer than {FEW} courses at risk: nothing is drawn.")
    kept = [row for row in thinned(found) if row["days"] <= end]
    if not kept:
        return empty("No loss of response and no re-treatment within the days followed.")
    at = [0.0, *(float(row["days"]) for row in kept), end]
    layers = [
        (name, token, [first, *(row[key] for row in kept), kept[-1][key]])
        for name, token, key, first in (
            ("In response", "response", "in_response", 1.0),
            ("Re-treated", "retreated", "retreated", 0.0),
            ("Lost", "loss", "loss", 0.0),
        )
    ]
    labels, thin = area_labels(at, layers)
    data = stacked(at, layers, shape="hv")
    for trace in data:
        trace["showlegend"] = trace["name"] in thin
    return {
        "data": data,
        "layout": layout(
            313,
            x=axis(
                _DAYS, range=[0, end], tickvals=ticks(end), showgrid=False, ticks="outside", tickcolor=colour("axis"),
                unifiedhovertitle=DAY_TITLE,
            ),
            y=axis("Courses", range=[0, 1], tickformat=".0%", dtick=0.25),
            hovermode="x unified",
            annotations=labels,
            showlegend=bool(thin),
            legend=LEGEND,
        ),
    }  # fmt: skip
