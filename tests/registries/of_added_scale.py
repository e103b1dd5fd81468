"""A scale is one row: with K10 (10 to 50) in the registry alone, every answer judges it. Run by test_added_rows."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from added_rows import SCALE
from flask.testing import FlaskClient

from dashboard import cli
from dashboard.app import create_app
from dashboard.exports.patient_report import patient_document
from dashboard.figures.sparkline import sparkline
from dashboard.questions.patient import state_words
from dashboard.settings import Settings
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.questions.filter_choices import choices
from data_models.questions.patient import patient
from data_models.questions.rates import rates
from data_models.questions.waterfall import waterfall
from data_models.questions.worklist import worklist
from data_models.store import Store
from sample_data import practice
from sample_data.generate import SAMPLE_PATIENTS, SAMPLE_SEED, generate

ALL = Scope.everything()
K10 = CohortFilter("k10")


@pytest.fixture
def database(small_records: Path, tmp_path: Path) -> str:
    """A1 with K10 scores: 40 before, 25 after a day (half of what 40 lies above 10 is gone), 32 and 35 at last."""
    with (small_records / "assessments.csv").open("a") as file:
        file.write("A1,-24,k10,40\nA1,24,k10,25\nA1,96,k10,32\nA1,264,k10,35\nB2,-2,k10,10\nB2,168,k10,12\n")
    path = f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}"
    assert cli.run(["import", str(small_records), "--database", path]) == 0
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, small_records: Path, database: str) -> Iterator[Store]:
    if request.param == "postgresql":
        store: Store = request.getfixturevalue("postgresql_store")
        store.import_path(small_records)
        yield store
        return
    store = Store.open(database)
    yield store
    store.close()


def test_its_scores_are_judged_from_its_minimum(store: Store) -> None:
    with store.connect() as connection:
        listed = worklist(connection, ALL, K10).patients
        history = patient(connection, ALL, "A1")
        assert history is not None
        scores, outcome = history.scores_of(1, "k10"), history.outcome_of(1, "k10")
        assert outcome is not None
        values = waterfall(connection, ALL, K10, DEFAULT_RULES)
        found = rates(connection, ALL, K10, DEFAULT_RULES)
        assert "k10" in choices(connection, ALL)["instrument"]
    assert [score.improvement for score in scores[1:]] == pytest.approx([0.5, 8 / 30, 5 / 30])
    assert [score.state for score in scores[1:]] == [2, 1, 0]
    # 10 of 50 is the lowest total: B2 was never ill, and is not evaluable.
    assert {one.patient_code: one.improvement for one in listed} == {"A1": pytest.approx(5 / 30), "B2": None}
    assert outcome.response is not None
    assert outcome.response.right == pytest.approx(1.0)
    assert values.improvement[~np.isnan(values.improvement)].tolist() == pytest.approx([5 / 30])
    assert (found.response.ever.events, found.response.ever.n) == (1, 1)


def test_files_and_the_command_line_say_it(database: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    capsys.readouterr()
    assert cli.run(["summary", "--instrument", "k10", "--database", database]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["definitions"]["instrument"]["minimum"] == 10
    assert said["response"]["ever"]["events"] == 1
    assert cli.run(["outcomes", "--database", database]) == 0
    rows = [row for row in csv.DictReader(io.StringIO(capsys.readouterr().out)) if row["instrument"] == "k10"]
    assert [(row["patient_code"], row["evaluable"], row["ever_response"]) for row in rows] == [
        ("A1", "1", "1"), ("B2", "0", "")
    ]  # fmt: skip
    file = tmp_path / "summary.csv"
    assert cli.run(["summary", "--instrument", "k10", "--database", database, "-o", str(file)]) == 0
    content = file.read_text()
    assert "10 to 50" in content
    assert "0.25 of what the baseline lies above 10" in content
    with Store.open(database).connect() as connection:
        document = patient_document(connection, ALL, "A1", DEFAULT_RULES, name="x", synthetic=False)
    text = str(document)
    assert "K10" in text
    assert ">≤ 25<" in text, "the level of response"


def test_a_score_outside_its_range_is_refused(
    small_records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (small_records / "assessments.csv").open("a") as file:
        file.write("A1,-24,k10,9\n")
    assert cli.run(["import", str(small_records), "--database", str(tmp_path / "clinic.db")]) == 1
    assert "outside the range of K10, 10 to 50 points" in capsys.readouterr().err
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("patient_code,day,k10_before,k10_after_2d\nC3,0,9,30\n")
    assert cli.run(["import", str(sheet), "--database", str(tmp_path / "other.db")]) == 1
    assert "10 to 50" in capsys.readouterr().err


def test_words_and_drawings_begin_at_its_minimum(store: Store) -> None:
    with store.connect() as connection:
        histories = {code: patient(connection, ALL, code) for code in ("A1", "B2")}
    outcomes = {code: found.outcome_of(1, "k10") for code, found in histories.items() if found is not None}
    assert outcomes["A1"] is not None
    said = state_words(dataclasses.replace(outcomes["A1"], state="no_response"), DEFAULT_RULES)
    assert "16% below the baseline 40 (of its points above 10)" in said
    assert "The baseline K10 is 10: improvement cannot be measured" in state_words(outcomes["B2"], DEFAULT_RULES)
    drawn = sparkline([(0, 10), (1, 50)], SCALE, 25)
    assert drawn is not None
    assert drawn["path"] == "M3 29h0L113 3"


def test_pages_show_it(database: str, ask_page: Callable[..., str]) -> None:
    store = Store.open(database)
    client: FlaskClient = create_app(Settings(database=database), store).server.test_client()
    at = [("url", "pathname", "/"), ("cohort-cue", "data-cohort", "")]
    body = ask_page(client, "cohort-body.children", [("url", "search", "?instrument=k10")], at)
    assert f"a baseline of {SCALE.moderate:g} or more and a later score" in body
    assert "50% of what the baseline lies above 10 or more" in body
    page = ask_page(client, "patient-body.children", [("url", "pathname", "/patient/A1"), ("url", "search", "")], [])
    drawn = page[page.index("K10 (10 to 50, lower is better)") :]
    assert "response" in drawn
    store.close()


def digests(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    known = tables | {"assessments": tables["assessments"].query("instrument != 'k10'").reset_index(drop=True)}
    return {name: hashlib.sha256(frame.to_csv().encode()).hexdigest() for name, frame in known.items()}


def test_the_generator_writes_the_same_for_the_others(monkeypatch: pytest.MonkeyPatch, sample_folder: Path) -> None:
    assert next(iter(INSTRUMENTS)) == "k10"
    shipped = pd.read_csv(sample_folder / "assessments.csv", dtype=str)
    before = generate(SAMPLE_PATIENTS, SAMPLE_SEED)
    assert len(before["assessments"]) == len(shipped)
    plain = digests(before)
    monkeypatch.setitem(practice.BASELINES, "k10", (36.0, 5.0))
    scales = (*practice.SCALES, "k10")
    for name in ("sample_data.practice", "sample_data.scores", "sample_data.generate"):
        monkeypatch.setattr(f"{name}.SCALES", scales)
    main, others = practice._SCALES["major_depression"]
    monkeypatch.setitem(practice._SCALES, "major_depression", (main, (*others, ("k10", 0.5))))
    after = generate(SAMPLE_PATIENTS, SAMPLE_SEED)
    assert digests(after) == plain
    added = after["assessments"].query("instrument == 'k10'")["score"]
    assert len(added) > 100
    assert added.between(10, 50).all()
    assert (added > 10).mean() > 0.8
