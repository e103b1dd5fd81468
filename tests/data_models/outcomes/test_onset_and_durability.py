"""Onset, duration and durability per course (definitions, sections 4 and 5), worked by hand."""

import numpy as np
import pandas as pd
import pytest


def test_onset_lies_between_the_last_score_before_and_the_first_score_in_response(cases):
    got = cases.outcome([0, 3, 6], [(-1, 20), (1, 15), (4, 10), (7, 12)])
    assert (got["onset_left"], got["onset_right"], got["onset_sessions"]) == (1, 4, 2)


def test_onset_at_the_first_score_begins_at_zero(cases):
    got = cases.outcome([0], [(-1, 20), (1, 9)])
    assert (got["onset_left"], got["onset_right"], got["onset_sessions"]) == (0, 1, 1)


def test_without_a_response_onset_is_censored_at_the_last_score(cases):
    got = cases.outcome([0], [(-1, 20), (1, 15), (9, 14)])
    assert got["onset_left"] == 9
    assert np.isnan(got["onset_right"])
    assert np.isnan(got["duration_days"])


def test_a_score_at_exactly_a_session_start_does_not_count_that_session(cases):
    assert cases.outcome([0, 3], [(-1, 20), (3, 9)])["onset_sessions"] == 1


@pytest.mark.parametrize(
    "hours, expected",
    [((23.0, 26.0), 23.0), ((11.9, 36.1), None), ((12.0,), 12.0), ((36.0,), 36.0), ((23.0, 25.0), 23.0)],
)
def test_response_at_24_hours_uses_the_nearest_score_from_12_to_36_hours(cases, hours, expected):
    got = cases.outcome([0], [(-1, 20), *((h / 24, 9) for h in hours)])
    if expected is None:
        assert np.isnan(got["early_score_hours"])
        assert np.isnan(got["early_response"])
    else:
        assert (got["early_score_hours"], got["early_response"]) == (expected, 1)


LOSS = [(-1, 20), (2, 8), (9, 11), (16, 9), (23, 10), (30, 16)]


@pytest.mark.parametrize(
    "rule, days, left, right",
    [("half_lost", 7, 2, 9), ("back_in_band", 21, 16, 23), ("both", 7, 2, 9)],
)
def test_loss_of_response_by_each_rule(cases, make_rules, rule, days, left, right):
    # Baseline 20, moderate from 10: 11 has lost half and is back in the band; 10 is only in the band.
    scores = LOSS if rule != "back_in_band" else [(d, 9 if s == 11 else s) for d, s in LOSS]
    got = cases.outcome([0], scores, make_rules(loss_rule=rule))
    assert (got["duration_event"], got["duration_days"], got["loss_left"], got["loss_right"]) == (1, days, left, right)


def test_loss_needs_both_by_default(cases, make_rules):
    # Baseline 12: 7 has lost half of the response but is below the moderate cut-off.
    scores = [(-1, 12), (2, 5), (9, 7), (16, 11)]
    assert cases.outcome([0], scores, make_rules(loss_rule="half_lost"))["loss_right"] == 9
    assert cases.outcome([0], scores)["loss_right"] == 16


def test_loss_can_take_two_consecutive_scores(cases, make_rules):
    scores = [(-1, 20), (2, 8), (9, 15), (16, 8), (23, 15), (30, 16)]
    assert cases.outcome([0], scores)["loss_right"] == 9
    assert cases.outcome([0], scores, make_rules(loss_confirmations=2))["loss_right"] == 23
    unconfirmed = cases.outcome([0], scores[:-1], make_rules(loss_confirmations=2))
    assert unconfirmed["duration_event"] == 0


def test_a_response_that_holds_is_censored_at_the_last_score(cases):
    got = cases.outcome([0], [(-1, 20), (2, 8), (9, 9), (30, 7)])
    assert (got["duration_event"], got["duration_days"], got["loss_left"]) == (0, 28, 30)
    assert np.isnan(got["loss_right"])


INDUCTION = [0, 3, 6, 9, 12, 15]


def test_end_of_induction_score_is_the_last_within_14_days_of_the_last_induction_session(cases):
    got = cases.outcome(INDUCTION, [(-1, 20), (16, 8), (29, 9), (29.1, 18)])
    assert (got["end_of_induction_score"], got["end_of_induction_days"]) == (9, 14)
    assert got["end_of_induction_response"] == 1


def test_end_of_induction_score_is_not_after_the_next_session(cases):
    # A gap of 14.5 days makes the session of day 29.5 maintenance; with a window of 20 days it still bounds.
    sessions = [*INDUCTION, 29.5]
    got = cases.outcome(sessions, [(-1, 20), (20, 8), (29, 9), (29.6, 3)])
    assert got["end_of_induction_score"] == 9


def test_no_score_after_induction_leaves_it_unmeasured(cases):
    got = cases.outcome(INDUCTION, [(-1, 20), (14, 8), (40, 8)])
    assert np.isnan(got["end_of_induction_score"])
    assert np.isnan(got["end_of_induction_response"])
    assert pd.isna(got["durability_end"])


def test_durability_ends_in_loss_counted_from_the_last_induction_session(cases):
    got = cases.outcome(INDUCTION, [(-1, 20), (20, 8), (40, 9), (55, 16)])
    assert (got["durability_entry_days"], got["durability_days"], got["durability_end"]) == (5, 40, "loss")


def test_durability_ends_at_the_next_session_before_a_loss(cases):
    got = cases.outcome([*INDUCTION, 45], [(-1, 20), (20, 8), (40, 9), (55, 16)])
    assert (got["durability_days"], got["durability_end"]) == (30, "retreated")


def test_a_loss_at_the_start_of_the_next_session_is_a_loss(cases):
    got = cases.outcome([*INDUCTION, 45], [(-1, 20), (20, 8), (45, 16)])
    assert (got["durability_days"], got["durability_end"]) == (30, "loss")


def test_durability_without_loss_or_session_is_censored_at_the_last_score(cases):
    got = cases.outcome(INDUCTION, [(-1, 20), (20, 8), (60, 9)])
    assert (got["durability_days"], got["durability_end"]) == (45, "censored")


def test_a_later_course_does_not_re_treat_the_earlier(cases):
    outcomes = cases.facts([*INDUCTION, 200], [(-1, 20), (20, 8), (60, 9), (199, 18)]).course_outcomes
    assert outcomes["durability_end"].iloc[0] == "loss"
    early = cases.facts([*INDUCTION, 200], [(-1, 20), (20, 8), (60, 9), (201, 18)]).course_outcomes
    assert (early["durability_days"].iloc[0], early["durability_end"].iloc[0]) == (45, "censored")


def test_courses_not_in_response_at_the_end_of_induction_are_not_followed(cases):
    got = cases.outcome(INDUCTION, [(-1, 20), (20, 15), (40, 8)])
    assert pd.isna(got["durability_end"])
    assert np.isnan(got["durability_days"])
