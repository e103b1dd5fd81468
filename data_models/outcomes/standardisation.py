"""Rates of groups as if their courses were alike: marginal standardisation by a logistic model (g-computation).

Groups of a clinic differ in who is in them. A logistic model of the event on group and covariates says what each
course's chance would be in each group; the mean of these chances over all courses is the group's standardised share
(Robins 1986, Math Modelling 7:1393; Zou 2009, Am J Epidemiol 170:1559 for its variance; Steingrimsson et al. 2017,
Biometrics 73:1391). Its variance is the sandwich of influence functions, summed by patient (Stefanski & Boos 2002,
Am Stat 56:29): the chances, the model and which courses there are all vary. Nothing is shrunk. Levels of a covariate
that are too rare to be estimated are pooled; what goes with the groups (esketamine is intranasal) cannot be held equal,
and is named by its absence from `held_equal`.

It holds equal what is recorded. What is not recorded may still differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_COURSES = 20  # of a group that is standardised
LEAST_EVENTS = 5  # in each group, and as many without: else its share in the model is not estimated
EVENTS_A_PARAMETER = 3.0  # of the rarer of event and no event
_LEAST_LEVEL = 3  # events and non-events of a level of a covariate; rarer levels are pooled
_LEAST_OVERLAP = 3  # courses of a group in a level: fewer tell nothing of the group there
_STEPS = 50
_FARTHEST = 15.0  # log-odds: a course so sure of its outcome means that the model has separated


@dataclass(frozen=True, slots=True)
class Standardised:
    """Standardised shares of k groups.

    Attributes
    ----------
    shares : (k,), 0 to 1.
    covariance : (k, k), of the shares, by patient.
    degrees : degrees of freedom of their t intervals: patients less parameters.
    held_equal : the covariates that the model holds equal.
    """

    shares: Floats
    covariance: Floats
    degrees: int
    held_equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contrast:
    """A share of a group minus that of the first group, with the interval and p-value that Holm's steps ask for."""

    difference: float
    low: float
    high: float
    p_value: float


def large_enough(courses: NDArray[Any], events: NDArray[Any]) -> NDArray[np.bool_]:
    """Which groups can be standardised, of how many courses and events each has.

    Examples
    --------
    >>> large_enough(np.array([19.0, 20.0, 40.0, 40.0]), np.array([9.0, 9.0, 4.0, 36.0])).tolist()
    [False, True, False, False]
    """
    return np.asarray((courses >= LEAST_COURSES) & (np.minimum(events, courses - events) >= LEAST_EVENTS))


def pooled(
    values: NDArray[np.object_], event: Floats, least: float, courses: Floats | None = None
) -> NDArray[np.object_]:
    """A category with its rare levels made one: those with fewer than `least` events, or without.

    Where the pool itself is too rare it joins the most frequent level. `courses`: of how many each row is; None: one.

    Examples
    --------
    >>> values = np.array(["a", "a", "b", "b", "b", "b", "c", "d", "d"], dtype=object)
    >>> event = np.array([1, 0, 1, 1, 0, 0, 1, 1, 0], dtype=float)
    >>> pooled(values, event, 1).tolist()[-3:], pooled(values, event, 2).tolist()[:2]
    (['b', 'd', 'd'], ['pooled', 'pooled'])
    """
    names, codes = np.unique(values.astype(str), return_inverse=True)
    of = np.ones(len(values)) if courses is None else courses
    counts = np.bincount(codes, weights=of, minlength=len(names))
    events = np.bincount(codes, weights=event, minlength=len(names))
    common = np.minimum(events, counts - events) >= least
    if common.all():
        return values
    if not common.any():
        return np.full(len(values), "all", dtype=object)
    rare = ~common[codes]
    found = values.astype(object).copy()
    short = min(float(event[rare].sum()), float((of - event)[rare].sum())) < least
    largest = int(np.argmax(np.where(common, counts, -1)))
    found[rare] = values[codes == largest][0] if short else "pooled"
    return found


def overlaps(group: Ints, levels: NDArray[np.object_], courses: Floats | None = None) -> bool:
    """Whether the groups can be compared within levels: no group or level is an island of its own.

    Groups and levels are joined where a group has `_LEAST_OVERLAP` courses in a level; in an additive model their
    effects can be told apart where all are joined, directly or by way of others. `courses`: of how many each row is.

    Examples
    --------
    >>> drug = np.repeat([0, 1], 6)
    >>> overlaps(drug, np.array(["iv"] * 3 + ["im"] * 3 + ["nasal"] * 6, dtype=object))
    False
    >>> overlaps(drug, np.array(["iv"] * 3 + ["nasal"] * 9, dtype=object))
    True
    """
    _, place = np.unique(levels.astype(str), return_inverse=True)
    counts = np.zeros((int(group.max()) + 1, int(place.max()) + 1))
    np.add.at(counts, (group, place), 1.0 if courses is None else courses)
    joined = counts >= _LEAST_OVERLAP
    reached = np.zeros(len(counts), dtype=bool)
    reached[0] = True
    for _ in range(len(counts)):
        reached = reached | joined[:, joined[reached].any(axis=0)].any(axis=1)
    return bool(reached.all())


def _independent(columns: Sequence[Floats]) -> list[bool]:
    """Whether each column is more than a mixture of those before it (Gram-Schmidt, twice for rounding)."""
    basis: list[Floats] = []
    kept = []
    for column in columns:
        rest = column.astype(np.float64)
        for _ in range(2):
            for axis in basis:
                rest = rest - axis * (axis @ rest)
        length = float(np.linalg.norm(rest))
        kept.append(length > 1e-7 * max(1.0, float(np.linalg.norm(column))))
        if kept[-1]:
            basis.append(rest / length)
    return kept


def logistic(design: Floats, event: Floats, courses: Floats | None = None) -> Floats | None:
    """Coefficients of a logistic model by Newton's method with halved steps; None where they do not exist.

    A row stands for one course or, with `courses`, for so many with as many events.

    Examples
    --------
    Odds of 1 of 4 and 3 of 4: log(1 / 3) and the log odds ratio, log(9).

    >>> design = np.array([[1.0, 0.0]] * 4 + [[1.0, 1.0]] * 4)
    >>> logistic(design, np.array([1.0, 0, 0, 0, 1, 1, 1, 0])).round(4).tolist()
    [-1.0986, 2.1972]
    """

    of = np.ones(len(event)) if courses is None else courses

    def likelihood(beta: Floats) -> float:
        eta = design @ beta
        return float(event @ eta - of @ np.logaddexp(0.0, eta))

    beta = np.zeros(design.shape[1])
    reached = likelihood(beta)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-(design @ beta)))
        score = design.T @ (event - of * chance)
        try:
            step = np.linalg.solve((design * (of * chance * (1 - chance))[:, None]).T @ design, score)
        except np.linalg.LinAlgError:
            return None
        size = 1.0
        while (found := likelihood(beta + size * step)) < reached and size > 1e-6:
            size /= 2
        beta, reached = beta + size * step, found
        if float(np.abs(design @ beta).max()) > _FARTHEST:
            return None
        if float(np.abs(size * step).max()) < 1e-9:
            return beta
    return None


def standardise(
    event: Floats,
    group: Ints,
    patient: Ints,
    numbers: Mapping[str, Floats],
    categories: Mapping[str, NDArray[np.object_]],
) -> Standardised | None:
    """Share of each group as if all courses had been in it.

    Parameters
    ----------
    event : (n,), 1 or 0.
    group : (n,), 0 to k - 1, each `large_enough`.
    patient : (n,), ids: courses of one are not independent.
    numbers : name -> (n,), enters by itself and squared.
    categories : name -> (n,), a level each; None is the level "not recorded".

    Returns
    -------
    standardised : None where a group is too small, or where the model cannot be estimated.

    Examples
    --------
    Of 40 mild courses in A 30 respond and of 20 in B 15; of 20 severe ones in A 5 and of 40 in B 10. Each severity
    has the same share in both, 75 % and 25 %, but B has the severe ones: crude 58 against 42 %, standardised 50 % in
    each.

    >>> event = np.array([1] * 30 + [0] * 10 + [1] * 15 + [0] * 5 + [1] * 5 + [0] * 15 + [1] * 10 + [0] * 30, float)
    >>> group = np.repeat([0, 1, 0, 1], [40, 20, 20, 40])
    >>> severity = np.repeat(np.array(["mild", "severe"], dtype=object), [60, 60])
    >>> found = standardise(event, group, np.arange(120), {}, {"severity": severity})
    >>> found.shares.round(4).tolist(), found.held_equal
    ([0.5, 0.5], ('severity',))
    """
    k = int(group.max(initial=-1)) + 1
    sizes = np.bincount(group, minlength=k).astype(np.float64)
    if k < 2 or not large_enough(sizes, np.bincount(group, weights=event, minlength=k)).all():
        return None
    named = {name: _named(levels) for name, levels in categories.items()}
    # Courses that are alike in all of it are one row of the model: of so many, with as many events.
    first, cell = _cells([group, *numbers.values(), *named.values()])
    courses = np.bincount(cell).astype(np.float64)
    events = np.bincount(cell, weights=event).astype(np.float64)
    members = (group[first][:, None] == np.arange(k)).astype(np.float64)
    levels_of = {name: levels[first] for name, levels in named.items()}
    comparable = {name: levels for name, levels in levels_of.items() if overlaps(group[first], levels, courses)}
    most = max(0, int(min(event.sum(), len(event) - event.sum()) / EVENTS_A_PARAMETER) - k)
    least, beta = float(_LEAST_LEVEL), None
    while beta is None:
        merged = {name: pooled(levels, events, least, courses) for name, levels in comparable.items()}
        columns = _columns(members, {name: values[first] for name, values in numbers.items()}, merged)
        split = any(len(set(levels)) > 1 for levels in merged.values())
        extra = np.column_stack([np.zeros((len(first), 0)), *(column for _, column in columns[:most])])
        design = np.column_stack((members, extra))
        beta = None if split and len(columns) > most else logistic(design, events, courses)
        if beta is None and not split:
            return None
        least *= 1.5
    held_equal = tuple(dict.fromkeys(name for name, _ in columns[:most]))
    n, p = len(event), design.shape[1]
    chance = 1 / (1 + np.exp(-(design @ beta)))
    bread = np.linalg.inv((design * (courses * chance * (1 - chance))[:, None]).T @ design / n)

    # What each course would do in each group: the rest of its log-odds, with the group's own coefficient.
    rest = extra @ beta[k:]
    would = 1 / (1 + np.exp(-(rest[:, None] + beta[:k])))
    shares = courses @ would / n
    spread = would * (1 - would) * courses[:, None]
    slopes = np.zeros((k, p))
    slopes[:, :k] = np.diag(spread.sum(axis=0) / n)
    slopes[:, k:] = spread.T @ extra / n
    # A course's influence: its chances less the shares, and what its own event adds by way of the coefficients.
    by_event = design @ bread @ slopes.T
    without = would - shares - by_event * chance[:, None]

    ids, place = np.unique(patient, return_inverse=True)
    degrees = len(ids) - p
    if degrees < 1:
        return None
    by_patient = np.column_stack(
        [np.bincount(place, a[cell] + b[cell] * event) for a, b in zip(without.T, by_event.T, strict=True)]
    )
    covariance = by_patient.T @ by_patient / (n * n) * len(ids) / degrees
    return Standardised(shares, covariance, degrees, held_equal)


def _named(levels: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.array(["" if level is None else level for level in levels], dtype=object)


def _cells(columns: Sequence[NDArray[Any]]) -> tuple[Ints, Ints]:
    """Of rows that are alike in all columns the first one, and each row's place among these."""
    cell = np.zeros(len(columns[0]), dtype=np.int64)
    first = cell[:0]
    for column in columns:
        _, place = np.unique(column.astype(str) if column.dtype == object else column, return_inverse=True)
        _, first, cell = np.unique(cell * (int(place.max()) + 1) + place, return_index=True, return_inverse=True)
    return first, cell


def _columns(
    members: Floats, numbers: Mapping[str, Floats], categories: Mapping[str, NDArray[np.object_]]
) -> list[tuple[str, Floats]]:
    """The columns of the covariates, each with its covariate's name, that are no mixture of those before them."""
    columns: list[tuple[str, Floats]] = []
    for name, values in numbers.items():
        spread = float(values.std())
        scaled = (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))
        columns += [(name, scaled), (name, scaled * scaled)]
    for name, levels in categories.items():
        columns += [(name, (levels == level).astype(np.float64)) for level in sorted(set(levels))[1:]]
    fresh = _independent([*members.T, *(column for _, column in columns)])[members.shape[1] :]
    return [column for column, new in zip(columns, fresh, strict=True) if new]


def contrasts(found: Standardised, level: float = 0.95) -> list[Contrast]:
    """Each later group's share minus the first one's, for as many comparisons as there are.

    P-values are Holm's (1979, Scand J Stat 6:65): in order of size the smallest of m is held to alpha / m, the next
    to alpha / (m - 1), until one is not below. Each interval is drawn at the alpha to which its p-value was held, so
    that it leaves out 0 exactly where the p-value is below 1 - `level`.

    Parameters
    ----------
    found : as `standardise` gives it.
    level : confidence level of a comparison alone.

    Returns
    -------
    contrasts : k - 1, in the order of the groups.

    Examples
    --------
    >>> shares, covariance = np.array([0.5, 0.3, 0.45]), np.diag([0.0016, 0.0025, 0.0025])
    >>> [round(c.p_value, 4) for c in contrasts(Standardised(shares, covariance, 200, ()))]
    [0.0041, 0.4358]
    """
    from scipy.special import stdtr, stdtrit  # imported here: only a comparison pays for it

    variance = np.diag(found.covariance)
    differences = found.shares[1:] - found.shares[0]
    errors = np.sqrt(np.maximum(variance[1:] + variance[0] - 2 * found.covariance[0, 1:], 1e-300))
    raw = 2 * stdtr(found.degrees, -np.abs(differences / errors))
    adjusted, alphas = holm(raw, 1 - level)
    halves = [
        float(stdtrit(found.degrees, 1 - alpha / 2)) * float(error) for alpha, error in zip(alphas, errors, strict=True)
    ]
    return [
        Contrast(float(value), float(value) - half, float(value) + half, float(p))
        for value, half, p in zip(differences, halves, adjusted, strict=True)
    ]


def holm(raw: Floats, alpha: float) -> tuple[Floats, Floats]:
    """Holm's adjusted p-values, and the alpha to which each was held: all after the first that failed, to its.

    Examples
    --------
    >>> adjusted, alphas = holm(np.array([0.01, 0.04, 0.03]), 0.05)
    >>> adjusted.round(4).tolist(), alphas.round(4).tolist()
    ([0.03, 0.06, 0.06], [0.0167, 0.025, 0.025])
    """
    m = len(raw)
    adjusted, alphas = np.empty(m), np.empty(m)
    reached, held, failed = 0.0, alpha / max(m, 1), False
    for rank, place in enumerate(np.argsort(raw, kind="stable")):
        if not failed:
            held = alpha / (m - rank)
        reached = max(reached, min(1.0, (m - rank) * float(raw[place])))
        failed = failed or reached >= alpha
        adjusted[place], alphas[place] = reached, held
    return adjusted, alphas


def share_bounds(found: Standardised, level: float = 0.95) -> list[tuple[float, float]]:
    """Bounds of each standardised share, on the scale of log-odds so that they stay from 0 to 1."""
    from scipy.special import stdtrit  # imported here: only a comparison pays for it

    quantile = float(stdtrit(found.degrees, 0.5 + level / 2))
    bounds = []
    for share, variance in zip(found.shares, np.diag(found.covariance), strict=True):
        middle, half = math.log(share / (1 - share)), quantile * math.sqrt(variance) / (share * (1 - share))
        bounds.append((1 / (1 + math.exp(half - middle)), 1 / (1 + math.exp(-half - middle))))
    return bounds
