"""Small runs of tests/benchmarks/{table,adding,lists}.py: every row has its figure and its floor."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def table(project_root: Path) -> Iterator[Any]:
    folder = project_root / "tests" / "benchmarks"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        spec = importlib.util.spec_from_file_location("benchmark_table", folder / "table.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    for name in ("import_records", "turns", "databases", "table", "adding", "lists"):
        sys.modules.pop(name, None)


def test_every_row_has_a_figure_and_a_floor(
    table: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import import_records  # type: ignore[import-not-found]

    monkeypatch.setattr("data_models.store.shared_answers.FROM_SECONDS", 0.0)  # as the run sets it; put back afterwards

    import_records.write_records(tmp_path / "records", 30)
    store, bare = (f"sqlite:///{(tmp_path / name).as_posix()}" for name in ("store.db", "bare.db"))
    limits = table.Limits(1, 60.0, frozenset(table.ROWS))
    found: dict[str, dict[str, list[float]]] = {}
    for work, url in (("bring_in", store), ("bring_in_bare", bare), ("derive", store), ("read", store)):
        for row, sides in table.WORK[work](url, tmp_path / "records", limits).items():
            for side, values in sides.items():
                found.setdefault(row, {}).setdefault(side, []).extend(values)
    assert set(found) == set(table.ROWS)
    assert all(len(sides[side]) == 1 for sides in found.values() for side in ("ours", "floor"))
    assert all(value > 0 for sides in found.values() for values in sides.values() for value in values)
    table.show({("sqlite", size): dict.fromkeys(table.ROWS, (0.5 * size, 1.5, 100.0, 5)) for size in (1, 10)})
    shown = capsys.readouterr().out
    assert "| import | sqlite | 500.0 ms, 1.50 x floor, 100 MB | 5.0 s, 1.50 x floor, 100 MB | 10.0 x |" in shown


def test_adding_and_lists_are_measured_on_kept_stores(
    table: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import adding  # type: ignore[import-not-found]
    import lists  # type: ignore[import-not-found]

    from data_models.store import Store

    monkeypatch.setattr(adding, "PATIENTS", 20)
    took = adding.in_turns("sqlite", tmp_path, 30, 1)
    assert [len(took[where]) for where in ("empty", "large")] == [1, 1]
    store = Store.open(f"sqlite:///{(tmp_path / 'store_30.db').as_posix()}")
    with store.connect() as connection:
        assert (
            connection.exec_driver_sql("SELECT count(*) FROM patients").scalar_one() == 30
        )  # the kept one is as it was
    found = lists.measure([store, store], 2)
    store.close()
    assert [len(medians) for medians in found.values()] == [2] * len(lists.asked())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "records-30", "store_30.db", "store_30.db.access"
    ]  # fmt: skip
