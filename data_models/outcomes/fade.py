"""How the effect fades between sessions: change from the pre-session score by days since it.

Means carry an interval clustered by patient (the ratio estimator's linearised variance with patients
as units, and the t quantile): one patient's scores resemble each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data_models.definitions.rules import FADE_BINS_DAYS
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
