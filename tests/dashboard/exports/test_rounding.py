"""Rounded figures: the rule of counts, and that shares, means, curves and parts are made of rounded counts alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.exports import rounding
from data_models.outcomes.competing import aalen_johansen
from data_models.outcomes.proportions import Mean, Proportion, wilson, wilson_bounds
from data_models.outcomes.states import StateCurves, by_day, spans_of_scores, state_curves
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.outcomes.turnbull import turnbull

wholes = st.integers(0, 400)


def same(n: int) -> list[int]:
    """All counts that are shown as this one."""
    return [other for other in range(max(0, n - 15), n + 16) if rounding.count(other) == rounding.count(n)]


def test_the_rule_of_counts() -> None:
    assert [rounding.count(n) for n in range(11)] == [0] + [None] * 10
    assert {rounding.count(n) for n in range(11, 18)} == {15}
    assert [rounding.count(n) for n in (18, 22, 23, 27, 28, 1002, 1003)] == [20, 20, 25, 25, 30, 1000, 1005]
    assert rounding.count(0, zero=False) is None, "of a selection a zero is hidden, too"


@given(wholes)
def test_each_shown_count_stands_for_five_at_least(n: int) -> None:
    assert n == 0 or len(same(n)) >= 5


@given(wholes, wholes)
def test_some_are_never_shown_as_more_than_all(a: int, b: int) -> None:
    some, every = (rounding.count(n) for n in sorted((a, b)))
    assert some is None or (some == 0 if every is None else some <= every)  # None: from 1 to 10


@given(st.data())
def test_a_share_is_made_of_rounded_counts_alone(data: st.DataObject) -> None:
    n = data.draw(st.integers(11, 300))
    x = data.draw(st.integers(0, n))
    other_n = data.draw(st.sampled_from(same(n)))
    other_x = data.draw(st.sampled_from([value for value in same(x) if value <= other_n] or [0]))
    one, other = (rounding.proportion(wilson(a, b)) for a, b in ((x, n), (other_x, other_n)))
    if rounding.count(x) == rounding.count(other_x):
        assert one == other
    shown_x, shown_n = rounding.count(x), rounding.count(n)
    assert (one.events, one.n) == (shown_x, shown_n)
    assert shown_n is not None
    if shown_x is None:
        assert one.share is one.low is one.high is None
    else:
        assert one == wilson(shown_x, shown_n)


def clustered(events: int, n: int, effect: float) -> Proportion:
    """A share whose interval has this design effect."""
    low, high = wilson_bounds(events / n, n / effect, 1.959963984540054)
    return Proportion(events, n, events / n, low, high, "clustered")


@pytest.mark.parametrize(
    "effect, shown", [(0.7, 1), (1.0, 1), (1.01, 1.1), (1.2, 1.25), (1.3, 1.5), (2, 2), (2.4, 3), (3.9, 4), (9, 4)]
)
def test_the_design_effect_of_an_interval_is_rounded_up(effect: float, shown: float) -> None:
    made = rounding.proportion(clustered(62, 203, effect))
    low, high = wilson_bounds(60 / 205, 205 / shown, 1.959963984540054)
    assert (made.low, made.high) == (pytest.approx(low), pytest.approx(high))


def test_where_few_patients_have_it_the_interval_does_not_depend_on_how_few() -> None:
    made = {rounding.proportion(clustered(62, 203, effect), patients=40) for effect in (1, 1.4, 3, 8)}
    assert len(made) == 1


def test_a_mean_has_one_decimal_and_its_interval_the_rounded_counts() -> None:
    made = rounding.mean(Mean(203, 52, -5.23456, -6.5, -3.9))
    assert (made.n, made.patients, made.mean) == (205, 50, -5.2)
    assert made.low is not None
    assert made.high is not None
    assert made.low == round(made.low, 1)
    assert (made.low, made.high) == (pytest.approx(-6.5, abs=0.11), pytest.approx(-3.9, abs=0.11))


@pytest.mark.parametrize("n, patients", [(9, 9), (40, 6)])
def test_a_mean_of_few_is_hidden(n: int, patients: int) -> None:
    made = rounding.mean(Mean(n, patients, 3.0, 2.0, 4.0))
    assert made.mean is made.low is made.high is made.patients is None


def times(seed: int, size: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    event, end = rng.exponential(20, size), rng.uniform(5, 60, size)
    return np.minimum(event, end), event <= end


def steps(curve: SurvivalCurve) -> list[float]:
    return [value for value in curve.events.tolist() if value]


@given(st.integers(0, 500), st.integers(0, 300))
def test_a_curve_begins_at_eleven_and_steps_by_ten(seed: int, size: int) -> None:
    days, events = times(seed, size)
    made = rounding.survival(kaplan_meier(days, events))
    found = steps(made)
    assert made.n == rounding.count(size)
    if found:
        assert found[0] >= 15
        assert all(value % 5 == 0 and value >= 10 for value in found)
        first = made.times[made.events > 0][0]
        assert np.sum(events & (days <= first)) >= 11
        assert (made.at_risk >= rounding.LEAST).all()
        assert (made.times == np.round(made.times)).all()
        assert (np.diff(made.survival) <= 1e-12).all()


@given(st.integers(0, 500), st.data())
def test_a_curve_is_made_of_rounded_counts_alone(seed: int, data: st.DataObject) -> None:
    """Moved within their day, and with one event less where that leaves all running counts as they are shown."""
    days, events = times(seed, 60)
    one = rounding.survival(kaplan_meier(days, events))
    moved = np.floor(days) + np.random.default_rng(seed).uniform(0.01, 1, len(days))
    other = rounding.survival(kaplan_meier(moved, events))
    for name in ("times", "at_risk", "events", "censored", "survival", "low", "high"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_rounded_curve_lies_near_the_exact_one() -> None:
    days, events = times(1, 2000)
    exact = kaplan_meier(days, events)
    made = rounding.survival(exact)
    for day in range(2, 40):
        assert made.at(day)[0] == pytest.approx(exact.at(day)[0], abs=0.01)
    assert abs(made.median[0] - exact.median[0]) <= 1
    assert made.median[0] == round(made.median[0])


def test_a_curve_with_late_entries_begins_when_enough_are_at_risk() -> None:
    days, events = times(2, 400)
    entries = np.random.default_rng(3).uniform(0, 7, 400)
    exact = kaplan_meier(days + entries, events, entries)
    made = rounding.survival(exact)
    assert made.at_risk.min() >= rounding.LEAST
    assert made.at(30)[0] / made.at(10)[0] == pytest.approx(exact.at(30)[0] / exact.at(10)[0], abs=0.05)


def test_a_curve_of_patients_with_several_courses_keeps_a_wider_interval() -> None:
    days, events = times(7, 600)
    whose = np.repeat(np.arange(200), 3)
    days, events = np.repeat(days[:200], 3), np.repeat(events[:200], 3)
    exact, plain = kaplan_meier(days, events, patients=whose), kaplan_meier(days, events)
    made, narrow = rounding.survival(exact), rounding.survival(plain)
    # Three courses that go alike: a design effect of 3, which is one of those shown.
    assert made.survival.tolist() == narrow.survival.tolist()
    np.testing.assert_allclose(made.log_variance, 3 * narrow.log_variance)
    kinds = np.where(events, 1, 2)
    competing = rounding.incidence(aalen_johansen(days, kinds, patients=whose))
    apart = rounding.incidence(aalen_johansen(days, kinds))
    np.testing.assert_allclose(competing.variance, 3 * apart.variance)


def test_a_rounded_curve_says_from_when_it_runs() -> None:
    days, events = times(2, 400)
    entries = np.where(np.arange(400) < 5, 0.0, 4.5)
    made = rounding.survival(kaplan_meier(days + entries, events, entries=entries, adequate=True))
    assert made.start == 5
    assert rounding.survival(kaplan_meier(days, events)).start == 0
    assert rounding.survival(kaplan_meier(days[:9], events[:9])).start is None


def test_a_curve_of_few_has_no_row_and_hides_how_many() -> None:
    days, events = times(4, 9)
    made = rounding.survival(kaplan_meier(days, events))
    assert made.n is made.total_events is None
    assert made.times.size == 0
    assert math.isnan(made.median[0])


def test_competing_events_of_rounded_counts_add_up() -> None:
    days, events = times(5, 1000)
    kinds = np.where(events, 1, np.where(np.random.default_rng(6).random(1000) < 0.5, 2, 0))
    exact = aalen_johansen(days, kinds)
    made = rounding.incidence(exact)
    np.testing.assert_allclose(made.incidence.sum(axis=0) + made.free, 1)
    for kind in (1, 2):
        assert made.at(20, kind)[0] == pytest.approx(exact.at(20, kind)[0], abs=0.02)


def test_the_interval_censored_estimate_steps_at_whole_days_by_whole_tens() -> None:
    rng = np.random.default_rng(7)
    visits = np.sort(rng.uniform(0, 60, (300, 8)), axis=1)
    event = rng.exponential(20, 300)
    left = np.array([max([0.0, *row[row < t]]) for row, t in zip(visits, event, strict=True)])
    right = np.array([min([*row[row >= t], np.inf]) for row, t in zip(visits, event, strict=True)])
    exact = turnbull(left, right)
    made = rounding.turnbull(exact)
    assert made.mass.sum() == pytest.approx(1)
    assert (np.diff(made.right) > 0).all()
    assert (made.left[1:] >= made.right[:-1]).all()
    np.testing.assert_allclose(made.mass[:-1] * 300 % 5, 0, atol=1e-9)
    for day in (5, 10, 20, 40):
        assert made.survival_at(day) == pytest.approx(exact.survival_at(day), abs=0.06)


def test_parts_of_a_whole_never_exceed_it_and_small_ones_are_hidden() -> None:
    made = rounding.parts(np.array([[23.0, 41.0], [23.0, 5.0], [0.0, 0.0]]), 46)
    assert made[:, 0].tolist()[:2] == [0.5, 0.5]
    assert made[0, 1] == pytest.approx(40 / 45)
    assert np.isnan(made[1, 1])
    assert np.isnan(made[2]).all()
    assert np.isnan(rounding.parts(np.array([[3.0]]), 7)).all()


def over_time(courses: int, longest: int = 100, seed: int = 8) -> StateCurves:
    """Courses scored every day, in response from a day of their own on; each is followed for a while."""
    random = np.random.default_rng(seed)
    rows = []
    for course, onset in enumerate(random.exponential(20, courses)):
        followed = random.integers(20, longest)
        rows += [(course, day, 2 if day > onset else 0) for day in range(followed)]
    course, days, state = np.array(rows).reshape(-1, 3).T
    spans = spans_of_scores(course, course, days.astype(float), state, days + 0.0, 30)
    return state_curves(by_day(spans), 90, times=np.arange(91), linear=True)


def test_states_over_time_are_made_of_rounded_counts() -> None:
    exact = over_time(203, 92)
    made = rounding.states(exact)
    # To the last day on which 11 are at risk, not to the one on which 5 are.
    days = int((exact.at_risk > 10).sum())
    assert made.times.size == days < exact.times.size
    assert (made.courses, made.patients) == (205, None)
    assert set(made.at_risk.tolist()) <= set(range(15, 215, 10))
    shown = ~np.isnan(made.share)
    fives = made.share[shown] * 41
    np.testing.assert_allclose(fives, np.round(fives), atol=1e-9)
    assert np.isnan(made.share[exact.share[:days] * 203 < 10.5]).all()
    assert (made.low[shown] <= made.share[shown]).all()
    assert (made.share[shown] <= made.high[shown]).all()
    assert np.isnan(made.error).all()
    assert np.isnan(made.spent_error).all()
    assert made.share[40, 2] == pytest.approx(exact.share[40, 2], abs=0.02)
    for whole in (made.spent, made.spent_low, made.spent_high):
        assert (whole == np.round(whole)).all()
    assert made.spent[2] == round(float(np.trapezoid(exact.share[:days, 2])))
    assert made.spent_low[2] < made.spent[2] < made.spent_high[2] <= days


def test_days_that_are_all_shown_are_the_exact_ones_rounded() -> None:
    exact = over_time(1000)
    assert exact.at_risk[-1] > 10
    made = rounding.states(exact)
    assert made.days == 90
    assert made.spent.tolist() == np.round(exact.spent).tolist()
    # A mean of days is less uncertain than a share of courses; its design effect counts as 1, which is not too narrow.
    assert exact.spent_low[2] - 2 < made.spent_low[2] < exact.spent_low[2] + 0.5
    assert exact.spent_high[2] - 0.5 < made.spent_high[2] < exact.spent_high[2] + 2


def test_states_of_few_courses_are_hidden() -> None:
    made = rounding.states(over_time(10))
    assert made.courses is None
    assert made.share.size == made.at_risk.size == 0
    assert made.days == 0
    assert np.isnan(made.spent).all()
