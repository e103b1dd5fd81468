"""Figures made of rounded counts and of nothing else: what may be seen by those who see no patient.

A count from 1 to 10 is hidden; 11 to 17 read 15, every other is the nearest multiple of 5. Shares, intervals, curves
and their medians are worked out anew from such counts, so that they cannot tell more than these do. A hidden count
is None (NaN in an array) and enters every calculation as hidden.

Zero is shown of everybody (`zero`), but not of a selection, nor of one part of several (states, grades): there it is
hidden, too. Else a hidden count would be known not to be zero, and where two larger ones beside it read the same it
would be one of four.

References
----------
CMS cell size suppression policy (no count from 1 to 10); NHS Digital (rounding to 5); OpenSAFELY, "Rounding
Kaplan-Meier tables" (cumulative counts are rounded, the curve is worked out from them); Hundepool et al. 2012,
Statistical Disclosure Control, section 5.4 (rounding).
"""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from data_models.definitions.rules import LEAST_SHOWN
from data_models.outcomes.competing import CumulativeIncidence, aalen_johansen_of, delta_variance
from data_models.outcomes.proportions import SMALL_DESIGN_EFFECT, Difference, Mean, Proportion, wilson_bounds
from data_models.outcomes.risk_sets import RiskTable
from data_models.outcomes.states import StateCurves
from data_models.outcomes.survival import SurvivalCurve, greenwood_steps, kaplan_meier_of
from data_models.outcomes.turnbull import TurnbullCurve
from data_models.questions.rates import Quartiles

Floats = NDArray[np.float64]

LEAST = LEAST_SHOWN
STEP, CURVE_STEP = 5, 10
_FIRST, _FIRST_UP_TO = 15, 17  # 11 to 17 are one bin: of 11 and 12 alone too much would be told
_Z = NormalDist().inv_cdf(0.975)
DESIGN_EFFECTS = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 4.0)
ROUNDED_NOTE = f"Counts are rounded to {STEP}; fewer than {LEAST} are not shown"


def count(exact: float, *, zero: bool = True) -> int | None:
    """A count as it may be shown; None: hidden.

    Examples
    --------
    >>> [count(n) for n in (0, 1, 10, 11, 17, 18, 22, 23)]
    [0, None, None, 15, 15, 20, 20, 25]
    """
    whole = round(exact)
    if whole < LEAST:
        return 0 if whole == 0 and zero else None
    return _FIRST if whole <= _FIRST_UP_TO else STEP * ((whole + STEP // 2) // STEP)


def counts(exact: Floats) -> Floats:
    """Counts of parts of a whole as they may be shown, in an array of any shape; NaN: hidden, zeros as well."""
    near = STEP * np.floor((np.round(exact) + STEP // 2) / STEP)
    return np.where(np.round(exact) < LEAST, np.nan, np.where(np.round(exact) <= _FIRST_UP_TO, _FIRST, near))


def cumulative(exact: Floats) -> Floats:
    """Running counts as a curve may be drawn from them: 0 up to 10, then the middle of each ten: 15, 25, 35, ...

    A running count is seen at many times. In bins of five the curves of two cohorts of which one has a few more would
    tell those to be one of four; in bins of ten they are one of nine at least.

    Parameters
    ----------
    exact : ascending, any shape.
    """
    tens = np.floor((np.round(exact) - 1) / CURVE_STEP)
    return np.where(tens < 1, 0.0, CURVE_STEP * tens + CURVE_STEP // 2)


def proportion(exact: Proportion, *, zero: bool = True, patients: int | None = None) -> Proportion:
    """A share of rounded counts, with Wilson's interval of them.

    A clustered one rests on n / design effect, which is rounded up to one of `DESIGN_EFFECTS`; where few patients have
    it, on each patient once.

    Parameters
    ----------
    patients : rounded count of those on whom a clustered share rests, where the design effect would tell how few of
        them have the event; None: it would not.
    """
    n, events = count(exact.n or 0, zero=zero), count(exact.events or 0, zero=zero)
    if not n or events is None:
        return replace(exact, events=events, n=n, share=None, low=None, high=None)
    share = events / n
    size = float(n)
    if exact.method != "wilson":
        effect = design_effect(exact)
        if patients is not None:
            size = float(min(n, patients))
        elif effect is None:
            return replace(exact, events=events, n=n, share=share, low=None, high=None)
        else:
            size = n / _effect_step(effect - 1e-9)
    low, high = wilson_bounds(share, size, _Z)
    return replace(exact, events=events, n=n, share=share, low=low, high=high)


def widened(exact: Difference, comparisons: int) -> Difference:
    """A difference of rounded rates with the interval that so many comparisons ask for (Bonferroni)."""
    if exact.difference is None or exact.low is None or exact.high is None:
        return exact
    by = NormalDist().inv_cdf(1 - 0.025 / max(comparisons, 1)) / _Z
    low, high = (exact.difference + by * (end - exact.difference) for end in (exact.low, exact.high))
    return replace(exact, low=max(-1.0, low), high=min(1.0, high))


def design_effect(exact: Proportion) -> float | None:
    """By how much fewer independent sessions would give the interval: solved from it. None: it has none."""
    share, low, high = exact.share, exact.low, exact.high
    if share is None or low is None or high is None:
        return None
    end = high if high < 1 else low
    if not 0 < end < 1:
        return 1.0
    # Wilson's bound u of a share p: (u - p)^2 = (z^2 / size) u (1 - u).
    return float((exact.n or 0) * (end - share) ** 2 / (end * (1 - end)) / _Z**2)


def _effect_step(effect: float) -> float:
    """A design effect rounded up."""
    return next((step for step in DESIGN_EFFECTS if step >= effect), DESIGN_EFFECTS[-1])


def mean(exact: Mean) -> Mean:
    """A mean with one decimal, its interval from the rounded counts; hidden where few values or few patients are in it.

    The spread within the interval has one decimal, too.
    """
    n, patients = count(exact.n or 0, zero=False), count(exact.patients or 0, zero=False)
    hidden = replace(exact, n=n, patients=patients, mean=None, low=None, high=None)
    if n is None or patients is None or exact.mean is None:
        return hidden
    middle = round(exact.mean, 1)
    if exact.low is None or exact.high is None:
        return replace(hidden, mean=middle)
    from scipy.special import stdtrit  # imported here: only an interval by patient pays for it

    error = (exact.high - exact.low) / 2 / float(stdtrit((exact.patients or 0) - 1, 0.975))
    spread = round(error * math.sqrt(exact.n or 0), 1)
    half = float(stdtrit(patients - 1, 0.975)) * spread / math.sqrt(n)
    return replace(hidden, mean=middle, low=round(middle - half, 1), high=round(middle + half, 1))


def quartiles(exact: Quartiles) -> Quartiles:
    """Quartiles of days at whole days; hidden where few values lie beyond them."""
    n = count(exact.n or 0, zero=False)
    if (exact.n or 0) < 4 * LEAST:
        return replace(exact, n=n, median=None, low=None, high=None)
    days = (None if value is None else float(round(value)) for value in (exact.median, exact.low, exact.high))
    return Quartiles(n, *days)


def survival(exact: SurvivalCurve, *, zero: bool = True, unit: float = 1.0) -> SurvivalCurve:
    """A Kaplan-Meier curve from rounded running counts of entries, events and censorings.

    Its variance is Greenwood's of these counts times the design effect of the exact one, where patients have several
    courses: one of `DESIGN_EFFECTS`.

    Parameters
    ----------
    unit : times are those at the end of whole units (days, sessions; minutes: 15).

    Returns
    -------
    Rows where a running count steps, up to the last at which at least `LEAST` are at risk; none where n is hidden.
    """
    n, happened = count(exact.n or 0, zero=zero), count(float(exact.events.sum()), zero=zero)
    ends = np.vstack([exact.censored, exact.events])
    table, start = _rounded_table(exact, ends, unit) if n else _nobody(2)
    independent = np.cumsum(greenwood_steps(RiskTable(0.0, exact.times, exact.at_risk, ends)))
    effect = _curve_effect(exact.log_variance, independent, exact.at_risk)
    return replace(kaplan_meier_of(table, effect=effect), n=n, total_events=happened, start=start)


def incidence(exact: CumulativeIncidence) -> CumulativeIncidence:
    """Competing events from rounded running counts of each kind, at whole days; intervals as those of `survival`."""
    n = count(exact.n or 0, zero=False)
    ends = np.vstack([exact.censored, exact.events])
    table, start = _rounded_table(exact, ends, 1.0) if n else _nobody(len(ends))
    independent = delta_variance(RiskTable(0.0, exact.times, exact.at_risk, ends)).sum(axis=0)
    effect = _curve_effect(exact.variance.sum(axis=0), independent, exact.at_risk)
    return replace(aalen_johansen_of(table, effect=effect), n=n, start=start)


def _curve_effect(variance: Floats, independent: Floats, at_risk: Floats) -> float:
    """By how much the variance by patient exceeds that of as many patients where a curve is last shown, rounded up."""
    telling = np.flatnonzero((at_risk >= LEAST) & np.isfinite(variance) & (independent > 0))
    if not telling.size:
        return 1.0
    # The jackknife is not exactly the other where each course is of another patient: up to a tenth says nothing.
    return _effect_step(float(variance[telling[-1]] / independent[telling[-1]]) / SMALL_DESIGN_EFFECT)


def _nobody(kinds: int) -> tuple[RiskTable, None]:
    return RiskTable(0.0, np.zeros(0), np.zeros(0), np.zeros((kinds, 0))), None


def _rounded_table(
    exact: SurvivalCurve | CumulativeIncidence, ends: Floats, unit: float
) -> tuple[RiskTable, float | None]:
    """The risk table of rounded running counts, and from when it runs.

    Parameters
    ----------
    ends : censored, then each kind of event, shape (kinds, m).
    """
    n = float(count(exact.n or 0) or 0)
    times = unit * np.ceil(np.round(exact.times / unit, 9))
    entered = exact.at_risk + np.concatenate(([0.0], np.cumsum(ends.sum(axis=0))[:-1])) if times.size else exact.times
    last = np.flatnonzero(np.append(times[1:] != times[:-1], True)) if times.size else np.zeros(0, dtype=int)
    running = cumulative(np.cumsum(ends, axis=1)[:, last])
    together = bool((entered == exact.n).all())  # all are at risk from the start
    came = np.full(last.size, n) if together else np.minimum(cumulative(entered[last]), n)
    before = np.hstack([np.zeros((len(ends), 1)), running[:, :-1]]) if last.size else running
    at_risk = came - before.sum(axis=0)
    steps = running - before
    # Rounded one by one, more may have left than there were.
    enough = (at_risk >= LEAST) & (steps.sum(axis=0) <= at_risk)
    start = int(np.argmax(enough)) if enough.any() else last.size
    stop = start + int(np.argmin(np.append(enough[start:], False)))
    keep = np.arange(start, stop)
    began = unit * math.ceil(exact.start / unit) if exact.start else 0.0
    since = None if not keep.size else max(began, float(times[last][start - 1]) if start else 0.0)
    keep = keep[steps[:, keep].any(axis=0)]
    return RiskTable(n, times[last][keep], at_risk[keep], steps[:, keep]), since


def turnbull(exact: TurnbullCurve) -> TurnbullCurve:
    """The interval-censored estimate from its rounded running counts, at whole days."""
    n = count(exact.n or 0, zero=False)
    if not n:
        none = np.zeros(0)
        return replace(exact, n=n, left=none, right=none, mass=none, survival=none, log_likelihood=math.nan, gap=0.0)
    days = np.ceil(exact.right)
    last = np.flatnonzero(np.append(days[1:] != days[:-1], True))
    running = np.minimum(cumulative(np.cumsum(exact.mass)[last] * (exact.n or 0)), n)
    running[np.isinf(days[last])] = n  # what is left lies beyond
    stepped = np.flatnonzero(np.diff(running, prepend=0.0) > 0)
    first = np.concatenate(([0], last[stepped[:-1]] + 1)).astype(int)
    right = days[last[stepped]]
    left = np.maximum(np.floor(exact.left[first]), np.concatenate(([0.0], right[:-1])))
    if running[stepped[-1]] < n:
        running, stepped = np.append(running, n), np.append(stepped, running.size)
        left, right = np.append(left, right[-1]), np.append(right, math.inf)
    mass = np.diff(running[stepped], prepend=0.0) / n
    rest = np.maximum(0.0, 1 - np.cumsum(mass))
    rest[-1] = 0.0
    return replace(exact, n=n, left=left, right=right, mass=mass, survival=rest, log_likelihood=math.nan, gap=0.0)


def states(exact: StateCurves) -> StateCurves:
    """States over time from rounded counts of courses, up to the last day on which not few are at risk; days whole.

    Returns
    -------
    At risk: in bins of ten. Intervals rest on the rounded counts and on the design effect, rounded up. No standard
    errors: they have more digits than the counts.
    """
    n, courses, k = count(exact.courses or 0, zero=False), float(exact.courses or 0), exact.share.shape[1]
    at_risk = cumulative(exact.at_risk)
    shown = int(np.argmin(np.append(at_risk > 0, False)))  # as many days, from the first
    if n is None or shown < 2:
        nothing, none, unknown = np.zeros(0), np.zeros((0, k)), np.full(k, math.nan)
        by_day, over_all = (nothing, nothing, nothing, none, none, none, none), (unknown, unknown, unknown, unknown)
        return StateCurves(None, n, *by_day, *over_all)
    times, of, error = exact.times[:shown], exact.share[:shown], exact.error[:shown]
    share = parts(np.nan_to_num(of.T) * courses, courses).T
    share[np.isnan(of)] = math.nan
    days, spent, spent_error = float(times[-1]), exact.spent, exact.spent_error
    if shown < exact.times.size:  # of fewer days: between those that have a share it runs straight
        said = ~np.isnan(of).any(axis=1)
        filled = np.column_stack([np.interp(times, times[said], column[said]) for column in of.T])
        spent = np.trapezoid(filled, times, axis=0)
        spent_error = spent_error * days / exact.days

    def bounds(shown: float, of: float, error: float) -> tuple[float, float]:
        if shown != shown:
            return math.nan, math.nan
        effect = courses * error**2 / (of * (1 - of)) if 0 < of < 1 else 1.0
        return wilson_bounds(shown, n / _effect_step(effect - 1e-9), _Z)

    each = np.vectorize(bounds, otypes=[float, float])
    with np.errstate(invalid="ignore"):  # not a number: no share is said
        low, high = each(share, of, error)
    whole = np.round(spent)
    spent_low, spent_high = (
        np.round(end * days) for end in each(np.clip(whole / days, 0, 1), spent / days, spent_error / days)
    )
    hidden = np.full(k, math.nan)
    return StateCurves(
        None, n, times, at_risk[:shown], np.full(shown, math.nan), share, np.full_like(share, math.nan), low, high,
        whole, hidden, spent_low, spent_high,
    )  # fmt: skip


def parts(exact: Floats, whole: float) -> Floats:
    """Shares of a whole that is made of these parts; NaN: hidden. They add up to 1 at most.

    Parameters
    ----------
    exact : counts, a row a part, a column a day.
    whole : what each column adds up to.
    """
    n = count(whole, zero=False)
    if n is None:
        return np.full_like(exact, np.nan)
    rounded = counts(exact)
    return np.asarray(rounded / np.maximum(float(n), np.nansum(rounded, axis=0)))
