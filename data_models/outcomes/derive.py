"""Records in, facts out: the one derivation, whole patients at a time.

It runs on a slice of the patients, on all of them, or on many machines unchanged: nothing in it looks
across patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_models.definitions.rules import OutcomeRules
from data_models.outcomes.clock import Flagged, Flags, Floats, Ints, days, take
from data_models.outcomes.courses import (
    Courses,
    Sessions,
    course_facts,
    find_courses,
    observation,
    session_facts,
)
from data_models.outcomes.durability import durability, duration, end_of_induction, losses
from data_models.outcomes.effect_facts import effect_facts
from data_models.outcomes.onset import early_response, onset
from data_models.outcomes.reliable_change import reliable_change
from data_models.outcomes.score_facts import score_facts, scored_sessions
from data_models.outcomes.scores import Judged, Scores, Series, find_series, judge, place_scores

# Raised with every change by which the same records give other facts: stores derived before derive again.
DERIVATION = 4


@dataclass(slots=True)
class Facts:
    """The frames of facts; columns are those of the tables of the same names."""

    courses: pd.DataFrame
    session_facts: pd.DataFrame
    effect_facts: pd.DataFrame
    score_facts: pd.DataFrame
    course_outcomes: pd.DataFrame


def derive(
    sessions: pd.DataFrame,
    assessments: pd.DataFrame,
    side_effects: pd.DataFrame,
    rules: OutcomeRules,
    patients: pd.DataFrame | None = None,
) -> Facts:
    """Derive every fact of some patients from all of their records.

    Parameters
    ----------
    sessions, assessments, side_effects, patients : columns of the tables of the same names, any order; of patients
        `observed_until_weeks` (None: nobody's end of observation is known).
    rules : the outcome rules to follow.

    Returns
    -------
    facts : one frame a table. What each is and a worked example stand with the function that makes it:
        `courses.course_facts`, `courses.session_facts`, `effect_facts`, `score_facts`, and for course_outcomes
        `onset`, `durability`.
    """
    placed, courses = find_courses(sessions, rules)
    scores = place_scores(assessments, placed, courses, rules)
    series = find_series(scores, courses, rules)
    judged = judge(scores, series, rules)
    of_sessions = session_facts(placed, courses, side_effects, scored_sessions(scores, placed))
    weeks = pd.Series(dtype=np.float64)
    if patients is not None:
        weeks = patients.set_index("patient_id")["observed_until_weeks"]
    course_end, patient_end = _record_ends(placed, courses, scores)
    return Facts(
        courses=course_facts(
            placed,
            courses,
            course_end,
            observation(placed, weeks, patient_end),
            of_sessions["worst"].to_numpy(np.float64),
            rules,
        ),
        session_facts=of_sessions,
        effect_facts=effect_facts(of_sessions, placed.frame),
        score_facts=score_facts(scores, series, judged, placed, courses, rules),
        course_outcomes=_course_outcomes(scores, series, judged, placed, courses, rules),
    )


def _record_ends(sessions: Sessions, courses: Courses, scores: Scores) -> tuple[Ints, Ints]:
    """The last session or score of each course's observation, and of each patient (ticks)."""
    of_course = sessions.at[courses.last].copy()
    observed = scores.session >= 0
    np.maximum.at(of_course, scores.course[observed], scores.at[observed])
    of_patient = np.full(len(sessions.patient_ids), np.iinfo(np.int64).min)
    np.maximum.at(of_patient, courses.patient, of_course)
    return of_course, of_patient


def _course_outcomes(
    scores: Scores, series: Series, judged: Judged, sessions: Sessions, courses: Courses, rules: OutcomeRules
) -> pd.DataFrame:
    """The `course_outcomes` table: one row a course and instrument."""
    low, high = series.low, series.high
    observed = high > low
    last = np.where(observed, high - 1, -1)
    evaluable = series.evaluable
    judged_last = np.where(evaluable, last, -1)
    found = losses(scores, judged, sessions, rules)
    first_response, onset_columns = onset(scores, series, judged, sessions)

    def ever(flags: np.ndarray) -> Floats:
        return np.where(evaluable, Flagged(flags).count(low, high) > 0, np.nan)

    best = np.full(len(low), np.nan)
    if observed.any():
        # The observations are disjoint runs in order, so a run's end is the next run's border.
        borders = np.stack((low[observed], high[observed]), axis=1).ravel()
        padded = np.append(scores.score, np.inf)
        best[observed] = np.minimum.reduceat(padded, borders)[::2]
    item9_last, item9_change = _item9(scores, series)
    has_remission = ~np.isnan(series.remission)
    has_change = ~np.isnan(series.least_change)
    duration_columns = duration(scores, series, first_response, found)
    end = end_of_induction(scores, series, sessions, courses, rules)

    def reliable(place: Ints) -> pd.Series:
        place = np.where(evaluable, place, -1)
        score = take(scores.score, place)
        groups = reliable_change(
            score - series.baseline, series.baseline, score, series.standard_error, series.recovered_below
        )
        return pd.Series(groups, dtype="str")

    columns = {
        "patient_id": sessions.patient_ids[courses.patient[series.course]],
        "course": courses.number[series.course],
        "instrument": pd.Series(series.instrument, dtype="str"),
        "scores": high - low,
        "baseline": series.baseline,
        "evaluable": evaluable.astype(np.int64),
        "best": best,
        "last": take(scores.score, last),
        "last_days": np.where(observed, days(scores.at[last] - series.start), np.nan),
        "last_since_session_days": np.where(
            observed, days(scores.at[last] - sessions.at[scores.session[last]]), np.nan
        ),
        "ever_response": ever(judged.response),
        "ever_partial": ever(judged.partial),
        "ever_remission": np.where(has_remission, ever(judged.remission), np.nan),
        "sustained_response": np.where(evaluable, _sustained(scores, judged, series, rules), np.nan),
        "last_response": take(judged.response, judged_last),
        "last_remission": np.where(has_remission, take(judged.remission, judged_last), np.nan),
        "last_worse": np.where(has_change, take(judged.worse, judged_last), np.nan),
        **early_response(scores, series, judged, rules),
        **onset_columns,
        **duration_columns,
        **durability(scores, series, judged, sessions, courses, found, end, rules),
        "last_reliable": reliable(last),
        "end_of_induction_reliable": reliable(end[0]),
        "state": _state(scores, series, judged, first_response, best, last, duration_columns["duration_event"] == 1),
        "item9_last": item9_last,
        "item9_change": item9_change,
    }
    frame = pd.DataFrame(columns)
    frame.loc[~has_remission, "end_of_induction_remission"] = np.nan
    frame.loc[~has_change, "end_of_induction_worse"] = np.nan
    return frame


def _sustained(scores: Scores, judged: Judged, series: Series, rules: OutcomeRules) -> np.ndarray:
    """Two consecutive scores in response at least `sustained_days` apart."""
    pair = np.zeros(len(scores.at), dtype=bool)
    pair[1:] = judged.response[1:] & judged.response[:-1] & (scores.series[1:] == scores.series[:-1])
    pair[1:] &= days(np.diff(scores.at)) >= rules.sustained_days
    return Flagged(pair).count(series.low, series.high) > 0


def _state(
    scores: Scores, series: Series, judged: Judged, first_response: Ints, best: Floats, last: Ints, lost_once: Flags
) -> pd.Series:
    """What the course amounts to at its latest score (screens, Patients).

    Fading: in response, and the latest score has given back at least half of the improvement reached,
    or risen by the smallest meaningful change since the best score. A course that has slipped out of
    response without ever meeting the loss rule (below the moderate cut-off, say) is fading too: not
    lost by the rule, and not responding either. A baseline below the entry severity leaves nothing to respond.
    """
    score = take(scores.score, last)
    risen = score - best
    with np.errstate(invalid="ignore"):
        fading = (risen > 0) & ((risen >= 0.5 * (series.baseline - best)) | (risen >= series.least_change))
    in_response = take(judged.response, last) == 1
    lost = ~in_response & (lost_once | (take(judged.lost, last) == 1))
    worse = take(judged.worse, last) == 1
    responded = first_response >= 0
    return pd.Series(
        np.select(
            [
                (last < 0) | ~(series.baseline > series.minimum),
                worse,
                ~series.ill,
                ~responded,
                lost,
                fading | ~in_response,
            ],
            ["not_measured", "worse", "mild_at_start", "no_response", "response_lost", "fading"],
            default="responding",
        ),
        dtype="str",
    )


def _item9(scores: Scores, series: Series) -> tuple[Floats, Floats]:
    """Latest item 9 of the observation, and its change against the earliest from the baseline on."""
    given = Flagged(~np.isnan(scores.item9))
    last = given.last(series.low, series.high)
    from_baseline = np.where(series.baseline_place >= 0, series.baseline_place, series.low)
    first = given.first(from_baseline, series.high)
    latest = take(scores.item9, last)
    return latest, np.where(last >= 0, latest - take(scores.item9, first), np.nan)
