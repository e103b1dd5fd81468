"""Which interval holds for one patient: sentences at none, one, few and many, and what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.exports.rounded_answers import rounded
from dashboard.questions import interval_finder as shown
from data_models.definitions.instruments import INSTRUMENTS
from data_models.outcomes.interval_finder import interval_bins
from data_models.questions.interval_finder import IntervalFinder, PatientIntervals, patient_intervals
from tests.dashboard.one_patient import score, session

PHQ9 = INSTRUMENTS["phq9"]


def patient(*intervals: tuple[float, float | None], **changes: object) -> PatientIntervals:
    """One who had induction on day 0, then a session after so many days, scored the day before it (None: not)."""
    sessions, scores, day = [session(0)], [], 0.0
    for number, (length, value) in enumerate(intervals, 2):
        day += length
        sessions.append(session(day, number=number, phase="maintenance"))
        if value is not None:
            scores.append(score(day - 1, value, **changes))
    return patient_intervals(sessions, scores)


@pytest.mark.parametrize(
    "intervals, said",
    [
        ((), "This patient has had no maintenance session after another session, so no interval can be told."),
        (((21, 8),), "One interval tells so far: at 21 days this patient was in response."),
        (((21, 12),), "One interval tells so far: at 21 days this patient was not in response."),
        (
            ((14, 8), (21, 8), (21, 9), (14, 8), (7, 8), (28, 12), (35, 8), (28, 15), (42, 16)),
            "At 21 days or less this patient was in response 5 of 5 times, at 28 days or more 1 of 4.",
        ),
        (
            ((14, 8), (14, 8), (28, 12)),
            "At 14 days this patient was in response 2 of 2 times, at 28 days 0 of 1.",
        ),
        (
            ((14, 8), (21, 8)),
            "At 21 days or less this patient was in response 2 of 2 times; no longer interval was tried and scored.",
        ),
        (
            ((14, 8), (14, 12), (28, 8)),
            "No interval held each time: at 14 days or more this patient was in response 2 of 3 times.",
        ),
        (
            ((21, None),),
            "No interval can be told: the one interval has no score within 3 days before the session that ended it.",
        ),
        (
            ((21, None), (28, None)),
            "No interval can be told: 2 of 2 intervals have no score within 3 days before the session that ended them.",
        ),
        (
            ((21, 8), (28, None)),
            "One interval tells so far: at 21 days this patient was in response. 1 of 2 intervals has no score within "
            "3 days before the session that ended it.",
        ),
    ],
)
def test_in_words(intervals: tuple[tuple[float, float | None], ...], said: str) -> None:
    assert shown.patient_words(patient(*intervals)) == said


def test_a_course_that_cannot_be_judged_is_said_to_be_so() -> None:
    found = patient((21, 8), (28, 9), state=None)
    assert shown.patient_words(found) == (
        "No interval can be told: 2 intervals are of courses without a baseline that is severe enough to be judged."
    )
    assert [mark.name for mark in shown.patient_view(found, PHQ9).legend] == [
        "Not judged: no baseline of the entry severity"
    ]


def test_a_dot_an_interval_with_its_days_and_the_score_at_its_end() -> None:
    view = shown.patient_view(patient((14, 8), (28, 12), (21, 9), (7, None)), PHQ9)
    assert view.figure is not None
    held, lost = view.figure["data"]
    assert (held["x"], held["y"], held["name"]) == ([14, 21], [8, 9], "In response")
    assert (lost["x"], lost["y"], lost["name"]) == ([28], [12], "Not in response")
    assert held["marker"]["symbol"] != lost["marker"]["symbol"]
    (line,) = view.figure["layout"]["shapes"]
    assert line["x0"] == 21.5
    assert view.notes == [shown.CAUTION]
    assert view.definition is not None
    assert view.definition.n == "4 maintenance intervals, 3 judged."
    assert view.table is not None
    assert [list(row.values()) for row in view.table.rows] == [
        [1, 2, 14.0, 8.0, "yes"],
        [1, 3, 28.0, 12.0, "no"],
        [1, 4, 21.0, 9.0, "yes"],
        [1, 5, 7.0, None, "no score"],
    ]


def test_without_maintenance_nothing_is_drawn() -> None:
    view = shown.patient_view(patient(), PHQ9)
    assert view.figure is view.table is None
    assert view.notes == []


def cohort(*lengths: tuple[int, int, int]) -> IntervalFinder:
    """So many patients with one interval of so many days each, of which so many held; 3 more are not judged."""
    days = np.repeat([one[0] for one in lengths], [one[1] for one in lengths]).astype(np.int64)
    held = np.concatenate([np.zeros(0), *(np.arange(n) < well for _, n, well in lengths)]).astype(float)
    return IntervalFinder(interval_bins(np.arange(len(days)), days, held), 3)


@pytest.mark.parametrize(
    "found, said",
    [
        (cohort(), "No length of interval between maintenance sessions has 5 scores that can be shown."),
        (cohort((14, 4, 4)), "No length of interval between maintenance sessions has 5 scores that can be shown."),
        (cohort((14, 5, 4)), "At the end of intervals of 11 to 17 days, 80% (4 of 5) were in response."),
        (
            cohort((14, 40, 30), (21, 3, 3), (28, 50, 20)),
            "At the end of intervals of 11 to 17 days, 75% (30 of 40) were in response; at the end of intervals of 25 "
            "to 31 days, 40% (20 of 50).",
        ),
    ],
)
def test_a_cohort_in_words(found: IntervalFinder, said: str) -> None:
    assert shown.words(found) == said
    assert len(shown.view(found).points) == sum((one.held.n or 0) >= 5 for one in found.bins)


def test_who_sees_no_patient_is_told_rounded_counts_and_nothing_of_few() -> None:
    found = rounded(cohort((14, 41, 31), (21, 9, 9), (28, 52, 6)), zero=False)
    assert [(one.patients, one.held.events, one.held.n) for one in found.bins if one.patients] == [
        (40, 30, 40), (50, None, 50)
    ]  # fmt: skip
    assert found.unjudged is None
    assert shown.words(found) == "At the end of intervals of 11 to 17 days, 75% (30 of 40) were in response."
    assert [row["n"] for row in found.as_json()["lengths"] if row["n"] is not None] == [40, 50]
