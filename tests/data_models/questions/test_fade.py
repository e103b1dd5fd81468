"""Rows, sessions and baselines of the fade's model, against plain loops over the stored facts; what it says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.outcomes.fade_model import LEAST_PATIENTS, SETTLED_FROM
from data_models.questions import fade as questions
from data_models.questions.fade import fade, fade_by
from data_models.store import Store
from data_models.store.answer_codec import pack, unpack

ALL = Scope.everything()


@pytest.fixture(scope="module")
def connection(sample_database: str) -> Iterator[Connection]:
    store = Store.open(sample_database)
    with store.connect() as connection:
        yield connection
    store.close()


def by_loops(connection: Connection, where: str = "1 = 1") -> set[tuple[float, ...]]:
    """Patient, course, session number, days since, improvement and baseline of each score that counts."""
    facts = connection.execute(
        text(
            "SELECT f.patient_id, f.course, f.at_hours, f.since_session_days, f.score, o.baseline FROM score_facts f "
            "JOIN course_outcomes o USING (patient_id, course, instrument) WHERE instrument = 'phq9' AND evaluable = 1 "
            f"AND f.days > 0 AND since_session_days < 90 AND {where}"
        )
    ).all()
    sessions: dict[int, list[tuple[float, int]]] = {}
    for patient, hours, number in connection.execute(text("SELECT patient_id, hours, number FROM session_facts")):
        sessions.setdefault(patient, []).append((hours, number))
    found = set()
    for patient, course, at, since, score, baseline in facts:
        _, number = max(one for one in sessions[patient] if one[0] < at)
        found.add((patient, course, number, round(since, 6), round(1 - score / baseline, 9), baseline))
    return found


@pytest.mark.parametrize(
    "chosen, where",
    [(CohortFilter(), "1 = 1"), (CohortFilter(phase=("maintenance",)), "session_phase = 'maintenance'")],
)
def test_rows_are_the_scores_after_sessions_of_evaluable_courses(
    connection: Connection, chosen: CohortFilter, where: str
) -> None:
    s = questions._scores(connection, ALL, chosen, 1)
    rows = zip(s.patient, s.course, s.number, s.since.round(6), s.improvement.round(9), s.baseline, strict=True)
    found = [tuple(map(float, row)) for row in rows]
    assert len(found) > 100
    assert set(found) == by_loops(connection, where)
    assert len(set(found)) == len(found)


def test_of_very_many_patients_each_second_or_third_makes_the_model(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fade(connection, ALL, CohortFilter())
    monkeypatch.setattr(questions, "MOST_PATIENTS", 100)
    part = fade(connection, ALL, CohortFilter())
    assert whole.every == 1
    assert part.every > 1
    assert whole.curve is not None
    assert part.curve is not None
    assert part.curve.patients == pytest.approx(whole.curve.patients / part.every, rel=0.3)
    assert part.bins == whole.bins
    s = questions._scores(connection, ALL, CohortFilter(), part.every)
    assert not (s.patient % part.every).any()


def test_the_model_in_json(connection: Connection) -> None:
    found = json.loads(json.dumps(fade(connection, ALL, CohortFilter()).model_as_json(), allow_nan=False))
    days = [row["days"] for row in found["curve"]]
    assert days == list(range(int(days[0]), int(days[-1]) + 1))
    assert days[0] <= 1 < 28 < days[-1]
    assert found["from_session"] == SETTLED_FROM
    assert all(row["low"] < row["improvement"] < row["high"] for row in found["curve"])
    after = found["after_session"]
    assert after == found["curve"][days.index(1)]
    last = found["curve"][-1]
    assert found["lost"]["improvement"] == pytest.approx(after["improvement"] - last["improvement"])
    assert sum(row["scores"] for row in found["observed"] if row["to_days"] <= 42) < found["scores"]


def test_the_answer_is_kept_as_it_is(connection: Connection) -> None:
    found = fade(connection, ALL, CohortFilter())
    assert found.curve is not None
    assert unpack(pack(found)) == found


def test_groups_have_a_model_where_they_are_large_enough(connection: Connection) -> None:
    for by in ("route", "phase", "course"):
        for of in fade_by(connection, ALL, CohortFilter(), by).values():
            assert (of.curve is not None) == (of.enough is not None and of.enough >= LEAST_PATIENTS)


def test_a_score_is_of_the_session_before_it_and_of_its_own_course_s_baseline(store: Store, tmp_path: Path) -> None:
    # Course 2 begins on day 200 with a baseline of 16; the score on its day 0 is before its first session. GAD-7 does
    # not count, nor does B, who was never ill.
    (tmp_path / "patients.csv").write_text("patient_code,diagnosis\nA,ptsd\nB,ptsd\n")
    days = {"A": (0, 3, 7, 200, 203), "B": (0, 3, 7)}
    sessions = [f"{who},{24 * day},ketamine,iv" for who in days for day in days[who]]
    scores = [("A", "phq9", day, score) for day, score in ((-1, 20), (3, 10), (3.5, 8), (17, 12), (200, 16), (204, 4))]
    scores += [("A", "gad7", -1, 15), ("A", "gad7", 1, 5), ("B", "phq9", -1, 5), ("B", "phq9", 1, 3)]
    (tmp_path / "sessions.csv").write_text("\n".join(["patient_code,hours,drug,route", *sessions]) + "\n")
    lines = [f"{who},{24 * day},{scale},{score}" for who, scale, day, score in scores]
    (tmp_path / "assessments.csv").write_text("\n".join(["patient_code,hours,instrument,score", *lines]) + "\n")
    store.import_path(tmp_path)
    with store.connect() as connection:
        s = questions._scores(connection, ALL, CohortFilter(), 1)
        found = fade(connection, ALL, CohortFilter())
    rows = sorted(zip(s.course, s.number, s.since.round(6), s.improvement.round(6), strict=True))
    assert rows == [(1, 1, 3.0, 0.5), (1, 2, 0.5, 0.6), (1, 3, 10.0, 0.4), (2, 2, 1.0, 0.75)]
    assert found.curve is None
    assert found.enough == 1
    assert found.model_as_json()["curve"] == []
    assert [(b.from_days, b.improvement.n) for b in found.observed if b.improvement.n] == [
        (0, 1),
        (1, 1),
        (3, 1),
        (10, 1),
    ]
