"""Baseline, change, bands and the clock of scores (definitions, sections 1 and 3), worked by hand."""

import numpy as np
import pandas as pd
import pytest

from data_models.definitions.rules import DEFAULT_RULES
from data_models.outcomes.derive import derive


def test_baseline_is_the_last_score_at_or_before_the_first_session(cases):
    assert cases.outcome([0], [(-3, 22), (-1, 20), (0, 18), (7, 9)])["baseline"] == 18


def test_baseline_is_at_most_14_days_old(cases):
    assert cases.outcome([0], [(-14, 22), (7, 9)])["baseline"] == 22
    late = cases.outcome([0], [(-14.01, 22), (7, 9)])
    assert np.isnan(late["baseline"])
    assert late["evaluable"] == 0
    assert np.isnan(late["ever_response"])


def test_baseline_of_a_later_course_is_its_own(cases):
    outcomes = cases.facts([0, 200], [(-1, 20), (5, 8), (199, 16), (205, 15)]).course_outcomes
    assert outcomes["baseline"].tolist() == [20, 16]
    # The score of day 199 lies in the first course's observation and is the second's baseline.
    assert outcomes["scores"].tolist() == [2, 1]
    assert outcomes["last"].tolist() == [16, 15]


def test_a_score_at_exactly_the_next_course_start_belongs_to_the_course_before(cases):
    outcomes = cases.facts([0, 200], [(-1, 20), (200, 16), (205, 15)]).course_outcomes
    assert outcomes["last"].tolist() == [16, 15]
    assert outcomes["baseline"].tolist() == [20, 16]


def test_a_baseline_of_zero_or_no_follow_up_is_not_evaluable(cases):
    assert cases.outcome([0], [(-1, 0), (7, 3)])["evaluable"] == 0
    assert cases.outcome([0], [(-1, 20)])["evaluable"] == 0
    assert cases.outcome([0], [(-1, 20), (7, 3)])["evaluable"] == 1


@pytest.mark.parametrize(
    "score, response, partial, remission, worse",
    [
        (10, 1, 1, 0, 0),
        (11, 0, 1, 0, 0),
        (15, 0, 1, 0, 0),
        (16, 0, 0, 0, 0),
        (4, 1, 1, 1, 0),
        (25, 0, 0, 0, 1),
        (24, 0, 0, 0, 0),
    ],
)
def test_bands_of_a_score_against_a_baseline_of_20_on_the_phq9(cases, score, response, partial, remission, worse):
    got = cases.outcome([0], [(-1, 20), (7, score)])
    assert (got["last_response"], got["ever_partial"], got["last_remission"], got["last_worse"]) == (
        response, partial, remission, worse,
    )  # fmt: skip


def test_remission_of_madrs_follows_its_rule(cases, make_rules):
    scores = [(-1, 30), (7, 12)]
    assert cases.outcome([0], scores, instrument="madrs")["last_remission"] == 0
    assert cases.outcome([0], scores, make_rules(madrs_remission=12), instrument="madrs")["last_remission"] == 1


def test_pain_worsens_by_a_share_of_its_baseline_and_has_no_remission(cases):
    got = cases.outcome([0], [(-1, 4), (7, 5.2)], instrument="peg")
    assert got["last_worse"] == 1
    assert np.isnan(got["last_remission"])
    assert cases.outcome([0], [(-1, 4), (7, 5.1)], instrument="peg")["last_worse"] == 0
    assert np.isnan(cases.outcome([0], [(-1, 4), (7, 12)], instrument="auditc")["last_worse"])


@pytest.mark.parametrize("baseline, last", [(7, 9.1), (3, 3.9), (1.1, 1.43), (2.33, 3.029)])
def test_a_share_that_is_exactly_the_limit_reaches_it_whatever_its_rounding(cases, baseline, last):
    anybody = DEFAULT_RULES.changed({"entry_severity": "any"})
    assert cases.outcome([0], [(-1, baseline), (7, last)], anybody, "peg")["last_worse"] == 1
    assert cases.outcome([0], [(-1, baseline), (7, last - 0.01)], anybody, "peg")["last_worse"] == 0


def test_who_was_never_ill_neither_responds_nor_remits(cases, make_rules):
    # PHQ-9 3 throughout, and 9: below the moderate cut-off of 10.
    for baseline in (3, 9):
        got = cases.outcome([0], [(-1, baseline), (7, 3), (14, 1)])
        assert (got["evaluable"], got["state"]) == (0, "mild_at_start")
        for name in ("ever_response", "last_remission", "onset_left", "last_reliable", "duration_days"):
            assert pd.isna(got[name]), name
    assert cases.outcome([0], [(-1, 10), (7, 3)])["ever_response"] == 1
    assert cases.outcome([0], [(-1, 9), (7, 3)], make_rules(entry_severity="any"))["ever_response"] == 1
    assert cases.outcome([0], [(-1, 3), (7, 8)])["state"] == "worse"
    facts = cases.facts([0], [(-1, 9), (7, 3)]).score_facts
    assert facts["state"].isna().all()


def test_reliable_change_at_the_last_and_the_end_of_induction_score(cases):
    # PHQ-9: an unchanged person's two scores differ by up to 5.2; cases from 10.
    got = cases.outcome([0, 3, 6, 9, 12, 15], [(-1, 18), (16, 13), (30, 9)])
    assert (got["end_of_induction_reliable"], got["last_reliable"]) == ("no_change", "recovered")


@pytest.mark.parametrize("baseline, partial, half", [(9.2, 6.9, 4.6), (4.4, 3.3, 2.2), (6.6, 4.95, 3.3)])
def test_an_improvement_that_is_exactly_the_limit_reaches_it(cases, baseline, partial, half):
    facts = cases.facts([0], [(-1, baseline), (7, partial), (8, half)], instrument="peg").score_facts
    assert facts["state"].fillna(-1).tolist() == [-1, 1, 2]
    facts = cases.facts([0], [(-1, baseline), (7, partial + 0.01), (8, half + 0.01)], instrument="peg").score_facts
    assert facts["state"].fillna(-1).tolist() == [-1, 0, 1]


def test_sustained_response_takes_two_consecutive_scores_seven_days_apart(cases):
    assert cases.outcome([0], [(-1, 20), (2, 9), (9, 9)])["sustained_response"] == 1
    assert cases.outcome([0], [(-1, 20), (2, 9), (8.9, 9)])["sustained_response"] == 0
    assert cases.outcome([0], [(-1, 20), (2, 9), (6, 15), (9, 9)])["sustained_response"] == 0


def _by_day(cases, rows, session_days):
    parts = [cases.scores([(day, score)], precision=precision) for day, precision, score in rows]
    return derive(cases.sessions(session_days), pd.concat(parts), cases.no_side_effects(), DEFAULT_RULES)


def test_a_score_given_by_day_counts_as_before_that_days_session_unless_it_says_after(cases):
    facts = _by_day(cases, [(0, 1, 20), (3, 1, 15), (3, 2, 9)], [0, 3])
    assert facts.course_outcomes["baseline"].tolist() == [20]
    assert facts.course_outcomes["onset_sessions"].tolist() == [2]
    assert facts.score_facts["at_hours"].tolist() == [0, 72, 84]


def test_a_score_given_by_day_meets_a_session_recorded_in_hours_on_that_day(cases):
    facts = _by_day(cases, [(0, 1, 20), (2, 1, 15), (2, 2, 9)], [0, 2.5])
    assert facts.score_facts["at_hours"].tolist() == [0, 60, 66]  # after: half the time to the day's end
    assert facts.score_facts["since_session_days"].fillna(-1).tolist() == [-1, 2.5, 0.25]


def test_of_two_scores_at_one_time_none_is_lost(cases):
    # Both at the start of the session on day 3, and so before it; the one recorded in hours is the later one.
    facts = _by_day(cases, [(0, 1, 20), (3, 0, 9), (3, 1, 15)], [0, 3])
    assert facts.score_facts["score"].tolist() == [20, 15, 9]
    assert facts.score_facts["at_hours"].tolist() == [0, pytest.approx(72, abs=1e-5), 72]
    assert facts.score_facts["since_session_days"].fillna(-1).tolist() == [-1, pytest.approx(3), 3]
    assert facts.course_outcomes["scores"].tolist() == [2]
    assert facts.course_outcomes["last"].tolist() == [9]
    within_a_tick = cases.facts([0], [(-1, 20), (1, 8), (1 + 1e-9, 12), (1 + 2e-9, 10)])
    assert within_a_tick.score_facts["score"].tolist() == [20, 8, 12, 10]
    assert np.diff(within_a_tick.score_facts["at_hours"]).min() > 0
    assert within_a_tick.course_outcomes["last"].tolist() == [10]


def test_on_a_day_without_a_session_after_is_later_than_before(cases):
    facts = _by_day(cases, [(0, 1, 20), (5, 2, 20), (5, 1, 8)], [0, 6])
    assert facts.score_facts["score"].tolist() == [20, 8, 20]
    assert facts.score_facts["at_hours"].tolist() == [0, 120, 132]
    assert facts.course_outcomes["last_response"].tolist() == [0]


def test_fade_is_measured_against_the_pre_session_score_within_7_days(cases):
    facts = cases.facts([0, 10, 30], [(-1, 20), (1, 10), (9, 14), (11, 8), (29, 12), (35, 9)]).score_facts
    assert facts["fade_change"].fillna(-99).tolist() == [-99, -10, -6, -6, -2, -3]
    assert facts["since_session_days"].fillna(-99).tolist() == [-99, 1, 9, 1, 19, 5]
    far = cases.facts([0, 10], [(-1, 20), (1, 10), (11, 8)]).score_facts
    assert np.isnan(far["fade_change"].iloc[-1])  # the last score before day 10 is nine days old


def test_a_state_holds_until_the_next_score_but_at_most_30_days(cases):
    facts = cases.facts([0], [(-1, 20), (5, 10), (12, 14), (60, 20)]).score_facts
    assert facts["state"].fillna(-1).tolist() == [-1, 2, 1, 0]
    assert facts["until_days"].fillna(-1).tolist() == [-1, 12, 42, 90]


@pytest.mark.parametrize(
    "scores, state",
    [
        ([], "not_measured"),
        ([(7, 18)], "no_response"),
        ([(7, 25)], "worse"),
        ([(7, 8)], "responding"),
        ([(7, 2), (14, 7)], "fading"),  # risen by the smallest meaningful change, 5
        ([(7, 8), (14, 10)], "responding"),  # 2 of 12 given back
        ([(7, 8), (14, 15)], "response_lost"),
        ([(7, 8), (14, 15), (21, 8)], "responding"),  # regained
        ([(7, 4), (14, 15), (21, 11)], "response_lost"),  # lost, and not back in response
        ([(7, 4), (14, 15), (21, 9)], "fading"),  # regained, 5 points above the best
        ([(7, 8), (14, 26)], "worse"),
    ],
)
def test_state_at_the_latest_score(cases, scores, state):
    assert cases.outcome([0], [(-1, 20), *scores])["state"] == state


def test_out_of_response_without_meeting_the_loss_rule_is_fading(cases):
    # Baseline 12: 8 is no response, and below the moderate cut-off of 10 no loss.
    assert cases.outcome([0], [(-1, 12), (7, 5), (14, 8)])["state"] == "fading"
    assert cases.outcome([0], [(-1, 12), (7, 5), (14, 11), (21, 8)])["state"] == "fading"  # one bad score
    assert cases.outcome([0], [(-1, 12), (7, 5), (14, 11), (17, 11), (21, 8)])["state"] == "response_lost"


def test_half_of_the_improvement_given_back_is_fading_even_within_the_meaningful_change(cases, make_rules):
    # Baseline 14, best 6 (improvement 8), latest 10 gives back 4: half; response by a rule of 25%.
    rules = make_rules(response_improvement=0.28)
    assert cases.outcome([0], [(-1, 14), (7, 6), (14, 10)], rules)["state"] == "fading"


def test_item9_is_the_latest_and_its_change_from_the_baseline_on(cases):
    scores = cases.scores([(-20, 20), (-1, 20), (7, 12), (14, 10)]).assign(item9=[3, 2, np.nan, 1])
    got = derive(cases.sessions([0]), scores, cases.no_side_effects(), DEFAULT_RULES).course_outcomes.iloc[0]
    assert (got["item9_last"], got["item9_change"]) == (1, -1)


def test_scores_of_a_patient_without_any_session_have_no_course(cases):
    scores = pd.concat([cases.scores([(0, 20)], patient_id=5), cases.scores([(-1, 20), (3, 9)])])
    facts = derive(cases.sessions([0]), scores, cases.no_side_effects(), DEFAULT_RULES)
    assert facts.score_facts["patient_id"].tolist() == [1, 1]
