"""The contract of session records for other programs: JSON Schema (2020-12) and Frictionless table schemas.

Written from the contract's fields. Frictionless Table Schema describes the CSV files; JSON Schema one row of a table as
an object whose empty cells are left out, with the rules between columns that the other cannot say. Rules across rows
(known patients, no session twice, a year before the first session) are in words: `check` judges them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from data_models.definitions.instruments import INSTRUMENTS, ITEM9_MAXIMUM, with_item9
from data_models.intake.contract import DOSE_RANGES, ONE_SHEET, ONE_SHEET_FIELDS, TABLES, Field

CODE: Final = "[A-Za-z0-9_-]{1,32}"
WORD: Final = "[A-Za-z0-9_-]{1,64}"
_SCORE: Final = "^{}_(before|after_(0|[1-9][0-9]{{0,4}})d|after_[1-9][0-9]{{0,4}}h)$"
_KEYS: Final = {"patients": ["patient_code"]}

Schema = dict[str, Any]


def all_tables() -> Mapping[str, tuple[Field, ...]]:
    """The fields of each table, and of the one-sheet form."""
    return {**TABLES, ONE_SHEET: ONE_SHEET_FIELDS}


def files() -> dict[str, Schema]:
    """Every file that the command writes, by its name."""
    made = {f"{name}.schema.json": json_schema(name) for name in all_tables()}
    return made | {"datapackage.json": data_package()}


def json_schema(table: str) -> Schema:
    """One row of a table as JSON Schema, draft 2020-12."""
    fields = all_tables()[table]
    schema: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"One row of {table}",
        "description": "Session records of ketamine-outcomes, version 2. Cells that are empty are left out.",
        "type": "object",
        "properties": {field.name: _property(field) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }
    if table == ONE_SHEET:
        item9 = {"type": "integer", "minimum": 0, "maximum": ITEM9_MAXIMUM, "description": "item 9"}
        schema["patternProperties"] = {_SCORE.format(code): _score(code) for code in INSTRUMENTS} | {
            _SCORE.format(f"{code}_item9"): item9 for code, scale in INSTRUMENTS.items() if scale.has_item9
        }
    if rules := _rules({field.name for field in fields}):
        schema["allOf"] = rules
    return schema


def table_schema(table: str) -> Schema:
    """A table as Frictionless Table Schema (v1): types and constraints of the columns of its CSV file."""
    fields = all_tables()[table]
    schema: Schema = {"fields": [_frictionless(field) for field in fields], "missingValues": [""]}
    if table in _KEYS:
        schema["primaryKey"] = _KEYS[table]
    elif table != ONE_SHEET:
        reference = {"resource": "patients", "fields": ["patient_code"]}
        schema["foreignKeys"] = [{"fields": ["patient_code"], "reference": reference}]
    return schema


def data_package() -> Schema:
    """The folder of CSV files as a Frictionless Tabular Data Package."""
    return {
        "profile": "tabular-data-package",
        "name": "ketamine-session-records",
        "resources": [
            {
                "profile": "tabular-data-resource",
                "name": name,
                "path": f"{name}.csv",
                "encoding": "utf-8",
                "schema": table_schema(name),
            }
            for name in TABLES
        ],
    }


def _property(field: Field) -> Schema:
    match field.kind:
        case "patient_code":
            return {"type": "string", "pattern": f"^{CODE}$"}
        case "word":
            return {"type": "string", "pattern": f"^{WORD}$"}
        case "flag":
            return {"enum": ["yes", "no"]}
        case "choice":
            return {"enum": list(field.choices)}
        case "choices":
            return {"type": "string", "pattern": f"^{_several(field)}$"}
    made: Schema = {"type": "integer" if field.kind == "whole" else "number"}
    made |= {"minimum": _plain(field.low), "maximum": _plain(field.high)}
    return made | ({"description": field.unit} if field.unit else {})


def _frictionless(field: Field) -> Schema:
    types = {"number": "number", "whole": "integer"}
    made: Schema = {"name": field.name, "type": types.get(field.kind, "string")}
    if field.unit:
        made["description"] = field.unit
    limits: Schema = {"required": True} if field.required else {}
    match field.kind:
        case "patient_code":
            limits["pattern"] = CODE
        case "word":
            limits["pattern"] = WORD
        case "flag":
            limits["enum"] = ["yes", "no"]
        case "choice":
            limits["enum"] = list(field.choices)
        case "choices":
            limits["pattern"] = _several(field)
        case _:
            limits |= {"minimum": _plain(field.low), "maximum": _plain(field.high)}
    return made | ({"constraints": limits} if limits else {})


def _several(field: Field) -> str:
    one = f"({'|'.join(field.choices)})"
    return rf"(none|{one}( *; *{one})*)"


def _score(code: str) -> Schema:
    scale = INSTRUMENTS[code]
    return {
        "type": "integer" if scale.whole else "number",
        "minimum": _plain(scale.minimum),
        "maximum": _plain(scale.maximum),
        "description": scale.name,
    }


def _rules(names: set[str]) -> list[Schema]:
    """The rules between the columns of a row."""
    rules: list[Schema] = []
    if {"hours", "day"} <= names:
        rules.append({"oneOf": [{"required": ["hours"]}, {"required": ["day"]}]})
    if "timing" in names:
        rules.append({"dependentRequired": {"timing": ["day"]}})
    if "dose" in names:
        rules.append({"dependentRequired": {"dose": ["dose_unit"]}})
        rules += [
            _when("dose_unit", unit, {"dose": {"minimum": low, "maximum": high}})
            for unit, (low, high) in DOSE_RANGES.items()
        ]
    if "instrument" in names:
        rules += [_when("instrument", code, {"score": _score(code)}) for code in INSTRUMENTS]
        others = [code for code in INSTRUMENTS if code != with_item9().code]
        rules.append(
            {
                "if": {"properties": {"instrument": {"enum": others}}, "required": ["instrument"]},
                "then": {"properties": {"item9": False}},
            }
        )
    return rules


def _when(column: str, value: str, then: Schema) -> Schema:
    return {
        "if": {"properties": {column: {"const": value}}, "required": [column]},
        "then": {"properties": then},
    }


def _plain(number: float) -> float | int:
    return int(number) if float(number).is_integer() else float(number)
