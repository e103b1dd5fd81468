"""The interval-censored curve against Kaplan-Meier, Turnbull's estimate, cases by hand, and simulated clinics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.outcomes import interval_censored, piecewise_hazard
from data_models.outcomes.interval_censored import IntervalCurve, interval_curve
from data_models.outcomes.proportions import wilson_bounds
from data_models.outcomes.survival import kaplan_meier
from data_models.outcomes.turnbull import turnbull

INFINITY = float("inf")
Floats = np.ndarray


def test_forty_courses_of_which_half_lose_it_between_the_scores_of_days_1_and_5() -> None:
    # Issue 14, case 1: scored on days 1, 5, 10, 20, 30 after the last session; PHQ-9 5, 14, 16, 18, 19, or always 5.
    curve = interval_curve([1] * 20 + [30] * 20, [5] * 20 + [INFINITY] * 20, entries=[1] * 40)
    assert curve.start == 1
    assert (curve.n, curve.total_events) == (40, 20)
    share, low, high = curve.at(28)
    assert share == pytest.approx(0.5)
    # Wilson's interval of 20 in 40.
    assert (low, high) == (pytest.approx(0.352, abs=5e-4), pytest.approx(0.648, abs=5e-4))
    assert curve.at(3)[1:] == (0.0, high), "between the scores of days 1 and 5 nothing is known but that"
    assert curve.median[0] == pytest.approx(5)
    assert curve.median_within == (1, 5)
    # All leave on day 30 with a score in response: the curve ends there.
    assert curve.times[-1] == 30


def points(seed: int = 1) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Times known to the thousandth of a day, with entries: (left, right, entries, exits, events, patients)."""
    random = np.random.default_rng(seed)
    exits = np.repeat(np.arange(3.0, 9.0), 60)
    events = np.tile(np.repeat([1.0, 0.0], [40, 20]), 6)
    entries = random.integers(0, 3, exits.size).astype(float)
    left = np.where(events == 1, exits - 0.001, exits)
    return left, np.where(events == 1, exits, INFINITY), entries, exits, events, random.integers(0, 250, exits.size)


def test_where_the_intervals_shrink_to_points_it_is_kaplan_meier_with_delayed_entry() -> None:
    left, right, entries, exits, events, patients = points()
    curve = interval_curve(left, right, patients, entries)
    exact = kaplan_meier(exits, events, entries=entries, patients=patients)
    for day in (3.0, 7.0):
        share, low, high = curve.at(day)
        survival = exact.at(day)[0]
        assert share == pytest.approx(1 - survival, abs=1e-9)
        # The same variance by patient: the effective number in Wilson's interval has it.
        z = 1.959963984540054
        middle, half = (low + high) / 2, (high - low) / 2
        size = z**2 * (1 - 2 * share) / (2 * (middle - share)) - z**2
        variance = exact.standard_error[np.searchsorted(exact.times, day)] ** 2
        variance = max(variance, share * (1 - share) / 360)  # 360 courses never say more than so many
        assert share * (1 - share) / size == pytest.approx(variance, rel=1e-6)
        assert half > 1.9 * math.sqrt(variance)


def test_where_all_are_scored_on_the_same_days_it_is_turnbulls_estimate() -> None:
    random = np.random.default_rng(5)
    visits = np.array([0.0, 3, 7, 14, 28, INFINITY])
    place = np.searchsorted(visits, random.weibull(0.7, 300) * 12) - 1
    left, right = visits[place], visits[place + 1]
    curve, masses = interval_curve(left, right), turnbull(left, right)
    for day in (3.0, 7.0, 14.0, 28.0):
        assert curve.at(day)[0] == pytest.approx(1 - masses.survival_at(day), abs=1e-7)
    assert curve.median_within == masses.median


def test_two_courses_of_a_patient_that_go_alike_say_no_more_than_one() -> None:
    left, right = np.array([0.0, 2, 5, 9] * 30), np.array([2.0, 5, 9, INFINITY] * 30)
    one, doubled = (
        interval_curve(left, right),
        interval_curve(np.tile(left, 2), np.tile(right, 2), np.tile(np.arange(120), 2)),
    )
    apart = interval_curve(np.tile(left, 2), np.tile(right, 2))
    np.testing.assert_allclose(one.low, doubled.low)
    np.testing.assert_allclose(one.high, doubled.high)
    assert apart.high[-1] - apart.low[-1] < 0.75 * (one.high[-1] - one.low[-1])


def test_the_bounds_are_wilsons_of_the_effective_number_at_each_edge() -> None:
    """Where the share is 0 or 1 the number is that of the next edge with a variance, or of the last."""
    share, variance = np.array([0.0, 0.2, 0.5, 1.0]), np.array([0.0, 0.01, 0.04, 0.0])
    size = share[1:3] / ((1 - share[1:3]) * variance[1:3])  # 25 courses of each
    low, high = interval_censored._bounds(share, variance, 40, 0.95)
    for edge, effective in ((1, size[0]), (2, size[1]), (3, size[1])):
        expected = wilson_bounds(share[edge], min(effective, 40), 1.959963984540054)
        found = [-math.expm1(-low[edge]), -math.expm1(-high[edge])]
        assert found == pytest.approx(list(expected), abs=1e-9)
    assert (low[0], high[0]) == (0, 0)


def test_a_curve_never_steps_on_a_risk_set_of_one() -> None:
    # Issue 14, case 2: 39 in response on days 10 to 60; one scored on day 1 loses it by day 5.
    curve = interval_curve([1] + [60] * 39, [5] + [INFINITY] * 39, entries=[1] + [10] * 39)
    assert curve.start == 10
    assert curve.share.max() == 0
    assert curve.times.tolist() == [10, 14, 28, 56, 60]
    assert 0.05 < curve.at(28)[2] < 0.12, "none of 39 is not surely none of all"
    assert interval_curve([1] * 9, [5] * 9, entries=[1] * 9).start is None


def test_it_stops_where_fewer_than_five_are_at_risk() -> None:
    left = [0.0] * 20 + [4.0] * 10 + [9.0] * 4 + [30.0]
    curve = interval_curve(left, [2.0] * 20 + [INFINITY] * 15)
    assert curve.times[-1] == 9
    assert curve.at_risk[-1] == 5


def test_what_happened_before_anybody_was_scored_is_not_known() -> None:
    random = np.random.default_rng(2)
    visits = 7 * np.arange(1, 5) + random.uniform(-1, 1, (100, 4))
    curve = read(visits, random.exponential(8, 100), np.arange(100))
    first = curve.times[curve.times > 5][0]
    assert curve.at(1.0)[1:] == curve.at(3.0)[1:] == (0.0, curve.at(float(first))[2])
    assert curve.at(1.0)[0] < curve.at(3.0)[0] < curve.at(float(first))[0]


@pytest.mark.parametrize(
    "left, right, entries, said",
    [([2], [2], None, "left end below"), ([INFINITY], [INFINITY], None, "left end below"), ([2], [3], [2.5], "entry")],
)
def test_ends_that_cannot_be_are_refused(
    left: list[float], right: list[float], entries: list[float], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        interval_curve(left, right, entries=entries)


def test_nobody_and_nobody_scored_give_an_empty_curve() -> None:
    for curve in (interval_curve([], []), interval_curve([0.0], [INFINITY]), interval_curve([], [], entries=[])):
        assert curve.times.size == 0
        assert math.isnan(curve.median[0])
        assert curve.as_rows() == []


COURSES = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 9), st.one_of(st.none(), st.integers(1, 9)), st.integers(0, 20)),
    max_size=60,
)


@given(COURSES, st.booleans())
def test_a_curve_rises_and_lies_within_its_interval(
    courses: list[tuple[int, int, int | None, int]], late: bool
) -> None:
    entry = np.array([first for first, *_ in courses], dtype=float)
    left = entry + np.array([more for _, more, *_ in courses], dtype=float)
    right = np.array(
        [low + wide if wide else INFINITY for low, (*_, wide, _) in zip(left, courses, strict=True)], dtype=float
    )
    curve = interval_curve(left, right, [whose for *_, whose in courses], entry if late else None)
    assert (np.diff(curve.share) >= -1e-12).all()
    assert (np.diff(curve.times) > 0).all()
    assert (curve.low <= curve.share + 1e-9).all()
    assert (curve.high >= curve.share - 1e-9).all()
    assert (curve.high[1:] > curve.low[1:]).all(), "a share has a width, at 0 and at 1, too"
    assert (curve.at_risk[1:] >= 5).all() or curve.times.size == 0
    middle, low, high = curve.median
    assert not low > middle
    assert not middle > high


def test_of_a_large_set_times_are_read_at_fewer_points_and_the_answer_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(7)
    visits = np.cumsum(random.uniform(0.5, 6, (3_000, 8)), axis=1)
    onset, whose = random.weibull(0.8, 3_000) * 15, random.integers(0, 2_500, 3_000)
    fine = read(visits, onset, whose)
    monkeypatch.setattr(piecewise_hazard, "_LARGE", 1_000)
    few = read(visits, onset, whose)
    width, exact = few.high - few.low, fine.high - fine.low
    assert (np.abs(few.share - fine.share) < 0.25 * exact)[1:].all()
    assert np.median(np.abs(width[1:] / exact[1:] - 1)) < 0.02


# --- does the interval hold the truth? ------------------------------------------------------------


def read(visits: Floats, onset: Floats, whose: Floats, entries: Floats | None = None) -> IntervalCurve:
    """The curve of what visits saw; NaN: no visit."""
    before = (visits < onset[:, None]).sum(axis=1)
    ends = np.column_stack(
        (np.zeros(onset.size), np.where(np.isnan(visits), INFINITY, visits), np.full(onset.size, INFINITY))
    )
    rows = np.arange(onset.size)
    return interval_curve(ends[rows, before], ends[rows, before + 1], whose, entries)


def clinic(random: np.random.Generator, weekly: bool, late: bool) -> tuple[IntervalCurve, list[float]]:
    """150 patients, a quarter with two courses that go alike, half of the courses just begun; and the truth by day.

    Two thirds respond, at Weibull times; or, where `late`, all lose it at such times, seen from their first score on.
    """
    whose = np.concatenate((np.arange(150), np.arange(38)))
    normal = math.sqrt(0.7) * random.standard_normal(150)[whose] + math.sqrt(0.3) * random.standard_normal(whose.size)
    chance = np.array([0.5 * math.erfc(-z / math.sqrt(2)) for z in normal])
    reached, scale = (1.0, 35.0) if late else (0.65, 6.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(chance < reached, scale * (-np.log(1 - chance / reached)) ** 1.25, INFINITY)
    first = random.uniform(0.2, 7, (whose.size, 1)) if late else 7 + random.uniform(-2, 2, (whose.size, 1))
    later = np.arange(1, 9) * 7 + random.uniform(-2, 2, (whose.size, 8))
    visits = (
        np.hstack((first, (first if late else 7) + later)) if weekly else np.tile(np.arange(1.0, 57), (whose.size, 1))
    )
    end = np.where(
        random.random(whose.size) < 0.5, random.uniform(3, 20, whose.size), random.uniform(28, 60, whose.size)
    )
    visits = np.where(visits <= end[:, None], visits, np.nan)
    seen = ~np.isnan(visits[:, 0]) & ((visits[:, 0] < times) | (not late))
    curve = read(visits[seen], times[seen], whose[seen], visits[seen, 0] if late else None)

    def share(day: float) -> float:
        return reached * (1 - math.exp(-((day / scale) ** 0.8)))

    start = share(curve.start or 0.0)
    return curve, [(share(day) - start) / (1 - start) for day in (7.0, 14.0, 28.0)]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("weekly", [False, True])
def test_the_interval_holds_the_truth(weekly: bool, late: bool) -> None:
    random = np.random.default_rng(14)
    held, errors = [], []
    for _ in range(250):
        curve, truth = clinic(random, weekly, late)
        rows = [curve.at(day) for day in (7.0, 14.0, 28.0)]
        held += [low <= true <= high for (_, low, high), true in zip(rows, truth, strict=True)]
        errors.append([share - true for (share, _, _), true in zip(rows, truth, strict=True)])
    # 250 clinics: a standard error of 1.4 points a day. The seed is fixed, so neither luck nor a machine decides.
    assert 0.93 <= np.mean(held) <= 0.985
    assert np.abs(np.mean(errors, axis=0)).max() < 0.025
