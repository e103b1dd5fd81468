"""Small readings of a FHIR resource that its versions share: codes, numbers, times, references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from data_models.intake.prepare.fhir.codes import COUNTED, Answers

Json = Mapping[str, Any]
_DATE: Final = len("2026-01-31")
# In this order (R4's name, DSTU2's and STU3's, R5's).
_POINTS: Final = ("ordinalValue", "iso21090-CO-value", "itemWeight")


class Instant(NamedTuple):
    """A time that can be compared: seconds, the date by the clinic's clock, and whether a time of day is known."""

    seconds: float
    day: str
    timed: bool


class Clock:
    """Reads the times of one export.

    Times without an offset are the clinic's own; where its zone is not told, they count as UTC, which is enough to tell
    what follows what.
    """

    def __init__(self, zone: ZoneInfo | None) -> None:
        self._zone = zone
        # What one visit wrote stands together: the last text is remembered.
        self._last = "", float("nan")
        self._known: tuple[str, Instant | None] = "", None

    def seconds(self, text: str) -> float:
        """The seconds of a dateTime; NaN of a year or month alone, or of what is none."""
        if text == self._last[0]:
            return self._last[1]
        at = self._at(text)
        self._last = text, float("nan") if at is None else at.timestamp()
        return self._last[1]

    def read(self, text: str) -> Instant | None:
        """The same with the date by the clinic's clock; None where there is no date."""
        if text == self._known[0]:
            return self._known[1]
        self._known = text, self._read(text)
        return self._known[1]

    def _read(self, text: str) -> Instant | None:
        at = self._at(text)
        if at is None:
            return None
        timed = len(text) > _DATE
        local = at.astimezone(self._zone) if self._zone and timed else at
        return Instant(at.timestamp(), local.date().isoformat(), timed)

    def _at(self, text: str) -> datetime | None:
        if len(text) < _DATE or "W" in text:  # 2026, 2026-01, 20260131, 2026-W05-1
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
        if not 1900 <= at.year <= 2200:  # no clinic's, and other zones may have no such date
            return None
        return at if at.tzinfo else at.replace(tzinfo=self._zone or UTC)


def as_list(value: Any) -> list[Any]:
    """A repeating element, also where a server writes one without its brackets."""
    return value if isinstance(value, list) else [] if value is None else [value]


def codings(concept: Any) -> Iterator[tuple[str, str, Json]]:
    """System, code and the coding itself of each coding of a CodeableConcept that has a code."""
    if isinstance(concept, dict):
        for coding in as_list(concept.get("coding")):
            if isinstance(coding, dict) and isinstance(code := coding.get("code"), str):
                system = coding.get("system")
                yield (system if isinstance(system, str) else ""), code.strip(), coding


def texts(concept: Any) -> Iterator[str]:
    """The text and the displays of a CodeableConcept."""
    if isinstance(concept, dict):
        for part in (concept, *as_list(concept.get("coding"))):
            for name in ("text", "display"):
                if isinstance(part, dict) and isinstance(part.get(name), str):
                    yield part[name].strip()


def number_of(value: Any) -> float | None:
    """A number, also one written as a string ("15"); None for anything else."""
    if type(value) is int or type(value) is float:
        return float(value)
    if not isinstance(value, str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    # float() takes "1_0", "nan" and Arabic digits.
    return number if isfinite(number) and value.isascii() and "_" not in value else None


def measured(part: Json) -> float | None:
    """The number that an Observation, a component or an answer gives: a Quantity, integer, decimal or string.

    None also where a comparator says that it is not the number itself (< 5).
    """
    quantity = part.get("valueQuantity")
    if quantity is not None:
        return number_of(quantity.get("value")) if type(quantity) is dict and not quantity.get("comparator") else None
    for name in ("valueInteger", "valueDecimal", "valueString"):
        if name in part:
            return number_of(part[name])
    return None


def unit_of(part: Json) -> str:
    """The unit of a Quantity in small letters: its code, else what is printed; "" where there is none."""
    return str(part.get("code") or part.get("unit") or "").strip().casefold()


def points_of(part: Json, answers: Answers) -> float | None:
    """The points of an answer: by ordinalValue, iso21090-CO-value, then LOINC's answer code; else the number given.

    Parameters
    ----------
    part : an Observation, a component, or an answer of a QuestionnaireResponse.
    answers : points of the item's answer codes.
    """
    concept, given = part.get("valueCodeableConcept"), part.get("valueCoding")
    found = as_list(concept.get("coding")) if concept else [given] if given else []
    holders = [one for one in (*found, part) if "extension" in one]
    for name in _POINTS if holders else ():
        for extension in (extension for holder in holders for extension in as_list(holder["extension"])):
            if str(extension.get("url", "")).rpartition("/")[2] == name:
                return number_of(extension.get("valueDecimal", extension.get("valueInteger")))
    for coding in found:
        points = answers.get(coding.get("code"))
        if points is not None:
            return float(points)
    return None if concept or given else measured(part)


def counts(resource: Json) -> str | None:
    """Why a resource is not to be counted, by its status or a modifier; None where it counts."""
    kind, status = resource["resourceType"], resource.get("status")
    if status in COUNTED[kind] and UNUSUAL.isdisjoint(resource):
        return None
    if status is not None and status not in COUNTED[kind]:
        return f"{kind} with the status {status}" if status in _STATUSES else f"{kind} with a status that FHIR has not"
    # DSTU2 and STU3 say so beside the status.
    if (
        resource.get("wasNotGiven")
        or resource.get("notGiven")
        or resource.get("notDone")
        or resource.get("notPerformed")
    ):
        return f"{kind} that says that it was not done"
    if resource.get("actuality") == "potential":
        return f"{kind} that did not happen (potential)"
    if resource.get("modifierExtension"):
        return f"{kind} with a modifierExtension, which may turn its meaning round"
    return None


UNUSUAL: Final = frozenset(
    ("wasNotGiven", "notGiven", "notDone", "notPerformed", "actuality", "modifierExtension")
)  # fmt: skip
_STATUSES: Final = frozenset(
    (
        "registered", "preliminary", "cancelled", "entered-in-error", "in-progress", "on-hold", "not-done", "unknown",
        "stopped", "completed", "preparation", "actual", "suspended", "aborted", "final", "amended", "corrected",
    )
)  # fmt: skip


def time_of(resource: Json) -> tuple[str, str]:
    """When something was, and when it ended ("" where it does not say): as written.

    An Observation's effective time, an administration's or procedure's own, a response's `authored`, an event's `date`.
    Never `issued`, `recorded` or `meta.lastUpdated`: those are when somebody wrote it down, which may be days later,
    and a score in front of a session would come to stand behind it.
    """
    for name in _MOMENTS:
        if isinstance(text := resource.get(name), str):
            return text.strip(), ""
    for name in _PERIODS:
        if isinstance(period := resource.get(name), dict) and isinstance(start := period.get("start"), str):
            end = period.get("end")
            return start.strip(), end.strip() if isinstance(end, str) else ""
    return "", ""


# R4's names first; then DSTU2's (effectiveTime...) and R5's (occurrence..., occurence... as R5 spells it once).
_MOMENTS: Final = (
    "effectiveDateTime", "effectiveInstant", "performedDateTime", "authored", "date", "effectiveTimeDateTime",
    "occurrenceDateTime", "occurenceDateTime",
)  # fmt: skip
_PERIODS: Final = (
    "effectivePeriod", "performedPeriod", "effectiveTimePeriod", "occurrencePeriod", "occurencePeriod",
)  # fmt: skip


def reference_of(value: Any) -> str:
    """What a Reference points at; "" where it names nothing."""
    reference = value.get("reference") if type(value) is dict else None
    return reference.strip() if type(reference) is str else ""


def local(reference: str) -> str:
    """A reference as `Type/id`, without the server and the version; contained ones and urn: as they are.

    Examples
    --------
    >>> local("https://example.org/fhir/Patient/1/_history/2"), local("Patient/1"), local("urn:uuid:AB-1")
    ('Patient/1', 'Patient/1', 'urn:uuid:ab-1')
    """
    if reference.startswith("#"):
        return reference
    if reference.startswith("urn:"):
        return reference.lower()
    parts = reference.partition("/_history/")[0].rsplit("/", 2)
    return "/".join(parts[-2:])
