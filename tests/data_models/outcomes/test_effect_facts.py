"""Side effects as sums per patient: what may not be merged, and what is not recorded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data_models.definitions.vocabulary import SIDE_EFFECT_BITS
from data_models.outcomes.effect_facts import effect_facts
from data_models.outcomes.side_effects import DOSE_BANDS


def test_a_patient_who_changes_route_dose_drug_phase_or_course_has_a_row_for_each() -> None:
    """Merged, a rate "by route" would count a patient's sessions under the first route alone."""
    rows = [
        # patient, course, phase, drug, route, dose (mg/kg), asked, nausea, worst grade
        (1, 1, "induction", "ketamine", "iv", 0.5, 1, 1, 1.0),
        (1, 1, "induction", "ketamine", "iv", 0.5, 1, 0, 0.0),
        (1, 1, "induction", "ketamine", "im", 0.5, 1, 1, 3.0),
        (1, 1, "induction", "ketamine", "iv", 1.2, 1, 1, np.nan),
        (1, 1, "maintenance", "ketamine", "iv", 0.5, 1, 0, 0.0),
        (1, 2, "maintenance", "ketamine", "iv", 0.5, 1, 0, 0.0),
        (1, 2, "maintenance", "esketamine", "iv", 0.5, 1, 0, 0.0),
        (1, 2, "maintenance", "ketamine", None, np.nan, 1, 0, 0.0),
        (1, 2, "maintenance", "ketamine", None, np.nan, 0, 0, np.nan),
        (2, 1, "induction", "ketamine", "im", 0.5, 1, 0, 0.0),
    ]
    names = ["patient_id", "course", "phase", "drug", "route", "dose", "asked", "nausea", "worst"]
    frame = pd.DataFrame(rows, columns=names).assign(dose_unit="mg_per_kg")
    frame["terms"] = frame["nausea"] * 2 ** SIDE_EFFECT_BITS["nausea"]
    found = effect_facts(frame, frame)

    codes = {(band.unit, band.low): float(band.code) for band in DOSE_BANDS}
    half, whole = codes["mg_per_kg", 0.5], codes["mg_per_kg", 1.0]
    columns = [
        "patient_id",
        "course",
        "phase",
        "drug",
        "route",
        "dose_band",
        "asked",
        "reported",
        "nausea",
        "mild",
        "severe",
    ]
    counted = {
        tuple(None if pd.isna(value) else value for value in row)
        for row in found[columns].itertuples(index=False, name=None)
    }
    assert counted == {
        (1, 1, "induction", "ketamine", "iv", half, 2, 1, 1, 1, 0),
        (1, 1, "induction", "ketamine", "im", half, 1, 1, 1, 0, 1),
        (1, 1, "induction", "ketamine", "iv", whole, 1, 1, 1, 0, 0),
        (1, 1, "maintenance", "ketamine", "iv", half, 1, 0, 0, 0, 0),
        (1, 2, "maintenance", "ketamine", "iv", half, 1, 0, 0, 0, 0),
        (1, 2, "maintenance", "esketamine", "iv", half, 1, 0, 0, 0, 0),
        (1, 2, "maintenance", "ketamine", None, None, 1, 0, 0, 0, 0),
        (2, 1, "induction", "ketamine", "im", half, 1, 0, 0, 0, 0),
    }
    assert found["part"].tolist() == [1, 2, 3, 4, 5, 6, 7, 1]
    assert found["alone"].tolist() == [0] * 7 + [1]


@pytest.mark.parametrize(
    "dose, unit, band",
    [(0.05, "mg_per_kg", 0), (0.49, "mg_per_kg", 0), (0.5, "mg_per_kg", 1), (1.0, "mg_per_kg", 3), (20, "mg_per_kg", 3),
     (49, "mg", 4), (50, "mg", 5), (74, "mg", 5), (75, "mg", 6), (200, "mg", 8), (np.nan, None, np.nan)],
)  # fmt: skip
def test_a_dose_is_in_one_band_of_its_unit(dose: float, unit: str | None, band: float) -> None:
    row = {
        "patient_id": 1,
        "course": 1,
        "phase": None,
        "drug": None,
        "route": None,
        "asked": 1,
        "terms": 0,
        "worst": 0.0,
    }
    frame = pd.DataFrame([row | {"dose": dose, "dose_unit": unit}])
    np.testing.assert_array_equal(effect_facts(frame, frame)["dose_band"], [band])


def test_sessions_not_asked_about_are_in_no_row() -> None:
    row = {
        "patient_id": 1,
        "course": 1,
        "phase": None,
        "drug": None,
        "route": None,
        "asked": 0,
        "terms": 0,
        "worst": 0.0,
    }
    frame = pd.DataFrame([row | {"dose": np.nan, "dose_unit": None}])
    assert len(effect_facts(frame, frame)) == 0
