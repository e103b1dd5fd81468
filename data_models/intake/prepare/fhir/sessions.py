"""From administrations to sessions, with the vital signs and side effects of each.

A session is what one patient is given of one drug within `SESSION_HOURS` of its first administration: an infusion in
two syringes, esketamine's devices of 28 mg. Doses in one unit are added up. *Before* is the last reading in the
`BEFORE_HOURS` up to the first administration, *highest* the highest in the `AFTER_HOURS` after it, before the next
session: esketamine's label has the pressure taken before, at 40 minutes and until it falls, over at least two hours.
A reading that has a date alone is neither before nor after.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from data_models.intake.prepare.fhir.codes import VITALS
from data_models.intake.prepare.fhir.doses import UNKNOWN_ROUTE, Administration
from data_models.intake.prepare.fhir.scores import ROWS, Origins
from data_models.intake.prepare.fhir.values import Clock, Instant
from data_models.intake.prepare.source import RECORD_NUMBER, TIME, LeftOut, Origin, Table

SESSION_HOURS: Final = 4.0
BEFORE_HOURS: Final = 4.0
AFTER_HOURS: Final = 4.0
EFFECT_HOURS: Final = 24.0
_HOUR: Final = 3600.0
_A_DAY_OF_MINUTES: Final = 1440.0
SIGNS: Final = tuple(VITALS.values())
COLUMNS: Final = (
    RECORD_NUMBER, TIME, "drug", "route", "dose", "dose_unit", "duration_minutes",
    *(f"{sign}_{when}" for when in ("before", "highest") for sign in SIGNS),
)  # fmt: skip


@dataclass(slots=True)
class Session:
    """One session: its first administration says when and where it stands."""

    parts: list[Administration]
    at: Instant
    readings: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    @property
    def first(self) -> Administration:
        """The administration that says when it began."""
        return self.parts[0]

    @property
    def drug(self) -> str:
        """What was given."""
        return self.first.drug.drug if self.first.drug else ""


def sessions_of(
    given: Sequence[Administration], one_of: Sequence[int], clock: Clock, left_out: LeftOut
) -> dict[int, list[Session]]:
    """Each person's sessions, in the order of time; `one_of`: each person's place among those that are the same."""
    timed: list[tuple[Instant, Administration]] = []
    for one in given:
        at = clock.read(one.time) if one.time else None
        if one.route == UNKNOWN_ROUTE:
            left_out.add("an administration by a route that session records do not have", one.origin)
        elif at is None:
            left_out.add("an administration without a time that tells the day", one.origin)
        else:
            timed.append((at, one))
    # Those with a time first: one that has a date alone joins the session of its date.
    timed.sort(key=lambda pair: (not pair[0].timed, pair[0].seconds, pair[1].origin))
    found: dict[int, list[Session]] = {}
    for at, one in timed:
        theirs = found.setdefault(one_of[one.person], [])
        # Those with a time come in their order: of these, only the last two can be meant (two drugs).
        of_late = theirs[-2:] if at.timed else theirs
        same = [session for session in of_late if one.drug and session.drug == one.drug.drug and _one(session.at, at)]
        if not same:
            theirs.append(Session([one], at))
        elif len(same) == 1:
            same[0].parts.append(one)
        else:
            left_out.add("an administration with a date alone, of a date with two sessions", one.origin)
    for theirs in found.values():
        theirs.sort(key=lambda session: (session.at.day, session.at.timed, session.at.seconds))
    return found


def _one(session: Instant, at: Instant) -> bool:
    """Whether an administration belongs to the session that began then."""
    if session.timed and at.timed:
        return at.seconds - session.seconds <= SESSION_HOURS * _HOUR
    return at.day == session.day


class Readings:
    """Vital signs of an export, in columns until the sessions are known."""

    def __init__(self, names: Sequence[str]) -> None:
        self._people, self._signs, self._values = array("i"), array("b"), array("d")
        self._times: list[str] = []
        self._texts: dict[str, str] = {}
        self.origins = Origins(names)

    def add(self, person: int, sign: str, value: float, time: str, file: int, row: int) -> None:
        """One reading."""
        self._people.append(person)
        self._signs.append(SIGNS.index(sign))
        self._values.append(value)
        # A visit's readings share one text.
        self._times.append(self._texts.setdefault(time, time))
        self.origins.add(file * ROWS + row)

    def give(self, sessions: dict[int, list[Session]], one_of: Sequence[int], clock: Clock, left_out: LeftOut) -> None:
        """Hand each reading to the session that it belongs to."""
        timed = {person: [one for one in theirs if one.at.timed] for person, theirs in sessions.items()}
        starts = {person: [one.at.seconds for one in theirs] for person, theirs in timed.items()}
        elsewhere = 0
        for place, person in enumerate(map(one_of.__getitem__, self._people)):
            at = clock.read(self._times[place]) if person in starts else None
            if at is not None and at.timed and (found := _around(starts[person], at.seconds)) is not None:
                readings = timed[person][found].readings
                readings.setdefault(SIGNS[self._signs[place]], []).append((at.seconds, self._values[place]))
            elif at is not None and any(
                one.at.day == at.day and not (one.at.timed and at.timed) for one in sessions[person]
            ):
                reason = "a vital sign on a session's date, of which no time says before or after"
                left_out.add(reason, self.origins[place])
            else:
                elsewhere += 1
        if elsewhere:
            left_out.add("a vital sign of no session", count=elsewhere, foreign=True)


def _around(starts: Sequence[float], seconds: float) -> int | None:
    """The place of the session in whose hours a time lies: the latest that has begun, else the next one."""
    coming = bisect_left(starts, seconds)
    if coming and seconds - starts[coming - 1] <= AFTER_HOURS * _HOUR:
        return coming - 1
    return coming if coming < len(starts) and starts[coming] - seconds <= BEFORE_HOURS * _HOUR else None


def session_table(
    sessions: dict[int, list[Session]], numbers: Sequence[str], clock: Clock, default_route: str, left_out: LeftOut
) -> tuple[Table, int]:
    """The sessions as a table, and how many of them are of several administrations."""
    columns: dict[str, list[str]] = {name: [] for name in COLUMNS}
    origins: list[Origin] = []
    several = 0
    for person, theirs in sessions.items():
        if not numbers[person]:
            for session in theirs:
                left_out.add("a session of which nothing says whose it is", session.first.origin)
            continue
        for session in theirs:
            several += len(session.parts) > 1
            dose, unit = _dose(session, left_out)
            row = [
                numbers[person], session.first.time, session.drug, _route(session, default_route, left_out),
                dose, unit, _duration(session, clock), *_signs(session),
            ]  # fmt: skip
            for column, cell in zip(columns.values(), row, strict=True):
                column.append(cell)
            origins.append(session.first.origin)
    return Table("FHIR sessions", columns, origins), several


def _dose(session: Session, left_out: LeftOut) -> tuple[str, str]:
    # A Procedure gives no dose; beside an administration it says that the session took place.
    parts = [one for one in session.parts if one.given]
    units = {one.unit for one in parts if one.dose is not None}
    if not units:
        return "", ""
    if len(units) > 1 or any(one.dose is None for one in parts):
        left_out.add("a dose of a session of which a part has no dose or another unit", session.first.origin)
        return "", ""
    return f"{sum(one.dose or 0.0 for one in parts):.10g}", units.pop()


def _route(session: Session, default: str, left_out: LeftOut) -> str:
    routes = {one.route for one in session.parts if one.route}
    routes = routes or {one.drug.route for one in session.parts if one.drug and one.drug.route}
    if len(routes) > 1:
        left_out.add("a route of a session whose parts were given by different ones", session.first.origin)
        return ""
    return routes.pop() if routes else default


def _duration(session: Session, clock: Clock) -> str:
    """Minutes from the first start to the last end; "" where no end is told, or not in the same day."""
    ends = [clock.read(one.end) for one in session.parts if one.end]
    timed = [end.seconds for end in ends if end and end.timed]
    minutes = (max(timed) - session.at.seconds) / 60 if timed and session.at.timed else 0.0
    return f"{minutes:.10g}" if 0 < minutes <= _A_DAY_OF_MINUTES else ""


def _signs(session: Session) -> list[str]:
    before, highest = [], []
    for sign in SIGNS:
        readings = session.readings.get(sign, [])
        earlier = [pair for pair in readings if pair[0] <= session.at.seconds]
        # The last one; of two at one moment the higher.
        before.append(f"{max(earlier)[1]:.10g}" if earlier else "")
        later = [value for seconds, value in readings if seconds > session.at.seconds]
        highest.append(f"{max(later):.10g}" if later else "")
    return [*before, *highest]
