"""MAP.toml of a clinic's own sheets: what each column becomes. Every key is known, or refused with what is known.

missing = ["-9", "N/A"]               # no values, in every column
[values.route]                        # what stands in the cells, and its code
"i.v." = "iv"

[[table]]                             # one for each sheet that is read
sheet = "Behandlungen"                # and file = "NAME" where there are several files; * stands for anything
rows = "sessions"                     # what a row is: patients, sessions, scores, side_effects, or ignored
ignore = ["Name"]                     # columns that are left out on purpose
[table.always]                        # what no column says
drug = "ketamine"                     # or record_number = "{sheet}", "{file}": a sheet or file a patient, named so
[table.columns]
"Pat.-Nr." = "record_number"
"Datum" = "time"
"PHQ-9 vor" = { score = "phq9", when = "before" }
"PHQ-9 V3" = { score = "phq9", time = "Datum V3" }
"RR vor" = { blood_pressure = "before" }
"Übelkeit" = { side_effect = "nausea" }
"Infusion 2" = { field = "time", session = 2 }
[table.missing]                       # of one column
"PHQ-9 vor" = ["99"]
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from data_models.definitions import vocabulary
from data_models.definitions.instruments import INSTRUMENTS, with_item9
from data_models.intake.contract import ASSESSMENTS, PATIENTS, SESSIONS, SIDE_EFFECTS, CannotRead, Field
from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.prepare.source import BIRTH_DATE, DATE_ORDERS, RECORD_NUMBER, TIME

EACH: Final = -1  # of a row's sessions
TIME_OF_DAY: Final = "time_of_day"
OF_SHEET, OF_FILE = "{sheet}", "{file}"  # a record number that is the name of its sheet or file
# In place of a time where no sheet has dates: since the first session, in hours.
RELATIVE: Final = {"day": 24.0, "hours": 1.0, "week": 168.0}
FIRST_SESSION: Final = "first_session"
YES_NO: Final = "yes_no"
ROW_KINDS: Final = ("patients", "sessions", "scores", "side_effects", "ignored")
_TIMES: Final = (TIME, TIME_OF_DAY, *RELATIVE)
_CLOCKS: Final = ("patient_code", "hours", "day")
_WHENS: Final = 'before, "after 4 h", "after 7 d", "day 28" or "week 4" (from the first session)'
_WHEN: Final = re.compile(r"(before)|after (\d{1,4}) ?(h|d)|(day|week) (-?\d{1,4})")


def _fields(*tables: Iterable[Field]) -> dict[str, Field]:
    return {one.name: one for table in tables for one in table if one.name not in _CLOCKS}


PATIENT_FIELDS: Final = _fields(PATIENTS)
SESSION_FIELDS: Final = _fields(SESSIONS, [Field("side_effects", "choices", choices=vocabulary.SIDE_EFFECTS)])
SCORE_FIELDS: Final = _fields(ASSESSMENTS)
EFFECT_FIELDS: Final = _fields(SIDE_EFFECTS)
OF_ROWS: Final[dict[str, dict[str, Field]]] = {
    "patients": {}, "sessions": SESSION_FIELDS, "scores": SCORE_FIELDS, "side_effects": EFFECT_FIELDS, "ignored": {},
}  # fmt: skip
ALL_FIELDS: Final = PATIENT_FIELDS | SESSION_FIELDS | SCORE_FIELDS | EFFECT_FIELDS
# Fields whose cells are codes, by which [values.NAME] is named.
CODED: Final = {name: one.choices for name, one in ALL_FIELDS.items() if one.choices} | {YES_NO: ("yes", "no")}
_WORDS: Final = tuple(name for name, one in ALL_FIELDS.items() if one.kind == "word")


@dataclass(frozen=True, slots=True)
class When:
    """When a score was taken, where no column has its time.

    Attributes
    ----------
    relative : `before` or `after` a session; `start`: so long after the first session, by the day.
    hours : how long after.
    by_day : given in days (or weeks).
    """

    relative: str
    hours: int = 0
    by_day: bool = False


@dataclass(frozen=True, slots=True)
class Becomes:
    """What a column becomes.

    Attributes
    ----------
    kind : `field`, `score`, `item` (of a scale), `item9`, `side_effect` or `blood_pressure`.
    name : the field; the scale; the side effect; `before` or `highest`.
    session : in a row of several sessions, which one, or `EACH`; 0: the row's own.
    when, time : of a score, when it was taken, or the column that says so; neither: at the row's time.
    unit : that stands behind the number in the cells, or is meant: `mg` or `mg_per_kg` for doses.
    item : of an item, its number in the questionnaire.
    """

    kind: str
    name: str
    session: int = 0
    when: When | None = None
    time: str = ""
    unit: str = ""
    item: int = 0


@dataclass(frozen=True, slots=True)
class TableMap:
    """One [[table]]: where it stands, what a row is, and what its columns become."""

    number: int
    rows: str
    file: str = "*"
    sheet: str = "*"
    header: int = 0
    dates: str | None = None
    decimal: str | None = None
    columns: Mapping[str, tuple[Becomes, ...]] = field(default_factory=dict)
    always: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"table {self.number}"

    @property
    def times(self) -> tuple[str, ...]:
        """The columns that say when the scores of others were."""
        return tuple(one.time for all_of_it in self.columns.values() for one in all_of_it if one.time)

    def time_column(self, session: int = 0) -> str:
        """The column that says when the row, or one of its sessions, was; "" where none does."""
        return next(filter(None, (self.column_of(name, session) for name in (TIME, *RELATIVE))), "")

    def column_of(self, name: str, session: int = 0) -> str:
        """The column that becomes a field of the row's own, or of one of its sessions; "" where none does."""
        wanted = Becomes("field", name, session)
        found = (
            column
            for column, all_of_it in self.columns.items()
            for one in all_of_it
            if (one.kind, one.name, one.session) == (wanted.kind, wanted.name, wanted.session)
        )
        return next(found, "")


@dataclass(frozen=True, slots=True)
class SheetMap:
    """A whole MAP.toml.

    Attributes
    ----------
    published : items that are missing are made up for by their scale's published rule, where it has one.
    """

    tables: tuple[TableMap, ...]
    missing: tuple[str, ...] = ()
    decimal: str | None = None
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    published: bool = False


def sheet_map(given: Mapping[str, Any], file: str) -> SheetMap:
    """The map as given in TOML, checked.

    Raises
    ------
    CannotRead : names the key of `file`, what is known, and what to do.
    """
    return _Checked(file).whole(given)


class _Checked:
    """Checks each part of a map; each method raises CannotRead with the place in the file."""

    def __init__(self, file: str) -> None:
        self._file = file

    def _refuse(self, where: str, reason: str) -> NoReturn:
        raise CannotRead(f"{self._file}, {where}: {reason}")

    def _known(self, where: str, key: str, known: Sequence[str]) -> str:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            self._refuse(where, f"{key[:60]!r} is not known; {hint}")
        return key

    def _keys(self, where: str, given: Any, known: Sequence[str]) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            self._refuse(where, "is no table of TOML; write KEY = VALUE lines under it")
        for key in given:
            self._known(where, str(key), known)
        return dict(given)

    def _text(self, where: str, given: Any) -> str:
        if not isinstance(given, str):
            self._refuse(where, 'is no text; write it in quotation marks, as "text"')
        return given

    def _texts(self, where: str, given: Any) -> tuple[str, ...]:
        listed = given if isinstance(given, list) else [given]
        if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in listed):
            self._refuse(where, 'is no list of texts; write it as ["99", "N/A"]')
        return tuple(map(str, listed))

    def _whole(self, where: str, given: Any, low: int) -> int:
        if not isinstance(given, int) or isinstance(given, bool) or not low <= given <= 1_000_000:
            self._refuse(where, f"is no whole number from {low}; write it without quotation marks")
        return given

    def whole(self, given: Mapping[str, Any]) -> SheetMap:
        top = self._keys("its top", given, ("missing", "decimal", "values", "items", "table"))
        missing, decimal = self._texts("missing", top.get("missing", [])), self._decimal("decimal", top.get("decimal"))
        values = self._keys("values", top.get("values", {}), (*CODED, *_WORDS))
        words = {name: self._values(name, said) for name, said in values.items()}
        items = self._keys("items", top.get("items", {}), ("missing",))
        if items:
            self._known("items, missing", items["missing"], ("published",))
        tables = top.get("table", [])
        if not isinstance(tables, list) or not tables:
            self._refuse("table", "is missing; write [[table]] once for each sheet that is to be read")
        read = tuple(self._table(number, table) for number, table in enumerate(tables, start=1))
        return SheetMap(read, missing, decimal, words, bool(items))

    def _decimal(self, where: str, given: Any) -> str | None:
        return None if given is None else self._known(where, self._text(where, given), (".", ","))

    def _values(self, name: str, given: Any) -> dict[str, str]:
        where = f"values.{name}"
        if not isinstance(given, Mapping):
            self._refuse(where, 'is no table of TOML; write lines such as "what stands there" = "code" under it')
        choices = CODED.get(name)
        for text, code in given.items():
            code = self._text(f"{where}, {text!r}", code)
            if choices and code:  # "" is not recorded
                for part in code.split(";"):
                    self._known(f"{where}, {text!r}", part, (*choices, "none") if name == "side_effects" else choices)
        return dict(given)

    def _table(self, number: int, given: Any) -> TableMap:
        where = f"table {number}"
        known = (
            "file", "sheet", "header", "rows", "dates", "decimal", "ignore", "always", "missing", "only", "columns",
        )  # fmt: skip
        keys = self._keys(where, given, known)
        rows = self._known(f"{where}, rows", self._text(f"{where}, rows", keys.get("rows", "")), ROW_KINDS)
        lists = {
            name: {
                column: self._texts(f"{where}, {name}, {column!r}", texts)
                for column, texts in self._mapping(f"{where}, {name}", keys.get(name, {})).items()
            }
            for name in ("missing", "only")
        }
        table = TableMap(
            number,
            rows,
            self._text(f"{where}, file", keys.get("file", "*")),
            self._text(f"{where}, sheet", keys.get("sheet", "*")),
            self._whole(f"{where}, header", keys["header"], 1) if "header" in keys else 0,
            self._known(f"{where}, dates", keys["dates"], DATE_ORDERS) if "dates" in keys else None,
            self._decimal(f"{where}, decimal", keys.get("decimal")),
            {
                column: self._column(f"{where}, columns, {column!r}", rows, becomes)
                for column, becomes in self._mapping(f"{where}, columns", keys.get("columns", {})).items()
            },
            self._always(f"{where}, always", rows, keys.get("always", {})),
            lists["missing"],
            lists["only"],
            self._texts(f"{where}, ignore", keys.get("ignore", [])),
        )
        if rows != "ignored":
            self._complete(where, table)
        return table

    def _mapping(self, where: str, given: Any) -> Mapping[str, Any]:
        if not isinstance(given, Mapping):
            self._refuse(where, 'is no table of TOML; write lines such as "Column" = ... under it')
        return given

    def _always(self, where: str, rows: str, given: Any) -> dict[str, str]:
        fields = PATIENT_FIELDS | OF_ROWS[rows] | (SESSION_FIELDS if rows == "patients" else {})
        fields = fields | {RECORD_NUMBER: Field(RECORD_NUMBER, "word")}
        keys = self._keys(where, given, tuple(fields))
        for name, text in keys.items():
            text = self._text(f"{where}, {name}", text)
            choices = ("yes", "no") if fields[name].kind == "flag" else fields[name].choices
            if choices and fields[name].kind != "choices":
                self._known(f"{where}, {name}", text, choices)
        return keys

    def _column(self, where: str, rows: str, given: Any) -> tuple[Becomes, ...]:
        parts = given if isinstance(given, list) else [given]
        return tuple(self._becomes(where, rows, part) for part in parts)

    def _becomes(self, where: str, rows: str, given: Any) -> Becomes:
        plain = (*PATIENT_FIELDS, BIRTH_DATE, RECORD_NUMBER, FIRST_SESSION)
        own = (*OF_ROWS[rows], *_TIMES) if rows != "patients" else ()
        if isinstance(given, str):
            given = {"field": given}
        keys = self._keys(
            where,
            given,
            ("field", "score", "item9", "side_effect", "blood_pressure", "session", "when", "time", "unit", "item"),
        )
        kinds = [kind for kind in ("field", "score", "item9", "side_effect", "blood_pressure") if kind in keys]
        if len(kinds) != 1:
            self._refuse(where, "says not one thing; give one of field, score, item9, side_effect, blood_pressure")
        kind: str = kinds[0]
        name = self._text(where, keys[kind])
        session = EACH if keys.get("session") == "each" else 0
        if "session" in keys and not session:
            session = self._whole(f"{where}, session", keys["session"], 1)
        if session and rows != "patients":
            self._refuse(where, 'session goes with rows = "patients", where one row has several sessions')
        of_session = (*SESSION_FIELDS, *_TIMES)
        known = {
            "field": of_session if session else (*plain, *own),
            "score": tuple(INSTRUMENTS),
            "item9": (with_item9().code,),
            "side_effect": vocabulary.SIDE_EFFECTS,
            "blood_pressure": ("before", "highest"),
        }[kind]
        if session == EACH and (kind != "field" or name in _TIMES):
            self._refuse(where, 'session = "each" goes with a field of sessions such as dose; name one session')
        if kind == "field" and rows == "patients" and not session and name in of_session:
            self._refuse(where, f"a row of a patient has several sessions; write {{ field = {name!r}, session = 1 }}")
        self._known(where, name, known)
        if kind in ("side_effect", "blood_pressure") and not (rows == "sessions" or session):
            self._refuse(where, f'{kind} goes with rows = "sessions", or with session = 1 in a row of a patient')
        if "unit" in keys:
            self._known(f"{where}, unit", keys["unit"], vocabulary.DOSE_UNITS)
        item = self._item(where, name, keys["item"]) if "item" in keys and kind == "score" else 0
        kind = "item" if item else kind
        time = self._text(f"{where}, time", keys.get("time", ""))
        when = self._when(f"{where}, when", keys["when"]) if "when" in keys else None
        if kind in ("score", "item", "item9"):
            if time and when:
                self._refuse(where, "has when and time; give the one or the other")
            if not (time or when) and rows != "scores":
                self._refuse(where, f"does not say when; add when = {_WHENS}, or time = with the column of its date")
        elif time or when:
            self._refuse(where, "when and time go with score and item9")
        return Becomes(kind, name, session, when, time, keys.get("unit", ""), item)

    def _item(self, where: str, scale: str, given: Any) -> int:
        known = ITEM_SCALES.get(scale)
        if known is None:
            self._refuse(where, f"the items of {scale} do not add up to its total by a rule that is known; give totals")
        if given not in known.numbers or isinstance(given, bool):
            self._refuse(where, f"item is none of {', '.join(map(str, known.numbers))}, the items of {scale}")
        return int(given)

    def _when(self, where: str, given: Any) -> When:
        found = _WHEN.fullmatch(self._text(where, given))
        if not found:
            self._refuse(where, f"is not known; known are {_WHENS}")
        before, count, unit, since, number = found.groups()
        if before:
            return When("before")
        if since:
            return When("start", 24 * int(number) * (7 if since == "week" else 1), by_day=True)
        return When("after", int(count) * (24 if unit == "d" else 1), by_day=unit == "d")

    def _complete(self, where: str, table: TableMap) -> None:
        """Refuse a table that lacks what it needs, or has one thing twice."""
        seen: dict[Becomes, str] = {}
        for column, all_of_it in table.columns.items():
            if column in table.ignore:
                self._refuse(where, f"{column!r} stands in columns and in ignore; take it out of one")
            for one in all_of_it:
                if one in seen:
                    self._refuse(where, f"{seen[one]!r} and {column!r} become the same; correct or ignore one of them")
                seen[one] = column
        for session in sorted({one.session for one in seen} - {0, EACH}):
            if not table.time_column(session):
                self._refuse(
                    where,
                    f'session {session} has no time; add a line "COLUMN" = {{ field = "time", session = {session} }}',
                )
        needed = {RECORD_NUMBER: RECORD_NUMBER not in table.always, TIME: table.rows in ("sessions", "side_effects")}
        if table.rows == "scores":
            long = Becomes("field", "score") in seen
            needed[TIME] = long or any(one.kind in ("score", "item") and not one.time for one in seen)
            if long and not table.column_of("instrument") and "instrument" not in table.always:
                self._refuse(where, 'no column says the scale; add instrument = "phq9" (or another) to [table.always]')
        for name, is_needed in needed.items():
            column = table.time_column() if name == TIME else table.column_of(name)
            if is_needed and not column:
                self._refuse(where, f'columns: no column becomes {name!r}; add a line "COLUMN" = "{name}"')
