"""The loss that ends durability lies in an interval, as the derivation finds it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data_models.definitions.scope import Scope
from data_models.questions.patient import LastedAfterInduction, PatientOutcome, patient
from data_models.store import Store

ALL = Scope.everything()
# Four induction sessions on days 0, 2, 4 and 6. In response on day 1, lost on day 4 (a session follows), again in
# response from day 7 to day 36, lost on day 89. GAD-7: one loss. B was retreated, C has no loss.
RECORDS = {
    "patients": "patient_code,diagnosis\nA,ptsd\nB,ptsd\nC,ptsd\n",
    "sessions": "patient_code,hours,drug,route,phase\n"
    + "".join(f"{who},{24 * day},ketamine,iv,induction\n" for who in "ABC" for day in (0, 2, 4, 6))
    + "B,960,ketamine,iv,\n",
    "assessments": "patient_code,hours,instrument,score\n"
    + "".join(
        f"{who},{24 * day},{scale},{score}\n"
        for who, scale, series in (
            ("A", "phq9", [(-1, 20), (1, 8), (4, 15), (7, 6), (36, 9), (89, 14), (91, 14)]),
            ("A", "gad7", [(-1, 16), (5, 6), (8.5, 7), (40.25, 12), (44, 12)]),
            ("B", "phq9", [(-1, 20), (7, 5), (30, 6), (50, 18)]),
            ("C", "phq9", [(-1, 20), (7, 5), (30, 6)]),
        )
        for day, score in series
    ),
}


def _outcomes(store: Store, code: str) -> dict[str, PatientOutcome]:
    with store.connect() as connection:
        found = patient(connection, ALL, code)
    assert found is not None
    return {outcome.instrument: outcome for outcome in found.outcomes}


@pytest.fixture(scope="module")
def filled_store(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder: Path = tmp_path_factory.mktemp("records")
    for name, text in RECORDS.items():
        (folder / f"{name}.csv").write_text(text)
    module_store.import_path(folder)
    return module_store


def test_the_left_end_is_the_last_score_before_the_loss(filled_store: Store) -> None:
    found = _outcomes(filled_store, "A")
    phq9, gad7 = found["phq9"], found["gad7"]
    assert phq9.response is not None
    assert phq9.response.loss == (1, 4)  # the first loss is another one
    assert phq9.durability == LastedAfterInduction(pytest.approx(83), "loss", pytest.approx(30))
    assert gad7.durability == LastedAfterInduction(pytest.approx(34.25), "loss", pytest.approx(2.5))
    assert (phq9.last_induction_days, gad7.last_induction_days) == (6, 6)


@pytest.mark.parametrize("code, end", [("B", "retreated"), ("C", "censored")])
def test_without_a_loss_there_is_no_interval(filled_store: Store, code: str, end: str) -> None:
    durability = _outcomes(filled_store, code)["phq9"].durability
    assert durability is not None
    assert (durability.end, durability.left) == (end, None)


def test_a_first_loss_after_induction_has_the_interval_that_the_derivation_found(sample_database: str) -> None:
    store = Store.open(sample_database)
    with store.connect() as connection:
        codes = pd.read_sql(
            "SELECT DISTINCT patient_code FROM course_outcomes JOIN patients USING (patient_id) "
            "WHERE durability_end = 'loss' ORDER BY 1",
            connection,
        )["patient_code"][:40]
    outcomes = [outcome for code in codes for outcome in _outcomes(store, code).values()]
    store.close()
    same = 0
    for outcome in outcomes:
        durability, response, began = outcome.durability, outcome.response, outcome.last_induction_days
        if durability is None or durability.end != "loss" or response is None or response.loss is None:
            continue
        assert began is not None
        assert durability.left is not None
        if abs(began + durability.days - response.loss[1]) < 1e-6:
            same += 1
            assert began + durability.left == pytest.approx(response.loss[0])
    assert same >= 10
