"""Wilson against R, the clustered share against a loop over patients, differences by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from data_models.outcomes.proportions import (
    Mean,
    PatientSums,
    clustered,
    clustered_mean,
    difference,
    per_course,
    ratio_variance,
    wilson,
    wilson_bounds,
)
from tests.data_models.trials import DATASETS, SEEDED, TRIALS, r_table


def sums_of(x: list[float], n: list[float]) -> PatientSums:
    a, b = np.asarray(x, dtype=float), np.asarray(n, dtype=float)
    return PatientSums(len(a), a.sum(), b.sum(), (a * a).sum(), (a * b).sum(), (b * b).sum())


# Of our own by prop.test(x, n, conf, correct = FALSE), and the published counts where they lie beside the project.
COUNTS = [(SEEDED, "wilson", 78), *([("esketamine_side_effects", "incidence_ci", 171)] if DATASETS.is_dir() else [])]


@pytest.mark.parametrize("trial, name, least", COUNTS)
def test_wilson_equals_every_count_in_r(trial: str, name: str, least: int) -> None:
    table = r_table(trial, name)
    assert len(table) >= least
    for row in table.itertuples():
        share = wilson(row.x, row.n, row.conf)
        assert share.share == pytest.approx(row.p, abs=1e-9)
        assert share.low == pytest.approx(row.wilson_lo, abs=1e-9)
        assert share.high == pytest.approx(row.wilson_hi, abs=1e-9)


@pytest.mark.parametrize("trial", TRIALS)
def test_wilson_equals_the_summary_of_the_trials(trial: str) -> None:
    for row in r_table(trial, "summary").itertuples():
        response, remission = wilson(row.resp_last, row.n_eval), wilson(row.remit_last, row.n_eval)
        assert response.share == pytest.approx(row.resp_last_pct / 100, abs=1e-6)
        assert (response.low, response.high) == pytest.approx((row.wilson_lo, row.wilson_hi), abs=1e-6)
        assert (remission.low, remission.high) == pytest.approx((row.rem_wilson_lo, row.rem_wilson_hi), abs=1e-6)


def test_wilson_at_none_and_all_touches_zero_and_one() -> None:
    assert wilson(0, 10).low == 0
    assert wilson(0, 10).high == pytest.approx(0.2775, abs=1e-4)
    assert wilson(10, 10).high == 1


def test_a_share_of_nobody_is_not_estimable() -> None:
    for share in (wilson(0, 0), clustered(PatientSums(0, 0, 0, 0, 0, 0))):
        assert share.as_dict() == {
            "events": 0, "n": 0, "share": None, "low": None, "high": None, "method": share.method,
        }  # fmt: skip


def test_more_events_than_units_is_refused() -> None:
    with pytest.raises(ValueError, match="not a share"):
        wilson(3, 2)


def test_ratio_variance_equals_the_sum_over_patients() -> None:
    x, n = [3, 0, 1, 5, 2], [6, 4, 8, 6, 2]
    ratio = sum(x) / sum(n)
    by_hand = 5 / 4 * sum((a - ratio * b) ** 2 for a, b in zip(x, n, strict=True)) / sum(n) ** 2
    assert ratio_variance(sums_of(x, n)) == pytest.approx(by_hand)


def test_clustering_widens_what_wilson_would_say() -> None:
    # Five patients always, five never: 60 sessions that are worth ten.
    share = clustered(sums_of([6] * 5 + [0] * 5, [6] * 10))
    plain = wilson(30, 60)
    assert share.share == plain.share == 0.5
    assert share.low is not None
    assert plain.low is not None
    assert 0.5 - share.low > 2 * (0.5 - plain.low)
    assert share.method == "clustered"


def test_no_effect_in_any_session_counts_each_patient_once() -> None:
    share = clustered(sums_of([0] * 20, [6] * 20))
    assert share.low == 0
    t = stdtrit(19, 0.975)
    assert share.high == pytest.approx(t * t / (20 + t * t))


def test_an_effect_of_few_patients_has_the_freedom_of_those_few() -> None:
    x, n = [3.0] * 6 + [0.0] * 94, [6.0] * 100
    told = sums_of(x, n)._replace(some=6, short=100)
    assert clustered(told).high == pytest.approx(
        wilson_bounds(0.03, 0.03 * 0.97 / ratio_variance(told), stdtrit(5, 0.975))[1]
    )
    high = clustered(sums_of(x, n)).high
    assert high is not None
    assert clustered(told).high > high


def test_one_event_is_close_to_none() -> None:
    none = clustered(sums_of([0.0] * 100, [6.0] * 100)).high
    one = clustered(sums_of([1.0] + [0.0] * 99, [6.0] * 100)._replace(some=1, short=100)).high
    assert none is not None
    assert one is not None
    assert none < one < 2.5 * none


def test_one_patient_gives_a_share_and_no_interval() -> None:
    share = clustered(sums_of([2], [6]))
    assert (share.share, share.low, share.high) == (pytest.approx(1 / 3), None, None)


def test_one_patient_gives_a_mean_of_its_values_and_no_interval() -> None:
    assert clustered_mean(PatientSums(1, 15, 3, 225, 45, 9)) == Mean(3, 1, 5.0, None, None)
    assert clustered_mean(PatientSums(0, 0, 0, 0, 0, 0)) == Mean(0, 0, None, None, None)


def test_same_share_in_every_patient_still_has_an_interval() -> None:
    share = clustered(sums_of([3] * 10, [6] * 10))
    assert share.low is not None
    assert share.low < 0.4


def test_courses_use_wilson_while_each_is_of_another_patient() -> None:
    assert per_course(sums_of([1, 0, 1], [1, 1, 1])) == wilson(2, 3)


def test_a_single_second_course_counts_as_if_it_went_like_the_first() -> None:
    """61 patients, one with two courses: 62 courses worth 62^2 / 64 = 60.06."""
    share = per_course(sums_of([2] + [1, 0] * 30, [2] + [1] * 60))
    assert (share.events, share.n, share.method) == (32, 62, "clustered")
    assert (share.low, share.high) == pytest.approx(wilson_bounds(32 / 62, 62**2 / 64, 1.959963984540054))
    plain = wilson(32, 62)
    assert share.low < plain.low  # type: ignore[operator]
    assert share.high > plain.high  # type: ignore[operator]


def test_many_second_courses_are_measured() -> None:
    assert per_course(sums_of([2, 0, 1], [2, 1, 1])).method == "clustered"


def test_clustered_mean_equals_the_t_interval_when_each_patient_gives_one_value() -> None:
    values = [-3.0, -8.0, 0.0, -5.0]
    mean = clustered_mean(sums_of(values, [1] * 4))
    half = stdtrit(3, 0.975) * np.std(values, ddof=1) / 2
    assert mean.mean == pytest.approx(-4)
    assert (mean.low, mean.high) == pytest.approx((-4 - half, -4 + half))
    assert clustered_mean(sums_of([-3.0], [1])).low is None


def test_the_mean_of_identical_values_leaves_open_how_they_were_rounded() -> None:
    mean = clustered_mean(sums_of([5.0] * 10, [1] * 10))
    half = stdtrit(9, 0.975) * np.sqrt(1 / 12 / 10)
    assert (mean.low, mean.high) == pytest.approx((5 - half, 5 + half))
    # Six equal values of each patient say no more than one; values in steps of a tenth are known ten times as well.
    many = clustered_mean(sums_of([30.0] * 10, [6] * 10))
    assert (many.low, many.high) == pytest.approx((mean.low, mean.high))
    fine = clustered_mean(sums_of([5.0] * 10, [1] * 10), step=0.1)
    assert (fine.low, fine.high) == pytest.approx((5 - half / 10, 5 + half / 10))


@given(st.lists(st.tuples(st.integers(-30, 30), st.integers(1, 8)), min_size=2, max_size=40))
def test_a_mean_never_has_an_interval_of_zero_width(patients: list[tuple[int, int]]) -> None:
    mean = clustered_mean(sums_of([float(x * n) for x, n in patients], [n for _, n in patients]))
    assert mean.low is not None
    assert mean.high is not None
    assert mean.high - mean.low > 0.2 / np.sqrt(len(patients))


def test_difference_equals_newcombes_published_example() -> None:
    # Newcombe 1998 (Stat Med 17:873), table II: 56/70 against 48/80, method 10.
    result = difference(wilson(56, 70), wilson(48, 80))
    assert result.difference == pytest.approx(0.2)
    assert (result.low, result.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_difference_without_an_interval_says_none() -> None:
    assert difference(wilson(0, 0), wilson(1, 2)).difference is None
    assert difference(clustered(sums_of([1], [2])), wilson(1, 2)).low is None
