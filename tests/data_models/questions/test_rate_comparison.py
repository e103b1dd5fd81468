"""Groups compared: a clinic worked out by hand whose routes differ in who is treated, and in nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.outcomes.proportions import difference, wilson
from data_models.questions.rate_comparison import rate_comparison
from data_models.store import Store

ALL = Scope.everything()
WriteTable = Callable[[Path, str, list[dict[str, object]]], None]

# route, baseline, courses, of them in response at the end of induction. 75 % of the mild and 25 % of the severe
# respond, by IV and IM alike; IM has twice as many severe ones as mild ones.
CLINIC = (
    ("iv", 12, 40, 30),
    ("iv", 20, 20, 5),
    ("im", 12, 20, 15),
    ("im", 20, 40, 10),
    ("oral", 20, 8, 2),
    ("mixed", 20, 4, 1),
)
UNMEASURED = (("iv", 20), ("im", 30))  # route, courses without a score at the end of induction


def clinic(folder: Path, write_table: WriteTable) -> Path:
    """One course a patient: six sessions in three weeks; a score before, and one two days after the last."""
    folder.mkdir()
    people: list[tuple[str, int, int | None]] = []
    for route, baseline, courses, responding in CLINIC:
        people += [(route, baseline, baseline // 4 if i < responding else baseline) for i in range(courses)]
    people += [(route, 16, None) for route, courses in UNMEASURED for _ in range(courses)]
    codes = [f"p{i:03}" for i in range(len(people))]
    write_table(folder, "patients", [{"patient_code": c, "diagnosis": "ptsd", "sex": "female"} for c in codes])
    days = (0, 4, 8, 12, 16, 20)
    sessions = [
        {
            "patient_code": code,
            "hours": 24 * day,
            "drug": "ketamine",
            "route": route if route != "mixed" else "iv" if day % 8 else "im",
        }
        for code, (route, _, _) in zip(codes, people, strict=True)
        for day in days
    ]
    scores = []
    for code, (_, baseline, end) in zip(codes, people, strict=True):
        found = [(-1, baseline), (30, baseline), *([] if end is None else [(24 * 22, end)])]
        scores += [{"patient_code": code, "hours": h, "instrument": "phq9", "score": s} for h, s in found]
    write_table(folder, "sessions", sessions)
    write_table(folder, "assessments", scores)
    return folder


@pytest.fixture
def filled(store: Store, tmp_path: Path, write_table: WriteTable) -> Store:
    store.import_path(clinic(tmp_path / "records", write_table))
    return store


def test_a_difference_that_is_who_was_treated_goes_when_they_are_held_equal(filled: Store) -> None:
    with filled.connect() as connection:
        found = rate_comparison(connection, ALL, CohortFilter(), "route", DEFAULT_RULES).response
    first, second, third, fourth = found.groups
    assert [group.value for group in found.groups] == ["im", "iv", "oral", "mixed"]
    assert [(group.measured.events, group.measured.n) for group in found.groups] == [(60, 90), (60, 80), (8, 8), (4, 4)]
    assert [(group.crude.events, group.crude.n) for group in found.groups] == [(25, 60), (35, 60), (2, 8), (1, 4)]
    assert first.standardised is not None
    assert second.standardised is not None
    assert [first.standardised.share, second.standardised.share] == pytest.approx([0.5, 0.5])
    assert third.standardised is fourth.standardised is None, "eight courses, and four, are too few"
    assert found.held_equal == ("severity",), "all have one diagnosis and no age; the route is what is compared"
    one, other, _ = found.differences
    assert one.crude == difference(wilson(35, 60), wilson(25, 60))
    assert one.standardised is not None
    assert one.standardised.difference == pytest.approx(0, abs=1e-9)
    assert one.p_value == pytest.approx(1, abs=1e-6)
    assert (other.value, other.crude) == ("oral", difference(wilson(2, 8), wilson(25, 60)))
    assert (other.standardised, other.p_value) == (None, None)


def test_remission_is_compared_too_and_the_json_has_both(filled: Store) -> None:
    with filled.connect() as connection:
        found = rate_comparison(connection, ALL, CohortFilter(), "route", DEFAULT_RULES).as_json()
    assert list(found) == ["response", "remission"]
    im, iv, *_ = found["remission"]["groups"]
    assert (iv["crude"]["events"], im["crude"]["events"]) == (30, 15)  # of 12 a quarter is 3, of 20 it is 5
    assert found["response"]["differences"][0]["standardised"]["difference"] == pytest.approx(0, abs=1e-9)


def test_groups_that_share_courses_and_unknown_keys_are_not_compared(filled: Store) -> None:
    with filled.connect() as connection:
        for key in ("condition", "phase"):
            assert rate_comparison(connection, ALL, CohortFilter(), key, DEFAULT_RULES).response.groups == ()
        assert rate_comparison(connection, Scope(), CohortFilter(), "route", DEFAULT_RULES).response.groups == ()
        with pytest.raises(ValueError, match="it is one of clinic, drug"):
            rate_comparison(connection, ALL, CohortFilter(), "weather", DEFAULT_RULES)


def test_the_cohort_and_the_scope_hold(filled: Store) -> None:
    with filled.connect() as connection:
        for key in FILTERS:
            rate_comparison(connection, ALL, CohortFilter(), key, DEFAULT_RULES)
        found = rate_comparison(connection, ALL, CohortFilter(route=("im",)), "route", DEFAULT_RULES).response
        assert [group.value for group in found.groups] == ["im"]
        assert (
            rate_comparison(
                connection, Scope(frozenset({"north"})), CohortFilter(), "route", DEFAULT_RULES
            ).response.groups
            == ()
        )
        assert rate_comparison(connection, ALL, CohortFilter("gad7"), "route", DEFAULT_RULES).response.groups == ()
