"""Bins, clustered means and medians of the change since the pre-session score."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest

from data_models.definitions.rules import FADE_BINS_DAYS
from data_models.outcomes.fade import fade_bins, median_of_counts, observed_bins
from data_models.outcomes.fade_model import FadeScores, fit_fade
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


def test_what_was_seen_and_in_whom() -> None:
    """Thirty patients fade by 1% a day from a level of their own; those who stay high alone are scored after day 20."""
    patient = np.repeat(np.arange(30), 5)
    since = np.tile([0.5, 6.0, 9.0, 22.0, 42.0], 30)
    level = np.where(patient % 3 == 0, 0.9, 0.5)
    keep = (since < 20) | (level > 0.8)
    improvement = level - 0.01 * since + 0.01 * np.cos(3 * np.arange(150))
    one = np.ones(150, dtype=int)
    scores = FadeScores(patient, one, one, since, improvement, np.full(150, 20.0)).of(keep)
    fit = fit_fade(scores)
    assert fit is not None
    seen = {bin.from_days: bin for bin in observed_bins(scores, fit) if bin.improvement.n}
    assert {day: (bin.improvement.n, bin.improvement.patients) for day, bin in seen.items()} == {
        0: (30, 30), 5: (30, 30), 7: (30, 30), 21: (10, 10), 42: (10, 10),
    }  # fmt: skip
    assert seen[5].improvement.mean == pytest.approx(improvement[since == 6].mean())
    assert seen[5].after == pytest.approx(0.633 - 0.01, abs=0.02)
    assert seen[21].after == pytest.approx(0.9 - 0.01, abs=0.03), "the model tells that these do better"
    assert seen[42].after is None
    plain = {bin.from_days: bin for bin in observed_bins(scores, None) if bin.improvement.n}
    assert [bin.improvement for bin in plain.values()] == [bin.improvement for bin in seen.values()]
    assert all(bin.after is None for bin in plain.values())


def test_what_the_model_says_of_a_span_with_one_score_is_said_of_that_score() -> None:
    patient, since = np.repeat(np.arange(30), 4), np.tile([0.5, 3.5, 6.0, 9.0], 30)
    since[3] = 22.0
    one, improvement = np.ones(120, dtype=int), 0.6 - 0.01 * since + 0.1 * (patient % 3)
    scores = FadeScores(patient, one, one, since, improvement, np.full(120, 20.0))
    fit = fit_fade(scores)
    assert fit is not None
    (alone,) = [bin for bin in observed_bins(scores, fit) if bin.improvement.n == 1]
    assert (alone.from_days, alone.after) == (21, pytest.approx(0.6, abs=0.05))


def test_early_sessions_are_not_among_what_was_seen_after_settled_ones() -> None:
    patient, since = np.repeat(np.arange(25), 2), np.full(50, 1.5)
    number = np.tile([1, 6], 25)
    y = np.tile([0.1, 0.6], 25)
    bins = observed_bins(FadeScores(patient, np.ones(50, dtype=int), number, since, y, np.full(50, 10.0)), None)
    (held,) = [bin.improvement for bin in bins if bin.improvement.n]
    assert (held.n, held.mean) == (25, pytest.approx(0.6))
    assert held.low is not None
    assert 0.5 < held.low < 0.6, "identical values still have an interval, of a point's rounding"
