"""Rates, grades, times to resolution and vital signs from sums over patients."""

from __future__ import annotations

import pytest

from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.outcomes.proportions import PatientSums, clustered, wilson
from data_models.outcomes.side_effects import (
    DOSE_BANDS,
    any_effect,
    rates,
    resolution,
    severity_rows,
    vitals,
    worst_rows,
)

# Three patients with 2, 4 and 6 asked sessions, of which nausea in 1, 0 and 3.
NAUSEA = PatientSums(3, 4, 12, 10, 20, 56, some=2, short=3)
ASKED = PatientSums(3, 5, 12, 11, 26, 56, some=3, short=3)


def test_rates_have_a_row_for_every_term_in_the_vocabulary() -> None:
    result = rates({"nausea": NAUSEA, "any": ASKED})
    assert [row["term"] for row in result["per_session"]] == list(SIDE_EFFECTS)
    assert [row["term"] for row in result["per_patient"]] == list(SIDE_EFFECTS)
    assert (result["patients_asked"], result["sessions_asked"]) == (3, 12)
    nausea = SIDE_EFFECTS.index("nausea")
    assert result["per_patient"][nausea] == {"term": "nausea", **wilson(2, 3).as_dict()}
    assert result["per_session"][nausea] == {"term": "nausea", **clustered(NAUSEA).as_dict()}


def test_nobody_asked_is_not_none() -> None:
    result = rates({})
    assert result["patients_asked"] == 0
    assert all(row["share"] is None for row in result["per_session"] + result["per_patient"])
    assert any_effect({})["per_session"]["share"] is None


def test_worst_grades_keep_the_ungraded_apart() -> None:
    rows = worst_rows({"mild": NAUSEA})
    assert [row["worst"] for row in rows] == ["none", "mild", "moderate", "severe", "not_graded"]
    assert rows[1]["share"] == pytest.approx(1 / 3)


def test_severity_adds_up_by_term() -> None:
    rows = severity_rows([("headache", "mild", 3, 0), ("headache", None, 1, 1), ("nausea", "severe", 2, 2)])
    assert [row["term"] for row in rows] == ["nausea", "headache"]
    assert rows[1] == {
        "term": "headache", "occurrences": 4, "mild": 3, "moderate": 0, "severe": 0, "not_graded": 1, "serious": 1,
    }  # fmt: skip


def test_resolution_counts_the_unresolved_as_censored() -> None:
    result = resolution([("nausea", 30.0, 1, 2), ("nausea", 60.0, 0, 1), ("headache", 90.0, 1, 1)])
    assert (result["all"]["n"], result["all"]["events"]) == (4, 3)
    assert [row["minutes"] for row in result["all"]["curve"]] == [30, 60, 90]
    assert [row["term"] for row in result["by_term"]] == ["nausea", "headache"]
    assert result["by_term"][0]["median"] == 30


def test_vitals_name_the_rules_of_their_thresholds() -> None:
    rises = PatientSums(2, 60, 4, 2000, 120, 8)
    result = vitals({"systolic.rise": rises}, {"systolic_rise_mmhg": PatientSums(2, 1, 4, 1, 2, 8)}, DEFAULT_RULES)
    assert result["systolic"]["rise"]["mean"] == 15
    assert result["heart_rate"]["before"]["mean"] is None
    assert [(row["threshold"], row["limit"]) for row in result["thresholds"]] == [
        ("systolic_rise_mmhg", 40),
        ("diastolic_rise_mmhg", 25),
        ("systolic_high_mmhg", 180),
        ("diastolic_high_mmhg", 110),
        ("predose", [140, 90]),
    ]
    assert result["thresholds"][0]["share"] == 0.25


def test_dose_bands_of_a_unit_touch_without_overlap() -> None:
    for unit in ("mg", "mg_per_kg"):
        bands = [band for band in DOSE_BANDS if band.unit == unit]
        assert bands[0].low == 0
        assert [band.low for band in bands[1:]] == [band.high for band in bands[:-1]]
