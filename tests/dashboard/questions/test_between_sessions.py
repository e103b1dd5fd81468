"""Between sessions: each row rests on its own session's span and on nothing else."""

import pytest

from dashboard.questions import between_sessions as shown
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.questions.between_sessions import between_sessions
from tests.dashboard.one_patient import score, session


def sessions(*days, **changes):
    return [session(day, number=number, **changes) for number, day in enumerate(days, 1)]


def scores(*pairs):
    return [score(day, value) for day, value in pairs]


def test_before_lowest_and_before_the_next():
    first, second = between_sessions(sessions(0, 7), scores((-1, 20), (1, 12), (2, 10), (6, 15), (9, 8)), DEFAULT_RULES)
    assert (first.before, first.lowest, first.days_to_lowest, first.before_next) == (20, 10, 2, 15)
    assert (second.before, second.lowest, second.days_to_lowest, second.before_next) == (15, 8, 2, None)
    assert shown.given(first.session) == "0.5 mg/kg IV"


def test_a_score_at_a_sessions_start_is_before_it():
    first, second = between_sessions(sessions(0, 7), scores((0, 20), (7, 15)), DEFAULT_RULES)
    assert (first.before, first.lowest, first.before_next, second.before) == (20, 15, 15, 15)
    assert second.lowest is None


def test_a_score_too_old_is_not_the_pre_session_score():
    (row,) = between_sessions(sessions(0), scores((-8, 20)), DEFAULT_RULES)
    assert row.before is None
    (row,) = between_sessions(sessions(0), scores((-8, 20)), OutcomeRules(fade_pre_session_days=10))
    assert row.before == 20


def test_nothing_is_carried_into_a_session_without_scores():
    rows = between_sessions(sessions(0, 7, 14), scores((-1, 20), (1, 10)), DEFAULT_RULES)
    assert [row.lowest for row in rows] == [10, None, None]
    assert rows[2].before is None


def test_the_table_has_a_row_a_session():
    rows = between_sessions(sessions(0, 7), scores((-1, 20), (1, 12), (2, 10), (6, 15)), DEFAULT_RULES)
    table = shown.table(rows, "PHQ-9")
    assert list(table.rows[0].values()) == [1, 0.0, "0.5 mg/kg IV", "induction", 20, 10, 2, 15, "mild", "150/92"]
    assert [column.key for column in table.columns] == list(table.rows[0])
    assert (table.rows[1]["number"], table.rows[1]["day"], table.rows[1]["before_next"]) == (2, 7.0, None)


def test_the_first_of_equal_lowest_scores_counts():
    (row,) = between_sessions(sessions(0), scores((1, 9), (3, 9)), DEFAULT_RULES)
    assert row.days_to_lowest == 1


@pytest.mark.parametrize(
    "asked, worst, said", [(1, 3, "severe"), (1, 0, "none"), (1, None, "not graded"), (0, None, "not asked")]
)
def test_not_asked_and_not_graded_are_not_none(asked, worst, said):
    (row,) = between_sessions(sessions(0, asked=asked, worst=worst), scores((1, 9)), DEFAULT_RULES)
    assert shown.worst(row.session) == said


def test_words_count_the_sessions_they_rest_on():
    rows = between_sessions(sessions(0, 7), scores((-1, 20), (1, 12), (2, 10), (6, 15), (9, 8)), DEFAULT_RULES)
    text = shown.words(rows)
    assert "falls by a median of 8.5 points" in text
    assert "(2 sessions with a score before and after)" in text
    assert "risen again by 5 points (1 session with scores to tell)" in text  # one is no median


def test_a_score_that_rises_after_a_session_has_not_risen_again():
    text = shown.words(between_sessions(sessions(0, 7), scores((-1, 10), (1, 14), (2, 13), (6, 15)), DEFAULT_RULES))
    assert text == (
        "After a session the score does not fall: its lowest is 3 points higher (1 session with a score before and "
        "after); by the next session it has risen by 2 points (1 session with scores to tell)."
    )


def test_a_score_that_stays_is_not_said_to_fall():
    text = shown.words(between_sessions(sessions(0, 7), scores((-1, 10), (1, 10), (6, 10)), DEFAULT_RULES))
    assert text == (
        "After a session the score does not fall: its lowest is the same (1 session with a score before and after); "
        "by the next session it has not risen (1 session with scores to tell)."
    )


def test_words_without_scores_around_a_session():
    assert shown.words(between_sessions(sessions(0), scores(), DEFAULT_RULES)).startswith("No session has a score")
