"""The plain-pandas figures of the calibration and the product's derivation agree on a whole synthetic clinic.

Two separately written readings of the clinical definitions: where they differ, one of them is wrong.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data_models.definitions.rules import DEFAULT_RULES
from data_models.intake.readers import read_records
from data_models.outcomes.derive import derive
from sample_data.calibration import course_values, with_courses
from sample_data.generate import generate, write


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic")
    write(1_500, 8, folder)
    batch = read_records(folder)
    ids = {code: number for number, code in enumerate(batch.patients["patient_code"])}
    frames = [
        frame.assign(patient_id=frame["patient_code"].map(ids).astype("int64"))
        for frame in (batch.sessions, batch.assessments, batch.side_effects)
    ]
    tables = generate(1_500, 8)
    return ids, derive(*frames, DEFAULT_RULES), tables, with_courses(tables["sessions"])


def test_courses_sessions_and_phases_agree(both):
    ids, facts, _, sessions = both
    plain = sessions.assign(patient_id=sessions["patient_code"].map(ids)).sort_values(["patient_id", "at"])
    derived = facts.session_facts.sort_values(["patient_id", "hours"])
    assert list(plain["course"]) == list(derived["course"])
    assert list(plain["number"]) == list(derived["number"])
    assert list(plain["induction"]) == list(derived["phase"] == "induction")


@pytest.mark.parametrize("instrument", ["phq9", "madrs", "gad7", "pcl5"])
def test_baselines_end_of_induction_onset_and_durability_agree(both, instrument):
    ids, facts, tables, sessions = both
    plain = course_values(sessions, tables["assessments"], instrument)
    plain = plain.assign(patient_id=plain["patient_code"].map(ids)).set_index(["patient_id", "course"])
    derived = facts.course_outcomes.query("instrument == @instrument").set_index(["patient_id", "course"])
    plain, derived = plain.align(derived, join="right", axis=0)
    evaluable = derived["evaluable"] == 1
    pairs = {
        "baseline": "baseline",
        "end_score": "end_of_induction_score",
        "sessions_to_response": "onset_sessions",
        "durability_days": "durability_days",
        "entry_days": "durability_entry_days",
    }
    assert evaluable.sum() > 50
    for ours, theirs in pairs.items():
        left, right = plain.loc[evaluable, ours], pd.to_numeric(derived.loc[evaluable, theirs])
        if ours == "entry_days":  # the plain reading gives the entry of courses that are not in response too
            left = left.where(plain.loc[evaluable, "durability_days"].notna())
        np.testing.assert_allclose(left.astype(float), right.astype(float), atol=1e-3, err_msg=ours)
    lost = derived.loc[evaluable, "durability_end"] == "loss"
    assert list(plain.loc[evaluable, "lost"] == 1) == list(lost)
