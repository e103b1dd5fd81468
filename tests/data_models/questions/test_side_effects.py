"""Rates, grades, times to resolution and vital signs from sums over patients."""

from __future__ import annotations

import numpy as np
import pytest

from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.outcomes.proportions import PatientSums, clustered, wilson
from data_models.outcomes.side_effects import DOSE_BANDS
from data_models.questions.resolution import resolution_of
from data_models.questions.severity import severity_of
from data_models.questions.side_effects import rates_of
from data_models.questions.vitals import vitals_of

# Three patients with 2, 4 and 6 asked sessions, of which nausea in 1, 0 and 3.
NAUSEA = PatientSums(3, 4, 12, 10, 20, 56, some=2, short=3)
ASKED = PatientSums(3, 5, 12, 11, 26, 56, some=3, short=3)


def test_there_is_a_rate_for_every_term_in_the_vocabulary() -> None:
    found = rates_of({"nausea": NAUSEA, "any": ASKED})
    assert [one.term for one in found.effects] == list(SIDE_EFFECTS)
    assert (found.patients_asked, found.sessions_asked) == (3, 12)
    nausea = found.effects[SIDE_EFFECTS.index("nausea")]
    assert (nausea.per_patient, nausea.per_session) == (wilson(2, 3), clustered(NAUSEA))
    assert (found.any.per_patient, found.any.per_session) == (wilson(3, 3), clustered(ASKED))


def test_nobody_asked_is_not_none() -> None:
    found = rates_of({})
    assert found.patients_asked == 0
    assert all(share.share is None for one in found.effects for share in (one.per_patient, one.per_session))
    assert found.any.per_session.share is None


def test_worst_grades_tell_the_ungraded_from_none() -> None:
    found = severity_of({"mild": NAUSEA}, [])
    assert list(found.worst) == ["none", "mild", "moderate", "severe", "not_graded"]
    assert found.worst["mild"].share == pytest.approx(1 / 3)


def test_severity_adds_up_by_term() -> None:
    found = severity_of({}, [("headache", "mild", 3, 0), ("headache", None, 1, 1), ("nausea", "severe", 2, 2)])
    assert [one.term for one in found.by_term] == ["nausea", "headache"]
    assert found.by_term[1].as_json() == {
        "term": "headache", "occurrences": 4, "mild": 3, "moderate": 0, "severe": 0, "not_graded": 1, "serious": 1,
    }  # fmt: skip


def test_resolution_counts_the_unresolved_as_censored() -> None:
    nausea, headache = (SIDE_EFFECTS.index(term) for term in ("nausea", "headache"))
    columns = [nausea, nausea, nausea, headache], [30.0, 30.0, 60.0, 90.0], [1, 1, 0, 1], [1, 2, 3, 3]
    found = resolution_of(*(np.array(column, dtype=float) for column in columns))
    assert (found.all.n, found.all.events.sum()) == (4, 3)
    assert found.all.times.tolist() == [30, 60, 90]
    assert list(found.by_term) == ["nausea", "headache"]
    assert found.by_term["nausea"].median[0] == 30


def test_occurrences_of_one_patient_count_as_one_patient() -> None:
    nausea = np.full(40, SIDE_EFFECTS.index("nausea"), dtype=float)
    minutes, resolved = np.repeat(np.arange(10.0, 30.0), 2), np.ones(40)
    apart = resolution_of(nausea, minutes, resolved, np.arange(40.0)).all
    together = resolution_of(nausea, minutes, resolved, np.repeat(np.arange(20.0), 2)).all
    np.testing.assert_array_equal(together.survival, apart.survival)
    np.testing.assert_allclose(together.standard_error[:-1], apart.standard_error[:-1] * np.sqrt(2))


def test_vitals_name_the_rules_of_their_thresholds() -> None:
    sums = {"systolic.rise": PatientSums(2, 60, 4, 2000, 120, 8), "systolic_rise_mmhg": PatientSums(2, 1, 4, 1, 2, 8)}
    found = vitals_of(sums, DEFAULT_RULES)
    assert found.systolic.rise.mean == 15
    assert found.heart_rate.before.mean is None
    assert [(one.name, one.limit) for one in found.thresholds] == [
        ("systolic_rise_mmhg", 40),
        ("diastolic_rise_mmhg", 25),
        ("systolic_high_mmhg", 180),
        ("diastolic_high_mmhg", 110),
        ("predose", (140, 90)),
    ]
    assert found.thresholds[0].share.share == 0.25


def test_dose_bands_of_a_unit_touch_without_overlap() -> None:
    for unit in ("mg", "mg_per_kg"):
        bands = [band for band in DOSE_BANDS if band.unit == unit]
        assert bands[0].low == 0
        assert [band.low for band in bands[1:]] == [band.high for band in bands[:-1]]
