"""The schemas for other programs say what the strict readers take, no more and no less."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sample_data
from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.contract import ONE_SHEET, TABLES
from data_models.intake.schemas import all_tables, data_package, files, json_schema, table_schema

# The keywords of JSON Schema 2020-12 that are used here, each with what it asks of a value.
ANNOTATIONS = {"$schema", "title", "description", "then", "patternProperties", "additionalProperties"}
# Frictionless Table Schema v1: types, and the constraints that it has for each.
CONSTRAINTS = {
    "string": {"required", "unique", "minLength", "maxLength", "pattern", "enum"},
    "number": {"required", "unique", "minimum", "maximum", "enum"},
    "integer": {"required", "unique", "minimum", "maximum", "enum"},
}


def wrong(schema: Any, value: Any) -> Iterator[str]:
    """What a value breaks of a JSON Schema, by the rules of the specification for the keywords used."""
    if schema is False:
        yield "false"
        return
    kinds = {"object": dict, "string": str, "integer": int, "number": (int, float)}
    for keyword, asked in schema.items():
        match keyword:
            case "type":
                if not isinstance(value, kinds[asked]):
                    yield keyword
            case "enum":
                if value not in asked:
                    yield keyword
            case "const":
                if value != asked:
                    yield keyword
            case "pattern":
                if not re.search(asked, value):
                    yield keyword
            case "minimum":
                if value < asked:
                    yield keyword
            case "maximum":
                if value > asked:
                    yield keyword
            case "required":
                yield from (f"required {name}" for name in asked if name not in value)
            case "dependentRequired":
                for name, others in asked.items():
                    yield from (f"{name} needs {other}" for other in others if name in value and other not in value)
            case "properties":
                for name in asked.keys() & value.keys():
                    yield from (f"{name}: {what}" for what in wrong(asked[name], value[name]))
                if "additionalProperties" in schema:
                    patterns = schema.get("patternProperties", {})
                    for name in value.keys() - asked.keys():
                        of = [part for pattern, part in patterns.items() if re.search(pattern, name)]
                        yield from (
                            [f"unknown {name}"] if not of else (w for part in of for w in wrong(part, value[name]))
                        )
            case "allOf":
                for part in asked:
                    yield from wrong(part, value)
            case "oneOf":
                if sum(not list(wrong(part, value)) for part in asked) != 1:
                    yield keyword
            case "if":
                if not list(wrong(asked, value)):
                    yield from wrong(schema["then"], value)
            case _:
                assert keyword in ANNOTATIONS, keyword


def typed(table: str, row: dict[str, str]) -> dict[str, Any]:
    """A row of a CSV file as an object: numbers as numbers, without empty cells."""
    kinds = {field.name: field.kind for field in all_tables()[table]}
    made: dict[str, Any] = {}
    for name, text in row.items():
        if text:
            is_number = kinds.get(name, "number") in ("number", "whole")
            made[name] = text if not is_number else int(text) if text.lstrip("-").isdigit() else float(text)
    return made


@pytest.mark.parametrize("table", TABLES)
def test_the_sample_clinic_is_valid(table: str) -> None:
    schema = json_schema(table)
    path = Path(sample_data.__file__).parent / "clinic" / f"{table}.csv"
    with path.open(newline="") as stream:
        rows = [row for row, _ in zip(csv.DictReader(stream), range(300), strict=False)]
    assert len(rows) > 100
    assert [what for row in rows for what in wrong(schema, typed(table, row))] == []
    fields = {field["name"]: field for field in table_schema(table)["fields"]}
    assert set(rows[0]) <= set(fields)


SESSION = {"patient_code": "K7TX42", "hours": 0, "drug": "ketamine"}
SCORE = {"patient_code": "K7TX42", "day": 3, "timing": "after", "instrument": "phq9", "score": 12, "item9": 1}


@pytest.mark.parametrize(
    "table, row, breaks",
    [
        ("sessions", SESSION, []),
        ("sessions", {**SESSION, "day": 0}, ["oneOf"]),
        ("sessions", {"patient_code": "K7TX42"}, ["oneOf"]),
        ("sessions", {**SESSION, "name": "x"}, ["unknown name"]),
        ("sessions", {**SESSION, "dose": 40}, ["dose needs dose_unit"]),
        ("sessions", {**SESSION, "dose": 40, "dose_unit": "mg_per_kg"}, ["dose: maximum"]),
        ("sessions", {**SESSION, "dose": 40, "dose_unit": "mg"}, []),
        ("sessions", {**SESSION, "cadss_highest": 93}, ["cadss_highest: maximum"]),
        ("sessions", {**SESSION, "drug": "Ketamin"}, ["drug: enum"]),
        ("assessments", SCORE, []),
        ("assessments", {**SCORE, "score": 28}, ["score: maximum"]),
        ("assessments", {**SCORE, "score": 12.5}, ["score: type"]),
        ("assessments", {**SCORE, "instrument": "gad7"}, ["item9: false"]),
        ("assessments", {**{k: v for k, v in SCORE.items() if k != "day"}, "hours": 72}, ["timing needs day"]),
        ("patients", {"patient_code": "K 7"}, ["patient_code: pattern"]),
        ("patients", {"patient_code": "K7", "conditions": "liver; urinary"}, []),
        ("patients", {"patient_code": "K7", "conditions": "liver;"}, ["conditions: pattern"]),
        (ONE_SHEET, {"patient_code": "K7", "day": 0, "phq9_before": 12, "peg_after_24h": 3.3}, []),
        (ONE_SHEET, {"patient_code": "K7", "day": 0, "phq9_before": 12, "phq9_item9_before": 4}, ["maximum"]),
        (ONE_SHEET, {"patient_code": "K7", "day": 0, "gad7_item9_before": 1}, ["unknown gad7_item9_before"]),
        (ONE_SHEET, {"patient_code": "K7", "day": 0, "phq9_after": 12}, ["unknown phq9_after"]),
        (ONE_SHEET, {"patient_code": "K7", "day": 0, "phq9_before": 28}, ["maximum"]),
    ],
)
def test_the_rules_of_a_row(table: str, row: dict[str, Any], breaks: list[str]) -> None:
    assert list(wrong(json_schema(table), row)) == breaks


@pytest.mark.parametrize("table", [*TABLES, ONE_SHEET])
def test_table_schemas_keep_to_the_published_profile(table: str) -> None:
    schema = table_schema(table)
    assert set(schema) <= {"fields", "missingValues", "primaryKey", "foreignKeys"}
    assert schema["missingValues"] == [""]
    assert [field["name"] for field in schema["fields"]] == [field.name for field in all_tables()[table]]
    for field in schema["fields"]:
        assert set(field) <= {"name", "type", "description", "constraints"}
        assert set(field.get("constraints", {})) <= CONSTRAINTS[field["type"]]
    for key in schema.get("foreignKeys", []):
        assert key["reference"]["fields"] == table_schema("patients")["primaryKey"]


def test_the_package_names_the_files_that_an_import_reads() -> None:
    package = data_package()
    assert (package["profile"], re.fullmatch(r"[a-z0-9._-]+", package["name"]) is not None) == (
        "tabular-data-package",
        True,
    )
    assert [resource["path"] for resource in package["resources"]] == [f"{table}.csv" for table in TABLES]
    assert {resource["schema"]["fields"][0]["name"] for resource in package["resources"]} == {"patient_code"}


def test_every_scale_has_its_range() -> None:
    patterns = json_schema(ONE_SHEET)["patternProperties"]
    assert len(patterns) == len(INSTRUMENTS) + 1  # and item 9
    assert set(files()) == {*(f"{table}.schema.json" for table in all_tables()), "datapackage.json"}
