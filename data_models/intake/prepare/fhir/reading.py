"""One pass over the resources of an export: each is handed to whoever collects its kind, or left out and counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

from data_models.intake.prepare.fhir.codes import (
    COUNTED,
    LOINC,
    MEANINGS,
    PANELS,
    SCALE_NAMES,
    TOTAL,
    VITAL_UNITS,
    VITALS,
    Meaning,
)
from data_models.intake.prepare.fhir.doses import Doses
from data_models.intake.prepare.fhir.effects import Effects
from data_models.intake.prepare.fhir.entries import Entries
from data_models.intake.prepare.fhir.options import Options
from data_models.intake.prepare.fhir.people import NOBODY, People
from data_models.intake.prepare.fhir.responses import Responses
from data_models.intake.prepare.fhir.scores import Scores
from data_models.intake.prepare.fhir.sessions import Readings
from data_models.intake.prepare.fhir.suggestion import Seen
from data_models.intake.prepare.fhir.values import (
    UNUSUAL,
    Json,
    as_list,
    codings,
    counts,
    local,
    measured,
    points_of,
    reference_of,
    texts,
    time_of,
    unit_of,
)
from data_models.intake.prepare.source import LeftOut, Origin
from data_models.intake.readers.problems import Problems

_FINAL: Final = COUNTED["Observation"]
_NOBODY: Final = "is about nobody that it names as a Patient"


class Reading:
    """What one pass over an export collects.

    Attributes
    ----------
    kinds : how many resources there are of each type.
    """

    def __init__(self, path: Path, options: Options, problems: Problems) -> None:
        self.options, self.problems = options, problems
        self.left_out, self.seen, self.kinds = LeftOut(), Seen(), Counter[str]()
        entries = Entries(path, problems, self.left_out)
        self.names = entries.names
        scales = {**MEANINGS, **options.scales}
        if options.answers:
            scales = {
                code: Meaning(one.instrument, one.place, {**one.answers, **options.answers})
                for code, one in scales.items()
            }
        self.meanings: dict[str, Meaning | str] = {**VITALS, **scales}
        self.people = People(options.identifier_system, self.left_out)
        self.scores, self.readings = Scores(entries.names), Readings(entries.names)
        self.responses = Responses(self.scores, self.left_out, scales)
        self.doses = Doses(self.left_out, options.drugs, options.routes)
        self.effects = Effects(self.left_out)
        # By code and system, Observations of which nothing is made: most of an export.
        self._foreign: dict[tuple[str, str | None], int] = {}
        observation, others = self._observation, self._by_kind()
        elsewhere = 0
        for file, row, url, resource in entries:
            kind = resource["resourceType"]
            self.kinds[kind] += 1
            try:
                if kind == "Observation":
                    observation(resource, file, row, url)
                elif kind in others:
                    others[kind](resource, file, row, url)
                else:
                    elsewhere += 1
            except (AttributeError, TypeError, KeyError, IndexError):
                # FHIR's elements, but not in FHIR's shape: a text where an object belongs.
                self.problems.add(self.names[file], row, None, f"has not the shape of {_article(kind)}; export it anew")
        self.responses.finish()
        if elsewhere:
            self.left_out.add("a resource of another type", count=elsewhere, foreign=True)
        for (code, _), count in self._foreign.items():
            self.seen.other["Observation", code] += count
            self.left_out.add("another kind of Observation", count=count, foreign=True)

    def _by_kind(self) -> dict[str, Any]:
        return {
            "Patient": lambda one, file, row, url: self.people.add(one, url, self._origin(file, row)),
            "Questionnaire": lambda one, file, row, url: self.responses.questionnaire(one),
            "Medication": lambda one, file, row, url: self.doses.medication(one, url),
            "QuestionnaireResponse": self._response,
            "MedicationAdministration": self._given,
            "Procedure": self._given,
            "AdverseEvent": self._event,
            "OperationOutcome": self._outcome,
        }

    def _origin(self, file: int, row: int) -> Origin:
        return Origin(self.names[file], row)

    def _about(self, resource: Json, file: int, row: int) -> int | None:
        """The person of a resource that counts; None, and noted, of one that does not."""
        why = counts(resource)
        if why is None and (person := self.people.of(resource)) != NOBODY:
            return person
        self.left_out.add(why or f"{_article(resource['resourceType'])} that {_NOBODY}", self._origin(file, row))
        return None

    def _observation(self, one: Json, file: int, row: int, url: str) -> None:
        concept = one.get("code")
        if concept and _HOLDERS.isdisjoint(one) and (code := _only_code(concept)) in self._foreign:
            self._foreign[code] += 1
            return
        means, parts = self._known(concept), one.get("component")
        if "hasMember" in one or "related" in one:
            self._panel(one, url)
        valued = means is not None and not _VALUES.isdisjoint(one)
        held = [(its, part) for part in parts if (its := self._known(part.get("code")))] if parts else ()
        if not (valued or held):
            if means is None:
                self._unknown(one, file, row)
            else:
                self.left_out.add("an Observation without a value", self._origin(file, row))
            return
        # The most frequent resource by far: what `_about` asks, without its calls.
        plain = one.get("status") in _FINAL and UNUSUAL.isdisjoint(one)
        person = self.people.seen.get(reference_of(one.get("subject"))) if plain else None
        if person is None or person == NOBODY:
            person = self._about(one, file, row)
        if person is None:
            return
        time = one.get("effectiveDateTime")
        if type(time) is not str:
            time = time_of(one)[0]
        if valued and means is not None:
            self._number(means, one, one, person, time, file, row, url)
        for its, part in held:
            self._number(its, part, one, person, time, file, row, url)

    def _number(
        self, means: Meaning | str, part: Json, one: Json, person: int, time: str, file: int, row: int, url: str
    ) -> None:
        """Hand on the number that an Observation or a component gives."""
        if isinstance(means, str):
            self._vital(means, part, person, time, file, row)
            return
        value = measured(part) if means.place == TOTAL else points_of(part, means.answers)
        self.scores.add(person, means, value, time, file, row, _key(one, url))
        if ("derivedFrom" in one or "related" in one) and (response := _response_behind(one)):
            self.scores.of_response(response, derived=True)

    def _known(self, concept: Any) -> Meaning | str | None:
        """What a concept stands for: a scale's code, or the name of a vital sign."""
        coded = concept.get("coding") if concept else None
        for coding in coded if type(coded) is list else as_list(coded):
            code = coding.get("code")
            found = self.meanings.get(code)
            if found is not None:
                system = coding.get("system")
                # Of another system it is another code, unless MAP.toml named it.
                if system in LOINC or not system or not (code in MEANINGS or code in VITALS):
                    self.seen.known[code] += 1
                    return found
        return None

    def _vital(self, sign: str, part: Json, person: int, time: str, file: int, row: int) -> None:
        value, quantity, units = measured(part), part.get("valueQuantity") or {}, VITAL_UNITS[sign]
        if quantity.get("code") not in units and (unit := unit_of(quantity)) and unit not in units:
            self.left_out.add("a vital sign in a unit that is not mmHg or beats a minute", self._origin(file, row))
        elif value is not None:
            self.readings.add(person, sign, value, time, file, row)

    def _panel(self, one: Json, url: str) -> None:
        if counts(one) is not None:
            return
        members = [_key_of(reference_of(member)) for member in as_list(one.get("hasMember"))]
        members += [  # STU3
            _key_of(reference_of(member.get("target")))
            for member in as_list(one.get("related"))
            if member.get("type") == "has-member"
        ]
        if members:
            self.scores.panel(_key(one, url), members, time_of(one)[0])

    def _unknown(self, one: Json, file: int, row: int) -> None:
        """Leave out an Observation whose code no row knows; told where it may have been a score."""
        concept = one.get("code")
        system, code = next(((system, code) for system, code, _ in codings(concept)), ("", ""))
        named = bool(code in PANELS) or any(SCALE_NAMES.search(text) for text in texts(concept))
        if not named and code:
            key = (code, system or None)
            self._foreign[key] = self._foreign.get(key, 0) + 1
            return
        self.seen.other["Observation", code] += 1
        if code and _VALUES.isdisjoint(one):  # a panel of others
            return
        if code in PANELS:
            reason = "a panel's own value, which is no total by its code (name the code in [fhir] totals if it is)"
        elif code:
            self.seen.named.add(code)
            reason = "an Observation named as a scale of ours, under a code that no row has (name it in [fhir] totals)"
        elif named:
            reason = "an Observation named as a scale of ours, as text without a code"
        else:
            reason = "another kind of Observation"
        self.left_out.add(reason, self._origin(file, row), foreign=not named)

    def _response(self, one: Json, file: int, row: int, url: str) -> None:
        if (person := self._about(one, file, row)) is not None:
            self.responses.add(one, person, _key(one, url), file, row)

    def _given(self, one: Json, file: int, row: int, url: str) -> None:
        gives = self.doses.drug_in(one)
        if gives is None:
            self.left_out.add(f"{_article(one['resourceType'])} of something else", foreign=True)
        elif (person := self._about(one, file, row)) is not None:
            self.doses.add(one, gives, person, _named(one, url, file, row), self._origin(file, row))

    def _event(self, one: Json, file: int, row: int, url: str) -> None:
        if (person := self._about(one, file, row)) is not None:
            self.effects.add(one, person, _named(one, url, file, row), self._origin(file, row))

    def _outcome(self, one: Json, file: int, row: int, url: str) -> None:
        if any(issue.get("severity") in ("error", "fatal") for issue in as_list(one.get("issue"))):
            self.left_out.add("an error that the server tells of: the export may not be whole", self._origin(file, row))


def _only_code(concept: Json) -> tuple[str, str | None]:
    """Code and system of a concept that has one coding; no code where it has none or several."""
    coded = concept.get("coding")
    if type(coded) is list and len(coded) == 1:
        return coded[0].get("code"), coded[0].get("system")
    return "", None


_HOLDERS: Final = frozenset(("component", "hasMember", "related"))


def _key(resource: Json, url: str) -> str:
    """What references call a resource, without its type."""
    return local(url) if url.startswith("urn:") else resource.get("id") or ""


def _named(resource: Json, url: str, file: int, row: int) -> str:
    """The same with its type; one without an id is called after its row."""
    return local(url) if url.startswith("urn:") else f"{resource['resourceType']}/{resource.get('id') or (file, row)}"


def _key_of(reference: str) -> str:
    return local(reference).rpartition("/")[2]


def _response_behind(one: Json) -> str:
    """The QuestionnaireResponse that an Observation was made from."""
    for source in (*as_list(one.get("derivedFrom")), *as_list(one.get("related"))):
        reference = local(reference_of(source.get("target", source)))
        if reference.startswith(("QuestionnaireResponse/", "urn:")):
            return reference.rpartition("/")[2]
    return ""


_VALUES: Final = frozenset(
    ("valueQuantity", "valueInteger", "valueString", "valueCodeableConcept", "valueDecimal", "valueCoding")
)


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"
