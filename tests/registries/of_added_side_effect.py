"""A side effect is one row: tinnitus, put between others, relabels nothing stored. Run by test_added_rows."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from added_rows import TERM
from sqlalchemy import text

from dashboard import cli
from dashboard.app import create_app
from dashboard.settings import Settings
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.questions.resolution import resolution
from data_models.questions.severity import severity
from data_models.questions.side_effects import SideEffects, side_effects, side_effects_by
from data_models.questions.summary import summarise
from data_models.store import Store, StoreError
from sample_data.generate import SAMPLE_PATIENTS, SAMPLE_SEED, generate

ALL, EVERYBODY = Scope.everything(), CohortFilter()
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def before(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sample_folder: Path, command: Run
) -> tuple[str, Any]:
    """A store that the program without the row made of the sample, and the summary that it gave."""
    url = f"sqlite:///{(tmp_path_factory.mktemp('before') / 'store.db').as_posix()}"
    if request.param == "postgresql":
        databases = request.getfixturevalue("postgresql_databases")
        databases.run("CREATE DATABASE before TEMPLATE template0")
        url = databases.url("before")
        assert command("database", "upgrade", "--database", url).returncode == 0
    done = command("import", sample_folder, "--database", url)
    assert done.returncode == 0, done.stderr
    return url, json.loads(command("summary", "--instrument", "phq9", "--database", url).stdout)


@pytest.fixture(scope="module")
def store(before: tuple[str, Any]) -> Iterator[Store]:
    if before[0].startswith("postgresql"):
        with pytest.raises(StoreError, match="database upgrade"):
            Store.open(before[0])
    store = Store.open(before[0], upgrade=True)
    yield store
    store.close()


@pytest.fixture(scope="module")
def with_term(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """From its first use on: the store with one more patient, who had tinnitus in the second of two sessions."""
    folder = tmp_path_factory.mktemp("more")
    (folder / "patients.csv").write_text("patient_code,clinic\nT1,synthetic_north\n")
    (folder / "sessions.csv").write_text(
        "patient_code,hours,drug,route,side_effects_asked\nT1,0,ketamine,iv,yes\nT1,72,ketamine,iv,yes\n"
    )
    (folder / "side_effects.csv").write_text(
        f"patient_code,hours,term,severity,onset_minutes,resolved_minutes\nT1,72,{TERM},moderate,20,50\n"
    )
    store.import_path(folder)
    return store


def counts(found: SideEffects) -> dict[str, tuple[float, float]]:
    return {one.term: (one.per_patient.events, one.per_session.events) for one in found.effects}


def recorded(store: Store) -> pd.DataFrame:
    """Asked sessions with each term, by session number up to 12, counted in the records themselves."""
    statement = text(
        "SELECT DISTINCT e.patient_id, e.hours, e.term, f.number FROM side_effects e "
        "JOIN session_facts f ON f.patient_id = e.patient_id AND f.hours = e.hours"
    )
    with store.connect() as connection:
        return pd.DataFrame(connection.execute(statement).mappings().all())


def test_what_is_stored_keeps_its_names(before: tuple[str, Any], store: Store) -> None:
    with store.connect() as connection:
        said = summarise(connection, ALL, EVERYBODY, DEFAULT_RULES).as_json()["side_effects"]
        by_number = side_effects_by(connection, ALL, EVERYBODY, "number")
    for name in ("per_patient", "per_session"):
        assert [row["term"] for row in said[name]] == list(SIDE_EFFECTS)
        (added,) = (row for row in said[name] if row["term"] == TERM)
        assert added["events"] == 0
        assert [row for row in said[name] if row["term"] != TERM] == before[1]["side_effects"][name]
    rows = recorded(store)
    for group in by_number[:12]:
        of_number = rows[rows["number"] == int(str(group.group))]["term"].value_counts().to_dict()
        found = {one.term: int(one.per_session.events) for one in group.effects.effects if one.per_session.events}
        assert found == of_number
    store.derive()
    with store.connect() as connection:
        assert summarise(connection, ALL, EVERYBODY, DEFAULT_RULES).as_json()["side_effects"] == said


def test_the_term_is_counted_everywhere(before: tuple[str, Any], with_term: Store) -> None:
    old = {row["term"]: row["events"] for row in before[1]["side_effects"]["per_session"]}
    with with_term.connect() as connection:
        of = counts(side_effects(connection, ALL, EVERYBODY))
        by_number = side_effects_by(connection, ALL, EVERYBODY, "number")
        grades = {one.term: one for one in severity(connection, ALL, EVERYBODY).by_term}
        times = resolution(connection, ALL, EVERYBODY)
    assert of.pop(TERM) == (1, 1)
    assert {term: per_session for term, (_, per_session) in of.items()} == old
    numbers = {str(one.group): counts(one.effects)[TERM][1] for one in by_number}
    assert {number for number, n in numbers.items() if n} == {"2"}
    assert grades[TERM].moderate == 1
    assert TERM in str(times)


def test_files_pages_and_the_command_line_have_it(
    with_term: Store,
    before: tuple[str, Any],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    ask_page: Callable[..., str],
) -> None:
    url = before[0]
    assert cli.run(["summary", "--instrument", "phq9", "--database", url]) == 0
    rows = json.loads(capsys.readouterr().out)["side_effects"]["per_session"]
    assert {row["term"]: row["events"] for row in rows}[TERM] == 1
    file = tmp_path / "summary.csv"
    assert cli.run(["summary", "--instrument", "phq9", "--database", url, "--suppress", "0", "-o", str(file)]) == 0
    assert "Tinnitus" in file.read_text()
    report = tmp_path / "report.html"
    assert cli.run(["report", "T1", "--database", url, "-o", str(report)]) == 0
    assert "innitus" in report.read_text()
    client = create_app(Settings(database=url), with_term).server.test_client()
    at = [("url", "pathname", "/side-effects"), ("side-effects-cue", "data-cohort", "")]
    assert "Tinnitus" in ask_page(client, "side-effects-body.children", [("url", "search", "")], at)
    page = ask_page(client, "patient-body.children", [("url", "pathname", "/patient/T1"), ("url", "search", "")], [])
    assert "Tinnitus" in page


def test_the_generator_writes_what_it_wrote(sample_folder: Path) -> None:
    shipped = pd.read_csv(sample_folder / "side_effects.csv")
    made = generate(SAMPLE_PATIENTS, SAMPLE_SEED)["side_effects"]
    assert made["term"].tolist() == shipped["term"].tolist()
