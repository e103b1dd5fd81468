"""The patient report: one or two pages with the figures of the Patient page, for those who may see patients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest

from dashboard import cli
from dashboard.exports.patient_report import patient_document
from dashboard.questions.interval_finder import patient_words
from dashboard.questions.patient import course_words
from dashboard.words.courses import STATUS
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.questions import NotAllowed
from data_models.questions.interval_finder import patient_intervals
from data_models.questions.patient import patient
from data_models.questions.worklist import worklist
from data_models.store import Store


@pytest.fixture
def store(sample_database: str) -> Iterator[Store]:
    opened = Store.open(sample_database)
    yield opened
    opened.close()


@pytest.fixture
def code(store: Store) -> str:
    """A responding patient of the sample."""
    with store.connect() as connection:
        listed = worklist(connection, Scope.everything(), CohortFilter(), state="fading", limit=1)
    return listed.patients[0].patient_code


def test_it_says_what_the_patient_page_says(store: Store, code: str) -> None:
    everything = Scope.everything()
    with store.connect() as connection:
        made = patient_document(connection, everything, code, store.rules(), synthetic=True)
        found = patient(connection, everything, code)
    assert made is not None
    assert found is not None
    course = found.courses[-1]
    latest = found.outcome_of(course, "phq9")
    section = next(s for s in made.sections if s.title.startswith("PHQ-9"))
    assert course_words(latest, store.rules()) in section.sentence
    assert section.charts[0].svg.startswith("<svg")
    assert len(section.tables[0].rows) == len(found.sessions_of(course))
    assert ("Synthetic", "Synthetic sample data: no real patient") in made.facts
    status = STATUS[found.sessions_of(course)[-1].course_status]
    assert dict(made.facts)["Course"].endswith(f", {status}")
    assert status != STATUS["unknown"]


def test_of_a_patient_in_maintenance_it_says_which_interval_held(store: Store) -> None:
    everything = Scope.everything()
    with store.connect() as connection:
        listed = worklist(connection, everything, CohortFilter(phase=("maintenance",)), limit=1).patients[0]
        made = patient_document(connection, everything, listed.patient_code, store.rules(), instrument="phq9")
        found = patient(connection, everything, listed.patient_code)
    assert made is not None
    assert found is not None
    intervals = patient_intervals(found.sessions, [score for score in found.scores if score.instrument == "phq9"])
    assert len(intervals.intervals) > 0
    assert patient_words(intervals) in made.sections[0].sentence


def test_it_is_one_or_two_pages_of_tagged_pdf(sample_database: str, code: str, tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    assert cli.run(["report", code, "--database", sample_database, "-o", str(target)]) == 0
    reader = pypdf.PdfReader(target)
    assert len(reader.pages) <= 3
    assert code in reader.pages[0].extract_text()
    assert "/StructTreeRoot" in reader.trailer["/Root"]


def test_it_is_for_those_who_may_see_patients(store: Store, code: str) -> None:
    with store.connect() as connection:
        with pytest.raises(NotAllowed):
            patient_document(connection, Scope(clinics=None, patients=False), code, store.rules())
        assert patient_document(connection, Scope(frozenset({"elsewhere"}), True), code, store.rules()) is None


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["NOBODY", "-o", "report.pdf"], "there is no patient NOBODY"),
        (["NOBODY", "-o", "report.docx"], "a report is a .pdf or .html file"),
        (["NOBODY"], "name the file to write"),
    ],
)
def test_what_cannot_be_reported_is_said(
    arguments: list[str], sentence: str, sample_database: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert cli.run(["report", *arguments, "--database", sample_database]) in (1, 2)
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
