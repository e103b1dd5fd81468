"""Maintenance intervals against cases worked by hand, and in any order of the records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.outcomes.interval_finder import Intervals, longest_held, maintenance_intervals

Session = tuple[int, int, float, bool]  # patient, course, day, maintenance
Score = tuple[int, float, float]  # patient, day, state


def found(sessions: Sequence[Session], scores: Sequence[Score]) -> Intervals:
    patient, course, day, maintenance = (np.array(values) for values in zip(*sessions, strict=True))
    scored = np.array([one[0] for one in scores], dtype=np.int64)
    at, state = (np.array([one[i] for one in scores], dtype=float) for i in (1, 2))
    return maintenance_intervals(
        patient.astype(np.int64), course.astype(np.int64), day * 24.0, maintenance.astype(bool), scored, at * 24, state
    )


def one_interval(*scores: tuple[float, float], ends: float = 28.0) -> float:
    (response,) = found([(4, 1, 0.0, False), (4, 1, ends, True)], [(4, *score) for score in scores]).response
    return float(response)


@pytest.mark.parametrize(
    "scores, held",
    [
        ([(27.0, 2.0)], 1.0),
        ([(27.0, 1.0)], 0.0),  # partial response is none
        ([(25.0, 2.0)], 1.0),  # three days before is within three days
        ([(24.99, 2.0)], None),
        ([(28.0, 0.0)], 0.0),  # at the start of the session is before it
        ([(28.01, 2.0)], None),
        ([(26.0, 2.0), (27.0, 0.0)], 0.0),  # the last of two
        ([(27.0, 0.0), (26.0, 2.0)], 0.0),
        ([(27.0, np.nan)], None),  # the course is not judged
        ([], None),
    ],
)
def test_the_score_at_the_end_of_an_interval(scores: list[tuple[float, float]], held: float | None) -> None:
    assert one_interval(*scores) == (pytest.approx(held) if held is not None else pytest.approx(np.nan, nan_ok=True))


def test_a_score_before_the_session_that_began_a_short_interval_is_none_of_it() -> None:
    assert np.isnan(one_interval((0.0, 2.0), ends=2.0))
    assert one_interval((0.01, 2.0), ends=2.0) == 1


def test_the_first_interval_begins_with_the_last_induction_session_and_none_spans_courses_or_patients() -> None:
    sessions = [
        (1, 1, 0.0, False), (1, 1, 7.0, False), (1, 1, 21.0, True), (1, 1, 49.4, True),
        (1, 2, 200.0, True),  # the first of a course has no session before it
        (2, 1, 0.0, True), (2, 1, 10.5, True),
    ]  # fmt: skip
    of = found(sessions, [(1, 20.0, 2.0), (1, 49.0, 0.0), (2, 10.0, 2.0), (3, 10.0, 2.0)])
    assert of.began.tolist() == [1, 2, 5]
    assert of.ended.tolist() == [2, 3, 6]
    assert of.whole_days.tolist() == [14, 28, 11]  # half days up
    assert of.response.tolist() == [1, 0, 1]
    assert of.score.tolist() == [0, 1, 2]


def test_no_maintenance_and_no_records_have_no_interval() -> None:
    assert not len(found([(1, 1, 0.0, False), (1, 1, 7.0, False)], [(1, 6.0, 2.0)]).days)
    nothing = np.zeros(0, dtype=np.int64)
    empty = maintenance_intervals(nothing, nothing, nothing * 1.0, nothing > 0, nothing, nothing * 1.0, nothing * 1.0)
    assert not len(empty.days)


@pytest.mark.parametrize(
    "lengths, held, said",
    [
        ([21], [True], (21, 1, None, 0, 0)),
        ([21], [False], (None, 0, 21, 0, 1)),
        ([14, 21, 21], [True, True, True], (21, 3, None, 0, 0)),
        ([21, 21], [True, False], (None, 0, 21, 1, 2)),  # a tie holds only where all hold
        ([14, 28, 28, 42], [True, True, False, True], (14, 1, 28, 2, 3)),
        ([42, 14], [True, False], (None, 0, 14, 1, 2)),  # a longer one that held does not count
    ],
)
def test_the_longest_interval_at_which_all_so_long_or_shorter_held(
    lengths: list[int], held: list[bool], said: tuple[int | None, int, int | None, int, int]
) -> None:
    of = longest_held(lengths, held)
    assert (of.up_to, of.times, of.longer_from, of.longer_held, of.longer) == said


records = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 80), st.booleans(), st.sampled_from([0.0, 1.0, 2.0])),
    min_size=1, max_size=25, unique_by=lambda one: one[:2],
)  # fmt: skip


@given(records, st.randoms(use_true_random=False), st.permutations([1, 2, 3, 4]))
def test_orders_and_names_of_patients_change_nothing_and_no_interval_counts_twice(records, random, names) -> None:
    sessions: list[Session] = [(who, 1, float(day), late) for who, day, late, _ in records]
    scores: list[Score] = [(who, day - 0.9 * (day % 5), state) for who, day, _, state in records]

    def told(sessions: list[Session], scores: list[Score], name: list[int]) -> list[tuple[int, float, float, float]]:
        of = found(sessions, scores)
        who = [name.index(sessions[place][0]) for place in of.ended]
        ended = [sessions[place][2] for place in of.ended]
        return sorted(zip(who, ended, of.days, np.nan_to_num(of.response, nan=-1), strict=True))

    before = told(sessions, scores, [1, 2, 3, 4])
    renamed = [(names[who - 1], *rest) for who, *rest in sessions]
    again = [(names[who - 1], *rest) for who, *rest in scores]
    random.shuffle(renamed)
    random.shuffle(again)
    assert told(renamed, again, list(names)) == before
    assert len({one[:2] for one in before}) == len(before)
    for who in range(4):
        span = [day for name, _, day, _ in sessions if name == who + 1]
        assert sum(days for name, _, days, _ in before if name == who) <= max(span, default=0) - min(span, default=0)
