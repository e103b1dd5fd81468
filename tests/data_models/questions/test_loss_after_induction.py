"""The loss that ends durability lies in an interval, whose left end is worked out when a patient is shown."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data_models.definitions.scope import Scope
from data_models.questions import patient as patients
from data_models.store import Store

ALL = Scope.everything()
# Three induction sessions on days 0, 3 and 6. In response on day 1, lost on day 4, again in response from day 7 to
# day 36, lost on day 89. GAD-7: one loss. B was retreated, C has no loss.
RECORDS = {
    "patients": "patient_code,diagnosis\nA,ptsd\nB,ptsd\nC,ptsd\n",
    "sessions": "patient_code,hours,drug,route\n"
    + "".join(f"{who},{24 * day},ketamine,iv\n" for who in "ABC" for day in (0, 3, 6))
    + "B,960,ketamine,iv\n",
    "assessments": "patient_code,hours,instrument,score\n"
    + "".join(
        f"{who},{24 * day},{scale},{score}\n"
        for who, scale, series in (
            ("A", "phq9", [(-1, 20), (1, 8), (4, 15), (7, 6), (36, 9), (89, 14)]),
            ("A", "gad7", [(-1, 16), (5, 6), (8.5, 7), (40.25, 12)]),
            ("B", "phq9", [(-1, 20), (7, 5), (30, 6), (50, 18)]),
            ("C", "phq9", [(-1, 20), (7, 5), (30, 6)]),
        )
        for day, score in series
    ),
}


def _outcomes(store: Store, code: str) -> pd.DataFrame:
    with store.connect() as connection:
        number = patients.patient(connection, ALL, code)["patient_id"]  # type: ignore[index]
        return patients.patient_outcomes(connection, ALL, number).set_index("instrument")


@pytest.fixture(scope="module")
def filled_store(module_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder: Path = tmp_path_factory.mktemp("records")
    for name, text in RECORDS.items():
        (folder / f"{name}.csv").write_text(text)
    module_store.import_path(folder)
    return module_store


def test_the_left_end_is_the_last_score_before_the_loss(filled_store: Store) -> None:
    found = _outcomes(filled_store, "A")
    assert found.loc["phq9", ["loss_left", "loss_right"]].tolist() == [1, 4]  # the first loss is another one
    assert found.loc["phq9", ["durability_left", "durability_days"]].tolist() == pytest.approx([30, 83])
    assert found.loc["gad7", ["durability_left", "durability_days"]].tolist() == pytest.approx([2.5, 34.25])
    assert found["last_induction_days"].tolist() == [6, 6]


@pytest.mark.parametrize("code, end", [("B", "retreated"), ("C", "censored")])
def test_without_a_loss_there_is_no_interval(filled_store: Store, code: str, end: str) -> None:
    found = _outcomes(filled_store, code)
    assert found["durability_end"].tolist() == [end]
    assert found["durability_left"].isna().all()


def test_a_first_loss_after_induction_has_the_interval_that_the_derivation_found(sample_database: str) -> None:
    store = Store.open(sample_database)
    with store.connect() as connection:
        numbers = pd.read_sql(
            "SELECT DISTINCT patient_id FROM course_outcomes WHERE durability_end = 'loss' ORDER BY 1", connection
        )["patient_id"][:40]
        rows = pd.concat([patients.patient_outcomes(connection, ALL, int(number)) for number in numbers])
    store.close()
    lost = rows[rows["durability_end"] == "loss"]
    first = (lost["last_induction_days"] + lost["durability_days"] - lost["loss_right"]).abs() < 1e-6
    assert first.sum() >= 20
    same = lost[first]
    assert (same["last_induction_days"] + same["durability_left"]).tolist() == pytest.approx(same["loss_left"].tolist())
