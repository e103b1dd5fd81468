"""The records that a clinic's sheets hold, gathered over all of them: who, sessions, scores, side effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from data_models.intake.prepare.moments import Moment
from data_models.intake.prepare.sheet_map import When
from data_models.intake.prepare.source import RECORD_NUMBER, TIME, LeftOut, Origin, Table
from data_models.intake.readers.problems import Problems

NO_SESSION: Final = "a score that follows a session, of a person without one"
_NO_ANCHOR: Final = "no session says when this was; add the session's date, or leave the cell empty"


@dataclass(slots=True)
class Record:
    """One row of the session records to be.

    Attributes
    ----------
    moment : of a session, when it was.
    when, session : of a score whose time follows from a session: how, and which one it is (None: the first of all).
    """

    person: str
    origin: Origin
    cells: dict[str, str]
    moment: Moment | None = None
    when: When | None = None
    session: Record | None = None


@dataclass(slots=True)
class Records:
    """All the records of an export.

    Attributes
    ----------
    starts : when the first session was, of people of whom a column says it.
    dated, relative : where in the map the first column of dates, and of days since the first session, stands; "" for
        none. An export has the one or the other.
    """

    sessions: list[Record] = field(default_factory=list)
    scores: list[Record] = field(default_factory=list)
    side_effects: list[Record] = field(default_factory=list)
    starts: dict[str, Moment] = field(default_factory=dict)
    dated: str = ""
    relative: str = ""
    _people: dict[str, list[Record]] = field(default_factory=dict)

    def add_person(self, person: str, origin: Origin, facts: Mapping[str, str]) -> None:
        """Add what a row says of a person to what is known of them; what does not agree stays a row of its own."""
        known = self._people.setdefault(person, [])
        for one in known:
            if all(not text or one.cells.get(name, "") in ("", text) for name, text in facts.items()):
                one.cells.update((name, text) for name, text in facts.items() if text)
                return
        known.append(Record(person, origin, dict(facts)))

    def place_scores(self, left_out: LeftOut, problems: Problems) -> None:
        """Give the scores that follow a session their times; a referral that was never treated has none."""
        first: dict[str, Moment] = {}
        for one in self.sessions:
            if one.moment and (one.person not in first or first[one.person].after(one.moment)):
                first[one.person] = one.moment
        first |= self.starts
        scores, self.scores = self.scores, []
        for score in scores:
            if score.when is None:
                self.scores.append(score)
                continue
            of_start = score.when.relative == "start"
            anchor = first.get(score.person) if of_start else score.session.moment if score.session else None
            if score.person not in first:
                left_out.add(NO_SESSION, score.origin)
            elif anchor is None:
                problems.add(score.origin.file, score.origin.row, score.origin.column, _NO_ANCHOR)
            else:
                score.cells.update(placed(anchor, score.when))
                self.scores.append(score)

    def tables(self) -> dict[str, Table]:
        """The tables that have any row."""
        made = {
            "patients": [one for facts in self._people.values() for one in facts],
            "sessions": self.sessions,
            "assessments": self.scores,
            "side_effects": self.side_effects,
        }
        return {name: _table(records) for name, records in made.items() if records}


def placed(anchor: Moment, when: When) -> dict[str, str]:
    """Time of a score so long after a session, and its timing, which goes with a date alone.

    As the one-sheet form has it; a day counted from the first session is a date.

    Examples
    --------
    >>> from datetime import datetime
    >>> placed(Moment(datetime(2026, 1, 5, 9), True), When("after", 4))
    {'time': '2026-01-05 13:00:00'}
    >>> placed(Moment(datetime(2026, 1, 5, 9), True), When("start", 28 * 24, by_day=True))
    {'time': '2026-02-02'}
    """
    later = (anchor.day + timedelta(hours=when.hours)).isoformat()
    if when.relative == "start":
        return {TIME: later}
    if when.relative == "before":
        return {TIME: time_text(anchor)} | ({} if anchor.has_time else {"timing": "before"})
    if when.by_day and not when.hours:
        return {TIME: later, "timing": "after"}
    if anchor.has_time:
        return {TIME: time_text(anchor.later(when.hours))}
    return {TIME: later, "timing": "before" if when.by_day else "after"}


def time_text(moment: Moment | None) -> str:
    """A moment as the tables have it: in ISO 8601, a date alone where no time is known."""
    if moment is None:
        return ""
    return moment.at.isoformat(sep=" ") if moment.has_time else moment.day.isoformat()


def _table(records: Sequence[Record]) -> Table:
    names = dict.fromkeys(name for one in records for name in one.cells)
    columns = {RECORD_NUMBER: [one.person for one in records]}
    columns |= {name: [one.cells.get(name, "") for one in records] for name in names}
    origins = [one.origin for one in records]
    return Table(", ".join(dict.fromkeys(one.file for one in origins)), columns, origins)
