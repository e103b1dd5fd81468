"""A release that, with an earlier one, singles out a few patients is refused."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pandas as pd
import pytest

from dashboard.exports.earlier import isolating, refusal, released
from data_models.cohort_filter import CohortFilter
from data_models.queries.overlap import patients_apart
from data_models.scope import Scope
from data_models.store import Store
from data_models.store_accounts import record
from data_models.vocabulary import AGE_BANDS, DIAGNOSES, SEXES

EVERYTHING = Scope.everything()


@pytest.fixture
def store(sample_database: str) -> Iterator[Store]:
    opened = Store.open(sample_database)
    yield opened
    opened.close()


def patients(store: Store) -> pd.DataFrame:
    with store.engine.connect() as connection:
        return pd.read_sql_query("select * from patients", connection)


def test_patients_apart_are_those_of_plain_sets(store: Store) -> None:
    frame, chance = patients(store), random.Random(5)
    with store.connect() as connection:
        for _ in range(60):
            pair = [
                CohortFilter(
                    age_band=tuple(chance.sample(AGE_BANDS, chance.randint(0, 8))),
                    sex=tuple(chance.sample(SEXES, chance.randint(0, 3))),
                    diagnosis=tuple(chance.sample(DIAGNOSES, chance.randint(0, 9))),
                )
                for _ in range(2)
            ]
            sets = []
            for cohort in pair:
                kept = frame
                for key in ("age_band", "sex", "diagnosis"):
                    chosen = getattr(cohort, key)
                    kept = kept[kept[key].isin(chosen)] if chosen else kept
                sets.append(set(kept["patient_id"]))
            expected = len(sets[0] - sets[1]), len(sets[1] - sets[0])
            assert patients_apart(connection, EVERYTHING, *pair) == expected
            refused = isolating(connection, EVERYTHING, pair[0], [pair[1]], 11)
            assert (refused is not None) == any(1 <= n <= 10 for n in expected)


def test_two_cohorts_that_differ_by_a_few_patients_are_not_both_released(store: Store) -> None:
    frame = patients(store)
    key, few = next(
        (key, value)
        for key in ("diagnosis", "age_band", "sex", "first_session_year")
        for value, n in frame[key].value_counts().items()
        if 1 <= n <= 10 and frame[key].notna().all()
    )
    others = tuple(str(value) for value in frame[key].unique() if value != few)
    whole, without = CohortFilter(), CohortFilter(**{key: others})
    with store.connect() as connection:
        assert isolating(connection, EVERYTHING, without, [whole], 11) == whole
        assert isolating(connection, EVERYTHING, whole, [whole], 11) is None
    assert "Widen the filter on" in refusal(without, whole, 11)


def test_earlier_releases_come_from_the_audit_trail(tmp_path) -> None:  # type: ignore[no-untyped-def]
    store = Store.open(f"sqlite:///{(tmp_path / 'own.db').as_posix()}")
    for query, mark in itertools.product(("instrument=phq9&route=iv", "instrument=gad7"), ("a", "b")):
        record(store.engine, "ann", "export", "outcomes.csv", query=query, fingerprint=mark)
    with store.connect_access() as connection:
        found = released(connection, "a")
    assert set(found) == {CohortFilter(route=("iv",)), CohortFilter("gad7")}
    store.close()
