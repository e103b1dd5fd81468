"""State occupation against R's multi-state `survfit`, in whole days, and what scores tell of the days between them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_models.outcomes.proportions import wilson_bounds
from data_models.outcomes.states import Spans, StateCurves, by_day, since, spans_of_scores, state_curves


def spans(rows: list[tuple[float, ...]]) -> Spans:
    """Rows (patient, course, start, stop, state, following); nothing is held."""
    patient, course, start, stop, state, following = (np.array(column) for column in zip(*rows, strict=True))
    whole = [column.astype(np.int64) for column in (patient, course, state, following)]
    return Spans(whole[0], whole[1], start.astype(float), stop.astype(float), whole[2], whole[3], stop.astype(float))


# Seven stays and re-entries of six patients; patients 1 and 4 have two courses, and two begin in response.
ROWS: list[tuple[float, ...]] = [
    (1, 1, 0, 2, 0, 1), (1, 1, 2, 5, 1, 2), (1, 1, 5, 9, 2, 0), (1, 2, 0, 3.5, 0, 2), (1, 2, 3.5, 8, 2, -1),
    (2, 3, 0, 6, 0, 1), (3, 4, 0, 1, 0, 2), (3, 4, 1, 7, 2, 0), (4, 5, 0, 2.5, 0, -1), (5, 6, 0, 4, 0, 1),
    (5, 6, 4, 10, 1, 2), (4, 7, 3, 9.5, 2, 0), (6, 8, 0, 8.5, 2, 1),
]  # fmt: skip

# d <- read.table(text = "the rows above", col.names = c("patient", "course", "start", "stop", "state", "following"))
# names <- c("none", "partial", "response")
# d$event <- factor(c("censored", names)[d$following + 2], c("censored", names))
# f <- survfit(Surv(start, stop, event) ~ 1, data = d, id = course, istate = names[state + 1], influence = TRUE)
# cbind(f$time, f$pstate, f$std.err)                    # std.err: survival 3.5-3 takes each id as a patient
# by <- d$patient[match(1:8, d$course)]                 # so its influence is added up by patient, which is `cluster`
# apply(apply(f$influence.pstate, 2:3, rowsum, by)[, -1, ], 2:3, function(x) sqrt(sum(x^2)))
TIMES = [1, 2, 2.5, 3.5, 4, 5, 6, 7, 8, 8.5, 9, 9.5, 10]
SHARES = [
    (0.7142857143, 0.0000000000, 0.2857142857), (0.5714285714, 0.1428571429, 0.2857142857),
    (0.5714285714, 0.1428571429, 0.2857142857), (0.3809523810, 0.1428571429, 0.4761904762),
    (0.1904761905, 0.3333333333, 0.4761904762), (0.1904761905, 0.1666666667, 0.6428571429),
    (0.0000000000, 0.3571428571, 0.6428571429), (0.1285714286, 0.3571428571, 0.5142857143),
    (0.1285714286, 0.3571428571, 0.5142857143), (0.1285714286, 0.5285714286, 0.3428571429),
    (0.3000000000, 0.5285714286, 0.1714285714), (0.4714285714, 0.5285714286, 0.0000000000),
    (0.4714285714, 0.0000000000, 0.5285714286),
]  # fmt: skip
BY_PATIENT = [
    (0.1802400177, 0.0000000000, 0.1802400177), (0.1580809529, 0.1117801138, 0.1802400177),
    (0.1580809529, 0.1117801138, 0.1802400177), (0.2216198045, 0.1117801138, 0.1648636801),
    (0.1744116510, 0.1603096022, 0.1648636801), (0.1744116510, 0.1680779253, 0.2207611392),
    (0.0000000000, 0.2207611392, 0.2207611392), (0.1242851372, 0.2207611392, 0.2234634133),
    (0.1242851372, 0.2207611392, 0.2234634133), (0.1242851372, 0.2154934567, 0.2113709939),
    (0.2101924157, 0.2154934567, 0.1310098979), (0.2154934567, 0.2154934567, 0.0000000000),
    (0.2154934567, 0.0000000000, 0.2154934567),
]  # fmt: skip
BY_COURSE = [
    (0.1707469442, 0.0000000000, 0.1707469442), (0.1870439059, 0.1322600143, 0.1707469442),
    (0.1870439059, 0.1322600143, 0.1707469442), (0.1993402356, 0.1322600143, 0.2041572045),
    (0.1675551311, 0.1944039478, 0.2041572045), (0.1675551311, 0.1611912382, 0.1982879426),
    (0.0000000000, 0.1982879426, 0.1982879426), (0.1222892004, 0.1982879426, 0.1943150571),
    (0.1222892004, 0.1982879426, 0.1943150571), (0.1222892004, 0.1977872227, 0.1843614115),
    (0.1956216390, 0.1977872227, 0.1425292281), (0.1977872227, 0.1977872227, 0.0000000000),
    (0.1977872227, 0.0000000000, 0.1977872227),
]  # fmt: skip


def test_shares_and_errors_by_patient_equal_r() -> None:
    curves = state_curves(spans(ROWS), until=10)
    assert curves.times.tolist() == [0, *TIMES]
    assert (curves.patients, curves.courses) == (6, 8)
    np.testing.assert_allclose(curves.share[1:], SHARES, atol=1e-9)
    np.testing.assert_allclose(curves.error[1:], BY_PATIENT, atol=1e-9)
    apart = [(course, course, *rest) for _, course, *rest in ROWS]
    np.testing.assert_allclose(state_curves(spans(apart), until=10).error[1:], BY_COURSE, atol=1e-9)


def test_days_in_each_state_equal_r() -> None:
    # summary(f, rmean = 8)$table                       # se(rmean) by course
    # w <- diff(c(0, 1, 2, 2.5, 3.5, 4, 5, 6, 7, 8))    # by patient: the influence added up over patient and time
    # i <- apply(f$influence.pstate, 2:3, rowsum, by)[, 1:9, ]
    # sqrt(colSums(apply(i, c(1, 3), function(x) sum(x * w))^2))
    curves = state_curves(spans(ROWS), until=8)
    assert curves.spent.tolist() == pytest.approx([3.128571429, 1.5, 3.371428571], abs=1e-9)
    assert curves.spent_error.tolist() == pytest.approx([0.7201042507, 0.5535394256, 1.1390027488], abs=1e-9)
    apart = [(course, course, *rest) for _, course, *rest in ROWS]
    errors = state_curves(spans(apart), until=8).spent_error
    assert errors.tolist() == pytest.approx([0.7303666026, 0.6390983586, 1.1491098793], abs=1e-9)


def test_two_states_give_the_restricted_mean_of_kaplan_meier() -> None:
    # print(survfit(Surv(time, status) ~ 1, subset(aml, x == "Maintained")), rmean = 100), which survRM2 gives as well
    times = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161]
    status = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]
    rows = [(i, i, 0, time, 0, 1 if event else -1) for i, (time, event) in enumerate(zip(times, status, strict=True))]
    curves = state_curves(spans(rows), until=100, n_states=2)
    assert curves.spent[0] == pytest.approx(41.4159090909, abs=1e-9)
    assert curves.spent_error[0] == pytest.approx(10.8288647169, abs=1e-9)


def scores(rows: list[tuple[float, ...]], hold: float = 30, observed: float = math.inf) -> Spans:
    """Stays out of scores (patient, course, day, state); each is held for `hold` days, but not past `observed`."""
    patient, course, days, state = (np.array(column) for column in zip(*rows, strict=True))
    until = np.minimum(days + hold, observed)
    return spans_of_scores(
        patient.astype(np.int64), course.astype(np.int64), days.astype(float), state.astype(np.int64), until, hold
    )


def daily(found: Spans, until: int = 90) -> StateCurves:
    return state_curves(by_day(found), until, times=np.arange(until + 1), linear=True)


def test_four_courses_by_hand() -> None:
    # Scores on days 0, 2, 4: response from the middle of days 0 and 2; the second loses it between days 2 and 4. The
    # third is known for two days and in no response; the fourth never has a score: it is held, and never could change.
    found = scores([(1, 1, 0, 0), (1, 1, 2, 2), (1, 1, 4, 2), (2, 2, 0, 0), (2, 2, 2, 2), (2, 2, 4, 0), (3, 3, 0, 0),
                    (3, 3, 2, 0), (4, 4, 0, 0)])  # fmt: skip
    curves = daily(found, 4)
    # On day 1 two of three respond; on day 3 one of the two of them that are seen so long loses it.
    assert curves.share[:, 2].tolist() == pytest.approx([0, 2 / 3, 2 / 3, 1 / 3, 1 / 3])
    assert curves.at_risk.tolist() == [4, 4, 4, 4, 4]
    assert curves.spent[2] == pytest.approx(1 / 3 + 2 / 3 + 1 / 2 + 1 / 3)
    assert curves.stepping.tolist() == [math.inf, 3, math.inf, 3, math.inf]
    assert curves.holds == 0  # fewer than five courses


def test_a_state_is_held_30_days_after_its_last_score_and_not_past_the_end_of_observation() -> None:
    rows = [(1, 1, 0, 0), (1, 1, 10, 2)]
    assert daily(scores(rows)).at_risk.tolist() == [1] * 41 + [0] * 50
    assert daily(scores(rows, observed=20)).at_risk.tolist() == [1] * 21 + [0] * 70
    again = daily(scores([*rows, (1, 1, 60, 0), (1, 1, 61, 0)]))
    assert again.at_risk.tolist() == [1] * 41 + [0] * 20 + [1] * 30
    # Nobody saw the change between days 10 and 60: the share is that of the one who was seen.
    assert again.share[90, 2] == 1


def test_of_several_changes_in_a_day_the_last_counts() -> None:
    curves = daily(scores([(1, 1, 0, 0), (1, 1, 0.4, 1), (1, 1, 0.9, 2), (1, 1, 2, 2)]), 3)
    assert curves.share[:, 2].tolist() == [0, 1, 1, 1]
    assert curves.share[:, 1].tolist() == [0, 0, 0, 0]


def test_a_course_between_two_scores_of_one_day_counts_at_the_days_end() -> None:
    rows = [(i, i, 0, 0) for i in range(6)] + [(i, i, 0.8, 2) for i in range(3)] + [(i, i, 0.8, 0) for i in range(3, 6)]
    assert daily(scores(sorted(rows)), 1).share[1].tolist() == [0.5, 0, 0.5]


def test_scores_that_fall_anywhere_in_the_day_count_as_daily_ones() -> None:
    random = np.random.default_rng(4)
    days = np.arange(1, 31.0)
    state = np.cumsum(random.random((40, 30)) < 0.1, axis=1) % 3
    shares = []
    for late in (0.0, 0.1, -0.4, 0.45):
        rows = [(i, i, 0, 0) for i in range(40)]
        rows += [
            (i, i, day + late, s) for i in range(40) for day, s in zip(days[: 30 - i // 2], state[i], strict=False)
        ]
        shares.append(daily(scores(sorted(rows)), 30).share)
    for other in shares[1:]:
        np.testing.assert_allclose(other, shares[0])


def test_another_clock_begins_in_the_state_of_its_time_zero() -> None:
    found = scores(
        [(1, 1, 0, 0), (1, 1, 10, 2), (1, 1, 20, 2), (2, 2, 0, 0), (2, 2, 8, 0), (2, 2, 20, 2), (3, 3, 0, 0)]
    )
    curves = daily(since(found, np.full(len(found.start), 10.0)), 10)
    assert curves.share[0].tolist() == [0.5, 0, 0.5]
    assert curves.error[0, 2] == pytest.approx(math.sqrt(0.25 / 2))
    assert curves.share[4].tolist() == [0, 0, 1]  # the second responds between days 8 and 20
    # The third has no score after day 0: it is held until day 30, but says nothing of the shares.
    assert curves.at_risk[0] == 3


def test_after_a_change_that_rests_on_few_courses_nothing_is_said() -> None:
    rows = [(i, i, day, 2 if day else 0) for i in range(20) for day in (0, 2, 10)]
    rows += [(i, i, day, 2 if day < 20 else 0) for i in (20, 21) for day in (0, 2, 10, 20)]
    curves = daily(scores(sorted(rows)))
    # 22 are held until day 40, but of those who could have lost it before day 20 there were two, and both did.
    assert curves.at_risk[15] == 22
    assert curves.stepping[15] == 2
    assert curves.holds == 15
    assert curves.share[14, 2] == 1


def test_an_interval_of_identical_courses_has_a_width() -> None:
    all_alike = daily(scores([(i, i, day, 2 if day else 0) for i in range(12) for day in (0, 1, 90)], hold=100))
    assert all_alike.error[30, 2] == 0
    assert all_alike.low[30, 2] == pytest.approx(0.712, abs=1e-3)
    assert all_alike.high[30, 2] == 1
    assert all_alike.spent[2] == 89.5
    assert all_alike.spent_low[2] < 80 < 89.5 < all_alike.spent_high[2] <= 90
    assert np.isnan(daily(scores([(1, 1, 0, 0)], hold=0.1)).low[50]).all()


def test_where_one_patient_alone_was_in_a_state_each_counts_once() -> None:
    rows = [(i, i, day, 2 if (i, day) == (0, 1) else 0) for i in range(20) for day in range(91)]
    curves = daily(scores(rows))
    assert curves.spent[2] == pytest.approx(1 / 20)
    assert curves.spent_error[2] < 0.05  # by which it would be less than a fifth of a day
    low, high = wilson_bounds(curves.spent[2] / 90, 20, 2.093)
    assert curves.spent_high[2] == pytest.approx(90 * high, abs=0.01)
    assert curves.spent_low[2] == pytest.approx(90 * low, abs=0.01)


def test_a_course_comes_in_again_at_the_nearest_day() -> None:
    rows = [(1, 1, 0, 0), (1, 1, 5, 0), (1, 1, 60.4, 0), (1, 1, 62, 0)]
    assert daily(scores(rows)).at_risk.tolist() == [1] * 36 + [0] * 25 + [1] * 30


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.lists(st.integers(0, 2), min_size=12, max_size=12)), min_size=5,
                max_size=20))  # fmt: skip
def test_without_censoring_it_is_the_plain_share_by_patient(courses: list[tuple[int, list[int]]]) -> None:
    rows = [(p, c, day, s) for c, (p, states) in enumerate(courses) for day, s in enumerate([0, *states])]
    curves = daily(scores(rows), 12)
    states = np.array([[0, *of] for _, of in courses])
    patient = np.array([p for p, _ in courses])
    for state in range(3):
        share = (states == state).mean(axis=0)
        np.testing.assert_allclose(curves.share[:, state], share, atol=1e-12)
        by_patient = np.array([((states == state) - share)[patient == p].sum(axis=0) for p in np.unique(patient)])
        np.testing.assert_allclose(
            curves.error[:, state], np.sqrt((by_patient**2).sum(axis=0)) / len(states), atol=1e-12
        )
    assert curves.spent.sum() == pytest.approx(12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_course_told_twice_changes_nothing_and_shares_add_up(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = []
    for course in range(15):
        days = np.sort(random.uniform(0, 80, random.integers(1, 9)))
        rows += [(course // 2, course, 0.0, 0), *((course // 2, course, day, random.integers(0, 3)) for day in days)]
    once = daily(scores(rows, hold=25))
    twice = daily(scores([*rows, *((p, 100 + c, day, s) for p, c, day, s in rows)], hold=25))
    for name in ("share", "error", "spent", "spent_error"):
        np.testing.assert_allclose(getattr(twice, name), getattr(once, name), atol=1e-9)
    np.testing.assert_allclose(twice.at_risk, 2 * once.at_risk)
    np.testing.assert_allclose(once.share.sum(axis=1), 1)
    assert (once.share >= -1e-12).all()


def test_weekly_scores_with_leaving_by_state_come_near_what_is_so() -> None:
    """A change in the middle of its gap, none expected where none could be seen: else 5 to 15 points are missing."""
    random = np.random.default_rng(11)
    onset, lasts = random.exponential(8, 3000), random.exponential(40, 3000)
    lost = np.where(random.random(3000) < 0.6, onset + lasts, onset)
    rows = []
    for i in range(3000):
        rows.append((i, i, 0.0, 0))
        for day in np.arange(7, 91, 7) + random.uniform(-2, 2, 12):
            now = 2 if onset[i] <= day < lost[i] else 0
            rows.append((i, i, day, now))
            if random.random() < (0.03 if now else 0.12):
                break
    curves = daily(scores(rows))
    for day in (7, 14, 28):
        assert curves.share[day, 2] == pytest.approx(((onset <= day) & (day < lost)).mean(), abs=0.03)
    truth = np.clip(np.minimum(lost, 90) - np.minimum(onset, 90), 0, None).mean()
    assert curves.spent[2] == pytest.approx(truth, abs=2)
    assert curves.holds == 91
