"""A REDCap export becomes identified tables: sessions and scores by the map's events, patients from all their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.moments import Moment, moment_of
from data_models.intake.prepare.redcap.cells import Cells, check_columns
from data_models.intake.prepare.redcap.event_map import (
    Cell,
    EffectMap,
    RedcapMap,
    ScoreMap,
    SessionMap,
    When,
    redcap_map,
)
from data_models.intake.prepare.redcap.project import (
    GROUP,
    Project,
    RedcapRow,
    looks_like_data,
    looks_like_dictionary,
    read_project,
)
from data_models.intake.prepare.redcap.proposal import propose
from data_models.intake.prepare.source import (
    BIRTH_DATE,
    RECORD_NUMBER,
    TIME,
    Choices,
    Export,
    Origin,
    Suggestion,
    date_of_day,
)
from data_models.intake.prepare.table_rows import Scores, TableRows, as_text, with_timing, written
from data_models.intake.prepare.text_rows import header_of
from data_models.intake.readers.problems import Problems

_HOURS_A_DAY = 24
_BEFORE = When("before")
_FIRST_LOOK = 5_000
_NO_SESSION = "an entry whose session is not in the export"


class RedcapExport:
    """The reader of REDCap exports."""

    key = "redcap"
    name = "a REDCap export"

    def recognises(self, path: Path) -> bool:
        """By the first row of a CSV file, or of a folder's files."""
        try:
            files = sorted(path.glob("*.csv")) if path.is_dir() else [path] if path.suffix.lower() == ".csv" else []
        except OSError:
            return False
        return any(looks_like_data(header) or looks_like_dictionary(header) for header in map(header_of, files))

    def read(self, path: Path, choices: Choices, problems: Problems) -> Export:
        """The tables of an export."""
        if not choices.map:
            raise CannotRead(f"{path.name} is a REDCap export and needs a map; --suggest proposes one to correct")
        said = redcap_map(choices)
        project = read_project(path, said.record, problems=problems)
        check_columns(said, project, choices.map_file)
        return _Reading(project, said, choices, problems).export()

    def suggest(self, path: Path, choices: Choices) -> Suggestion:
        """A map from the dictionary, the names of columns and the events."""
        own = choices.map.get("redcap", {})
        return propose(read_project(path, own.get("record") if isinstance(own, Mapping) else None, _FIRST_LOOK))


@dataclass(slots=True)
class _Session:
    """One session, as far as other rows need it."""

    row: RedcapRow
    moment: Moment | None
    name: str = ""


@dataclass(slots=True)
class _Person:
    """What all rows of one record say."""

    sessions: list[_Session] = field(default_factory=list)
    facts: dict[str, tuple[str, RedcapRow]] = field(default_factory=dict)


class _Reading:
    """One export being read."""

    def __init__(self, project: Project, said: RedcapMap, choices: Choices, problems: Problems) -> None:
        self._project, self._said, self._problems = project, said, problems
        self._export = Export({}, days_alone=said.days_alone)
        first = next(iter(project.columns))
        self._tables = {name: TableRows(first) for name in ("patients", "sessions", "assessments", "side_effects")}
        self._scores = Scores(self._tables["assessments"], self._export.left_out, problems, published=said.published)
        self._people: dict[str, _Person] = {}
        self._order = {name: place for place, name in enumerate(said.events)}
        self._rows = list(self._filled())
        self._cells = Cells(project, said, self._rows, choices, problems)

    def export(self) -> Export:
        """All tables, and what was left out."""
        for row in self._rows:
            self._note_person(row)
        for row in self._rows:
            for session in self._said.sessions:
                self._note_session(row, session)
        for row in self._rows:
            for score in self._said.scores:
                self._note_score(row, score)
            for effect in self._said.effects:
                self._note_effects(row, effect)
        for record, person in self._people.items():
            self._add_patient(record, person)
        used = {column for _, column in self._said.columns()} | {self._project.record, GROUP}
        used |= {column for _, cell in self._said.times() for column in cell.columns}
        for file, columns in self._project.columns.items():
            unused = [name for name in columns if name not in used and not name.startswith("redcap_")]
            if unused:
                self._export.columns_left_out[file] = unused
        for file in self._project.others:
            self._export.left_out.add("a file without the project's record number", Origin(file, 1), foreign=True)
        for file in self._project.repeats:
            self._export.left_out.add("a file with the same data as another", Origin(file, 1), foreign=True)
        self._scores.tell(self._export)
        self._export.notes += self._cells.notes
        self._export.tables = {name: rows.table() for name, rows in self._tables.items() if len(rows)}
        return self._export

    # Which rows there are

    def _filled(self) -> Iterator[RedcapRow]:
        for row in self._project.rows:
            origin = Origin(row.file, row.number)
            when = self._said.events.get(row.event)
            if self._project.says_nothing(row):
                self._export.left_out.add("an event or form without any entry", origin, foreign=True)
            elif not row.record:
                self._problems.add(row.file, row.number, self._project.record, "is missing; say whose row this is")
            elif when and when.kind == "out":
                self._export.left_out.add("an event that the map leaves out", origin, foreign=True)
            else:
                yield row

    def _when(self, row: RedcapRow) -> When:
        return self._said.events.get(row.event, When("dated"))

    # People

    def _note_person(self, row: RedcapRow) -> None:
        person = self._people.setdefault(row.record, _Person())
        facts = {name: self._cells.value(row, cell) for name, cell in self._said.patients.items() if name != BIRTH_DATE}
        born = self._cells.moment(row, self._said.patients.get(BIRTH_DATE))
        facts[BIRTH_DATE] = born.day.isoformat() if born else ""
        if "clinic" not in self._said.patients:
            facts["clinic"] = "_".join(row.cell(GROUP).lower().split())
        for name, value in facts.items():
            known, first = person.facts.get(name, ("", row))
            if value and known and value != known:
                said = self._said.patients.get(name)
                reason = f"differs from row {first.number} of the same person; correct one of them"
                self._problems.add(row.file, row.number, said.column if said else GROUP, reason)
            elif value and not known:
                person.facts[name] = value, row

    def _add_patient(self, record: str, person: _Person) -> None:
        first = next((row for _, row in person.facts.values()), None) or next(
            row for row in self._rows if row.record == record
        )
        cells = {name: value for name, (value, _) in person.facts.items()}
        self._tables["patients"].add(Origin(first.file, first.number), {RECORD_NUMBER: record, **cells})

    # Sessions

    def _is_session(self, row: RedcapRow, session: SessionMap) -> bool:
        if self._project.events and self._when(row).kind != "session":
            return False
        if not session.columns:
            return bool(self._project.events) and not row.instrument
        texts = ((column, self._cells.text(row, column)) for column in session.columns)
        return any(text and not ("___" in column and text == "0") for column, text in texts)

    def _note_session(self, row: RedcapRow, session: SessionMap) -> None:
        if not self._is_session(row, session):
            return
        cell = session.cells.get(TIME)
        if cell is None:
            moment = moment_of(date_of_day(int(self._when(row).number or 0)))
        else:
            moment = self._cells.moment(row, cell)
            if moment is None and not self._cells.time_text(row, cell):
                reason = "is missing; a session needs its date"
                self._problems.add(row.file, row.number, cell.column, reason)
        cells = {RECORD_NUMBER: row.record, TIME: written(moment)}
        cells |= {name: self._cells.value(row, one) for name, one in session.cells.items() if name != TIME}
        if self._was_asked(row, session):
            cells.setdefault("side_effects_asked", "yes")
        self._tables["sessions"].add(Origin(row.file, row.number), cells)
        self._people[row.record].sessions.append(_Session(row, moment, session.name))

    def _was_asked(self, row: RedcapRow, session: SessionMap) -> bool:
        theirs = (effect for effect in self._said.effects if effect.session == session.name)
        boxes = (box for effect in theirs for box in (*effect.boxes.values(), effect.none) if box)
        return any(self._cells.text(row, box) == "1" for box in boxes)

    def _session_of(self, row: RedcapRow, when: When, column: str) -> _Session | None:
        """The session that a row goes with; None, and said, where there is none or it cannot be told."""
        theirs = self._people[row.record].sessions
        of_event = [session for session in theirs if session.row is row and when.of in (None, session.name)]
        if not of_event:
            event = when.of or self._nearest(row, when)
            of_event = [session for session in theirs if event in (session.row.event, session.name or None)]
        if len(of_event) > 1:
            of_event = [session for session in of_event if session.row.instance == row.instance] or of_event
        if len(of_event) == 1:
            return of_event[0]
        origin = Origin(row.file, row.number, column)
        if not of_event:
            self._export.left_out.add(_NO_SESSION, origin)
        else:
            reason = "has no date, and there are several sessions that it may go with; name the column of its date, or "
            reason += "the session, in the map"
            self._problems.add(row.file, row.number, column, reason)
        return None

    def _nearest(self, row: RedcapRow, when: When) -> str:
        """The event of the last session before the row's event in the map's order; of the next one, for `before`."""
        if self._when(row).kind == "session" or row.event not in self._order:
            return row.event
        place = self._order[row.event]
        arm = row.event.rpartition("_arm_")[2]
        events = [
            name
            for name, one in self._said.events.items()
            if one.kind == "session" and name.rpartition("_arm_")[2] == arm
        ]
        if when.kind == "before":
            return next((name for name in events if self._order[name] > place), "")
        return next((name for name in reversed(events) if self._order[name] < place), "")

    # Scores and side effects

    def _note_score(self, row: RedcapRow, score: ScoreMap) -> None:
        total = self._cells.value(row, score.total) if score.total else ""
        items = [self._cells.points(row, column, score.points) for column in score.items]
        if not total and all(points is None for points in items):
            return
        named = score.total.column if score.total else "", score.items
        column = named[0] or score.items[0]
        placed = self._place(row, score.when, score.time, column)
        if placed is None:
            return
        cells = {RECORD_NUMBER: row.record, TIME: placed[0], "timing": placed[1]}
        if score.item9:
            cells["item9"] = self._cells.value(row, score.item9)
        self._scores.add(Origin(row.file, row.number, column), score.instrument, total, items, cells, named)

    def _place(self, row: RedcapRow, when: When | None, cell: Cell | None, column: str) -> tuple[str, str] | None:
        """Time and timing of an entry; None, and said, where it has none."""
        event = self._when(row)
        when = when or (_BEFORE if event.kind == "session" else event)
        timing = when.kind if when.kind in ("before", "after") else ""
        moment = self._cells.moment(row, cell)
        timed = all(one.moment is None or one.moment.has_time for one in self._people[row.record].sessions)
        if moment is not None:
            return with_timing(moment, timing, timed=timed)
        if cell and self._cells.time_text(row, cell):
            return None  # noted where it was read
        if when.kind == "day":
            return self._on_day(row, int(when.number or 0), column)
        if when.kind == "dated" and not any(one.row is row for one in self._people[row.record].sessions):
            reason = "has no date; name its column in the map, or say when it was taken"
            self._problems.add(row.file, row.number, cell.column if cell else column, reason)
            return None
        session = self._session_of(row, when, column)
        if session is None or session.moment is None:
            return None
        if when.kind != "after":
            return with_timing(session.moment, "before", timed=timed)
        hours = when.number or 0
        if session.moment.has_time and hours:
            return written(session.moment.later(hours)), ""
        later = session.moment.day + timedelta(days=hours // _HOURS_A_DAY)
        return later.isoformat(), "after"

    def _on_day(self, row: RedcapRow, day: int, column: str) -> tuple[str, str] | None:
        if self._said.days_alone:
            return date_of_day(day), ""
        starts = [session.moment.day for session in self._people[row.record].sessions if session.moment]
        if not starts:
            self._export.left_out.add(_NO_SESSION, Origin(row.file, row.number, column))
            return None
        return (min(starts) + timedelta(days=day)).isoformat(), ""

    def _note_effects(self, row: RedcapRow, effect: EffectMap) -> None:
        if effect.boxes:
            terms = [term for term, box in effect.boxes.items() if self._cells.text(row, box) == "1"]
        else:
            terms = list(filter(None, (self._cells.value(row, effect.cells["term"]),)))
        if not terms:
            return
        column = effect.columns[0]
        session, onset = self._session_of_effect(row, effect.cells.get(TIME), effect.session, column)
        if session is None:
            return
        rest = {name: self._cells.value(row, cell) for name, cell in effect.cells.items() if name not in (TIME, "term")}
        if onset and "onset_minutes" not in rest:
            rest["onset_minutes"] = onset
        for term in terms:
            cells = {RECORD_NUMBER: row.record, TIME: written(session.moment), "term": term, **rest}
            self._tables["side_effects"].add(Origin(row.file, row.number, column), cells)

    def _session_of_effect(
        self, row: RedcapRow, cell: Cell | None, named: str, column: str
    ) -> tuple[_Session | None, str]:
        """The session of a side effect, and minutes from its start where both have a time."""
        moment = self._cells.moment(row, cell)
        if moment is None:
            read = cell is not None and self._cells.time_text(row, cell)
            return (None, "") if read else (self._session_of(row, When("after", of=named or None), column), "")
        theirs = [one for one in self._people[row.record].sessions if one.moment and one.moment.day == moment.day]
        begun = [one for one in theirs if one.moment and not one.moment.after(moment)]
        if not begun:
            what = "a side effect on a day without a session before it"
            self._export.left_out.add(what, Origin(row.file, row.number, column))
            return None, ""
        session = begun[-1]
        if session.moment and session.moment.has_time and moment.has_time:
            return session, as_text((moment.at - session.moment.at).total_seconds() / 60)
        return session, ""
