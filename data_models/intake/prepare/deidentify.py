"""From an identified export to session records: codes for record numbers, hours or days for dates.

The one place, for every format, that decides who comes in, gives codes, starts clocks and makes age bands. Times are
subtracted as the clock on the wall showed them, so that a change to summer time moves no day (definitions, section 1).
Safe Harbor: 45 CFR 164.514(b)(2). Nothing is left out without a word: `LeftOut` counts it by reason and names its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.identified_rows import OBSERVED, Rows, weeks_text
from data_models.intake.prepare.moments import Moment, day_order, hours_between, moment_of
from data_models.intake.prepare.people import Known, alike, new_code
from data_models.intake.prepare.placing import SessionsOfOne
from data_models.intake.prepare.source import RECORD_NUMBER, TIME, Choices, Export, LeftOut, Origin
from data_models.intake.readers.problems import Problems

_NO_SESSION: Final = "no session says when this patient's clock starts; add the first session to the export"


@dataclass(slots=True)
class Deidentified:
    """Session records, and what was left out.

    Attributes
    ----------
    tables : the columns of each, of texts, ordered by code: the order of an export may be that of names.
    origins : per table, where in the export each row stands.
    left_out, columns_left_out : what did not come in; columns by file.
    notes : what was chosen where the export can be read in two ways.
    until : the end of observation from which `observed_until_weeks` were worked out; None where they were not.
    """

    tables: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    origins: dict[str, list[Origin]] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)
    columns_left_out: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    until: Moment | None = None


def deidentify(
    export: Export, crosswalk: dict[str, Known], choices: Choices | None = None, as_of: Moment | None = None
) -> Deidentified:
    """Session records of an export.

    Parameters
    ----------
    crosswalk : who is known by their record number; new people who come in are added.
    choices : the clinic's zone and the order of day and month, for the times.
    as_of : until when the records were looked through; None: until the latest entry of anybody in any table. Whole
        weeks from each first session to it become `observed_until_weeks`, unless the export has that column and no
        `as_of` is given.

    Raises
    ------
    CannotRead : `as_of` is given, and the export has days alone.
    RecordsRefused : with every problem found; then `crosswalk` is not to be kept. No message holds a value.
    """
    if as_of and export.days_alone:
        raise CannotRead("--as-of: the export has days since the first session and no dates; leave it out")
    problems = Problems(table.file for table in export.tables.values())
    made = Deidentified(left_out=export.left_out, notes=export.notes)
    made.columns_left_out = {file: list(columns) for file, columns in export.columns_left_out.items()}
    found = {
        name: Rows(name, table, made.left_out, made.columns_left_out, problems) for name, table in export.tables.items()
    }
    problems.refuse_if_any()
    for rows in found.values():
        rows.read_times(choices or Choices())
    earlier = {known.patient_code for known in crosswalk.values() if known.first_session}
    _ask_about_alike(found.values(), crosswalk, problems)
    starts = _start_clocks(found.values(), crosswalk, problems)
    if export.days_alone:
        made.notes.append("the export has days and no dates: until when each patient was observed is not known")
    until = None if export.days_alone else _observed_until(found.values(), as_of, problems)
    problems.refuse_if_any()
    for rows in found.values():
        rows.leave_out(starts)
    if not any(rows.at for rows in found.values()):
        for rows in found.values():
            for at in range(len(rows.table)):
                rows.problem(at, TIME if rows.timed else RECORD_NUMBER, _NO_SESSION)
        problems.refuse_if_any()
    sessions = _sessions(found.values(), starts)
    taken = {known.patient_code for known in crosswalk.values()}
    weeks: dict[str, str] = {}
    for name, rows in found.items():
        for person in dict.fromkeys(rows.people[at] for at in rows.at):
            known = crosswalk[person]
            known.patient_code = known.patient_code or new_code(taken)
            if known.patient_code not in earlier:
                weeks[known.patient_code] = weeks_text(starts[person], until) if until else ""
        theirs = until if rows.of_people and (as_of or OBSERVED not in rows.columns) else None
        made.until = theirs or made.until
        made.tables[name], made.origins[name] = rows.rewritten(crosswalk, starts, sessions, theirs)
    _add_people(made, found, weeks)
    problems.refuse_if_any()
    return made


def _add_people(made: Deidentified, found: Mapping[str, Rows], weeks: Mapping[str, str]) -> None:
    """Give people of whom the export says nothing but their sessions a row among the patients.

    Parameters
    ----------
    weeks : until when each new person was observed, by code; "" where it is not to be said.
    """
    said = {code for name, rows in found.items() if rows.of_people for code in made.tables[name]["patient_code"]}
    new: dict[str, Origin] = {}
    for name, columns in made.tables.items():
        for code, origin in zip(columns["patient_code"], made.origins[name], strict=True):
            if code in weeks and code not in said:
                new.setdefault(code, origin)
    if not new:
        return
    patients = made.tables.setdefault("patients", {"patient_code": []})
    if any(weeks.values()):
        patients.setdefault(OBSERVED, [""] * len(patients["patient_code"]))
    rows: list[tuple[list[str], Origin]] = [
        ([texts[at] for texts in patients.values()], origin)
        for at, origin in enumerate(made.origins.get("patients", []))
    ]
    for code, origin in new.items():
        known = {"patient_code": code, OBSERVED: weeks[code]}
        rows.append(([known.get(column, "") for column in patients], origin))
    code_at = list(patients).index("patient_code")
    rows.sort(key=lambda row: row[0][code_at])
    made.tables["patients"] = {column: [cells[at] for cells, _ in rows] for at, column in enumerate(patients)}
    made.origins["patients"] = [origin for _, origin in rows]
    made.notes.append(f"people of whom no table of patients says anything, in by their sessions: {len(new):,}")


def _ask_about_alike(tables: Iterable[Rows], crosswalk: Mapping[str, Known], problems: Problems) -> None:
    """Refuse record numbers that may be another's: a person counted twice would look like two."""
    first: dict[str, Origin] = {}
    for rows in tables:
        for at in rows.at:
            if rows.people[at] not in first:
                first[rows.people[at]] = rows.table.origins[at]
    for origin, other in alike(((number, where) for number, where in first.items() if number), crosswalk.keys()):
        where = "one of the crosswalk" if other is None else f"that of {other.file}, row {other.row},"
        problems.add(
            origin.file, origin.row, RECORD_NUMBER,
            f"differs from {where} by leading zeros, .0, capitals or spaces alone; write it the same if it is the same "
            "person (or give --same-as), else let them differ otherwise",
        )  # fmt: skip


def _start_clocks(tables: Iterable[Rows], crosswalk: dict[str, Known], problems: Problems) -> dict[str, Moment]:
    """When the first session of each treated person was; one earlier than those of earlier exports is refused.

    People who are new stand in the crosswalk afterwards, without a code yet.
    """
    starts = _firsts_of(crosswalk)
    firsts: dict[int, tuple[Known, Moment]] = {}  # by the person: several record numbers may be one
    for rows in tables:
        for at, person, moment in rows.dated() if rows.of_sessions else ():
            if person not in starts:
                known = crosswalk.setdefault(person, Known(""))
                if id(known) not in firsts or day_order(moment) < day_order(firsts[id(known)][1]):
                    firsts[id(known)] = known, moment
                continue
            # Of a day whose time is not known, any time may be.
            dated = not (starts[person].has_time and moment.has_time)
            if moment.day < starts[person].day if dated else moment.at < starts[person].at:
                rows.problem(
                    at, TIME,
                    "is earlier than the first session of earlier exports, from which the times given out count; "
                    "correct it, or make all records anew with a new crosswalk",
                )  # fmt: skip
    for known, moment in firsts.values():
        known.first_session = str(moment)
    return _firsts_of(crosswalk)


def _firsts_of(crosswalk: Mapping[str, Known]) -> dict[str, Moment]:
    return {person: first for person, known in crosswalk.items() if (first := moment_of(known.first_session))}


def _sessions(tables: Iterable[Rows], starts: Mapping[str, Moment]) -> dict[str, SessionsOfOne]:
    """The sessions of the export with a time, by record number, of people whose first session has one."""
    found: dict[str, set[tuple[datetime, float]]] = {}
    for rows in tables:
        for _, person, moment in rows.dated() if rows.of_sessions else ():
            start = starts[person]
            if moment.has_time and start.has_time:
                found.setdefault(person, set()).add((moment.at, hours_between(start, moment)))
    return {
        person: SessionsOfOne([at.date() for at, _ in sorted(times)], [hours for _, hours in sorted(times)])
        for person, times in found.items()
    }


def _observed_until(tables: Iterable[Rows], as_of: Moment | None, problems: Problems) -> Moment | None:
    """Until when the records were looked through: `as_of`, after which none may lie, or the latest entry."""
    entries = ((rows, *entry) for rows in tables for entry in rows.entries())
    if as_of is None:
        moments = (moment for *_, moment in entries)
        return max(moments, key=lambda moment: (moment.day, not moment.has_time, moment.at), default=None)
    for rows, at, column, moment in entries:
        if moment.after(as_of):
            what = "lies after --as-of, until which the records were looked through"
            rows.problem(at, column, f"{what}; give a later date, or leave the row out")
    return as_of
