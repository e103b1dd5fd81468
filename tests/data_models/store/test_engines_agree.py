"""SQLite and PostgreSQL answer every question alike."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.questions.filter_choices import choices
from data_models.questions.side_effects import side_effects_by
from data_models.questions.similar_courses import similar_courses
from data_models.questions.summary import summarise
from data_models.questions.worklist import SORTABLE, attention_counts, worklist
from data_models.store import Store

ALL = Scope.everything()


@pytest.fixture
def both(sqlite_store: Store, postgresql_store: Store, sample_folder: Path) -> tuple[Store, Store]:
    for store in (sqlite_store, postgresql_store):
        store.import_path(sample_folder)
    return sqlite_store, postgresql_store


def _near(left: object, right: object) -> bool:
    """Equal up to the order in which floating sums were taken."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_near(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_near(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, float) and isinstance(right, float | int):
        return left == pytest.approx(right, rel=1e-9, abs=1e-12)
    return left == right


def test_cohort_answers(both: tuple[Store, Store]) -> None:
    filters = (
        CohortFilter(),
        CohortFilter("madrs", phase=("maintenance",)),
        CohortFilter(route=("iv",), condition=("hypertension",), min_hours_since_session=24.0),
        CohortFilter(diagnosis=("ptsd",), first_session_year=("2024",)),
    )
    for chosen in filters:
        answers = []
        for store in both:
            with store.connect() as connection:
                summary = summarise(connection, ALL, chosen, DEFAULT_RULES)
                numbered = side_effects_by(connection, ALL, chosen, "number")
                answers.append(json.loads(json.dumps([summary.as_json(), [one.effects.as_json() for one in numbered]])))
        assert _near(*answers), chosen


def test_lists_and_choices(both: tuple[Store, Store]) -> None:
    for sort in SORTABLE:
        for descending in (False, True):
            pages = []
            for store in both:
                with store.connect() as connection:
                    page = worklist(connection, ALL, CohortFilter(), sort=sort, descending=descending)
                    rows = pd.DataFrame(page.patients).drop(columns="patient_id")
                    pages.append((rows, page.total))
            assert pages[0][1] == pages[1][1]
            pd.testing.assert_frame_equal(pages[0][0], pages[1][0], check_dtype=False)
    found = []
    for store in both:
        with store.connect() as connection:
            band = similar_courses(connection, ALL, "phq9", "iv", alignment="session")
            found.append((choices(connection, ALL), attention_counts(connection, ALL, CohortFilter()), band))
    assert found[0] == found[1]
