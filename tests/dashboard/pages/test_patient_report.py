"""The Report button reports on the scale and the course that the page shows, whatever the address leaves open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from dashboard.answers import data
from dashboard.exports.patient_report import patient_document
from dashboard.pages.patient import report as patient_report
from dashboard.pages.patient.query import PatientView
from data_models.definitions.scope import Scope
from data_models.questions.patient import patient
from data_models.store import Store

ALL = Scope.everything()
# gad7 comes first by the alphabet, phq9 in the registry. The second course has no PHQ-9, the patient B no score.
RECORDS = {
    "patients": "patient_code,diagnosis\nA,ptsd\nB,ptsd\n",
    "sessions": (
        "patient_code,hours,drug,route\nA,0,ketamine,iv\nA,4800,ketamine,iv\nB,0,ketamine,iv\nB,4800,ketamine,iv\n"
    ),
    "assessments": (
        "patient_code,hours,instrument,score\nA,-1,gad7,15\nA,-1,phq9,20\nA,48,gad7,9\nA,48,phq9,8\nA,4848,gad7,7\n"
    ),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("records")
    for name, text in RECORDS.items():
        (folder / f"{name}.csv").write_text(text)
    opened = Store.open(f"sqlite:///{tmp_path_factory.mktemp('store') / 'store.db'}")
    opened.import_path(Path(folder))
    yield opened
    opened.close()


@pytest.fixture
def reported(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Any]:
    """The document of which the button makes a file."""
    made: list[Any] = []
    monkeypatch.setattr(data, "scope", lambda: ALL)
    monkeypatch.setattr(patient_report.trail, "note", lambda *_, **__: None)
    monkeypatch.setattr("dashboard.exports.formats.write", lambda document, form: made.append(document) or b"")
    server = Flask("test")
    data.attach(server, store)

    def report(code: str, search: str) -> Any:
        with server.app_context():
            assert patient_report.report(code, search) is not None
        return made[-1]

    return report


def shown(store: Store, code: str, search: str) -> tuple[str, int]:
    """Scale and course on the page."""
    with store.connect() as connection:
        found = patient(connection, ALL, code)
    assert found is not None
    view = PatientView.of(found, search)
    return view.instrument, view.course


@pytest.mark.parametrize(
    "search, instrument, course",
    [
        ("?course=1", "phq9", 1),
        ("?instrument=peg&course=1", "phq9", 1),  # never taken: the page shows the first that was
        ("?instrument=gad7&course=1", "gad7", 1),
        ("", "phq9", 2),  # no PHQ-9 in it: the page says so, and so does the report
    ],
)
def test_page_and_report_choose_alike(
    store: Store, reported: Callable[[str, str], Any], search: str, instrument: str, course: int
) -> None:
    assert shown(store, "A", search) == (instrument, course)
    document = reported("A", search)
    name = {"phq9": "PHQ-9", "gad7": "GAD-7"}[instrument]
    assert [s.title for s in document.sections] == [f"{name}: is the response holding?", "Side effects"]
    assert document.title == f"Patient A: course {course}"


def test_a_scale_without_a_score_in_the_course_is_said_not_to_be_measured(
    reported: Callable[[str, str], Any],
) -> None:
    section = reported("A", "?course=2").sections[0]
    assert section.sentence.startswith("Not measured. No score of this scale is recorded in this course.")
    assert section.charts == []


def test_the_course_of_a_patient_without_scores_is_the_one_shown(
    store: Store, reported: Callable[[str, str], Any]
) -> None:
    assert shown(store, "B", "") == ("phq9", 2)
    assert reported("B", "").title == "Patient B: course 2"


def test_the_command_reports_on_every_scale_in_the_page_s_order(store: Store) -> None:
    with store.connect() as connection:
        made = patient_document(connection, ALL, "A", store.rules(), course=1)
    assert made is not None
    assert [s.title.partition(":")[0] for s in made.sections] == ["PHQ-9", "GAD-7", "Side effects"]
