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
from sample_data.generate import generate, write
from sample_data.plain_reading import course_status, course_values, with_courses


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic")
    write(1_500, 8, folder)
    batch = read_records(folder)
    ids = {code: number for number, code in enumerate(batch.patients["patient_code"])}
    frames = {
        name: (frame := getattr(batch, name)).assign(patient_id=frame["patient_code"].map(ids).astype("int64"))
        for name in ("patients", "sessions", "assessments", "side_effects")
    }
    tables = generate(1_500, 8)
    return ids, derive(**frames, rules=DEFAULT_RULES), tables, with_courses(tables["sessions"])


def test_courses_sessions_and_phases_agree(both):
    ids, facts, _, sessions = both
    plain = sessions.assign(patient_id=sessions["patient_code"].map(ids)).sort_values(["patient_id", "at"])
    derived = facts.session_facts.sort_values(["patient_id", "hours"])
    assert list(plain["course"]) == list(derived["course"])
    assert list(plain["number"]) == list(derived["number"])
    assert list(plain["induction"]) == list(derived["phase"] == "induction")


def test_what_goes_on_what_stopped_early_and_what_is_mixed_agrees(both):
    ids, facts, tables, sessions = both
    plain = course_status(sessions, tables["assessments"], tables["patients"])
    plain = plain.assign(patient_id=plain["patient_code"].map(ids)).sort_values(["patient_id", "course"])
    derived = facts.courses.sort_values(["patient_id", "course"])
    assert list(plain["going_on"]) == list(derived["status"] == "going_on")
    assert set(derived["status"]) == {"going_on", "ended"}
    assert list(plain["complete"]) == list(derived["induction_complete"] == 1)
    for name in ("early_stop", "induction_sessions"):
        np.testing.assert_array_equal(plain[name].to_numpy(float), derived[name].to_numpy(float))
    for name in ("drug", "route"):
        assert list(plain[name].fillna("mixed")) == list(derived[name])
        assert (derived[name] == "mixed").sum() > 5


@pytest.mark.parametrize("instrument", ["phq9", "madrs", "gad7", "pcl5"])
def test_baselines_end_of_induction_onset_and_durability_agree(both, instrument):
    ids, facts, tables, sessions = both
    plain = course_values(sessions, tables["assessments"], instrument)
    plain = plain.assign(patient_id=plain["patient_code"].map(ids)).set_index(["patient_id", "course"])
    derived = facts.course_outcomes.query("instrument == @instrument").set_index(["patient_id", "course"])
    plain, derived = plain.align(derived, join="right", axis=0)
    evaluable = derived["evaluable"] == 1
    assert list(plain["evaluable"] == 1) == list(evaluable)
    pairs = {
        "baseline": "baseline",
        "end_score": "end_of_induction_score",
        "sessions_to_response": "onset_sessions",
        "entry_days": "durability_entry_days",
        "left": "durability_left",
        "right": "durability_right",
        "durability_days": "durability_days",
    }
    assert evaluable.sum() > 50
    for ours, theirs in pairs.items():
        left, right = plain.loc[evaluable, ours], pd.to_numeric(derived.loc[evaluable, theirs])
        np.testing.assert_allclose(left.astype(float), right.astype(float), atol=1e-3, err_msg=ours)
    assert list(plain.loc[evaluable, "ending"].fillna("")) == list(derived.loc[evaluable, "durability_end"].fillna(""))
