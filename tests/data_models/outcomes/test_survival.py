"""Kaplan-Meier against R's survfit, statsmodels and cases worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.outcomes.restricted_mean import restricted_mean
from data_models.outcomes.survival import kaplan_meier
from tests.data_models.trials import SEEDED, TRIALS, groups, r_table

WHATS = ("time_to_response", "duration_of_response")


def courses(trial: str, group: str, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Times and events of one trial's courses as R had them."""
    patients = r_table(trial, "per_patient")
    patients = patients[patients["status"] == "ok"]
    if group != "ALL":
        patients = patients[patients["group"] == group]
    if what == "time_to_response":
        return patients["time_right"].to_numpy(float), patients["event"].to_numpy(float)
    patients = patients[patients["ever_response"] == 1]
    return patients["dur_time"].to_numpy(float), patients["dur_event"].to_numpy(float)


def assert_bound(ours: float, theirs: float) -> None:
    if math.isnan(theirs):
        assert math.isnan(ours)
    else:
        assert ours == pytest.approx(theirs, abs=1e-6)


def test_every_curve_of_r_is_compared() -> None:
    assert len(groups("km")) == 6 * len(TRIALS)
    assert len(r_table(SEEDED, "km")) == 80
    assert len(TRIALS) == 1 or sum(len(r_table(trial, "km")) for trial in TRIALS[1:]) > 160
    assert {what for _, _, what in groups("km")} == set(WHATS)


@pytest.mark.parametrize("trial, group, what", groups("km"))
def test_every_row_of_the_curve_equals_survfit(trial: str, group: str, what: str) -> None:
    times, events = courses(trial, group, what)
    curve = kaplan_meier(times, events)
    table = r_table(trial, "km").query("group == @group and what == @what")
    assert curve.times.tolist() == table["time"].tolist()
    assert curve.at_risk.tolist() == table["n_risk"].tolist()
    assert curve.events.tolist() == table["n_event"].tolist()
    assert curve.censored.tolist() == table["n_censor"].tolist()
    np.testing.assert_allclose(curve.survival, table["surv"], atol=1e-6)
    for row, values in enumerate(table.itertuples()):
        assert_bound(float(curve.standard_error[row]), values.se)
        assert_bound(float(curve.low[row]), values.lower_loglog)
        assert_bound(float(curve.high[row]), values.upper_loglog)


@pytest.mark.parametrize("trial, group, what", groups("km"))
def test_quantiles_and_their_intervals_equal_survfit(trial: str, group: str, what: str) -> None:
    times, events = courses(trial, group, what)
    curve = kaplan_meier(times, events)
    table = r_table(trial, "km_quantiles").query("group == @group and what == @what and conf_type == 'log-log'")
    assert len(table) == 3
    for row in table.itertuples():
        for ours, theirs in zip(curve.quantile(row.prob), (row.quantile, row.lower, row.upper), strict=True):
            assert_bound(ours, theirs)


@pytest.mark.parametrize("trial", TRIALS)
def test_medians_equal_the_summary_of_r(trial: str) -> None:
    for row in r_table(trial, "summary").itertuples():
        assert_bound(kaplan_meier(*courses(trial, row.group, WHATS[0])).median[0], row.km_median_onset)
        assert_bound(kaplan_meier(*courses(trial, row.group, WHATS[1])).median[0], row.km_median_duration)


def test_the_restricted_mean_equals_survfit() -> None:
    table = r_table(SEEDED, "restricted_mean")
    assert len(table) == 6
    for row in table.itertuples():
        ours = restricted_mean(*courses(SEEDED, row.group, row.what), until=row.until)
        assert (ours.mean, ours.error) == pytest.approx((row.mean, row.se), abs=1e-9)


def test_courses_of_the_same_time_are_counted_together() -> None:
    curve = kaplan_meier([1, 5, 2, 1, 2, 1, 5], [1, 0, 0, 0, 1, 1, 0])
    np.testing.assert_array_equal(curve.at_risk, [7, 4, 2])
    np.testing.assert_allclose(curve.survival, [5 / 7, 5 / 7 * 3 / 4, 5 / 7 * 3 / 4])


def test_greenwood_of_a_case_worked_by_hand() -> None:
    curve = kaplan_meier([1, 2, 3, 4], [1, 1, 0, 0])
    variance = 1 / (4 * 3) + 1 / (3 * 2)
    assert curve.survival[-1] == pytest.approx(0.5)
    assert curve.standard_error[-1] == pytest.approx(0.5 * math.sqrt(variance))
    spread = 1.959963984540054 * math.sqrt(variance) / math.log(2)
    assert curve.low[-1] == pytest.approx(0.5 ** math.exp(spread))
    assert curve.high[-1] == pytest.approx(0.5 ** math.exp(-spread))


def test_median_where_the_curve_rests_on_one_half_is_the_middle_of_that_part() -> None:
    assert kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]).median[0] == 2.5
    assert kaplan_meier([1, 2, 3, 9], [1, 1, 0, 0]).median[0] == 5.5  # to the curve's end


def test_nobody_with_the_event_has_no_median() -> None:
    curve = kaplan_meier([3, 5, 9], [0, 0, 0])
    assert curve.survival.tolist() == [1, 1, 1]
    assert all(math.isnan(value) for value in curve.median)
    assert curve.as_dict()["median"] is None
    assert curve.as_dict()["curve"][0]["low"] is None


def test_everybody_with_the_event_at_the_first_time_ends_at_zero() -> None:
    curve = kaplan_meier([4] * 10, [1] * 10)
    assert curve.survival.tolist() == [0]
    assert curve.median[0] == 4
    assert math.isnan(curve.low[0])


def test_one_person_and_nobody() -> None:
    assert kaplan_meier([2], [1]).median[0] == 2
    nobody = kaplan_meier([], [])
    assert nobody.as_dict() == {"n": 0, "events": 0, "median": None, "low": None, "high": None, "curve": []}


def test_all_censored_at_zero_stay_at_one() -> None:
    curve = kaplan_meier([0, 0, 0], [0, 0, 0])
    assert curve.survival.tolist() == [1]
    assert curve.at_risk.tolist() == [3]


def test_a_censoring_at_the_time_of_an_event_was_at_risk_for_it() -> None:
    assert kaplan_meier([1, 1], [1, 0]).survival.tolist() == [0.5]


def test_delayed_entry_counts_only_those_who_have_entered() -> None:
    # Entered at 0, 2 and 5; exits at 3 (event), 6 (event), 8 (censored).
    curve = kaplan_meier([3, 6, 8], [1, 1, 0], entries=[0, 2, 5])
    assert curve.at_risk.tolist() == [2, 2, 1]
    assert curve.survival.tolist() == [0.5, 0.25, 0.25]


def test_entry_at_the_time_of_an_event_is_not_at_risk_for_it() -> None:
    curve = kaplan_meier([3, 9], [1, 1], entries=[0, 3])
    assert curve.at_risk.tolist() == [1, 1]


def test_exit_at_ones_own_entry_is_never_at_risk_but_counted() -> None:
    curve = kaplan_meier([3, 9, 4], [1, 1, 0], entries=[0, 1, 4])
    assert curve.n == 3
    assert curve.times.tolist() == [3, 9]
    assert curve.at_risk.tolist() == [2, 1]


def test_exit_before_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="precede"):
        kaplan_meier([1], [1], entries=[2])


def test_delayed_entry_equals_statsmodels_on_random_courses() -> None:
    duration = pytest.importorskip("statsmodels.duration.survfunc")
    random = np.random.default_rng(7)
    entries = random.integers(0, 10, 300).astype(float)
    times = entries + random.integers(1, 40, 300)
    events = (random.random(300) < 0.6).astype(float)
    ours = kaplan_meier(times, events, entries=entries)
    theirs = duration.SurvfuncRight(times, events, entry=entries)
    at_events = ours.events > 0
    np.testing.assert_array_equal(ours.times[at_events], theirs.surv_times)
    np.testing.assert_allclose(ours.at_risk[at_events], theirs.n_risk)
    np.testing.assert_allclose(ours.survival[at_events], theirs.surv_prob, atol=1e-12)
    np.testing.assert_allclose(ours.standard_error[at_events][:-1], theirs.surv_prob_se[:-1], atol=1e-12)


COURSES = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=80)


@given(COURSES)
def test_a_curve_falls_from_one_and_lies_in_its_interval(courses: list[tuple[int, bool]]) -> None:
    times, events = zip(*courses, strict=True)
    curve = kaplan_meier(times, events)
    steps = np.concatenate(([1.0], curve.survival))
    assert (np.diff(steps) <= 0).all()
    assert curve.survival[-1] >= 0
    inside = ~np.isnan(curve.low)
    assert (curve.low[inside] <= curve.survival[inside] + 1e-12).all()
    assert (curve.high[inside] >= curve.survival[inside] - 1e-12).all()
    assert curve.events.sum() + curve.censored.sum() == curve.n == len(times)


@given(COURSES)
def test_entry_before_everything_changes_nothing(courses: list[tuple[int, bool]]) -> None:
    times, events = zip(*courses, strict=True)
    plain, delayed = kaplan_meier(times, events), kaplan_meier(times, events, [-1.0] * len(times))
    np.testing.assert_array_equal(plain.survival, delayed.survival)
    np.testing.assert_array_equal(plain.at_risk, delayed.at_risk)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=40))
def test_without_censoring_it_is_the_share_still_free(times: list[int]) -> None:
    curve = kaplan_meier(times, [1] * len(times))
    share = [sum(time > at for time in times) / len(times) for at in curve.times]
    np.testing.assert_allclose(curve.survival, share, atol=1e-12)
