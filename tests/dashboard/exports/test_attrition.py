"""Attrition: how many courses stop early, counted against the records; what is too few is not drawn."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from dashboard.exports import tables
from dashboard.exports.html_page import html_page
from dashboard.exports.release import gather
from dashboard.exports.summary import document
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.store import Store


@pytest.fixture(scope="module")
def store(sample_database: str) -> Iterator[Store]:
    opened = Store.open(sample_database)
    yield opened
    opened.close()


def test_courses_that_stop_early_are_counted_in_each_group(store: Store) -> None:
    with store.connect() as connection:
        found = gather(connection, Scope.everything(), CohortFilter(), store.rules(), by="route", exact=True)
    with store.engine.connect() as plain:
        courses = pd.read_sql_query("select route, early_stop from courses", plain)
    for group, part in found.parts.items():
        kept = courses if group is None else courses[courses["route"] == group]
        stopped = part.early_stop
        assert (stopped.events, stopped.n) == (kept["early_stop"].sum(), kept["early_stop"].notna().sum())
        assert stopped.low <= stopped.share <= stopped.high
        assert stopped.low < stopped.high


def test_a_chart_without_a_line_is_left_out(store: Store) -> None:
    few = CohortFilter(route=("intranasal",))
    with store.connect() as connection:
        release = gather(connection, Scope.everything(), few, store.rules())
    made = document(release, "onset_durability")
    lasting = next(section for section in made.sections if section.title == "How long do they last?")
    assert not release.whole.summary.durability.curve.times.size
    assert not lasting.charts
    empty = next(table for table in lasting.tables if table.name == "durability_curve")
    assert not empty.rows
    assert empty.note == tables.NOTHING
    assert html_page(made).count(tables.NOTHING) == sum(not table.rows for table in made.tables)


def test_the_file_says_how_many_stop_early(store: Store) -> None:
    with store.connect() as connection:
        release = gather(connection, Scope.everything(), CohortFilter(), store.rules())
    made = document(release, "attrition")
    section = next(section for section in made.sections if section.title == "Who has left?")
    assert [table.name for table in section.tables] == ["early_stop", "attrition"]
    stopped = release.whole.early_stop
    assert section.tables[0].rows[0]["events"] == stopped.events
    assert f"({stopped.events:g} of {stopped.n:g}" in section.sentence
    assert "more than 14 days gone since its last session" in section.tables[0].note
