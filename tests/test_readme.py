"""The READMEs' tables are what the code says. `python tests/test_readme.py` writes them anew."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
GENERATED = ROOT / "data_models" / "README.md"
READMES = [
    README,
    GENERATED,
    *(
        ROOT / name
        for name in (
            "dashboard/README.md",
            "tests/benchmarks/README.md",
            ".github/CONTRIBUTING.md",
            ".github/SECURITY.md",
        )
    ),
]
LONGEST = 160  # lines of the README that a visitor reads first


def fields_table() -> str:
    """Every column of the session records with what it holds."""
    from data_models.intake.contract import TABLES, Field

    words = {
        "patient_code": "1 to 32 of A-Z a-z 0-9 - _; a random code, not a record number",
        "word": "one word or code",
        "flag": "yes, no",
        "number": "a number",
        "whole": "a whole number",
    }

    def holds(field: Field) -> str:
        if field.choices:
            several = '; several separated by ";"' if field.kind == "choices" else ""
            return ", ".join(field.choices) + several
        if np.isfinite(field.low):
            return f"{words[field.kind]}, {field.range_text()}"
        return words[field.kind]

    lines = ["| table | column | holds | required |", "|---|---|---|---|"]
    for table, fields in TABLES.items():
        for field in fields:
            lines.append(f"| {table} | `{field.name}` | {holds(field)} | {'yes' if field.required else ''} |")
    return "\n".join(lines)


def scales_table() -> str:
    """Every scale with its cut-offs and source."""
    from data_models.definitions.instruments import INSTRUMENTS

    def change(value: float | None, is_share: bool) -> str:
        return "-" if value is None else f"{value:.0%} of baseline" if is_share else f"{value:g}"

    lines = [
        "| code | scale | range | moderate from | remission | meaningful change | standard error | recovered below "
        "| looks back | source |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for scale in INSTRUMENTS.values():
        remission = "-" if scale.remission is None else f"<= {scale.remission:g}"
        error = "-" if scale.standard_error is None else f"{scale.standard_error:g}"
        sources = "; ".join(source for source in (scale.source, scale.error_source) if source)
        lines.append(
            f"| `{scale.code}` | {scale.name} | {scale.minimum:g}-{scale.maximum:g} | {scale.moderate:g} | {remission} "
            f"| {change(scale.meaningful_change, scale.meaningful_is_share)} "
            f"| {error} | {scale.recovered_below:g} | {scale.recall_days} days | {sources} |"
        )
    return "\n".join(lines)


def rules_table() -> str:
    """Every rule with its default."""
    from data_models.definitions.rules import OutcomeRules

    meanings = OutcomeRules.meanings()
    lines = ["| rule | default | meaning |", "|---|---|---|"]
    for rule in dataclasses.fields(OutcomeRules):
        default = rule.default if isinstance(rule.default, str) else f"{rule.default:g}"
        lines.append(f"| `{rule.name}` | {default} | {meanings[rule.name]} |")
    return "\n".join(lines)


def methods_table() -> str:
    """How each number is worked out."""
    from dashboard.questions.methods import METHODS

    lines = ["| number | worked out by | takes for granted | held against | source |", "|---|---|---|---|---|"]
    for one in METHODS:
        lines.append(f"| {one.title} | {one.estimator} | {one.assumes} | {one.checked} | {one.source} |")
    return "\n".join(lines)


TABLES: dict[str, Callable[[], str]] = {
    "fields": fields_table,
    "scales": scales_table,
    "rules": rules_table,
    "methods": methods_table,
}


def block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}: [^\n]*-->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)


@pytest.mark.parametrize("name", TABLES)
def test_table_is_what_the_code_says(name: str) -> None:
    found = block(name).search(GENERATED.read_text(encoding="utf-8"))
    assert found, f"{GENERATED.relative_to(ROOT)} has no block {name}"
    assert found.group(2).strip() == TABLES[name](), "run: python tests/test_readme.py"


def test_every_command_of_the_program_is_named(command: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    commands = re.findall(r"^  ([a-z]+) ", command("--help").stdout.partition("Commands:")[2], re.MULTILINE)
    assert len(commands) >= 8
    text = (ROOT / "dashboard" / "README.md").read_text(encoding="utf-8")
    assert [name for name in commands if f"| `{name}" not in text] == []


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= LONGEST


def anchors(path: Path) -> set[str]:
    """The names under which a Markdown file's headings can be linked to."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pictures_and_links_lead_to_what_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r"src(?:set)?=\"([^\"]+)\"", text)
    dead = []
    for target in targets:
        file, _, anchor = target.partition("#")
        there = path.parent / file if file else path
        if "://" not in target and (not there.is_file() or (anchor and anchor not in anchors(there))):
            dead.append(target)
    assert dead == []


def test_the_sample_is_said_to_be_synthetic_and_the_limits_are_stated() -> None:
    text = " ".join(README.read_text(encoding="utf-8").split())
    assert "synthetic" in text.partition("## Start")[0]
    assert "Supports review by clinicians; it does not diagnose or recommend treatment." in text


# --- OWASP ASVS in dashboard/README.md --------------------------------------------------------------

# How many requirements of levels 1 and 2 each section of version 5.0.0 has; they come first in it, level 3 after them.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4,
    "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4,
    "17.3": 2,
}  # fmt: skip
STATES = {"met": "met", "does not apply": "do not apply", "**not met**": "not met"}  # in a row, and in a count


def asvs_parts() -> list[tuple[str, list[tuple[list[str], str, str, str]]]]:
    """Of each chapter what it says of itself, and its rows: requirements, state, by what, test."""
    text = (ROOT / "dashboard" / "README.md").read_text(encoding="utf-8").partition("## OWASP ASVS")[2]
    parts = []
    for said, body in re.findall(r"<summary>(.*?)</summary>(.*?)</details>", text, re.DOTALL):
        rows = []
        for line in re.findall(r"^\| \d.*$", body, re.MULTILINE):
            number, _, state, by, test = (cell.strip() for cell in line.strip("|").split(" | "))
            section, rest = number.rsplit(".", 1)
            ends = [(part.partition("-")[0], part.rpartition("-")[2]) for part in rest.split(", ")]
            rows.append(([f"{section}.{n}" for a, b in ends for n in range(int(a), int(b) + 1)], state, by, test))
        parts.append((said, rows))
    return parts


def counted(rows: list[tuple[list[str], str, str, str]]) -> str:
    counts = {words: sum(len(one) for one, state, *_ in rows if state == name) for name, words in STATES.items()}
    return ", ".join(f"{count} {words}" for words, count in counts.items() if count)


def test_each_requirement_of_the_asvs_stands_once_and_the_counts_are_those_of_the_rows() -> None:
    parts = asvs_parts()
    rows = [row for _, part in parts for row in part]
    wanted = [f"{section}.{number + 1}" for section, last in SECTIONS.items() for number in range(last)]
    assert len(wanted) == 253
    assert sorted(one for several, *_ in rows for one in several) == sorted(wanted)
    assert {state for _, state, *_ in rows} == STATES.keys()
    assert [said for said, part in parts if not said.endswith(f": {counted(part)}")] == []
    text = (ROOT / "dashboard" / "README.md").read_text(encoding="utf-8")
    assert f"**253 requirements: {counted(rows)}.**" in text


def test_each_file_and_test_that_the_asvs_table_names_exists() -> None:
    named = [name for _, part in asvs_parts() for *_, by, test in part for name in re.findall(r"`([^`]+)`", by + test)]
    paths = [name for name in named if "/" in name and "://" not in name]
    assert len(paths) > 200
    missing = []
    for name in paths:
        path, _, test = name.partition("::")
        there = (ROOT / path).exists()
        if not there or (test and f"\ndef {test}(" not in (ROOT / path).read_text(encoding="utf-8")):
            missing.append(name)
    assert missing == []


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    written = GENERATED.read_text(encoding="utf-8")
    for title, make in TABLES.items():
        table = make()
        written = block(title).sub(lambda found, table=table: f"{found[1]}{table}\n{found[3]}", written)
    GENERATED.write_text(written, encoding="utf-8")
