"""Rates and funnel of clinics worked out by hand: going on, never ill, unmeasured, scored too soon, two courses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Connection

from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.outcomes.proportions import wilson
from data_models.questions.funnel import Funnel, funnel
from data_models.questions.rates import Quartiles, early_stop, rates
from data_models.questions.reliable_change import reliable_change
from data_models.questions.waterfall import waterfall
from data_models.store import Store

ALL = Scope.everything()
WriteTable = Callable[[Path, str, list[dict[str, object]]], None]
Fill = Callable[[Iterable["Person"]], Connection]
SIX = (0, 4, 8, 12, 16, 20)  # days of a planned induction with ketamine: complete


class Person:
    """Days of sessions, hours and values of PHQ-9, and the week until which the person was observed."""

    def __init__(self, days: Sequence[float], scores: Sequence[tuple[float, int]], until: int | None = 40) -> None:
        self.days, self.scores, self.until = days, scores, until


@pytest.fixture
def fill(store: Store, tmp_path: Path, write_table: WriteTable) -> Iterator[Fill]:
    stack = ExitStack()

    def filled(people: Iterable[Person]) -> Connection:
        folder, coded = tmp_path / "records", list(enumerate(people))
        folder.mkdir()
        patients = [
            {"patient_code": f"p{i}"} | ({} if one.until is None else {"observed_until_weeks": one.until})
            for i, one in coded
        ]
        sessions = [
            {"patient_code": f"p{i}", "hours": 24 * day, "drug": "ketamine", "route": "iv"}
            for i, one in coded
            for day in one.days
        ]
        scores = [
            {"patient_code": f"p{i}", "hours": hours, "instrument": "phq9", "score": score}
            for i, one in coded
            for hours, score in one.scores
        ]
        for name, rows in (("patients", patients), ("sessions", sessions), ("assessments", scores)):
            write_table(folder, name, rows)
        store.import_path(folder)
        return stack.enter_context(store.connect())

    with stack:
        yield filled


def counts(found: Funnel) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
    return tuple(
        (of.courses, of.with_baseline, of.with_entry_severity, of.evaluable, of.end_of_induction_scored)
        for of in (found.every, found.going_on)
    )


def test_courses_that_began_last_week_are_neither_failures_nor_early_stops(fill: Fill) -> None:
    """Issue 14, case 5: 50 finished courses of which 30 respond, and 50 that began last week."""
    finished = [Person(SIX, [(-1, 20), (24 * 21, 8 if i < 30 else 18)]) for i in range(50)]
    begun = [Person((0, 4), [(-1, 20), (30, 19)], until=1) for _ in range(50)]
    connection = fill([*finished, *begun])
    found = funnel(connection, ALL, CohortFilter(), DEFAULT_RULES)
    assert (found.patients, found.unknown) == (100, 0)
    assert counts(found) == ((100, 100, 100, 100, 50), (50, 50, 50, 50, 0))
    response = rates(connection, ALL, CohortFilter(), DEFAULT_RULES).response
    assert response.end_of_induction == wilson(30, 50)
    assert response.end_of_induction_all_treated == wilson(30, 50)
    assert early_stop(connection, ALL, CohortFilter()) == wilson(0, 50)


def test_without_an_end_of_observation_who_goes_on_is_not_known(fill: Fill) -> None:
    """Their induction is neither complete nor known to have stopped; as treated they count: none is known to go on."""
    connection = fill([Person((0, 4), [(-1, 20), (30, 19)], until=None) for _ in range(5)])
    found = funnel(connection, ALL, CohortFilter(), DEFAULT_RULES)
    assert (found.unknown, found.going_on.courses) == (5, 0)
    assert early_stop(connection, ALL, CohortFilter()).n == 0
    response = rates(connection, ALL, CohortFilter(), DEFAULT_RULES).response
    assert response.end_of_induction_all_treated == wilson(0, 5)


def test_who_was_never_ill_can_neither_respond_nor_remit(fill: Fill) -> None:
    """Issue 14, case 6: PHQ-9 of 3 throughout in 30 of 40; the other ten stay at 20."""
    well = [Person(SIX, [(-1, 3), (24 * 21, 3)]) for _ in range(30)]
    ill = [Person(SIX, [(-1, 20), (24 * 21, 20)]) for _ in range(10)]
    connection = fill([*well, *ill])
    found = funnel(connection, ALL, CohortFilter(), DEFAULT_RULES)
    assert counts(found)[0] == (40, 40, 10, 10, 10)
    of = rates(connection, ALL, CohortFilter(), DEFAULT_RULES)
    assert [of.remission.ever, of.remission.last, of.remission.end_of_induction] == [wilson(0, 10)] * 3
    assert of.remission.end_of_induction_all_treated == wilson(0, 40)
    groups = reliable_change(connection, ALL, CohortFilter(), DEFAULT_RULES)
    assert groups.last.no_change == wilson(10, 10)


def test_an_induction_that_stopped_early_has_no_end_and_counts_as_unmeasured(fill: Fill) -> None:
    """Three sessions, in response a day after: a score, but none at the end of a complete induction."""
    connection = fill([Person((0, 4, 8), [(-1, 20), (24 * 9, 5)]), Person(SIX, [(-1, 20), (24 * 21, 5)])])
    response = rates(connection, ALL, CohortFilter(), DEFAULT_RULES).response
    assert (response.last, response.end_of_induction) == (wilson(2, 2), wilson(1, 1))
    assert response.end_of_induction_all_treated == wilson(1, 2)
    assert early_stop(connection, ALL, CohortFilter()) == wilson(1, 2)


def test_a_score_too_soon_is_passed_over_for_the_one_before_it(fill: Fill) -> None:
    """At least 48 hours after a session: the last such score, and the first such at the end of induction."""
    early_then_late = Person(SIX, [(-1, 20), (24 * 20 + 12, 4), (24 * 25, 11), (24 * 40, 9)])
    late_then_early = Person((*SIX, 60), [(-1, 20), (24 * 23, 8), (24 * 60 + 6, 3)])
    never_late = Person(SIX, [(-1, 20), (24 * 20 + 12, 4)])
    connection = fill([early_then_late, late_then_early, never_late])
    plain = rates(connection, ALL, CohortFilter(), DEFAULT_RULES)
    assert plain.response.last == wilson(3, 3)
    assert plain.response.end_of_induction == wilson(3, 3)
    assert plain.end_days == Quartiles(3, 0.5, 0.5, 3.0)
    asked = CohortFilter(min_hours_since_session=48)
    found = rates(connection, ALL, asked, DEFAULT_RULES)
    assert found.response.last == wilson(2, 2), "9 and 8 of 20; the third has no score as late"
    assert found.response.end_of_induction == wilson(1, 2), "11 five days after; 8 three days after"
    assert found.remission.last == wilson(0, 2)
    assert found.worse.last == wilson(0, 2)
    assert found.response.end_of_induction_all_treated == wilson(1, 3)
    assert found.response.ever == plain.response.ever
    assert found.end_days == Quartiles(2, 3.0, 3.0, 5.0)
    assert counts(funnel(connection, ALL, asked, DEFAULT_RULES))[0] == (3, 3, 3, 3, 2)
    changes = waterfall(connection, ALL, asked, DEFAULT_RULES).last_change
    assert sorted(change for change in changes if change == change) == [-12, -11]
    groups = reliable_change(connection, ALL, asked, DEFAULT_RULES)
    assert (groups.last.recovered, groups.last.no_change) == (wilson(2, 2), wilson(0, 2))
    assert (groups.end_of_induction.recovered, groups.end_of_induction.improved) == (wilson(1, 2), wilson(1, 2))


def test_a_second_course_makes_an_interval_by_patient(fill: Fill) -> None:
    again = [*SIX, *(200 + day for day in SIX)]
    two = Person(again, [(-1, 20), (24 * 21, 5), (24 * 200 - 1, 20), (24 * 221, 5)], until=60)
    connection = fill([two, *(Person(SIX, [(-1, 20), (24 * 21, 18)]) for _ in range(30))])
    share = rates(connection, ALL, CohortFilter(), DEFAULT_RULES).response.end_of_induction
    plain = wilson(2, 32)
    assert (share.events, share.n, share.method) == (2, 32, "clustered")
    assert share.high > plain.high  # type: ignore[operator]


def test_reliable_change_by_hand(fill: Fill) -> None:
    """PHQ-9, error 1.88: 6 points are reliable, cases from 10. At the end 20 to 9, 20 to 12, 20 to 15, 14 to 20."""
    ends = ((20, 9), (20, 12), (20, 15), (14, 20), (14, 20))
    connection = fill(Person(SIX, [(-1, baseline), (24 * 21, end), (24 * 30, 20)]) for baseline, end in ends)
    found = reliable_change(connection, ALL, CohortFilter(), DEFAULT_RULES)
    of_end, of_last = found.end_of_induction, found.last
    assert [of_end.recovered, of_end.improved, of_end.no_change] == [wilson(1, 5)] * 3
    assert of_end.deteriorated == wilson(2, 5)
    assert [of_last.recovered, of_last.improved] == [wilson(0, 5)] * 2
    assert [of_last.no_change, of_last.deteriorated] == [wilson(3, 5), wilson(2, 5)]
    assert found.as_json()["last"]["recovered"]["n"] == 5
