"""Each sentence about a course is right in every case that a course can be in."""

import pytest

from dashboard.words import patient as words
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules

NAN = float("nan")


def outcome(**changes):
    """A course in response from day 4, with a score on day 1, not lost by day 30."""
    row = {
        "instrument": "phq9", "scores": 6, "baseline": 20.0, "evaluable": 1, "best": 6.0, "last": 7.0,
        "last_days": 30.0, "ever_response": 1, "last_response": 1, "last_worse": 0, "onset_left": 1.0,
        "onset_right": 4.0, "onset_sessions": 2, "duration_event": 0, "duration_days": 26.0, "loss_left": 30.0,
        "loss_right": NAN, "end_of_induction_score": 6.0, "end_of_induction_days": 3.0,
        "end_of_induction_response": 1, "durability_entry_days": 3.0, "durability_days": 16.0,
        "durability_end": "censored", "state": "responding",
    }  # fmt: skip
    return row | changes


def test_onset_names_the_day_the_sessions_and_the_score_before():
    assert words.onset(outcome(), DEFAULT_RULES) == (
        "Response first seen on day 4, after 2 sessions (not in response on day 1)."
    )


def test_onset_at_the_first_score_says_there_was_none_before():
    text = words.onset(outcome(onset_left=0.0, onset_right=1 / 6, onset_sessions=1), DEFAULT_RULES)
    assert text == (
        "Response first seen 4 hours after the first session, after 1 session "
        "(no score between the first session and then)."
    )


def test_no_response_says_how_near_it_came_and_never_rounds_up_to_a_response():
    row = outcome(ever_response=0, baseline=27.0, best=13.6, onset_right=NAN)
    text = words.onset(row, DEFAULT_RULES)
    assert "No response in 6 scores up to day 30" in text
    assert "13.6, is 49% below the baseline of 27 (response is 50%)" in text


def test_no_response_in_one_score():
    row = outcome(ever_response=0, scores=1, best=15.0, last=15.0, last_days=2.0)
    assert words.onset(row, DEFAULT_RULES).startswith("No response in 1 score, on day 2: the best, 15, is 25% below")


def test_no_improvement_at_all():
    row = outcome(ever_response=0, best=20.0, last=24.0)
    assert "no score below the baseline of 20" in words.onset(row, DEFAULT_RULES)


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"baseline": NAN}, "No PHQ-9 score in the 14 days before the course's first session"),
        ({"baseline": None}, "without a baseline, improvement cannot be measured"),
        ({"baseline": 0.0}, "The baseline PHQ-9 is 0"),
        ({"scores": 0}, "Baseline PHQ-9 20; no score after the first session yet."),
    ],
)
def test_a_course_that_is_not_evaluable_says_why_and_nothing_else(changes, expected):
    row = outcome(**changes)
    assert expected in words.onset(row, DEFAULT_RULES)
    assert words.held(row, DEFAULT_RULES) == ""
    assert words.durability(row, DEFAULT_RULES) == ""
    assert words.state_words(row, DEFAULT_RULES).startswith("Not measured. ")


def test_a_course_without_this_scale():
    assert words.course_words(None, DEFAULT_RULES) == "No score of this scale is recorded in this course."


def test_held_until_the_last_score():
    assert words.held(outcome(), DEFAULT_RULES) == "Still in response at the last score, on day 30, 26 days later."


def test_not_lost_but_no_longer_in_response_is_said():
    text = words.held(outcome(last_response=0, last=10.5), DEFAULT_RULES)
    assert "Not lost by the last score, on day 30" in text
    assert "(10.5) is no longer in response" in text


def test_response_at_the_last_score_has_no_length_yet():
    row = outcome(duration_days=0.0, last_days=4.0)
    assert words.held(row, DEFAULT_RULES) == "That is the last score, so how long it holds is not known yet."


def test_loss_names_both_ends_of_its_interval():
    row = outcome(
        duration_event=1, duration_days=24.0, loss_left=21.0, loss_right=28.0, last_response=0, state="response_lost"
    )
    assert words.held(row, DEFAULT_RULES) == "It held 24 days: lost on day 28 (not yet lost on day 21)."


def test_response_that_came_back_is_said():
    row = outcome(duration_event=1, duration_days=24.0, loss_left=21.0, loss_right=28.0, last_response=1)
    assert words.course_words(row, DEFAULT_RULES).endswith(" In response again at the last score, on day 30.")


@pytest.mark.parametrize(
    "end, expected",
    [
        ("loss", "Lost by 23 days after the last induction session (not yet at 16)."),
        ("retreated", "No loss seen by the next session, 23 days after the last induction session."),
        ("censored", "Not lost 23 days after the last induction session, at the last score."),
    ],
)
def test_durability_after_induction_in_each_end(end, expected):
    row = outcome(durability_days=23.0, durability_end=end, durability_left=16.0 if end == "loss" else NAN)
    assert words.durability(row, DEFAULT_RULES) == expected


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
    assert words.durability(row, DEFAULT_RULES) == expected


def test_a_response_that_came_back_in_induction_is_said_before_how_long_it_lasted():
    row = outcome(
        onset_left=0.0, onset_right=1.0, duration_event=1, duration_days=3.0, loss_left=1.0, loss_right=4.0,
        last_response=0, state="response_lost", last_induction_days=14.0, durability_days=83.0, durability_end="loss",
        durability_left=30.0,
    )  # fmt: skip
    assert words.course_words(row, DEFAULT_RULES).endswith(
        "It held 3 days: lost on day 4 (not yet lost on day 1). In response again at the end of induction; "
        "lost by 83 days after the last induction session (not yet at 30)."
    )
    for end, said in (("retreated", "; no loss seen by the next"), ("censored", "; not lost 83 days after")):
        assert f"In response again at the end of induction{said}" in words.durability(
            row | {"durability_end": end}, DEFAULT_RULES
        )
    # One loss alone, after the end of induction: nothing came back.
    once = row | {"loss_left": 44.0, "loss_right": 97.0}
    assert words.durability(once, DEFAULT_RULES).startswith("Lost by 83 days")


def test_durability_without_an_end_of_induction_score():
    row = outcome(end_of_induction_score=NAN, end_of_induction_response=NAN)
    assert "durability after induction cannot be told" in words.durability(row, DEFAULT_RULES)


def test_durability_when_induction_ended_without_response():
    row = outcome(end_of_induction_score=14.0, end_of_induction_response=0, end_of_induction_days=0.5)
    assert words.durability(row, DEFAULT_RULES) == (
        "Not in response at the end of induction (score 14, 12 hours after the last induction session)."
    )


def test_a_changed_rule_shows_in_the_words():
    rules = OutcomeRules(response_improvement=0.6)
    assert "(response is 60%)" in words.onset(outcome(ever_response=0, best=10.0), rules)


def test_state_of_a_fading_course_says_what_was_given_back():
    text = words.state_words(outcome(state="fading", best=2.0, last=10.0), DEFAULT_RULES)
    assert text == (
        "Fading: latest PHQ-9 10 (moderate) on day 30, 8 points above the best of 2; "
        "44% of the improvement from baseline 20 is given back."
    )


def test_state_of_a_worse_course_counts_points_not_a_negative_percentage():
    text = words.state_words(outcome(state="worse", last=26.0), DEFAULT_RULES)
    assert text == "Worse: latest PHQ-9 26 (severe) on day 30, 6 points above the baseline 20."


def test_state_of_a_responding_course():
    assert words.state_words(outcome(), DEFAULT_RULES) == (
        "Responding: latest PHQ-9 7 (mild) on day 30, 65% below the baseline 20."
    )


def test_item9_tells_latest_first_and_highest_and_no_average():
    text = words.item9_words([0.0, 3.0, 10.0], [2, 3, 0])
    assert text == "Latest answer 0 of 3, on day 10; the first was 2, on day 0; the highest of 3 was 3, last on day 3."
    assert words.item9_words([], []) == "No PHQ-9 item 9 answer is recorded in this course."
    assert words.item9_words([1.0], [1]).endswith("it is the only one.")


BAND = {"p10": 2.0, "p25": 5.0, "p50": 9.0, "p75": 13.0, "p90": 18.0, "courses": 84}


@pytest.mark.parametrize(
    "score, where",
    [(1, "lowest tenth"), (7, "25th percentile and the median"), (9, "at the median"), (20, "highest tenth (worst)")],
)
def test_context_places_the_score_in_the_band(score, where):
    text = words.context_words(12.0, score, BAND, "IV courses")
    assert where in text
    assert "84 IV courses" in text


def test_context_with_too_few_courses_says_so():
    assert words.context_words(200.0, 5, None, "IV courses").startswith("Too few IV courses were scored 200 days after")


def test_vitals_words_count_raised_sessions():
    assert words.vitals_words(8, 2, (188.0, 104.0), DEFAULT_RULES) == (
        "Blood pressure before the dose was above 140/90 mmHg in 2 of 8 sessions; "
        "the highest during a session was 188/104 mmHg."
    )
    assert words.vitals_words(0, 0, None, DEFAULT_RULES) == "Blood pressure before the dose is not recorded."


def test_days_are_whole_after_two_weeks_but_two_of_them_never_read_the_same():
    assert words.moment(67.9) == "on day 68"
    assert words.moment(6.1) == "on day 6.1"
    row = outcome(duration_event=1, duration_days=40.0, loss_left=67.8, loss_right=68.2, last_response=1)
    assert words.held(row, DEFAULT_RULES) == "It held 40 days: lost on day 68.2 (not yet lost on day 67.8)."


def test_slipped_out_of_response_without_a_loss_is_said():
    row = outcome(duration_event=0, last_response=0, state="fading")
    assert ", no longer in response" in words.state_words(row, DEFAULT_RULES)
    assert ", no longer in response" not in words.state_words(outcome(state="fading"), DEFAULT_RULES)


def test_what_slipped_out_of_response_says_why_it_is_not_lost():
    row = outcome(state="fading", best=2.0, last=8.0, baseline=12.0, last_response=0)
    assert words.state_words(row, DEFAULT_RULES) == (
        "Fading: latest PHQ-9 8 (mild) on day 30, no longer in response, 6 points above the best of 2; 60% of the "
        "improvement from baseline 12 is given back. It does not count as lost, because the score is below the "
        "moderate cut-off of 10."
    )


@pytest.mark.parametrize("last", [4.0, 6.0])
def test_no_more_than_all_of_the_improvement_is_given_back(last):
    row = outcome(state="fading", best=0.0, last=last, baseline=4.0, last_response=0)
    text = words.state_words(row, DEFAULT_RULES)
    assert "; all of the improvement from baseline 4 is given back. It does not count as lost" in text
    assert "%" not in text


def test_what_is_told_of_a_course_is_told_in_the_order_of_time():
    row = outcome(
        onset_left=0.0, onset_right=1.0, duration_event=1, duration_days=3.0, loss_left=1.0, loss_right=4.0,
        last_response=1, last_induction_days=14.0, durability_days=12.0, durability_end="loss", durability_left=5.0,
    )  # fmt: skip
    told = words.course_words(row, DEFAULT_RULES)
    assert told.index("It held") < told.index("at the end of induction") < told.index("again at the last score")
    still = words.course_words(row | {"durability_end": "censored"}, DEFAULT_RULES)
    assert still.endswith("In response again at the end of induction; "
                          "not lost 12 days after the last induction session, at the last score.")  # fmt: skip


def test_out_of_response_at_the_end_of_induction_but_not_lost_is_no_contradiction():
    row = outcome(
        last_induction_days=6.0, end_of_induction_score=9.0, end_of_induction_days=5.0, end_of_induction_response=0
    )
    said = "Not in response at the end of induction, though not lost by the loss rule (score 9, 5 days after"
    assert words.durability(row, DEFAULT_RULES).startswith(said)
    # Lost before it, or no response yet then: nothing to explain.
    for other in ({"duration_event": 1, "loss_left": 4.0, "loss_right": 8.0}, {"onset_right": 12.0}):
        assert "though" not in words.durability(row | other, DEFAULT_RULES)


def test_a_latest_score_at_the_baseline_is_not_zero_percent_below_it():
    text = words.state_words(outcome(state="no_response", ever_response=0, last=20.0), DEFAULT_RULES)
    assert text == "No response yet: latest PHQ-9 20 (severe) on day 30, the same as the baseline 20."


def test_without_a_baseline_the_latest_score_is_told_all_the_same():
    text = words.state_words(outcome(baseline=NAN), DEFAULT_RULES)
    assert text.endswith("improvement cannot be measured. Latest PHQ-9 7 (mild) on day 30.")
