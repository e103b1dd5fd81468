"""A map of a REDCap project for a person to correct, from its dictionary, the names of its columns and its events."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.prepare.redcap.draft import (
    DIGITS,
    LOOKED_AT,
    Draft,
    cell_text,
    code_in,
    inline,
    quoted,
    values_of,
)
from data_models.intake.prepare.redcap.field_words import (
    EVENTS,
    FREE,
    NUMBER,
    PATIENT,
    SESSION,
    SESSION_COLUMNS,
    TOTAL,
    VITALS,
    WHEN,
)
from data_models.intake.prepare.redcap.project import EVENT, GROUP, Project
from data_models.intake.prepare.source import BIRTH_DATE, TIME, SuggestedColumn, Suggestion


@dataclass(slots=True)
class _Found:
    """What was found of one scale in one form."""

    instrument: str
    form: str
    items: list[str] = field(default_factory=list)
    total: str = ""
    time: str = ""


def propose(project: Project) -> Suggestion:
    """The map as MAP.toml, the same by column, and what only a person can know."""
    made = Draft(project)
    scores = list(_scales(made))
    sessions, questions = _sessions(made)
    patients = _patients(made, dated=any(TIME in cells for cells in sessions.values()))
    boxes = _boxes(made)
    events = {name: _event(name, label) for name, label in project.events.items()}
    lines = ['format = "redcap"', "", "[redcap]", f"record = {quoted(project.record)}", "missing = []"]
    if events:
        lines += ["", "[events]", *(f"{quoted(name)} = {quoted(when)}" for name, when in events.items())]
        questions.append("which events are sessions, and what the others are to a session (look at [events])")
    lines += ["", "[patients]", *(f"{name} = {value}" for name, value in patients.items())] if patients else []
    for called, cells in sessions.items():
        head = ["[[sessions]]", f"name = {quoted(called)}"] if called else ["[sessions]"]
        lines += ["", *head, *(f"{name} = {value}" for name, value in cells.items())]
    for score in scores:
        lines += ["", *_score_lines(made, score)]
    if boxes:
        none = boxes.pop("none", "")
        lines += ["", "[[side_effects]]", f"boxes = {inline(boxes)}", *([f"none = {quoted(none)}"] if none else [])]
    lines += ["", "[items]", 'missing = "none"']
    if any(score.instrument.startswith("hads") for score in scores):
        questions.append("whether the codes of the HADS items are the points printed beside the answers")
    questions.append("the project's missing data codes, as redcap.missing")
    return Suggestion("\n".join(lines) + "\n", tuple(_columns(made)), tuple(questions))


# Scales


def _scales(made: Draft) -> Iterator[_Found]:
    forms = dict.fromkeys(found.form for found in made.fields.values())
    for code in INSTRUMENTS:
        for form in forms:
            fields = [name for name, found in made.fields.items() if found.form == form and code in made.scales[name]]
            found = _scale(made, code, form, fields)
            if found:
                found.time = made.date_of(form) if form else made.date_of_scale(code)
                name = INSTRUMENTS[code].name
                for number, item in zip(_numbers(code), found.items, strict=False):
                    made.take(
                        item, f"scores {code}, item {number}", f"the form or its name has the items of the {name}"
                    )
                if found.total:
                    made.take(found.total, f"scores {code}, total", f"its name is that of a total of the {name}")
                yield found
    _name_times(made)


def _name_times(made: Draft) -> None:
    for form in dict.fromkeys(made.fields[name].form for name in made.becomes if name in made.fields):
        date = made.date_of(form) if form else ""
        if date:
            made.take(date, f"the time of the scores of {form}", "the form's date")


def _numbers(code: str) -> tuple[int, ...]:
    scale = ITEM_SCALES[code]
    return scale.numbers if scale else ()


def _scale(made: Draft, code: str, form: str, fields: list[str]) -> _Found | None:
    """Items by their numbers, or the first fields of the form that have the same choices; and the total."""
    found = _Found(code, form)
    free = [name for name in fields if name not in made.becomes]
    totals = [name for name in free if TOTAL.search(made.words[name]) and not made.fields[name].choices]
    if code in ("hads_a", "hads_d"):
        letter = {"hads_a": r"anx|_a(?:_|\b)", "hads_d": r"dep|_d(?:_|\b)"}[code]
        totals = [name for name in totals if re.search(letter, made.words[name])]
    calculated = [name for name in totals if made.fields[name].kind == "calc"]
    found.total = next(iter(calculated or totals), "")
    questions = [name for name in free if name != found.total and made.fields[name].kind not in ("calc", "checkbox")]
    wanted = _numbers(code)
    by_number: dict[int, str] = {}
    for name in questions:
        number = NUMBER.search(name)
        if number and not made.fields[name].validation.startswith("date"):
            by_number.setdefault(int(number[1]), name)
    if wanted and all(number in by_number for number in wanted):
        found.items = [by_number[number] for number in wanted]
    else:
        chosen = [name for name in questions if made.fields[name].kind in ("radio", "dropdown")]
        first = made.fields[chosen[0]].choices if chosen else {}
        alike = [name for name in chosen if made.fields[name].choices.keys() == first.keys()]
        if wanted and alike[: len(wanted)] == chosen[: len(wanted)] and len(alike) == len(wanted):
            found.items = alike
    return found if found.items or found.total else None


def _score_lines(made: Draft, score: _Found) -> Iterator[str]:
    yield "[[scores]]"
    yield f"instrument = {quoted(score.instrument)}"
    if score.time:
        yield f"time = {quoted(score.time)}"
    if score.items:
        yield f"items = {json.dumps(score.items)}"
        points = _points(made, score)
        if points:
            yield f"points = {inline(points)}"
    if score.total:
        yield f"total = {quoted(score.total)}"


def _points(made: Draft, score: _Found) -> dict[str, str]:
    """Points by code, where the choices are numbered from 1: their place is their points."""
    scale = ITEM_SCALES[score.instrument]
    codes = list(made.fields[score.items[0]].choices)
    count = scale.highest[0] + 1 if scale else 0
    if codes == [str(number) for number in range(1, count + 1)]:
        return {code: str(place) for place, code in enumerate(codes)}
    return {}


# People, sessions, side effects


def _patients(made: Draft, *, dated: bool) -> dict[str, str]:
    """The cells of patients; a birth date gives no age where sessions have no dates."""
    cells: dict[str, str] = {}
    for column, pattern in PATIENT.items():
        if (column == "age" and BIRTH_DATE in cells) or (column == BIRTH_DATE and not dated):
            continue
        for name in made.free(pattern):
            values = values_of(made, name, column)
            if values is None or (column == BIRTH_DATE and not _dated(made, name)):
                continue
            cells[column] = cell_text(name, values)
            made.take(name, f"patients.{column}", "its name or label")
            break
    if any(GROUP in names for names in made.project.columns.values()):
        cells["clinic"] = quoted(GROUP)
    return cells


def _dated(made: Draft, name: str) -> bool:
    return not made.project.fields or made.fields[name].validation.startswith("date")


def _sessions(made: Draft) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The cells of each session of a row by its name ("" where there is one), and what must be asked.

    They are those of the form that looks most like one of sessions; several columns of dates that differ by their
    number are as many sessions.
    """
    questions = []
    forms = dict.fromkeys(found.form for found in made.fields.values())
    named = [form for form in forms if SESSION.search(form)]
    form = max(named, key=lambda form: len(list(made.free(r"dos|route|systol|sbp|start", form=form))), default=None)
    if made.project.fields and form is None:
        return {"": {"drug": '{ value = "ketamine" }'}}, ["the form and the date of sessions: none was found"]
    dates = [name for name in made.free(r"date|time|start", form=form) if _session_date(made, name)]
    if not dates:
        questions.append('the date of sessions: none was found; write "session day 0" where only days are known')
    series = [name for name in dates if DIGITS.sub("#", name) == DIGITS.sub("#", dates[0])]
    if len(series) > 1:
        numbers = [DIGITS.findall(name)[-1] for name in series]
        return {
            number: _cells_of_session(made, form, date, questions, number)
            for number, date in zip(numbers, series, strict=True)
        }, questions
    return {"": _cells_of_session(made, form, dates[0] if dates else "", questions)}, questions


def _cells_of_session(
    made: Draft, form: str | None, date: str, questions: list[str], number: str = ""
) -> dict[str, str]:
    """The cells of one session: of a numbered one, from the columns of its number alone."""

    def free(pattern: str) -> Iterator[str]:
        return (name for name in made.free(pattern, form=form) if not number or DIGITS.findall(name)[-1:] == [number])

    cells: dict[str, str] = {}
    if date:
        why = "the date of the sessions' form"
        cells[TIME] = quoted(made.take(date, "sessions.time", why))
        clock = next((name for name in free("time|start") if made.fields[name].validation.startswith("time")), "")
        if clock and made.fields[date].validation.startswith("date_"):
            made.take(clock, "sessions.time", why)
            cells[TIME] = f"{{ date = {quoted(date)}, clock = {quoted(clock)} }}"
    for column, pattern in SESSION_COLUMNS.items():
        for name in free(pattern or _vital(column)):
            found = made.fields[name]
            values = values_of(made, name, column)
            other_side = pattern is None and not re.search(WHEN[column.endswith("highest")], made.words[name])
            if values is None or other_side or found.validation.startswith("date"):
                continue
            cells[column] = cell_text(name, values)
            made.take(name, f"sessions.{column}", "its name or label")
            break
    if "drug" not in cells:
        cells["drug"] = '{ value = "ketamine" }'
        _ask(questions, "the drug: no column says it, so the map says ketamine")
    if "dose" in cells and "dose_unit" not in cells:
        unit = "mg_per_kg" if "kg" in made.words[json.loads(cells["dose"])] else "mg"
        cells["dose_unit"] = f'{{ value = "{unit}" }}'
        _ask(questions, f"the unit of the dose: no column says it, so the map says {unit}")
    return cells


def _ask(questions: list[str], question: str) -> None:
    if question not in questions:
        questions.append(question)


def _session_date(made: Draft, name: str) -> bool:
    validation = made.fields[name].validation
    return validation.startswith("date") if made.project.fields else bool(SESSION.search(name))


def _vital(column: str) -> str:
    return VITALS[column.rpartition("_")[0]]


def _boxes(made: Draft) -> dict[str, str]:
    """The boxes of checkbox fields whose label is a side effect's, or says that there was `none`."""
    boxes: dict[str, str] = {}
    for names in made.project.columns.values():
        for column in names:
            found = made.project.field_of(column)
            if (
                found is None
                or found.kind != "checkbox"
                or not re.search(r"side|adverse|effect|symptom", found.label.lower())
            ):
                continue
            label = found.choices.get(column.partition("___")[2], "")
            term = "none" if re.match(r"(?:none|no)\b", label.lower()) else code_in(label, "term")
            if term and term not in boxes and term != "other":
                boxes[term] = made.take(column, f"side_effects {term}", "the label of its box")
    return boxes


# Events and words


def _event(name: str, label: str) -> str:
    words = f"{re.sub(r'_arm_[0-9]+$', '', name)} {label}".lower().replace("_", " ")
    for pattern, kind in EVENTS:
        found = re.search(pattern, words)
        if not found:
            continue
        if kind == "after":
            return f"after {found[1] or 24} h"
        if kind in ("day", "week", "month"):
            return f"day {int(found[1]) * {'day': 1, 'week': 7, 'month': 30}[kind]}"
        return kind
    return "dated"


def _columns(made: Draft) -> Iterator[SuggestedColumn]:
    for file, names in made.project.columns.items():
        rows = [row for row in made.project.rows[:LOOKED_AT] if row.file == file]
        for name in names:
            found = made.project.field_of(name)
            becomes, why = made.becomes.get(name, ("", ""))
            if name == made.project.record:
                becomes, why = "the record number", "the dictionary's first field"
            elif name == EVENT:
                becomes, why = "[events]", "REDCap's own column"
            elif name == GROUP:
                becomes, why = "patients.clinic", "REDCap's own column"
            elif found and found.identifier and not becomes:
                why = "the dictionary marks it as an identifier"
            hidden = found is not None and (found.identifier or found.kind in FREE)
            cells = dict.fromkeys(row.cell(name) for row in rows if row.cell(name)) if not hidden else {}
            yield SuggestedColumn(file, name, tuple(list(cells)[:3]), becomes, why)
