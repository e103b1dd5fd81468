"""Times as whole ticks, and keys of a patient and a time."""

from __future__ import annotations

import numpy as np
import pytest

from data_models.outcomes.clock import FAR, MOST_GROUPS, day_ticks, days, key, ticks


def test_keys_sort_by_group_and_then_by_time_whatever_the_sign() -> None:
    group = np.array([0, 0, 0, 0, 1, 1])
    at = np.concatenate((ticks([-8760, -0.0001, 0, 525_600]), ticks([-8760, 0])))
    keys = key(group, at)
    assert (np.diff(keys) > 0).all()
    assert key(np.array([0]), np.array([FAR]))[0] < keys[4]
    assert key(np.array([0]), np.array([FAR]))[0] > keys[3]


def test_more_groups_than_fit_are_refused() -> None:
    assert key(np.array([MOST_GROUPS - 1]), ticks([0])).size == 1
    with pytest.raises(ValueError, match="smaller slices of patients"):
        key(np.array([0, MOST_GROUPS]), ticks([0, 0]))
    assert key(np.zeros(0, dtype=np.int64), ticks([])).size == 0


def test_a_day_has_24_hours() -> None:
    assert days(ticks([36.0])).tolist() == [1.5]
    assert day_ticks(1.5) == ticks([36.0])[0]
