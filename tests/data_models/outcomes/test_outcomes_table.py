"""The listing of outcomes: the contract's columns, in its order, whatever parts they were derived in."""

from __future__ import annotations

import pandas as pd
import pytest

from data_models.database.tables import Course, CourseOutcome, EffectFact, ScoreFact, SessionFact
from data_models.definitions.rules import DEFAULT_RULES
from data_models.outcomes.derive import derive
from data_models.outcomes.outcomes_table import COLUMNS, outcomes_listing

CONTRACT = (  # noqa: SIM905 - as it stands in the data contract, section 2
    "patient_code clinic course instrument drug route sessions induction_sessions scores baseline evaluable best last "
    "last_days ever_response ever_remission last_response last_remission last_worse onset_left onset_right "
    "onset_sessions duration_event duration_days loss_left loss_right end_of_induction_score "
    "end_of_induction_response durability_entry_days durability_days durability_end"
).split()


def test_rows_of_several_parts_are_joined_and_sorted_by_code_course_and_scale(cases) -> None:
    patients = pd.DataFrame({"patient_id": [1, 2], "patient_code": ["B2", "A1"], "clinic": ["north", None]})
    parts = []
    for patient in (1, 2):
        scores = pd.concat(
            cases.scores([(-1, 20), (1, 8), (101, 9)], patient_id=patient, instrument=code) for code in ("phq9", "gad7")
        )
        sessions = cases.sessions([0, 100], patient_id=patient, route="iv")
        facts = derive(sessions, scores, cases.no_side_effects(), DEFAULT_RULES)
        parts.append((facts.courses, facts.course_outcomes))
    found = outcomes_listing(patients, parts)
    assert list(found.columns) == list(COLUMNS) == CONTRACT
    keys = [("A1", 1, "gad7"), ("A1", 1, "phq9"), ("A1", 2, "gad7"), ("A1", 2, "phq9")]
    assert found[["patient_code", "course", "instrument"]].apply(tuple, axis=1).tolist() == keys + [
        ("B2", course, code) for _, course, code in keys
    ]
    assert found.index.tolist() == list(range(8))
    assert found["clinic"].fillna("").tolist() == [""] * 4 + ["north"] * 4
    assert (found["route"] == "iv").all()
    assert found.loc[found["course"] == 1, "ever_response"].tolist() == [1] * 4
    assert str(found["ever_response"].dtype) == "Int64"


def test_of_nobody_the_listing_has_its_columns_and_no_row() -> None:
    patients = pd.DataFrame({"patient_id": [], "patient_code": [], "clinic": []})
    found = outcomes_listing(patients, [])
    assert tuple(found.columns) == COLUMNS
    assert len(found) == 0


@pytest.mark.parametrize("table", [Course, SessionFact, EffectFact, ScoreFact, CourseOutcome])
def test_facts_have_the_columns_of_their_table(cases, table: type) -> None:
    frame = getattr(cases.facts([0], [(-1, 20), (1, 8)]), table.__tablename__)
    assert set(frame.columns) == {column.name for column in table.__table__.columns}
