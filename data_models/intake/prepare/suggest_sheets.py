"""A proposed MAP.toml for a clinic's own sheets, from the names of columns, their values and the ranges of scales.

What only a person can know is asked; what is not sure stands in the map behind a #. No cell of a column that says who
somebody is or when something was stands in the map.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.prepare import sheet_words as said
from data_models.intake.prepare.cells import ERRORS, Sheet, below_header, header_row
from data_models.intake.prepare.column_guess import MISSING_CODES, Guess, Look, guess, is_of_session
from data_models.intake.prepare.sheet_files import read_files
from data_models.intake.prepare.sheet_layout import ProposedTable, choose_rows, fields_of, settle_items
from data_models.intake.prepare.sheet_map import (
    CODED,
    OF_FILE,
    OF_SHEET,
    YES_NO,
)
from data_models.intake.prepare.source import BIRTH_DATE, RECORD_NUMBER, TIME, SuggestedColumn, Suggestion

MOST_CELLS: Final = 60_000  # read for a proposal, of each sheet
_SHOWN: Final = 4
_TAKE_OFF: Final = "Correct it and take the # off the lines [table.always] and"
_DECIMAL_COMMA: Final = re.compile(
    r"[+-]?\d+,(?:\d{1,2}|\d{4,})(?:\s*mg(?:\s*/\s*kg(?:\s*kg)?)?)?", re.IGNORECASE
)  # 1,234 may be a thousand
_DOTTED: Final = re.compile(r"\d{1,2}\.\s?\d{1,2}\.\s?\d{2,4}\b")
_SLASHED: Final = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-]\d{2,4}\b")
_PARTS: Final = re.compile(r"\s*[;,/\n]\s*")
# The first that a name holds, also within a word (Ketamininfusion); the second's names hold the first's.
_DRUGS: Final = {"esketamine": r"esketamin|\bs ketamin|spravato", "ketamine": r"ketamin|ketalar"}
_ZONED: Final = re.compile(r"\d[Tt ]\d{1,2}:\d{2}.*(?:[Zz]|[+-]\d{2}:?\d{2})$")


def suggest_sheets(path: Path) -> Suggestion:
    """A proposed map for every sheet of a path. Raises CannotRead, RecordsRefused."""
    files = read_files(path, MOST_CELLS)
    proposal = _Proposal()
    one_patient_each = _merged(files.sheets)
    for sheet in [one_patient_each] if one_patient_each else files.sheets:
        proposal.add(sheet)
    several = len({sheet.file for sheet in files.sheets}) > 1
    return Suggestion(proposal.toml(several), tuple(proposal.suggested()), tuple(dict.fromkeys(proposal.questions)))


def _merged(sheets: Sequence[Sheet]) -> Sheet | None:
    """The rows of all sheets as one, where each may be a patient's: several of one header, without a record number."""
    headers = [header_row(sheet) for sheet in sheets]
    names = [
        tuple(next((list(row) for number, row in sheet.rows if number == header), ()))
        for sheet, header in zip(sheets, headers, strict=True)
    ]
    if len(sheets) < 2 or len(set(names)) > 1 or len(set(headers)) > 1:
        return None
    if any(said.field_in(said.words_of(str(name)))[0] == RECORD_NUMBER for name in names[0]):
        return None
    below = [row for sheet in sheets[1:] for row in sheet.rows if row[0] > headers[0]]
    file = sheets[0].file if len({sheet.file for sheet in sheets}) == 1 else "*"
    name = "*" if any(sheet.name for sheet in sheets) else ""
    return replace(sheets[0], file=file, name=name, rows=[*sheets[0].rows, *below])


class _Proposal:
    def __init__(self) -> None:
        self.questions: list[str] = []
        self._tables: list[ProposedTable] = []
        self._no_values: dict[str, None] = {}
        self._words: dict[str, dict[str, str]] = {}
        self._dates: set[str] = set()

    def add(self, sheet: Sheet) -> None:
        """Propose what a sheet is."""
        columns = below_header(sheet, header_row(sheet))
        commas = sheet.decimal != "," and any(map(_DECIMAL_COMMA.fullmatch, chain(*columns.columns.values())))
        looks = [
            Look(
                name,
                sheet.labels.get(name, ""),
                [text for text in cells if text not in ERRORS and text not in sheet.missing.get(name, ())],
                sheet.meanings.get(name, {}),
                commas or sheet.decimal == ",",
            )
            for name, cells in columns.columns.items()
        ]
        table = ProposedTable(columns, [guess(look) for look in looks], commas=commas)
        self._tables.append(table)
        self._choose_number(table)
        settle_items(table)
        choose_rows(table)
        self._choose_always(table)
        self._ask_when(table)
        self._settle(table)
        for one in table.guesses:
            if one.becomes:
                self._read_values(table, one)
            if one.look.times:
                self._read_dates(one.look)

    def _choose_number(self, table: ProposedTable) -> None:
        """Keep one column as the record number, or ask for it."""
        found = table.with_field(RECORD_NUMBER)
        for other in found[1:]:
            other.becomes, other.why = None, "a second column that may be the record number"
        if len(found) > 1:
            names = " or ".join(one.look.name for one in found)
            self.questions.append(
                f"{table.title}: which column has the patient's number: {names}? The map takes the first."
            )
        elif not found and "*" in (table.columns.sheet.file, table.columns.sheet.name):
            table.asked[RECORD_NUMBER] = OF_SHEET if table.columns.sheet.name else OF_FILE
            self.questions.append(
                "No column has the patient's number. Is each sheet or file one patient's, named by the number? Then "
                "take the # off the lines [table.always] and record_number = of it; else add a column with the number."
            )
        elif not found and table.columns.numbers:
            self.questions.append(
                f"{table.title}: which column has the patient's number? None is named so; write "
                '= "record_number" behind its name.'
            )

    def _ask_when(self, table: ProposedTable) -> None:
        """Ask which of a patient's dates were sessions, or which column says when, where no name tells."""
        kinds = [one.becomes or {} for one in table.guesses]
        if (
            table.rows == "patients"
            and any("time" in one for one in kinds)
            and not any("session" in one for one in kinds)
        ):
            self.questions.append(
                f"{table.title}: on which of its dates was a treatment given? Write behind the first "
                '{ field = "time", session = 1 }, behind the second the same with session = 2, and so on.'
            )
        elif table.rows == "scores" and table.with_field("instrument") and any(map(is_of_session, table.guesses)):
            self.questions.append(
                f"{table.title}: are some of its rows treatments and others scores? Then write a second [[table]] for "
                "the treatments, and under both [table.only] which words of which column tell the rows apart."
            )
        elif table.rows == "ignored" and any("score" in one or "blood_pressure" in one for one in kinds):
            self.questions.append(
                f"{table.title}: which column says when its rows were? None has dates or days; it is left out."
            )

    def _choose_always(self, table: ProposedTable) -> None:
        """The drug and the scale, where only a name of the sheet, the file or a column says them."""
        sheet = table.columns.sheet
        titles = said.words_of(f"{Path(sheet.file).stem} {sheet.name}")
        if table.rows == "scores" and table.with_field("score") and not table.with_field("instrument"):
            scale = said.scale_in(titles)[0]
            if scale:
                table.always["instrument"] = scale
            else:
                table.asked["instrument"] = "phq9"
                self.questions.append(
                    f"{table.title}: of which questionnaire are the scores? {_TAKE_OFF} instrument = of this sheet."
                )
        sessions = table.rows == "sessions" or any(one.becomes and "session" in one.becomes for one in table.guesses)
        if sessions and not table.with_field("drug"):
            names = " ".join((*titles, *(word for one in table.guesses for word in one.look.words)))
            drugs = [drug for drug, pattern in _DRUGS.items() if re.search(pattern, names)][:1]
            if drugs:
                table.always["drug"] = drugs[0]
            else:
                table.asked["drug"] = "ketamine"
                self.questions.append(
                    f"{table.title}: which drug was given, ketamine or esketamine? {_TAKE_OFF} drug = of this sheet."
                )

    def _settle(self, table: ProposedTable) -> None:
        """Take back what does not go together: two columns for one thing, what a row of this kind does not have."""
        allowed = fields_of(table.rows)
        taken: dict[str, Guess] = {}
        for one in sorted(table.guesses, key=lambda one: one.doubt):
            if one.becomes is None:
                continue
            if table.rows == "ignored":
                one.becomes, one.why = None, "no column of its sheet says whose row it is, or what it records"
            elif one.field and "session" not in one.becomes and one.field not in allowed:
                one.becomes, one.why = None, f"{one.why}; a row of {table.rows} does not have it"
            elif (key := json.dumps(one.becomes, sort_keys=True)) in taken:
                self._ask_twice(table, taken[key], one)
                one.becomes, one.why = None, f"{taken[key].look.name} already becomes the same"
            else:
                taken[key] = one

    def _ask_twice(self, table: ProposedTable, first: Guess, second: Guess) -> None:
        self.questions.append(
            f"{table.title}: columns {first.look.name} and {second.look.name} seem to say the same; the map takes the "
            "first. If the second is right, move what stands behind the first to its line."
        )

    def _read_values(self, table: ProposedTable, one: Guess) -> None:
        """The words and missing codes of a column that is proposed."""
        look = one.look
        self._no_values |= dict.fromkeys(look.no_values)
        becomes = one.becomes or {}
        if one.field in (TIME, BIRTH_DATE, "first_session"):
            self._dates |= set(_orders(look.values))
            if any(_ZONED.search(text) for text in look.values):
                self.questions.append(
                    "In which time zone is the clinic? Its times have an offset: --zone Europe/Berlin"
                )
        scale = str(becomes.get("score", ""))
        if scale and "item" not in becomes and look.numbers is not None:
            instrument = INSTRUMENTS[scale]
            outside = [
                text
                for text, number in zip(look.values, look.numbers, strict=True)
                if not instrument.minimum <= number <= instrument.maximum
            ]
            codes = [text for text in outside if text in MISSING_CODES]
            if codes:
                table.missing[look.name] = codes
            if len(codes) < len(outside):
                self.questions.append(
                    f"{table.title}, {look.name}: some values are outside the range of the {instrument.name}, "
                    f"{instrument.range}: is it that scale?"
                )
        if one.field == "dose" and "unit" not in becomes and not table.with_field("dose_unit"):
            self.questions.append(
                f"{table.title}, {look.name}: is the dose in mg or in mg for each kg of weight? Write "
                '{ field = "dose", unit = "mg" } or unit = "mg_per_kg" behind its name.'
            )
        lists = _lists_of(one)
        codes = [text for text in look.values if text in MISSING_CODES and look.meanings.get(text, text) == text]
        if lists and codes:
            table.missing[look.name] = codes
        for text in look.values if lists else ():
            if text in codes:
                continue
            for part in _PARTS.split(text) if lists[0] in ("side_effects", "conditions") else [text]:
                self._read_word(table, look, look.meanings.get(part, part), lists)

    def _read_dates(self, look: Look) -> None:
        self._dates |= set(_orders(look.values))
        if any(_ZONED.search(text) for text in look.values):
            self.questions.append("In which time zone is the clinic? Its times have an offset: --zone Europe/Berlin")

    def _read_word(self, table: ProposedTable, look: Look, word: str, lists: tuple[str, ...]) -> None:
        """Put a word under the values of the first list that knows it; ask where none does."""
        if any(word in CODED[name] or self._words.get(name, {}).get(word) for name in lists):
            return
        name = next((name for name in lists if said.code_of(name, word)), lists[0])
        code = said.code_of(name, word)
        self._words.setdefault(name, {})[word] = code
        if not code:
            self.questions.append(
                f"{table.title}, {look.name}: what do some of its words mean? Under [values.{name}] write behind each "
                f"one of: {', '.join(CODED[name])}"
            )

    def suggested(self) -> Iterable[SuggestedColumn]:
        """The proposal by column."""
        for table in self._tables:
            for one in table.guesses:
                examples = tuple(one.look.meanings.get(text, text) for text in one.look.values[:_SHOWN])
                becomes = _toml(one.becomes) if one.becomes else ""
                yield SuggestedColumn(table.title, one.look.name, examples, becomes, one.why)

    def toml(self, several_files: bool) -> str:
        """The map's text."""
        lines = ["# Proposed from names and values: correct it. A line behind a # is not read.", 'format = "sheets"']
        if self._dates == {"dmy"}:
            lines.append('dates = "dmy"  # dates are written with points')
        elif "asked" in self._dates or len(self._dates) > 1:
            lines.append('# dates = "dmy"  # or "mdy"')
            self.questions.append(
                "Is the day or the month first in dates such as 03/04/2026? Take the # off the line dates = and write "
                '"dmy" for the day, "mdy" for the month.'
            )
        lines.append(f"missing = {json.dumps(list(self._no_values), ensure_ascii=False)}")
        for question in dict.fromkeys(self.questions):
            lines.append(f"# ASKED: {question}")
        for name, words in self._words.items():
            if words:
                lines += ["", f"[values.{name}]"]
                choices = ", ".join(CODED[name])
                for text, code in words.items():
                    lines.append(
                        f"{_quoted(text)} = {_quoted(code)}" if code else f'# {_quoted(text)} = ""  # {choices}'
                    )
        for table in self._tables:
            lines += ["", *_table_lines(table, several_files)]
        return "\n".join(lines) + "\n"


def _lists_of(one: Guess) -> tuple[str, ...]:
    """The lists of codes that a column's values are of."""
    if one.becomes and "side_effect" in one.becomes:
        return (YES_NO, "severity")
    if one.field in ("side_effects_asked", "serious"):
        return (YES_NO,)
    return (one.field,) if one.field in CODED else ()


def _orders(values: Iterable[str]) -> Iterable[str]:
    """`dmy` where dates have points, `asked` where slashes leave it open."""
    slashed = [found for text in values if (found := _SLASHED.match(text))]
    if any(_DOTTED.match(text) for text in values):
        yield "dmy"
    if slashed and all(int(found[1]) <= 12 and int(found[2]) <= 12 for found in slashed):
        yield "asked"


def _table_lines(table: ProposedTable, several_files: bool) -> list[str]:
    sheet = table.columns.sheet
    lines = ["[[table]]"]
    lines += [f"file = {_quoted(sheet.file)}"] if several_files else []
    lines += [f"sheet = {_quoted(sheet.name)}"] if sheet.name else []
    lines += ['decimal = ","  # some of its numbers have a decimal comma'] if table.commas else []
    lines += [f"header = {table.columns.header}"] if table.columns.header != sheet.rows[0][0] else []
    lines.append(f'rows = "{table.rows}"  # patients, sessions, scores, side_effects or ignored')
    ignored = [one.look.name for one in table.guesses if one.identifying]
    lines.append(f"ignore = {json.dumps(ignored, ensure_ascii=False)}")
    if table.rows == "ignored":
        return lines
    if table.always or table.asked:
        lines.append("[table.always]" if table.always else "# [table.always]")
    lines += [f"{name} = {_quoted(text)}" for name, text in table.always.items()]
    lines += [
        f"# {name} = {_quoted(text)}  # {', '.join(CODED.get(name, ('its name',)))}"
        for name, text in table.asked.items()
    ]
    lines.append("[table.columns]")
    used = {str(one.becomes["time"]) for one in table.guesses if one.becomes and "time" in one.becomes}
    for one in table.guesses:
        name = _quoted(one.look.name)
        if one.becomes:
            lines.append(f"{name} = {_toml(one.becomes)}  # {one.why}")
        elif one.look.name in used:
            session = max(int(one.place.visit[1:] or 1), 1)
            lines.append(f'# {name} = {{ field = "time", session = {session} }}  # {one.why}; if a session was then')
        elif not one.identifying:
            lines.append(f'# {name} = ""  # {one.why}')
    if table.missing:
        lines.append("[table.missing]")
        lines += [f"{_quoted(name)} = {json.dumps(codes)}" for name, codes in table.missing.items()]
    return lines


def _toml(becomes: dict[str, str | int] | None) -> str:
    """As MAP.toml has it: a field's name, or the keys of a table."""
    given = becomes or {}
    if list(given) == ["field"]:
        return _quoted(str(given["field"]))
    return (
        "{ "
        + ", ".join(f"{key} = {_quoted(one) if isinstance(one, str) else one}" for key, one in given.items())
        + " }"
    )


def _quoted(text: str) -> str:
    """A text of TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
