"""Variance by patient: the infinitesimal jackknife (Jaeckel 1972; Efron 1982) over patients with several courses.

The influence of a patient on a curve is the derivative of the curve by the weight of all his courses. The variance is
the sum of the squared influences, whatever one patient's courses have to do with each other (Lin and Wei 1989; R's
`survfit(cluster = )`). A course's influence on a product limit is, between its entry, its exit and the end, a constant
plus a constant times a function that all share. So a patient's is, too, and its square needs no table of patients by
times: sums of products of the constants do, in O(n log n) for n courses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def squared_influence(functions: Floats, who: Whole, places: Whole, changes: Floats) -> Floats:
    """Sum over patients of the squared influence at each place, where an influence is sum_j c_j functions_j.

    Parameters
    ----------
    functions : what all share, shape (q, m): q functions at m ascending times.
    who : the patient of each change, a whole number from 0, shape (k,).
    places : the time, 0 to m - 1, from which the change holds; m: never. Shape (k,).
    changes : by how much each coefficient of that patient changes there, shape (q, k).

    Returns
    -------
    squares : shape (m,).

    Examples
    --------
    Two patients at two times; the first one's influence is 1 and then 1 + 2 = 3, the other's is 0 and then -1.

    >>> who, places = np.array([1, 1, 2]), np.array([0, 1, 1])
    >>> squared_influence(np.ones((1, 2)), who, places, np.array([[1.0, 2.0, -1.0]])).tolist()
    [1.0, 10.0]
    """
    size = functions.shape[1]
    order = np.argsort(who * (size + 1) + places)
    who, places = who[order], places[order]
    after = np.ascontiguousarray(changes[:, order])
    first = np.flatnonzero(np.append(True, who[1:] != who[:-1])) if who.size else places
    several = np.diff(np.append(first, who.size))
    # A running sum within each patient: all second changes at once, then all third ones. (One running sum over
    # everybody would leave the rounding of a hundred thousand others in each.)
    for rank in range(1, int(several.max(initial=1))):
        here = first[several > rank] + rank
        after[:, here] += after[:, here - 1]
    before = np.zeros_like(after)
    before[:, 1:] = after[:, :-1]
    before[:, first] = 0.0
    total = np.zeros(size)
    for i in range(len(functions)):
        for j in range(i, len(functions)):
            steps = after[i] * after[j] - before[i] * before[j]
            sums = np.cumsum(np.bincount(places, steps, size + 1)[:size])
            total += (1.0 if i == j else 2.0) * sums * functions[i] * functions[j]
    # Cancellation can leave a hair below zero where nobody has an influence.
    return np.maximum(total, 0.0)
