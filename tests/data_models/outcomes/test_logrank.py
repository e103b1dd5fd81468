"""The log-rank test against statsmodels and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from data_models.outcomes.logrank import log_rank


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_statistic_equals_statsmodels(groups: int) -> None:
    survfunc = pytest.importorskip("statsmodels.duration.survfunc")
    random = np.random.default_rng(groups)
    n = 200
    entries = random.integers(0, 5, n).astype(float)
    times, events = entries + random.integers(1, 30, n), random.integers(0, 2, n)
    group = random.integers(0, groups, n)
    ours = log_rank(times, events, group, entries)
    statistic, p_value = survfunc.survdiff(times, events, group, entry=entries)
    assert ours.statistic == pytest.approx(statistic)
    assert ours.p_value == pytest.approx(p_value)
    assert ours.degrees == groups - 1


def test_two_groups_worked_by_hand() -> None:
    result = log_rank([1, 3, 2, 4], [1, 1, 1, 0], [0, 0, 1, 1])
    # Expected of the first: 2/4 at 1, 1/3 at 2, 1/2 at 3.
    assert result.expected[0] == pytest.approx(1 / 2 + 1 / 3 + 1 / 2)
    assert result.observed == (2, 1)
    variance = 1 / 4 + 2 / 9 + 1 / 4
    assert result.statistic == pytest.approx((2 - 4 / 3) ** 2 / variance)


def test_equal_groups_do_not_differ() -> None:
    result = log_rank([1, 2, 3] * 2, [1, 0, 1] * 2, [0, 0, 0, 1, 1, 1])
    assert result.statistic == pytest.approx(0)
    assert result.p_value == pytest.approx(1)


def test_nothing_to_compare_has_no_p_value() -> None:
    assert log_rank([5, 6], [0, 0], [0, 1]).p_value is None
    assert log_rank([5], [1], [0]).p_value is None
    assert log_rank([], [], []).p_value is None


def test_a_third_group_that_is_never_at_risk_takes_no_degree_of_freedom() -> None:
    result = log_rank([1, 3, 2, 4, 90], [1, 1, 1, 0, 0], [0, 0, 1, 1, 2], [0, 0, 0, 0, 80])
    assert result.degrees == 1
