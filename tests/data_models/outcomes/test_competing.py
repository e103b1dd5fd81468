"""Aalen-Johansen against statsmodels, a direct double sum, and cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from data_models.outcomes.competing import CumulativeIncidence, aalen_johansen, aalen_johansen_of
from data_models.outcomes.risk_sets import followed
from data_models.outcomes.survival import kaplan_meier


def double_sum_variance(result: CumulativeIncidence, row: int) -> list[float]:
    """Marubini and Valsecchi's formula as printed, one time after another."""
    before = [1.0, *result.free[:-1].tolist()]
    values = []
    for t in range(result.times.size):
        total = 0.0
        for i in range(t + 1):
            r, d, dk = result.at_risk[i], result.events[:, i].sum(), result.events[row, i]
            gap = result.incidence[row, t] - result.incidence[row, i]
            if r > d:
                total += gap**2 * d / (r * (r - d))
            total += before[i] ** 2 * dk * (r - dk) / r**3 - 2 * gap * before[i] * dk / r**2
        values.append(total)
    return values


def random_courses(seed: int, n: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    entries = random.integers(0, 8, n).astype(float)
    return entries + random.integers(1, 40, n), random.integers(0, 3, n), entries


def test_three_courses_worked_by_hand() -> None:
    # Lost at 1 of 3; re-treated at 2 of 2: 1/3 lost, 2/3 x 1/2 re-treated.
    result = aalen_johansen([1, 2, 3], [1, 2, 0])
    assert result.incidence[:, -1].tolist() == pytest.approx([1 / 3, 1 / 3])
    assert result.free[-1] == pytest.approx(1 / 3)


def test_shares_sum_to_one_at_every_time() -> None:
    times, kinds, entries = random_courses(1)
    result = aalen_johansen(times, kinds, entries=entries)
    np.testing.assert_allclose(result.incidence.sum(axis=0) + result.free, 1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_variance_of_counts_equals_the_printed_double_sum(seed: int) -> None:
    times, kinds, entries = random_courses(seed)
    result = aalen_johansen_of(followed(times, kinds, entries=entries).table(3))
    for row in (0, 1):
        np.testing.assert_allclose(result.variance[row], double_sum_variance(result, row), atol=1e-12)


def test_incidence_equals_statsmodels_without_delayed_entry() -> None:
    survfunc = pytest.importorskip("statsmodels.duration.survfunc")
    times, kinds, _ = random_courses(5)
    ours = aalen_johansen(times, kinds)
    theirs = survfunc.CumIncidenceRight(times, kinds)
    at = np.searchsorted(ours.times, theirs.times)
    for row in (0, 1):
        np.testing.assert_allclose(ours.incidence[row][at], theirs.cinc[row], atol=1e-12)


def test_without_competition_it_is_one_minus_kaplan_meier_with_greenwoods_variance() -> None:
    times, kinds, entries = random_courses(4)
    events = (kinds == 1).astype(int)
    table = followed(times, events, entries=entries).table(3)
    ours, curve = aalen_johansen_of(table), kaplan_meier(times, events, entries=entries)
    np.testing.assert_allclose(ours.incidence[0], 1 - curve.survival, atol=1e-12)
    alive = curve.survival > 1e-9
    np.testing.assert_allclose(np.sqrt(ours.variance[0][alive]), curve.standard_error[alive], atol=1e-9)
    inside = ~np.isnan(ours.low[0])
    np.testing.assert_allclose(ours.low[0][inside], 1 - curve.high[inside], atol=1e-9)


def test_censoring_retreatment_always_overstates_the_share_lost() -> None:
    times, kinds, _ = random_courses(9)
    competing = aalen_johansen(times, kinds)
    naive = kaplan_meier(times, kinds == 1)
    assert (1 - naive.survival >= competing.incidence[0] - 1e-12).all()
    assert 1 - naive.survival[-1] > competing.incidence[0][-1] + 0.05


def test_nobody_followed_and_nobody_lost() -> None:
    assert aalen_johansen([], []).as_rows(("loss", "retreated"), "in_response") == []
    (row,) = aalen_johansen([5] * 3, [0] * 3).as_rows(("loss", "retreated"), "in_response")
    assert row.pop("days") == 5
    assert row.pop("at_risk") == 3
    assert {key: row.pop(key) for key in ("loss", "retreated", "in_response")} == {
        "loss": 0.0,
        "retreated": 0.0,
        "in_response": 1.0,
    }
    # No interval where nobody or everybody is in a state, as in R.
    assert row == {f"{state}_{end}": None for state in ("loss", "retreated", "in_response") for end in ("low", "high")}


def test_each_state_has_its_interval_in_the_rows() -> None:
    result = aalen_johansen([1, 2, 3, 4, 5, 6], [1, 2, 0, 1, 2, 0])
    row = result.as_rows(("loss", "retreated"), "in_response")[3]
    assert (row["days"], row["at_risk"]) == (4, 3)
    for state in ("loss", "retreated", "in_response"):
        assert 0 < row[f"{state}_low"] < row[state] < row[f"{state}_high"] < 1


def test_all_lost_at_once() -> None:
    result = aalen_johansen([2] * 4, [1] * 4)
    assert result.at(2, 1)[0] == 1
    assert result.at(1, 1)[0] == 0
    assert result.variance[0].tolist() == [0]


def test_a_curve_does_not_start_with_one_person() -> None:
    # Issue 14: 39 patients in response on days 10 to 60, one scored on day 1 and treated again on day 5.
    times, kinds, entries = [60] * 39 + [5], [0] * 39 + [2], [10] * 39 + [1]
    plain = aalen_johansen(times, kinds, entries=entries)
    assert plain.free[-1] == 0
    result = aalen_johansen(times, kinds, entries=entries, adequate=True)
    assert (result.start, result.n) == (10, 40)
    assert result.times.tolist() == [60]
    assert result.free.tolist() == [1]


def test_a_curve_starts_at_ten_of_those_still_free_and_stops_below_five() -> None:
    # One enters a day and leaves on day 20 + 2 i, but the first on day 5: before ten are at risk.
    entries = np.arange(14.0)
    times, kinds = 20 + 2 * entries, np.tile([1, 2], 7)
    times[0] = 5
    result = aalen_johansen(times, kinds, entries=entries, adequate=True)
    assert result.start == 10  # entries at 1 to 10: ten are at risk after day 10
    assert result.at_risk.tolist() == [13, 12, 11, 10, 9, 8, 7, 6, 5]
    curve = kaplan_meier(times, kinds == 1, entries=entries, adequate=True)
    assert curve.start == 10
    np.testing.assert_array_equal(curve.times, result.times)
    assert curve.total_events == curve.events.sum() == 4
    # Of those free on day 10: the product begins at 1 there.
    assert curve.survival[1] == pytest.approx(1 - 1 / 12)


def test_a_curve_of_nine_never_starts() -> None:
    for entries in (None, [1] * 9):
        result = aalen_johansen([5] * 9, [1] * 9, entries=entries, adequate=True)
        assert (result.start, result.n, result.times.size) == (None, 9, 0)
        curve = kaplan_meier([5] * 9, [1] * 9, entries=entries, adequate=True)
        assert (curve.start, curve.n, curve.total_events) == (None, 9, 0)
