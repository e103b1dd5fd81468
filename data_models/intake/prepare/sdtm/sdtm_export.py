"""SDTM datasets become identified tables: EX sessions, QS scores, VS before and highest, AE on a session's date."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.moments import Moment
from data_models.intake.prepare.sdtm.administrations import SUBJECT, Administrations, Session, exposures
from data_models.intake.prepare.sdtm.datasets import Datasets, Record, read_datasets, surely_holds
from data_models.intake.prepare.sdtm.scale_results import add_scores, results
from data_models.intake.prepare.sdtm.study_days import StudyClock
from data_models.intake.prepare.sdtm.study_map import StudyMap, study_map
from data_models.intake.prepare.sdtm.study_proposal import READ, propose
from data_models.intake.prepare.sdtm.terms import SEVERITIES, SEXES, VITALS, is_cadss_total, side_of, term_of
from data_models.intake.prepare.source import (
    BIRTH_DATE,
    RECORD_NUMBER,
    TIME,
    Choices,
    Export,
    Origin,
    Suggestion,
)
from data_models.intake.prepare.table_rows import Scores, TableRows, as_text, number_of, written
from data_models.intake.readers.problems import Problems

_SCREEN_FAILURES: Final = ("SCRNFAIL", "SCREEN FAILURE", "SCREENING FAILURE")
_LONGEST_MINUTES: Final = 43_200


class SdtmExport:
    """The reader of SDTM datasets."""

    key = "sdtm"
    name = "a set of SDTM datasets"

    def recognises(self, path: Path) -> bool:
        """By USUBJID among the variables of a dataset."""
        return surely_holds(path)

    def read(self, path: Path, choices: Choices, problems: Problems) -> Export:
        """The tables of a study."""
        export = _Reading(read_datasets(path, problems), study_map(choices), choices, problems).export()
        if not export.tables and not problems:
            raise CannotRead(f"{path.name}: no person, session or score is among its datasets; add DM, EX and QS")
        return export

    def suggest(self, path: Path, choices: Choices) -> Suggestion:
        """A map: which treatments are ketamine, and what is the same for all."""
        return propose(read_datasets(path))


class _Reading:
    """One study being read."""

    def __init__(self, datasets: Datasets, said: StudyMap, choices: Choices, problems: Problems) -> None:
        self._datasets, self._said, self._problems = datasets, said, problems
        self._export = Export({})
        left = self._export.left_out
        self._failed = {record[SUBJECT] for record in datasets.records("DM") if _failed_screening(record)}
        given = list(exposures(datasets, said, left))
        found = list(results(datasets, said, left))
        self._results = [result for result in found if result.record[SUBJECT] not in self._failed]
        for result in found:
            if result.record[SUBJECT] in self._failed:
                self._leave("a result of a screening failure", result.record)
        timed = [("EXSTDTC", "EXSTDY", record) for record, _ in given]
        timed += [(f"{one.domain}DTC", f"{one.domain}DY", one.record) for one in self._results]
        self._clock = StudyClock(choices, problems, timed)
        self._sessions = Administrations(given, said, self._clock, left, problems)
        if said.at_reference_start and not datasets.of("EX"):
            people = [record for record in datasets.records("DM") if record[SUBJECT] not in self._failed]
            subjects: dict[str, Record] = {}
            for record in people or [one.record for one in self._results]:
                subjects.setdefault(record[SUBJECT], record)
            self._sessions.at_reference_start(subjects, said.at_reference_start)

    def export(self) -> Export:
        """All tables, and what was left out."""
        assessments = TableRows(self._datasets.file("QS"))
        scores = Scores(assessments, self._export.left_out, self._problems, published=self._said.published)
        add_scores(self._results, self._clock, self._sessions, scores, self._problems)
        scores.tell(self._export)
        effects = self._side_effects()
        self._vital_signs()
        self._dissociation()
        tables = {
            "patients": self._patients(),
            "sessions": self._sessions.table(self._datasets.file("EX")),
            "assessments": assessments,
            "side_effects": effects,
        }
        self._export.tables = {name: rows.table() for name, rows in tables.items() if len(rows)}
        for dataset in self._datasets.all:
            unused = [name for name in dataset.variables if name not in READ and name[2:] not in READ]
            if unused:
                self._export.columns_left_out[dataset.file] = unused
        for file in self._datasets.others:
            self._export.left_out.add("a dataset of another domain", Origin(file, 1), foreign=True)
        self._export.days_alone = self._clock.days_alone
        self._export.notes += [*self._clock.notes, *self._sessions.notes]
        return self._export

    def _leave(self, reason: str, record: Record, column: str | None = None, *, foreign: bool = False) -> None:
        self._export.left_out.add(reason, Origin(record.file, record.number, column), foreign=foreign)

    def _patients(self) -> TableRows:
        rows = TableRows(self._datasets.file("DM"))
        for record in self._datasets.records("DM"):
            if record[SUBJECT] in self._failed:
                self._leave("a screening failure", record)
            else:
                rows.add(Origin(record.file, record.number), self._person(record))
        return rows

    def _person(self, record: Record) -> dict[str, str]:
        sex = SEXES.get(record["SEX"].upper(), "")
        if record["SEX"] and not sex:
            self._problems.add(record.file, record.number, "SEX", f"is none of {', '.join(SEXES)}; correct it")
        age = record["AGE"]
        if age and record["AGEU"].upper() not in ("", "YEARS"):
            self._problems.add(record.file, record.number, "AGEU", "is not YEARS; give the age in years")
        cells = {RECORD_NUMBER: record[SUBJECT], "clinic": self._said.clinic or record["SITEID"], "sex": sex}
        if not age and len(record["BRTHDTC"]) >= len("2000-01-31") and not self._clock.days_alone:
            cells[BIRTH_DATE] = record["BRTHDTC"][: len("2000-01-31")]
        return {**cells, "age": age, "diagnosis": self._said.diagnosis}

    def _vital_signs(self) -> None:
        for record in self._datasets.records("VS"):
            vital = VITALS.get(record["VSTESTCD"].upper())
            value = record["VSSTRESN"] or record["VSSTRESC"] or record["VSORRES"]
            if vital is None or not value or record["VSSTAT"].upper() == "NOT DONE":
                continue
            moment = self._clock.moment(record, "VSDTC", "VSDY", needed=False)
            theirs = self._sessions.of_day(record[SUBJECT], moment) if moment else []
            if moment is None or not theirs:
                self._leave("a vital sign on a day without a session", record, foreign=True)
                continue
            side = side_of(record["VSTPT"])
            session = self._sessions.begun(record[SUBJECT], moment) or theirs[0]
            if side == "before" and moment.has_time:
                # of two sessions a day, the next one's
                session = next((one for one in theirs if one.moment.has_time and one.moment.at >= moment.at), session)
            if not side and moment.has_time and session.moment.has_time:
                side = "after" if moment.after(session.moment) else "before"
            if side:
                _add_vital(session, vital, side, value)
            else:
                self._leave("a vital sign of which nothing says whether it was before the dose", record, "VSTPT")

    def _dissociation(self) -> None:
        """The highest CADSS total of each session."""
        for domain in ("QS", "RS", "FT"):
            for record in self._datasets.records(domain):
                value = record[f"{domain}STRESN"] or record[f"{domain}ORRES"]
                if not value or not is_cadss_total(record[f"{domain}CAT"], record[f"{domain}TEST"]):
                    continue
                moment = self._clock.moment(record, f"{domain}DTC", f"{domain}DY", needed=False)
                theirs = self._sessions.of_day(record[SUBJECT], moment) if moment else []
                if moment is None or not theirs:
                    self._leave("a CADSS on a day without a session", record, foreign=True)
                    continue
                session = self._sessions.begun(record[SUBJECT], moment) or theirs[0]
                _keep_highest(session, "cadss_highest", value)

    def _side_effects(self) -> TableRows:
        rows = TableRows(self._datasets.file("AE"))
        for record in self._datasets.records("AE"):
            if record["AEOCCUR"] == "N":
                self._leave("an adverse event that did not occur", record, foreign=True)
                continue
            moment = self._clock.moment(record, "AESTDTC", "AESTDY", needed=False)
            session = self._sessions.begun(record[SUBJECT], moment) if moment else None
            if moment is None or session is None:
                self._leave("an adverse event on no session's date", record, foreign=True)
                continue
            name = record["AEDECOD"] or record["AETERM"]
            term = self._said.terms.get(name.upper()) or term_of(name)
            cells = {RECORD_NUMBER: record[SUBJECT], TIME: written(session.moment), "term": term}
            cells["severity"] = SEVERITIES.get((record["AESEV"] or record["AETOXGR"]).upper(), "")
            cells["serious"] = {"Y": "yes", "N": "no"}.get(record["AESER"].upper(), "")
            cells |= _minutes(session.moment, moment, self._clock.end(record, "AEENDTC"))
            session.cells["side_effects_asked"] = "yes"
            rows.add(Origin(record.file, record.number), cells)
        return rows


def _failed_screening(record: Record) -> bool:
    return any(record[name].upper() in _SCREEN_FAILURES for name in ("ARMCD", "ARM", "ACTARMCD", "ACTARM", "ARMNRS"))


def _add_vital(session: Session, vital: str, side: str, value: str) -> None:
    """The last value before the dose, the highest after it."""
    if side == "before":
        session.cells[f"{vital}_before"] = value
    else:
        _keep_highest(session, f"{vital}_highest", value)


def _keep_highest(session: Session, column: str, value: str) -> None:
    known, number = number_of(session.cells.get(column, "")), number_of(value)
    if known is None or number is None or number > known:
        session.cells[column] = value


def _minutes(start: Moment, onset: Moment, end: Moment | None) -> dict[str, str]:
    """Onset and resolution in minutes from the session's start, as far as all have a time."""
    cells = {}
    for column, moment in (("onset_minutes", onset), ("resolved_minutes", end)):
        if moment and moment.has_time and start.has_time:
            minutes = (moment.at - start.at).total_seconds() / 60
            if 0 <= minutes <= _LONGEST_MINUTES:
                cells[column] = as_text(minutes)
    return cells
