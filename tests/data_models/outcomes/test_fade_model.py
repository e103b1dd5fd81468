"""The fade model finds the population's curve where who comes back early, is treated and leaves follows the scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data_models.outcomes.fade_model import LEAST_PATIENTS, FadeCurve, FadeScores, fit_fade

HALF_LIFE, BASELINE, NOISE = 28.0, 18.0, 2.0
DAYS = (3.0, 7.0, 14.0, 28.0)
BUILT_UP = 1 - 0.6**6


def people(random: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Depth of improvement (four in ten hardly improve) and half-life in days, of each patient."""
    deep = np.where(random.random(n) < 0.6, random.normal(0.75, 0.12, n), random.normal(0.15, 0.1, n))
    return deep, HALF_LIFE * np.exp(0.4 * random.standard_normal(n))


def truth() -> np.ndarray:
    deep, half_life = people(np.random.default_rng(0), 400_000)
    return np.array([(BUILT_UP * deep * 0.5 ** (day / half_life)).mean() for day in DAYS])


def clinic(seed: int, patients: int = 120) -> FadeScores:
    """Weekly scores for half a year: six sessions, then whoever scores badly is treated again; the badly off leave."""
    random = np.random.default_rng(seed)
    rows = []
    for one, (deep, half_life) in enumerate(zip(*people(random, patients), strict=True)):
        sessions = [0.0, 3.0, 7.0, 10.0, 14.0, 17.0]
        for day in np.arange(random.uniform(0, 7), 182, 7):
            number = int(np.searchsorted(sessions, day))
            if number == 0:
                continue
            since = day - sessions[number - 1]
            true = deep * min(1 - 0.6**number, BUILT_UP) * 0.5 ** (since / half_life)
            seen = 1 - np.clip(np.rint(BASELINE * (1 - true) + NOISE * random.standard_normal()), 0, 27) / BASELINE
            rows.append((one, 1, number, since, seen, BASELINE))
            if number >= 6 and day > sessions[-1] and (seen < 0.5 or since > 40) and random.random() < 0.6:
                sessions.append(day + random.uniform(0.5, 3))
            if random.random() < (0.12 if seen < 0.25 else 0.02):
                break
    patient, course, number, since, improvement, baseline = np.array(rows).T
    return FadeScores(patient.astype(int), course.astype(int), number.astype(int), since, improvement, baseline)


def at(curve: FadeCurve, day: float) -> tuple[float, float, float]:
    return next((p.improvement, p.low, p.high) for p in curve.points if p.days == day)


@pytest.fixture(scope="module")
def clinics() -> list[tuple[FadeScores, FadeCurve]]:
    made = []
    for seed in range(24):
        scores = clinic(seed)
        fit = fit_fade(scores)
        assert fit is not None
        made.append((scores, fit.curve()))
    return made


def test_intervals_hold_the_population_s_improvement(clinics: list[tuple[FadeScores, FadeCurve]]) -> None:
    found = np.array([[at(curve, day) for day in DAYS] for _, curve in clinics])
    bias = found[:, :, 0].mean(axis=0) - truth()
    held = (found[:, :, 1] <= truth()) & (truth() <= found[:, :, 2])
    assert np.abs(bias).max() < 0.03, bias
    assert held.mean() >= 0.92, held.mean(axis=0)


def test_plain_means_would_hide_the_fade(clinics: list[tuple[FadeScores, FadeCurve]]) -> None:
    # So the test above can fail: who is still untreated after four weeks is who does well.
    late = [s.improvement[(s.number >= 6) & (np.abs(s.since - 28) < 3)].mean() for s, _ in clinics]
    assert np.mean(late) - truth()[-1] > 0.08


def test_half_is_gone_after_the_half_life_not_after_two_weeks(clinics: list[tuple[FadeScores, FadeCurve]]) -> None:
    # The population's own: improvement falls to half of that on day 1 a little before day 29.
    deep, half_life = people(np.random.default_rng(0), 400_000)
    days = np.arange(20, 35, 0.25)
    means = np.array([(deep * 0.5 ** (day / half_life)).mean() for day in days])
    true = days[np.argmax(means <= (deep * 0.5 ** (1 / half_life)).mean() / 2)]
    halves = [curve.half_life for _, curve in clinics if curve.half_life is not None]
    assert len(halves) == len(clinics)
    assert np.median(halves) == pytest.approx(true, abs=2.5)
    lows = np.array([curve.half_life_low for _, curve in clinics], dtype=float)
    highs = np.array([np.inf if curve.half_life_high is None else curve.half_life_high for _, curve in clinics])
    assert ((lows <= true) & (true <= highs)).mean() >= 0.9
    assert lows.min() > 14, "nobody is told that half is gone by day 14"


def test_own_curves_are_nearer_to_the_truth_than_the_population_s() -> None:
    scores = clinic(3)
    fit = fit_fade(scores)
    assert fit is not None
    random = np.random.default_rng(3)
    deep, half_life = people(random, 120)
    days = np.array([1.0, 14.0])
    whole = fit.model.effects @ fit.columns.settled(days)
    own = whole + fit.model.own @ fit.columns.own(days, np.full(len(days), fit.columns.early))
    seen = fit.model.patients
    true = BUILT_UP * deep[seen, None] * 0.5 ** (days / half_life[seen, None])
    assert np.square(own - true).mean() < 0.25 * np.square(whole - true).mean()
    assert fit.after_each().shape == fit.scores.since.shape


def test_neither_order_nor_names_of_patients_matter() -> None:
    scores = clinic(5, 60)
    order = np.random.default_rng(1).permutation(len(scores.since))
    shuffled = replace(scores.of(order), patient=1000 - scores.patient[order])
    first, second = fit_fade(scores), fit_fade(shuffled)
    assert first is not None
    assert second is not None
    for one, other in zip(first.curve().points, second.curve().points, strict=True):
        assert one.improvement == pytest.approx(other.improvement, abs=1e-5)
        assert one.low == pytest.approx(other.low, abs=1e-4)


def test_courses_of_one_patient_are_one_patient() -> None:
    # Each patient's scores again as a second course: no narrower than before, as twice the patients would be.
    scores = clinic(7, 60)
    again = replace(scores, course=scores.course + 1)
    doubled = FadeScores(*(np.concatenate([getattr(scores, f), getattr(again, f)]) for f in scores.__slots__))
    once, twice = fit_fade(scores), fit_fade(doubled)
    assert once is not None
    assert twice is not None
    first, second = once.curve(), twice.curve()
    assert (second.patients, second.courses, second.scores) == (first.patients, 2 * first.courses, 2 * first.scores)
    widths = [p.high - p.low for p in first.points], [p.high - p.low for p in second.points]
    assert np.mean(widths[1]) > 0.85 * np.mean(widths[0])


def few(patients: int, scores: int) -> FadeScores:
    patient = np.repeat(np.arange(patients), scores)
    since = np.tile(np.linspace(1, 20, scores), patients)
    y = 0.6 + 0.2 * np.sin(patient) - 0.01 * since + 0.02 * np.cos(5 * np.arange(len(since)))
    one = np.ones(len(since), dtype=int)
    return FadeScores(patient, one, one, since, y, np.full(len(since), BASELINE))


def test_no_model_of_fewer_than_twenty_patients_with_three_scores() -> None:
    assert fit_fade(few(LEAST_PATIENTS - 1, 5)) is None
    assert fit_fade(few(100, 2)) is None
    assert few(LEAST_PATIENTS - 1, 3).patients_enough == LEAST_PATIENTS - 1
    assert fit_fade(few(0, 3)) is None
    fit = fit_fade(few(LEAST_PATIENTS, 3))
    assert fit is not None
    curve = fit.curve()
    assert (curve.patients, curve.scores, curve.settled_from) == (LEAST_PATIENTS, 60, 1)
    assert [p.days for p in curve.points] == list(range(1, 21)), "no further than patients were seen"
    assert curve.half_life is None
    assert curve.lost.low > 0


@pytest.mark.parametrize("patients, shapes", [(99, 1), (100, 2)])
def test_of_few_patients_the_own_fade_has_one_shape(patients: int, shapes: int) -> None:
    scores = clinic(3, patients)
    fit = fit_fade(scores)
    assert fit is not None
    assert len(np.unique(scores.patient)) == patients
    assert len(fit.columns.own_shapes) == shapes


@pytest.mark.parametrize("sessions, own_build_up", [(2, False), (3, True)])
def test_there_is_an_own_build_up_where_a_third_session_is_reached(sessions: int, own_build_up: bool) -> None:
    patient = np.repeat(np.arange(30), 2 * sessions)
    number = np.tile(np.repeat(np.arange(1, sessions + 1), 2), 30)
    since = np.tile([0.5, 3.0], 30 * sessions)
    random = np.random.default_rng(5)
    improvement = 0.2 * number - 0.01 * since + 0.05 * random.standard_normal(patient.size)
    one = np.ones(patient.size, dtype=int)
    fit = fit_fade(FadeScores(patient, one, number, since, improvement, np.full(patient.size, 20.0)))
    assert fit is not None
    assert (fit.settled_from, fit.columns.build_up) == (sessions, own_build_up)


def test_scores_later_than_a_curve_count_for_nothing() -> None:
    scores = few(30, 4)
    late = replace(few(30, 2), since=np.full(60, 60.0))
    both = FadeScores(*(np.concatenate([getattr(scores, f), getattr(late, f)]) for f in scores.__slots__))
    first, second = fit_fade(scores), fit_fade(both)
    assert first is not None
    assert second is not None
    assert first.curve() == second.curve()


def test_all_scores_on_one_day_make_no_curve() -> None:
    assert fit_fade(replace(few(30, 3), since=np.full(90, 7.0))) is None


def test_no_half_life_where_nothing_improved() -> None:
    random = np.random.default_rng(2)
    scores = few(60, 5)
    fit = fit_fade(replace(scores, improvement=0.1 * random.standard_normal(300)))
    assert fit is not None
    curve = fit.curve()
    assert (curve.half_life, curve.half_life_low, curve.half_life_high) == (None, None, None)
    assert curve.after.low < 0 < curve.after.high


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(24))
def test_odd_scores_give_finite_intervals_or_no_model(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = 180
    patient = np.repeat(np.arange(30) * 3, 6)
    since = (random.uniform(0, 42, n), np.floor(random.uniform(0, 8, n)), random.choice([1.0, 7.0], n))[seed // 8]
    improvement = (
        np.full(n, 0.5),
        np.zeros(n),
        np.repeat(random.random(30), 6),
        random.integers(0, 2, n).astype(float),
        0.5 - 0.01 * since,
        random.normal(0.3, 0.3, n),
        np.where(random.random(n) < 0.02, -1.5, 1.0),
        np.rint(20 * random.random(n)) / 20,
    )[seed % 8]
    number, course = random.integers(1, 2 + seed % 9, n), random.integers(1, 2 + seed % 3, n)
    fit = fit_fade(FadeScores(patient, course, number, since, improvement, np.full(n, 20.0)))
    if fit is None:
        return
    for point in fit.curve().points:
        assert -3 < point.low < point.improvement < point.high < 3
