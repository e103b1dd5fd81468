"""Adverse events of an export as side effects of its sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from data_models.definitions.vocabulary import SEVERITIES
from data_models.intake.prepare.fhir.codes import SIDE_EFFECT_TERMS
from data_models.intake.prepare.fhir.sessions import EFFECT_HOURS, Session
from data_models.intake.prepare.fhir.values import (
    Clock,
    Instant,
    Json,
    as_list,
    codings,
    local,
    reference_of,
    texts,
    time_of,
)
from data_models.intake.prepare.source import RECORD_NUMBER, TIME, LeftOut, Origin, Table

COLUMNS: Final = (RECORD_NUMBER, TIME, "term", "severity", "onset_minutes", "serious")
_OTHER: Final = "other"
_WORSE: Final = {severity: place for place, severity in enumerate(SEVERITIES)}


@dataclass(slots=True)
class _Event:
    person: int
    term: str
    severity: str
    serious: str
    time: str
    suspected: tuple[str, ...]
    origin: Origin


@dataclass(slots=True)
class Effects:
    """The adverse events of an export."""

    left_out: LeftOut
    _found: dict[str, _Event] = field(default_factory=dict)

    def add(self, resource: Json, person: int, key: str, origin: Origin) -> None:
        """Note an AdverseEvent."""
        # R4's event, R5's code, STU3's type.
        concept = resource.get("event") or resource.get("code") or resource.get("type")
        words = [*(code for _, code, _ in codings(concept)), *texts(concept)]
        term = next(
            (found for word in words if (found := SIDE_EFFECT_TERMS.get(word.partition(" (")[0].casefold()))), _OTHER
        )
        severity = {word.casefold() for word in _words(resource.get("severity"))} & set(SEVERITIES)
        serious = [word.casefold() for word in _words(resource.get("seriousness"))]
        suspected = tuple(
            local(reference_of(one.get("instance") or (one.get("instanceReference"))))
            for one in as_list(resource.get("suspectEntity"))
            if isinstance(one, dict)
        )
        self._found[key] = _Event(
            person, term, severity.pop() if len(severity) == 1 else "",
            "no" if any(word.startswith("non-serious") for word in serious)
            else "yes" if any(word.startswith("serious") for word in serious) else "",
            time_of(resource)[0], suspected, origin,
        )  # fmt: skip

    def table(
        self, sessions: dict[int, list[Session]], numbers: Sequence[str], one_of: Sequence[int], clock: Clock
    ) -> tuple[Table, int]:
        """Side effects at their sessions' times, and how many are `other` because no row knows their name."""
        rows: dict[tuple[str, str, str, str], tuple[str, str, Origin]] = {}
        by_key = {part.key: session for theirs in sessions.values() for session in theirs for part in session.parts}
        for event in self._found.values():
            at = clock.read(event.time) if event.time else None
            theirs = sessions.get(one_of[event.person], [])
            suspected = next((by_key[key] for key in event.suspected if key in by_key and by_key[key] in theirs), None)
            session = suspected or (_of(theirs, at) if at else None)
            if session is None or not numbers[event.person]:
                reason = "an adverse event without a session in the day before it"
                self.left_out.add(reason, event.origin, foreign=not theirs)
                continue
            minutes = (at.seconds - session.at.seconds) / 60 if at and at.timed and session.at.timed else -1.0
            onset = f"{minutes:.6g}" if 0 <= minutes <= EFFECT_HOURS * 60 else ""
            key = numbers[event.person], session.first.time, event.term, onset
            known = rows.get(key)
            if known is not None:
                self.left_out.add(
                    "an adverse event beside another of its name and time: the worse is told", event.origin
                )
                worse = max(event.severity, known[0], key=lambda severity: _WORSE.get(severity, -1))
                rows[key] = worse, max(event.serious, known[1]), known[2]  # yes > no > ""
            else:
                rows[key] = event.severity, event.serious, event.origin
        cells = [
            (number, time, term, severity, onset, serious)
            for (number, time, term, onset), (severity, serious, _) in rows.items()
        ]
        columns = {name: [row[place] for row in cells] for place, name in enumerate(COLUMNS)}
        return Table("FHIR side effects", columns, [origin for *_, origin in rows.values()]), columns["term"].count(
            _OTHER
        )


def _words(concept: object) -> list[str]:
    return [*(code for _, code, _ in codings(concept)), *texts(concept)]


def _of(theirs: Sequence[Session], at: Instant) -> Session | None:
    """The latest session that began in the 24 hours up to an event; with a date alone, the one of that date."""
    if at.timed:
        begun = [one for one in theirs if one.at.timed and 0 <= at.seconds - one.at.seconds <= EFFECT_HOURS * 3600]
        if begun:
            return begun[-1]
    same = [one for one in theirs if one.at.day == at.day and not (one.at.timed and at.timed)]
    return same[0] if len(same) == 1 else None
