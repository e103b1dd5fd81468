"""Reliable change: what a change of a score is beside its measurement error (definitions, section 3).

Jacobson and Truax 1991 (J Consult Clin Psychol 59:12): two scores of somebody who did not change differ by chance
with a standard deviation of sqrt(2) standard errors of measurement. A change is reliable where it is larger than
1.96 of these: one unchanged person in twenty shows so much.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

RELIABLE = ("recovered", "improved", "no_change", "deteriorated")
_CODES = np.array([*RELIABLE, None], dtype=object)


def reliable_points(sem: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The change (points) that a reliable one exceeds, of a scale's standard error of measurement (points).

    Examples
    --------
    >>> round(float(reliable_points(1.88)), 2)
    5.21
    """
    return np.asarray(1.96 * math.sqrt(2) * np.asarray(sem, dtype=np.float64))


def reliable_change(
    change: npt.ArrayLike,
    baseline: npt.ArrayLike,
    score: npt.ArrayLike,
    sem: npt.ArrayLike,
    cutoff: npt.ArrayLike,
    lower_is_better: npt.ArrayLike = True,
) -> npt.NDArray[np.object_]:
    """The group of each change: recovered, improved, no_change or deteriorated.

    Parameters
    ----------
    change : score - baseline (points), shape (n,); NaN: not measured.
    baseline, score : points, shape (n,).
    sem : standard error of measurement (points) of the scale; NaN: none is published.
    cutoff : the clinical cut-off (points): recovered is who was on the ill side of it at baseline (the cut-off itself
        is on it) and is so no more. Somebody who was not ill may improve, not recover.
    lower_is_better : the direction of the scale.

    Returns
    -------
    groups : shape (n,), objects: one of `RELIABLE`; None where the change or the error is not known.

    Examples
    --------
    PHQ-9 (error 1.88, cases from 10): from 18 to 9, to 12, to 13 and to 24; from 9 to 3.

    >>> reliable_change([-9, -6, -5, 6, -6], [18, 18, 18, 18, 9], [9, 12, 13, 24, 3], 1.88, 10).tolist()
    ['recovered', 'improved', 'no_change', 'deteriorated', 'improved']
    >>> reliable_change([-9.0, float("nan")], [18, 18], [9, 9], [float("nan"), 1.88], 10).tolist()
    [None, None]
    """
    sign = np.where(lower_is_better, 1.0, -1.0)
    limit = reliable_points(sem)
    worsening, was, now, edge = (
        sign * np.asarray(values, dtype=np.float64) for values in (change, baseline, score, cutoff)
    )
    better, worse = worsening < -limit, worsening > limit
    recovered = better & (was >= edge) & (now < edge)
    unknown = np.isnan(worsening) | np.isnan(limit)
    place = np.select([unknown, recovered, better, worse], [4, 0, 1, 3], default=2)
    return np.asarray(_CODES[place])
