"""What was seen by days since the latest session, in bins: change from the pre-session score, improvement on baseline.

Means carry an interval clustered by patient (the ratio estimator's linearised variance with patients
as units, and the t quantile): one patient's scores resemble each other. They describe. Different people are in each
bin, so they do not tell how an effect fades; `fade_model` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_models.definitions.rules import FADE_BINS_DAYS
from data_models.outcomes.fade_model import LAST_DAY, FadeFit, FadeScores
from data_models.outcomes.proportions import Mean, PatientSums, clustered_mean

_NOBODY = PatientSums(0, 0, 0, 0, 0, 0)


def median_of_counts(counts: Mapping[float, int]) -> float | None:
    """Median of values given as value -> count; the mean of the two middle ones of an even number.

    Examples
    --------
    >>> median_of_counts({-5.0: 2, 0.0: 1})
    -5.0
    """
    total = sum(counts.values())
    if total == 0:
        return None
    lower, upper = (total - 1) // 2, total // 2
    seen, low = 0, None
    for value in sorted(counts):
        seen += counts[value]
        if low is None and seen > lower:
            low = value
        if seen > upper:
            return (low + value) / 2 if low is not None else value
    return None


@dataclass(frozen=True, slots=True)
class FadeBin:
    """Scores taken from `from_days` up to (not including) `to_days` after the latest session.

    Attributes
    ----------
    change : score minus the last score before the session, its mean with an interval clustered by patient;
        `n` counts scores.
    median : of the same changes; None without a score.
    """

    from_days: float
    to_days: float
    change: Mean
    median: float | None


def fade_bins(sums: Mapping[int, PatientSums], counts: Mapping[int, Mapping[float, int]]) -> tuple[FadeBin, ...]:
    """One element a bin of `FADE_BINS_DAYS`.

    Parameters
    ----------
    sums : place of the bin -> sums over patients of change (x, in points) and scores (n).
    counts : place of the bin -> change -> number of scores.

    Returns
    -------
    bins : in order of days; `change` in points, its interval by Cochran's (1977) ratio estimator.

    Examples
    --------
    Four patients with one score each in the first day after a session.

    >>> sums = {0: PatientSums(patients=4, x=-16, n=4, xx=98, xn=-16, nn=4)}
    >>> first, second = fade_bins(sums, {0: {-8.0: 1, -5.0: 1, -3.0: 1, 0.0: 1}})[:2]
    >>> first.to_days, first.change.mean, round(first.change.low, 2), first.median
    (1, -4.0, -9.36, -4.0)
    >>> second.change.n, second.median
    (0, None)
    """
    return tuple(
        FadeBin(start, end, clustered_mean(sums.get(place, _NOBODY)), median_of_counts(counts.get(place, {})))
        for place, (start, end) in enumerate(FADE_BINS_DAYS)
    )


@dataclass(frozen=True, slots=True)
class ObservedBin:
    """Scores taken from `from_days` up to (not including) `to_days` after a session, and whose they are.

    Attributes
    ----------
    improvement : share of the course's baseline that is gone, its mean with an interval clustered by patient.
    after : what the model says of the same sessions of the same patients on the day of `FadeCurve.after`: where it
        differs from the population's, others are in this bin than usual. None without a model.
    """

    from_days: float
    to_days: float
    improvement: Mean
    after: float | None


def observed_bins(scores: FadeScores, fit: FadeFit | None) -> tuple[ObservedBin, ...]:
    """One element a bin of `FADE_BINS_DAYS`, of sessions from number `settled_from` on.

    Examples
    --------
    Two patients scored a day after a session, one of them a week after it, too.

    >>> one = np.ones(3, dtype=np.int64)
    >>> since, improved = np.array([1.5, 1.5, 8.0]), np.array([0.4, 0.6, 0.5])
    >>> bins = observed_bins(FadeScores(np.array([1, 2, 2]), one, one, since, improved, 20.0 * one), None)
    >>> [(one.from_days, one.improvement.n, one.improvement.mean) for one in bins if one.improvement.n]
    [(1, 2, 0.5), (7, 1, 0.5)]
    """
    settled = scores.of(scores.number >= scores.settled_from)
    place, step = _bin(settled.since), scores.step if len(scores.since) else 1.0
    after = np.full(len(FADE_BINS_DAYS), np.nan)
    if fit is not None:
        # A bin that begins where the model ends would be told by its first moment.
        counted = (fit.scores.number >= fit.settled_from) & (fit.scores.since < LAST_DAY)
        at = _bin(fit.scores.since[counted])
        sums = np.bincount(at, fit.after_each()[counted], minlength=len(after))
        after[np.unique(at)] = (sums / np.maximum(np.bincount(at, minlength=len(after)), 1))[np.unique(at)]
    return tuple(
        ObservedBin(
            start,
            end,
            clustered_mean(_sums(settled.patient[place == i], settled.improvement[place == i]), step=step),
            None if np.isnan(after[i]) else float(after[i]),
        )
        for i, (start, end) in enumerate(FADE_BINS_DAYS)
    )


def _bin(since: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.searchsorted([end for _, end in FADE_BINS_DAYS], since, side="right")


def _sums(patient: NDArray[np.int64], values: NDArray[np.float64]) -> PatientSums:
    if not len(values):
        return _NOBODY
    of = np.unique(patient, return_inverse=True)[1]
    n = np.bincount(of).astype(float)
    x = np.bincount(of, values)
    return PatientSums(len(n), float(x.sum()), float(n.sum()), float(x @ x), float(x @ n), float(n @ n))
