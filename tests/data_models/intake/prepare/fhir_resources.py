"""FHIR resources of no real person, as short as tests need them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from data_models.intake.prepare.fhir.codes import SCALES
from data_models.intake.prepare.fhir.export import FhirExport
from data_models.intake.prepare.source import Choices, Export, Origin
from data_models.intake.readers.problems import Problems

Json = dict[str, Any]
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
RXNORM, NDC = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/ndc"
PHQ9 = next(row for row in SCALES if row.instrument == "phq9")
OFTEN = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")
NINE = (1, 2, 1, 0, 3, 1, 1, 0, 2)  # 11 points
AT = "2026-01-05T09:00:00+01:00"


def coded(code: str, system: str = LOINC, **more: Any) -> Json:
    return {"coding": [{"system": system, "code": code, **more}]}


def observation(code: str | Json, at: str = AT, who: str = "Patient/1", **more: Any) -> Json:
    """An Observation with a LOINC code; keys of `more` replace or add elements."""
    found = {
        "resourceType": "Observation", "status": "final",
        "code": coded(code) if isinstance(code, str) else code, "subject": {"reference": who},
        "effectiveDateTime": at, **more,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def items(points: Sequence[int | None] = NINE, at: str = AT, **more: Any) -> list[Json]:
    """An Observation for each answered item of the PHQ-9, its answer as LOINC's answer code."""
    return [
        observation(code, at, valueCodeableConcept=coded(OFTEN[value]), **more)
        for code, value in zip(PHQ9.items, points, strict=True)
        if value is not None
    ]


def total(value: float, at: str = AT, code: str = "44261-6", **more: Any) -> Json:
    return observation(code, at, **{"valueQuantity": {"value": value, "unit": "{score}"}} | more)


def given(at: str = AT, dose: float | None = 40, unit: str = "mg", **more: Any) -> Json:
    """An administration of ketamine by infusion."""
    found = {
        "resourceType": "MedicationAdministration", "status": "completed", "subject": {"reference": "Patient/1"},
        "medicationCodeableConcept": coded("6130", RXNORM), "effectiveDateTime": at,
        "dosage": {"route": coded("47625008", SNOMED), "dose": {"value": dose, "unit": unit}}, **more,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def response(answers: dict[str, Json], **more: Any) -> Json:
    """A QuestionnaireResponse: answers by linkId."""
    return {
        "resourceType": "QuestionnaireResponse", "status": "completed", "subject": {"reference": "Patient/1"},
        "authored": AT, "item": [{"linkId": link, "answer": [answer]} for link, answer in answers.items()], **more,
    }  # fmt: skip


def often(points: int) -> Json:
    return {"valueCoding": {"system": LOINC, "code": OFTEN[points]}}


def bundle(*resources: Json, urls: Sequence[str] = ()) -> Json:
    links = [*urls, *("" for _ in resources[len(urls) :])]
    entries = [
        {"resource": one, **({"fullUrl": url} if url else {})} for one, url in zip(resources, links, strict=True)
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def read(
    place: Path, *resources: Json, zone: str | None = None, problems: Problems | None = None, **tables: Any
) -> Export:
    """What the reader makes of some resources, as NDJSON; `tables` are those of MAP.toml."""
    path = place / "export.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in resources))
    return read_path(path, zone=zone, problems=problems, **tables)


def read_path(path: Path, *, zone: str | None = None, problems: Problems | None = None, **tables: Any) -> Export:
    found = Problems() if problems is None else problems
    export = FhirExport().read(path, Choices(zone=ZoneInfo(zone) if zone else None, map=tables), found)
    if problems is None:
        found.refuse_if_any()
    return export


def rows(export: Export, table: str, *columns: str) -> list[tuple[str, ...]]:
    """Some columns of a table, row by row."""
    return list(zip(*(export.tables[table].columns[name] for name in columns), strict=True))


def lost(export: Export) -> dict[str, int]:
    """Reasons and counts of all that is left out."""
    return {reason: count for reason, count, _ in export.left_out}


def origins(export: Export, reason: str) -> list[Origin]:
    return next(places for told, _, places in export.left_out if told == reason)
