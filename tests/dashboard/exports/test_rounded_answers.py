"""Answers and files of rounded counts: every answer of the sample, and what the command line writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboard import cli
from dashboard.exports.formats import _COUNTS
from dashboard.exports.rounded_answers import rounded, rounded_waterfall
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.proportions import wilson
from data_models.questions.rate_comparison import ComparedRates, GroupRate, RateComparison
from data_models.questions.resolution import resolution
from data_models.questions.severity import severity
from data_models.questions.side_effects import side_effects_by
from data_models.questions.summary import summarise
from data_models.questions.waterfall import Waterfall, waterfall
from data_models.store import Store

EVERYTHING = Scope.everything()


@pytest.fixture(scope="module")
def store(sample_database: str) -> Iterator[Store]:
    opened = Store.open(sample_database)
    yield opened
    opened.close()


def counts(value: Any) -> Iterator[Any]:
    """Every count of a summary's JSON."""
    if isinstance(value, dict):
        # Courses going on are a count of the cohort, and a share of each day's states.
        shares = {"going_on"} if "not_measured" in value else set()
        for key, item in value.items():
            if key in (_COUNTS | {"at_risk", "censored"}) - shares:
                yield item
            yield from counts(item)
    elif isinstance(value, list):
        for item in value:
            yield from counts(item)


def test_json_is_exact_unless_asked_to_round(sample_database: str, tmp_path: Path) -> None:
    exact, made = tmp_path / "exact.json", tmp_path / "rounded.json"
    options = ["summary", "--database", sample_database, "--instrument", "phq9", "--by", "route"]
    assert cli.run([*options, "-o", str(exact)]) == 0
    assert cli.run([*options, "--suppress", "11", "-o", str(made)]) == 0
    text = made.read_text()
    assert text.count("Counts are rounded to 5; fewer than 11 are not shown") == 1
    assert {n for n in counts(json.loads(text)) if n != "<11" and n % 5} == set()
    assert "<11" in set(counts(json.loads(text)))
    assert any(n % 5 for n in counts(json.loads(exact.read_text())))
    few = set(json.loads(exact.read_text())["groups"]) - set(json.loads(text)["groups"])
    full = json.loads(exact.read_text())["groups"]
    assert all(full[group]["cohort"]["patients"] < 11 for group in few)


def test_a_rounded_summary_lies_near_the_exact_one(store: Store) -> None:
    with store.connect() as connection:
        exact = summarise(connection, EVERYTHING, CohortFilter(), store.rules())
    made = rounded(exact, zero=True)
    for kind in ("response", "remission"):
        for way in ("ever", "last", "end_of_induction"):
            one, other = (getattr(getattr(of.rates, kind), way) for of in (exact, made))
            assert other.share == pytest.approx(one.share, abs=0.03)
            assert other.low <= other.share <= other.high
    for day in (7, 14, 28):
        assert made.onset.first_seen.at(day)[0] == pytest.approx(exact.onset.first_seen.at(day)[0], abs=0.03)
    assert made.vitals.systolic.rise.mean == round(exact.vitals.systolic.rise.mean or 0, 1)
    day = 28
    assert made.occupancy.states.response[day] == pytest.approx(exact.occupancy.states.response[day], abs=0.02)
    for effect, of in zip(made.side_effects.effects, exact.side_effects.effects, strict=True):
        if effect.per_session.share is not None:
            assert effect.per_session.share == pytest.approx(of.per_session.share, abs=0.01)
            assert effect.per_session.low is not None


def test_groups_and_terms_of_few_are_not_listed(store: Store) -> None:
    with store.connect() as connection:
        groups = side_effects_by(connection, EVERYTHING, CohortFilter(route=("iv",)), "number")
        grades = severity(connection, EVERYTHING, CohortFilter())
        times = resolution(connection, EVERYTHING, CohortFilter())
    made = rounded(groups, zero=False)
    assert {g.group for g in made} == {
        g.group for g in groups if (g.effects.patients_asked or 0) > 10 and (g.effects.sessions_asked or 0) > 10
    }
    terms = {one.term for one in grades.by_term if (one.occurrences or 0) > 10}
    assert {one.term for one in rounded(grades, zero=True).by_term} == terms
    assert all(curve.n for curve in rounded(times, zero=True).by_term.values())


def test_the_waterfall_is_of_blocks(store: Store) -> None:
    with store.connect() as connection:
        exact = waterfall(connection, EVERYTHING, CohortFilter(), store.rules())
    made = rounded_waterfall(exact, "phq9", store.rules())
    measured = exact.last_change[~np.isnan(exact.last_change)]
    of = made.evaluable == 1
    assert of.sum() == pytest.approx(len(measured), abs=20)
    assert (~of).sum() == pytest.approx(len(exact.last_change) - len(measured), abs=2)
    rows = np.column_stack([made.last_change, np.nan_to_num(made.improvement, nan=-1), made.last_worse])[of]
    _, sizes = np.unique(rows, axis=0, return_counts=True)
    assert min(sizes) >= 10
    nobody = rounded_waterfall(Waterfall(*(np.zeros(0),) * 5), "phq9", store.rules())
    assert nobody.last_change.size == 0


def test_a_group_is_not_held_equal_with_itself_alone() -> None:
    """Of two groups one is surely large enough of rounded counts: it has no other to be held equal with."""
    large, small = (
        GroupRate(name, wilson(n, 2 * n), wilson(n // 2, n), wilson(n // 2, n)) for name, n in (("IV", 80), ("IM", 22))
    )
    exact = ComparedRates((large, small), (), ("age_band",))
    shown = rounded(RateComparison(exact, exact), zero=False).response
    assert [group.value for group in shown.groups] == ["IV", "IM"]
    assert [group.standardised for group in shown.groups] == [None, None]
    assert shown.held_equal == ()
    both = ComparedRates((large, replace(large, value="SC")), (), ("age_band",))
    assert all(group.standardised for group in rounded(RateComparison(both, both), zero=False).response.groups)
