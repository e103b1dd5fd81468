"""People look at patients and cohorts while an import runs: no error, and no answer from two versions of the store.

A small form of tests/benchmarks/clinicians.py, on both engines and in one process.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dashboard.app import create_app
from dashboard.settings import Settings
from data_models.store import Store


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def clinicians(project_root: Path) -> Iterator[ModuleType]:
    yield _load(project_root / "tests" / "benchmarks" / "clinicians.py")
    sys.modules.pop("clinicians")


@pytest.fixture(scope="module")
def records(project_root: Path, tmp_path_factory: pytest.TempPathFactory, clinicians: ModuleType) -> Path:
    """200 new patients, and one more session and score for each of two known ones."""
    folder = tmp_path_factory.mktemp("more") / "records"
    _load(project_root / "tests" / "benchmarks" / "import_records.py").write_records(folder, 200)
    sys.modules.pop("import_records")
    clinicians.more_of(folder, ["A1", "B2"])
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, small_records: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite:///{(tmp_path / 'clinic.db').as_posix()}"
    else:
        url = request.getfixturevalue("postgresql_url")
    store = Store.open(url, upgrade=True)
    store.import_path(small_records)
    yield store
    store.close()


def test_each_answer_is_of_one_version_while_an_import_runs(
    store: Store, records: Path, clinicians: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_models.store.shared_answers.FROM_SECONDS", 0.0)
    url = store.engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database=url), store)

    def reader() -> Callable[[dict[str, Any]], tuple[int, str]]:
        client = app.server.test_client()

        def ask(call: dict[str, Any]) -> tuple[int, str]:
            answer = client.post("/_dash-update-component", json=call)
            return answer.status_code, answer.get_data(as_text=True)

        return ask

    codes = ["A1", "B2"]
    asks = [reader() for _ in range(3)]
    watched = {name: clinicians.Watched(text) for name, text in clinicians.read_all(asks[0], codes).items()}
    importer = Store.open(url)  # as another process has it: nothing is shared but the database
    with clinicians.crowd(asks, codes, think=0.02) as seen:
        while not seen.answers and not seen.errors:
            time.sleep(0.01)
        importer.import_path(records)
        ended = time.monotonic()
        before_end = len(seen.answers)
        while len(seen.answers) < before_end + 20 and not seen.errors:
            time.sleep(0.01)
    importer.close()
    for name, text in clinicians.read_all(asks[0], codes).items():
        watched[name].after = text
        assert text != watched[name].before, f"the import did not change the answer to {name}"
    assert seen.errors == []
    assert before_end
    assert seen.mixed(watched, ended) == []


def test_a_mixed_and_a_stale_answer_are_noticed(clinicians: Any) -> None:
    seen = clinicians.Seen(answers=[(1.0, "q", "old"), (1.0, "q", "new"), (3.0, "q", "new")])
    watched = {"q": clinicians.Watched("old", "new")}
    assert seen.mixed(watched, ended=2.0) == []
    seen.answers += [(1.5, "q", "half"), (3.5, "q", "old")]
    assert len(seen.mixed(watched, ended=2.0)) == 2
