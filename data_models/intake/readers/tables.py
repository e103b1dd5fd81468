"""The four tables of the session records: cells converted, rows consistent, times on one clock."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from data_models.definitions import vocabulary
from data_models.definitions.instruments import INSTRUMENTS, Instrument
from data_models.intake.contract import (
    ASSESSMENTS,
    AT_HOURS,
    BATCH_COLUMNS,
    DAY_AFTER,
    DAY_BEFORE,
    DOSE_RANGES,
    HOURS_A_DAY,
    PATIENTS,
    SESSIONS,
    SIDE_EFFECTS,
    Field,
)
from data_models.intake.deidentification.clock_dates import EPOCH, SPELLED, since_1970, spells_a_date
from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.readers.checked_table import CheckedTable
from data_models.intake.readers.columns import MISSING, Coded, Converter, Numbers
from data_models.intake.readers.file_context import FileContext
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import RawTable


def checked_table(raw: RawTable, name: str, problems: Problems, context: FileContext) -> CheckedTable:
    """One table of a folder or workbook, or a block of it, checked.

    Parameters
    ----------
    context : what is known of the file and of those before it; what this block tells is added.
    """
    converter = Converter(raw, problems, context)
    read = {"patients": patients, "sessions": sessions, "assessments": assessments, "side_effects": side_effects}[name]
    columns = read(converter)
    names = [*BATCH_COLUMNS[name], *(["day_only"] if name == "side_effects" else [])]
    rows = raw.row_numbers(np.arange(raw.length))
    return CheckedTable(name, raw.file, {column: columns[column] for column in names}, rows)


def by_kind(converter: Converter, fields: tuple[Field, ...]) -> dict[str, Coded | Numbers]:
    """Each column converted as its field says."""
    columns: dict[str, Coded | Numbers] = {}
    for field in fields:
        match field.kind:
            case "patient_code":
                columns[field.name] = converter.patient_code(field)
            case "word":
                columns[field.name] = converter.word(field)
            case "choice":
                columns[field.name] = converter.choice(field)
            case "choices":
                columns[field.name] = converter.several(field)
            case "flag":
                columns[field.name] = converter.flag(field)
            case _:
                columns[field.name] = converter.number(field)
    return columns


def patients(converter: Converter) -> dict[str, Coded | Numbers]:
    """Patients, `age` turned into its band."""
    columns = by_kind(converter, PATIENTS)
    columns["age_band"] = _age_band(converter, columns)
    return columns


def _age_band(converter: Converter, columns: dict[str, Coded | Numbers]) -> Coded:
    age, band = columns.pop("age"), columns["age_band"]
    assert isinstance(band, Coded)
    assert not isinstance(age, Coded)
    known = np.flatnonzero(~np.isnan(age))
    if len(known) == 0:
        return band
    bands = vocabulary.AGE_BANDS
    place = {value: bands.index(value) if value in bands else MISSING for value in band.values}
    given = np.array([*(place[value] for value in band.values), MISSING], dtype=np.int32)[band.codes]
    of_age = np.full(len(age), MISSING, np.int32)
    of_age[known] = [bands.index(vocabulary.age_band(int(years))) for years in age[known]]
    both = (given != MISSING) & (of_age != MISSING)
    converter.note(both & (given != of_age), "age_band", "age and age_band do not agree; correct one or give only one")
    return Coded(np.where(given == MISSING, of_age, given).astype(np.int32), list(bands))


def clock(
    converter: Converter, columns: dict[str, Coded | Numbers], stem: str
) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """Hours of each row, and whether only the day was given. Takes `hours` and `day` out of the columns."""
    hours, day = columns.pop("hours"), columns.pop("day")
    assert not isinstance(hours, Coded)
    assert not isinstance(day, Coded)
    has_hours, has_day = ~_empty(converter, "hours"), ~_empty(converter, "day")
    converter.note(has_hours & has_day, "day", "hours and day are both given; give one of them")
    converter.note(~has_hours & ~has_day, "hours", f"neither hours nor day is given; when was the {stem}?")
    times = np.where(has_day, HOURS_A_DAY * day, hours)
    for name, given in (("hours", has_hours), ("day", has_day)):
        epoch = given & since_1970(times)
        converter.note(epoch, name, EPOCH)
        if name == "hours":
            converter.note(given & ~epoch & spells_a_date(times), name, SPELLED)
    return times, has_day & ~has_hours


def _empty(converter: Converter, name: str) -> npt.NDArray[np.bool_]:
    """Whether the cells of a column are empty (a refused cell is not)."""
    texts = converter.raw.columns.get(name)
    if texts is None:
        return np.ones(converter.raw.length, bool)
    blank: int = pc.index(texts.values, "").as_py()
    return np.equal(texts.codes, blank)


def sessions(converter: Converter, code: Coded | None = None) -> dict[str, Coded | Numbers]:
    """Sessions; vitals and doses within plausibility. `code`: the patient codes where already converted."""
    columns = by_kind(converter, SESSIONS if code is None else SESSIONS[1:])
    if code is not None:
        columns["patient_code"] = code
    columns["hours"], day_only = clock(converter, columns, "session")
    columns["day_only"] = day_only.astype(np.float64)
    for when in ("before", "highest"):
        systolic, diastolic = columns[f"systolic_{when}"], columns[f"diastolic_{when}"]
        assert not isinstance(systolic, Coded)
        assert not isinstance(diastolic, Coded)
        reason = f"diastolic not below systolic_{when}; correct one of them (exchanged, or 99 for not recorded?)"
        converter.note(diastolic >= systolic, f"diastolic_{when}", reason)
    dose, unit = columns["dose"], columns["dose_unit"]
    assert isinstance(unit, Coded)
    assert not isinstance(dose, Coded)
    unit_empty = _empty(converter, "dose_unit")
    converter.note(
        ~_empty(converter, "dose") & unit_empty, "dose_unit", "a dose without its unit; give mg or mg_per_kg"
    )
    for name, (low, high) in DOSE_RANGES.items():
        of_unit = unit.codes == (unit.values.index(name) if name in unit.values else -2)
        outside = of_unit & ((dose < low) | (dose > high))
        converter.note(outside, "dose", f"outside the range {low:g} to {high:g} {name}; is the unit right?")
    return columns


def assessments(converter: Converter) -> dict[str, Coded | Numbers]:
    """Scores within their instrument's range; the time in hours with its precision."""
    columns = by_kind(converter, ASSESSMENTS)
    hours_given = ~_empty(converter, "hours")
    columns["hours"], day_only = clock(converter, columns, "score")
    timing = columns.pop("timing")
    instrument, score, item9 = columns["instrument"], columns["score"], columns["item9"]
    assert isinstance(timing, Coded)
    assert isinstance(instrument, Coded)
    assert not isinstance(score, Coded)
    assert not isinstance(item9, Coded)
    converter.note(
        hours_given & ~timing.missing, "timing", "timing is given with hours; hours alone say when, leave timing empty"
    )
    after = timing.codes == (timing.values.index("after") if "after" in timing.values else -2)
    columns["precision"] = np.where(day_only, np.where(after, DAY_AFTER, DAY_BEFORE), AT_HOURS).astype(np.float64)
    check_scores(converter, instrument, score, "score")
    has_item9 = np.array([*(v in INSTRUMENTS and INSTRUMENTS[v].has_item9 for v in instrument.values), False])
    known = ~np.isnan(item9) & ~instrument.missing
    converter.note(
        known & ~has_item9[instrument.codes], "item9", "item9 is given for another scale than phq9; leave it empty"
    )
    converter.note(known & (item9 > score), "item9", "item9 is above the score that it is part of; correct one of them")
    return columns


def check_scores(converter: Converter, instrument: Coded, score: Numbers, column: str) -> None:
    """Note scores outside their instrument's range, and fractions where its totals are whole."""
    for name in instrument.values:
        if name not in INSTRUMENTS:
            continue
        scale = INSTRUMENTS[name]
        of_scale = instrument.codes == instrument.values.index(name)
        outside = of_scale & ((score < scale.minimum) | (score > scale.maximum))
        converter.note(outside, column, f"outside the range of {scale.name}, {scale.range} points")
        if scale.whole:
            converter.note(of_scale & ~outside & (score % 1 > 0), column, not_whole(scale))


def not_whole(scale: Instrument) -> str:
    """Why a fraction is no total of a scale, and what to do with one that was made of fewer items.

    >>> not_whole(INSTRUMENTS["phq9"])
    'not a whole number, as PHQ-9 totals are; round a prorated total, leave it out where more than 2 of 9 items miss'
    """
    items = ITEM_SCALES.get(scale.code)
    rule = items.missing if items else None
    if items is None or rule is None or rule.at_most >= len(items.numbers) - 1:
        left_out = f"leave out a total of fewer than all items, for which {scale.name} has no rule"
    else:
        allowed = f"more than {rule.at_most} of {len(items.numbers)} items miss"
        left_out = f"round a prorated total, leave it out where {allowed}"
    return f"not a whole number, as {scale.name} totals are; {left_out}"


def side_effects(converter: Converter) -> dict[str, Coded | Numbers]:
    """Side effects; minutes in order. A missing onset is -1."""
    columns = by_kind(converter, SIDE_EFFECTS)
    columns["hours"], day_only = clock(converter, columns, "session")
    columns["day_only"] = day_only.astype(np.float64)
    onset, resolved, last = (columns[f"{name}_minutes"] for name in ("onset", "resolved", "last_observed"))
    assert not isinstance(onset, Coded)
    assert not isinstance(resolved, Coded)
    assert not isinstance(last, Coded)
    converter.note(resolved < onset, "resolved_minutes", "resolved before its onset; correct one of them")
    converter.note(last < onset, "last_observed_minutes", "last observed before its onset; correct one of them")
    converter.note(resolved > last, "resolved_minutes", "resolved after it was last observed; correct one of them")
    columns["onset_minutes"] = np.where(np.isnan(onset), -1.0, onset)
    return columns
