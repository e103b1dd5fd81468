"""Correcting a proposed map of a clinic's own sheets a column at a time, without writing TOML.

The map stays the text that it is, with its comments: one line of it is replaced. What can be chosen is made of the
contract and the scales, so that a scale that is added can be chosen, too.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from data_models.definitions import vocabulary
from data_models.definitions.instruments import INSTRUMENTS, with_item9
from data_models.intake.prepare.sheet_map import PATIENT_FIELDS, SESSION_FIELDS
from data_models.intake.prepare.source import BIRTH_DATE, RECORD_NUMBER, TIME

LEFT_OUT: Final = "left out"
_SESSIONS: Final = 12
_WHENS: Final = (
    "before", "after 1 h", "after 2 h", "after 4 h", "after 24 h", "after 1 d", "after 2 d", "after 3 d", "after 7 d",
    "day 1", "day 7", "day 14", "day 28", "week 1", "week 2", "week 3", "week 4", "week 6", "week 8", "week 12",
)  # fmt: skip


@lru_cache(1)
def choices() -> Mapping[str, str]:
    """What a column can become, in words, and the same as MAP.toml writes it.

    Examples
    --------
    >>> choices()["PHQ-9, day 28"]
    '{ score = "phq9", when = "day 28" }'
    """
    found = {LEFT_OUT: "", "record number": _text(RECORD_NUMBER), "birth date": _text(BIRTH_DATE)}
    found |= {_words(name): _text(name) for name in PATIENT_FIELDS}
    found |= {"date or time of the row": _text(TIME)}
    found |= {_words(name): _text(name) for name in SESSION_FIELDS}
    found |= {
        f"date of session {number}": f'{{ field = "{TIME}", session = {number} }}' for number in range(1, _SESSIONS + 1)
    }
    found |= {
        f"{_words(name)}, of each session": f'{{ field = "{name}", session = "each" }}'
        for name in SESSION_FIELDS
        if name != "side_effects"
    }
    found |= {
        f"dose in {_words(unit)}, of each session": f'{{ field = "dose", unit = "{unit}", session = "each" }}'
        for unit in vocabulary.DOSE_UNITS
    }
    for scale in INSTRUMENTS.values():
        found |= {f"{scale.name}, {when}": f'{{ score = "{scale.code}", when = "{when}" }}' for when in _WHENS}
    code = with_item9().code
    found |= {f"{INSTRUMENTS[code].name} item 9, {when}": f'{{ item9 = "{code}", when = "{when}" }}' for when in _WHENS}
    found |= {f"blood pressure {when}": f'{{ blood_pressure = "{when}" }}' for when in ("before", "highest")}
    found |= {f"side effect: {_words(term)}": f'{{ side_effect = "{term}" }}' for term in vocabulary.SIDE_EFFECTS}
    return found


def in_words(becomes: str) -> str:
    """What a column becomes, in the words that can be chosen; as MAP.toml has it where there are none."""
    return next((words for words, value in choices().items() if value == becomes), becomes)


def with_column(toml: str, table: int, column: str, words: str) -> str:
    """The map with one column becoming something else.

    Parameters
    ----------
    toml : the map as `suggest` wrote it, or as it was corrected since.
    table : which [[table]] the column is of, from 0.
    words : one of `choices`, or a value as MAP.toml has it.

    Raises
    ------
    ValueError : the map has no such table, or its lines cannot be told.
    """
    value = choices().get(words, words)
    lines = toml.splitlines()
    starts = [at for at, line in enumerate(lines) if line.strip() == "[[table]]"]
    if not table < len(starts):
        raise ValueError("the map has no such table")
    start, end = starts[table], [*starts, len(lines)][table + 1]
    name = _text(column)
    new = f"{name} = {value}" if value else f'# {name} = ""'
    block = [_not_ignored(line, column) if value else line for line in lines[start:end]]
    found = [at for at, line in enumerate(block) if line.removeprefix("# ").startswith(f"{name} = ")]
    columns = next((at for at, line in enumerate(block) if line.strip() == "[table.columns]"), None)
    if found:
        block[found[0]] = new
    elif columns is not None:
        block.insert(columns + 1, new)
    else:
        block += ["[table.columns]", new]
    return "\n".join([*lines[:start], *block, *lines[end:]]) + "\n"


def _not_ignored(line: str, column: str) -> str:
    """An `ignore` line without a column."""
    if not line.startswith("ignore = "):
        return line
    names: Iterable[str] = tomllib.loads(line)["ignore"]
    return f"ignore = {json.dumps([name for name in names if name != column], ensure_ascii=False)}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _words(name: str) -> str:
    return name.replace("_", " ")
