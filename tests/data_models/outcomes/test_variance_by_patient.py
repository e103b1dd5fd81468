"""Variance by patient: curves, medians, competing events, mean times and tests against R, and against its definition.

`bladder2.csv` is R's `survival::bladder2` (recurrences of 85 patients: Wei, Lin, Weissfeld 1989), with entries delayed:

    b <- bladder2; b$start <- b$start + ifelse(b$enum == 1, b$id %% 7, 0); b <- b[b$start < b$stop, ]
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.outcomes.competing import aalen_johansen
from data_models.outcomes.influence import squared_influence
from data_models.outcomes.logrank import log_rank
from data_models.outcomes.proportions import wilson
from data_models.outcomes.restricted_mean import restricted_mean
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier

BLADDER = pd.read_csv(Path(__file__).with_name("bladder2.csv"))
KINDS = np.where(BLADDER["event"] == 0, 0, 1 + (BLADDER["id"] + BLADDER["stop"]) % 2)


def bladder(*, patients: bool = True) -> SurvivalCurve:
    return kaplan_meier(
        BLADDER["stop"], BLADDER["event"], entries=BLADDER["start"], patients=BLADDER["id"] if patients else None
    )


# f <- survfit(Surv(start, stop, event) ~ 1, data = b, cluster = id, conf.type = "log-log")
# f$time, f$n.risk, f$surv, f$std.err, f$lower, f$upper
CURVE = [
    (2, 26, 0.9615384615, 0.0377146414, 0.7569442892, 0.9944911569),
    (5, 65, 0.7855425824, 0.0591641020, 0.6408659310, 0.8772609233),
    (10, 77, 0.6321387768, 0.0648040448, 0.4912598498, 0.7438240956),
    (20, 63, 0.4046576372, 0.0601787374, 0.2869005229, 0.5191670123),
    (30, 36, 0.2105379187, 0.0469649505, 0.1270966582, 0.3082440048),
    (48, 12, 0.1487039108, 0.0419875297, 0.0782432146, 0.2403893932),
]


@pytest.mark.parametrize("row", CURVE)
def test_the_curve_equals_survfit_by_cluster(row: tuple[float, ...]) -> None:
    curve = bladder()
    at = int(np.searchsorted(curve.times, row[0]))
    found = (curve.times, curve.at_risk, curve.survival, curve.standard_error, curve.low, curve.high)
    assert [float(column[at]) for column in found] == pytest.approx(list(row), abs=1e-8)


def test_the_median_interval_is_that_of_the_curve_by_patient() -> None:
    # quantile(f, c(.25, .5, .75)) of the above; without cluster = id the median's interval is 11 to 21.
    assert bladder().median == (16, 10, 22)
    assert bladder(patients=False).median == (16, 11, 21)
    assert bladder().quantile(0.25) == (6, 3, 10)
    assert bladder().quantile(0.75) == (27, 23, 47)


# b$kind <- factor(ifelse(b$event == 0, 0, 1 + (b$id + b$stop) %% 2), 0:2)
# m <- survfit(Surv(start, stop, kind) ~ 1, data = b, id = seq_len(nrow(b)), influence = TRUE)
# s <- apply(m$influence, c(2, 3), function(x) rowsum(x, b$id)[, 1])
# m$time, m$pstate[, 2:3], apply(s, c(2, 3), function(x) sqrt(sum(x^2)))[-1, 2:3]
# (R's influence summed by patient: survfit of survival 3.5-3 takes no notice of cluster = with several states.)
COMPETING = [
    (2, 0.0384615385, 0.0000000000, 0.0377146414, 0.0000000000),
    (5, 0.1758241758, 0.0386332418, 0.0593763694, 0.0221499222),
    (10, 0.2326147562, 0.1352464670, 0.0639092108, 0.0362804412),
    (20, 0.3610810380, 0.2342613248, 0.0617028409, 0.0486422170),
    (30, 0.4580144815, 0.3314475997, 0.0573490670, 0.0502770460),
    (48, 0.4796762924, 0.3716197968, 0.0549627132, 0.0499347800),
]


@pytest.mark.parametrize("row", COMPETING)
def test_competing_events_equal_survfit_with_its_influence_by_patient(row: tuple[float, ...]) -> None:
    found = aalen_johansen(BLADDER["stop"], KINDS, entries=BLADDER["start"], patients=BLADDER["id"])
    at = int(np.searchsorted(found.times, row[0]))
    values = [found.times[at], *found.incidence[:, at], *np.sqrt(found.variance[:, at])]
    assert values == pytest.approx(list(row), abs=1e-8)
    curve = bladder()
    np.testing.assert_allclose(found.free, curve.survival, atol=1e-12)
    np.testing.assert_allclose(found.free_low, curve.low, atol=1e-12)
    np.testing.assert_allclose(found.free_high, curve.high, atol=1e-12)


# Without patients, R's own: f <- survfit(Surv(start, stop, kind) ~ 1, data = b, id = seq_len(nrow(b)));
# f$time, f$std.err[, 2:3]
SINGLE = [(5, 0.0578311002, 0.0219949335), (20, 0.0574814114, 0.0427315793), (48, 0.0542275910, 0.0494987895)]


def test_competing_events_of_different_patients_equal_survfit() -> None:
    found = aalen_johansen(BLADDER["stop"], KINDS, entries=BLADDER["start"])
    for time, first, second in SINGLE:
        at = int(np.searchsorted(found.times, time))
        assert np.sqrt(found.variance[:, at]) == pytest.approx([first, second], abs=1e-8)


# c <- coxph(Surv(start, stop, event) ~ factor(group), data = b, cluster = id, ties = "breslow"); c$rscore
# group: id %% 2, and (id + (start > 5)) %% 3, by which courses of one patient are in different groups
def test_the_test_by_patient_equals_the_robust_score_test_of_coxph() -> None:
    columns = BLADDER["stop"], BLADDER["event"]
    two, three = BLADDER["id"] % 2, (BLADDER["id"] + (BLADDER["start"] > 5)) % 3
    found = log_rank(*columns, two, BLADDER["start"], BLADDER["id"])
    assert (found.statistic, found.degrees) == (pytest.approx(0.41513413141, abs=1e-8), 1)
    found = log_rank(*columns, three, BLADDER["start"], BLADDER["id"])
    assert (found.statistic, found.degrees) == (pytest.approx(0.237512596091, abs=1e-8), 2)


# survival:::survmean(f, rmean = tau) without cluster (Greenwood's), and with it by R's influence:
# k <- f$time < tau; sqrt(sum((f$influence.surv[, k] %*% diff(c(f$time[k], tau)))^2)) with influence = 1
@pytest.mark.parametrize(
    "until, mean, greenwood, by_patient",
    [(20, 13.4501129447, 0.90257701414, 0.9975260816), (40, 18.54460566369, 1.51870853469, 1.7991180503)],
)
def test_the_restricted_mean_equals_r(until: float, mean: float, greenwood: float, by_patient: float) -> None:
    columns = BLADDER["stop"], BLADDER["event"], until, BLADDER["start"]
    plain, robust = restricted_mean(*columns), restricted_mean(*columns, BLADDER["id"])
    assert (plain.mean, plain.error) == (pytest.approx(mean, abs=1e-8), pytest.approx(greenwood, abs=1e-8))
    assert (robust.mean, robust.error) == (pytest.approx(mean, abs=1e-8), pytest.approx(by_patient, abs=1e-8))
    assert robust.low is not None
    assert robust.high is not None
    assert robust.high - robust.low == pytest.approx(2 * 1.959963984540054 * by_patient, abs=1e-6)


def test_where_nothing_varies_the_mean_has_the_interval_of_a_share_that_all_have() -> None:
    """All twenty are free of it for 30 of 90 days: each of those days, and each after them, is a share of 20 of 20."""
    found = restricted_mean([30] * 20, [1] * 20, 90)
    share = wilson(20, 20)
    assert found.mean == 30
    assert (found.low, found.high) == (pytest.approx(30 * share.low), pytest.approx(30 + 60 * (1 - share.low)))
    whole = restricted_mean([90] * 20, [0] * 20, 90)
    assert (whole.mean, whole.low, whole.high) == (90, pytest.approx(90 * share.low), 90)


def test_a_mean_beyond_the_curve_is_not_told() -> None:
    assert restricted_mean([5, 9], [1, 0], 10).mean is None
    assert restricted_mean([5, 9], [1, 1], 10).mean == 7
    assert restricted_mean([], [], 10).mean is None
    assert restricted_mean([5, 9], [1, 1], 10, patients=[1, 1]).low is None


def test_a_mean_that_does_not_vary_still_has_an_interval() -> None:
    everybody = restricted_mean([10] * 40, [0] * 40, 10)
    assert everybody.mean == everybody.high == 10
    assert everybody.low == pytest.approx(10 * 40 / (40 + 1.959963984540054**2))  # Wilson's lower end of 40 of 40
    at_once = restricted_mean([5] * 40, [1] * 40, 10)
    assert at_once.low is not None
    assert at_once.high is not None
    assert at_once.low < 5 < at_once.high


def test_a_course_each_has_greenwoods_variance_as_without_patients() -> None:
    whose = np.arange(len(BLADDER))
    single = kaplan_meier(BLADDER["stop"], BLADDER["event"], entries=BLADDER["start"], patients=whose)
    np.testing.assert_array_equal(single.log_variance, bladder(patients=False).log_variance)


def test_one_patient_alone_tells_nothing_of_others() -> None:
    curve = kaplan_meier([1, 2, 3], [1, 1, 0], patients=[7, 7, 7])
    assert curve.survival.tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 3])
    assert np.isnan(curve.low).all()
    assert np.isnan(curve.high).all()
    assert np.isnan(aalen_johansen([1, 2, 3], [1, 2, 0], patients=[7, 7, 7]).low).all()


def test_patients_who_do_not_differ_give_no_interval_of_zero_width() -> None:
    # Each of ten patients lost one course on day 5 and had the other followed to day 9: the jackknife sees no variance.
    whose = np.repeat(np.arange(10), 2)
    times, events = np.tile([5, 9], 10), np.tile([1, 0], 10)
    curve = kaplan_meier(times, events, patients=whose)
    assert curve.survival[0] == 0.5
    assert curve.standard_error[0] == pytest.approx(math.sqrt(0.25 / 10))  # each patient once
    assert curve.low[0] < 0.3
    assert curve.high[0] > 0.7
    competing = aalen_johansen(times, events, patients=whose)
    assert competing.low[0][0] < 0.3
    assert competing.high[0][0] > 0.7


COURSES = st.lists(
    st.tuples(st.integers(0, 6), st.integers(1, 12), st.integers(0, 2), st.integers(0, 5)), min_size=2, max_size=30
)


def weighed(times: np.ndarray, kinds: np.ndarray, entries: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Both incidences at each exit time, of courses that weigh so much."""
    free, incidence, found = 1.0, np.zeros(2), []
    for time in np.unique(times):
        at_risk = weights[(entries < time) & (times >= time)].sum()
        events = np.array([weights[(times == time) & (kinds == kind)].sum() for kind in (1, 2)])
        incidence = incidence + free * events / at_risk
        free *= 1 - events.sum() / at_risk
        found.append(incidence)
    return np.array(found).T


@given(COURSES)
def test_it_is_the_sum_of_squared_derivatives_by_the_weight_of_each_patient(
    courses: list[tuple[int, int, int, int]],
) -> None:
    entries, followed_for, kinds, patients = (np.array(column) for column in zip(*courses, strict=True))
    times = entries + followed_for
    if np.unique(patients).size < 2:
        return
    found = aalen_johansen(times, kinds, entries=entries, patients=patients)
    step, total = 1e-5, np.zeros_like(found.incidence)
    for patient in np.unique(patients):
        more, less = (
            weighed(times, kinds, entries, np.where(patients == patient, 1 + by, 1.0)) for by in (step, -step)
        )
        total += ((more - less) / (2 * step)) ** 2
    telling = total > 1e-8  # elsewhere each patient counts once
    np.testing.assert_allclose(found.variance[telling], total[telling], rtol=1e-5, atol=1e-7)


def test_squares_are_summed_over_the_changes_of_each() -> None:
    random = np.random.default_rng(1)
    who, places = random.integers(0, 9, 60), random.integers(0, 8, 60)
    changes, functions = random.normal(size=(2, 60)), random.normal(size=(2, 7))
    expected = np.zeros(7)
    for patient in range(9):
        for at in range(7):
            coefficients = changes[:, (who == patient) & (places <= at)].sum(axis=1)
            expected[at] += float(coefficients @ functions[:, at]) ** 2
    np.testing.assert_allclose(squared_influence(functions, who, places, changes), expected, atol=1e-12)


def test_a_hundred_thousand_courses_lose_no_digits() -> None:
    # A quarter of the courses doubled within the patient: the variance of the doubled ones counts twice.
    random = np.random.default_rng(2)
    times, events = random.exponential(30, 50_000), random.integers(0, 2, 50_000)
    once = kaplan_meier(times, events)
    twice = kaplan_meier(np.tile(times, 2), np.tile(events, 2), patients=np.tile(np.arange(50_000), 2))
    places = np.searchsorted(once.times, [1.0, 10.0, 60.0])
    # Greenwood's and the jackknife agree within the error of a large sample.
    np.testing.assert_allclose(twice.standard_error[places], once.standard_error[places], rtol=0.01)


@pytest.mark.parametrize("groups", [2, 3])
def test_equal_groups_are_called_different_in_one_of_twenty(groups: int) -> None:
    """False alarms of 2,000 clinics of 120 patients, a quarter of whom have two courses that go much alike."""
    random = np.random.default_rng(groups)
    alarms = plain = 0
    for _ in range(2000):
        patients = np.append(np.arange(120), np.arange(30))
        frailty = random.gamma(0.5, 2.0, 120)[patients]
        times, until = random.exponential(1 / (0.03 * frailty + 1e-3)), random.uniform(10, 60, 150)
        columns = np.minimum(times, until), times <= until, (patients % groups)
        alarms += (log_rank(*columns, patients=patients).p_value or 1.0) < 0.05
        plain += (log_rank(*columns).p_value or 1.0) < 0.05
    assert 0.04 <= alarms / 2000 <= 0.06
    assert plain / 2000 > 0.06  # taken as 150 patients
