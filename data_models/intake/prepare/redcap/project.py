"""A REDCap project as it is exported: its data, its data dictionary and its events, from CSV files beside each other.

The dictionary is read as the project's web page writes it ("Variable / Field Name") and as its programming interface
does (`field_name`); data with names or labels in the first row, with codes or labels in the cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path
from typing import Final

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.text_rows import header_of, text_rows, uneven
from data_models.intake.readers.problems import Problems

EVENT: Final = "redcap_event_name"
INSTRUMENT: Final = "redcap_repeat_instrument"
INSTANCE: Final = "redcap_repeat_instance"
GROUP: Final = "redcap_data_access_group"
# Columns of REDCap's own, and what the first row calls them where labels are exported.
_OWN: Final = {
    "event name": EVENT,
    "repeat instrument": INSTRUMENT,
    "repeat instance": INSTANCE,
    "data access group": GROUP,
    "survey identifier": "redcap_survey_identifier",
    "survey timestamp": "redcap_survey_timestamp",
}
_DICTIONARY: Final = {
    "variable / field name": "field_name",
    "form name": "form_name",
    "field type": "field_type",
    "field label": "field_label",
    "choices, calculations, or slider labels": "select_choices_or_calculations",
    "text validation type or show slider number": "text_validation_type_or_show_slider_number",
    "identifier?": "identifier",
}
_CHECKBOX: Final = re.compile(r"(?P<field>.+?)___(?P<code>.+)")
_CHOICE_LABEL: Final = re.compile(r"(?P<label>.*) \(choice=(?P<choice>.*)\)", re.DOTALL)
_TAGS: Final = re.compile(r"<[^>]{1,200}>")
_COMPLETE: Final = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
_TICKS: Final = {"1": "Checked", "0": "Unchecked"}
_TYPED: Final = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}
NOT_COMPLETED: Final = "[not completed]"  # the time of a survey that somebody began


@dataclass(frozen=True, slots=True)
class RedcapField:
    """One field of the data dictionary.

    Attributes
    ----------
    kind : REDCap's field type (text, radio, checkbox, calc, yesno ...).
    choices : label by code.
    validation : REDCap's validation type (date_ymd, integer ...), "" where there is none.
    identifier : marked as one: its values never come in.
    """

    name: str
    form: str
    kind: str
    label: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    validation: str = ""
    identifier: bool = False

    @property
    def date_order(self) -> str | None:
        """`dmy` or `mdy`, where the validation type says so."""
        found = re.match(r"(?:date|datetime|datetime_seconds)_(dmy|mdy)$", self.validation)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class RedcapRow:
    """One row of the data."""

    file: str
    number: int
    record: str
    event: str
    instrument: str
    instance: str
    cells: Sequence[str]
    place: Mapping[str, int]

    def cell(self, column: str) -> str:
        """The cell of a column without the space around it; "" where this row's file has no such column."""
        at = self.place.get(column)
        return self.cells[at].strip() if at is not None and at < len(self.cells) else ""


@dataclass(slots=True)
class Project:
    """What a folder of a REDCap export holds.

    Attributes
    ----------
    record : the name of the field with the record number.
    fields : of the dictionary, in its order; empty without one.
    events : the label of each event by its unique name, in the project's order.
    columns : names of the columns of each data file.
    others, repeats : files that hold no data of the project, or the same as another file.
    all_events : whether an event file told all of them.
    """

    record: str
    fields: dict[str, RedcapField]
    events: dict[str, str]
    columns: dict[str, list[str]]
    rows: list[RedcapRow]
    others: list[str]
    repeats: list[str]
    all_events: bool

    def field_of(self, column: str) -> RedcapField | None:
        """The dictionary's field behind a column; a checkbox's column has its field."""
        ticked = _CHECKBOX.fullmatch(column)
        return self.fields.get(column) or (self.fields.get(ticked["field"]) if ticked else None)

    def choices_of(self, column: str) -> Mapping[str, str]:
        """Label by code of what may stand in a column; empty where anything may."""
        if _CHECKBOX.fullmatch(column):
            return _TICKS
        if column.endswith("_complete") and column not in self.fields:
            return _COMPLETE
        found = self.fields.get(column)
        return found.choices if found else {}

    def says_nothing(self, row: RedcapRow) -> bool:
        """Whether nothing was entered: boxes without a tick and the state of forms are no entries."""
        return not any(
            row.cell(column)
            and column != self.record
            and not column.startswith("redcap_")
            and not (column.endswith(("_complete", "Complete?")) and column not in self.fields)
            and not (_CHECKBOX.fullmatch(column) and row.cell(column) in ("0", "Unchecked"))
            for column in row.place
        )


def looks_like_data(header: Sequence[str]) -> bool:
    """Whether a first row is surely that of a REDCap export (the contract's own tables keep their reader)."""
    names = {name.strip().lower() for name in header}
    if "record_number" in names:
        return False
    own = names & {EVENT, INSTRUMENT, GROUP, "redcap_survey_identifier"}
    labels = len(names & set(_OWN)) > 0 and "complete?" in names
    return bool(own) or labels or sum(name.endswith("_complete") for name in names) > 1


def looks_like_dictionary(header: Sequence[str]) -> bool:
    """Whether a first row is a data dictionary's."""
    return {"field_name", "form_name", "field_type"} <= set(_dictionary_names(header))


def read_project(
    path: Path, record: str | None = None, most_rows: int | None = None, problems: Problems | None = None
) -> Project:
    """The project of a folder, or of one data file and what lies beside it.

    Parameters
    ----------
    record : the field with the record number; None: the dictionary's first.
    most_rows : read no more rows of each file, for a first look.
    problems : where rows that do not have the header's number of fields are noted; they are left out.

    Raises
    ------
    CannotRead : there is no data file, or a file cannot be read.
    """
    folder = path if path.is_dir() else path.parent
    files = {file: header_of(file) for file in sorted(folder.glob("*.csv"))}
    if path.is_file() and path not in files:
        files[path] = header_of(path)
    fields: dict[str, RedcapField] = {}
    events: dict[str, str] = {}
    others: list[str] = []
    data: list[Path] = []
    for file, header in files.items():
        if looks_like_dictionary(header):
            fields |= {found.name: found for found in _dictionary(file)}
        elif {"unique_event_name", "event_name"} <= set(header):
            events |= {row["unique_event_name"]: row["event_name"] for row in _named(file)}
        elif {"arm_num", "name"} == set(header) or {"arm_num", "unique_event_name", "form"} == set(header):
            continue  # the arms, and which form stands in which event: nothing is needed of them
        elif path.is_dir() or file == path:
            data.append(file)
    record = record or next(iter(fields), None)
    columns: dict[str, list[str]] = {}
    rows: list[RedcapRow] = []
    repeats: list[str] = []
    contents: set[tuple[frozenset[str], tuple[tuple[str, str, str], ...]]] = set()
    for file in data:
        names = _names(files[file], fields)
        first = record or names[0]
        if first not in names or "record_number" in names:
            others.append(file.name)
            continue
        record = first
        found = list(islice(_rows(file, names, record, events, problems), most_rows))
        # The same data twice, as REDCap offers them: with codes and with labels.
        content = frozenset(names), tuple((row.record, row.event, row.instance) for row in found)
        if content in contents:
            repeats.append(file.name)
            continue
        contents.add(content)
        columns[file.name] = names
        rows.extend(found)
    if not columns or record is None:
        raise CannotRead(
            f"{path.name} holds no data of a REDCap project; export it as CSV (raw data), its data dictionary beside it"
        )
    all_events = bool(events)
    for row in rows:
        events.setdefault(row.event, row.event)
    events.pop("", None)
    return Project(record, fields, events, columns, rows, others, repeats, all_events)


def _dictionary_names(header: Sequence[str]) -> list[str]:
    return [_DICTIONARY.get(name.strip().lower(), name.strip().lower()) for name in header]


def _named(file: Path) -> Iterator[dict[str, str]]:
    rows = iter(text_rows(file))
    header = next(rows)[1]
    for _, cells in rows:
        yield dict(zip_longest(_dictionary_names(header), cells[: len(header)], fillvalue=""))


def _dictionary(file: Path) -> Iterator[RedcapField]:
    for row in _named(file):
        kind, choices = row.get("field_type", ""), row.get("select_choices_or_calculations", "")
        yield RedcapField(
            name=row["field_name"],
            form=row.get("form_name", ""),
            kind=kind,
            label=plain(row.get("field_label", "")),
            choices=_TYPED.get(kind) or (_choices(choices) if kind in ("radio", "dropdown", "checkbox") else {}),
            validation=row.get("text_validation_type_or_show_slider_number", ""),
            identifier=row.get("identifier", "").strip().lower() == "y",
        )


def _choices(text: str) -> dict[str, str]:
    """Label by code of "0, Never | 1, Often".

    Examples
    --------
    >>> _choices("0, Never | 1, Now, and then")
    {'0': 'Never', '1': 'Now, and then'}
    """
    parts = (part.partition(",") for part in text.split("|") if part.strip())
    return {code.strip(): plain(label) for code, _, label in parts}


def plain(text: str) -> str:
    """A label without its markup."""
    return " ".join(_TAGS.sub(" ", text).split())


def _names(header: Sequence[str], fields: Mapping[str, RedcapField]) -> list[str]:
    """The name of each column: of a first row of labels, by the dictionary, in its order where a label stands twice."""
    if not fields or any(name in fields for name in header):
        return [_OWN.get(name.strip().lower(), name.strip()) for name in header]
    by_label: dict[str, list[str]] = {}
    forms = list(dict.fromkeys(found.form for found in fields.values()))
    by_label["Complete?"] = [f"{form}_complete" for form in forms]
    for found in fields.values():
        if found.kind == "checkbox":
            for code, label in found.choices.items():
                by_label.setdefault(f"{found.label} (choice={label})", []).append(checkbox_column(found.name, code))
        else:
            by_label.setdefault(found.label, []).append(found.name)
    names = []
    for written in header:
        label = plain(written)
        left = by_label.get(label, [])
        own = _OWN.get(label.lower())
        names.append(own or (left.pop(0) if left else written.strip()))
    return names


def checkbox_column(name: str, code: str) -> str:
    """The column of one box: REDCap writes every character of its code that a name cannot have as _."""
    return f"{name}___{re.sub(r'[^a-z0-9_]', '_', code.lower())}"


def _rows(
    file: Path, names: list[str], record: str, events: Mapping[str, str], problems: Problems | None
) -> Iterator[RedcapRow]:
    place = {name: at for at, name in enumerate(names)}
    unique = {label: name for name, label in events.items()}

    def cell(cells: Sequence[str], column: str) -> str:
        at = place.get(column)
        return cells[at].strip() if at is not None and at < len(cells) else ""

    rows = iter(text_rows(file))
    next(rows)
    width = max((at + 1 for at, name in enumerate(names) if name), default=0)
    for number, cells in rows:
        if reason := uneven(cells, width):
            if problems is not None:
                problems.add(file.name, number, None, reason)
            continue
        event = cell(cells, EVENT)
        # Where labels are exported, an event is "Dose 1 (Arm 1: Drug A)", or "Dose 1" in a project with one arm.
        event = unique.get(event, event)
        yield RedcapRow(
            file.name, number, cell(cells, record), event, cell(cells, INSTRUMENT), cell(cells, INSTANCE), cells, place
        )
