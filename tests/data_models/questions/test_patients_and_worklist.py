"""What the patient pages ask the store, on small records worked by hand; rights are checked in the query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.scores import state_today
from data_models.questions import NotAllowed
from data_models.questions.filter_choices import choices
from data_models.questions.interval_finder import interval_finder
from data_models.questions.patient import patient
from data_models.questions.worklist import (
    ATTENTION,
    SORTABLE,
    URGENCY,
    attention_counts,
    in_order,
    latest_scores,
    neighbours,
    worklist,
)
from data_models.store import Store
from tests.data_models.conftest import WriteTable

ALL = Scope.everything()
PHQ9 = CohortFilter()

PATIENTS = """patient_code,clinic,age_band,sex,diagnosis,conditions,first_session_year
A1,north,35-44,female,ptsd,hypertension;liver,2023
B2,north,45-54,male,anxiety,none,2024
C3,south,45-54,male,ptsd,liver,2024
D4,south,18-24,female,ptsd,,2024
"""
SESSIONS = """patient_code,hours,drug,route,systolic_before,diastolic_before,side_effects_asked
A1,0,ketamine,iv,150,80,yes
A1,72,ketamine,iv,120,80,yes
B2,0,ketamine,im,120,95,no
C3,0,esketamine,intranasal,120,80,yes
C3,3000,esketamine,intranasal,120,80,yes
D4,0,ketamine,iv,,,
"""
# A1 responds, then gives back 6 points: fading. B2 gets worse. C3 responds in its second course.
ASSESSMENTS = """patient_code,hours,instrument,score,item9
A1,-24,phq9,20,1
A1,96,phq9,2,0
A1,264,phq9,8,2
B2,-2,phq9,14,0
B2,168,phq9,20,1
C3,-2,phq9,18,
C3,2990,phq9,16,
C3,3100,phq9,6,
"""
EFFECTS = "patient_code,hours,term,severity\nA1,0,nausea,mild\nA1,72,dizziness,severe\n"


@pytest.fixture(scope="module")
def filled_store(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The small records in a store of either engine; the tests here only read."""
    folder = tmp_path_factory.mktemp("records")
    for name, text in zip(
        ("patients", "sessions", "assessments", "side_effects"), (PATIENTS, SESSIONS, ASSESSMENTS, EFFECTS), strict=True
    ):
        (folder / f"{name}.csv").write_text(text)
    module_store.import_path(folder)
    return module_store


@pytest.fixture
def connection(filled_store: Store) -> Iterator[Connection]:
    with filled_store.connect() as opened:
        yield opened


def _codes(connection: Connection, cohort: CohortFilter = PHQ9, scope: Scope = ALL, **arguments: object) -> list[str]:
    found = worklist(connection, scope, cohort, **arguments)  # type: ignore[arg-type]
    assert found.total == len(found.patients)
    return [one.patient_code for one in found.patients]


def test_the_list_shows_each_patients_latest_course(connection: Connection) -> None:
    found = worklist(connection, ALL, PHQ9)
    assert found.total == 4
    by_code = {one.patient_code: one for one in found.patients}
    states = {"A1": "fading", "B2": "worse", "C3": "responding", "D4": "not_measured"}
    assert {code: one.state for code, one in by_code.items()} == states
    assert {code: one.course for code, one in by_code.items()} == {"A1": 1, "B2": 1, "C3": 2, "D4": 1}
    assert by_code["C3"].baseline == 16
    assert {code: one.predose_high for code, one in by_code.items()} == {"A1": 1, "B2": 1, "C3": 0, "D4": 0}
    first = by_code["A1"]
    assert first.improvement == pytest.approx(0.6)
    assert (first.worst, first.days_since_session) == (3, 8)
    assert (first.item9_last, first.item9_change) == (2, 1)


@pytest.mark.parametrize(
    "attention, codes",
    [
        ("fading", ["A1"]),
        ("response_lost", []),
        ("worse", ["B2"]),
        ("item9_raised", ["A1", "B2"]),
        ("no_score_since_session", ["D4"]),
    ],
)
def test_ready_lists(connection: Connection, attention: str, codes: list[str]) -> None:
    assert _codes(connection, attention=attention) == codes
    assert attention_counts(connection, ALL, PHQ9)[attention] == len(codes)


@pytest.mark.parametrize(
    "where, codes",
    [
        (["clinic=north"], ["A1", "B2"]),
        (["condition=liver"], ["A1", "C3"]),
        (["condition=hypertension,liver", "sex=male"], ["C3"]),
        (["route=iv"], ["A1", "D4"]),
        (["drug=esketamine"], ["C3"]),
        (["first_session_year=2024", "age_band=45-54"], ["B2", "C3"]),
        (["diagnosis=drug_use"], []),
        (["phase=maintenance"], []),
    ],
)
def test_filters_of_the_list(connection: Connection, where: list[str], codes: list[str]) -> None:
    assert _codes(connection, CohortFilter.from_assignments(where)) == codes


def test_search_takes_its_text_literally(connection: Connection) -> None:
    assert _codes(connection, search="a") == ["A1"]
    assert _codes(connection, search="%") == []
    assert _codes(connection, search="_") == []


def test_missing_values_come_last_in_either_direction(connection: Connection) -> None:
    assert _codes(connection, sort="last") == ["C3", "A1", "B2", "D4"]
    assert _codes(connection, sort="last", descending=True) == ["B2", "A1", "C3", "D4"]
    assert _codes(connection, sort="no_such_column; DROP TABLE patients") == ["A1", "B2", "C3", "D4"]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SORTABLE)
def test_a_page_at_a_time_and_the_neighbours_follow_the_same_order(
    connection: Connection, sort: str, descending: bool
) -> None:
    whole = _codes(connection, sort=sort, descending=descending)
    pages = [worklist(connection, ALL, PHQ9, sort=sort, descending=descending, limit=1, offset=n) for n in range(4)]
    assert [page.patients[0].patient_code for page in pages] == whole
    assert {page.total for page in pages} == {4}
    for place, code in enumerate(whole):
        expected = (whole[place - 1] if place else None, whole[place + 1] if place < 3 else None)
        assert neighbours(connection, ALL, PHQ9, code, sort=sort, descending=descending) == expected


def test_the_list_of_a_clinic_is_sorted_in_each_order(connection: Connection) -> None:
    south = Scope(clinics=frozenset({"south"}), patients=True)
    for sort, codes in (("last", ["C3", "D4"]), ("patient_code", ["C3", "D4"]), ("state", ["D4", "C3"])):
        assert _codes(connection, scope=south, sort=sort) == codes
        assert neighbours(connection, south, PHQ9, codes[0], sort=sort) == (None, codes[1])
    assert _codes(connection, CohortFilter(clinic=("north", "south")), sort="improvement", descending=True) == [
        "C3", "A1", "B2", "D4"
    ]  # fmt: skip


def test_on_a_scale_that_nobody_was_given_all_are_not_measured(connection: Connection) -> None:
    madrs = CohortFilter("madrs")
    assert _codes(connection, madrs) == _codes(connection, madrs, state="not_measured") == ["A1", "B2", "C3", "D4"]
    assert _codes(connection, madrs, sort="last", descending=True) == ["A1", "B2", "C3", "D4"]
    assert _codes(connection, madrs, sort="worst") == ["C3", "A1", "B2", "D4"]  # side effects need no scale
    assert _codes(connection, madrs, state="fading") == []
    counts = attention_counts(connection, ALL, madrs)
    assert {name: n for name, n in counts.items() if n} == {"no_score_since_session": 4}
    assert {one.state for one in worklist(connection, ALL, madrs).patients} == {"not_measured"}


def test_a_list_that_the_scale_cannot_tell_of_has_no_count(connection: Connection) -> None:
    assert "item9_raised" not in attention_counts(connection, ALL, CohortFilter("peg"))
    assert "worse" not in attention_counts(connection, ALL, CohortFilter("auditc"))
    assert set(attention_counts(connection, ALL, PHQ9)) == set(ATTENTION)
    assert _codes(connection, CohortFilter("peg"), attention="item9_raised") == []


def _of_days(write: WriteTable, folder: Path, patients: dict[str, tuple[list[float], dict[float, float]]]) -> Path:
    """Records of patients with sessions on days, and PHQ-9 scores by day."""
    write(folder, "patients", [{"patient_code": code, "observed_until_weeks": 13} for code in patients])
    given = [{"patient_code": code, "hours": 24 * day} for code, (days, _) in patients.items() for day in days]
    write(folder, "sessions", [one | {"drug": "ketamine", "route": "iv"} for one in given])
    taken = [(code, 24 * day, score) for code, (_, scores) in patients.items() for day, score in scores.items()]
    rows = [dict(zip(("patient_code", "hours", "score"), one, strict=True)) | {"instrument": "phq9"} for one in taken]
    write(folder, "assessments", rows)
    return folder


FADING = {-1.0: 20.0, 5.0: 2.0, 55.0: 8.0}


def test_a_state_is_as_old_as_its_score_and_the_list_begins_with_what_needs_a_look(
    store: Store, write_table: WriteTable, tmp_path: Path
) -> None:
    patients = {
        "N1": ([0, 3, 68, 81], FADING),  # two sessions since
        "N2": ([0, 3, 55, 68], FADING),  # a score at the start of a session is before it
        "F2": ([0, 3, 68], FADING),
        "F1": ([0, 3], FADING),
        "H1": ([0, 3], {-1.0: 20.0, 5.0: 2.0}),
        "T1": ([0, 3, 6], {-1.0: 20.0, 5.0: 2.0}),
        "L9": ([0, 3], {-1.0: 20.0, 5.0: 2.0, 40.0: 19.0, 50.0: 19.0}),
        "T2": ([0, 3, 10, 17], {-1.0: 6.0, 5.0: 2.0}),  # what was so at the start stays so
        "N3": ([0, 3], {}),
        "W1": ([0, 3], {-1.0: 14.0, 5.0: 20.0}),
    }
    store.import_path(_of_days(write_table, tmp_path, patients))
    with store.connect() as connection:
        listed = worklist(connection, ALL, PHQ9, sort="urgency").patients
        found = [(one.patient_code, one.state, one.sessions_since, URGENCY[one.urgency]) for one in listed]
        assert found == [
            ("L9", "response_lost", 0, "response_lost"),
            ("F1", "fading", 0, "fading"),
            ("F2", "fading", 1, "fading"),
            ("W1", "worse", 0, "worse"),
            ("N1", "not_scored", 2, "not_scored"),
            ("N2", "not_scored", 2, "not_scored"),
            ("N3", "not_measured", None, "not_scored"),
            ("T1", "responding", 1, "treated_since"),
            ("T2", "mild_at_start", 2, "treated_since"),
            ("H1", "responding", 0, "none"),
        ]
        assert {one.state_before for one in listed if one.state == "not_scored"} == {"fading"}
        assert _codes(connection, attention="fading") == _codes(connection, state="fading") == ["F1", "F2"]
        assert _codes(connection, state="not_scored") == ["N1", "N2"]
        assert attention_counts(connection, ALL, PHQ9)["fading"] == 2
        for one in listed:
            history = patient(connection, ALL, one.patient_code)
            assert history is not None
            outcome = history.outcome_of(1, "phq9")
            assert history.sessions_since(outcome) == (one.sessions_since or 0)
            assert outcome is None or state_today(outcome.state, one.sessions_since or 0) == one.state


def test_a_cohorts_intervals_are_counted_by_length_and_by_the_session_that_began_them(
    store: Store, write_table: WriteTable, tmp_path: Path
) -> None:
    held, lost = 4.0, 18.0
    induction = [0.0, 2.0, 4.0, 7.0, 9.0, 11.0]
    patients = {
        "A1": ([*induction, 25.0, 46.0, 74.0], {-1.0: 20.0, 24.0: held, 44.0: held, 73.0: lost}),
        "B2": ([*induction, 32.0, 53.0], {-1.0: 20.0, 31.0: lost, 45.0: held}),  # the last is too old to tell
        "C3": (induction, {-1.0: 20.0, 10.0: held}),
    }
    store.import_path(_of_days(write_table, tmp_path, patients))

    def told(
        cohort: CohortFilter, scope: Scope = ALL
    ) -> tuple[list[tuple[int, float | None, float | None]], int | None]:
        found = interval_finder(connection, scope, cohort)
        return [(one.from_days, one.held.events, one.held.n) for one in found.bins if one.held.n], found.unjudged

    with store.connect() as connection:
        assert told(PHQ9) == ([(11, 1, 1), (18, 1, 2), (25, 0, 1)], 1)
        assert told(CohortFilter(phase=("induction",))) == ([(11, 1, 1), (18, 0, 1)], 0)
        assert told(CohortFilter(phase=("maintenance",))) == ([(18, 1, 1), (25, 0, 1)], 1)
        assert told(CohortFilter("madrs")) == ([], 5)
        assert told(PHQ9, Scope(frozenset({"elsewhere"}))) == ([], 0)


NORTH = Scope(clinics=frozenset({"north"}), patients=True)


def test_pages_and_neighbours_of_a_known_order_ask_for_no_other(connection: Connection) -> None:
    order = in_order(connection, ALL, PHQ9, sort="last")
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(connection.engine, "before_cursor_execute", hear)
    found = worklist(connection, ALL, PHQ9, order=order, limit=1, offset=1)
    around = neighbours(connection, ALL, PHQ9, "A1", order=order)
    event.remove(connection.engine, "before_cursor_execute", hear)
    assert ([one.patient_code for one in found.patients], found.total, around) == (["A1"], 4, ("C3", "B2"))
    assert said
    assert not any("ORDER BY" in statement for statement in said)
    # Whoever sees less is shown no more by an order that somebody else was given.
    assert [one.patient_code for one in worklist(connection, NORTH, PHQ9, order=order).patients] == ["A1", "B2"]
    assert neighbours(connection, NORTH, PHQ9, "A1", order=order) == (None, "B2")


def test_a_clinics_patients_are_found_by_their_index(connection: Connection) -> None:
    """Nothing of a large store is read but what belongs to the clinic."""
    said: list[tuple[str, object]] = []

    def hear(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        said.append((statement, parameters))

    event.listen(connection.engine, "before_cursor_execute", hear)
    for sort in SORTABLE:
        in_order(connection, NORTH, PHQ9, sort=sort, attention="item9_raised")
    event.remove(connection.engine, "before_cursor_execute", hear)
    kind = "EXPLAIN " if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # which is best for so few rows
    for statement, parameters in [heard for heard in said if "FROM patients" in heard[0]]:
        rows = connection.exec_driver_sql(kind + statement, parameters).all()  # type: ignore[call-overload]
        plan = "\n".join(str(row[-1]) for row in rows)
        assert "ix_patients_clinic" in plan, plan
        assert not re.search("SCAN|Seq Scan", plan), plan


def test_scores_are_of_the_latest_course_alone(connection: Connection) -> None:
    codes = {one.patient_id: one.patient_code for one in worklist(connection, ALL, PHQ9).patients}
    found = latest_scores(connection, ALL, list(codes), "phq9")
    scores = {codes[number]: [score for _, score in points] for number, points in found.items()}
    assert scores == {"A1": [20, 2, 8], "B2": [14, 20], "C3": [6]}


def test_one_patients_records_and_outcomes(connection: Connection) -> None:
    found = patient(connection, ALL, "A1")
    assert found is not None
    assert found.conditions == ("hypertension", "liver")
    assert [(one.days, one.number, one.worst) for one in found.sessions] == [(0, 1, 1), (3, 2, 3)]
    assert {one.course_route for one in found.sessions} == {"iv"}
    assert [one.score for one in found.scores] == [20, 2, 8]
    assert [one.improvement for one in found.scores] == [None, 0.9, 0.6]
    assert [one.session_hours for one in found.scores] == [None, 72, 72]
    # The PHQ-9 asks about 14 days: scores 1 and 8 days after a session look back past it.
    assert [one.recall for one in found.scores] == [0, 1, 1]
    assert [one.term for one in found.side_effects] == ["nausea", "dizziness"]
    assert [one.state for one in found.outcomes] == ["fading"]
    assert (found.courses, found.instruments) == ([1], ["phq9"])
    assert patient(connection, ALL, "nobody") is None


def test_another_clinics_patient_is_not_there(connection: Connection) -> None:
    assert _codes(connection, scope=NORTH) == ["A1", "B2"]
    assert _codes(connection, CohortFilter(clinic=("south",)), scope=NORTH) == []
    assert patient(connection, NORTH, "C3") is None
    assert patient(connection, ALL, "C3") is not None
    number = next(one.patient_id for one in worklist(connection, ALL, PHQ9).patients if one.patient_code == "C3")
    assert latest_scores(connection, ALL, [number], "phq9")
    assert latest_scores(connection, NORTH, [number], "phq9") == {}
    assert neighbours(connection, NORTH, PHQ9, "C3") == (None, None)


@pytest.mark.parametrize("scope", [Scope(), Scope(clinics=None, patients=False), Scope(clinics=frozenset({"north"}))])
def test_who_sees_cohorts_alone_asks_for_no_patient(connection: Connection, scope: Scope) -> None:
    for ask in (
        lambda: patient(connection, scope, "A1"),
        lambda: worklist(connection, scope, PHQ9),
        lambda: neighbours(connection, scope, PHQ9, "A1"),
        lambda: latest_scores(connection, scope, [1], "phq9"),
    ):
        with pytest.raises(NotAllowed) as refused:
            ask()
        assert "A1" not in str(refused.value)


def test_choices_are_what_the_store_holds_for_the_scope(connection: Connection) -> None:
    found = choices(connection, ALL)
    assert found["clinic"] == ["north", "south"]
    assert found["route"] == ["iv", "im", "intranasal"]
    assert found["condition"] == ["hypertension", "liver"]
    assert found["instrument"] == ["phq9"]
    assert found["first_session_year"] == ["2023", "2024"]
    assert choices(connection, NORTH)["route"] == ["iv", "im"]
    assert choices(connection, Scope())["clinic"] == []
