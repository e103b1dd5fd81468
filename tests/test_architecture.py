"""The rules of the house, held by walking every import: data flows one way, and each thing has one room."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("data_models", "dashboard", "sample_data")

# Where a package stands. Each imports from its own floor and those below it, and no two import each other.
FLOORS = {
    "data_models": ({"definitions"}, {"outcomes", "database", "intake"}, {"store"}, {"questions"}),
    "dashboard": (
        {"settings", "ids", "theme"},
        {"words"},
        {"figures"},
        {"questions"},
        {"exports"},
        {"access"},
        {"answers"},
        {"pages"},
        {"shell"},
        {"app"},
        {"commands"},
        {"cli"},
    ),
}
SQL_ROOMS = re.compile(r"data_models/(questions|store|database)/")
# All that the rest may take of SQLAlchemy: what a question is asked with, and what it fails with.
NO_SQL = {"sqlalchemy.Connection", "sqlalchemy.Engine", "sqlalchemy.exc.SQLAlchemyError"}
TABLES = ("data_models.database.tables", "data_models.database.access_tables")
SQL_TEXT = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE (TABLE|INDEX)|DROP|ALTER|PRAGMA|WITH \w+ AS)\s"
)

LONGEST_MODULE = 400
TOP_LEVEL = {
    "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "constraints.txt", "dashboard", "data_models", "pyproject.toml",
    "sample_data", "tests",
}  # fmt: skip


def modules() -> list[Path]:
    """Every Python file of the three packages."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted name of a module's file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST, module: str, is_package: bool) -> Iterator[str]:
    """Dotted names that a module imports anywhere in it; `from a import b` gives a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                parts = parts[: len(parts) - node.level + is_package]
                base = ".".join([*parts, base] if base else parts)
            yield from (f"{base}.{alias.name}" for alias in node.names)


TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in modules()}
IMPORTS = {
    name_of(path): set(imports_of(tree, name_of(path), path.name == "__init__.py")) for path, tree in TREES.items()
}


def reaches(imported: str, package: str) -> bool:
    return imported == package or imported.startswith(package + ".")


def offenders(room: str, *forbidden: str) -> list[str]:
    """Imports of forbidden packages by the modules of one room, as "module imports package"."""
    return [
        f"{module} imports {imported}"
        for module, names in IMPORTS.items()
        if reaches(module, room)
        for imported in sorted(names)
        if any(reaches(imported, package) for package in forbidden)
    ]


@pytest.mark.parametrize(
    "room, forbidden",
    [
        ("data_models", ("dashboard", "sample_data", "dash", "plotly", "flask")),
        ("data_models.outcomes", ("sqlalchemy", "dash")),
        ("dashboard.figures", ("dash", "sqlalchemy", "dash_mantine_components", "dash_ag_grid", "data_models.store")),
        ("dashboard.pages", ("sqlalchemy",)),
        ("sample_data", ("dashboard", "sqlalchemy", "dash")),
        ("data_models", ("statsmodels", "lifelines")),
        ("dashboard", ("statsmodels", "lifelines", "plotly.express", "plotly.graph_objects")),
    ],
)
def test_room_keeps_out_what_does_not_belong_there(room: str, forbidden: tuple[str, ...]) -> None:
    found = offenders(room, *forbidden)
    assert not found, "\n".join(found)


def test_each_package_imports_from_its_floor_or_below() -> None:
    wrong = set()
    for module, names in IMPORTS.items():
        top, _, rest = module.partition(".")
        if top not in FLOORS or not rest:
            continue
        floor_of = {name: number for number, floor in enumerate(FLOORS[top]) for name in floor}
        part = rest.split(".")[0]
        assert part in floor_of, f"{top}.{part} stands on no floor: add it to FLOORS in {Path(__file__).name}"
        for imported in names:
            other = imported.split(".")[1] if imported.startswith(f"{top}.") else None
            if other in floor_of and floor_of[other] > floor_of[part]:
                wrong.add(f"{module} imports {top}.{other}")
    assert not wrong, "\n".join(sorted(wrong))


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = set(IMPORTS)
    graph: dict[str, set[str]] = {}
    for module, names in IMPORTS.items():
        targets = set()
        for imported in names:
            target = imported if imported in known else imported.rpartition(".")[0]
            # A package's __init__ and its own modules belong together.
            if target in known and target != module and not reaches(module, target):
                targets.add(target)
        graph[module] = targets

    done: set[str] = set()

    def walk(module: str, trail: list[str]) -> None:
        assert module not in trail, "circle: " + " -> ".join([*trail[trail.index(module) :], module])
        if module not in done:
            for target in sorted(graph[module]):
                walk(target, [*trail, module])
            done.add(module)

    for module in sorted(graph):
        walk(module, [])


def docstrings(tree: ast.AST) -> set[int]:
    """Ids of the constants that are bare string statements (docstrings)."""
    return {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def sql_in(tree: ast.AST, module: str) -> list[str]:
    """What a module has to make a statement of: SQLAlchemy's functions, mapped tables, or SQL as text."""
    forbidden = {f"{table}.{name}" for table in TABLES for name in mapped_tables(table)}
    bare = docstrings(tree)
    found = [
        name
        for name in imports_of(tree, module, is_package=False)
        if (reaches(name, "sqlalchemy") and name not in NO_SQL) or name in {*forbidden, *TABLES}
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"exec_driver_sql", "scalars"}:
            found.append(f".{node.attr} in line {node.lineno}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            found += [f"{node.value.strip()[:40]!r} in line {node.lineno}"] * bool(SQL_TEXT.match(node.value))
    return found


def test_sql_stands_in_questions_store_and_database_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {part}"
        for path, tree in TREES.items()
        if not SQL_ROOMS.match(path.relative_to(ROOT).as_posix())
        for part in sql_in(tree, name_of(path))
    ]
    assert not found, "SQL outside its rooms:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "from sqlalchemy import select",
        "import sqlalchemy as sa",
        "from sqlalchemy.dialects.postgresql import insert",
        "from data_models.database.tables import ScoreFact",
        "from data_models.database import tables",
        "text = 'SELECT * FROM patients'",
        "rows = connection.exec_driver_sql(text)",
    ],
)
def test_sql_outside_its_rooms_is_seen(line: str) -> None:
    assert sql_in(ast.parse(line), "dashboard.example")
    assert not sql_in(ast.parse("from sqlalchemy import Connection"), "dashboard.example")


def mapped_tables(module: str = TABLES[0]) -> set[str]:
    """Names of the mapped classes: whoever names one chooses rows."""
    tree = TREES[(ROOT / module.replace(".", "/")).with_suffix(".py")]
    named = (node for node in tree.body if isinstance(node, ast.ClassDef))
    return {node.name for node in named if any(ast.unparse(base) == "Base" for base in node.bases)}


def test_every_query_takes_a_connection_and_a_scope() -> None:
    tables, wrong, seen = mapped_tables(), [], 0
    for path, tree in TREES.items():
        if not path.relative_to(ROOT).as_posix().startswith("data_models/questions/"):
            continue
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            names = [argument.arg for argument in node.args.args]
            # A helper that only runs the statement it is given names no table.
            chooses = tables & {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            if "connection" in names and chooses:
                seen += 1
                if names[:2] != ["connection", "scope"]:
                    wrong.append(f"{path.relative_to(ROOT)}: {node.name}({', '.join(names)})")
    assert seen > 5
    assert not wrong, "queries start with (connection, scope):\n" + "\n".join(wrong)


def questions_of_patients() -> set[str]:
    """Dotted names of the questions whose answers show single patients, as they declare."""
    return {
        f"{name_of(path)}.{node.name}"
        for path, tree in TREES.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for declared in node.decorator_list
        if ast.unparse(declared) in ("shows(Shows.LIST)", "shows(Shows.PATIENT)")
    }


def called_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each call of something imported by `from a import b [as c]`."""
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, dot, rest = ast.unparse(node.func).partition(".")
            yield node.lineno, imported.get(first, first) + dot + rest


def test_pages_ask_about_patients_through_what_tells_the_trail() -> None:
    questions, found = questions_of_patients(), []
    assert len(questions) > 3
    for path, tree in TREES.items():
        module = name_of(path)
        if any(reaches(module, f"dashboard.{room}") for room in ("pages", "shell", "questions", "answers")):
            calls = [f"{module}:{line} calls {name}" for line, name in called_in(tree) if name in questions]
            found += [f"{call}: give it to dashboard.answers.data.ask" for call in calls]
    assert not found, "\n".join(found)
    example = ast.parse("from data_models.questions import patient as of\nof.patient(connection, scope, 'A1')")
    assert {name for _, name in called_in(example)} <= questions


def test_scipy_is_imported_inside_the_functions_that_need_it() -> None:
    found = []
    for path, tree in TREES.items():
        for node in tree.body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            found += [f"{path.relative_to(ROOT)}:{node.lineno}" for name in names if reaches(name, "scipy")]
    assert not found, "scipy at module level costs every start:\n" + "\n".join(found)


def test_modules_fit_on_a_few_screens_and_say_what_they_are_for() -> None:
    wrong = []
    for path, tree in TREES.items():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_MODULE:
            wrong.append(f"{path.relative_to(ROOT)} has {lines} lines: split it at its 'and'")
        if tree.body and not ast.get_docstring(tree) and "versions" not in path.parts:
            wrong.append(f"{path.relative_to(ROOT)} has no docstring")
    assert not wrong, "\n".join(wrong)


def test_the_top_level_holds_only_what_belongs_there() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: the tracked files cannot be listed")
    names = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert {name for name in names if not name.startswith(".")} <= TOP_LEVEL


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts this process's threads as Linux lists them")
def test_linear_algebra_keeps_to_one_thread() -> None:
    # Many workers of many threads each take turns in waiting for each other.
    code = (
        "import data_models, os, numpy as np; np.linalg.solve(np.eye(400) * 2, np.ones(400)); "
        "print(len(os.listdir('/proc/self/task')))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.stdout.strip() == "1", run.stderr


@pytest.mark.parametrize(
    "statement, kept_out",
    [
        (
            "import dashboard.app",
            ["statsmodels", "lifelines", "scipy.stats", "scipy.optimize", "plotly.express", "asgiref"],
        ),
        ("import dashboard.cli", ["pandas", "numpy", "scipy", "dash", "sqlalchemy", "plotly", "pyarrow"]),
    ],
)
def test_starting_does_not_load_what_it_does_not_need(statement: str, kept_out: list[str]) -> None:
    code = f"{statement}; import sys, json; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    loaded = set(json.loads(run.stdout.splitlines()[-1]))
    assert not loaded & set(kept_out)
