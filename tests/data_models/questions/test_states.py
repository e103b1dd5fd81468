"""States over time of records worked by hand: who counts, from when, and until when."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.questions.occupancy import occupancy
from data_models.questions.states import States, states
from data_models.store import Store

ALL = Scope.everything()
INDUCTION = [0, 3, 7, 10]
# A responds on day 2 for good. B and C respond on day 4 and lose it on day 40. D to F never respond; F was last scored
# on day 20. G never was ill. H has one session, and E a second course from day 200 on, in response on its day 2.
PHQ9 = {
    "A": [(-1, 20), (2, 8), (12, 6), (40, 6), (60, 7), (80, 5), (100, 5)],
    "B": [(-1, 20), (4, 9), (12, 7), (40, 18), (60, 18), (80, 18), (100, 18)],
    "C": [(-1, 20), (4, 9), (12, 7), (40, 18), (60, 18), (80, 18), (100, 18)],
    "D": [(-1, 20), (2, 19), (12, 18), (40, 18), (60, 18), (80, 18), (100, 18)],
    "E": [(-1, 20), (2, 19), (12, 18), (40, 18), (60, 18), (80, 18), (100, 18), (199, 20), (202, 8)],
    "F": [(-1, 20), (2, 19), (20, 18)],
    "G": [(-1, 4), (2, 1), (12, 1)],
    "H": [(-1, 20), (2, 15), (12, 18)],
}


@pytest.fixture(scope="module")
def filled(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder: Path = tmp_path_factory.mktemp("records")
    sessions = [(code, 24 * day) for code in PHQ9 for day in ([0] if code == "H" else INDUCTION)] + [("E", 24 * 200)]
    tables = {
        "patients": ["patient_code,clinic", *(f"{code},{'north' if code < 'D' else 'south'}" for code in PHQ9)],
        "sessions": ["patient_code,hours,drug,route,phase", *(f"{c},{h},ketamine,iv,induction" for c, h in sessions)],
        "assessments": [
            "patient_code,hours,instrument,score",
            *(f"{code},{24 * day},phq9,{score}" for code, rows in PHQ9.items() for day, score in rows),
        ],
    }
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    module_store.import_path(folder)
    return module_store


def asked(store: Store, cohort: CohortFilter | None = None, scope: Scope = ALL) -> States:
    with store.connect() as connection:
        return states(connection, scope, cohort or CohortFilter(), DEFAULT_RULES)


def test_shares_by_day_are_those_worked_by_hand(filled: Store) -> None:
    rows = asked(filled).as_json()["states"]
    # A to F, H and the second course of E; half of them were scored by day 2.
    assert rows[0]["at_risk"] == 8
    assert [row["response"] for row in rows[:3]] == [0, None, pytest.approx(4 / 8)]
    # The second course is seen until its day 2 and held until its day 32. Of the five others in no or partial response
    # and seen on day 2 nobody changes.
    assert rows[32]["at_risk"] == 8
    assert rows[33]["at_risk"] == 7
    # On day 26 (the middle of 12 and 40) B and C lose it, and A stays: two thirds of those in response.
    assert rows[25]["response"] == pytest.approx(4 / 8)
    assert rows[26]["response"] == pytest.approx(4 / 8 / 3)
    assert rows[43]["at_risk"] == 6, "H was last scored on day 12, F on day 20: held until day 42 and day 50"
    assert rows[51]["at_risk"] == 5
    assert rows[90]["response"] == pytest.approx(4 / 8 / 3)


def test_days_in_response_are_the_area_under_the_share(filled: Store) -> None:
    first, after = asked(filled).days_in_response()
    # In response from day 1 (A, and E's second course) or 2 (B and C): half by day 2.
    assert (first["of_days"], first["from"], first["n"]) == (90, "first_session", 8)
    by_day = [0, 2 / 8, 4 / 8] + [4 / 8] * 23 + [4 / 24] * 65
    assert first["mean"] == pytest.approx(sum(by_day) - (by_day[0] + by_day[-1]) / 2)
    assert first["low"] < first["mean"] < first["high"]
    # Since day 10, of the six complete inductions: three in response, two of them until day 16 of it.
    assert (after["of_days"], after["from"], after["n"]) == (90, "last_induction_session", 6)
    assert after["mean"] == pytest.approx(15.5 * 3 / 6 + 74.5 * 1 / 6)


def test_days_that_fewer_than_five_say_are_not_said(filled: Store) -> None:
    south = asked(filled, CohortFilter(clinic=("south",)))
    # D, E (twice), F, H: five courses, until the second of E is no longer held.
    assert south.days_in_response()[0]["of_days"] == 32
    assert len(south.as_json()["states"]) == 33
    north = asked(filled, scope=Scope(clinics=frozenset({"north"})))
    assert north.days_in_response()[0] == {
        "of_days": 0, "from": "first_session", "mean": None, "low": None, "high": None, "n": 3,
    }  # fmt: skip
    assert north.as_json()["states"] == []


def test_nobody_has_no_days(filled: Store) -> None:
    nobody = asked(filled, CohortFilter(clinic=("there is no such clinic",)))
    assert [row["n"] for row in nobody.days_in_response()] == [0, 0]
    assert nobody.as_json()["states"] == []


def test_courses_that_began_last_week_have_neither_left_nor_stopped_responding(store: Store, tmp_path: Path) -> None:
    """Issue 14, 5: six finished courses, six that go on; all respond on day 1, the finished ones until day 60."""
    codes = [f"P{i:02}" for i in range(12)]
    finished = set(codes[:6])
    tables = {
        "patients": ["patient_code,observed_until_weeks", *(f"{c},{40 if c in finished else 1}" for c in codes)],
        "sessions": ["patient_code,hours,drug,route", *(f"{c},{24 * d},ketamine,iv" for c in codes for d in (0, 3))],
        "assessments": [
            "patient_code,hours,instrument,score",
            *(f"{c},{24 * day},phq9,{20 if day < 0 else 6}" for c in codes for day in (-1, 1, 6)),
            *(f"{c},{24 * day},phq9,{6 if day < 90 else 18}" for c in sorted(finished) for day in (30, 60, 90)),
        ],
    }
    for name, lines in tables.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    store.import_path(tmp_path)
    found = asked(store)
    with store.connect() as connection:
        plain = {row["day"]: row for row in occupancy(connection, ALL, CohortFilter(), DEFAULT_RULES).as_json()}
    nobody = dict.fromkeys(("response", "partial", "none", "not_measured", "going_on", "left"), 0)
    assert plain[7] == {"day": 7, **nobody, "response": 1}
    assert plain[28] == {"day": 28, **nobody, "response": 0.5, "going_on": 0.5}
    assert plain[120] == {"day": 120, **nobody, "left": 0.5, "going_on": 0.5}
    rows = found.as_json()["states"]
    assert [rows[day]["at_risk"] for day in (0, 7, 8, 28, 90)] == [12, 12, 6, 6, 6]
    assert rows[28]["response"] == 1
    # From the middle of the first day to day 75, the middle of days 60 and 90, of which day it no longer is.
    assert found.days_in_response()[0]["mean"] == pytest.approx(74.5 - 0.5)
