"""A linear mixed model by maximum likelihood: effects of one's own per patient, one per session, and noise.

    y = X b + Z u + s + e,   u ~ N(0, G) per patient, s ~ N(0, variance) per session of a patient, e ~ N(0, noise)

Libraries that do this work patient by patient, which takes minutes at 10,000 patients. Here each patient is first
summed to small matrices of products, and every step of the search works on all of them at once.

The likelihood stands although later rows were taken, or not taken, by what earlier ones had shown (*missing at
random*): what makes a mean of rows wrong where patients are treated and leave by their score. Standard errors are the
sandwich over patients with the observed information, which stays right under it.

References
----------
Laird and Ware 1982, Biometrics 38:963 (the model); Lindstrom and Bates 1988, JASA 83:1014 (profiled likelihood on a
Cholesky factor); Kenward and Molenberghs 1998, Statistical Science 13:236 (observed information); White 1982,
Econometrica 50:1 (sandwich).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FIRST_PATIENTS = 1000  # the search begins on so many: it then needs few steps on all
_FARTHEST = 1e4  # of a relative standard deviation: beyond, the search has lost its way
_STEP = 1e-4  # for the second derivatives


@dataclass(frozen=True)
class MixedFit:
    """A mixed model fitted.

    Attributes
    ----------
    effects, covariance : of the columns of X, (p,) and (p, p); the covariance is robust, by patient.
    model_covariance : (p, p), as if the model were true and its variances known.
    own_covariance : G, (q, q). session_variance, noise_variance : in squared units of y.
    log_likelihood : of the model, at its maximum.
    patients : their ids in order, (n,); own : what is predicted of each one's u, (n, q), drawn towards 0 the more the
        fewer rows a patient has (partial pooling).
    sessions : what is predicted of each session's s, one a row of y.
    """

    effects: Floats
    covariance: Floats
    model_covariance: Floats
    own_covariance: Floats
    session_variance: float
    noise_variance: float
    log_likelihood: float
    patients: Ints
    own: Floats
    sessions: Floats


def fit_mixed(patient: Ints, session: Ints, fixed: Floats, own: Floats, y: Floats) -> MixedFit:
    """The model by maximum likelihood.

    Parameters
    ----------
    patient, session : (N,), rows in order of patient, then of session; a session belongs to one patient.
    fixed, own : X, (p, N) without redundant columns, and Z, (q, N).
    y : (N,), of the order of 1.

    Examples
    --------
    Three patients, two rows each: a mean, and each patient's own level.

    >>> one = np.ones((1, 6))
    >>> y = np.array([0.1, 0.2, 0.5, 0.6, 0.6, 0.7])
    >>> fit = fit_mixed(np.array([7, 7, 8, 8, 9, 9]), np.arange(6), one, one, y)
    >>> fit.effects.round(3).tolist(), fit.patients.tolist(), fit.own[:, 0].round(2).tolist()
    ([0.45], [7, 8, 9], [-0.28, 0.09, 0.19])
    """
    sums = _Sums.summed(patient, session, fixed, own, y)
    start, curvature = np.concatenate([np.eye(sums.q)[sums.lower], [0.5]]), None
    if sums.n > 2 * _FIRST_PATIENTS:
        place = np.cumsum(np.diff(patient, prepend=patient[:1]) != 0)
        some = place % (sums.n // _FIRST_PATIENTS) == 0
        first = _Sums.summed(patient[some], session[some], fixed[:, some], own[:, some], y[some])
        start, curvature = _search(first, start, None)
    theta, _ = _search(sums, start, curvature)
    return _fitted(sums, theta, patient, fixed, y)


def _search(sums: _Sums, start: Floats, curvature: Floats | None) -> tuple[Floats, Floats]:
    """The parameters of the variances where the profiled likelihood is highest; the inverse of its curvature there."""
    from scipy.optimize import minimize  # imported here: only a model pays for it

    options: Any = {"gtol": 1e-6, "maxiter": 300}
    if curvature is not None:
        options["hess_inv0"] = curvature
    found: Any = minimize(sums.profiled, start, jac=True, method="BFGS", options=options)
    inverse: Floats = (found.hess_inv + found.hess_inv.T) / 2
    return np.asarray(found.x), inverse if np.all(np.linalg.eigvalsh(inverse) > 0) else np.eye(len(start))


class _State(NamedTuple):
    """What follows from the parameters of the variances alone; all relative to the noise, V = noise * (...)."""

    factor: Floats  # L, (q, q): G = noise * L L'
    session: float  # variance of a session over that of the noise
    session_root: float  # its square root, of either sign
    products: Floats  # Z'R [Z X y] per patient, R the inverse of (I + sessions), (q, m, n)
    root: Floats  # Cholesky factor of I + L'Z'R Z L per patient, (q, q, n)
    half: Floats  # root^-1 L' products, (q, m, n)
    total: Floats  # [X y]'V^-1[X y] over all patients, (p + 1, p + 1)
    log_det: float  # of V over all patients


@dataclass(frozen=True)
class _Sums:
    """The data, summed: products of columns per patient and per session, m = q + p + 1 columns [Z X y].

    Attributes
    ----------
    own_by_all : Z'[Z X y] per patient, (q, m, n). all_by_all : [X y]'[X y], (p + 1, p + 1).
    columns : sums of the columns per session, (m, g). size : rows of each session (g,). owner : place of its patient.
    first : of each patient's sessions (n,). rows : of each patient (n,).
    pooled... : products of session sums, added up over the sessions of one patient (or of all) with equally many rows:
        they are weighted alike.
    """

    q: int
    p: int
    n: int
    own_by_all: Floats
    all_by_all: Floats
    columns: Floats
    size: Floats
    owner: Ints
    first: Ints
    rows: Ints
    pooled: Floats
    pooled_size: Floats
    pooled_first: Ints
    whole: Floats
    whole_size: Floats
    whole_count: Ints

    @property
    def lower(self) -> tuple[Ints, Ints]:
        return np.tril_indices(self.q)

    @classmethod
    def summed(cls, patient: Ints, session: Ints, fixed: Floats, own: Floats, y: Floats) -> _Sums:
        q, p = len(own), len(fixed)
        every = np.vstack([own, fixed, y[None]])
        starts = np.flatnonzero(np.diff(patient, prepend=patient[0] - 1))
        sessions = np.flatnonzero((np.diff(session, prepend=session[0] - 1) != 0) | np.isin(np.arange(len(y)), starts))
        own_by_all = np.array([[np.add.reduceat(a * b, starts) for b in every] for a in own])
        columns = np.add.reduceat(every, sessions, axis=1)
        size = np.diff(np.append(sessions, len(y)))
        owner = np.searchsorted(starts, sessions, side="right") - 1
        alike, which = np.unique(owner * (size.max() + 1) + size, return_inverse=True)
        order = np.argsort(which, kind="stable")
        ends = np.flatnonzero(np.diff(which[order], prepend=-1))
        sorted_columns = columns[:, order]
        pooled = np.array([[np.add.reduceat(a * b, ends) for b in sorted_columns] for a in sorted_columns[:q]])
        sizes, kind = np.unique(size, return_inverse=True)
        parts = [columns[q:, kind == place] for place in range(len(sizes))]
        n = len(starts)
        return cls(
            q, p, n, own_by_all, every[q:] @ every[q:].T, columns, size.astype(float), owner,
            np.searchsorted(owner, np.arange(n)), np.diff(np.append(starts, len(y))), pooled,
            (alike % (size.max() + 1)).astype(float), np.searchsorted(alike // (size.max() + 1), np.arange(n)),
            np.array([part @ part.T for part in parts]), sizes.astype(float), np.bincount(kind),
        )  # fmt: skip

    def state(self, theta: Floats) -> _State:
        """What follows from the parameters: the entries of L, and the square root of the sessions' variance."""
        q = self.q
        factor = np.zeros((q, q))
        factor[self.lower] = theta[:-1]
        session = float(theta[-1] ** 2)
        weight = session / (1 + self.pooled_size * session)
        products = self.own_by_all - np.add.reduceat(self.pooled * weight, self.pooled_first, axis=2)
        total = self.all_by_all - np.tensordot(session / (1 + self.whole_size * session), self.whole, 1)
        turned = np.tensordot(factor.T, products, 1)
        inner = np.tensordot(turned[:, :q], factor, axes=([1], [0])).transpose(0, 2, 1) + np.eye(q)[:, :, None]
        root = np.zeros_like(inner)
        for j in range(q):
            for i in range(j, q):
                rest = inner[i, j] - (root[i, :j] * root[j, :j]).sum(0)
                root[i, j] = np.sqrt(rest) if i == j else rest / root[j, j]
        half = _forward(root, turned)
        flat = half[:, q:].transpose(1, 0, 2).reshape(self.p + 1, -1)
        log_det = float(self.whole_count @ np.log1p(self.whole_size * session))
        log_det += 2 * float(sum(np.log(root[i, i]).sum() for i in range(q)))
        return _State(factor, session, float(theta[-1]), products, root, half, total - flat @ flat.T, log_det)

    def profiled(self, theta: Floats) -> tuple[float, Floats]:
        """-2 log likelihood a row, b and the noise at their best, and its gradient; without its constant."""
        if np.abs(theta).max() > _FARTHEST:
            return 1e6 * float(theta @ theta), 2e6 * theta
        state, rows = self.state(theta), float(self.rows.sum())
        effects, noise = self.best(state)
        gradient = -2 * self.slopes(state, effects, noise).sum(axis=1) / rows
        return math.log(noise) + state.log_det / rows, gradient

    def best(self, state: _State) -> tuple[Floats, float]:
        """b and the variance of the noise, given the other parameters."""
        p, total = self.p, state.total
        effects = np.asarray(np.linalg.solve(total[:p, :p], total[:p, p]), dtype=np.float64)
        return effects, max(float(total[p, p] - total[:p, p] @ effects), 1e-12) / float(self.rows.sum())

    def predicted(self, state: _State, effects: Floats) -> tuple[Floats, Floats]:
        """Per patient u (q, n), per session the sum of R(y - X b - Z u) (g,)."""
        residual = _residual(state.half, effects, self.q)
        own = state.factor @ _backward(state.root, residual)
        left = _residual(self.columns, effects, self.q) - (self.columns[: self.q] * own[:, self.owner]).sum(0)
        return own, left / (1 + self.size * state.session)

    def slopes(self, state: _State, effects: Floats, noise: float) -> Floats:
        """Derivatives of the log likelihood by theta, (k, n): each patient's."""
        q, half, products = self.q, state.half, state.products
        seen = products[:, :q] - np.einsum("kan,kbn->abn", half[:, :q], half[:, :q])  # Z'V^-1 Z
        pull = _residual(products, effects, q) - np.einsum("kan,kn->an", half[:, :q], _residual(half, effects, q))
        by_own = np.einsum("abn,bc->acn", pull[:, None] * pull[None] / noise - seen, state.factor)[self.lower]
        left = self.predicted(state, effects)[1]
        sums = _forward(state.root[:, :, self.owner], state.factor.T @ self.columns[:q])
        weight = 1 / (1 + self.size * state.session)
        by_session = left**2 / noise - self.size * weight + weight**2 * (sums * sums).sum(0)
        return np.vstack([by_own, np.add.reduceat(by_session * state.session_root, self.first)[None]])


def _residual(columns: Floats, effects: Floats, q: int) -> Floats:
    """What y leaves over of X b, of columns [Z X y] on the last axis but one."""
    left: Floats = columns[..., -1, :] - np.tensordot(effects, columns[..., q:-1, :], axes=([0], [columns.ndim - 2]))
    return left


def _forward(root: Floats, right: Floats) -> Floats:
    """root^-1 right, of lower triangles (q, q, n)."""
    solved = np.empty_like(right)
    for i in range(len(right)):
        solved[i] = right[i]
        for k in range(i):
            solved[i] -= root[i, k] * solved[k]
        solved[i] /= root[i, i]
    return solved


def _backward(root: Floats, right: Floats) -> Floats:
    """(root')^-1 right."""
    solved = np.empty_like(right)
    for i in reversed(range(len(right))):
        solved[i] = right[i]
        for k in range(i + 1, len(right)):
            solved[i] -= root[k, i] * solved[k]
        solved[i] /= root[i, i]
    return solved


# --- the fit and its standard errors -----------------------------------------------------------------


def _fitted(sums: _Sums, theta: Floats, patient: Ints, fixed: Floats, y: Floats) -> MixedFit:
    state = sums.state(theta)
    effects, noise = sums.best(state)
    own, left = sums.predicted(state, effects)
    rows = sums.rows.sum()
    model = noise * np.asarray(np.linalg.inv(state.total[: sums.p, : sums.p]), dtype=np.float64)
    each = _each_patient(sums, state, effects, noise, fixed, y)
    information = -_second(sums, theta, effects, noise)
    bread = np.linalg.pinv(information, hermitian=True)
    robust = bread @ (each @ each.T * (sums.n / max(sums.n - 1, 1))) @ bread
    return MixedFit(
        effects,
        robust[: sums.p, : sums.p],
        model,
        noise * state.factor @ state.factor.T,
        noise * state.session,
        noise,
        -0.5 * (rows * math.log(2 * math.pi * noise) + state.log_det + rows),
        patient[np.flatnonzero(np.diff(patient, prepend=patient[0] - 1))],
        own.T,
        np.repeat(state.session * left, sums.size.astype(np.int64)),
    )


def _each_patient(sums: _Sums, state: _State, effects: Floats, noise: float, fixed: Floats, y: Floats) -> Floats:
    """Derivatives of the log likelihood by b, theta and log noise, (p + k + 1, n): each patient's."""
    starts = np.cumsum(sums.rows) - sums.rows
    residual = y - effects @ fixed
    of_session = state.session / (1 + sums.size * state.session) * _residual(sums.columns, effects, sums.q)
    weighted = residual - np.repeat(of_session, sums.size.astype(np.int64))
    half = _residual(state.half, effects, sums.q)
    by_effects = np.array([np.add.reduceat(column * weighted, starts) for column in fixed])
    by_effects -= np.einsum("kan,kn->an", state.half[:, sums.q : -1], half)
    squares = np.add.reduceat(residual * weighted, starts) - (half * half).sum(0)
    by_noise = (squares / noise - sums.rows) / 2
    return np.vstack([by_effects / noise, sums.slopes(state, effects, noise), by_noise[None]])


def _second(sums: _Sums, theta: Floats, effects: Floats, noise: float) -> Floats:
    """Second derivatives of the log likelihood by b, theta and log noise."""
    p, k = sums.p, len(theta)

    def gradient(theta: Floats, noise: float) -> Floats:
        state = sums.state(theta)
        total = state.total
        by_effects = (total[:p, p] - total[:p, :p] @ effects) / noise
        squares = total[p, p] - 2 * effects @ total[:p, p] + effects @ total[:p, :p] @ effects
        by_theta = sums.slopes(state, effects, noise).sum(axis=1)
        return np.concatenate([by_effects, by_theta, [(squares / noise - sums.rows.sum()) / 2]])

    second = np.zeros((p + k + 1, p + k + 1))
    second[:p, :p] = -sums.state(theta).total[:p, :p] / noise
    for place in range(k):
        step = np.zeros(k)
        step[place] = _STEP * max(1.0, abs(theta[place]))
        row = (gradient(theta + step, noise) - gradient(theta - step, noise)) / (2 * step[place])
        second[p + place] = row
        second[:, p + place] = row
    wider, narrower = noise * math.exp(_STEP), noise * math.exp(-_STEP)
    second[-1] = second[:, -1] = (gradient(theta, wider) - gradient(theta, narrower)) / (2 * _STEP)
    return (second + second.T) / 2
