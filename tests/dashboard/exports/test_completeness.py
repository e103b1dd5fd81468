"""Completeness of records as an export: rounded shares by clinic, no count of patients, no clinic of few."""

from __future__ import annotations

from dataclasses import asdict

from dashboard.exports.completeness import records, section
from data_models.definitions.scope import Scope
from data_models.questions.completeness import COUNTS, ClinicRecords, RecordCounts
from data_models.store import Store


def rows(**counts: int | None) -> tuple[ClinicRecords, ...]:
    every = RecordCounts(**(dict.fromkeys(COUNTS, 90) | counts))
    return (ClinicRecords("All", every), ClinicRecords("a", every))


def test_counts_are_rounded_and_exact_ones_are_as_they_are(sample_database: str) -> None:
    store = Store.open(sample_database)
    with store.connect() as connection:
        rounded, exact = (records(connection, Scope.everything(), exact=exact) for exact in (False, True))
    store.close()
    assert [row.clinic for row in rounded] == [row.clinic for row in exact]
    assert all(n is None or n % 5 == 0 for row in rounded for n in asdict(row.counts).values())
    assert any(n is not None and n % 5 for row in exact for n in asdict(row.counts).values())
    for near, true in zip(rounded, exact, strict=True):
        assert all(abs((getattr(near.counts, key) or 0) - getattr(true.counts, key)) <= 10 for key in COUNTS)


def test_a_small_count_takes_its_share_with_it() -> None:
    shares = section(rows(no_baseline=None)).tables[1].rows
    hidden = [row for row in shares if row["events"] == "<11"]
    assert len(hidden) == 2
    assert all(row["share"] is None and row["n"] == 90 for row in hidden)


def test_the_number_of_patients_is_not_shown() -> None:
    assert [column.key for column in section(rows()).tables[0].columns] == ["clinic", "sessions", "courses"]
