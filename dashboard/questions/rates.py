"""The rates at the end of induction as headline figures, and what they mean."""

from __future__ import annotations

from dataclasses import replace

from dashboard.questions.view import SHARE_COLUMNS, Column, Definition, Table, Tile
from dashboard.words.numbers import count, course_day, days, number, percent, sentence, whole
from dashboard.words.scales import BAD_DAYS, REGRESSION_TO_THE_MEAN, entry_severity, least_change
from dashboard.words.shares import share_interval
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.outcomes.proportions import Proportion
from data_models.questions.funnel import Funnel
from data_models.questions.rates import Quartiles, Rates

NAMES = ("Response at end of induction", "Remission at end of induction", "Worse at end of induction")


def tiles(rates: Rates) -> list[Tile]:
    """Response, remission and worse at the end of induction; the first two with both denominators."""
    response, remission = rates.response, rates.remission
    first = tile(NAMES[0], response.end_of_induction, response.end_of_induction_all_treated)
    more = (scored_after(rates.end_days), BAD_DAYS if response.end_of_induction.events != 0 else "")
    return [
        replace(first, lines=(*first.lines, *filter(None, more))),
        tile(NAMES[1], remission.end_of_induction, remission.end_of_induction_all_treated),
        tile(NAMES[2], rates.worse.end_of_induction),
    ]


_MEASURES = {"response": "Response", "remission": "Remission", "worse": "Worse"}
_WAYS = {
    "ever": "at any score",
    "last": "at the last score",
    "end_of_induction": "at the end of induction",
    "end_of_induction_all_treated": "at the end of induction, of all treated and not going on",
}


def table(rates: Rates) -> Table:
    """Response, remission and worse, each way, for files."""
    rows = [
        {"measure": f"{words} {_WAYS[way]}", **getattr(of, way).as_dict()}
        for kind, words in _MEASURES.items()
        for of in [getattr(rates, kind)]
        for way in of.as_json()
    ]
    columns, title = (Column("measure", "Courses", "text"), *SHARE_COLUMNS), "Response, remission and worse"
    return Table(columns, rows, name="outcomes", title=title, note=REGRESSION_TO_THE_MEAN)


def early_stop(share: Proportion, rules: OutcomeRules) -> Table:
    """Share of courses whose induction ended early, for files."""
    columns = (Column("measure", "Courses", "text"), *SHARE_COLUMNS)
    note = (
        f"Stopped early: induction not complete, and more than {rules.induction_gap_days:g} days gone since its last "
        "session; of courses of which that can be said."
    )
    rows = [{"measure": "Stopped early", **share.as_dict()}]
    return Table(columns, rows, name="early_stop", title="How many stop early", note=note)


def scored_after(found: Quartiles) -> str:
    """How long after the last induction session these scores were taken; empty where that is not known."""
    if found.median is None or found.low is None or found.high is None:
        return ""
    half = f"{number(course_day(found.low))} to {number(course_day(found.high))}"
    return f"scored {days(found.median)} after the last induction session (half of them {half})"


def tile(name: str, share: Proportion, treated: Proportion | None = None, unit: str = "measured") -> Tile:
    """A share as a headline figure; `treated`: the same of all treated."""
    if share.n == 0:
        return Tile(name, "–", "", ("Not measured, or no agreed cut-off",))
    lines = [share_interval(share), f"{whole(share.events)} of {whole(share.n)} {unit}"]
    if treated is not None and treated.n:
        lines.append(
            f"{percent(treated.share)} of all {whole(treated.n)} treated and not going on ({share_interval(treated)})"
        )
    return Tile(name, percent(share.share), "", tuple(lines))


def definition(funnel: Funnel, cohort: CohortFilter, rules: OutcomeRules) -> Definition:
    """What the headline figures mean on the cohort's scale, and of whom they are shares."""
    scale, cutoff, least = INSTRUMENTS[cohort.instrument], rules.remission_cutoff(cohort.instrument), ""
    if least_change(scale):
        least = f"{least_change(scale)} or more above baseline, the smallest meaningful change"
    said = [
        "The end-of-induction score is the first one after the last session of a complete induction, within "
        f"{rules.end_of_induction_days:g} days of it and not after the next session's start.",
        f"Response: an improvement by {percent(rules.response_improvement)} of {scale.of_baseline} or more.",
        "Remission: "
        + (f"{scale.name} {cutoff:g} or less." if cutoff is not None else f"{scale.name} has no cut-off."),
        f"Worse: {scale.name} {least}." if least else f"Worse: {scale.name} has no agreed smallest meaningful change.",
        f"Each is first a share of the courses that began {entry_severity(scale, rules).removeprefix('of ')} on the "
        "scale and were measured then, below it of all treated courses that are not going on, the unmeasured counted "
        "as not in response or remission. Worse is of the measured alone: to count the unmeasured as not worse would "
        f"flatter. {REGRESSION_TO_THE_MEAN} Intervals are Wilson's, or clustered by patient where patients have "
        "several courses.",
        "The medians are those of the curves below, of evaluable courses and of courses in response at the end of "
        "induction. Sessions with any side effect are of those in which side effects were asked about.",
    ]
    if cohort.min_hours_since_session is not None:
        said.append(
            f"Scores less than {cohort.min_hours_since_session:g} hours after a session are passed over: the first, or "
            "last, that is late enough counts."
        )
    names = ("response_improvement", "entry_severity", "end_of_induction_days", "baseline_window_days", "loss_rule")
    n = f"{count(funnel.courses, 'treated course')}, {whole(funnel.every.end_of_induction_scored)} scored then"
    return Definition(" ".join(said), names, n=sentence(n), source=scale.source)
