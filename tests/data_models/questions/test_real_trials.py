"""Trials through the whole line, against R's values for every patient: our own of a seed, and published ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_models.definitions.rules import DEFAULT_RULES
from data_models.intake.contract import RecordsRefused
from data_models.store import Store
from tests.data_models.trials import TRIALS, r_table

AS_IN_R = DEFAULT_RULES.changed({"loss_rule": "half_lost", "loss_confirmations": 1, "entry_severity": "any"})
# Our column -> R's; times in R are weeks (Reisby) or days.
FLAGS = {"ever_response": "ever_response", "last_response": "response_last", "last_remission": "remission_last"}


def _check_against_r(ours: pd.DataFrame, trial: str) -> None:
    days_per_unit = 7 if trial == "riesby_hamd" else 1
    theirs = r_table(trial, "per_patient").set_index("id")
    theirs["R"] = theirs["R"].replace(np.inf, np.nan)
    ours = ours.set_index("patient_code").reindex(theirs.index)
    evaluable = theirs["status"] == "ok"
    assert (ours["evaluable"].fillna(0).astype(int) == evaluable.astype(int)).all()
    assert evaluable.sum() > 50
    ours, theirs = ours[evaluable], theirs[evaluable]

    def same(mine: str, values: pd.Series) -> None:
        np.testing.assert_allclose(ours[mine].astype(float), values.astype(float), atol=1e-9, err_msg=mine)

    same("baseline", theirs["baseline"])
    same("last", theirs["score_last"])
    same("scores", theirs["n_post"])
    same("last_days", theirs["last_time"] * days_per_unit)
    for mine, r_name in FLAGS.items():
        same(mine, theirs[r_name])
    same("ever_remission", theirs["ever_remission"])
    same("onset_left", theirs["L"] * days_per_unit)
    same("onset_right", theirs["R"] * days_per_unit)
    same("duration_event", theirs["dur_event"])
    same("duration_days", theirs["dur_time"] * days_per_unit)
    # R counts the interval of the loss from the response on, we from the course's first session.
    response = theirs["R"] * days_per_unit
    same("loss_left", theirs["dur_L"] * days_per_unit + response)
    same("loss_right", theirs["dur_R"].replace(np.inf, np.nan) * days_per_unit + response)


@pytest.mark.parametrize("how", ["rules kept at import", "rules of one listing"])
@pytest.mark.parametrize("trial", TRIALS)
def test_each_patient_equals_r(trial: str, store: Store, how: str, request: pytest.FixtureRequest) -> None:
    records = request.getfixturevalue(trial)
    if how == "rules kept at import":
        store.import_path(records, AS_IN_R)
        ours = store.outcomes_frame()
    else:
        store.import_path(records)
        ours = store.outcomes_frame(AS_IN_R)
        assert store.rules() == DEFAULT_RULES
    _check_against_r(ours, trial)


def test_nimh_crossover_imports_and_healthy_controls_are_not_evaluable(nimh: Path, store: Store) -> None:
    store.import_path(nimh)
    outcomes = store.outcomes_frame()
    madrs = outcomes[outcomes["instrument"] == "madrs"]
    assert (madrs["sessions"] <= 2).all()
    assert (madrs["course"] == 1).all()
    controls = madrs[(madrs["clinic"] == "HC") & (madrs["baseline"] == 0)]
    assert len(controls) > 5
    assert (controls["evaluable"] == 0).all()
    assert controls["ever_response"].isna().all()
    depressed = madrs[(madrs["clinic"] == "MDD") & (madrs["evaluable"] == 1)]
    assert len(depressed) >= 25
    # Drug first, read off the published file: 35 at baseline, 24 on day 2; placebo scores 33 and 39.
    first = madrs[madrs["patient_code"] == "sub-MOA101"].iloc[0]
    assert (first["baseline"], first["last"], first["last_days"], first["ever_response"]) == (35, 39, 24, 0)
    # Drug first: 41 at baseline, 17 on day 2 (response), placebo 12 and 18.
    second = madrs[madrs["patient_code"] == "sub-MOA104"].iloc[0]
    assert (second["onset_left"], second["onset_right"], second["onset_sessions"]) == (0, 2, 1)


def test_nimh_row_without_a_session_is_refused_with_its_reason(nimh_with_broken_row: Path, store: Store) -> None:
    with pytest.raises(RecordsRefused) as refused:
        store.import_path(nimh_with_broken_row)
    # The published row 227; two scores a row and missing ones shift it in the assessments.
    rows = (nimh_with_broken_row / "assessments.csv").read_text().splitlines()
    broken = 1 + next(i for i, row in enumerate(rows) if row.endswith(",,madrs,"))
    assert {(p.file, p.row) for p in refused.value.problems} == {("assessments.csv", broken)}
    assert any("day" in p.reason and "hours" in p.reason for p in refused.value.problems)
    assert store.outcomes_frame().empty
