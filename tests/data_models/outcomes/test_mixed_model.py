"""The mixed model: statsmodels' estimates and likelihood, dense matrices; search on a part first."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams, VCSpec

from data_models.outcomes import mixed_model
from data_models.outcomes.mixed_model import MixedFit, fit_mixed


def rows(patients: int, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Patients with 2 to 4 sessions of 1 to 4 rows each, their own level and slope, a level of each session."""
    random = np.random.default_rng(seed)
    sessions = random.integers(2, 5, patients)
    owner = np.repeat(np.arange(patients), sessions)
    size = random.integers(1, 5, len(owner))
    session = np.repeat(np.arange(len(owner)), size)
    patient = owner[session]
    x = random.uniform(0, 2, len(patient))
    own = random.multivariate_normal([0, 0], [[0.09, -0.02], [-0.02, 0.04]], patients)
    y = 0.5 - 0.2 * x + own[patient, 0] + own[patient, 1] * x
    y += 0.1 * random.standard_normal(len(owner))[session] + 0.08 * random.standard_normal(len(patient))
    columns = np.vstack([np.ones(len(x)), x])
    return patient * 3 + 11, session, columns, y


def dense(fit: MixedFit, patient: np.ndarray, session: np.ndarray, columns: np.ndarray, y: np.ndarray) -> dict:
    """Likelihood, effects, predictions and sandwich for known variances by whole matrices, patient by patient."""
    p = len(columns)
    gram, right, log = np.zeros((p, p)), np.zeros(p), 0.0
    parts = []
    for one in np.unique(patient):
        at = patient == one
        v = columns[:, at].T @ fit.own_covariance @ columns[:, at] + fit.noise_variance * np.eye(at.sum())
        v += fit.session_variance * (session[at][:, None] == session[at])
        inverse = np.linalg.inv(v)
        gram += columns[:, at] @ inverse @ columns[:, at].T
        right += columns[:, at] @ inverse @ y[at]
        parts.append((at, v, inverse))
    effects = np.linalg.solve(gram, right)
    own, between = [], np.zeros(len(y))
    for at, v, inverse in parts:
        rest = y[at] - effects @ columns[:, at]
        log -= 0.5 * (at.sum() * np.log(2 * np.pi) + np.linalg.slogdet(v)[1] + rest @ inverse @ rest)
        own.append(fit.own_covariance @ columns[:, at] @ inverse @ rest)
        between[at] = fit.session_variance * (session[at][:, None] == session[at]) @ inverse @ rest
    return {"effects": effects, "covariance": np.linalg.inv(gram), "log": log, "own": np.array(own), "of": between}


def test_all_patients_at_once_are_whole_matrices_one_by_one() -> None:
    patient, session, columns, y = rows(40)
    fit = fit_mixed(patient, session, columns, columns, y)
    by_hand = dense(fit, patient, session, columns, y)
    assert fit.effects == pytest.approx(by_hand["effects"], abs=1e-10)
    assert fit.model_covariance == pytest.approx(by_hand["covariance"], rel=1e-8)
    assert fit.log_likelihood == pytest.approx(by_hand["log"], abs=1e-8)
    assert fit.own == pytest.approx(by_hand["own"], abs=1e-9)
    assert fit.sessions == pytest.approx(by_hand["of"], abs=1e-9)
    assert fit.patients.tolist() == np.unique(patient).tolist()


@pytest.mark.filterwarnings("ignore::statsmodels.tools.sm_exceptions.ConvergenceWarning")  # of its own tight limit
def test_estimates_are_those_of_statsmodels() -> None:
    patient, session, columns, y = rows(40)
    fit = fit_mixed(patient, session, columns, columns, y)
    each = [session[patient == one] for one in np.unique(patient)]
    indicators = [(of[:, None] == np.unique(of)).astype(float) for of in each]
    names = [[str(name) for name in np.unique(of)] for of in each]
    spec = VCSpec(["session"], [names], [indicators])
    model = MixedLM(y, columns.T, groups=patient, exog_re=columns.T, exog_vc=spec)
    ours = MixedLMParams.from_components(
        fe_params=fit.effects,
        cov_re=fit.own_covariance / fit.noise_variance,
        vcomp=np.array([fit.session_variance / fit.noise_variance]),
    )
    theirs = model.fit(reml=False, start_params=ours, method="bfgs", gtol=1e-8)
    assert model.loglike(ours) == pytest.approx(fit.log_likelihood, abs=1e-4)
    assert theirs.llf == pytest.approx(fit.log_likelihood, abs=1e-4)
    assert fit.effects == pytest.approx(theirs.fe_params, abs=1e-4)
    assert fit.own_covariance == pytest.approx(theirs.cov_re, abs=1e-4)
    assert fit.session_variance == pytest.approx(theirs.vcomp[0], abs=1e-4)
    assert fit.noise_variance == pytest.approx(theirs.scale, abs=1e-4)


def test_the_search_on_a_part_first_ends_at_the_same_place(monkeypatch: pytest.MonkeyPatch) -> None:
    patient, session, columns, y = rows(300)
    at_once = fit_mixed(patient, session, columns, columns, y)
    monkeypatch.setattr(mixed_model, "_FIRST_PATIENTS", 60)
    in_two = fit_mixed(patient, session, columns, columns, y)
    assert in_two.log_likelihood == pytest.approx(at_once.log_likelihood, abs=1e-6)
    assert in_two.effects == pytest.approx(at_once.effects, abs=1e-6)


def test_slopes_of_the_likelihood_are_its_differences() -> None:
    patient, session, columns, y = rows(20)
    sums = mixed_model._Sums.summed(patient, session, columns, columns, y)
    for theta in ([1.2, -0.4, 0.7, 0.8], [2.0, 0.3, 0.1, -0.5]):
        at = np.array(theta)
        steps = 1e-6 * np.eye(4)
        differences = [(sums.profiled(at + s)[0] - sums.profiled(at - s)[0]) / 2e-6 for s in steps]
        assert sums.profiled(at)[1] == pytest.approx(differences, abs=1e-7)


def test_the_robust_covariance_widens_where_patients_resemble_each_other() -> None:
    # Every patient twice, as two: estimates stay, the robust standard errors by patient shrink by sqrt(2) alone.
    patient, session, columns, y = rows(40)
    once = fit_mixed(patient, session, columns, columns, y)
    twice = fit_mixed(
        np.concatenate([patient, patient + 1000]), np.concatenate([session, session + 1000]),
        np.hstack([columns, columns]), np.hstack([columns, columns]), np.concatenate([y, y]),
    )  # fmt: skip
    assert twice.effects == pytest.approx(once.effects, abs=1e-6)
    shrunk = once.covariance / 2 * (39 / 40) / (79 / 80)
    assert twice.covariance == pytest.approx(shrunk, rel=1e-3)
    assert once.covariance == pytest.approx(once.model_covariance, rel=0.6)
