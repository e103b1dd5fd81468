"""Bins, clustered means and medians of the change since the pre-session score."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest

from data_models.definitions.rules import FADE_BINS_DAYS
from data_models.outcomes.fade import fade_rows, median_of_counts
from data_models.outcomes.proportions import PatientSums


@pytest.mark.parametrize("values", [[-5], [-5, 0], [-5, -5, 0], [1, 2, 2, 9], [0, 0, 3, 3], [4, 1, 1, 1, 7, 7]])
def test_median_of_counts_equals_the_median_of_the_values(values: list[float]) -> None:
    counts = {float(value): values.count(value) for value in values}
    assert median_of_counts(counts) == median(values)


def test_median_of_nothing_is_none() -> None:
    assert median_of_counts({}) is None


def test_every_bin_has_a_row_and_empty_bins_have_no_mean() -> None:
    rows = fade_rows({}, {})
    assert [(row["from_days"], row["to_days"]) for row in rows] == list(FADE_BINS_DAYS)
    assert all(row["scores"] == 0 and row["mean"] is None and row["median"] is None for row in rows)


def test_the_interval_counts_patients_not_scores() -> None:
    # Four patients, 25 scores each, every patient's scores equal: four values, not a hundred.
    values = np.array([-8.0, -4.0, -2.0, 2.0])
    x, n = values * 25, np.full(4, 25.0)
    sums = PatientSums(4, x.sum(), n.sum(), (x * x).sum(), (x * n).sum(), (n * n).sum())
    row = fade_rows({5: sums}, {5: {-8.0: 25, -4.0: 25, -2.0: 25, 2.0: 25}})[5]
    half = 3.182446305284263 * values.std(ddof=1) / 2
    assert (row["scores"], row["patients"]) == (100, 4)
    assert (row["from_days"], row["to_days"]) == (5, 7)
    assert row["mean"] == pytest.approx(-3)
    assert (row["low"], row["high"]) == (pytest.approx(-3 - half), pytest.approx(-3 + half))
    assert row["median"] == -3
