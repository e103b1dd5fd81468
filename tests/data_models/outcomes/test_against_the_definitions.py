"""The vectorised derivation against the definitions written down as plainly as they read.

The oracle below takes one patient, one course, one scale at a time and follows sections 2 to 5 of the
definitions word for word, with loops; it shares no code with `data_models.outcomes`. Both are given the
whole sample clinic and records that hypothesis makes up, under the default and under other rules.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.outcomes.derive import derive

Score = tuple[float, float]  # hours, score
Row = dict[str, Any]


Session = tuple[float, str | None, str | None]  # hours, phase given in the records, drug
Course = list[tuple[float, bool]]  # hours, is induction


def oracle_courses(sessions: list[Session], rules: OutcomeRules) -> tuple[list[Course], list[bool]]:
    """Courses of one patient's sessions, and whether the induction of each is complete."""
    courses: list[Course] = []
    planned: list[int] = []
    marked: list[int] = []
    ended = False
    previous = None
    for at, phase, drug in sorted(sessions, key=lambda session: session[0]):
        if previous is None or (at - previous) / 24 > rules.course_gap_days:
            courses.append([])
            plan = {"esketamine": rules.induction_sessions_esketamine}
            planned.append(plan.get(drug or "", rules.induction_sessions_ketamine))
            marked.append(0)
            ended = False
        elif (at - previous) / 24 > rules.induction_gap_days:
            ended = True
        by_rule = not ended and len(courses[-1]) < planned[-1]
        courses[-1].append((at, by_rule if phase is None else phase == "induction"))
        marked[-1] += phase == "induction"
        previous = at
    complete = [
        sum(is_induction for _, is_induction in course) >= plan or given >= rules.induction_min_sessions
        for course, plan, given in zip(courses, planned, marked, strict=True)
    ]
    return courses, complete


def oracle_status(course: Course, is_last: bool, weeks: float | None, record_end: float, rules: OutcomeRules) -> str:
    """Going on, ended or unknown; times in hours."""
    seen_until = record_end if weeks is None else max(weeks * 168, record_end)
    if not is_last or (seen_until - course[-1][0]) / 24 >= rules.course_gap_days:
        return "ended"
    return "unknown" if weeks is None else "going_on"


def oracle_early_stop(
    course: Course, complete: bool, weeks: float | None, record_end: float, rules: OutcomeRules
) -> int | None:
    """1 where induction was given up, 0 where it is complete, None where that cannot be said yet."""
    if complete:
        return 0
    seen_until = record_end if weeks is None else max(weeks * 168, record_end)
    since = max((at for at, is_induction in course if is_induction), default=course[-1][0])
    return 1 if (seen_until - since) / 24 >= rules.induction_gap_days else None


def oracle_outcome(
    courses: list[Course], complete: bool, number: int, scores: list[Score], instrument: str, rules: OutcomeRules
) -> Row | None:
    """One course's values for one scale; None when it has neither baseline nor later score."""
    scale = INSTRUMENTS[instrument]
    course = courses[number]
    start = course[0][0]
    next_course = courses[number + 1][0][0] if number + 1 < len(courses) else float("inf")
    earlier = [s for s in scores if s[0] <= start and (start - s[0]) / 24 <= rules.baseline_window_days]
    baseline = max(earlier)[1] if earlier else None
    seen = sorted(s for s in scores if start < s[0] <= next_course)
    if baseline is None and not seen:
        return None
    day = [(at - start) / 24 for at, _ in seen]
    value = [score for _, score in seen]
    entry = scale.moderate if rules.entry_severity == "moderate" else 0.001
    ill = baseline is not None and baseline >= entry
    row: Row = {"scores": len(seen), "baseline": baseline, "evaluable": int(ill and bool(seen))}
    row |= {"best": min(value), "last": value[-1], "last_days": day[-1]} if seen else {}

    induction = [at for at, is_induction in course if is_induction]
    end_place = None
    session_times = sorted(at for c in courses for at, _ in c)
    if induction and complete:
        origin = max(induction)
        following = min((at for at in session_times if at > origin), default=float("inf"))
        window = [
            n
            for n, (at, _) in enumerate(seen)
            if origin < at <= following and (at - origin) / 24 <= rules.end_of_induction_days
        ]
        if window:
            end_place = window[0]
            row["end_of_induction_score"] = value[end_place]
    if not row["evaluable"]:
        return row
    assert baseline

    improvement = [(baseline - score) / baseline for score in value]
    responds = [i >= rules.response_improvement for i in improvement]
    cutoff = rules.madrs_remission if instrument == "madrs" else scale.remission
    least = (
        scale.meaningful_change * (baseline if scale.meaningful_is_share else 1) if scale.meaningful_change else None
    )
    half, band = [not r for r in responds], [score >= scale.moderate for score in value]
    meets = {"half_lost": half, "back_in_band": band, "both": [h and b for h, b in zip(half, band, strict=True)]}
    lost_like = meets[rules.loss_rule]

    def session_follows(n: int) -> bool:
        """Whether a session starts after score n and before the next score, or after the last score."""
        until = seen[n + 1][0] if n + 1 < len(seen) else float("inf")
        return any(seen[n][0] <= at < until for at in session_times)

    def loss_at(n: int) -> str:
        """lost, stop (by the rule that censors) or nothing, of a run of scores that begins at score n."""
        run = next((m for m in range(n, len(seen)) if not lost_like[m]), len(seen)) - n  # scores in a row that meet it
        if run >= rules.loss_confirmations:
            return "lost"
        if any(session_follows(m) for m in range(n, n + run)):
            return "lost" if rules.loss_before_session == "confirms" else "stop"
        return ""

    row |= {
        "ever_response": int(any(responds)),
        "ever_partial": int(any(i >= rules.partial_improvement for i in improvement)),
        "last_response": int(responds[-1]),
        "sustained_response": int(
            any(
                responds[n] and responds[n + 1] and day[n + 1] - day[n] >= rules.sustained_days
                for n in range(len(seen) - 1)
            )
        ),
    }
    if cutoff is not None:
        row |= {"ever_remission": int(min(value) <= cutoff), "last_remission": int(value[-1] <= cutoff)}
    if least is not None:
        row["last_worse"] = int(value[-1] - baseline >= least)

    at_24 = [
        (abs(hours - 24), hours, n)
        for n, hours in enumerate(d * 24 for d in day)
        if rules.early_response_from_hours <= hours <= rules.early_response_to_hours
    ]
    if at_24:
        row["early_response"] = int(responds[min(at_24)[2]])

    def loss_after(place: int) -> tuple[int | None, int, bool]:
        """The score of the loss, the last score that counts, and whether that one censors."""
        for n in range(place + 1, len(seen)):
            if loss_at(n):
                return (n, n, False) if loss_at(n) == "lost" else (None, n, True)
        return None, len(seen) - 1, False

    if any(responds):
        first = responds.index(True)
        row |= {
            "onset_left": day[first - 1] if first else 0.0,
            "onset_right": day[first],
            "onset_sessions": sum(at < seen[first][0] for at, _ in course),
        }
        lost, until, _ = loss_after(first)
        row |= {
            "duration_event": int(lost is not None),
            "duration_days": day[until] - day[first],
            "loss_left": day[until] if lost is None else day[lost - 1],
            "loss_right": None if lost is None else day[lost],
        }
    else:
        row["onset_left"] = day[-1]

    if end_place is not None:
        row["end_of_induction_response"] = int(responds[end_place])
        entered = (seen[end_place][0] - origin) / 24
        if responds[end_place] and entered <= rules.durability_entry_within_days:
            lost, until, stops = loss_after(end_place)
            again = min((at for at in session_times if at > origin), default=float("inf"))
            if lost is not None and seen[lost][0] <= again:
                end, row["durability_end"] = seen[lost][0], "loss"
            elif again < float("inf") and not (stops and seen[until][0] <= again):
                end, row["durability_end"] = again, "retreated"
            else:
                end, row["durability_end"] = seen[until][0], "censored"
            row["durability_entry_days"] = entered
            row["durability_days"] = (end - origin) / 24
            row["durability_left"] = (seen[until if lost is None else lost - 1][0] - origin) / 24
            row["durability_right"] = None if lost is None else (seen[lost][0] - origin) / 24
    return row


COMPARED = (
    "scores", "baseline", "evaluable", "best", "last", "last_days", "ever_response", "ever_partial",
    "ever_remission", "sustained_response", "last_response", "last_remission", "last_worse", "early_response",
    "onset_left", "onset_right", "onset_sessions", "duration_event", "duration_days", "loss_left", "loss_right",
    "end_of_induction_score", "end_of_induction_response", "durability_entry_days", "durability_days",
    "durability_end", "durability_left", "durability_right",
)  # fmt: skip


def _compare(sessions: pd.DataFrame, scores: pd.DataFrame, patients: pd.DataFrame, rules: OutcomeRules) -> int:
    """Hold every value of every course against the oracle's; gives the number of rows compared."""
    no_effects = pd.DataFrame({"patient_id": [], "hours": [], "term": [], "severity": []})
    facts = derive(sessions, scores, no_effects, rules, patients)
    weeks = patients.set_index("patient_id")["observed_until_weeks"]
    found = facts.course_outcomes
    found_rows = {(r["patient_id"], r["course"], r["instrument"]): r for r in found.to_dict("records")}
    expected_rows: dict[tuple[int, int, str], Row] = {}
    for patient, mine in sessions.groupby("patient_id"):
        phases, drugs = ([None if pd.isna(code) else code for code in mine[name]] for name in ("phase", "drug"))
        courses, complete = oracle_courses(list(zip(mine["hours"], phases, drugs, strict=True)), rules)
        taken = scores.loc[scores["patient_id"] == patient, "hours"]
        record_end = max(mine["hours"].max(), taken.max() if len(taken) else 0.0)
        observed = None if pd.isna(weeks.get(patient)) else float(weeks[patient])
        stored = facts.courses[facts.courses["patient_id"] == patient].sort_values("course")
        inductions = [sum(is_induction for _, is_induction in course) for course in courses]
        assert list(stored["sessions"]) == [len(course) for course in courses]
        assert list(stored["induction_sessions"]) == inductions
        assert list(stored["induction_complete"]) == complete
        assert [None if pd.isna(stop) else stop for stop in stored["early_stop"]] == [
            oracle_early_stop(course, whole, observed, record_end, rules)
            for course, whole in zip(courses, complete, strict=True)
        ]
        assert list(stored["status"]) == [
            oracle_status(course, course is courses[-1], observed, record_end, rules) for course in courses
        ]
        for instrument, theirs in scores[scores["patient_id"] == patient].groupby("instrument"):
            points = list(zip(theirs["hours"], theirs["score"], strict=True))
            for number in range(len(courses)):
                row = oracle_outcome(courses, complete[number], number, points, instrument, rules)
                if row is not None:
                    expected_rows[patient, number + 1, instrument] = row
    assert found_rows.keys() == expected_rows.keys()
    for place, row in expected_rows.items():
        for column in COMPARED:
            expected, value = row.get(column), found_rows[place][column]
            if expected is None:
                assert pd.isna(value), (place, column, value)
            elif isinstance(expected, str):
                assert value == expected, (place, column)
            else:
                assert value == pytest.approx(expected, abs=1e-6), (place, column)
    return len(expected_rows)


OTHER_RULES = DEFAULT_RULES.changed(
    {
        "course_gap_days": 30,
        "induction_gap_days": 5,
        "induction_sessions_ketamine": 4,
        "entry_severity": "any",
        "durability_entry_within_days": 3,
        "loss_before_session": "censors",
        "baseline_window_days": 7,
        "response_improvement": 0.4,
        "sustained_days": 3,
        "end_of_induction_days": 21,
        "loss_rule": "half_lost",
        "loss_confirmations": 3,
        "madrs_remission": 12,
    }
)


BAND_RULES = OTHER_RULES.changed({"loss_rule": "back_in_band", "loss_confirmations": 2})


@pytest.mark.parametrize(
    "rules", [DEFAULT_RULES, OTHER_RULES, BAND_RULES], ids=["default rules", "other rules", "back in band"]
)
def test_every_value_of_the_sample_clinic_is_the_definitions(sample_database: str, rules: OutcomeRules) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(sample_database.removeprefix("sqlite:///"))) as connection:
        sessions = pd.read_sql_query("SELECT * FROM sessions", connection)
        scores = pd.read_sql_query("SELECT * FROM assessments WHERE precision = 0", connection)
        patients = pd.read_sql_query("SELECT * FROM patients", connection)
    assert _compare(sessions, scores, patients, rules) > 300


# Where rules turn: gaps and distances in days at, just below and just above every limit of both sets of rules.
GAPS = (0.5, 2, 3, 4.5, 5, 5.5, 7, 13.5, 14, 14.5, 29.5, 30, 30.5, 90, 90.5)
DISTANCES = (-14.5, -14, -7.5, -7, -1, 0, 0.5, 1, 1.5, 2, 3, 5, 7, 10, 14, 14.5, 21, 21.5, 28)


@st.composite
def _records(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """One to three patients whose sessions and scores lie at the rules' limits, and often coincide."""
    sessions: list[Row] = []
    scores: list[Row] = []
    patients: list[Row] = []
    for patient in range(draw(st.integers(1, 3))):
        gaps = draw(st.lists(st.sampled_from(GAPS), max_size=14))
        days = [float(day) for day in np.cumsum([0.0, *gaps])]
        weeks = draw(st.sampled_from([None, 0, 2, 13, 30]))
        patients.append({"patient_id": patient, "observed_until_weeks": weeks})
        drug = draw(st.sampled_from([None, "ketamine", "esketamine"]))
        for day in days:
            phase = draw(st.sampled_from([None, None, None, None, "induction", "maintenance"]))
            sessions.append({"patient_id": patient, "hours": day * 24, "phase": phase, "drug": drug})
        near = st.builds(lambda day, distance: day + distance, st.sampled_from(days), st.sampled_from(DISTANCES))
        for instrument in ("phq9", "madrs", "peg"):
            top = int(INSTRUMENTS[instrument].maximum)
            value = st.sampled_from([0, top // 4, top // 3, top // 2, top])
            for day in sorted(draw(st.sets(near, max_size=10))):
                score = draw(value)
                scores.append({"patient_id": patient, "instrument": instrument, "hours": day * 24, "score": score})
    session_frame = pd.DataFrame(sessions).assign(day_only=0, side_effects_asked=0.0, route=None)
    session_frame = session_frame.assign(dose=np.nan, dose_unit=None)
    score_frame = pd.DataFrame(scores, columns=["patient_id", "instrument", "hours", "score"])
    score_frame = score_frame.assign(precision=0, item9=np.nan).astype({"score": float, "instrument": "str"})
    return session_frame, score_frame, pd.DataFrame(patients).astype({"observed_until_weeks": float})


@pytest.mark.slow
@settings(max_examples=60)
@given(records=_records(), rules=st.sampled_from([DEFAULT_RULES, OTHER_RULES, BAND_RULES]))
def test_every_value_of_any_records_is_the_definitions(
    records: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], rules: OutcomeRules
) -> None:
    _compare(*records, rules)
