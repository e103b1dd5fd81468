"""A proposed map corrected by choosing: the map stays a map, and only the column that was chosen changes."""

from __future__ import annotations

import tomllib

import pytest

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.map_edit import LEFT_OUT, choices, in_words, with_column
from data_models.intake.prepare.sheet_map import sheet_map

MAP = """# Proposed
format = "sheets"
missing = []

[[table]]
sheet = "People"
rows = "patients"
ignore = ["Name", "Nr \\"alt\\""]
[table.columns]
"Nr" = "record_number"  # its name
# "PHQ 4W" = ""  # its name does not say when

[[table]]
sheet = "Visits"
rows = "sessions"
ignore = []
[table.columns]
"Nr" = "record_number"
"Datum" = "time"
"""


def tables(toml: str) -> list[dict[str, object]]:
    """The tables of a map."""
    found: list[dict[str, object]] = tomllib.loads(toml)["table"]
    return found


def test_a_column_that_was_left_out_becomes_what_is_chosen() -> None:
    made = with_column(MAP, 0, "PHQ 4W", "PHQ-9, week 4")
    assert tables(made)[0]["columns"] == {"Nr": "record_number", "PHQ 4W": {"score": "phq9", "when": "week 4"}}
    assert tables(made)[1] == tables(MAP)[1]
    assert "# Proposed" in made


def test_a_column_that_was_ignored_is_so_no_longer_and_one_that_was_read_is_left_out() -> None:
    made = with_column(with_column(MAP, 0, 'Nr "alt"', "record number"), 0, "Nr", LEFT_OUT)
    assert tables(made)[0]["columns"] == {'Nr "alt"': "record_number"}
    assert tables(made)[0]["ignore"] == ["Name"]
    assert tables(with_column(made, 0, "Nr", "birth date"))[0]["columns"] == {
        'Nr "alt"': "record_number", "Nr": "birth_date",
    }  # fmt: skip


def test_the_same_name_in_another_table_is_another_column() -> None:
    made = with_column(MAP, 1, "Nr", LEFT_OUT)
    assert tables(made)[0]["columns"] == {"Nr": "record_number"}
    assert tables(made)[1]["columns"] == {"Datum": "time"}
    with pytest.raises(ValueError, match="no such table"):
        with_column(MAP, 2, "Nr", LEFT_OUT)


@pytest.mark.parametrize("words", [words for words in choices() if words != LEFT_OUT])
def test_whatever_can_be_chosen_is_a_map_of_some_kind_of_rows(words: str) -> None:
    accepted = []
    for rows in ("patients", "sessions"):
        made = tomllib.loads(f"x = {choices()[words]}")["x"]
        columns = {"Nr": "record_number", "Datum": "time" if rows == "sessions" else {"field": "time", "session": 1}}
        columns = {name: value for name, value in columns.items() if value != made} | {"X": made}
        try:
            sheet_map({"table": [{"rows": rows, "columns": columns}]}, "MAP.toml")
            accepted.append(rows)
        except CannotRead:
            continue
    assert accepted, words
    assert in_words(choices()[words]) == words


def test_what_cannot_be_said_in_words_stays_as_it_is() -> None:
    assert in_words('{ score = "phq9", time = "Datum V3" }') == '{ score = "phq9", time = "Datum V3" }'
