"""What is known of a REDCap project while a map of it is being proposed, and how the map is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from data_models.intake.prepare.redcap.field_words import FREE, PATIENT
from data_models.intake.prepare.redcap.project import Project, RedcapField
from data_models.intake.prepare.sheet_map import CODED
from data_models.intake.prepare.sheet_words import VALUES, code_of, find, scale_in, words_of
from data_models.intake.prepare.source import BIRTH_DATE

DIGITS: Final = re.compile(r"\d+")
LOOKED_AT: Final = 200


class Draft:
    """The map that is being made, and what each column becomes in it."""

    def __init__(self, project: Project) -> None:
        self.project = project
        columns = dict.fromkeys(column for names in project.columns.values() for column in names)
        # Of a project without a dictionary the names of columns are all that is known.
        self.fields = {
            name: project.fields.get(name) or RedcapField(name, "", "text", "")
            for name in columns
            if name != project.record and not name.startswith("redcap_") and self._usable(name)
        }
        self.words = {name: f"{name} {found.label}".lower() for name, found in self.fields.items()}
        self.scales = {
            name: scales_in(found.form) | scales_in(name) | scales_in(found.label)
            for name, found in self.fields.items()
        }
        self.becomes: dict[str, tuple[str, str]] = {}

    def _usable(self, name: str) -> bool:
        found = self.project.field_of(name)
        kind = found.kind if found else ""
        return not (found and found.identifier and not found.validation.startswith("date")) and kind not in FREE

    def take(self, column: str, becomes: str, why: str) -> str:
        """Note what a column becomes; the first word holds."""
        self.becomes.setdefault(column, (becomes, why))
        return column

    def free(self, pattern: str, *, form: str | None = None) -> Iterator[str]:
        """The columns not taken yet whose name or label has a word, in order."""
        found = re.compile(pattern)
        for name, words in self.words.items():
            if name in self.becomes or (form is not None and self.fields[name].form != form):
                continue
            if found.search(words) and not (self.fields[name].identifier and pattern != PATIENT[BIRTH_DATE]):
                yield name

    def cells(self, name: str) -> list[str]:
        """The different cells of a column, of the first rows."""
        return list(dict.fromkeys(text for row in self.project.rows[:LOOKED_AT] if (text := row.cell(name))))

    def date_of(self, form: str) -> str:
        """The first column of dates of a form, else the time of its survey; "" where there is none."""
        for name, found in self.fields.items():
            if found.form == form and found.validation.startswith("date") and name not in self.becomes:
                return name
        stamp = f"{form}_timestamp"
        return stamp if any(stamp in names for names in self.project.columns.values()) else ""

    def date_of_scale(self, scale: str) -> str:
        """The first column whose name is of a scale and of a date; "" where there is none."""
        return next((name for name in self.free(r"date|timestamp|_dt\b|_on\b") if scale in self.scales[name]), "")


def values_of(made: Draft, name: str, column: str) -> dict[str, str] | None:
    """The contract's code of each of a field's choices or cells; {} where they are its codes, None where none is."""
    if column not in CODED:
        return {}
    choices = made.fields[name].choices or {text: text for text in made.cells(name)}
    if choices and set(choices) <= set(CODED[column]):
        return {}
    return {code: said for code, label in choices.items() if (said := code_in(label, column))} or None


def code_in(label: str, column: str) -> str:
    """The contract's code that a label says or holds; of several the one with the most words. "" where none is."""
    exact = code_of(column, label)
    if exact:
        return exact
    words, best, size = words_of(label), "", 0
    for code in CODED[column]:
        rows = [*VALUES.get(column, {}).get(code, ()), " ".join(words_of(code))]
        _, length = find(words, [row for row in rows if len(row) > 1])
        if length > size:
            best, size = code, length
    return best


def scales_in(text: str) -> frozenset[str]:
    """The scales that a form's or a field's name or label names: of the HADS, both of its subscales."""
    words = words_of(text)
    scale, _ = scale_in(words)
    return frozenset((scale,) if scale else ("hads_a", "hads_d") if "hads" in words else ())


def cell_text(name: str, values: Mapping[str, str]) -> str:
    """What the map says of a cell: its column, or a table with its values."""
    return f"{{ field = {quoted(name)}, values = {inline(values)} }}" if values else quoted(name)


def inline(values: Mapping[str, str]) -> str:
    """A table of TOML on one line."""
    return "{ " + ", ".join(f"{quoted(key)} = {quoted(value)}" for key, value in values.items()) + " }"


def quoted(text: str) -> str:
    """A text of TOML."""
    return json.dumps(text, ensure_ascii=False)
