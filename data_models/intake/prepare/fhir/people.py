"""Who a resource is about: every way to point at a patient comes to one record number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from data_models.definitions.vocabulary import SEXES
from data_models.intake.contract import CannotRead
from data_models.intake.prepare.fhir.values import Json, as_list, local, reference_of
from data_models.intake.prepare.source import LeftOut, Origin

NOBODY: Final = -1
_DATE: Final = len("2026-01-31")


@dataclass(slots=True)
class _Person:
    number: str
    birth_date: str
    sex: str
    origin: Origin


class People:
    """The patients of an export.

    References are told apart by what they say, not by the server that they name: `Patient/1`, its versions and its full
    address are one person. `urn:uuid:` stands for the entry of that address; a contained patient and a logical
    reference for whoever has that identifier; `Patient.link` for the record that replaced one.

    Parameters
    ----------
    identifier_system : whose value is the record number; "": the id of Patient is.
    """

    def __init__(self, identifier_system: str, left_out: LeftOut) -> None:
        self._system, self._left_out = identifier_system, left_out
        self.seen: dict[str, int] = {}  # by the reference as written
        self._by_key: dict[str, int] = {}
        self._keys: list[str] = []
        self._same: dict[str, str] = {}
        self._identified: dict[str, str] = {}
        self._known: dict[str, _Person] = {}
        self._servers: dict[str, str] = {}
        self.systems: dict[str, int] = {}

    def of(self, resource: Json) -> int:
        """The person whom a resource is about; NOBODY where that is no patient, or nothing says who."""
        subject = resource.get("subject")
        if subject is None:  # DSTU2
            subject = resource.get("patient") or {}
        reference = subject.get("reference") or ""
        if reference in self.seen:
            return self.seen[reference]
        if not reference or reference.startswith("#"):
            return self._of_identifier(resource, subject, reference)
        if reference.startswith("Patient?identifier="):
            return self._index("|" + reference.partition("=")[2].replace("%7C", "|"))
        key = self._key(reference)
        found = self._index(key) if key else NOBODY
        self.seen[reference] = found
        return found

    def add(self, patient: Json, url: str, origin: Origin) -> None:
        """Note a Patient resource; `url` is the full address of its entry, if any."""
        given = patient.get("id")
        key = f"Patient/{given}" if isinstance(given, str) and given else local(url)
        if not key:
            self._left_out.add("a Patient without an id", origin)
            return
        self._index(key)
        if url.startswith("urn:") and self._same.setdefault(local(url), key) != key:
            raise CannotRead("two patients of this export have one address (urn:); give the files one by one")
        number = key.removeprefix("Patient/").removeprefix("urn:uuid:") if not self._system else ""
        for identifier in as_list(patient.get("identifier")):
            if isinstance(identifier, dict) and isinstance(value := identifier.get("value"), str) and value.strip():
                system = identifier.get("system")
                system = system if isinstance(system, str) else ""
                self.systems[system] = self.systems.get(system, 0) + 1
                if self._system and system == self._system and identifier.get("use") != "old":
                    number = number or value.strip()
                # Shared by two patients, it says who neither is.
                known = self._identified.setdefault(f"|{system}|{value.strip()}", key)
                if known != key:
                    self._identified[f"|{system}|{value.strip()}"] = ""
        for link in as_list(patient.get("link")):
            other = local(reference_of(link.get("other"))) if isinstance(link, dict) else ""
            if other and link.get("type") in ("replaced-by", "replace"):
                self._same[key] = other
            elif other and link.get("type") == "replaces":
                self._same[other] = key
        born, sex = patient.get("birthDate"), patient.get("gender")
        whole = born[:_DATE] if isinstance(born, str) and len(born) >= _DATE else ""
        if born is not None and not whole:
            self._left_out.add("a birth date without its day", origin)
        if sex is not None and sex not in SEXES:
            self._left_out.add("a gender that FHIR has not", origin)
        self._known[key] = _Person(number, whole, sex if sex in SEXES else "", origin)

    def numbers(self) -> list[str]:
        """The record number of each person; "" where the export does not say it."""
        return [self._number(key) for key in self._keys]

    def one(self) -> list[int]:
        """For each person the first of those that have the same record number: one person, pointed at in many ways."""
        first: dict[str, int] = {}
        return [first.setdefault(number, place) if number else place for place, number in enumerate(self.numbers())]

    def rows(self) -> list[tuple[str, str, str, Origin]]:
        """Record number, birth date, sex and where it stands of each Patient of the export, each person once."""
        rows: dict[str, tuple[str, str, str, Origin]] = {}
        for key, person in self._known.items():
            if self._root(key) in self._known and self._root(key) != key:
                continue  # replaced by another record
            if not person.number:
                reason = "a Patient without an identifier of the system that [fhir] identifier_system names"
                self._left_out.add(reason, person.origin)
                continue
            number = self._number(key)
            if number in rows and rows[number][1:3] != (person.birth_date, person.sex):
                rows[f"{number} {key}"] = (number, person.birth_date, person.sex, person.origin)
            rows.setdefault(number, (number, person.birth_date, person.sex, person.origin))
        return list(rows.values())

    def _number(self, key: str) -> str:
        root = self._root(key)
        if root in self._known:
            return self._known[root].number
        if self._system:
            system, _, value = root[1:].rpartition("|")
            return value if root.startswith("|") and system == self._system else ""
        return root.removeprefix("Patient/").removeprefix("urn:uuid:").rpartition("|")[2]

    def _key(self, reference: str) -> str:
        """`Patient/id` or an urn; "" of anything but a patient."""
        short = local(reference)
        if short.startswith("urn:"):
            return short
        kind, _, number = short.rpartition("/")
        if kind.rpartition("/")[2] != "Patient" or not number:
            return ""
        server = reference.partition("/_history/")[0].removesuffix(short)
        if server and self._servers.setdefault(number, server) != server:
            raise CannotRead(
                "two servers have a Patient of the same id in this export, and nothing says that they are one person; "
                "give the export of each server by itself"
            )
        return short

    def _of_identifier(self, resource: Json, subject: Any, reference: str) -> int:
        if reference:
            inside = [one for one in as_list(resource.get("contained")) if isinstance(one, dict)]
            patient = next((one for one in inside if one.get("id") in (reference[1:], reference)), {})
            named = as_list(patient.get("identifier")) if patient.get("resourceType") == "Patient" else []
        else:
            named = as_list(subject.get("identifier")) if isinstance(subject, dict) else []
        values = [one for one in named if isinstance(one, dict) and isinstance(one.get("value"), str)]
        # Of several the one that is the record number, else the first.
        values.sort(key=lambda one: one.get("system") != self._system)
        if not values:
            return NOBODY
        return self._index(f"|{values[0].get('system') or ''}|{values[0]['value'].strip()}")

    def _index(self, key: str) -> int:
        if key not in self._by_key:
            self._by_key[key] = len(self._keys)
            self._keys.append(key)
        return self._by_key[key]

    def _root(self, key: str) -> str:
        key, steps = self._identified.get(key) or key, 0
        while key in self._same and steps < 100:  # records that replace each other in a circle
            key, steps = self._same[key], steps + 1
        return key
