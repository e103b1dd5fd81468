"""Each sentence about a course is right in every case that a course can be in."""

from __future__ import annotations

from functools import partial

import pytest

from dashboard.questions import patient as shown
from dashboard.words.numbers import moment
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.questions.patient import PatientHistory, Vitals
from tests.dashboard.one_patient import outcome, score, session, side_effect


def test_onset_names_the_day_the_sessions_and_the_score_before():
    assert shown.onset(outcome().response) == (
        "Response first seen on day 4, after 2 sessions (not in response on day 1)."
    )
    assert shown.course_words(outcome(), DEFAULT_RULES).startswith("Response first seen on day 4, after 2 sessions")


def test_the_table_of_scores_has_what_each_marker_says():
    rows = shown.table(
        [score(4.126, 8), score(-1, 20, improvement=None, state=None, since_session_days=None, recall=0)]
    ).rows
    assert [list(row.values()) for row in rows] == [
        [1, "PHQ-9", 4.13, 8.0, "mild", 60.0, "response", 1.0, "yes"],
        [1, "PHQ-9", -1.0, 20.0, "severe", None, "–", None, "no"],
    ]


def test_onset_at_the_first_score_says_there_was_none_before():
    text = shown.onset(outcome(onset_left=0.0, onset_right=1 / 6, onset_sessions=1).response)
    assert text == (
        "Response first seen 4 hours after the first session, after 1 session "
        "(no score between the first session and then)."
    )


def test_no_response_says_how_near_it_came_and_never_rounds_up_to_a_response():
    row = outcome(ever_response=0, baseline=27.0, best=13.6, onset_right=None)
    text = shown.course_words(row, DEFAULT_RULES)
    assert "No response in 6 scores up to day 30" in text
    assert "13.6, is 49% below the baseline of 27 (response is 50%)" in text


def test_no_response_in_one_score():
    row = outcome(ever_response=0, scores=1, best=15.0, last=15.0, last_days=2.0)
    assert shown.course_words(row, DEFAULT_RULES).startswith(
        "No response in 1 score, on day 2: the best, 15, is 25% below"
    )


def test_no_improvement_at_all():
    row = outcome(ever_response=0, best=20.0, last=24.0)
    assert "no score below the baseline of 20" in shown.course_words(row, DEFAULT_RULES)


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"baseline": None}, "No PHQ-9 score in the 14 days before the course's first session"),
        ({"baseline": None}, "without a baseline, improvement cannot be measured"),
        ({"baseline": 0.0}, "The baseline PHQ-9 is 0"),
        ({"scores": 0}, "Baseline PHQ-9 20; no score after the first session yet."),
    ],
)
def test_a_course_that_is_not_evaluable_says_why_and_nothing_else(changes, expected):
    row = outcome(**changes)
    assert expected in shown.course_words(row, DEFAULT_RULES)
    assert shown.course_words(row, DEFAULT_RULES) == shown.not_evaluable(row, DEFAULT_RULES)
    assert shown.outcome_words(row, DEFAULT_RULES)[1] == ""
    assert shown.state_words(row, DEFAULT_RULES).startswith("Not measured. ")


def test_a_course_without_this_scale():
    assert shown.course_words(None, DEFAULT_RULES) == "No score of this scale is recorded in this course."


def held(row):
    return shown.duration_of_response(row.response, row.seen)


def test_held_until_the_last_score():
    assert held(outcome()) == "Still in response at the last score, on day 30, 26 days later."


def test_not_lost_but_no_longer_in_response_is_said():
    text = held(outcome(last_response=0, last=10.5))
    assert "Not lost by the last score, on day 30" in text
    assert "(10.5) is no longer in response" in text


def test_response_at_the_last_score_has_no_length_yet():
    row = outcome(duration_days=0.0, last_days=4.0)
    assert held(row) == "That is the last score, so how long it holds is not known yet."


def test_loss_names_both_ends_of_its_interval():
    row = outcome(
        duration_event=1, duration_days=24.0, loss_left=21.0, loss_right=28.0, last_response=0, state="response_lost"
    )
    assert held(row) == "It held 24 days: lost on day 28 (not yet lost on day 21)."


def test_response_that_came_back_is_said():
    row = outcome(duration_event=1, duration_days=24.0, loss_left=21.0, loss_right=28.0, last_response=1)
    assert shown.course_words(row, DEFAULT_RULES).endswith(" In response again at the last score, on day 30.")


@pytest.mark.parametrize(
    "end, expected",
    [
        ("loss", "Lost by 23 days after the last induction session (not yet at 16)."),
        ("retreated", "No loss seen by the next session, 23 days after the last induction session."),
        ("censored", "Not lost 23 days after the last induction session, at the last score."),
    ],
)
def test_durability_after_induction_in_each_end(end, expected):
    row = outcome(durability_days=23.0, durability_end=end, durability_left=16.0 if end == "loss" else None)
    assert shown.durability(row, DEFAULT_RULES) == expected


@pytest.mark.parametrize(
    "days, left, expected",
    [
        (83.4, 30.2, "Lost by 83 days after the last induction session (not yet at 30)."),
        (5.0, 0.5, "Lost by 5 days after the last induction session (not yet at 12 hours)."),
        (30.4, 30.1, "Lost by 30.4 days after the last induction session (not yet at 30.1)."),
    ],
)
def test_the_loss_after_induction_lies_in_an_interval_of_two_ends(days, left, expected):
    row = outcome(durability_days=days, durability_end="loss", durability_left=left)
    assert shown.durability(row, DEFAULT_RULES) == expected


def test_a_response_that_came_back_in_induction_is_said_before_how_long_it_lasted():
    row = partial(
        outcome,
        onset_left=0.0, onset_right=1.0, duration_event=1, duration_days=3.0, loss_left=1.0, loss_right=4.0,
        last_response=0, state="response_lost", last_induction_days=14.0, durability_days=83.0, durability_end="loss",
        durability_left=30.0,
    )  # fmt: skip
    assert shown.course_words(row(), DEFAULT_RULES).endswith(
        "It held 3 days: lost on day 4 (not yet lost on day 1). In response again at the end of induction; "
        "lost by 83 days after the last induction session (not yet at 30)."
    )
    for end, said in (("retreated", "; no loss seen by the next"), ("censored", "; not lost 83 days after")):
        assert f"In response again at the end of induction{said}" in shown.durability(
            row(durability_end=end), DEFAULT_RULES
        )
    # One loss alone, after the end of induction: nothing came back.
    once = row(loss_left=44.0, loss_right=97.0)
    assert shown.durability(once, DEFAULT_RULES).startswith("Lost by 83 days")


def test_durability_without_an_end_of_induction_score():
    row = outcome(end_of_induction_score=None, end_of_induction_response=None)
    assert "durability after induction cannot be told" in shown.durability(row, DEFAULT_RULES)


def test_a_response_lost_and_regained_needs_no_end_of_induction_score():
    row = outcome(
        duration_event=1, loss_left=1.0, loss_right=4.0, last_response=1, last_induction_days=14.0,
        end_of_induction_score=None, end_of_induction_days=None, end_of_induction_response=None, durability_days=None,
    )  # fmt: skip
    said = shown.course_words(row, DEFAULT_RULES)
    assert "durability after induction cannot be told" in said
    assert said.endswith("In response again at the last score, on day 30.")


def test_durability_when_induction_ended_without_response():
    row = outcome(end_of_induction_score=14.0, end_of_induction_response=0, end_of_induction_days=0.5)
    assert shown.durability(row, DEFAULT_RULES) == (
        "Not in response at the end of induction (score 14, 12 hours after the last induction session)."
    )


def test_a_changed_rule_shows_in_the_words():
    rules = OutcomeRules(response_improvement=0.6)
    assert "(response is 60%)" in shown.course_words(outcome(ever_response=0, best=10.0), rules)


def test_state_of_a_fading_course_says_what_was_given_back():
    text = shown.state_words(outcome(state="fading", best=2.0, last=10.0), DEFAULT_RULES)
    assert text == (
        "Fading: latest PHQ-9 10 (moderate) on day 30, 8 points above the best of 2; "
        "44% of the improvement from baseline 20 is given back."
    )


def test_state_of_a_worse_course_counts_points_not_a_negative_percentage():
    text = shown.state_words(outcome(state="worse", last=26.0), DEFAULT_RULES)
    assert text == "Worse: latest PHQ-9 26 (severe) on day 30, 6 points above the baseline 20."


def test_a_score_before_two_later_sessions_is_no_state_of_today():
    fading = outcome(state="fading", best=2.0, last=8.0, last_days=55.0)
    assert shown.state_words(fading, DEFAULT_RULES, 1).startswith("Fading: latest PHQ-9 8")
    said = shown.outcome_words(fading, DEFAULT_RULES, 2)[0]
    assert said.startswith("Not scored since 2 sessions; fading before: latest PHQ-9 8 (mild) on day 55, 6 points")


def test_state_of_a_responding_course():
    assert shown.state_words(outcome(), DEFAULT_RULES) == (
        "Responding: latest PHQ-9 7 (mild) on day 30, 65% below the baseline 20."
    )


def test_vitals_words_count_raised_sessions():
    calm, raised, bare = Vitals(130.0, 80.0), Vitals(150.0, 80.0), Vitals()
    sessions = [session(day, before=before) for day, before in enumerate((calm, raised, raised, calm, bare))]
    sessions[1:2] = [session(1, before=raised, highest=Vitals(188.0, 104.0))]
    assert shown.vitals_words(sessions, DEFAULT_RULES) == (
        "Blood pressure before the dose was above 140/90 mmHg in 2 of 4 sessions; "
        "the highest during a session was 188/104 mmHg."
    )
    unmeasured = [session(0, before=bare, highest=bare)]
    assert shown.vitals_words(unmeasured, DEFAULT_RULES) == "Blood pressure before the dose is not recorded."


def test_side_effects_not_asked_about_are_not_none():
    def said(*effects, **asked):
        sessions = (session(0), session(3, **asked))
        return shown.effects_words(PatientHistory(*["A"] * 5, None, sessions, side_effects=effects), sessions)

    assert said() == "No side effect in 2 sessions in which they were asked about."
    nausea = [side_effect(day, "nausea", "mild") for day in (0, 3)]
    assert said(*nausea, side_effect(0, "dissociation", None)) == (
        "Side effects in 2 sessions asked: nausea or upset stomach (2) and dissociation (1)."
    )
    assert said(nausea[0], asked=0) == "Side effects in 1 session asked: nausea or upset stomach (1)."
    assert shown.effects_words(PatientHistory(*["A"] * 5, None), ()) == "Side effects were not asked about."


def test_days_are_whole_after_two_weeks_but_two_of_them_never_read_the_same():
    assert moment(67.9) == "on day 68"
    assert moment(6.1) == "on day 6.1"
    row = outcome(duration_event=1, duration_days=40.0, loss_left=67.8, loss_right=68.2, last_response=1)
    assert held(row) == "It held 40 days: lost on day 68.2 (not yet lost on day 67.8)."


def test_slipped_out_of_response_without_a_loss_is_said():
    row = outcome(duration_event=0, last_response=0, state="fading")
    assert ", no longer in response" in shown.state_words(row, DEFAULT_RULES)
    assert ", no longer in response" not in shown.state_words(outcome(state="fading"), DEFAULT_RULES)


def test_what_slipped_out_of_response_says_why_it_is_not_lost():
    row = outcome(state="fading", best=2.0, last=8.0, baseline=12.0, last_response=0)
    assert shown.state_words(row, DEFAULT_RULES) == (
        "Fading: latest PHQ-9 8 (mild) on day 30, no longer in response, 6 points above the best of 2; 60% of the "
        "improvement from baseline 12 is given back. It does not count as lost, because the score is below the "
        "moderate cut-off of 10."
    )


@pytest.mark.parametrize("last", [4.0, 6.0])
def test_no_more_than_all_of_the_improvement_is_given_back(last):
    row = outcome(state="fading", best=0.0, last=last, baseline=4.0, last_response=0)
    text = shown.state_words(row, DEFAULT_RULES)
    assert "; all of the improvement from baseline 4 is given back. It does not count as lost" in text
    assert "%" not in text


def test_what_is_told_of_a_course_is_told_in_the_order_of_time():
    row = partial(
        outcome,
        onset_left=0.0, onset_right=1.0, duration_event=1, duration_days=3.0, loss_left=1.0, loss_right=4.0,
        last_response=1, last_induction_days=14.0, durability_days=12.0, durability_end="loss", durability_left=5.0,
    )  # fmt: skip
    told = shown.course_words(row(), DEFAULT_RULES)
    assert told.index("It held") < told.index("at the end of induction") < told.index("again at the last score")
    still = shown.course_words(row(durability_end="censored"), DEFAULT_RULES)
    assert still.endswith("In response again at the end of induction; "
                          "not lost 12 days after the last induction session, at the last score.")  # fmt: skip


def test_out_of_response_at_the_end_of_induction_but_not_lost_is_no_contradiction():
    row = partial(
        outcome,
        last_induction_days=6.0,
        end_of_induction_score=9.0,
        end_of_induction_days=5.0,
        end_of_induction_response=0,
    )
    said = "Not in response at the end of induction, though not lost by the loss rule (score 9, 5 days after"
    assert shown.durability(row(), DEFAULT_RULES).startswith(said)
    # Lost before it, or no response yet then: nothing to explain.
    for other in ({"duration_event": 1, "loss_left": 4.0, "loss_right": 8.0}, {"onset_right": 12.0}):
        assert "though" not in shown.durability(row(**other), DEFAULT_RULES)


def test_a_latest_score_at_the_baseline_is_not_zero_percent_below_it():
    text = shown.state_words(outcome(state="no_response", ever_response=0, last=20.0), DEFAULT_RULES)
    assert text == "No response yet: latest PHQ-9 20 (severe) on day 30, the same as the baseline 20."


def test_without_a_baseline_the_latest_score_is_told_all_the_same():
    text = shown.state_words(outcome(baseline=None), DEFAULT_RULES)
    assert text.endswith("improvement cannot be measured. Latest PHQ-9 7 (mild) on day 30.")
