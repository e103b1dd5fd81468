"""Parquet files of the records: the same batch as from CSV, the same strictness."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_models.intake.contract import TABLES, CannotRead, Problem, RecordsRefused
from data_models.intake.readers import parquet_files, read_records
from data_models.store import Store
from tests.data_models.intake.readers.agreement import fingerprint

GOOD: dict[str, dict[str, Any]] = {
    "patients": {"patient_code": ["P1", "P2"], "sex": ["female", None]},
    "sessions": {"patient_code": ["P1", "P1", "P2"], "hours": [0.0, 72.5, 0.0], "dose": [0.5, None, 0.5],
                 "dose_unit": ["mg_per_kg", None, "mg_per_kg"]},
    "assessments": {"patient_code": ["P1", "P2", "P2"], "hours": [-2.0, 24.0, 0.00001], "instrument": ["phq9"] * 3,
                    "score": [20, 12, 5], "item9": [None, 1, None]},
    "side_effects": {"patient_code": ["P1"], "hours": [72.5], "term": ["nausea"], "severity": ["mild"]},
}  # fmt: skip


def _written(folder: Path, **changed: Mapping[str, Any] | pa.Table) -> Path:
    folder.mkdir()
    for name, columns in {**GOOD, **changed}.items():
        table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
        pq.write_table(table, folder / f"{name}.parquet")
    return folder


def _problems(folder: Path) -> list[Problem]:
    with pytest.raises(RecordsRefused) as refused:
        read_records(folder)
    return refused.value.problems


def test_parquet_and_csv_of_one_content_are_one_batch(tmp_path: Path, sample_folder: Path, sqlite_store: Store) -> None:
    folder = tmp_path / "registry"
    folder.mkdir()
    for file in sample_folder.glob("*.csv"):
        # Types as pandas guesses them: whole numbers, floats, dictionaries of text.
        frame = pd.read_csv(file, keep_default_na=False, na_values=[""], dtype={"patient_code": "str"})
        codes = {name: "category" for name in frame.columns[1:] if frame[name].dtype == "str"}
        frame.astype(codes).to_parquet(folder / f"{file.stem}.parquet", row_group_size=100)
    batch = read_records(folder)
    assert batch.source == "parquet"
    assert fingerprint(batch) == fingerprint(read_records(sample_folder))
    assert not sqlite_store.import_path(folder).already_imported
    assert sqlite_store.import_path(sample_folder).already_imported


def test_values_of_any_width_are_read_exactly(tmp_path: Path) -> None:
    hours = pa.array([-2.0, 24.0, 0.00001])
    for kind in (pa.int8(), pa.uint16(), pa.float32(), pa.decimal128(22, 2), pa.large_string(), pa.string_view()):
        score = pa.array([20, 12, 5]).cast(pa.string() if "string" in str(kind) else kind).cast(kind)
        columns = {**GOOD["assessments"], "hours": hours, "score": score}
        batch = read_records(_written(tmp_path / str(kind).replace("(", "_"), assessments=columns))
        assert batch.assessments["score"].tolist() == [20, 12, 5]
        assert batch.assessments["hours"].tolist() == [-2.0, 24.0, 0.00001]
        np.testing.assert_array_equal(batch.assessments["item9"], [np.nan, 1, np.nan])


def test_one_table_may_be_parquet_and_another_csv(tmp_path: Path) -> None:
    folder = _written(tmp_path / "mixed")
    (folder / "patients.parquet").unlink()
    (folder / "patients.csv").write_text("patient_code\nP1\nP2\n")
    assert len(read_records(folder).patients) == 2
    assert len(read_records(folder / "sessions.parquet").sessions) == 3


def _sessions(**columns: Any) -> dict[str, Any]:
    return {"sessions": {**GOOD["sessions"], **columns}}


DAY = datetime.date(2024, 2, 3)
CASES: dict[str, tuple[dict[str, Any], tuple[str, int | None, str | None], str]] = {
    "a date": (_sessions(hours=[DAY] * 3), ("sessions", None, "hours"), "dates or times: date (C)"),
    "a time stamp": (
        _sessions(dose=[datetime.datetime(2024, 2, 3, tzinfo=datetime.UTC)] * 3),
        ("sessions", None, "dose"), "dates or times: date (C)",
    ),
    "a duration": (_sessions(hours=[datetime.timedelta(1)] * 3), ("sessions", None, "hours"), "dates or times"),
    "true and false": (
        _sessions(side_effects_asked=[True, False, None]), ("sessions", None, "side_effects_asked"), "yes or no",
    ),
    "nested values": (_sessions(dose=[[1.0], [2.0], []]), ("sessions", None, "dose"), "neither text nor numbers"),
    "bytes": (_sessions(drug=[b"ketamine"] * 3), ("sessions", None, "drug"), "neither text nor numbers"),
    "not a number": (_sessions(dose=pa.array([0.5, np.nan, 0.5])), ("sessions", 3, "dose"), "not a number"),
    "infinity": (_sessions(dose=[0.5, 0.5, np.inf]), ("sessions", 4, "dose"), "infinity"),
    "out of range": (_sessions(hours=[0.0, -1.0, 0.0]), ("sessions", 3, "hours"), "outside the range"),
    "a huge number": (_sessions(dose=[0.5, 1e300, 0.5]), ("sessions", 3, "dose"), ""),
    "a fraction of a day": (
        {"sessions": {"patient_code": ["P1", "P2"], "day": [0.0, 1.5]}}, ("sessions", 3, "day"), "not a whole number",
    ),
    "an unknown term": (_sessions(drug=["ketamine", "ketamin", None]), ("sessions", 3, "drug"), "mean ketamine"),
    "an empty key": (_sessions(patient_code=["P1", None, "P2"]), ("sessions", 3, "patient_code"), "the cell is empty"),
    "an identifier": (_sessions(drug=["jane.roe@mail.example"] * 3), ("sessions", 2, "drug"), "e-mail address (F)"),
    "an unknown column": (_sessions(colour=["red"] * 3), ("sessions", 1, "colour"), "unknown column"),
    "an identifier's column": (_sessions(birth_date=[DAY] * 3), ("sessions", 1, "birth_date"), "identifier"),
    "a column twice": (
        {"sessions": pa.table([pa.array(["P1"]), *[pa.array([0.0])] * 2], ["patient_code", "hours", "hours"])},
        ("sessions", 1, "hours"), "stands twice",
    ),
    "no mandatory column": ({"sessions": {"hours": [0.0]}}, ("sessions", 1, "patient_code"), "the column is missing"),
    "a line break in a cell": (_sessions(drug=["ketamine\n"] * 3), ("sessions", 2, "drug"), ""),
    "a score by letter": (
        {"assessments": {**GOOD["assessments"], "score": ["12", "x", "5"]}},
        ("assessments", 3, "score"), "not a number",
    ),
    "no column": ({"sessions": pa.table({})}, ("sessions", None, None), "the file is empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_tables_are_refused_where_they_are_wrong(name: str, tmp_path: Path) -> None:
    changed, (table, row, column), reason = CASES[name]
    found = _problems(_written(tmp_path / "records", **changed))
    told = [(p.file, p.row, p.column) for p in found if reason in p.reason]
    assert (f"{table}.parquet", row, column) in told, [str(p) for p in found[:5]]
    assert not any("jane" in str(p) or "red" in p.reason.split() for p in found)


def test_a_table_in_both_forms_is_refused(tmp_path: Path) -> None:
    folder = _written(tmp_path / "records")
    (folder / "sessions.csv").write_text("patient_code,hours\nP1,0\n")
    assert any("sessions.csv holds the same table" in p.reason for p in _problems(folder))


def test_a_file_made_to_fill_the_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _written(tmp_path / "records")
    rows = 500_000
    packed = pa.table({"patient_code": pa.array(["P1"] * rows).dictionary_encode(), "hours": np.zeros(rows)})
    pq.write_table(packed, folder / "sessions.parquet")
    monkeypatch.setattr(parquet_files, "_HARMLESS_CELLS", 1_000)
    assert any("cells a byte" in p.reason for p in _problems(folder))


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _body_spoilt(content: bytes) -> bytes:
    return content[:4] + bytes(60) + content[64:]


@pytest.mark.parametrize("spoil", [_truncated, _body_spoilt, lambda _: b"", lambda _: b"patient_code,hours\nP1,0\n"])
def test_what_is_no_parquet_file_cannot_be_read(spoil: Callable[[bytes], bytes], tmp_path: Path) -> None:
    folder = _written(tmp_path / "records")
    file = folder / "sessions.parquet"
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(CannotRead, match=r"sessions\.parquet is no readable Parquet file"):
        read_records(folder)


def test_text_that_is_no_utf8_cannot_be_read(tmp_path: Path) -> None:
    raw = pa.array([b"P1", b"P\xff2", b"P2"]).view(pa.string())
    folder = _written(tmp_path / "records", **_sessions(patient_code=raw))
    with pytest.raises(CannotRead, match="no readable Parquet file"):
        read_records(folder)


def test_every_table_has_a_good_example_here() -> None:
    assert set(GOOD) == set(TABLES)


def test_one_long_text_of_many_rows_is_held_once(tmp_path: Path) -> None:
    rows = 200_000
    route = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["x" * 10_000])  # 2 GB, spelled out
    folder = _written(tmp_path / "records")
    table = pa.table({"patient_code": ["P1"] * rows, "hours": np.arange(rows), "route": route})
    pq.write_table(table, folder / "sessions.parquet")
    assert (folder / "sessions.parquet").stat().st_size < 3_000_000
    held = pa.default_memory_pool().max_memory()
    assert any(p.column == "route" for p in _problems(folder))
    assert pa.default_memory_pool().max_memory() - held < 500_000_000


def test_a_few_texts_that_unpack_to_gigabytes_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "_HARMLESS_BYTES", 1_000_000)
    folder = _written(tmp_path / "records")
    table = pa.table({"patient_code": ["P1"], "hours": [0.0], "route": ["x" * 5_000_000]})
    pq.write_table(table, folder / "sessions.parquet", compression="zstd", use_dictionary=False)
    assert any("unpacks to more than 100 times its size" in p.reason for p in _problems(folder))
