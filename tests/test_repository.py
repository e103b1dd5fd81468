"""What is committed: nothing that ties the project to one machine or registry, nothing huge, no secret."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LARGEST = 5_000_000  # bytes
BUNDLES = (".min.js", ".map", ".woff2", ".png", ".xlsx")

# Written in pieces so that this file does not find itself.
FORBIDDEN = {
    "the address of a package registry": re.compile(
        r"(py" r"pi\.org|pythonhos" r"ted|registry\.npm" r"js|https?://[^\s\"'<>]+/simp" r"le\b)", re.IGNORECASE
    ),
    "a path of one machine": re.compile(r"(^|[\s\"'=(:`])/(work|root|home|farm)" r"/[\w.]", re.MULTILINE),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KE" r"Y-----"),
    "a token": re.compile(r"\b(ghp_|github_pat_|xox[bap]-|AKIA)[A-Za-z0-9_-]{16,}"),
}
# Made-up addresses stand only at the domains that RFC 2606 reserves for examples.
EMAIL = re.compile(
    r"\b[\w.+-]+@(?!([\w-]+\.)*example(\.(com|org|net))?\b)[\w-]+(\.[\w-]+)*\.[a-z]{2,}\b", re.IGNORECASE
)


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        return []
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


FILES = tracked()
needs_git = pytest.mark.skipif(not FILES, reason="not a git checkout: the tracked files cannot be listed")


def texts() -> list[tuple[str, str]]:
    """Relative name and text of each tracked file written by hand."""
    return [
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8", errors="replace"))
        for path in FILES
        if not path.name.endswith(BUNDLES)
    ]


@needs_git
@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    found = [
        f"{name}:{text[: match.start()].count(chr(10)) + 1}: {match.group().strip()}"
        for name, text in texts()
        for match in FORBIDDEN[what].finditer(text)
    ]
    assert not found, f"{what}:\n" + "\n".join(found)


@needs_git
def test_no_file_holds_the_email_address_of_a_person() -> None:
    found = [f"{name}: {match.group()}" for name, text in texts() for match in EMAIL.finditer(text)]
    assert not found, "\n".join(found)


@needs_git
def test_no_file_is_large() -> None:
    assert not [f"{p.relative_to(ROOT)}: {p.stat().st_size:,} bytes" for p in FILES if p.stat().st_size > LARGEST]


@needs_git
def test_no_database_and_no_build_product_is_committed() -> None:
    unwanted = {".db", ".sqlite", ".pyc", ".whl", ".egg", ".log"}
    assert not [str(path.relative_to(ROOT)) for path in FILES if path.suffix in unwanted]


@needs_git
def test_each_bundle_of_others_code_has_its_licence_beside_it() -> None:
    missing = []
    for path in FILES:
        if path.name.endswith(".min.js"):
            stem = re.split(r"[-.]\d", path.name)[0].removesuffix(".min.js")
            if not list(path.parent.glob(f"{stem}*LICENSE*")):
                missing.append(f"{path.relative_to(ROOT)}: no {stem}.LICENSE.txt")
    assert not missing, "\n".join(missing)


def test_constraints_hold_one_exact_release_of_every_dependency_and_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert lines
    assert all(re.fullmatch(r"[a-z0-9-]+==[^\s;]+( ; .+)?", line) for line in lines), "name==version and a marker only"
    pinned = {line.split("==")[0] for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    assert {re.split(r"[>=;\[ ]", name)[0].lower() for name in wanted} <= pinned


def test_each_package_says_that_it_is_typed() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
    assert [name for name in packages if not (ROOT / name / "py.typed").is_file()] == []


def test_the_licence_and_the_version_stand_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text()
