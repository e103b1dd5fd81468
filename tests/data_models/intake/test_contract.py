"""The schema as data, and the fingerprint of a batch's content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_models.database.tables import Base
from data_models.intake.contract import (
    BATCH_COLUMNS,
    BATCH_KEYS,
    PROBLEMS_SHOWN,
    TABLES,
    Problem,
    RecordBatch,
    RecordsRefused,
    empty_table,
)
from data_models.intake.readers import read_records
from tests.data_models.intake.readers.agreement import fingerprint


@pytest.mark.parametrize("name", list(TABLES))
def test_a_batch_has_the_columns_of_the_store_with_the_code_for_the_number(name: str) -> None:
    stored = set(Base.metadata.tables[name].columns.keys())
    assert set(BATCH_COLUMNS[name]) == (stored - {"patient_id"}) | {"patient_code"}
    keys = {column.name for column in Base.metadata.tables[name].primary_key}
    assert set(BATCH_KEYS[name]) == (keys - {"patient_id"}) | {"patient_code"}


def test_every_number_has_a_range() -> None:
    fields = [field for fields in TABLES.values() for field in fields if field.kind in ("number", "whole")]
    assert all(np.isfinite([field.low, field.high]).all() for field in fields)


def test_a_problem_reads_as_a_sentence_with_its_place() -> None:
    assert str(Problem("a.csv", 3, "score", "too high")) == "a.csv, row 3, column score: too high"
    assert str(Problem("a.csv", None, None, "the file is empty")) == "a.csv: the file is empty"


def test_a_refusal_keeps_the_first_thousand_problems_and_the_count() -> None:
    refusal = RecordsRefused([Problem("a.csv", row, None, "wrong") for row in range(2_500)])
    assert (len(refusal.problems), refusal.count) == (PROBLEMS_SHOWN, 2_500)


def replaced(batch: RecordBatch, name: str, frame: pd.DataFrame) -> RecordBatch:
    return RecordBatch(**{table: frame if table == name else getattr(batch, table) for table in TABLES})


def test_the_fingerprint_does_not_depend_on_the_order_of_rows_or_on_row_numbers(small_records: Path) -> None:
    batch = read_records(small_records)
    for name in TABLES:
        frame = getattr(batch, name).sample(frac=1, random_state=1).assign(row=0)
        assert fingerprint(replaced(batch, name, frame)) == fingerprint(batch)


def test_the_fingerprint_changes_with_any_cell(small_records: Path) -> None:
    batch = read_records(small_records)
    seen = {fingerprint(batch)}
    for name in TABLES:
        frame = getattr(batch, name)
        for column in BATCH_COLUMNS[name]:
            changed = frame.astype(dict.fromkeys(frame.select_dtypes("category"), "str"))
            changed.loc[0, column] = 77.0 if pd.api.types.is_numeric_dtype(frame[column]) else "other_code"
            seen.add(fingerprint(replaced(batch, name, changed)))
    assert len(seen) == 1 + sum(len(BATCH_COLUMNS[name]) for name in TABLES)


def test_the_fingerprint_tells_a_missing_value_from_an_empty_or_zero_one(small_records: Path) -> None:
    batch = read_records(small_records)
    assert batch.sessions["duration_minutes"].isna().all()
    assert fingerprint(replaced(batch, "sessions", batch.sessions.assign(duration_minutes=0.0))) != fingerprint(batch)


def test_the_fingerprint_swaps_no_columns(small_records: Path) -> None:
    batch = read_records(small_records)
    swapped = batch.sessions.assign(systolic_before=1.0, systolic_highest=2.0)
    other = batch.sessions.assign(systolic_before=2.0, systolic_highest=1.0)
    assert fingerprint(replaced(batch, "sessions", swapped)) != fingerprint(replaced(batch, "sessions", other))


def test_the_fingerprint_of_parts_is_that_of_the_whole_and_counts_what_stands_twice(small_records: Path) -> None:
    batch = read_records(small_records)
    halves = [RecordBatch(**{name: getattr(batch, name).iloc[which::2] for name in TABLES}) for which in (0, 1)]
    assert fingerprint(*halves) == fingerprint(*halves[::-1]) == fingerprint(batch)
    some = batch.assessments
    seen = {fingerprint(replaced(batch, "assessments", pd.concat([some] * times))) for times in (1, 2, 3)}
    seen.add(fingerprint(replaced(batch, "assessments", some.iloc[:0])))
    assert len(seen) == 4


def test_the_fingerprint_of_a_known_batch_stays_what_it_is() -> None:
    # Stored with every import: a change of this value would make every past import look new.
    nothing = RecordBatch(**{name: empty_table(name) for name in TABLES})
    assert fingerprint(nothing) == "2-0aed9718bdce7ffa4684eaa23757de5507861bb0a1bd57bec9456c6b55480c"
    patient = pd.DataFrame({"patient_code": ["P1"], "sex": ["male"], "first_session_year": [2024.0]})
    assert fingerprint(replaced(nothing, "patients", patient)) == PATIENT_FINGERPRINT
    with_a_later_column = patient.assign(observed_until_weeks=np.nan)  # empty: as before there was such a column
    assert fingerprint(replaced(nothing, "patients", with_a_later_column)) == PATIENT_FINGERPRINT


def test_a_later_column_counts_in_the_rows_in_which_it_is_given(small_records: Path) -> None:
    batch = read_records(small_records)
    people = batch.patients
    assert len(people) > 1
    assert people["observed_until_weeks"].isna().all()
    seen = {fingerprint(batch)}
    for row in people.index:
        seen.add(
            fingerprint(replaced(batch, "patients", people.assign(observed_until_weeks=people.index == row * 1.0)))
        )
    assert len(seen) == 1 + len(people)


PATIENT_FINGERPRINT = "2-6c95b5ad4c78059f394dfbac2b765b28106231f1287c68aec0227df14e395f"
