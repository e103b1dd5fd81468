"""What the Records page says of a job, in every case."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.pages.records import sentences
from dashboard.pages.records.jobs import CHECK, IMPORT, JobState

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
        (
            JobState(CHECK, ended=True, counts=COUNTS, changed={"clinic": 1, "age_band": 1_200, "sex": 2}, repeats=1),
            "No problems",
            "Ready to import: 1 patient, 2 sessions and 1,234 assessments. This changes facts of known patients: "
            "clinic of 1 patient, age band of 1,200 patients and sex of 2 patients (an empty cell changes none). "
            "1 identical repeat left out. Nothing has been stored yet.",
        ),
        (
            JobState(IMPORT, ended=True, counts={"sessions": 1}, changed={"observed_until_weeks": 3}),
            "Imported",
            "Stored 1 session, and derived their outcomes. Facts of known patients changed: end of observation of 3 "
            "patients.",
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
    assert sentences.verdict(state) == (title, sentence)


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
    assert sentences.step(JobState(IMPORT, step)) == said
