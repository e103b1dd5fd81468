"""Bins, clustered means and medians of the change since the pre-session score."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest

from data_models.definitions.rules import FADE_BINS_DAYS
from data_models.outcomes.fade import fade_bins, median_of_counts
from data_models.outcomes.proportions import PatientSums


@pytest.mark.parametrize("values", [[-5], [-5, 0], [-5, -5, 0], [1, 2, 2, 9], [0, 0, 3, 3], [4, 1, 1, 1, 7, 7]])
def test_median_of_counts_equals_the_median_of_the_values(values: list[float]) -> None:
    counts = {float(value): values.count(value) for value in values}
    assert median_of_counts(counts) == median(values)


def test_median_of_nothing_is_none() -> None:
    assert median_of_counts({}) is None


def test_every_bin_has_a_row_and_empty_bins_have_no_mean() -> None:
    bins = fade_bins({}, {})
    assert [(one.from_days, one.to_days) for one in bins] == list(FADE_BINS_DAYS)
    assert all(one.change.n == 0 and one.change.mean is None and one.median is None for one in bins)


def test_the_interval_counts_patients_not_scores() -> None:
    # Four patients, 25 scores each, every patient's scores equal: four values, not a hundred.
    values = np.array([-8.0, -4.0, -2.0, 2.0])
    x, n = values * 25, np.full(4, 25.0)
    sums = PatientSums(4, x.sum(), n.sum(), (x * x).sum(), (x * n).sum(), (n * n).sum())
    one = fade_bins({5: sums}, {5: {-8.0: 25, -4.0: 25, -2.0: 25, 2.0: 25}})[5]
    half = 3.182446305284263 * values.std(ddof=1) / 2
    assert (one.change.n, one.change.patients) == (100, 4)
    assert (one.from_days, one.to_days) == (5, 7)
    assert one.change.mean == pytest.approx(-3)
    assert (one.change.low, one.change.high) == (pytest.approx(-3 - half), pytest.approx(-3 + half))
    assert one.median == -3
