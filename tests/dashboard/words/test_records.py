"""Sentences of the Records page, in every case."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.pages.records.jobs import CHECK, IMPORT, JobState
from dashboard.words import records as record_words

COUNTS = {"patients": 1, "sessions": 2, "assessments": 1_234, "side_effects": 0}


def _problem(file: str, row: int = 2) -> dict[str, Any]:
    return {"file": file, "row": row, "column": "score", "reason": "wrong"}


@pytest.mark.parametrize(
    "state, title, sentence",
    [
        (
            JobState(CHECK, ended=True, counts=COUNTS),
            "No problems",
            "Ready to import: 1 patient, 2 sessions and 1,234 assessments. Nothing has been stored yet.",
        ),
        (
            JobState(CHECK, ended=True, counts={"patients": 3}, repeats=1),
            "No problems",
            "Ready to import: 3 patients. 1 identical repeat left out. Nothing has been stored yet.",
        ),
        (
            JobState(IMPORT, ended=True, counts=COUNTS, repeats=2),
            "Imported",
            "Stored 1 new patient, 2 sessions and 1,234 assessments, and derived their outcomes. "
            "2 identical repeats left out.",
        ),
        (JobState(IMPORT, ended=True), "Imported", "Stored no rows, and derived their outcomes."),
        (
            JobState(CHECK, ended=True, already_imported=True, counts=COUNTS),
            "Already imported",
            "These records are stored already; importing them again would change nothing.",
        ),
        (
            JobState(CHECK, ended=True, problems=[_problem("a.csv")], problem_count=1),
            "Not fit to import",
            "1 problem in a.csv. Nothing was stored. Mend the records and drop them again.",
        ),
        (
            JobState(CHECK, ended=True, problems=[_problem("a.csv"), _problem("b.csv")], problem_count=2),
            "Not fit to import",
            "2 problems: 1 in a.csv, 1 in b.csv. Nothing was stored. Mend the records and drop them again.",
        ),
        (
            JobState(IMPORT, ended=True, problems=[_problem("a.csv")] * 1_000, problem_count=2_500),
            "Not fit to import",
            "2,500 problems: the first 1,000 are listed. Nothing was stored. Mend the records and drop them again.",
        ),
        (JobState(CHECK, ended=True, message="the disk is full"), "Not checked", "The disk is full."),
        (JobState(IMPORT, ended=True, message="the disk is full"), "Not imported", "The disk is full."),
    ],
)
def test_the_end_of_a_job_in_words(state: JobState, title: str, sentence: str) -> None:
    assert record_words.verdict(state) == (title, sentence)


@pytest.mark.parametrize(
    "step, said",
    [
        ("starting", "Starting"),
        ("checking sessions.csv", "Checking every cell"),
        ("deriving outcomes, slice 2", "Deriving outcomes"),
        ("a step of a later version", "Working"),
    ],
)
def test_what_a_running_job_does(step: str, said: str) -> None:
    assert record_words.step(JobState(IMPORT, step)) == said


def _row(clinic: str, **counts: int) -> dict[str, Any]:
    names = ("patients", "sessions", "asked", "scored_before", "scored_after", "scores_after_session", "recall")
    return {"clinic": clinic} | dict.fromkeys((*names, "courses", "no_baseline"), 0) | counts


def test_completeness_in_words_names_the_clinic_that_asks_least() -> None:
    rows = [
        _row("north", sessions=8, asked=8, scored_before=4, scored_after=2, courses=3, no_baseline=1),
        _row("south", sessions=2, asked=1, scored_before=1, scored_after=1, courses=1),
        _row("east", patients=1),
    ]
    assert record_words.completeness(rows) == (
        "Side effects were asked about in 90% of 10 sessions (least: south, 50%); 50% have a score in the 7 days "
        "before and 30% within 7 days after. 1 of 4 courses (25%) have no baseline."
    )


def test_completeness_of_one_clinic_and_of_none() -> None:
    one = [_row("north", sessions=1, asked=1, courses=1)]
    assert record_words.completeness(one) == (
        "Side effects were asked about in 100% of 1 session; 0% have a score in the 7 days before and 0% within 7 days "
        "after. Every course has a baseline."
    )
    assert record_words.completeness([_row("north", patients=2)]) == "No session is stored yet."
    assert record_words.completeness([]) == "No session is stored yet."


def test_all_clinics_are_the_sum_of_each() -> None:
    rows = [_row("a", sessions=3, asked=1), _row("b", sessions=2, asked=2)]
    found = record_words.total(rows)
    assert (found["clinic"], found["sessions"], found["asked"]) == ("All clinics", 5, 3)
    assert record_words.share(found, "asked", "sessions") == 0.6
    assert record_words.share(found, "recall", "scores_after_session") is None
