"""How the effect fades between sessions: change from the pre-session score by days since it.

Means carry an interval clustered by patient (the ratio estimator's linearised variance with patients
as units, and the t quantile): one patient's scores resemble each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_models.definitions.rules import FADE_BINS_DAYS
from data_models.outcomes.proportions import PatientSums, clustered_mean

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


def fade_rows(sums: Mapping[int, PatientSums], counts: Mapping[int, Mapping[float, int]]) -> list[dict[str, Any]]:
    """One row a bin of `FADE_BINS_DAYS`, in the form of the data contract.

    Parameters
    ----------
    sums : place of the bin -> sums over patients of change (x) and scores (n).
    counts : place of the bin -> change -> number of scores.
    """
    rows = []
    for place, (start, end) in enumerate(FADE_BINS_DAYS):
        mean = clustered_mean(sums.get(place, _NOBODY))
        rows.append(
            {
                "from_days": start,
                "to_days": end,
                "scores": mean.n,
                "patients": mean.patients,
                "mean": mean.mean,
                "low": mean.low,
                "high": mean.high,
                "median": median_of_counts(counts.get(place, {})),
            }
        )
    return rows
