"""The sessions of a study: records of EX (exposure) with ketamine or esketamine, those of one session added up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from data_models.intake.prepare.moments import Moment, moment_of
from data_models.intake.prepare.sdtm.datasets import Datasets, Record
from data_models.intake.prepare.sdtm.study_days import StudyClock
from data_models.intake.prepare.sdtm.study_map import StudyMap
from data_models.intake.prepare.sdtm.terms import ROUTES, UNITS, drug_of
from data_models.intake.prepare.source import RECORD_NUMBER, TIME, LeftOut, Origin
from data_models.intake.prepare.table_rows import TableRows, as_text, number_of, written
from data_models.intake.readers.problems import Problems

SUBJECT: Final = "USUBJID"
_SAME_SESSION: Final = timedelta(hours=4)  # as of FHIR
_A_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class Session:
    """One administration: its first record, and what vital signs and side effects add to it."""

    record: Record
    moment: Moment
    drug: str
    route: str = ""
    dose: float | None = None
    unit: str = ""
    minutes: float | None = None
    cells: dict[str, str] = field(default_factory=dict)

    def goes_on_with(self, other: Session) -> bool:
        """Whether a later record belongs to it: the devices of one spray, a second syringe."""
        if (self.drug, self.route, self.unit) != (other.drug, other.route, other.unit):
            return False
        if self.moment.has_time and other.moment.has_time:
            return other.moment.at - self.moment.at <= _SAME_SESSION
        return self.moment.day == other.moment.day

    def row(self, subject: str, asked: str) -> dict[str, str]:
        """Its cells in the table of sessions."""
        return {
            RECORD_NUMBER: subject,
            TIME: written(self.moment),
            "drug": self.drug,
            "route": self.route,
            "dose": "" if self.dose is None else as_text(self.dose),
            "dose_unit": "" if self.dose is None else self.unit,
            "duration_minutes": "" if self.minutes is None else as_text(self.minutes),
            "side_effects_asked": asked,
            **self.cells,
        }


class Administrations:
    """The sessions by subject, in order of time.

    Parameters
    ----------
    exposures : what `exposures` found.
    """

    def __init__(
        self,
        exposures: Sequence[tuple[Record, str]],
        said: StudyMap,
        clock: StudyClock,
        left: LeftOut,
        problems: Problems,
    ) -> None:
        self._said, self._clock, self._left, self._problems = said, clock, left, problems
        self.by_subject: dict[str, list[Session]] = {}
        self.notes: list[str] = []
        made = [self._session(record, drug) for record, drug in exposures]
        added = 0
        for session in sorted(filter(None, made), key=lambda one: one.moment.at):
            theirs = self.by_subject.setdefault(session.record[SUBJECT], [])
            if theirs and theirs[-1].goes_on_with(session):
                added += 1
                last = theirs[-1]
                last.dose = None if last.dose is None or session.dose is None else last.dose + session.dose
            else:
                theirs.append(session)
        if added:
            self.notes.append(
                f"records of EX that go on a session already begun, their doses added to its own: {added:,}"
            )

    def at_reference_start(self, subjects: dict[str, Record], drug: str) -> None:
        """One session a subject on the first study day, of a study without EX."""
        for subject, record in subjects.items():
            moment = self._clock.reference_start(record)
            if moment is not None:
                self.by_subject[subject] = [Session(record, moment, drug)]

    def of_day(self, subject: str, moment: Moment) -> list[Session]:
        """A subject's sessions on a day."""
        return [one for one in self.by_subject.get(subject, ()) if one.moment.day == moment.day]

    def begun(self, subject: str, moment: Moment) -> Session | None:
        """The last session of a day that had begun at a moment of it."""
        return next((one for one in reversed(self.of_day(subject, moment)) if not one.moment.after(moment)), None)

    def timed(self, subject: str) -> bool:
        """Whether the times of all of a subject's sessions are known."""
        return all(one.moment.has_time for one in self.by_subject.get(subject, ()))

    def table(self, file: str) -> TableRows:
        """The table of sessions."""
        rows = TableRows(file)
        for subject, sessions in self.by_subject.items():
            for session in sessions:
                origin = Origin(session.record.file, session.record.number)
                rows.add(origin, session.row(subject, self._said.asked))
        return rows

    def _session(self, record: Record, drug: str) -> Session | None:
        moment = self._clock.moment(record, "EXSTDTC", "EXSTDY")
        if moment is None:
            return None
        route = ROUTES.get(record["EXROUTE"].upper(), "")
        if record["EXROUTE"] and not route:
            self._leave("a route that session records do not have (the session stays)", record, "EXROUTE")
        dose, (unit, factor) = number_of(record["EXDOSE"]), UNITS.get(record["EXDOSU"], ("", 1.0))
        if dose is None and record["EXDOSE"]:
            self._problems.add(record.file, record.number, "EXDOSE", "is no number; correct it or empty it")
        if dose is not None and not unit:
            self._leave("a dose in a unit other than mg or mg/kg (the session stays)", record, "EXDOSU")
        end, minutes = self._clock.end(record, "EXENDTC"), None
        if end and end.has_time and moment.has_time and timedelta(0) < end.at - moment.at <= _A_DAY:
            minutes = (end.at - moment.at).total_seconds() / 60
        return Session(record, moment, drug, route, dose * factor if dose and unit else None, unit, minutes)

    def _leave(self, reason: str, record: Record, column: str) -> None:
        self._left.add(reason, Origin(record.file, record.number, column))


def exposures(datasets: Datasets, said: StudyMap, left: LeftOut) -> Iterator[tuple[Record, str]]:
    """Each record of EX that is a session, or a part of one, with its drug; what is none is left out and counted."""
    for record in datasets.records("EX"):
        mapped = said.treatments.get(record["EXTRT"].upper())
        drug = drug_of(record["EXTRT"]) if mapped is None else mapped
        origin = Origin(record.file, record.number)
        if record["EXOCCUR"] == "N" or record["EXSTAT"] == "NOT DONE":
            left.add("a dose that was not given", origin, foreign=True)
        elif not drug:
            left.add("a treatment that is neither ketamine nor esketamine", origin, foreign=True)
        elif number_of(record["EXDOSE"]) == 0:
            left.add("a dose of 0", origin)
        elif _over_days(record["EXSTDTC"], record["EXENDTC"]):
            left.add("an exposure over several days, which does not tell its sessions", origin)
        else:
            yield record, drug


def _over_days(start: str, end: str) -> bool:
    """Whether an exposure ends on a later day, and more than a day after it began."""
    begun, ended = moment_of(start[:10]), moment_of(end[:10])
    if not begun or not ended or ended.day <= begun.day:
        return False
    try:
        times = datetime.fromisoformat(start), datetime.fromisoformat(end)
    except ValueError:
        return True
    return len(start) == 10 or (times[1] - times[0]) > _A_DAY
