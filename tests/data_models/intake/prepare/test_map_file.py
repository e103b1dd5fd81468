"""MAP.toml's general keys: what is wrong is said with the key and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.map_file import read_map


def test_general_keys_and_the_formats_own(tmp_path: Path) -> None:
    file = tmp_path / "MAP.toml"
    file.write_text(
        'format = "sheets"\nzone = "Europe/Berlin"\ndates = "dmy"\n'
        '[same_as]\n"B-9" = "A-1"\n[columns]\nNr = "record_number"\n'
    )
    key, choices = read_map(file)
    assert (key, str(choices.zone), choices.dates, choices.same_as) == (
        "sheets",
        "Europe/Berlin",
        "dmy",
        {"B-9": "A-1"},
    )
    assert choices.map == {"columns": {"Nr": "record_number"}}
    assert choices.map_file == "MAP.toml"


@pytest.mark.parametrize(
    "text, reason",
    [
        ('zone = "Berlin"', "zone: no such time zone; write it as Europe/Berlin"),
        ('zone = "../etc/passwd"', "zone: no such time zone"),
        ('dates = "ymd"', "dates: write dmy"),
        ("format = 3", "format: is no text"),
        ("same_as = 3", "same_as: write a table"),
        ("zone = ", "is no TOML"),
        ("\x00", "is no TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "MAP.toml"
    file.write_text(text)
    with pytest.raises(CannotRead, match=reason):
        read_map(file)
    with pytest.raises(CannotRead, match="cannot be opened"):
        read_map(tmp_path / "none.toml")
