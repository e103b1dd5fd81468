"""Standardised shares: by hand, as R gives them, and how often they call no difference one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_models.outcomes import standardisation
from data_models.outcomes.standardisation import (
    LEAST_COURSES,
    LEAST_EVENTS,
    Standardised,
    contrasts,
    holm,
    share_bounds,
    standardise,
)

# R 4.2.2, Rscript: the estimating functions of glm, and of the mean of its predictions, summed by patient.
#   i <- 0:179; patient <- ifelse(i < 120, i %/% 2, i); severity <- 10 + (7 * i) %% 17
#   dx <- c("a", "b", "c")[1 + (5 * i + i %/% 7) %% 3]
#   group <- ((severity + 3 * (dx == "b") + (11 * i) %% 9) > 22) + 0
#   event <- ((13 * i + 4 * severity + 9 * (dx == "a") - 6 * group) %% 31 < 14) + 0
#   z <- (severity - mean(severity)) / sqrt(mean((severity - mean(severity))^2))
#   X <- cbind(1 - group, group, z, z^2, dx == "b", dx == "c")
#   fit <- glm(event ~ X - 1, family = binomial, control = list(epsilon = 1e-14, maxit = 100))
#   p <- fitted(fit); b <- coef(fit); n <- 180
#   psi <- (X * (event - p)) %*% solve(crossprod(X * sqrt(p * (1 - p))) / n)
#   one <- function(k) { Xk <- X; Xk[, 1:2] <- 0; Xk[, k] <- 1; q <- plogis(Xk %*% b)[, 1]
#     list(share = mean(q), infl = q - mean(q) + psi %*% colMeans(Xk * (q * (1 - q)))) }
#   r <- lapply(1:2, one); infl <- rowsum(cbind(r[[1]]$infl, r[[2]]$infl), patient); m <- nrow(infl)
#   V <- crossprod(infl) / n^2 * m / (m - 6); d <- r[[2]]$share - r[[1]]$share
#   se <- sqrt(V[1, 1] + V[2, 2] - 2 * V[1, 2]); d + c(-1, 1) * qt(.975, m - 6) * se; 2 * pt(-abs(d / se), m - 6)
R_SHARES = (0.49064677444571109, 0.41355828881563844)
R_COVARIANCE = (0.00576688554381224, -0.00224331638182649, 0.00485131214452708)
R_CONTRAST = (-0.07708848563007265, -0.32055582760444690, 0.16637885634430158, 0.53175822835730790)


def test_r_gives_the_same_shares_variances_and_interval() -> None:
    i = np.arange(180)
    patient, severity = np.where(i < 120, i // 2, i), 10.0 + (7 * i) % 17
    dx = np.array(["a", "b", "c"], dtype=object)[(5 * i + i // 7) % 3]
    group = (severity + 3 * (dx == "b") + (11 * i) % 9 > 22).astype(np.int64)
    event = ((13 * i + 4 * severity + 9 * (dx == "a") - 6 * group) % 31 < 14).astype(float)
    found = standardise(event, group, patient, {"severity": severity}, {"diagnosis": dx})
    assert found is not None
    assert found.shares == pytest.approx(R_SHARES, rel=1e-9)
    assert found.covariance[[0, 0, 1], [0, 1, 1]] == pytest.approx(R_COVARIANCE, rel=1e-8)
    assert (found.degrees, found.held_equal) == (114, ("severity", "diagnosis"))
    (contrast,) = contrasts(found)
    assert (contrast.difference, contrast.low, contrast.high, contrast.p_value) == pytest.approx(R_CONTRAST, rel=1e-8)


def counts(rows: list[tuple[int, str, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Event, group and level of (group, level, events, courses)."""
    event = np.concatenate([np.arange(courses) < events for _, _, events, courses in rows]).astype(float)
    group = np.concatenate([np.full(courses, g) for g, _, _, courses in rows]).astype(np.int64)
    level = np.concatenate([np.full(courses, name, dtype=object) for _, name, _, courses in rows])
    return event, group, level


def test_by_hand_a_difference_that_is_the_mix_of_people_alone_goes() -> None:
    """75 % of the mild and 25 % of the severe in both groups; B has twice as many severe: 58 against 42 % crude."""
    event, group, level = counts(
        [(0, "mild", 30, 40), (1, "mild", 15, 20), (0, "severe", 5, 20), (1, "severe", 10, 40)]
    )
    patient = np.arange(120)
    crude = standardise(event, group, patient, {}, {})
    assert crude is not None
    assert crude.shares == pytest.approx([35 / 60, 25 / 60])
    found = standardise(event, group, patient, {}, {"severity": level})
    assert found is not None
    assert found.shares == pytest.approx([0.5, 0.5])
    assert found.held_equal == ("severity",)


def test_by_hand_a_difference_that_the_mix_of_people_hides_comes() -> None:
    """Odds one to three everywhere: A 1/2 and 1/4, B 3/4 and 1/2; half of the courses are mild."""
    event, group, level = counts(
        [(0, "mild", 30, 60), (1, "mild", 15, 20), (0, "severe", 5, 20), (1, "severe", 30, 60)]
    )
    found = standardise(event, group, np.arange(160), {}, {"severity": level})
    assert found is not None
    assert found.shares == pytest.approx([0.375, 0.625])
    crude = standardise(event, group, np.arange(160), {}, {})
    assert crude is not None
    assert crude.shares == pytest.approx([35 / 80, 45 / 80])


def test_without_covariates_and_with_one_course_each_it_is_the_share_and_its_variance() -> None:
    event, group, _ = counts([(0, "", 12, 40), (1, "", 30, 50)])
    found = standardise(event, group, np.arange(90), {}, {})
    assert found is not None
    expected = np.array([0.3 * 0.7 / 40, 0.6 * 0.4 / 50]) * 90 / 88
    assert np.diag(found.covariance) == pytest.approx(expected)
    assert found.covariance[0, 1] == pytest.approx(0, abs=1e-15)
    (low, high), _ = share_bounds(found)
    assert 0 < low < 0.3 < high < 1


def test_a_patients_courses_count_together() -> None:
    """Every course twice, under the same patient, says no more than once; under another patient it would."""
    event, group, level = counts([(0, "a", 12, 40), (1, "a", 30, 50), (0, "b", 20, 40), (1, "b", 30, 50)])
    ids = np.arange(180)
    once = standardise(event, group, ids, {}, {"x": level})
    twice = standardise(
        np.tile(event, 2), np.tile(group, 2), np.tile(ids, 2), {}, {"x": np.concatenate((level, level))}
    )
    as_others = standardise(np.tile(event, 2), np.tile(group, 2), np.arange(360), {}, {"x": np.tile(level, 2)})
    assert once is not None
    assert twice is not None
    assert as_others is not None
    assert twice.covariance == pytest.approx(once.covariance)
    assert as_others.covariance[0, 0] < 0.6 * once.covariance[0, 0]


def test_what_goes_with_the_groups_cannot_be_held_equal() -> None:
    event, group, _ = counts([(0, "", 12, 40), (1, "", 30, 50)])
    route = np.where(group == 1, "iv", "im").astype(object)
    found = standardise(event, group, np.arange(90), {"baseline": np.full(90, 20.0)}, {"route": route})
    assert found is not None
    assert found.held_equal == ()
    assert found.shares == pytest.approx([0.3, 0.6])


def test_a_route_that_hardly_any_other_group_has_is_not_held_equal_either() -> None:
    """Of B two courses are by IV: of what IV does in B they say next to nothing."""
    event, group, _ = counts([(0, "", 12, 40), (1, "", 30, 50)])
    route = np.where((group == 1) & (np.arange(90) < 88), "nasal", np.where(np.arange(90) % 2, "im", "iv")).astype(
        object
    )
    found = standardise(event, group, np.arange(90), {}, {"route": route})
    assert found is not None
    assert found.held_equal == ()
    route[65:75] = "iv"
    found = standardise(event, group, np.arange(90), {}, {"route": route})
    assert found is not None
    assert found.held_equal == ("route",)


@pytest.mark.parametrize(
    "rows",
    [
        [(0, "", 10, LEAST_COURSES - 1), (1, "", 10, 40)],
        [(0, "", LEAST_EVENTS - 1, 40), (1, "", 10, 40)],
        [(0, "", 40 - LEAST_EVENTS + 1, 40), (1, "", 10, 40)],
        [(0, "", 10, 40)],
    ],
)
def test_a_group_too_small_to_be_standardised_is_not(rows: list[tuple[int, str, int, int]]) -> None:
    event, group, _ = counts(rows)
    assert standardise(event, group, np.arange(len(event)), {}, {}) is None


def test_a_level_that_cannot_be_estimated_in_its_group_is_pooled_until_it_can() -> None:
    """None of the five by IV in B respond, and nobody in A is nasal: the model would put them at no chance at all."""
    event, group, _ = counts([(0, "", 12, 40), (1, "", 30, 50)])
    route = np.where(group == 1, "nasal", np.where(np.arange(90) % 2, "im", "iv")).astype(object)
    route[85:] = "iv"
    found = standardise(event, group, np.arange(90), {}, {"route": route})
    assert found is not None
    assert ((found.shares > 0.1) & (found.shares < 0.9)).all()


def test_a_number_that_tells_the_outcome_apart_separates_and_gives_none() -> None:
    event, group, _ = counts([(0, "", 20, 40), (1, "", 20, 40)])
    assert standardise(event, group, np.arange(80), {"x": event * 10 + np.arange(80) / 100}, {}) is None


def test_a_column_that_mixes_those_before_it_is_left_out() -> None:
    one, two = np.array([1.0, 1, 1, 1]), np.array([1.0, 2, 3, 4])
    columns = [one, two, 3 * one - 2 * two, two**2, np.zeros(4)]
    assert standardisation._independent(columns) == [True, True, False, True, False]


def test_rare_levels_are_pooled_and_the_model_stays_small() -> None:
    """Thirty levels of three courses each: none can be estimated, so nothing is held equal and the shares are crude."""
    event, group, _ = counts([(0, "", 15, 45), (1, "", 30, 45)])
    level = np.array([f"clinic {n}" for n in np.arange(90) % 30], dtype=object)
    found = standardise(event, group, np.arange(90), {}, {"clinic": level})
    assert found is not None
    assert (found.held_equal, found.degrees) == ((), 88)
    assert found.shares == pytest.approx([1 / 3, 2 / 3])


def test_courses_that_are_alike_are_one_row_of_the_model_and_nothing_changes() -> None:
    """A number that is another of each course by a hair keeps every row apart: the same shares and variances."""
    random = np.random.default_rng(11)
    group, severity = random.integers(0, 3, 600), random.integers(10, 20, 600).astype(float)
    route = random.choice(np.array(["iv", "im", None], dtype=object), 600)
    event = (random.random(600) < 0.2 + 0.1 * group + 0.02 * (severity - 10)).astype(float)
    patient = random.integers(0, 450, 600)
    whole = standardise(event, group, patient, {"severity": severity}, {"route": route})
    apart = standardise(event, group, patient, {"severity": severity + 1e-10 * np.arange(600)}, {"route": route})
    assert whole is not None
    assert apart is not None
    assert apart.shares == pytest.approx(whole.shares, rel=1e-6)
    assert apart.covariance == pytest.approx(whole.covariance, rel=1e-6)
    assert (apart.degrees, apart.held_equal) == (whole.degrees, whole.held_equal)
    first, cell = standardisation._cells([group, severity, route])
    assert len(first) < 100 < 600 == len(cell)
    assert (group[first][cell] == group).all()
    assert (severity[first][cell] == severity).all()
    assert (route[first][cell] == route).all()


def test_holm_is_that_of_r() -> None:
    """R: p.adjust(c(.01, .04, .03, .005), "holm")."""
    adjusted, alphas = holm(np.array([0.01, 0.04, 0.03, 0.005]), 0.05)
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert alphas == pytest.approx([0.05 / 3, 0.05 / 2, 0.05 / 2, 0.05 / 4])


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=6), st.integers(0, 10**6))
def test_an_interval_leaves_out_no_difference_where_the_p_value_says_so(values: list[float], seed: int) -> None:
    spread = np.random.default_rng(seed).normal(size=(len(values) + 1, 20))
    shares = np.array([0.5, *(0.5 + value for value in values)])
    for one in contrasts(Standardised(shares, spread @ spread.T / 2000, 40, ())):
        assert (one.low > 0 or one.high < 0) == (one.p_value < 0.05)
        assert one.low <= one.difference <= one.high


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_the_order_of_courses_does_not_matter(seed: int) -> None:
    chance = np.random.default_rng(seed)
    event, group = (chance.random(120) < 0.5).astype(float), np.arange(120) % 3
    severity, level = chance.normal(size=120), np.array(list("abcd"), dtype=object)[chance.integers(0, 4, 120)]
    patient, order = np.arange(120) // 2, chance.permutation(120)
    one = standardise(event, group, patient, {"s": severity}, {"l": level})
    two = standardise(event[order], group[order], patient[order], {"s": severity[order]}, {"l": level[order]})
    assert (one is None) == (two is None)
    if one is not None and two is not None:
        assert two.shares == pytest.approx(one.shares)
        assert two.covariance == pytest.approx(one.covariance)


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(41, 140), st.floats(-2, 2), st.integers(2, 4))
def test_whatever_the_courses_a_share_is_a_share_and_its_interval_holds_it(
    seed: int, n: int, log_odds: float, k: int
) -> None:
    chance = np.random.default_rng(seed)
    severity = chance.integers(10, 28, n).astype(float)
    event = (chance.random(n) < 1 / (1 + np.exp(-log_odds - (severity - 18) / 3))).astype(float)
    level = np.array([None, *"abc"], dtype=object)[np.minimum(chance.geometric(0.5, n) - 1, 3)]
    found = standardise(event, chance.integers(0, k, n), chance.integers(0, n, n), {"s": severity}, {"l": level})
    if found is not None:
        for share, (low, high) in zip(found.shares, share_bounds(found), strict=True):
            assert 0 < low < share < high < 1
        for one in contrasts(found):
            assert -2 < one.low < one.difference < one.high < 2
            assert 0 <= one.p_value <= 1


def clinic(chance: np.random.Generator, courses: int) -> tuple[np.ndarray, ...]:
    """Courses of patients with a frailty of their own, a quarter of them with two; the severe go to group 1.

    They respond less; group and outcome have nothing to do with each other but for severity and diagnosis.
    """
    people = int(courses / 1.25)
    patient = np.repeat(np.arange(people), 1 + (chance.random(people) < 0.25))
    n = len(patient)
    severity = np.clip(np.round(chance.normal(16, 4, people))[patient] + np.round(chance.normal(0, 1.5, n)), 10, 27)
    kinds = np.array(["mdd", "trd", "ptsd", "bipolar", "other"], dtype=object)
    dx = kinds[chance.choice(5, p=[0.4, 0.3, 0.15, 0.1, 0.05], size=people)][patient]
    z, frailty = (severity - 16) / 4, chance.normal(0, 0.7, people)[patient]
    group = chance.random(n) < 1 / (1 + np.exp(-(z + 0.8 * (dx == "trd") - 0.6 * (dx == "ptsd"))))
    log_odds = frailty - 0.6 * z - 0.7 * (dx == "trd") + 0.4 * (dx == "ptsd")
    event = chance.random(n) < 1 / (1 + np.exp(-log_odds))
    return event.astype(float), group.astype(np.int64), patient, severity, dx


def test_false_alarms_are_near_5_percent_where_the_crude_difference_has_many() -> None:
    chance = np.random.default_rng(14)
    alarms, crude_alarms, differences = 0, 0, []
    for _ in range(500):
        event, group, patient, severity, dx = clinic(chance, 200)
        found, crude = (
            standardise(event, group, patient, {"severity": severity}, {"diagnosis": dx}),
            standardise(event, group, patient, {}, {}),
        )
        assert found is not None
        assert crude is not None
        (one,), (raw,) = contrasts(found), contrasts(crude)
        alarms, crude_alarms = alarms + (one.p_value < 0.05), crude_alarms + (raw.p_value < 0.05)
        differences.append(one.difference)
    assert 0.03 <= alarms / 500 <= 0.07  # 5 % with two standard errors of 500 clinics
    assert crude_alarms / 500 > 0.25
    assert abs(float(np.mean(differences))) < 0.01
