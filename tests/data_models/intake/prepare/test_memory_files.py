"""Exports in memory are read as those on a disk, and give the same records."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.crosswalk import crosswalk_text, read_crosswalk
from data_models.intake.prepare.folder import prepare_into
from data_models.intake.prepare.memory_files import in_memory
from data_models.intake.prepare.people import Known
from data_models.intake.prepare.preview import examples
from data_models.intake.prepare.source import Choices

EXPORT = {
    "sessions.csv": b"record_number,time,drug\nA1,2026-03-02 10:00,ketamine\nA1,2026-03-04 10:00,ketamine\n",
    "assessments.csv": b"record_number,time,instrument,score\nA1,2026-03-02 09:00,phq9,20\nA1,2026-03-03,phq9,11\n",
    "below/read-me.txt": b"not a record",
}


def test_the_same_records_come_from_memory_and_from_a_disk(tmp_path: Path) -> None:
    made = []
    for place in ("disk", "memory"):
        export, out = tmp_path / place, tmp_path / f"{place}-out"
        out.mkdir()
        for name, content in EXPORT.items() if place == "disk" else ():
            (export / name).parent.mkdir(parents=True, exist_ok=True)
            (export / name).write_bytes(content)
        known = {"A1": Known("CODE23CODE")}
        prepare_into(out, export if place == "disk" else in_memory(EXPORT), known, Choices())
        made.append({file.name: file.read_bytes() for file in out.iterdir()})
    assert made[0] == made[1]
    assert set(made[0]) == {"patients.csv", "sessions.csv", "assessments.csv"}


def test_files_in_memory_are_found_and_read_and_never_written() -> None:
    export = in_memory(EXPORT)
    assert [path.name for path in sorted(export.iterdir())] == ["assessments.csv", "below", "sessions.csv"]
    assert [str(path) for path in export.rglob("*.txt")] == ["below/read-me.txt"]
    assert (export / "below").is_dir()
    assert not (export / "patients.csv").exists()
    with pytest.raises(FileNotFoundError):
        (export / "patients.csv").read_bytes()
    with pytest.raises(PermissionError):
        (export / "sessions.csv").open("w")
    with pytest.raises(TypeError):
        open(export)  # no other library can open it by a name  # noqa: SIM115
    alone = in_memory({"who.csv": crosswalk_text({"A1": Known("CODE23CODE", "2026-03-02")}).encode()})
    assert alone.is_file()
    assert read_crosswalk(alone) == {"A1": Known("CODE23CODE", "2026-03-02")}


def test_the_patients_drawn_are_those_with_most_scores(tmp_path: Path) -> None:
    known = {"A1": Known("CODE23CODE")}
    (course,) = examples(prepare_into(tmp_path, in_memory(EXPORT), known, Choices()).batch)
    assert (course.patient_code, course.instrument) == ("CODE23CODE", "phq9")
    assert course.sessions == (0, 2)
    assert [score for _, score in course.scores] == [20, 11]


def test_a_workbook_in_memory_is_read_and_a_file_of_spss_is_said_to_need_a_disk(tmp_path: Path) -> None:
    import io

    import openpyxl

    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in (["Pat.-Nr.", "Datum", "PHQ-9 vor"], ["A1", "02.03.2026", 20], ["A1", "16.03.2026", 9]):
        book.active.append(row)
    book.save(content)
    export = in_memory({"Praxis.xlsx": content.getvalue()})
    chosen = Choices(
        map={
            "table": [{"rows": "sessions", "columns": {"Pat.-Nr.": "record_number", "Datum": "time",
                                                       "PHQ-9 vor": {"score": "phq9", "when": "before"}}}]
        }
    )  # fmt: skip
    prepared = prepare_into(tmp_path, export, {}, chosen, key="sheets")
    assert (len(prepared.batch.sessions), prepared.batch.assessments["score"].tolist()) == (2, [20, 9])
    with pytest.raises(CannotRead, match="read from a disk alone"):
        prepare_into(tmp_path, in_memory({"clinic.sav": b"$FL2"}), {}, chosen, key="sheets")
