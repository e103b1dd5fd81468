"""The simulated clinics of the coverage study: their truth by hand, and a run from records to the table."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks import simulated_clinics as clinics
from tests.benchmarks.simulated_truth import Truth, truths

EXACT = clinics.SCENARIOS["daily"]
INDUCTION = [0, 2, 4, 7, 9, 11]


@pytest.fixture(scope="module")
def coverage(benchmark_module: Callable[[str, str], ModuleType]) -> ModuleType:
    return benchmark_module("coverage", "coverage_study")


def clinic(courses: list[dict[float, float]], more_sessions: dict[int, list[float]] | None = None) -> clinics.Clinic:
    """Patients with an induction each: error-free scores from some day on; seen daily at noon for 100 days."""
    n, steps = len(courses), round(EXACT.days / clinics.STEP)
    severity = np.zeros((n, steps), dtype=np.float32)
    for patient, scores in enumerate(courses):
        for day, score in scores.items():
            severity[patient, round(day / clinics.STEP) :] = score
    given = [
        {"patient": patient, "day": float(day), "course": 1, "number": number + 1}
        for patient in range(n)
        for number, day in enumerate(INDUCTION + (more_sessions or {}).get(patient, []))
    ]
    sessions = pd.DataFrame(given).assign(before=0.0, after=0.0, asked=True, nausea=False, dissociation=False)
    seen = [{"patient": patient, "day": day + 0.5, "score": 0} for patient in range(n) for day in range(100)]
    people = clinics.drawn(np.random.default_rng(1), EXACT, n)
    until = np.full(n, 420.0)
    return clinics.Clinic(EXACT, severity, people, sessions.assign(vomiting=False), pd.DataFrame(seen), until)


def shares(of: clinics.Clinic) -> dict[str, float]:
    return {name: total / count for name, (total, count) in Truth(of).figures().items() if count}


def test_onset_and_loss_are_the_moments_at_which_the_error_free_score_crosses() -> None:
    # A in response from 9 h on; lost 5 days after the last induction session (day 16). B never. C from day 2; partial
    # after day 20 and below 10, which is no loss; D, mild at the start, counts nowhere.
    found = shares(
        clinic([{0: 20, 0.375: 10, 16: 14}, {0: 20, 1: 11}, {0: 18, 2: 8, 20: 9.4, 24: 9.6, 30: 10.4}, {0: 9, 1: 2}])
    )
    assert found["onset by day 1"] == pytest.approx(1 / 3)
    assert found["onset by day 7"] == pytest.approx(2 / 3)
    assert found["in response on day 14"] == pytest.approx(2 / 3)
    assert found["in response on day 28"] == 0  # C: 10 of 18 is no response ...
    assert found["lost by day 7 after induction, from 1"] == pytest.approx(1 / 2)
    assert found["lost by day 14 after induction, from 1"] == 1  # ... and from day 24 on it is lost, too
    assert found["response lasts 7 days"] == 1
    assert found["response lasts 14 days"] == 1  # A: day 0.5 to day 16
    assert found["response lasts 28 days"] == 0
    assert found["response, at the end of induction"] == pytest.approx(2 / 3)
    assert found["response, at the end of induction, of all treated"] == pytest.approx(2 / 4)
    assert found["worse, at the last score"] == 0


def test_days_in_response_are_counted_from_both_origins() -> None:
    found = shares(clinic([{0: 20, 1: 5, 41: 20}]))
    assert found["days in response of 90 after the first session"] == pytest.approx(40)
    assert found["days in response of 90 after induction"] == pytest.approx(30)


def test_whichever_comes_first_a_loss_or_a_session() -> None:
    # A lost on day 6 after induction, treated on day 9; B treated on day 3; C neither.
    found = shares(clinic([{0: 20, 1: 5, 17: 14}, {0: 20, 1: 5, 19: 14}, {0: 20, 1: 5}], {0: [20], 1: [14]}))
    assert found["lost first by day 7, from 1"] == pytest.approx(1 / 3)
    assert found["re-treated first by day 7, from 1"] == pytest.approx(1 / 3)
    assert found["in response untreated on day 28, from 1"] == pytest.approx(1 / 3)
    assert found["lost by day 14 after induction, from 1"] == pytest.approx(2 / 3)
    assert found["lost first by day 14, from 5"] == pytest.approx(1 / 2)  # B was treated before day 5


def test_improvement_sets_in_within_hours_and_halves_by_the_half_life() -> None:
    person = {"half_life": 10.0, "shape": 1.4, "sets_in": 0.25}
    at = {day: float(clinics.improvement(0.2, 0.8, day, person)) for day in (0.0, 0.25, 10.0, 1000.0)}
    assert at[0.0] == pytest.approx(0.2)
    assert at[0.25] == pytest.approx(0.8 - 0.6 / math.e, abs=0.01)
    assert at[10.0] == pytest.approx(0.4)
    assert at[1000.0] == pytest.approx(0, abs=1e-9)


def test_a_clinic_is_what_its_scenario_says() -> None:
    made = {key: clinics.simulate(one, 200, np.random.default_rng(3)) for key, one in clinics.SCENARIOS.items()}
    exact = made["daily"]
    step = np.rint(exact.visits["day"] / clinics.STEP).astype(int)
    assert (exact.visits["score"] == np.rint(exact.severity[exact.visits["patient"], step])).all()
    weekly = made["weekly"].visits.groupby("patient")["day"].diff().dropna()
    assert 6.5 < weekly.mean() < 7.5
    null = made["null"]
    assert (null.severity == null.severity[:, :1]).all()
    assert null.visits[null.visits["day"] == 0]["score"].min() >= 15
    assert null.severity[:, 0].mean() < null.visits[null.visits["day"] == 0]["score"].mean() - 1
    again = made["two_courses"].sessions
    assert 0.15 < (again.groupby("patient")["course"].max() == 2).mean() < 0.35
    gaps = again.groupby("patient")["day"].diff()
    assert gaps[(again["course"] == 2) & (again["number"] == 1)].min() > 90
    assert 0.4 < (made["going_on"].patients["observed_until_weeks"] < 10).mean() < 0.6
    assert (made["weekly"].recorded_until < 100).mean() > 0.2
    for scenario in clinics.SCENARIOS.values():
        assert truths(scenario, 50, 1).keys() == truths(EXACT, 50, 1).keys()


def test_a_clinic_goes_from_records_to_the_table(coverage: ModuleType) -> None:
    results = {
        key: coverage.study(one, clinics=2, patients=30, seed=5, truth_patients=200)
        for key, one in coverage.SCENARIOS.items()
    }
    for result in results.values():
        rows = result.rows
        assert {"response, ever", "onset by day 7", "lost by day 28 if not re-treated", "nausea, per session"} <= set(
            rows
        )
        assert all(row["coverage"] is None or 0 <= row["coverage"] <= 1 for row in rows.values())
        assert rows["nausea, per session"]["with_interval"] == 1
    exact = results["daily"].rows["response, ever"]
    assert abs(exact["bias"]) < 0.25  # of 60 patients
    assert results["null"].rows["response, ever"]["truth"] == 0
    assert len(results["null"].said) >= 8
    table = coverage.markdown(results)
    assert table.count("\n### ") == len(coverage.SCENARIOS) - 1
    assert "| response, ever | " in table


def test_an_interval_that_misses_is_seen(coverage: ModuleType) -> None:
    tally = coverage.Tally(4)
    for low, high in ((0.1, 0.3), (0.3, 0.4), (0.0, 0.1), (None, None)):
        tally.add(coverage.Estimate("", "", 0.3, low, high), 0.2)
    tally.add(coverage.Estimate("", "", None), 0.2)
    row = tally.row()
    assert (row["estimable"], row["with_interval"]) == (1, 3 / 4)
    assert row["bias"] == pytest.approx(0.1)
    assert (row["coverage"], row["above"], row["below"]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_words_that_claim_an_effect_are_found(coverage: ModuleType) -> None:
    said = {"a": "Half of them respond within 3 days.", "b": "Of 20 patients 5 are women."}
    assert coverage.claims(said) == {"a": said["a"]}
