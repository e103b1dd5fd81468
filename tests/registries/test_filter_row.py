"""A filter is one row: added to the registry alone, it narrows, splits and is said on every surface."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from typer.testing import CliRunner

from dashboard.app import create_app
from dashboard.cli import app as commands
from dashboard.commands import figures
from dashboard.pages import filters
from dashboard.settings import Settings
from data_models.definitions.filters import FILTERS, CohortFilter, Filter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import ROUTES
from data_models.questions import comparison, fade, side_effects, vitals
from data_models.questions.filter_choices import choices
from data_models.questions.funnel import funnel
from data_models.questions.worklist import worklist
from data_models.store import Store

ALL = Scope.everything()
ROWS = (
    Filter("history", "Medical history", "patient", "conditions", ("hypertension", "liver"), listed=True),
    Filter("planned", "Sessions of induction", "course", "induction_sessions", ("4", "6", "8")),
    Filter("given", "Way it was given", "session", "route", ROUTES),
)
VALUES = {"history": "hypertension", "planned": "6", "given": "iv"}
SAID = {"history": "Hypertension", "planned": "6", "given": "IV"}


@pytest.fixture(params=ROWS, ids=lambda row: row.key)
def row(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Filter:
    """A row that the registry has within the test."""
    added: Filter = request.param
    monkeypatch.setitem(FILTERS, added.key, added)
    return added


@pytest.fixture
def store(sample_database: str) -> Iterator[Store]:
    store = Store.open(sample_database)
    yield store
    store.close()


@pytest.fixture
def client(sample_database: str, row: Filter) -> Iterator[FlaskClient]:
    store = Store.open(sample_database)
    yield create_app(Settings(database=sample_database), store).server.test_client()
    store.close()


def frame(store: Store, statement: str) -> pd.DataFrame:
    with store.connect() as connection:
        return pd.DataFrame(connection.execute(text(statement)).mappings().all())


def matching(store: Store, row: Filter) -> pd.DataFrame:
    """Courses that the chosen value keeps, counted without the filter; a filter of sessions keeps all."""
    courses = frame(store, "SELECT c.*, p.conditions FROM courses c JOIN patients p USING (patient_id)")
    kept = {
        "history": courses["conditions"].fillna("").str.contains(";hypertension;"),
        "planned": courses["induction_sessions"] == 6,
        "given": courses["course"] > 0,
    }
    return courses[kept[row.key]]


def test_it_narrows_what_it_is_of(store: Store, row: Filter) -> None:
    cohort = CohortFilter().with_values(row.key, (VALUES[row.key],))
    with store.connect() as connection:
        found = funnel(connection, ALL, cohort, DEFAULT_RULES)
        rates = side_effects.side_effects(connection, ALL, cohort)
        of_vitals = vitals.vitals(connection, ALL, cohort, DEFAULT_RULES)
        bins = fade.fade(connection, ALL, cohort).bins
        listed = worklist(connection, ALL, cohort, limit=10_000).total
    kept = matching(store, row)
    assert found.courses == len(kept)
    sessions = frame(store, "SELECT f.*, s.route, s.systolic_before FROM session_facts f "
                            "JOIN sessions s USING (patient_id, hours)")  # fmt: skip
    latest = kept[kept["end_hours"].isna()]
    if row.of == "session":
        sessions = sessions[sessions["route"] == "iv"]
        keys = [latest["patient_id"], latest["last_session_hours"]]
        ends = sessions.set_index(["patient_id", "hours"]).index
        latest = latest[pd.MultiIndex.from_arrays(keys).isin(ends)]
        scores = frame(store, "SELECT * FROM score_facts WHERE instrument = 'phq9' AND session_route = 'iv'")
        counted = scores[scores["fade_change"].notna() & scores["since_session_days"].between(0, 90, inclusive="left")]
        assert sum(one.change.n for one in bins) == len(counted)
    else:
        sessions = sessions.merge(kept[["patient_id", "course"]])
    assert rates.sessions_asked == int(sessions["asked"].sum())
    assert of_vitals.systolic.before.n == int(sessions["systolic_before"].notna().sum())
    assert listed == len(latest)
    assert 0 < len(sessions) < len(frame(store, "SELECT 1 AS one FROM sessions"))


def test_it_has_choices_controls_and_words(store: Store, row: Filter) -> None:
    cohort = CohortFilter().with_values(row.key, (VALUES[row.key],))
    with store.connect() as connection:
        present = choices(connection, ALL)
    assert VALUES[row.key] in present[row.key]
    shown = json.dumps(filters.controls(present, cohort), default=lambda c: c.to_plotly_json())
    assert row.label in shown
    assert filters.described(cohort) == f"{row.label.lower()} {SAID[row.key]}"
    reached = filters.reach(cohort)
    assert (reached is not None) == (row.of == "session")
    assert reached is None or row.label in str(reached)


def test_a_link_and_the_command_line_take_it(row: Filter) -> None:
    cohort = CohortFilter.from_assignments([f"{row.key}={VALUES[row.key]}"])
    assert cohort.where() == {row.key: [VALUES[row.key]]}
    assert cohort.to_query() == f"instrument=phq9&{row.key}={VALUES[row.key]}"
    assert CohortFilter.from_query(cohort.to_query()) == cohort
    with pytest.raises(ValueError, match=f"filter {row.key} cannot be 'nonsense'"):
        CohortFilter.from_assignments([f"{row.key}=nonsense"])


def test_a_comparison_has_a_group_for_each_value(store: Store, row: Filter) -> None:
    with store.connect() as connection:
        parts = comparison.groups(connection, ALL, CohortFilter(), row.key)
        counts = {value: funnel(connection, ALL, part, DEFAULT_RULES).courses for value, part in parts.items()}
        tests = comparison.curve_tests(connection, ALL, CohortFilter(), row.key)
    assert list(parts) == [value for value in row.values or () if value in parts]
    assert counts[VALUES[row.key]] == len(matching(store, row))
    assert (tests.onset is None) == row.shares_courses


def written(*arguments: str) -> str:
    done = CliRunner().invoke(commands, ["summary", "--instrument", "phq9", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_line_writes_it(sample_database: str, row: Filter, store: Store) -> None:
    on = ("--database", sample_database)
    chosen = json.loads(written(*on, "--where", f"{row.key}={VALUES[row.key]}"))
    assert chosen["cohort"]["where"] == {row.key: [VALUES[row.key]]}
    assert chosen["cohort"]["courses"] == len(matching(store, row))
    grouped = json.loads(written(*on, "--by", row.key))
    assert grouped["by"] == row.key
    assert grouped["groups"][VALUES[row.key]]["cohort"]["courses"] == len(matching(store, row))


def test_a_file_says_and_groups_by_it(store: Store, row: Filter) -> None:
    def rows(where: tuple[str, ...], by: str | None) -> list[list[str]]:
        content = figures.summary(store, "phq9", where, by, DEFAULT_RULES, "csv", least=0)
        return list(csv.reader(content.decode("utf-8-sig").splitlines()))

    said = rows((f"{row.key}={VALUES[row.key]}",), None)
    assert any(f"Filter: {row.label.lower()}" in line and SAID[row.key] in line for line in said)
    grouped = rows((), row.key)
    assert any("Grouped by" in line and row.label.lower() in line for line in grouped)
    assert any(SAID[row.key] in line for line in grouped)


def test_each_page_shows_it(client: FlaskClient, row: Filter, ask_page: Callable[..., str]) -> None:
    query = f"?{row.key}={VALUES[row.key]}"
    bar_state = [("url", "search", query), ("filter-bar", "data-scores", None)]
    bar = ask_page(client, "filter-bar.children", [("filter-bar", "id", "filter-bar")], bar_state)
    assert row.label in bar
    at = [("url", "pathname", "/"), ("cohort-cue", "data-cohort", "")]
    body = ask_page(client, "cohort-body.children", [("url", "search", query)], at)
    assert ("limits the fade and the side effects only" in body) == (row.of == "session")
    whole = ask_page(client, "cohort-body.children", [("url", "search", "")], at)
    assert body != whole
    compared = ask_page(client, "compare-body.children", [("url", "search", f"?by={row.key}")], at[:1])
    assert f"by {row.label.lower()}?" in compared
    for page in ("/", "/exports"):
        layout: Any = client.get("/_dash-layout", headers={"Referer": f"http://localhost{page}"})
        assert row.label in layout.get_data(as_text=True)
