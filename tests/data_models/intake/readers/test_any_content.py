"""Whatever a file holds: it is read, or refused with a reason; nothing else ever comes out of the readers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_models.intake.contract import TABLES, CannotRead, RecordBatch, RecordsRefused, empty_table
from data_models.intake.readers import read_records
from data_models.intake.reconcile import reconcile

NOTHING = RecordBatch(**{name: empty_table(name) for name in TABLES})
CELLS = st.one_of(
    st.sampled_from(["", "P1", "P2", "0", "1", "24", "-1", "phq9", "gad7", "iv", "yes", "no", "none", "nausea"]),
    st.sampled_from(["after", "before", '"', "\n", "\r", "é", "NaN"]),
    st.text(max_size=6),
)
COLUMNS = {name: [field.name for field in fields] for name, fields in TABLES.items()}


@st.composite
def files(draw: st.DrawFn) -> tuple[str, str]:
    """A table's name and the text of a file with some of its columns and any cells, well formed or nearly."""
    table = draw(st.sampled_from(list(TABLES)))
    header = draw(st.lists(st.sampled_from([*COLUMNS[table], "shoe_size"]), min_size=1, max_size=6))
    rows = draw(st.lists(st.lists(CELLS, min_size=1, max_size=7), max_size=6))
    return table, "\n".join(",".join(row) for row in [header, *rows])


def outcome(path: Path) -> None:
    """Read and reconcile; anything but a batch or a reason is a failure of the test."""
    refusal: RecordsRefused | CannotRead | None = None
    try:
        batch = reconcile(read_records(path), NOTHING)
    except (RecordsRefused, CannotRead) as error:
        refusal = error
    if isinstance(refusal, RecordsRefused):
        assert refusal.count >= len(refusal.problems) >= 1
        assert all(problem.file and problem.reason for problem in refusal.problems)
    elif refusal is None:
        assert not batch.sessions.duplicated(["patient_code", "hours"]).any()


@given(files=st.lists(files(), min_size=1, max_size=3))
@settings(max_examples=150)
def test_any_cells(files: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("records")
    for table, text in files:
        (folder / f"{table}.csv").write_text(text, newline="")
    outcome(folder)


@given(content=st.binary(max_size=200), table=st.sampled_from(list(TABLES)))
@settings(max_examples=100)
def test_any_bytes(content: bytes, table: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("records")
    (folder / f"{table}.csv").write_bytes(f"{','.join(COLUMNS[table][:2])}\n".encode() + content)
    outcome(folder)


@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
@settings(max_examples=60)
def test_any_damage_to_a_workbook(at: int, byte: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    import openpyxl

    folder = tmp_path_factory.mktemp("records")
    book = openpyxl.Workbook()
    book.active.title = "patients"
    for row in [["patient_code", "age"], ["P1", 40]]:
        book.active.append(row)
    book.save(folder / "good.xlsx")
    with zipfile.ZipFile(folder / "good.xlsx") as good, zipfile.ZipFile(folder / "records.xlsx", "w") as bad:
        for part in good.infolist():
            bad.writestr(part.filename, good.read(part))
    content = bytearray((folder / "records.xlsx").read_bytes())
    content[at % len(content)] = byte
    (folder / "records.xlsx").write_bytes(bytes(content))
    outcome(folder / "records.xlsx")
