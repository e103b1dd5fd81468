"""States over time with censoring: the share of courses in each state, and the days that a course spends in it.

The estimate is Aalen and Johansen's (1978), which is the share in each state also where more than the present state
matters (Datta and Satten 2001). Its variance is the infinitesimal jackknife with patients as units, as R's
`survfit(id = , istate = , cluster = )` has it: two courses of a patient are not two patients. The days in a state are
the area under its share (restricted mean: Royston and Parmar 2013).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_models.outcomes.proportions import FEWEST_TELLING, wilson_bounds

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FEWEST_AT_RISK = 5  # courses: of fewer no share is said
_EXACT = 1e-9  # days: times that are closer are one


class Spans(NamedTuple):
    """Times in which courses are known to be in a state: a row each, in order of course and time.

    `start`, `stop`: in the state on (start, stop], days. `state`: from 0. `following`: the state that the course moves
    to at `stop`; -1: none is seen past it, and the state is held until `held`. `patient`, `course`: any numbers.
    """

    patient: Ints
    course: Ints
    start: Floats
    stop: Floats
    state: Ints
    following: Ints
    held: Floats


@dataclass(frozen=True, slots=True)
class StateCurves:
    """Share of courses in each of s states after each of k times, with 95% intervals.

    Attributes
    ----------
    patients, courses : in a state at any time; None: hidden.
    times : days, ascending; the first is time zero.
    at_risk : courses in a state at each time, seen or held, (k,); NaN: hidden.
    stepping : one over the share that moves with one course, where it is largest, (k,); inf: nobody moved.
    share, error, low, high : share in each state, its standard error by patient and its interval, (k, s).
    spent, spent_error, spent_low, spent_high : days spent in each state up to the last time, (s,).
    """

    patients: int | None
    courses: int | None
    times: Floats
    at_risk: Floats
    stepping: Floats
    share: Floats
    error: Floats
    low: Floats
    high: Floats
    spent: Floats
    spent_error: Floats
    spent_low: Floats
    spent_high: Floats

    @property
    def days(self) -> float:
        """The days of which they are: up to the last time."""
        return float(self.times[-1]) if self.times.size else 0.0

    @property
    def holds(self) -> int:
        """Of how many times the shares hold: up to the first that rests on fewer than `FEWEST_AT_RISK` courses."""
        few = (self.at_risk < FEWEST_AT_RISK) | (self.stepping < FEWEST_AT_RISK)
        return int(np.argmax(few)) if few.any() else len(self.times)


def bounds(share: float, error: float, n: float, telling: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's bounds with the effective size that a standard error implies and a t quantile (Korn and Graubard 1998).

    Parameters
    ----------
    share, error : a share (or a mean of shares) and its standard error.
    n, telling : on how many it rests, and how many of them are on the rarer side: where these are few, an error near 0
        says little, and each of the n counts once at most.

    Returns
    -------
    low, high : 0 to 1; NaN where nobody is at risk.
    """
    if not n > 0 or share != share:
        return math.nan, math.nan
    from scipy.special import stdtrit  # imported here: only an interval pays for it

    share = min(max(share, 0.0), 1.0)
    size = share * (1 - share) / error**2 if error > 0 else math.inf
    if telling < FEWEST_TELLING or not 0 < size < math.inf:
        size = min(size, n) if size > 0 else n
    return wilson_bounds(share, size, float(stdtrit(max(n - 1, 1), 0.5 + level / 2)))


def spans_of_scores(
    patient: Ints, course: Ints, days: Floats, state: Ints, until_days: Floats, hold_days: float
) -> Spans:
    """What scores tell of a course's states: from each score to the next, and what is held past the last.

    A change lies between two scores and is placed in their middle: at the later one it would be late by up to the gap.
    Between the last score and the end of its hold no change could be seen; a course counts there as present, but not as
    one that could have changed, which would make changes rarer than they are. A course that is scored again after its
    state's hold comes in again, in the state of that score.

    Parameters
    ----------
    patient, course, days, state : one entry a score, in order of patient, course and time; the first of a course is
        its state at time zero (none: its baseline). `course` numbers courses over all patients.
    until_days : the day until which the score's state is held, if no score follows by then.
    hold_days : longest time between two scores that tells of the states between them.

    Returns
    -------
    spans : one row a stay in a state.

    Examples
    --------
    No response at the start, response on days 4 and 8, none on day 12; scored again 60 days later.

    >>> one, days = np.zeros(5, dtype=int), np.array([0.0, 4, 8, 12, 72])
    >>> spans = spans_of_scores(one, one, days, np.array([0, 2, 2, 0, 2]), days + 30, 30)
    >>> list(zip(spans.start.tolist(), spans.stop.tolist(), spans.state.tolist(), spans.held.tolist()))
    [(0.0, 2.0, 0, 2.0), (2.0, 10.0, 2, 10.0), (10.0, 12.0, 0, 42.0), (72.0, 72.0, 2, 102.0)]
    """
    n = len(days)
    begins, changes = np.ones(n, dtype=bool), np.zeros(n, dtype=bool)
    begins[1:] = (course[1:] != course[:-1]) | (np.diff(days) > hold_days + _EXACT)
    changes[1:] = ~begins[1:] & (state[1:] != state[:-1])
    first = np.flatnonzero(begins | changes)
    changed = changes[first]
    start = np.where(changed, (days[first - 1] + days[first]) / 2, days[first])
    last = np.append(first[1:], n)[: len(first)] - 1  # the last score of each stay
    moves = np.append(changed[1:], False)[: len(first)]
    stop = np.where(moves, np.append(start[1:], 0.0)[: len(first)], days[last])
    following = np.where(moves, np.append(state[first[1:]], -1)[: len(first)], -1)
    held = np.where(moves, stop, np.maximum(until_days[last], stop))
    return Spans(patient[first], course[first], start, stop, state[first], following, held)


def _kept(spans: Spans, kept: NDArray[np.bool_]) -> Spans:
    return Spans._make(column[kept] for column in spans)


def since(spans: Spans, zero: Floats) -> Spans:
    """The same rows on another clock: `zero`, one entry a row, becomes time zero, and what lies before it is gone."""
    start, stop, held = (np.maximum(time - zero, 0.0) for time in (spans.start, spans.stop, spans.held))
    return _kept(spans._replace(start=start, stop=stop, held=held), held > _EXACT)


def by_day(spans: Spans) -> Spans:
    """The same rows in whole days: on day d the state in which the course is at its end.

    A change counts from the day at whose end it has happened; a course comes in, and goes out, at the nearest day. Of
    several changes in one day the last one counts.
    """
    if not len(spans.start):
        return spans
    enters = np.ones(len(spans.start), dtype=bool)  # the first row of a run of rows without a gap
    enters[1:] = (spans.course[1:] != spans.course[:-1]) | (spans.start[1:] > spans.stop[:-1] + _EXACT)
    leaves = np.append(enters[1:], True)
    known = ~leaves | (spans.following >= 0)  # what comes after the row
    start = np.ceil(spans.start - np.where(enters, 0.5, 0.0) - _EXACT)
    stop = np.ceil(spans.stop - np.where(known, 0.0, 0.5) - _EXACT)
    run = np.cumsum(enters) - 1
    end = stop[leaves][run]
    # The state at the end of the day of a change is that of the run's last row which begins on it.
    key = run * (float(stop.max()) + 2.0)
    last = np.searchsorted(key + start, key + stop, side="right") - 1
    moved = leaves[last] & (stop[last] <= stop) & (spans.following[last] >= 0)
    at_end = np.where(moved, spans.following[last], spans.state[last])
    following = np.where(known & (stop <= end), at_end, -1)
    held = np.ceil(spans.held - 0.5 - _EXACT)
    stop = np.minimum(stop, end)
    held = np.where(leaves, np.maximum(held, stop), stop)
    return _kept(spans._replace(start=start, stop=stop, following=following, held=held), held > start)


def state_curves(
    spans: Spans, until: float, n_states: int = 3, times: ArrayLike | None = None, *, linear: bool = False
) -> StateCurves:
    """Share of courses in each state over time, with its standard error by patient.

    Parameters
    ----------
    spans : rows of courses; those at risk at time zero say the shares there.
    until : last time, in days; what happens later is not looked at.
    n_states : how many states there are.
    times : at which changes happen (rows on whole days: these days); None: all at which a row stops.
    linear : the share runs straight between two times (changes counted by whole day happen within it); else it steps.

    Returns
    -------
    curves : at time zero, at each time, and at `until`.

    Examples
    --------
    Two courses without response: one responds on day 2 and is seen until day 4, the other is seen until day 3.

    >>> two, start, stop = np.array([0, 0, 1]), np.array([0.0, 2, 0]), np.array([2.0, 4, 3])
    >>> curves = state_curves(Spans(two, two, start, stop, np.array([0, 2, 0]), np.array([2, -1, -1]), stop), until=4)
    >>> curves.times.tolist(), curves.share[:, 2].tolist(), curves.at_risk.tolist()
    ([0.0, 2.0, 3.0, 4.0], [0.0, 0.5, 0.5, 0.5], [2.0, 2.0, 2.0, 1.0])
    >>> float(curves.spent[2])
    1.0
    """
    following = np.where(spans.stop > until, -1, spans.following)
    stop, held = np.minimum(spans.stop, until), np.minimum(spans.held, until)
    spans = _kept(spans._replace(stop=stop, held=held, following=following), (held > spans.start))
    at = np.unique(np.append(spans.stop, until) if times is None else np.append(np.asarray(times, float), until))
    at = np.append(0.0, at[(at > 0) & (at <= until)])
    ids, patient = np.unique(spans.patient, return_inverse=True)
    lasts = spans.stop > spans.start
    sums = _Sums(patient[lasts], _kept(spans, lasts), n_states, len(ids))
    inside, share, error = (np.zeros((len(at), n_states)) for _ in range(3))
    stepping = np.full(len(at), math.inf)
    gaps = np.diff(at)
    weight = (np.append(gaps, 0) + np.append(0, gaps)) / 2 if linear else np.append(gaps, 0)
    spent = sums.influence * weight[0]
    for place, time in enumerate(at):
        if place:
            stepping[place] = sums.step(at[place - 1], time)
            spent += sums.influence * weight[place]
        inside[place], share[place] = sums.seen, sums.share
        error[place] = np.sqrt(np.einsum("ij,ij->i", sums.influence, sums.influence))
    inside += _held(spans, at, n_states)
    at_risk = inside.sum(axis=1)
    rarer = np.minimum(inside, at_risk[:, None] - inside)
    each = np.vectorize(bounds, otypes=[float, float])
    area, area_error = weight @ share, np.sqrt(np.einsum("ij,ij->i", spent, spent))
    whole = float(at[-1]) or math.nan
    telling = _telling(patient, spans, n_states, len(ids))
    with np.errstate(invalid="ignore"):  # not a number: nobody was at risk at time zero
        low, high = each(share, error, at_risk[:, None], rarer)
        area_low, area_high = (whole * end for end in each(area / whole, area_error / whole, len(ids), telling))
    return StateCurves(
        len(ids), len(np.unique(spans.course)), at, at_risk, stepping, share, error, low, high,
        area, area_error, area_low, area_high,
    )  # fmt: skip


def _held(spans: Spans, at: Floats, n_states: int) -> Floats:
    """Courses whose state is held past what was seen, at each time and in each state."""
    change = np.zeros((len(at) + 1, n_states))
    past = np.where(spans.stop > 0, np.searchsorted(at, spans.stop, side="right"), 0)
    np.add.at(change, (past, spans.state), 1.0)
    np.add.at(change, (np.searchsorted(at, spans.held, side="right"), spans.state), -1.0)
    counted: Floats = np.cumsum(change, axis=0)[:-1]
    return counted


class _Sums:
    """The shares at one time and each patient's influence on them, from time to time.

    With dA the matrix of the changes at a time divided by those at risk, the shares become p (I + dA), and a patient's
    influence U becomes U (I + dA) + p dA', where dA' are the patient's own changes less those expected of it, divided
    by all at risk. Courses of a patient add up in its row.
    """

    def __init__(self, patient: Ints, spans: Spans, n_states: int, patients: int) -> None:
        self._n, self._states = patients, n_states
        self._patient, self._spans = patient, spans
        self._cell = spans.state * patients + patient  # of a table (state, patient)
        self._by_start, self._by_stop = np.argsort(spans.start, kind="stable"), np.argsort(spans.stop, kind="stable")
        self._starts, self._stops = spans.start[self._by_start], spans.stop[self._by_stop]
        # Influence on each state above, courses at risk in each state below; a column a patient.
        self._table = np.zeros((2 * n_states, patients))
        self.influence, self._here = self._table[:n_states], self._table[n_states:]
        entering = self._entering(-math.inf, 0.0, at_zero=True)
        self._come(entering)
        self.seen = self._here.sum(axis=1)
        n = self.seen.sum()
        self.share = self.seen / n if n else np.full(n_states, math.nan)
        if n:
            self.influence[:] = (self._here - np.outer(self.share, self._here.sum(axis=0))) / n

    def _entering(self, after: float, up_to: float, *, at_zero: bool = False) -> Ints:
        """Rows that start at or after one time and before another; `at_zero`: up to time zero itself."""
        first = np.searchsorted(self._starts, after, side="left")
        return self._by_start[first : np.searchsorted(self._starts, up_to, side="right" if at_zero else "left")]

    def _come(self, rows: Ints, sign: float = 1.0) -> None:
        np.add.at(self._here.reshape(-1), self._cell[rows], sign)

    def step(self, before: float, time: float) -> float:
        """Go from one time to the next: who comes, the changes, and who has gone.

        Returns one over the share that moved with a course, where it is largest: as if one of so many had changed.
        """
        spans, states = self._spans, self._states
        if before > 0:
            self._come(self._entering(before, time))
        at_risk = self._here.sum(axis=1)
        low, high = np.searchsorted(self._stops, before, side="right"), np.searchsorted(self._stops, time, side="right")
        stopping = self._by_stop[low:high]
        following, state = spans.following[stopping], spans.state[stopping]
        moving = (following >= 0) & (following != state)
        counted = np.bincount(state[moving] * states + following[moving], minlength=states * states)
        change: Floats = counted.reshape(states, states).astype(float)
        np.fill_diagonal(change, -change.sum(axis=1))
        of_all = np.divide(1.0, at_risk, out=np.zeros(states), where=at_risk > 0)
        change *= of_all[:, None]
        weight = self.share * of_all
        turn = np.eye(states) + change
        # All patients at once: what they carry on, less what was expected of those at risk.
        self.influence[:] = np.hstack([turn.T, -(weight[:, None] * change).T]) @ self._table
        if moving.any():
            who, of, to = self._patient[stopping[moving]], state[moving], following[moving]
            flat = self.influence.reshape(-1)
            np.add.at(flat, to * self._n + who, weight[of])
            np.add.at(flat, of * self._n + who, -weight[of])
        self.share = self.share @ turn
        self._come(stopping, -1.0)
        moved = np.bincount(following[moving], minlength=states) - np.bincount(state[moving], minlength=states)
        self.seen = at_risk + moved
        largest = float(weight[state[moving]].max(initial=0.0))
        return 1 / largest if largest > 0 else math.inf


def _telling(patient: Ints, spans: Spans, n_states: int, patients: int) -> Floats:
    """Of each state the fewer of the patients who were ever in it and who were ever in another."""
    was = np.zeros((n_states, patients), dtype=bool)
    was[spans.state, patient] = True
    moved = spans.following >= 0
    was[spans.following[moved], patient[moved]] = True
    elsewhere = np.array([np.delete(was, state, axis=0).any(axis=0).sum() for state in range(n_states)])
    telling: Floats = np.minimum(was.sum(axis=1), elsewhere).astype(float)
    return telling
