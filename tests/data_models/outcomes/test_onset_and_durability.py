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
ONE_SCORE = {"loss_confirmations": 1}


@pytest.mark.parametrize(
    "rule, days, left, right",
    [("half_lost", 7, 2, 9), ("back_in_band", 21, 16, 23), ("both", 7, 2, 9)],
)
def test_loss_of_response_by_each_rule(cases, make_rules, rule, days, left, right):
    # Baseline 20, moderate from 10: 11 has lost half and is back in the band; 10 is only in the band.
    scores = LOSS if rule != "back_in_band" else [(d, 9 if s == 11 else s) for d, s in LOSS]
    got = cases.outcome([0], scores, make_rules(loss_rule=rule, **ONE_SCORE))
    assert (got["duration_event"], got["duration_days"], got["loss_left"], got["loss_right"]) == (1, days, left, right)


def test_loss_needs_both_by_default(cases, make_rules):
    # Baseline 12: 7 has lost half of the response but is below the moderate cut-off.
    scores = [(-1, 12), (2, 5), (9, 7), (16, 11)]
    assert cases.outcome([0], scores, make_rules(loss_rule="half_lost", **ONE_SCORE))["loss_right"] == 9
    assert cases.outcome([0], scores, make_rules(**ONE_SCORE))["loss_right"] == 16


def test_loss_takes_two_consecutive_scores(cases, make_rules):
    scores = [(-1, 20), (2, 8), (9, 15), (16, 8), (23, 15), (30, 16)]
    assert cases.outcome([0], scores, make_rules(**ONE_SCORE))["loss_right"] == 9
    got = cases.outcome([0], scores)
    assert (got["loss_left"], got["loss_right"], got["duration_days"]) == (16, 23, 21)
    unconfirmed = cases.outcome([0], scores[:-1])  # the end of the record does not confirm
    assert (unconfirmed["duration_event"], unconfirmed["loss_left"], unconfirmed["duration_days"]) == (0, 23, 21)


def test_a_bad_score_before_the_next_session_confirms_the_loss_or_ends_the_following(cases, make_rules):
    # One score of 15 on day 9, the session that the clinic gave then on day 10, and 8 after it.
    scores, sessions = [(-1, 20), (2, 8), (9, 15), (12, 8), (30, 8)], [0, 10]
    got = cases.outcome(sessions, scores)
    assert (got["duration_event"], got["loss_left"], got["loss_right"]) == (1, 2, 9)
    censors = cases.outcome(sessions, scores, make_rules(loss_before_session="censors"))
    assert (censors["duration_event"], censors["duration_days"], censors["loss_left"]) == (0, 7, 9)
    assert np.isnan(censors["loss_right"])
    # A score at the very start of a session is before it.
    assert cases.outcome([0, 9], scores)["loss_right"] == 9
    # Without a session between them the 8 of day 12 says that the 15 was an error.
    assert cases.outcome([0, 13], scores)["duration_event"] == 0


def test_a_run_of_bad_scores_that_a_session_cuts_short_is_a_loss_from_its_first(cases, make_rules):
    three = make_rules(loss_confirmations=3)
    scores = [(-1, 20), (2, 8), (9, 15), (12, 16), (16, 8), (30, 8)]
    assert cases.outcome([0, 14], scores, three)["loss_right"] == 9
    assert cases.outcome([0], scores, three)["duration_event"] == 0


def test_a_response_that_holds_is_censored_at_the_last_score(cases):
    got = cases.outcome([0], [(-1, 20), (2, 8), (9, 9), (30, 7)])
    assert (got["duration_event"], got["duration_days"], got["loss_left"]) == (0, 28, 30)
    assert np.isnan(got["loss_right"])


INDUCTION = [0, 3, 6, 9, 12, 15]


def test_end_of_induction_score_is_the_first_within_14_days_of_the_last_induction_session(cases):
    got = cases.outcome(INDUCTION, [(-1, 20), (16, 8), (29, 9), (29.1, 18)])
    assert (got["end_of_induction_score"], got["end_of_induction_days"]) == (8, 1)
    assert got["end_of_induction_response"] == 1
    late = cases.outcome(INDUCTION, [(-1, 20), (29, 9)])
    assert (late["end_of_induction_days"], late["end_of_induction_response"]) == (14, 1)
    assert np.isnan(late["durability_entry_days"])  # followed are those scored within 7 days
    assert np.isnan(cases.outcome(INDUCTION, [(-1, 20), (29.1, 9)])["end_of_induction_score"])


def test_end_of_induction_score_is_not_after_the_next_session(cases):
    scores = [(-1, 20), (20.1, 3), (22, 4)]
    assert np.isnan(cases.outcome([*INDUCTION, 20], scores)["end_of_induction_score"])
    assert cases.outcome([*INDUCTION, 20.1], scores)["end_of_induction_score"] == 3


def test_an_incomplete_induction_has_no_end(cases):
    got = cases.outcome(INDUCTION[:5], [(-1, 20), (14, 8), (20, 8)])
    assert np.isnan(got["end_of_induction_score"])
    assert pd.isna(got["durability_end"])
    marked = cases.outcome(INDUCTION[:4], [(-1, 20), (10, 8), (20, 8)], phase="induction")
    assert (marked["end_of_induction_score"], marked["durability_end"]) == (8, "censored")


def test_no_score_after_induction_leaves_it_unmeasured(cases):
    got = cases.outcome(INDUCTION, [(-1, 20), (14, 8), (40, 8)])
    assert np.isnan(got["end_of_induction_score"])
    assert np.isnan(got["end_of_induction_response"])
    assert pd.isna(got["durability_end"])


def test_durability_ends_in_loss_counted_from_the_last_induction_session(cases):
    got = cases.outcome(INDUCTION, [(-1, 20), (20, 8), (40, 9), (55, 16), (58, 16)])
    assert (got["durability_entry_days"], got["durability_days"], got["durability_end"]) == (5, 40, "loss")
    assert (got["durability_left"], got["durability_right"]) == (25, 40)


def test_a_response_lost_within_the_first_days_is_seen(cases):
    # In response on day 1 after the last session, lost by day 5: the last score of 14 days would leave this out.
    got = cases.outcome(INDUCTION, [(-1, 20), (16, 5), (20, 14), (25, 16), (35, 18), (45, 19)])
    assert (got["durability_left"], got["durability_right"], got["durability_end"]) == (1, 5, "loss")


def test_durability_ends_at_the_next_session_before_a_loss(cases):
    got = cases.outcome([*INDUCTION, 45], [(-1, 20), (20, 8), (40, 9), (55, 16), (58, 16)])
    assert (got["durability_days"], got["durability_end"]) == (30, "retreated")
    # The other view goes on, whatever was given: lost between day 40 and day 55.
    assert (got["durability_left"], got["durability_right"]) == (25, 40)


def test_a_loss_at_the_start_of_the_next_session_is_a_loss(cases):
    got = cases.outcome([*INDUCTION, 45], [(-1, 20), (20, 8), (45, 16)])
    assert (got["durability_days"], got["durability_end"]) == (30, "loss")


def test_durability_without_loss_or_session_is_censored_at_the_last_score(cases):
    got = cases.outcome(INDUCTION, [(-1, 20), (20, 8), (60, 9)])
    assert (got["durability_days"], got["durability_end"]) == (45, "censored")


def test_the_first_session_of_a_later_course_re_treats_too(cases):
    outcomes = cases.facts([*INDUCTION, 200], [(-1, 20), (20, 8), (60, 9), (199, 18)]).course_outcomes
    assert outcomes["durability_end"].iloc[0] == "loss"
    early = cases.facts([*INDUCTION, 200], [(-1, 20), (20, 8), (60, 9), (201, 18)]).course_outcomes
    assert (early["durability_days"].iloc[0], early["durability_end"].iloc[0]) == (185, "retreated")
    assert (early["durability_left"].iloc[0], np.isnan(early["durability_right"].iloc[0])) == (45, True)


def test_courses_not_in_response_at_the_end_of_induction_are_not_followed(cases):
    got = cases.outcome(INDUCTION, [(-1, 20), (20, 15), (40, 8)])
    assert pd.isna(got["durability_end"])
    assert np.isnan(got["durability_days"])
