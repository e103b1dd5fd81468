"""The cohort's answers: queries and outcomes joined into one summary object.

Pages, exports, reports and the command line all read this; a number shown anywhere is computed here
once. Everything rests on counts and sums that the database groups.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import DRUGS, PHASES, ROUTES
from data_models.outcomes import side_effects as effects
from data_models.outcomes.competing import CumulativeIncidence, aalen_johansen
from data_models.outcomes.fade import fade_rows
from data_models.outcomes.logrank import LogRank, log_rank
from data_models.outcomes.occupancy import occupancy_rows
from data_models.outcomes.proportions import PatientSums, Proportion, clustered, difference, per_course
from data_models.outcomes.survival import RiskTable, SurvivalCurve, kaplan_meier, risk_table
from data_models.outcomes.turnbull import TurnbullCurve, turnbull
from data_models.questions import cohort_counts as queries
from data_models.questions import effect_counts as effect_queries
from data_models.questions.filter_choices import present_values

Floats = NDArray[np.float64]
_WAYS = ("ever", "last", "end_of_induction", "end_of_induction_all_treated")
RATES = {"response": _WAYS, "remission": _WAYS, "worse": ("last", "end_of_induction")}  # of the summary
_ENDS = ("loss", "retreated")


def summarise(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> dict[str, Any]:
    """The cohort's figures: the object of `summary --format json` in the data contract.

    Parameters
    ----------
    scope : which clinics may be read; single patients need not be allowed.
    rules : the rules under which the store was derived (`Store.rules`).

    Returns
    -------
    Plain dicts, lists, numbers and None; times in days. None: not reached or not estimable.
    """
    return {
        "definitions": definitions(cohort, rules),
        "cohort": {"where": cohort.where(), **queries.funnel(connection, scope, cohort)},
        **rates(rate_shares(connection, scope, cohort)),
        "onset": onset(connection, scope, cohort),
        "duration": {"kaplan_meier": duration_curve(connection, scope, cohort).as_dict()},
        "durability": durability(connection, scope, cohort),
        "occupancy": occupancy(connection, scope, cohort, rules),
        "fade": fade(connection, scope, cohort),
        "side_effects": side_effects(connection, scope, cohort, rules),
    }


def definitions(cohort: CohortFilter, rules: OutcomeRules) -> dict[str, Any]:
    """Version, every rule with its value, and the instrument, as each chart and export prints them."""
    instrument = dataclasses.asdict(INSTRUMENTS[cohort.instrument])
    instrument["remission"] = rules.remission_cutoff(cohort.instrument)
    return {"version": rules.version, "rules": rules.as_dict(), "instrument": instrument}


# --- rates of courses ------------------------------------------------------------------------


def rate_proportions(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, Proportion]:
    """Every rate of courses: "response.ever", "worse.last", "sustained", "early", "partial.ever", ..."""
    sums = queries.rate_sums(connection, scope, cohort)
    if INSTRUMENTS[cohort.instrument].remission is None:
        # A scale without a remission cut-off has no rate of remission, not a rate of 0.
        sums["remission.end_of_induction_all_treated"] = PatientSums(0, 0, 0, 0, 0, 0)
    return {name: per_course(values) for name, values in sums.items()}


def rate_shares(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, dict[str, Any]]:
    """`rate_proportions` as the summary writes them."""
    return {name: rate.as_dict() for name, rate in rate_proportions(connection, scope, cohort).items()}


def rates(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The summary's rates, of `rate_shares`: response, remission and worse, each by when."""
    return {kind: {way: found[f"{kind}.{way}"] for way in ways} for kind, ways in RATES.items()}


def course_values(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> pd.DataFrame:
    """The waterfall's values, one row a treated course without its identity.

    Columns best_change, last_change (points against baseline; NaN: not evaluable, or the last score sooner after a
    session than the cohort asks for), evaluable (1, 0), improvement (share of baseline at the last score), last_worse
    (1, 0; NaN: no smallest meaningful change is agreed), sorted by best change, the unmeasured last.
    """
    frame = queries.course_rows(connection, scope, cohort)
    return frame.sort_values(["best_change", "last_change"], ignore_index=True)


# --- onset and durability --------------------------------------------------------------------


def onset_turnbull(connection: Connection, scope: Scope, cohort: CohortFilter) -> TurnbullCurve:
    """Turnbull's estimate of the days to response."""
    left, right, counts = queries.onset_intervals(connection, scope, cohort)
    return turnbull(left, right, counts)


def onset(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, Any]:
    """Days to response (Kaplan-Meier on R, and Turnbull), and sessions received to response."""
    left, right, counts = queries.onset_intervals(connection, scope, cohort)
    sessions, responded, session_counts = queries.onset_sessions(connection, scope, cohort)
    return {
        "kaplan_meier": kaplan_meier(*_first_response(left, right), counts).as_dict(),
        "turnbull": turnbull(left, right, counts).as_dict(),
        "sessions_kaplan_meier": kaplan_meier(sessions, responded, session_counts).as_dict(),
    }


def _first_response(left: Floats, right: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Time of the first score in response (event), or of the last score without one (censored)."""
    responded = np.isfinite(right)
    return np.where(responded, right, left), responded


def duration_curve(connection: Connection, scope: Scope, cohort: CohortFilter) -> SurvivalCurve:
    """Days from response to its loss, re-treatment allowed."""
    return kaplan_meier(*queries.durations(connection, scope, cohort))


def duration_turnbull(connection: Connection, scope: Scope, cohort: CohortFilter) -> TurnbullCurve:
    """Turnbull's estimate of the days from response to loss, which too lies between two scores."""
    return turnbull(*queries.loss_intervals(connection, scope, cohort))


def durability_incidence(connection: Connection, scope: Scope, cohort: CohortFilter) -> CumulativeIncidence:
    """Loss (kind 1) against re-treatment (kind 2) by days since the last induction session."""
    entries, exits, kinds, counts = queries.durabilities(connection, scope, cohort)
    return aalen_johansen(exits, kinds, counts, entries)


def durability(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, Any]:
    """Durability after induction: re-treatment as censoring (Kaplan-Meier) and as a competing event.

    `n` counts every course in response at the end of induction; one without any later score or
    session is never at risk.
    """
    entries, exits, kinds, counts = queries.durabilities(connection, scope, cohort)
    curve = kaplan_meier(exits, kinds == 1, counts, entries)
    competing = aalen_johansen(exits, kinds, counts, entries)
    return {"kaplan_meier": curve.as_dict(), "aalen_johansen": competing.as_rows(_ENDS, "in_response")}


def durability_bands(connection: Connection, scope: Scope, cohort: CohortFilter) -> list[dict[str, Any]]:
    """The competing-event curves with their intervals: days, at_risk, and per end share, low, high."""
    incidence = durability_incidence(connection, scope, cohort)
    rows = []
    for place, days in enumerate(incidence.times.tolist()):
        row: dict[str, Any] = {"days": days, "at_risk": int(incidence.at_risk[place])}
        for number, name in enumerate(_ENDS):
            row[name] = float(incidence.incidence[number, place])
            for bound, values in (("low", incidence.low), ("high", incidence.high)):
                value = float(values[number, place])
                row[f"{name}_{bound}"] = None if value != value else value
        rows.append(row | {"in_response": float(incidence.free[place])})
    return rows


# --- over time -------------------------------------------------------------------------------


def occupancy(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> list[dict[str, Any]]:
    """Share of all courses started in each state, by whole day since the first session."""
    spans = queries.state_spans(connection, scope, cohort)
    return occupancy_rows(spans, queries.leaving_days(connection, scope, cohort, rules))


def fade(connection: Connection, scope: Scope, cohort: CohortFilter) -> list[dict[str, Any]]:
    """Change from the pre-session score by days since the session, one row a bin."""
    sums, counts = queries.fade_sums(connection, scope, cohort)
    return fade_rows({key[0]: of["change"] for key, of in sums.items()}, {key[0]: of for key, of in counts.items()})


def fade_split(connection: Connection, scope: Scope, cohort: CohortFilter, by: str) -> dict[str, list[dict[str, Any]]]:
    """`fade` per session route, per phase or per course number (`by` "route", "phase", "course")."""
    sums, counts = queries.fade_sums(connection, scope, cohort, by)
    groups = sorted({key[1] for key in sums if key[1] is not None}, key=_shown_order)
    return {
        str(group): fade_rows(
            {key[0]: of["change"] for key, of in sums.items() if key[1] == group},
            {key[0]: of for key, of in counts.items() if key[1] == group},
        )
        for group in groups
    }


# --- side effects ----------------------------------------------------------------------------


def side_effects(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> dict[str, Any]:
    """Rates per patient and per session, and vital signs, as the data contract has them."""
    return {**effect_rates(connection, scope, cohort), "vitals": vitals(connection, scope, cohort, rules)}


def effect_rates(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, Any]:
    """Rates of each side effect, per patient and per session."""
    return effects.rates(effect_queries.effect_sums(connection, scope, cohort).get((), {}))


def any_effect(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, Any]:
    """Patients and sessions with any side effect: "per_patient", "per_session"."""
    return effects.any_effect(effect_queries.worst_sums(connection, scope, cohort).get((), {}))


def vitals(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> dict[str, Any]:
    """Vital signs before, highest and their rise, and the shares of sessions over each threshold."""
    sums = effect_queries.vital_sums(connection, scope, cohort, rules)
    return effects.vitals(sums["means"], sums["thresholds"], rules)


def side_effect_breakdown(
    connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules, by: str = "number"
) -> list[dict[str, Any]]:
    """Rates by session number, route, drug, dose band or phase.

    Returns
    -------
    One dict a group: "group" (text; session numbers above 12 are "13+"; None: not recorded),
    "patients_asked", "sessions_asked", "per_patient", "per_session", and "any" (both rates of any
    side effect). Groups share patients: their intervals are not independent.
    """
    sums = effect_queries.effect_sums(connection, scope, cohort, by)
    groups = sorted((key[0] for key in sums), key=_shown_order)
    result = []
    for group in groups:
        label = None if group is None else str(group)
        if by == "number" and group is not None and group > effects.LATEST_NUMBER:
            label = f"{effects.LATEST_NUMBER + 1}+"
        key = (group,)
        rates = effects.rates(sums[key])
        result.append({"group": label, **rates, "any": effects.any_effect(sums[key])})
    return result


def side_effect_details(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, Any]:
    """Any side effect, worst grade of a session, grades by term, time to resolution (minutes)."""
    worst = effect_queries.worst_sums(connection, scope, cohort).get((), {})
    return {
        "any": effects.any_effect(worst),
        **_severity(connection, scope, cohort, worst),
        "resolution": effect_resolution(connection, scope, cohort),
    }


def effect_severity(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, Any]:
    """Worst grade of a session ("worst"), grades by term ("severity")."""
    return _severity(connection, scope, cohort, effect_queries.worst_sums(connection, scope, cohort).get((), {}))


def _severity(connection: Connection, scope: Scope, cohort: CohortFilter, worst: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "worst": effects.worst_rows(worst),
        "severity": effects.severity_rows(effect_queries.severity_counts(connection, scope, cohort)),
    }


def effect_resolution(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, Any]:
    """Time to resolution of side effects (minutes), all and by term."""
    return effects.resolution(effect_queries.resolution_times(connection, scope, cohort))


# --- beyond the contract's summary, splits and comparisons -----------------------------------


def details(connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> dict[str, Any]:
    """What the definitions ask for beside the summary.

    "sustained_response", "early_response" (at 24 h), "partial_or_better" (ever): P per evaluable
    course; "duration_turnbull"; "durability_bands".
    """
    found = rate_proportions(connection, scope, cohort)
    return {
        "sustained_response": found["sustained"].as_dict(),
        "early_response": found["early"].as_dict(),
        "partial_or_better": found["partial.ever"].as_dict(),
        "duration_turnbull": duration_turnbull(connection, scope, cohort).as_dict(),
        "durability_bands": durability_bands(connection, scope, cohort),
    }


def parts(connection: Connection, scope: Scope, cohort: CohortFilter, by: str) -> dict[str, CohortFilter]:
    """The cohort cut by one filter key: value present -> filter. Courses without a value are in none.

    Raises
    ------
    ValueError
        when `by` is not a filter key.
    """
    if by not in FILTERS:
        raise ValueError(f"a cohort cannot be split by {by!r}; it is one of {', '.join(FILTERS)}")
    chosen = cohort[by]
    # A patient with several conditions comes back with all of them: keep to those asked for.
    values = (value for value in present_values(connection, scope, cohort, by) if not chosen or value in chosen)
    return {value: cohort.with_values(by, (value,)) for value in values}


def split(
    connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules, by: str
) -> dict[str, dict[str, Any]]:
    """`summarise` per value of one filter key (compare-by, `--by`)."""
    return {
        value: summarise(connection, scope, part, rules) for value, part in parts(connection, scope, cohort, by).items()
    }


def compare(connection: Connection, scope: Scope, cohort: CohortFilter, by: str) -> dict[str, Any]:
    """Log-rank tests and differences of rates between the values of one filter key.

    Returns
    -------
    "log_rank": as `log_ranks` gives them;
    "differences": one row a pair of values and rate ("response.end_of_induction",
    "remission.end_of_induction", "side_effects_any"): first, second, difference, low, high.
    """
    of_parts: dict[str, dict[str, Proportion]] = {}
    for value, part in parts(connection, scope, cohort, by).items():
        of_courses = rate_proportions(connection, scope, part)
        sums = effect_queries.worst_sums(connection, scope, part)
        of_parts[value] = {
            name: of_courses[name] for name in ("response.end_of_induction", "remission.end_of_induction")
        }
        of_parts[value]["side_effects_any"] = clustered(sums.get((), {}).get("any", effects.NOBODY))
    return {"log_rank": log_ranks(connection, scope, cohort, by), "differences": _differences(of_parts)}


def log_ranks(connection: Connection, scope: Scope, cohort: CohortFilter, by: str) -> dict[str, Any]:
    """Log-rank tests between the values of one filter key.

    Returns
    -------
    "onset", "duration", "durability" -> {"statistic", "degrees", "p_value", "test", ...}; None where groups
    share courses (`condition`, `phase`).
    """
    tables: dict[str, list[RiskTable]] = {"onset": [], "duration": [], "durability": []}
    if FILTERS[by].shares_courses:
        return dict.fromkeys(tables)
    for part in parts(connection, scope, cohort, by).values():
        left, right, counts = queries.onset_intervals(connection, scope, part)
        tables["onset"].append(risk_table(*_first_response(left, right), counts))
        tables["duration"].append(risk_table(*queries.durations(connection, scope, part)))
        entries, exits, kinds, counts = queries.durabilities(connection, scope, part)
        tables["durability"].append(risk_table(exits, kinds == 1, counts, entries))
    return {name: _test(log_rank(of)) for name, of in tables.items()}


def _test(result: LogRank) -> dict[str, Any]:
    return {
        "test": "log-rank",
        "statistic": result.statistic,
        "degrees": result.degrees,
        "p_value": result.p_value,
        "observed": list(result.observed),
        "expected": list(result.expected),
    }


def _differences(rates: Mapping[str, Mapping[str, Proportion]]) -> list[dict[str, Any]]:
    rows = []
    for (first, of_first), (second, of_second) in itertools.combinations(rates.items(), 2):
        for name, share in of_first.items():
            result = difference(share, of_second[name])
            row = {"rate": name, "first": first, "second": second, "difference": result.difference}
            rows.append(row | {"low": result.low, "high": result.high})
    return rows


_SHOWN = {
    value: place for place, value in enumerate((*DRUGS, *ROUTES, *PHASES, *(b.label for b in effects.DOSE_BANDS)))
}


def _shown_order(value: Any) -> tuple[int, Any]:
    """Code lists in their own order, numbers by value, "not recorded" last."""
    if value is None:
        return 2, 0
    if isinstance(value, str):
        return 0, _SHOWN.get(value, len(_SHOWN))
    return 1, value
