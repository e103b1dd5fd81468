"""How improvement runs with days since the latest session, so that who comes back early does not bend it.

Plain means by days since the session compare different people: those who fade come back and are treated, those who do
well stay away, those who do not leave. A mixed model with each patient's own level, build-up and fade compares each
patient with themselves, and its likelihood stands where visits, sessions and leaving follow what was observed before
(`mixed_model`). Improvement y on the course's baseline, d days after a patient's session number k:

    y = level(k) + sum_j c_j exp(-d / t_j) + f early(k) (1 - exp(-d / 15)) + g (baseline - its mean)
        + own level + own build-up * early(k) + own fade(d) + the session's own level + noise

A sum of exponentials comes near any mean of curves that fade each at its own speed, whatever that is. `early(k)` halves
with each session, and the level has steps by session number: early scores stand close to early sessions, and are not
taken for fading or for its absence. The curve is that of sessions from number `settled_from` on.

References
----------
Laird and Ware 1982, Biometrics 38:963; Diggle, Heagerty, Liang and Zeger 2002, Analysis of Longitudinal Data, chapter
13 (dropout and visits that follow what was observed); Fieller 1954, J R Stat Soc B 16:175 (limits by inversion).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_models.outcomes.mixed_model import MixedFit, fit_mixed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_PATIENTS: Final = 20  # with `LEAST_SCORES` after sessions each: below there is no model
LEAST_SCORES: Final = 3
LEAST_SEEN: Final = 10  # patients with a score as late (as early) as a curve is drawn
LAST_DAY: Final = 42  # a curve ends there at the latest; later scores would bend it to fit themselves
SETTLED_FROM: Final = 6  # session number: by then improvement has built up
_SHAPES: Final = (3.0, 15.0, 75.0)  # days t_j of the mean's exponentials
_OWN_SHAPES: Final = (15.0, 60.0)  # of a patient's own fade; where patients are few the last alone
_OWN_SHAPES_FROM: Final = 100
_STEPS: Final = (1, 2, 3, 4, 5, 6, 7, 9)  # session numbers at which a step of the level begins
_GRID: Final = 0.25  # days


@dataclass(frozen=True, slots=True)
class FadeScores:
    """Scores after a session, of evaluable courses, one entry each (N,).

    Attributes
    ----------
    patient, course, number : ids of the patients, of a patient's courses, and of the latest session in its course.
    since : days since that session, 0 to 90.
    improvement : share of the course's baseline that is gone. baseline : of the course, in points.
    """

    patient: Ints
    course: Ints
    number: Ints
    since: Floats
    improvement: Floats
    baseline: Floats

    def of(self, rows: NDArray[np.bool_] | Ints) -> FadeScores:
        """Some of them, or all in another order."""
        return FadeScores(
            self.patient[rows], self.course[rows], self.number[rows],
            self.since[rows], self.improvement[rows], self.baseline[rows],
        )  # fmt: skip

    @property
    def step(self) -> float:
        """What one point of the scale is of the baseline, on average."""
        return float((1 / self.baseline).mean())

    @property
    def course_key(self) -> Ints:
        """One integer for patient and course, in their order."""
        places: Ints = np.unique(self.patient, return_inverse=True)[1]
        return places * (int(self.course.max(initial=0)) + 1) + self.course

    @property
    def session_key(self) -> Ints:
        """One integer for patient, course and session, in their order."""
        return self.course_key * (int(self.number.max(initial=0)) + 1) + self.number

    @property
    def patients_enough(self) -> int:
        """How many patients have the scores that a model takes."""
        counts = np.unique(self.patient[self.since <= LAST_DAY], return_counts=True)[1]
        return int((counts >= LEAST_SCORES).sum())

    @property
    def settled_from(self) -> int:
        """The session number from which a curve is told: the sixth, earlier where too few patients came so far."""
        highest = _of_patients(self.patient, self.number, np.maximum)
        reached = [number for number in range(1, SETTLED_FROM + 1) if (highest >= number).sum() >= LEAST_PATIENTS]
        return reached[-1] if reached else 1


@dataclass(frozen=True, slots=True)
class FadePoint:
    """Mean improvement some days after a session, with its 95% interval."""

    days: float
    improvement: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class FadeCurve:
    """The population's curve.

    Attributes
    ----------
    points : by whole day, from the first to the last on which at least `LEAST_SEEN` patients were seen.
    settled_from : of sessions from this number of a course on.
    after : on the first whole day from day 1.
    lost : how much less than `after` it is on the last day (share of the baseline).
    half_life : days since the session after which half of `after` is gone, with its interval; None: not by the last
        day, or there is nothing that could fade.
    noise_sd, session_sd, patient_sd : spread of a score, of one session's level, of patients' improvement on the day
        of `after`; shares of the baseline.
    """

    points: tuple[FadePoint, ...]
    settled_from: int
    after: FadePoint
    lost: FadePoint
    half_life: float | None
    half_life_low: float | None
    half_life_high: float | None
    scores: int
    patients: int
    courses: int
    noise_sd: float
    session_sd: float
    patient_sd: float


@dataclass(frozen=True)
class FadeFit:
    """A model fitted: the population's curve, and each patient's own.

    Attributes
    ----------
    model : the mixed model. scores : in the order of its rows.
    settled_from : see `FadeCurve`. first, last : whole days that enough patients were seen on.
    """

    model: MixedFit
    scores: FadeScores
    settled_from: int
    first: int
    last: int
    columns: _Columns

    def after_each(self) -> Floats:
        """Per score, what the model says of the same session of the same patient on the day of `FadeCurve.after`."""
        day = np.full(len(self.scores.since), float(max(self.first, 1)))
        at = self.columns.fixed(day, self.scores.number, self.scores.baseline)
        place = np.searchsorted(self.model.patients, self.scores.patient)
        own = self.columns.own(day, _early(self.scores.number))
        after: Floats = self.model.effects @ at + (self.model.own[place].T * own).sum(0) + self.model.sessions
        return after

    def curve(self) -> FadeCurve:
        """The population's curve with 95% intervals, robust by patient.

        Where all scores are the same, rounding to whole points hides what varies (`proportions.clustered_mean`): the
        variance is not taken as less than that of one rounding a patient.
        """
        from scipy.special import stdtrit  # imported here: only a model pays for it

        model, n = self.model, len(self.model.patients)
        quantile = float(stdtrit(max(n - len(model.effects), 1), 0.975))
        rounding = self.scores.step**2 / 12 / n

        def estimate(contrast: Floats) -> tuple[Floats, Floats]:
            variance = np.einsum("pd,pq,qd->d", contrast, model.covariance, contrast)
            return model.effects @ contrast, quantile * np.sqrt(np.maximum(variance, rounding))

        start = float(max(self.first, 1))
        days = np.arange(self.first, self.last + 1, dtype=float)
        grid = np.arange(start, self.last + _GRID / 2, _GRID)
        at_start = self.columns.settled(np.array([start]))
        (after,), (after_half,) = estimate(at_start)
        (lost,), (lost_half,) = estimate(at_start - self.columns.settled(np.array([float(self.last)])))
        half_life = low = high = None
        if after > after_half and lost > lost_half:
            half_life, low, high = _crossing(grid, *estimate(self.columns.settled(grid) - at_start / 2))
        z = self.columns.own(np.array([start]), np.array([self.columns.early]))[:, 0]
        scores = self.scores
        return FadeCurve(
            tuple(
                FadePoint(float(day), float(y), float(y - half), float(y + half))
                for day, y, half in zip(days, *estimate(self.columns.settled(days)), strict=True)
            ),
            self.settled_from,
            FadePoint(start, float(after), float(after - after_half), float(after + after_half)),
            FadePoint(float(self.last), float(lost), float(lost - lost_half), float(lost + lost_half)),
            half_life,
            low,
            high,
            len(scores.since),
            n,
            len(np.unique(scores.course_key)),
            float(np.sqrt(model.noise_variance)),
            float(np.sqrt(model.session_variance)),
            float(np.sqrt(z @ model.own_covariance @ z)),
        )


def fit_fade(scores: FadeScores) -> FadeFit | None:
    """The model; None where fewer than `LEAST_PATIENTS` patients have `LEAST_SCORES` scores, or at no two days.

    Parameters
    ----------
    scores : in any order.

    Examples
    --------
    Twenty-four patients, scored 1, 7 and 21 days after one session; half of the effect is gone after 14 days.

    >>> patient, since = np.repeat(np.arange(24), 3), np.tile([1.0, 7.0, 21.0], 24)
    >>> own = 0.6 + 0.2 * np.sin(patient)
    >>> y = own * 0.5 ** (since / 14) + 0.02 * np.cos(7 * np.arange(72))
    >>> one = np.ones(72, dtype=np.int64)
    >>> curve = fit_fade(FadeScores(patient, one, one, since, y, np.full(72, 20.0))).curve()
    >>> [point.days for point in curve.points][-1], round(curve.after.improvement, 1), round(curve.half_life)
    (21.0, 0.6, 15)
    """
    if scores.patients_enough < LEAST_PATIENTS:
        return None
    scores = scores.of(scores.since <= LAST_DAY)
    session = scores.session_key
    order = np.lexsort((scores.since, session))
    scores, session = scores.of(order), session[order]
    settled_from = scores.settled_from
    settled = scores.number >= settled_from
    earliest = np.sort(_of_patients(scores.patient[settled], scores.since[settled], np.minimum))
    latest = np.sort(_of_patients(scores.patient[settled], scores.since[settled], np.maximum))
    if len(latest) < LEAST_SEEN:
        return None
    first = 0 if earliest[LEAST_SEEN - 1] < 0.5 else int(np.ceil(earliest[LEAST_SEEN - 1]))
    last = int(min(latest[-LEAST_SEEN], LAST_DAY))
    if last <= max(first, 1):
        return None
    columns = _Columns.of(scores, settled_from, float(latest[-LEAST_SEEN]))
    fixed = columns.fixed(scores.since, scores.number, scores.baseline)
    own = columns.own(scores.since, _early(scores.number))
    model = fit_mixed(scores.patient, session, fixed, own, scores.improvement)
    return FadeFit(model, scores, settled_from, first, last, columns)


def _early(number: Ints | Floats) -> Floats:
    """1 at a course's first session, then halved with each."""
    return np.asarray(0.5 ** (np.asarray(number, dtype=float) - 1))


@dataclass(frozen=True)
class _Columns:
    """The columns of the model.

    Attributes
    ----------
    steps : session numbers at which the level has a step. weights : of the settled ones, by how often they were; each
        patient counts once.
    shapes, own_shapes : days of the exponentials; longest : days that scale the own ones.
    build_up : whether there are enough early sessions for an own build-up.
    early : of the settled sessions, on average. baseline : its mean over courses.
    kept : columns that are not a combination of those before.
    """

    steps: Ints
    weights: Floats
    shapes: tuple[float, ...]
    own_shapes: tuple[float, ...]
    longest: float
    build_up: bool
    early: float
    baseline: float
    kept: NDArray[np.bool_]

    @classmethod
    def of(cls, scores: FadeScores, settled_from: int, longest: float) -> _Columns:
        steps: list[int] = []
        end = np.inf
        for start in reversed(_STEPS):
            within = (scores.number >= start) & (scores.number < end)
            if len(np.unique(scores.patient[within])) >= LEAST_SEEN or start == settled_from:
                steps.append(start)
                end = start
        _, each = np.unique(scores.session_key, return_index=True)
        each = each[scores.number[each] >= settled_from]
        settled, share = scores.number[each], _share_of_patient(scores.patient[each])
        at = np.array(steps[::-1])
        weights = np.bincount(_place(at, settled), share, minlength=len(at)).astype(float)
        patients = len(np.unique(scores.patient))
        shapes = tuple(shape for shape in _SHAPES if shape <= 4 * longest) or _SHAPES[:1]
        enough = len(np.unique(scores.patient[scores.number <= 2])) >= LEAST_PATIENTS and settled_from > 2
        _, one = np.unique(scores.course_key, return_index=True)
        made = cls(
            at, weights, shapes, _OWN_SHAPES if patients >= _OWN_SHAPES_FROM else _OWN_SHAPES[-1:], longest, enough,
            float(_early(settled) @ share), float(scores.baseline[one].mean()),
            np.ones(len(at) + len(shapes) + 2, dtype=bool),
        )  # fmt: skip
        made.kept[:] = _independent(made.fixed(scores.since, scores.number, scores.baseline))
        return made

    def fixed(self, since: Floats, number: Ints, baseline: Floats) -> Floats:
        """X, (p, N)."""
        level = np.zeros((len(self.steps), len(since)))
        level[_place(self.steps, number), np.arange(len(since))] = 1
        return self._fixed(level, since, _early(number), (baseline - self.baseline) / 10)

    def settled(self, days: Floats) -> Floats:
        """X of the mean settled session and baseline by days since it, (p, len(days))."""
        level = np.repeat(self.weights[:, None], len(days), axis=1)
        return self._fixed(level, days, np.full(len(days), self.early), np.zeros(len(days)))

    def _fixed(self, level: Floats, since: Floats, early: Floats, baseline: Floats) -> Floats:
        fades = [np.exp(-since / shape) for shape in self.shapes]
        every = np.vstack([level, *fades, early * (1 - np.exp(-since / _SHAPES[1])), baseline])
        return every[self.kept]

    def own(self, since: Floats, early: Floats) -> Floats:
        """Z, (q, N): level, build-up, fade."""
        fades = [(1 - np.exp(-since / shape)) / (1 - np.exp(-self.longest / shape)) for shape in self.own_shapes]
        return np.vstack([np.ones(len(since)), *([early] if self.build_up else []), *fades])


def _place(steps: Ints, number: Ints) -> Ints:
    return np.asarray(np.maximum(np.searchsorted(steps, number, side="right") - 1, 0))


def _share_of_patient(patient: Ints) -> Floats:
    """Weights of rows: those of one patient add up to the same as those of another, all to 1."""
    counts = np.unique(patient, return_inverse=True, return_counts=True)
    return np.asarray(1 / counts[2][counts[1]] / len(counts[0]))


def _independent(columns: Floats) -> NDArray[np.bool_]:
    """Which of the columns are no combination of those before them (Gram and Schmidt)."""
    kept = np.zeros(len(columns), dtype=bool)
    basis: list[Floats] = []
    for place, column in enumerate(columns):
        rest = column.copy()
        for one in basis:
            rest -= (one @ rest) * one
        size = float(np.sqrt(rest @ rest))
        if size > 1e-4 * float(np.sqrt(column @ column)):
            kept[place] = True
            basis.append(rest / size)
    return kept


def _of_patients(patient: Ints, values: NDArray[np.generic], reduce: np.ufunc) -> Floats:
    """Each patient's least or greatest value, in any order of rows."""
    order = np.argsort(patient, kind="stable")
    starts = np.flatnonzero(np.diff(patient[order], prepend=-1))
    found: Floats = reduce.reduceat(values[order], starts).astype(float) if len(order) else np.zeros(0)
    return found


def _crossing(grid: Floats, rest: Floats, half: Floats) -> tuple[float | None, float | None, float | None]:
    """Where `rest` first falls to zero; the first day its interval holds zero, the day from which it lies below."""

    def first(values: Floats) -> float | None:
        at = np.flatnonzero(values <= 0)
        return float(grid[at[0]]) if len(at) else None

    above = np.flatnonzero(rest + half > 0)
    high = float(grid[above[-1] + 1]) if len(above) and above[-1] + 1 < len(grid) else None
    return first(rest), first(rest - half), high
