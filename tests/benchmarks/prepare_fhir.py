"""What reading a bulk export of FHIR costs, beside `json.loads` of its lines; and the export, of no real person.

    python tests/benchmarks/prepare_fhir.py --observations 1000000

writes NDJSON as Synthea and hospitals' servers do (offsets, profiles, encounters, categories), reads it with
`FhirExport.read` and line by line with `json.loads`, in turns, and tells the ratio and the memory.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from data_models.intake.prepare.fhir.codes import SCALES
from data_models.intake.prepare.fhir.export import FhirExport
from data_models.intake.prepare.source import Choices
from data_models.intake.readers.problems import Problems

PHQ9 = next(row for row in SCALES if row.instrument == "phq9")
GAD7 = next(row for row in SCALES if row.instrument == "gad7")
FREQUENCIES = tuple(PHQ9.answers_of(0))
SESSIONS = 6
NEW_YORK = timezone(timedelta(hours=-5))
# What a visit writes beside our own: laboratory values and signs that no row of ours knows.
OTHER = (("8302-2", "Body Height", "cm"), ("29463-7", "Body Weight", "kg"), ("2708-6", "Oxygen saturation", "%"),
         ("9279-1", "Respiratory rate", "/min"), ("72514-3", "Pain severity", "{score}"))  # fmt: skip


class Bulk:
    """A bulk export in the making: some patients with six sessions each.

    Parameters
    ----------
    observations : how many there are, about.
    seed : the same seed writes the same export.
    """

    def __init__(self, observations: int, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.observations = observations

    def write(self, folder: Path) -> Path:
        """Write Patient, MedicationAdministration and Observation as NDJSON; the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        names = ("Patient", "MedicationAdministration", "Observation")
        files = {name: (folder / f"{name}.ndjson").open("w", encoding="utf-8") for name in names}
        left = self.observations
        while left > 0:
            for one in self._patient():
                if one["resourceType"] == "Observation":
                    left -= 1
                    if left < 0:
                        continue
                files[one["resourceType"]].write(json.dumps(one, separators=(",", ":")) + "\n")
        for file in files.values():
            file.close()
        return folder

    def _id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _patient(self) -> Iterator[dict[str, Any]]:
        person, choose = self._id(), self._random
        yield {
            "resourceType": "Patient", "id": person, "meta": {"profile": [f"{_CORE}us-core-patient"]},
            "identifier": [{"system": "urn:example:mrn", "value": f"{choose.randrange(10**7):07}"}],
            "name": [{"family": "Example", "given": ["Nobody"]}],
            "gender": choose.choice(("female", "male")), "birthDate": f"{choose.randrange(1950, 2000)}-06-15",
        }  # fmt: skip
        start = datetime(2025, 1, 6, 9, tzinfo=NEW_YORK) + timedelta(
            days=choose.randrange(300), minutes=choose.randrange(300)
        )
        severity = choose.uniform(1.2, 2.6)
        for number in range(SESSIONS):
            at, visit = start + timedelta(days=3.5 * number), self._id()
            yield from self._scale(person, visit, at - timedelta(minutes=30), PHQ9.items, PHQ9.totals[0], severity)
            yield from self._scale(person, visit, at - timedelta(minutes=30), GAD7.items, GAD7.totals[0], severity)
            yield {
                "resourceType": "MedicationAdministration", "id": self._id(), "status": "completed",
                "medicationCodeableConcept": {"coding": [
                    {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "6130", "display": "ketamine"}]},
                "subject": {"reference": f"Patient/{person}"}, "context": {"reference": f"Encounter/{visit}"},
                "effectivePeriod": {"start": at.isoformat(), "end": (at + timedelta(minutes=40)).isoformat()},
                "dosage": {"route": {"coding": [{"system": "http://snomed.info/sct", "code": "47625008"}]},
                           "dose": {"value": 0.5, "unit": "mg/kg", "code": "mg/kg"}},
            }  # fmt: skip
            for minutes, added in ((-10, 0), (40, 20), (90, 5)):
                yield self._pressure(
                    person, visit, at + timedelta(minutes=minutes), 120 + added + choose.randrange(-8, 9)
                )
                yield self._measured(
                    person, visit, at + timedelta(minutes=minutes), "8867-4", "Heart rate", 70 + added // 2, "/min"
                )
            for code, name, unit in OTHER:
                yield self._measured(person, visit, at, code, name, choose.randrange(20, 99), unit)
            severity *= 0.8

    def _observation(
        self, person: str, visit: str, at: datetime, code: str, name: str, category: str
    ) -> dict[str, Any]:
        return {
            "resourceType": "Observation", "id": self._id(), "status": "final",
            "meta": {"profile": [f"{_CORE}us-core-observation-{category}"]},
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
                                      "code": category, "display": category}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": name}], "text": name},
            "subject": {"reference": f"Patient/{person}"}, "encounter": {"reference": f"Encounter/{visit}"},
            "effectiveDateTime": at.isoformat(), "issued": at.isoformat(timespec="milliseconds"),
        }  # fmt: skip

    def _measured(
        self, person: str, visit: str, at: datetime, code: str, name: str, value: float, unit: str
    ) -> dict[str, Any]:
        one = self._observation(person, visit, at, code, name, "vital-signs")
        return one | {"valueQuantity": {"value": value, "unit": unit, "system": _UCUM, "code": unit}}

    def _pressure(self, person: str, visit: str, at: datetime, systolic: int) -> dict[str, Any]:
        one = self._observation(person, visit, at, "85354-9", "Blood pressure panel", "vital-signs")
        return one | {"component": [
            {"code": {"coding": [{"system": "http://loinc.org", "code": code, "display": name}], "text": name},
             "valueQuantity": {"value": value, "unit": "mm[Hg]", "system": _UCUM, "code": "mm[Hg]"}}
            for code, name, value in (("8462-4", "Diastolic Blood Pressure", systolic - 40),
                                      ("8480-6", "Systolic Blood Pressure", systolic))
        ]}  # fmt: skip

    def _scale(
        self, person: str, visit: str, at: datetime, items: tuple[str, ...], total: str, severity: float
    ) -> Iterator[dict[str, Any]]:
        answers = [min(3, max(0, round(self._random.gauss(severity, 0.7)))) for _ in items]
        for code, points in zip(items, answers, strict=True):
            answer = {"system": "http://loinc.org", "code": FREQUENCIES[points], "display": "as the list has it"}
            one = self._observation(person, visit, at, code, f"item {code}", "survey")
            yield one | {"valueCodeableConcept": {"coding": [answer], "text": "as the list has it"}}
        one = self._observation(person, visit, at, total, "total score", "survey")
        yield one | {"valueQuantity": {"value": sum(answers), "unit": "{score}", "code": "{score}"}}


_UCUM = "http://unitsofmeasure.org"
_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"


def line_by_line(folder: Path) -> float:
    """Seconds of the processor for `json.loads` of each line."""
    begun = time.process_time()
    for file in sorted(folder.glob("*.ndjson")):
        with file.open(encoding="utf-8") as stream:
            for line in stream:
                json.loads(line)
    return time.process_time() - begun


def by_reader(folder: Path) -> tuple[float, int]:
    """Seconds of the processor for the reader, and the assessments that it found."""
    begun = time.process_time()
    export = FhirExport().read(folder, Choices(zone=ZoneInfo("America/New_York")), Problems())
    return time.process_time() - begun, len(export.tables["assessments"])


def main() -> None:
    """Write an export, read it both ways in turns, tell what each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--observations", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Bulk(given.observations).write(Path(place) / "bulk")
        size = sum(file.stat().st_size for file in folder.iterdir())
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(given.rounds):
            (seconds, found), plain = by_reader(folder), line_by_line(folder)
            print(
                f"{given.observations:,} Observations, {size / 1e6:.0f} MB: reader {seconds:.1f} s, json.loads "
                f"{plain:.1f} s, ratio {seconds / plain:.2f}; {found:,} assessments; "
                f"{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:.0f} MB more memory"
            )


if __name__ == "__main__":
    main()
