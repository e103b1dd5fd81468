"""Hazards that are constant between some days, fitted to times known to lie in (left, right], with late entry.

A sieve estimate (Geman and Hwang 1982; Friedman 1982 for exact times) of what `interval_censored` draws. A course that
entered at e adds log(S(left) - S(right)) - log S(e) to the log-likelihood, or log S(left) - log S(e) without an event;
in cumulative hazards it is concave. In a large set times are read to the nearest of `_MOST_POINTS`, so that slope and
curvature are sums over pairs of them, however many courses there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_models.outcomes.turnbull import nonnegative_step

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]

_LARGE, _MOST_POINTS = 5_000, 192  # of more courses, times are read at so many points
CERTAIN = 50.0  # a cumulative hazard after which nobody is left
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class HazardFit:
    """Cumulative hazard at each edge, and the influence of each kind of course on it.

    `kind`: of each course, a row of `influence`, shape (kinds, edges).
    """

    cumulative: Floats
    influence: Floats
    kind: Wholes

    def variance(self, patients: Wholes) -> Floats:
        """Variance of the cumulative hazard at each edge: influences summed by patient."""
        ordered = bool((np.diff(patients) >= 0).all())
        order = np.arange(patients.size) if ordered else np.argsort(patients, kind="stable")
        first = np.flatnonzero(np.diff(patients[order], prepend=patients[order[0]] - 1))
        size = np.diff(first, append=patients.size)
        alone = np.bincount(self.kind[order[first[size == 1]]], minlength=len(self.influence))
        total = np.asarray(alone @ self.influence**2, dtype=float)
        kinds = self.kind[order[np.repeat(size > 1, size)]]
        if kinds.size:
            begins = np.concatenate(([0], np.cumsum(size[size > 1])[:-1]))
            for place in range(total.size):  # one at a time: a table of all would not fit
                total[place] += (np.add.reduceat(self.influence[kinds, place], begins) ** 2).sum()
        return total


def fit_hazards(edges: Floats, entry: Floats, low: Floats, high: Floats) -> HazardFit:
    """Maximise the likelihood of hazards that are constant between edges.

    Parameters
    ----------
    edges : ascending; the first is where the curve starts, the last the last finite end.
    entry, low, high : one a course, edges[0] <= entry <= low < high; high inf: no event by low.
    """
    if low.size > _LARGE:
        entry, low, high = _at_points(edges, entry, low, high)
    ends = np.unique(np.concatenate((entry, low, high)))  # inf, too
    came, left, right = (np.searchsorted(ends, times) for times in (entry, low, high))
    keys, kind, counts = np.unique(
        (came * ends.size + left) * ends.size + right, return_inverse=True, return_counts=True
    )
    came, left, right = keys // ends.size**2, keys // ends.size % ends.size, keys % ends.size
    reached = np.clip((ends[:, None] - edges[:-1]) / np.diff(edges), 0.0, 1.0)  # share of each piece before each end
    survived = counts @ (reached[left] - reached[came])
    happened = np.isfinite(ends[right])
    pairs, pair = np.unique(left[happened] * ends.size + right[happened], return_inverse=True)
    weight = np.bincount(pair.ravel(), counts[happened], pairs.size)
    through = reached[pairs % ends.size] - reached[pairs // ends.size]
    # A piece that some may have had their event in and nobody is seen to live through: all do, there at the latest.
    certain = (survived <= 0) & (through > 0).any(axis=0)
    open_ = ~(through[:, certain] > 0).any(axis=1)
    hazard = _maximise(through[open_], weight[open_], survived, certain)
    cumulative = np.concatenate(([0.0], np.cumsum(np.where(certain, CERTAIN, hazard))))
    moved, scores = _moved(through[open_], weight[open_], hazard)
    influence = (reached[came] - reached[left]) @ moved
    of_pairs = np.zeros((pairs.size, edges.size))
    of_pairs[open_] = (scores[:, None] * through[open_]) @ moved
    influence[happened] += of_pairs[pair.ravel()]
    return HazardFit(cumulative, influence, kind.ravel())


def _at_points(edges: Floats, entry: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    """Times to the nearest of `_MOST_POINTS`, edges among them; an interval keeps a length."""
    happened = np.isfinite(high)
    points = np.unique(np.concatenate((entry, low, high[happened])))
    apart = points[np.linspace(0, points.size - 1, _MOST_POINTS).astype(int)]
    points = np.unique(np.concatenate((edges, apart)))
    nearest = (points[1:] + points[:-1]) / 2
    came, left, right = (np.searchsorted(nearest, times) for times in (entry, low, high))
    left = np.where(happened, np.minimum(left, np.maximum(right - 1, 0)), left)
    right = np.maximum(right, np.minimum(left + 1, points.size - 1))
    return points[np.minimum(came, left)], points[left], np.where(happened, points[right], np.inf)


def _maximise(through: Floats, weight: Floats, survived: Floats, certain: NDArray[np.bool_]) -> Floats:
    """Hazards over the whole length of each piece; 0 where all have the event (`certain`).

    Newton steps under hazards >= 0 towards the maximum of sum(weight log(1 - exp(-through hazard))) - survived hazard.
    `through`: of each kind of event, the share of each piece in which it may have been, shape (kinds, pieces).
    """
    if not weight.size:
        return np.zeros(survived.size)
    touched = weight @ (through / through.sum(axis=1, keepdims=True))
    hazard = np.where(certain, 0.0, touched / (survived + touched + 1e-300))

    def log_likelihood(of: Floats) -> float:
        return float(weight @ np.log(-np.expm1(-(through @ of))) - survived @ of)

    value, enough = log_likelihood(hazard), _TOLERANCE * float(weight.sum())
    for _ in range(100):
        passed = through @ hazard
        slope = np.where(certain, 0.0, (weight / np.expm1(passed)) @ through - survived)
        if max(float(slope.max()), float(np.abs(slope * hazard).max())) <= enough:
            break
        free = np.flatnonzero((hazard > 0) | (slope > 0))
        step = np.zeros_like(hazard)
        bent = _curvature(through[:, free], weight, passed)
        step[free] = nonnegative_step(bent, slope[free], hazard[free]) - hazard[free]
        rise = 1e-4 * float(slope @ step)
        for halved in range(40):
            trial = np.maximum(0.0, hazard + step / 2**halved)
            if (through @ trial > 0).all() and log_likelihood(trial) > value + rise / 2**halved:
                break
        else:  # what a step would still add is less than the last digit
            break
        hazard, value = trial, log_likelihood(trial)
    return hazard


def _curvature(through: Floats, weight: Floats, passed: Floats) -> Floats:
    bent = weight * np.exp(passed) / np.expm1(passed) ** 2
    return np.asarray((through * bent[:, None]).T @ through)


def _moved(through: Floats, weight: Floats, hazard: Floats) -> tuple[Floats, Floats]:
    """How a slope moves the cumulative hazard at each edge, shape (pieces, edges); the slope of each kind of event.

    The inverse of the information, summed up to each edge.
    """
    free, passed = np.flatnonzero(hazard > 0), through @ hazard
    moved = np.zeros((hazard.size, hazard.size + 1))
    if free.size:
        bent = _curvature(through[:, free], weight, passed)
        ridge = np.eye(free.size) * (1e-10 * float(np.trace(bent)) / free.size)
        moved[free] = np.linalg.solve(bent + ridge, (free[:, None] < np.arange(hazard.size + 1)).astype(float))
    return moved, 1.0 / np.expm1(passed)
