"""Differences of groups in what curves say: by hand, beside a bootstrap over patients, and false alarms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.outcomes.differences import UNKNOWN, by_day, less_first, spent
from data_models.outcomes.interval_censored import IntervalCurve, interval_curve
from data_models.outcomes.proportions import Difference, Proportion, difference, wilson
from data_models.outcomes.states import Spans, state_curves

FOUR, SIX = wilson(40, 100), wilson(60, 100)


def ends(of: Difference | None) -> tuple[float, float, float]:
    assert of is not None
    assert of.difference is not None
    assert of.low is not None
    assert of.high is not None
    return of.difference, of.low, of.high


def test_of_two_groups_it_is_the_difference_of_rates() -> None:
    assert less_first([FOUR, SIX]).of == (None, difference(SIX, FOUR))


def test_several_are_held_to_what_holm_asks_for() -> None:
    """The surest of three at 5/3%, the next at 5/2%; that one is not told from 0, so the third is held to it, too."""
    quantiles = {1: 1.959964, 2: 2.241403, 3: 2.393980}  # R: qnorm(1 - 0.025 / c(1, 2, 3))
    found = less_first([FOUR, wilson(50, 100), SIX, FOUR])
    assert found.first == 0
    for place, (share, left) in enumerate([(wilson(50, 100), 2), (SIX, 3), (FOUR, 2)], start=1):
        value, low, high = ends(difference(share, FOUR))
        wide = quantiles[left] / quantiles[1]
        expected = (value, value - wide * (value - low), value + wide * (high - value))
        assert ends(found.of[place]) == pytest.approx(expected)
    assert ends(found.of[2])[1] > 0


def test_groups_without_a_share_or_interval_are_passed_over() -> None:
    bare = Proportion(3, 4, 0.75, None, None, "clustered")
    found = less_first([UNKNOWN, FOUR, bare, SIX])
    assert (found.first, found.of) == (1, (None, None, None, difference(SIX, FOUR)))
    assert found.told
    assert not less_first([UNKNOWN, FOUR]).told
    assert less_first([]).first is less_first([UNKNOWN]).first is None


counts = st.tuples(st.integers(0, 30), st.integers(1, 30)).map(lambda of: wilson(min(of), of[1]))


@given(st.lists(counts, min_size=2, max_size=6))
def test_each_interval_holds_its_difference_and_is_never_narrower_than_alone(groups: list[Proportion]) -> None:
    for share, one in zip(groups[1:], less_first(groups).of[1:], strict=True):
        value, low, high = ends(one)
        alone = ends(difference(share, groups[0]))
        assert value == alone[0]
        assert -1 <= low <= max(-1, alone[1]) + 1e-12
        assert min(1, alone[2]) - 1e-12 <= high <= 1


def curve_of(left: np.ndarray, right: np.ndarray, patients: np.ndarray) -> IntervalCurve:
    return interval_curve(left, right, patients)


def test_a_curve_s_share_is_that_of_a_row_and_days_are_a_share_of_all() -> None:
    left, right = np.tile([0.0, 7.0], 20), np.tile([7.0, math.inf], 20)
    curve = curve_of(left, right, np.arange(40))
    assert by_day(curve, 7).share == pytest.approx(0.5)
    assert by_day(curve, 9) is UNKNOWN
    # Ten courses in response for all 8 days, ten for 4 of them and then in none.
    course = np.repeat(np.arange(20), np.repeat([1, 2], 10))
    half = course >= 10
    second = np.append(False, course[1:] == course[:-1])
    start, stop = np.where(second, 4.0, 0.0), np.where(half & ~second, 4.0, 8.0)
    state, following = np.where(second, 0, 2), np.where(half & ~second, 0, -1)
    spans = Spans(course, course, start, stop, state, following, stop)
    share = spent(state_curves(spans, 8.0), 2)
    assert share.share == pytest.approx(0.75)
    assert share.low is not None
    assert spent(state_curves(Spans._make(column[:0] for column in spans), 0.0), 2) is UNKNOWN


def drawn(random: np.random.Generator, patients: int, mean: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Onsets scored daily to day 28, a patient's two courses alike."""
    own = random.exponential(mean, patients)
    times = np.repeat(own, 2) * random.choice([1.0, 2.0], 2 * patients)
    seen = np.minimum(np.floor(times), 28.0)
    return seen, np.where(times < 28, seen + 1, math.inf), np.repeat(np.arange(patients), 2)


def test_the_interval_is_as_wide_as_a_bootstrap_over_patients_says() -> None:
    """Each patient has two courses that go alike: taken as two patients they would give 0.7 of this width."""
    random = np.random.default_rng(4)
    groups = [drawn(random, 60, mean) for mean in (8.0, 14.0)]
    _, low, high = ends(less_first([by_day(curve_of(*of), 7) for of in groups]).of[1])
    apart = []
    for _ in range(150):
        shares = []
        for left, right, _ in groups:
            at = (2 * random.integers(0, 60, 60)[:, None] + [0, 1]).ravel()
            shares.append(curve_of(left[at], right[at], np.repeat(np.arange(60), 2)).at(7.0)[0])
        apart.append(shares[1] - shares[0])
    # The standard deviation of 150 is known to 6%.
    assert (high - low) / 3.92 == pytest.approx(np.std(apart, ddof=1), rel=0.15)


def test_groups_drawn_by_lot_are_told_apart_in_one_of_twenty() -> None:
    """`tests/benchmarks/group_differences.py` does so from records, with more draws; here with two courses each."""
    random = np.random.default_rng(7)
    alarms = 0
    for _ in range(300):
        _, low, high = ends(less_first([by_day(curve_of(*drawn(random, 50, 10.0)), 7) for _ in range(2)]).of[1])
        alarms += low > 0 or high < 0
    assert 0.02 <= alarms / 300 <= 0.08
