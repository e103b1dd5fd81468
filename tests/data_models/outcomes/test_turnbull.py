"""Turnbull's estimate against R's `interval`, a slow EM of high precision, and cases by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.outcomes.turnbull import innermost_intervals, turnbull
from tests.data_models.trials import SEEDED, groups, r_table

ONSET = "time_to_response"
DURATION = "duration_of_response_interval_(excl_single_visit_responders)"
INFINITY = float("inf")


def intervals(trial: str, group: str, what: str) -> tuple[np.ndarray, np.ndarray]:
    patients = r_table(trial, "per_patient").query("status == 'ok'")
    if group != "ALL":
        patients = patients[patients["group"] == group]
    if what == ONSET:
        return patients["L"].to_numpy(float), patients["R"].to_numpy(float)
    # R left out responders without a later score: an interval (0, inf] says nothing.
    patients = patients[(patients["ever_response"] == 1) & ~((patients["dur_L"] == 0) & np.isinf(patients["dur_R"]))]
    return patients["dur_L"].to_numpy(float), patients["dur_R"].to_numpy(float)


def expectation_maximisation(left: np.ndarray, right: np.ndarray, rounds: int = 60_000) -> tuple[np.ndarray, float]:
    """Turnbull's own self-consistency algorithm, slow and simple."""
    mass_left, mass_right = innermost_intervals(left, right)
    holds = (mass_left >= left[:, None]) & (mass_right <= right[:, None])
    mass = np.full(mass_left.size, 1 / mass_left.size)
    for _ in range(rounds):
        shares = holds * mass
        moved = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
        if np.abs(moved - mass).max() < 1e-15:
            break
        mass = moved
    return mass, float(np.log(holds @ mass).sum())


@pytest.mark.parametrize("trial, group, what", groups("turnbull"))
def test_survival_at_right_ends_and_median_equal_r(trial: str, group: str, what: str) -> None:
    left, right = intervals(trial, group, what)
    curve = turnbull(left, right)
    table = r_table(trial, "turnbull").query("group == @group and what == @what")
    assert len(table) > 1
    for row in table.itertuples():
        assert curve.survival_at(row.R) == pytest.approx(row.S_after_R, abs=1e-5)
    summary = r_table(trial, "summary").query("group == @group").iloc[0]
    names = (
        ("turnbull_median_L", "turnbull_median_R")
        if what == ONSET
        else ("turnbull_dur_median_L", "turnbull_dur_median_R")
    )
    assert curve.median == tuple(summary[name] for name in names)


@pytest.mark.parametrize("trial, group, what", groups("turnbull"))
def test_log_likelihood_reaches_the_maximum(trial: str, group: str, what: str) -> None:
    left, right = intervals(trial, group, what)
    curve = turnbull(left, right)
    _, slow = expectation_maximisation(left, right)
    assert curve.log_likelihood == pytest.approx(slow, abs=1e-5)
    assert curve.gap < 1e-6


def test_masses_equal_r_and_survfit_near_them() -> None:
    compared = 0
    for (group, what), table in r_table(SEEDED, "turnbull").groupby(["group", "what"]):
        curve = turnbull(*intervals(SEEDED, group, what))
        some = curve.mass > 1e-6
        assert list(zip(curve.left[some], curve.right[some], strict=True)) == list(
            zip(table["L"], table["R"], strict=True)
        )
        np.testing.assert_allclose(curve.mass[some], table["p"], atol=1e-6)
        inner = table[np.isfinite(table["R"])]
        ours = [curve.survival_at(right) for right in inner["R"]]
        np.testing.assert_allclose(ours, inner["S_survfit"], atol=5e-3)  # which stops early
        compared += len(table)
    assert compared > 20


def random_visits(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    visits = np.cumsum(random.integers(1, 8, (n, 6)), axis=1).astype(float)
    time = random.weibull(0.8, n) * 15
    before = (visits < time[:, None]).sum(axis=1)
    ends = np.column_stack((np.zeros(n), visits, np.full(n, INFINITY)))
    return ends[np.arange(n), before], ends[np.arange(n), before + 1]


def test_the_search_ends_at_its_bound_and_not_where_a_rise_can_no_longer_be_seen() -> None:
    # The log-likelihood's last digits hide the last steps; where they were believed, 82 in 1,000 ended early.
    gaps = [turnbull(*random_visits(seed, n=150)).gap for seed in range(200)]
    assert max(gaps) <= 1e-10 * 150


@pytest.mark.parametrize("seed", range(6))
def test_random_visits_meet_the_kuhn_tucker_conditions(seed: int) -> None:
    n = 150
    left, right = random_visits(seed, n)
    curve = turnbull(left, right)
    mass_left, mass_right = innermost_intervals(left, right)
    holds = (mass_left >= left[:, None]) & (mass_right <= right[:, None])
    mass = np.zeros(mass_left.size)
    mass[np.searchsorted(mass_left, curve.left)] = curve.mass
    gradient = (holds / (holds @ mass)[:, None]).sum(axis=0)
    assert gradient.max() <= n + 1e-6
    np.testing.assert_allclose(gradient[mass > 1e-6], n, atol=1e-3)
    _, slow = expectation_maximisation(left, right, 4_000)
    assert curve.log_likelihood >= slow - 1e-9


def test_counts_give_the_same_as_single_rows() -> None:
    single = turnbull([0, 0, 1, 1, 2], [1, 1, 3, 3, INFINITY])
    grouped = turnbull([0, 1, 2], [1, 3, INFINITY], [2, 2, 1])
    np.testing.assert_allclose(single.mass, grouped.mass)
    assert single.log_likelihood == pytest.approx(grouped.log_likelihood)


def test_mass_lies_only_where_a_left_end_is_followed_by_a_right_end() -> None:
    left, right = innermost_intervals(np.array([0.0, 2, 1]), np.array([3.0, 5, 2]))
    # (1, 2] and (2, 3]: an interval that ends at 2 and one that starts there do not meet.
    assert left.tolist() == [1, 2]
    assert right.tolist() == [2, 3]


def test_everybody_responds_at_the_first_score() -> None:
    curve = turnbull([0, 0], [1, 1])
    assert curve.mass.tolist() == [1]
    assert curve.median == (0, 1)
    assert curve.log_likelihood == 0


def test_nobody_responds() -> None:
    curve = turnbull([3, 7, 0], [INFINITY] * 3)
    assert curve.as_dict() == {"median": [7.0, None], "mass": [[7.0, None, 1.0]], "log_likelihood": 0.0}


def test_disjoint_intervals_are_the_empirical_distribution() -> None:
    curve = turnbull([0, 1, 2, 3], [1, 2, 3, 4])
    np.testing.assert_allclose(curve.mass, 0.25)
    assert curve.median == (1, 2)
    assert curve.log_likelihood == pytest.approx(4 * math.log(0.25))


def test_one_interval_and_none() -> None:
    assert turnbull([2], [5]).median == (2, 5)
    assert turnbull([], []).as_dict() == {"median": [None, None], "mass": [], "log_likelihood": None}


def test_an_empty_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="left end below"):
        turnbull([2], [2])


def test_twenty_thousand_distinct_intervals_converge() -> None:
    random = np.random.default_rng(3)
    left = random.random(20_000) * 50
    curve = turnbull(left, left + 5 + random.random(20_000) * 20)
    assert curve.gap < 1e-3
    assert curve.mass.sum() == pytest.approx(1)


INTERVALS = st.lists(st.tuples(st.integers(0, 15), st.one_of(st.integers(1, 10), st.none())), min_size=1, max_size=40)


@given(INTERVALS)
def test_no_other_distribution_is_likelier(intervals: list[tuple[int, int | None]]) -> None:
    left = np.array([low for low, _ in intervals], dtype=float)
    right = np.array([INFINITY if width is None else low + width for low, width in intervals], dtype=float)
    curve = turnbull(left, right)
    mass_left, mass_right = innermost_intervals(left, right)
    holds = (mass_left >= left[:, None]) & (mass_right <= right[:, None])
    mass = np.zeros(mass_left.size)
    mass[np.searchsorted(mass_left, curve.left)] = curve.mass
    assert mass.sum() == pytest.approx(1)
    assert np.log(holds @ mass).sum() == pytest.approx(curve.log_likelihood)
    # Kuhn and Tucker: no point of mass would raise the likelihood.
    assert (holds / (holds @ mass)[:, None]).sum(axis=0).max() <= len(intervals) * (1 + 1e-6)
