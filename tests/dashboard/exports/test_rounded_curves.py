"""Interval-censored curves of rounded counts: near the exact ones, in tens, and nothing of few."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dashboard.exports import rounding
from dashboard.exports.rounded_curves import interval_curve as rounded
from data_models.outcomes.interval_censored import IntervalCurve, interval_curve


def exact(n: int, seed: int = 7) -> IntervalCurve:
    """`n` courses entered by day 3, scored about every four days, lost after 20 days on average."""
    rng = np.random.default_rng(seed)
    visits = np.cumsum(rng.uniform(1, 6, (n, 20)), axis=1)
    entries = rng.uniform(0, 3, n)
    visits = np.column_stack((entries, entries[:, None] + visits))
    event = entries + rng.exponential(20, n)
    before = (visits < event[:, None]).sum(axis=1)
    ends = np.column_stack((visits, np.full(n, np.inf)))
    rows = np.arange(n)
    return interval_curve(ends[rows, before - 1], ends[rows, before], entries=entries)


def test_a_rounded_curve_lies_near_the_exact_one_and_tells_no_single_course() -> None:
    found = exact(400)
    made = rounded(found)
    assert made.n == 400
    assert made.start == math.ceil(found.start or 0)
    np.testing.assert_allclose(made.share[1:] * 400 % 10, 5, atol=1e-6)
    assert (np.diff(made.share) >= 0).all()
    assert (made.times == np.round(made.times)).all()
    assert made.at_risk.min() >= rounding.LEAST
    for day, share in zip(made.times.tolist(), made.share.tolist(), strict=True):
        assert share == pytest.approx(np.interp(day, found.times, found.share), abs=0.06)
    assert made.median[0] == pytest.approx(found.median[0], abs=3)
    width, wider = found.high[-1] - found.low[-1], made.high[-1] - made.low[-1]
    assert width * 0.9 < wider < width * 1.6
    assert made.median[1] < made.median[0] < made.median[2]


def test_a_course_more_or_less_is_not_seen() -> None:
    one, other = rounded(exact(400)), rounded(exact(401))
    assert one.n == other.n
    assert one.total_events == rounding.count(exact(400).total_events or 0)


@pytest.mark.parametrize("n", [0, 4, 9, 10])
def test_a_curve_of_few_has_no_row_and_hides_how_many(n: int) -> None:
    made = rounded(exact(n), zero=False)
    assert made.n is made.total_events is None
    assert made.times.size == 0
    assert math.isnan(made.median[0])


def test_up_to_ten_losses_are_not_drawn() -> None:
    few = interval_curve([0.0] * 8 + [30.0] * 92, [5.0] * 8 + [np.inf] * 92, entries=[0.0] * 100)
    made = rounded(few)
    assert made.total_events is None
    assert made.share.size == 0
