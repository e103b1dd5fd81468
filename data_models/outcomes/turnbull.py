"""The nonparametric maximum likelihood estimate for interval-censored times, from grouped intervals.

Each time is known to lie in (L, R]. Mass can lie only in Turnbull's (1976) innermost intervals. The
masses are found by the constrained Newton method of Wang (2008): support points are added where the
gradient is largest, all masses then move by one Newton step under p >= 0, and points that reach zero leave. The
log-likelihood is concave, so the Kuhn-Tucker gap (the largest directional derivative) bounds how
far it still is from its maximum.

Costs are linear in the number of distinct intervals: an interval's probability is a difference of
two cumulative masses, and so are the gradient and (in cumulative coordinates) the Hessian.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]

_MEDIAN_TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class TurnbullCurve:
    """Masses of the innermost intervals with positive mass.

    Attributes
    ----------
    n : how many times went in; None: hidden.
    left, right : ends of the mass intervals (left, right]; the last right may be inf.
    mass : probability of each; sums to 1. Where inside its interval a mass lies is not identified.
    survival : share beyond each right end.
    log_likelihood : at the masses.
    gap : Kuhn-Tucker gap, an upper bound of (maximum - log_likelihood).
    steps : Newton steps taken.
    """

    n: float | None
    left: Floats
    right: Floats
    mass: Floats
    survival: Floats
    log_likelihood: float
    gap: float
    steps: int

    @property
    def median(self) -> tuple[float, float]:
        """The mass interval in which survival falls to one half; (NaN, NaN) where n is 0."""
        if self.mass.size == 0:
            return float("nan"), float("nan")
        place = int(np.argmax(self.survival <= 0.5 + _MEDIAN_TOLERANCE))
        return float(self.left[place]), float(self.right[place])

    def survival_at(self, time: float) -> float:
        """Survival at `time`, the mass of an interval counted as gone at its right end."""
        return float(1.0 - self.mass[self.right <= time].sum())

    def as_dict(self) -> dict[str, Any]:
        """The form of the data contract; None for infinity and for what is not estimable."""
        ends = [None if np.isinf(value) else float(value) for value in self.right]
        median = [None if value != value or np.isinf(value) else value for value in self.median]
        return {
            "median": median,
            "mass": [
                [float(left), right, float(mass)] for left, right, mass in zip(self.left, ends, self.mass, strict=True)
            ],
            "log_likelihood": self.log_likelihood if self.n and math.isfinite(self.log_likelihood) else None,
        }


def innermost_intervals(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Turnbull's intervals for half-open (left, right]: each left end followed by a right end."""
    lefts, rights = np.unique(left), np.unique(right)
    before = np.searchsorted(lefts, rights, side="left") - 1  # the last left end before each right
    starts, first = np.unique(before, return_index=True)
    return lefts[starts], rights[first]


def turnbull(
    left: ArrayLike,
    right: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    tolerance: float = 1e-10,
    max_steps: int = 200,
) -> TurnbullCurve:
    """Estimate the distribution of times known to lie in (left, right].

    Parameters
    ----------
    left, right : ends, shape (k,), left < right; right inf: right-censored at left.
    counts : how many times each interval stands for; None: one each.
    tolerance : stop when the Kuhn-Tucker gap is below tolerance x n.
    max_steps : most Newton steps (about ten are usual).

    Returns
    -------
    curve : masses of the innermost intervals (Turnbull 1976); `gap` is at most tolerance x n unless `max_steps`
        ended the search.

    Raises
    ------
    ValueError
        when an interval is empty or not a number.

    Examples
    --------
    >>> curve = turnbull([0, 1, 1], [1, 2, float("inf")])
    >>> curve.median
    (1.0, 2.0)
    """
    lows, highs = np.asarray(left, dtype=float).ravel(), np.asarray(right, dtype=float).ravel()
    weight = np.ones(lows.size) if counts is None else np.asarray(counts, dtype=float).ravel()
    if not (lows < highs).all() or np.isinf(lows).any():
        raise ValueError("each interval must have a finite left end below its right end")
    keep = weight > 0
    lows, highs, weight = lows[keep], highs[keep], weight[keep]
    n = float(weight.sum())
    if n == 0:
        empty = np.zeros(0)
        return TurnbullCurve(0.0, empty, empty, empty, empty, 0.0, 0.0, 0)
    mass_left, mass_right = innermost_intervals(lows, highs)
    # Which innermost intervals lie in each (L, R]: those from `first` up to (not including) `past`.
    first = np.searchsorted(mass_left, lows, side="left")
    past = np.searchsorted(mass_right, highs, side="right")
    first, past, weight = _grouped(first, past, weight, mass_left.size)
    mass, log_likelihood, gap, steps = _maximise(first, past, weight, mass_left.size, tolerance * n, max_steps)
    held = mass > 0
    mass = mass[held]
    survival = np.maximum(0.0, 1.0 - np.cumsum(mass))
    survival[-1] = 0.0
    return TurnbullCurve(n, mass_left[held], mass_right[held], mass, survival, log_likelihood, gap, steps)


def _grouped(first: Wholes, past: Wholes, weight: Floats, size: int) -> tuple[Wholes, Wholes, Floats]:
    """Join intervals that hold the same innermost intervals: they have the same likelihood."""
    keys, place = np.unique(first * (size + 1) + past, return_inverse=True)
    joined: Floats = np.bincount(place, weights=weight).astype(float)
    return keys // (size + 1), keys % (size + 1), joined


def _probabilities(mass: Floats, first: Wholes, past: Wholes) -> Floats:
    cumulative = np.concatenate(([0.0], np.cumsum(mass)))
    return np.asarray(cumulative[past] - cumulative[first])


def _gradient(probability: Floats, first: Wholes, past: Wholes, weight: Floats, size: int) -> Floats:
    """Derivative of the log-likelihood along each innermost interval (sum over those that hold it)."""
    share = weight / probability
    edges = np.bincount(first, share, size + 1) - np.bincount(past, share, size + 1)
    return np.asarray(np.cumsum(edges)[:size])


def _log_likelihood(probability: Floats, weight: Floats) -> float:
    if (probability <= 0).any():
        return -np.inf
    return float(weight @ np.log(probability))


def _maximise(
    first: Wholes, past: Wholes, weight: Floats, size: int, tolerance: float, max_steps: int
) -> tuple[Floats, float, float, int]:
    n = float(weight.sum())
    mass = _starting_masses(first, past, weight, size)
    probability = _probabilities(mass, first, past)
    value = _log_likelihood(probability, weight)
    gap, steps = np.inf, 0
    for _ in range(max_steps):
        steps += 1
        gradient = _gradient(probability, first, past, weight, size)
        # sum(p) = 1 is carried by the penalty -n sum(p), whose maximum over p >= 0 sums to 1.
        excess = gradient - n
        gap = max(0.0, float(excess.max()))
        if gap <= tolerance:
            break
        support = _support(mass, excess)
        aim = _newton_aim(mass[support], support, probability, first, past, weight, n)
        direction = np.zeros(size)
        direction[support] = aim - mass[support]
        moved = _line_search(mass, direction, value, float(excess @ direction), first, past, weight)
        if moved is None:
            break
        mass, probability, value = moved
    return mass, value, gap, steps


def _starting_masses(first: Wholes, past: Wholes, weight: Floats, size: int) -> Floats:
    """Masses on few points such that each interval holds at least one of them.

    From the left, the last point of the interval that ends soonest among those not yet covered (the
    smallest such set); each point weighs what it covers. Few points keep the Newton steps small.
    """
    soonest = np.full(size + 1, size)
    np.minimum.at(soonest, first, past)
    soonest = np.minimum.accumulate(soonest[::-1])[::-1]
    points, start = [], 0
    latest_first = int(first.max())
    while start <= latest_first:
        start = int(soonest[start])
        points.append(start - 1)
    chosen = np.asarray(points, dtype=np.int64)
    mass = np.zeros(size)
    mass[chosen] = 1.0 + np.bincount(np.searchsorted(chosen, first), weight, chosen.size)[: chosen.size]
    return np.asarray(mass / mass.sum())


def _support(mass: Floats, excess: Floats) -> Wholes:
    """Present points and, between each two of them, the point with the largest positive gradient."""
    present = np.flatnonzero(mass > 0)
    candidates = np.flatnonzero((excess > 0) & (mass == 0))
    if candidates.size == 0:
        return present
    gap_of = np.searchsorted(present, candidates)
    order = np.lexsort((-excess[candidates], gap_of))
    _, best = np.unique(gap_of[order], return_index=True)
    return np.sort(np.concatenate((present, candidates[order][best])))


def _newton_aim(
    mass: Floats,
    support: Wholes,
    probability: Floats,
    first: Wholes,
    past: Wholes,
    weight: Floats,
    n: float,
) -> Floats:
    """Masses on the support that maximise the second-order expansion under p >= 0.

    In cumulative masses F each interval holds F[b] - F[a]; its part of the Hessian is four cells.
    """
    k = support.size
    a, b = np.searchsorted(support, first), np.searchsorted(support, past)
    curvature = weight / probability**2
    # The masses p are sums over suffixes: F[b] - F[a] = sum of p[a..b-1]. H[i, j] = sum of the
    # curvature of all intervals with a <= min(i, j) and b > max(i, j).
    cells = np.bincount(a * (k + 1) + b, curvature, (k + 1) * (k + 1)).reshape(k + 1, k + 1)
    held = cells.cumsum(axis=0)[:k]  # a <= row
    held = held[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]  # b > column
    upper = np.triu(held)
    hessian = upper + np.triu(upper, 1).T
    slope = _gradient(probability, a, b, weight, k) - n
    return nonnegative_step(hessian, slope, mass)


def nonnegative_step(hessian: Floats, slope: Floats, mass: Floats) -> Floats:
    """Masses p >= 0 that raise slope @ (p - mass) - (p - mass) @ hessian @ (p - mass) / 2.

    Go to the optimum on the free points, fix at 0 all that it takes below, repeat. Fixing several at
    once is quick but may fix too many; where the result does not point uphill, the inner loop of
    Lawson and Hanson (1974) does: it stops at the border and fixes one point at a time.
    """
    # A ridge on the step (not on the masses) leaves the optimum where it is.
    damped = hessian + np.eye(mass.size) * (1e-12 * float(np.trace(hessian)) / mass.size + 1e-300)
    target = damped @ mass + slope
    quick = _fixing_points(damped, target, mass, one_by_one=False)
    if slope @ (quick - mass) > 0 and quick.any():
        return quick
    return _fixing_points(damped, target, mass, one_by_one=True)


def _fixing_points(damped: Floats, target: Floats, mass: Floats, *, one_by_one: bool) -> Floats:
    current, free = mass.copy(), np.arange(mass.size)
    while free.size:
        try:
            aim = np.linalg.solve(damped[np.ix_(free, free)], target[free])
        except np.linalg.LinAlgError:
            break
        leaving = aim <= 0
        if not leaving.any():
            current[free] = aim
            break
        here = current[free]
        if one_by_one:
            reach = here[leaving] / (here[leaving] - aim[leaving] + 1e-300)
            share = float(reach.min())
            here = np.maximum(0.0, here + share * (aim - here))
            leaving[np.flatnonzero(leaving)[reach > share]] = False
        here[leaving] = 0.0
        current[free] = here
        free = free[~leaving]
    return current


def _line_search(
    mass: Floats,
    direction: Floats,
    value: float,
    slope: float,
    first: Wholes,
    past: Wholes,
    weight: Floats,
) -> tuple[Floats, Floats, float] | None:
    """Halve the step until the log-likelihood of the normalised masses rises; None: it cannot.

    Near the maximum a rise is smaller than the last digit of the log-likelihood, a sum of many terms.
    Its derivative along the step still tells: the step is taken where that has at least halved (the
    approximate Wolfe condition of Hager and Zhang 2005), so that where the search ends does not
    depend on how a processor rounds.
    """
    length, unresolved = 1.0, 1e-13 * abs(value)
    for _ in range(40):
        trial = np.maximum(0.0, mass + length * direction)
        trial /= trial.sum()
        probability = _probabilities(trial, first, past)
        reached = _log_likelihood(probability, weight)
        if reached > value + max(1e-4 * length * slope, unresolved):
            return trial, probability, reached
        if reached >= value - unresolved:
            excess = _gradient(probability, first, past, weight, mass.size) - weight.sum()
            if abs(excess @ direction) <= slope / 2:
                return trial, probability, reached
        length /= 2
    return None
