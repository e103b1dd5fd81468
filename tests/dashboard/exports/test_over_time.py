"""Days in response and states over time in files: the card's numbers, in whole weeks where they are rounded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboard.exports.document import Section
from dashboard.exports.release import Release, gather
from dashboard.exports.summary import CATALOGUE, document
from dashboard.questions import states as shown
from dashboard.words.numbers import SHORTLY_HIDDEN
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.store import Store


@pytest.fixture(scope="module")
def store(sample_database: str) -> Iterator[Store]:
    opened = Store.open(sample_database)
    yield opened
    opened.close()


def released(store: Store, *, by: str | None = None, exact: bool) -> tuple[Release, Section]:
    with store.connect() as connection:
        release = gather(connection, Scope.everything(), CohortFilter(), store.rules(), by=by, exact=exact)
    made = document(release, "outcomes")
    return release, next(section for section in made.sections if section.title == shown.QUESTION)


def test_a_file_says_what_the_card_says(store: Store) -> None:
    release, section = released(store, exact=True)
    states = release.whole.summary.states
    assert section.sentence == f"{shown.words(states)} {shown.after_induction(states)} {shown.ERROR}"
    days, curves = section.tables
    assert [row["mean"] for row in days.rows] == [row["mean"] for row in states.days_in_response()]
    assert [row["from"] for row in days.rows] == ["the first session", "the last induction session"]
    assert list(curves.rows) == states.as_json()["states"]
    assert len(section.charts) == 1
    assert all("states" in sections for name, (_, sections) in CATALOGUE.items() if name in ("all", "outcomes"))


def test_a_rounded_file_has_whole_days_and_a_row_a_week(store: Store) -> None:
    release, section = released(store, exact=False)
    days, curves = section.tables
    courses = release.whole.summary.states.first_session.courses
    assert courses is not None
    assert [row["day"] for row in curves.rows] == list(range(0, 91, 7))
    for row in curves.rows:
        assert row["at_risk"] % 10 == 5
        known = [row[name] for name in ("response", "partial", "none") if row[name] is not None]
        assert sum(known) <= 1 + 1e-9
        assert all(share * courses > 10 for share in known)
    for row in days.rows:
        assert all(row[name] == round(row[name]) for name in ("mean", "low", "high"))
        assert row["n"] % 5 == 0


def test_of_groups_of_few_courses_no_days_are_said(store: Store) -> None:
    release, section = released(store, by="diagnosis", exact=False)
    few = [g for g, part in release.parts.items() if part.summary.states.first_session.courses is None]
    assert few, "the sample has a diagnosis of few courses"
    hidden = [row for row in section.tables[0].rows if row["n"] == SHORTLY_HIDDEN]
    assert len(hidden) >= len(few)
    assert all(row["mean"] is row["low"] is row["high"] is None for row in hidden)
