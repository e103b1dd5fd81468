"""The one-sheet form: a row a session with its patient, scores and side effects; split into the tables."""

from __future__ import annotations

import numpy as np

from data_models.definitions import vocabulary
from data_models.definitions.instruments import INSTRUMENTS, ITEM9_MAXIMUM
from data_models.intake.contract import (
    AT_HOURS,
    BATCH_COLUMNS,
    DAY_AFTER,
    DAY_BEFORE,
    HOURS_A_DAY,
    ONE_SHEET_FIELDS,
    Field,
)
from data_models.intake.readers.checked_table import CheckedTable
from data_models.intake.readers.columns import MISSING, Coded, Converter, Numbers
from data_models.intake.readers.file_context import FileContext
from data_models.intake.readers.header import score_column, total_beside
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import RawTable
from data_models.intake.readers.tables import not_whole, patients, sessions


def split_sheet(raw: RawTable, problems: Problems, context: FileContext) -> dict[str, CheckedTable]:
    """The four tables of a one-sheet file or of a block of it, checked; each record carries the sheet's row.

    `context` is what is known of the file; what this block tells is added.
    """
    converter = Converter(raw, problems, context)
    of_patients = patients(converter)
    code = of_patients["patient_code"]
    assert isinstance(code, Coded)
    of_sessions = sessions(converter, code)
    hours, day_only = of_sessions["hours"], of_sessions["day_only"]
    assert not isinstance(hours, Coded)
    assert not isinstance(day_only, Coded)
    rows = raw.row_numbers(np.arange(raw.length))
    terms = converter.several(ONE_SHEET_FIELDS[-1])
    asked = of_sessions["side_effects_asked"]
    assert not isinstance(asked, Coded)
    converter.note(
        ~terms.missing & (asked == 0),
        "side_effects_asked",
        "side effects are given though side_effects_asked is no; correct one of them",
    )
    of_sessions["side_effects_asked"] = np.where(terms.missing, asked, 1.0)
    # Own copies: repeats of a patient are filled in from one another.
    of_patients = {
        k: Coded(v.codes.copy(), v.values) if isinstance(v, Coded) else v.copy() for k, v in of_patients.items()
    }

    def table(name: str, columns: dict[str, Coded | Numbers]) -> CheckedTable:
        return CheckedTable(name, raw.file, {c: columns[c] for c in BATCH_COLUMNS[name]}, rows)

    return {
        "patients": table("patients", of_patients),
        "sessions": table("sessions", of_sessions),
        "assessments": _scores(converter, code, hours, day_only == 1),
        "side_effects": _side_effects(raw, rows, code, hours, day_only, terms),
    }


def _scores(converter: Converter, code: Coded, hours: Numbers, day_only: np.ndarray) -> CheckedTable:
    """A record per filled score cell.

    "Before" is at the session's start. "After N" is N hours or days later: where only the session's
    day is known, N days later is that day, N hours later counts from the day's start, and 0 days
    later is the session's day after the session.
    """
    raw = converter.raw
    names = [name for name in raw.columns if score_column(name) and not total_beside(name)]
    beside = {total_beside(name): name for name in raw.columns}
    place, at, score, item9, when, precision, instrument = [], [], [], [], [], [], []
    scales = list(INSTRUMENTS)
    for number, name in enumerate(names):
        scale_code, unit, count = score_column(name) or ("", "", 0)
        scale = INSTRUMENTS[scale_code]
        values = converter.number(Field(name, "number", low=scale.minimum, high=scale.maximum, unit="points"))
        if scale.whole:
            fraction = values % 1 > 0
            converter.note(fraction, name, not_whole(scale))
            values = np.where(fraction, np.nan, values)
        filled = np.flatnonzero(~np.isnan(values))
        item9.append(_item9(converter, beside.get(name), values)[filled])
        at.append(filled)
        score.append(values[filled])
        place.append(np.full(len(filled), number, np.int32))
        instrument.append(np.full(len(filled), scales.index(scale_code), np.int32))
        start, by_day = hours[filled], day_only[filled]
        if unit == "d" and count == 0:
            when.append(HOURS_A_DAY * np.floor(start / HOURS_A_DAY))
            precision.append(np.full(len(filled), DAY_AFTER))
        else:
            when.append(start + count * (HOURS_A_DAY if unit == "d" else 1.0))
            precision.append(np.where(by_day & (unit != "h"), DAY_BEFORE, AT_HOURS))

    def joined(parts: list[np.ndarray], kind: type) -> np.ndarray:
        return np.concatenate(parts).astype(kind) if parts else np.zeros(0, kind)

    index = joined(at, np.int64)
    columns: dict[str, Coded | Numbers] = {
        "patient_code": Coded(code.codes[index], code.values),
        "instrument": Coded(joined(instrument, np.int32), scales),
        "hours": joined(when, np.float64),
        "precision": joined(precision, np.float64),
        "score": joined(score, np.float64),
        "item9": joined(item9, np.float64),
    }
    return CheckedTable("assessments", raw.file, columns, raw.row_numbers(index), names, joined(place, np.int32))


def _item9(converter: Converter, name: str | None, totals: Numbers) -> Numbers:
    """Item 9 beside each total; `name`: its column, None where there is none."""
    if name is None:
        return converter.absent()
    values = converter.number(Field(name, "whole", low=0, high=ITEM9_MAXIMUM, unit="points"))
    known = ~np.isnan(values)
    converter.note(known & np.isnan(totals), name, "item 9 is given without its total; give both or neither")
    converter.note(known & (values > totals), name, "item 9 is above the total that it is part of; correct one of them")
    return values


def _side_effects(
    raw: RawTable, rows: np.ndarray, code: Coded, hours: Numbers, day_only: Numbers, terms: Coded
) -> CheckedTable:
    """A record per term named in a row."""
    index, term = [], []
    for number, name in enumerate(vocabulary.SIDE_EFFECTS):
        named = np.array([*(f";{name};" in value for value in terms.values), False])
        found = np.flatnonzero(named[terms.codes])
        index.append(found)
        term.append(np.full(len(found), number, np.int32))
    at = np.concatenate(index)
    nothing = np.full(len(at), np.nan)
    columns: dict[str, Coded | Numbers] = {
        "patient_code": Coded(code.codes[at], code.values),
        "hours": hours[at],
        "term": Coded(np.concatenate(term), list(vocabulary.SIDE_EFFECTS)),
        "onset_minutes": np.full(len(at), -1.0),
        "severity": Coded(np.full(len(at), MISSING, np.int32), []),
        "resolved_minutes": nothing,
        "last_observed_minutes": nothing.copy(),
        "serious": nothing.copy(),
        "day_only": day_only[at],
    }
    return CheckedTable("side_effects", raw.file, columns, rows[at])
