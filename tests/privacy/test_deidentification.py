# ruff: noqa: E501  (tables of examples read as tables)
"""The de-identification screen: every Safe Harbor class is caught, ordinary codes pass, nothing is echoed."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data_models.intake.contract import ONE_SHEET_FIELDS, TABLES, RecordsRefused
from data_models.intake.deidentification import FORBIDDEN_COLUMNS, forbidden_column, identifier_class, screen
from data_models.intake.deidentification.clock_dates import spells_a_date
from data_models.intake.deidentification.dates_in_codes import orders
from data_models.intake.deidentification.names import name_in_code, person_in_clinic
from data_models.intake.readers import read_records
from data_models.intake.readers.columns import _BY_COLUMN, _MIXED_AT_LEAST, _MIXED_CODE, _NUMBER_FORM, _PLAIN_CODE

CLASSES = "ABCDEFGHIJKLMNOPQR"


def test_each_of_the_eighteen_classes_has_column_names() -> None:
    assert {identifier.rsplit("(", 1)[1].rstrip(")") for identifier in FORBIDDEN_COLUMNS.values()} == set(CLASSES)


@pytest.mark.parametrize(
    "name, letter",
    [
        ("first_name", "A"), ("LastName", "A"), ("Patient Name", "A"), ("initials", "A"), ("provider", "A"),
        ("zip", "B"), ("ZIP Code", "B"), ("post-code", "B"), ("city", "B"), ("latitude", "B"),
        ("dob", "C"), ("DOB", "C"), ("birth_date", "C"), ("session_date", "C"), ("timestamp", "C"), ("date of death", "C"),
        ("phone_number", "D"), ("Mobile", "D"), ("fax", "E"), ("e-mail", "F"), ("email_address", "F"), ("SSN", "G"),
        ("nhs_number", "G"), ("mrn", "H"), ("medical_record_number", "H"), ("patient_id", "H"), ("member_id", "I"),
        ("account_no", "J"), ("drivers_license", "K"), ("npi", "K"), ("license_plate", "L"), ("VIN", "L"),
        ("device_serial", "M"), ("website", "N"), ("ip_address", "O"), ("fingerprint", "P"), ("photo", "Q"),
        ("notes", "R"), ("subject_id", "R"),
        ("Patient phone", "D"), ("Patients' city", "B"), ("pt_dob", "C"), ("subject initials", "A"), ("Client fax", "E"),
    ],
)  # fmt: skip
def test_identifier_columns_are_known_in_their_spellings(name: str, letter: str) -> None:
    assert (forbidden_column(name) or "").endswith(f"({letter})")


def test_no_column_of_the_contract_is_forbidden() -> None:
    names = {field.name for fields in (*TABLES.values(), ONE_SHEET_FIELDS) for field in fields}
    assert {name for name in names if forbidden_column(name)} == set()


@pytest.mark.parametrize(
    "value, letter",
    [
        ("jane.roe@mail.example", "F"), ("x@y", "F"), ("ｊａｎｅ＠ｍａｉｌ.example", "F"),
        ("555-123-4567", "D"), ("(555) 123-4567", "D"), ("+1 555 123 4567", "D"), ("+442079460958", "D"), ("555-1234", "D"),
        ("123-45-6789", "G"), ("123 45 6789", "G"),
        ("https://clinic.example/p/1", "N"), ("www.clinic.example", "N"), ("clinic.org", "N"),
        ("192.168.0.1", "O"), ("2001:db8:0:0:0:ff00:42:8329", "O"), ("fe80::1", "O"),
        ("2024-02-03", "C"), ("2024/2/3", "C"), ("2024-02-03T09:30", "C"), ("02/13/2024", "C"), ("2/3/24", "C"), ("13.02.2024", "C"),
        ("3-Feb-2024", "C"), ("February 3, 2024", "C"), ("Feb 3", "C"), ("03FEB2024", "C"), ("FEB2024", "C"), ("2/2024", "C"),
        ("20240203", "C"), ("13022024", "C"), ("09:30", "C"), ("9:30 pm", "C"), ("45325", "C"), ("45325.5", "C"),
        ("1700000000", "C"), ("1700000000000", "C"),
        ("02139", "C"), ("02139-4307", "B"), ("SW1A 1AA", "B"), ("K1A 0B1", "B"),
        ("1234567", "J"), ("AB12345678", "J"), ("4111111111111111", "J"),
        ("92 years", "C"), ("aged 95", "C"), ("101yo", "C"),
        ("Jane Roe", "A"), ("Roe, Jane", "A"), ("Dr. Roe", "A"), ("Mrs_Roe", "A"), ("two words", "A"), ("felt fine afterwards", "A"),
    ],
)  # fmt: skip
def test_identifier_values_are_caught_in_any_coded_column(value: str, letter: str) -> None:
    found = identifier_class(value, "word")
    assert found is not None
    assert letter in found[found.rindex("(") :]


def test_an_age_over_89_is_caught_where_no_clinic_may_be_numbered_so() -> None:
    assert identifier_class("93", "choice") == "age over 89 (C)"
    assert {identifier_class(str(number), "word") for number in range(90, 130)} == {None}


@pytest.mark.parametrize("value", ["John_Smith", "smith", "JohnSmith", "smith-1980", "Kowalczyk", "ANNA", "mary_2"])
def test_names_are_caught_as_patient_codes(value: str) -> None:
    assert identifier_class(value, "patient_code") == "name (A)"


@pytest.mark.parametrize("value", ["1980-02-03", "01-02-1980", "19800203", "123-45-6789", "MRN1234567", "1234567", "5551234567", "12MAR2024", "Dr_House", "AB1234567", "mrn-1234567", "Pat01234567"])  # fmt: skip
def test_identifiers_are_caught_as_patient_codes(value: str) -> None:
    assert identifier_class(value, "patient_code") is not None


@pytest.mark.parametrize(
    "value",
    ["P0042", "P-7", "1", "042", "45325", "123456", "a1b2c3d4e5f6", "0f9e8d7c6b5a", "K7QANE93", "S-7FBWRV", "S-TFNYNN", "101-0023",
     "SITE01-004", "KET001", "patient_a", "Subject-12", "A", "AB", "x_1", "NIMH-12", "reisby_101", "MAR0012"],
)  # fmt: skip
def test_ordinary_random_codes_pass(value: str) -> None:
    assert identifier_class(value, "patient_code") is None


@pytest.mark.parametrize(
    "value", ["North", "clinic_2", "North-East", "C07", "Austin", "HarbourView", "synthetic_harbour"]
)
def test_clinics_of_one_word_pass(value: str) -> None:
    assert identifier_class(value, "word") is None


@pytest.mark.parametrize("prefix", ["", "S-"])
@pytest.mark.parametrize("alphabet, length", [("0123456789abcdef", 12), ("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 8)])
def test_a_column_of_random_codes_passes_whatever_it_spells_by_chance(prefix: str, alphabet: str, length: int) -> None:
    source = random.Random(20_240)
    codes = [prefix + "".join(source.choices(alphabet, k=length)) for _ in range(20_000)]
    assert set(screen(codes, "patient_code")) == {None}


def test_a_word_that_many_codes_share_is_the_studys_and_one_that_few_share_a_name() -> None:
    others = [f"P{number}" for number in range(27)]
    assert set(screen([f"GRACE-{number:03d}" for number in range(30)], "patient_code")) == {None}
    assert screen(["GRACE-1", "GRACE-2", "GRACE-3", *others], "patient_code") == [*["name (A)"] * 3, *[None] * 27]
    assert set(screen(["GRACE-1", "GRACE-2", "GRACE-3", *others[:12]], "patient_code")) == {None}  # a fifth, and three
    assert screen(["GRACE-1", "GRACE-2"], "patient_code") == ["name (A)"] * 2


def test_a_clinic_of_a_given_name_and_surname_is_no_person_where_it_is_numbered() -> None:
    assert [person_in_clinic(name) for name in ("Jane_Roe", "Jane_Roe2", "2JaneRoe")] == [True, False, False]


def test_four_digits_behind_a_sites_letters_are_no_dates_and_behind_initials_they_are() -> None:
    days = ("0412", "0523", "0614", "0130", "0211", "0819")
    site, two_sites = [f"ABC-{day}" for day in days], [f"{'ABC' if int(day) > 500 else 'DEF'}{day}" for day in days[:5]]
    initials = [f"{letters}{day}" for letters, day in zip(("ABC", "RGT", "DEF", "JKL", "DEF"), days, strict=False)]
    years = [f"ABC{day}{year}" for day, year in zip(days, (51, 62, 73, 84, 95, 48), strict=True)]
    month_first = ((1, 0, 2),)
    assert [orders(codes) for codes in (site, two_sites, initials, years)] == [(), (), month_first, month_first]


def test_hours_that_spell_a_day_have_two_digits_of_day_month_and_year() -> None:
    assert spells_a_date(np.array([240_131.0, 240_141.0, 311_225.0, 411_225.0])).tolist() == [True, False, True, False]


def test_the_longer_a_code_of_two_names_the_rarer_the_surname_may_be() -> None:
    assert name_in_code("aaronyuk1") is not None


def test_a_column_of_record_numbers_does_not_pass_for_random() -> None:
    assert None not in screen([f"MRN{number:08d}" for number in range(300)], "patient_code")
    assert None not in screen([f"{number:08d}" for number in range(300)], "patient_code")


def test_very_long_cells_are_screened_in_no_time() -> None:
    assert identifier_class("a" * 1_000_000, "word") is not None


# --- nothing is echoed ---------------------------------------------------------------------------

digits = st.integers(0, 9).map(str)


def pattern(template: str) -> st.SearchStrategy[str]:
    """Texts of a template: 9 is any digit, anything else itself."""
    return st.tuples(*(digits if character == "9" else st.just(character) for character in template)).map("".join)


IDENTIFIERS = st.one_of(
    st.tuples(st.sampled_from(["Jane", "Omar", "Mary"]), st.sampled_from(["Roe", "Smith"]), st.sampled_from([" ", "_", ""])).map(
        lambda parts: parts[0] + parts[2] + parts[1]
    ),
    pattern("person99@mail.example"),
    pattern("299-999-9999"),
    pattern("999-99-9999"),
    pattern("https://site.example/999"),
    pattern("19.19.19.199"),
    pattern("2019-01-19"),
    pattern("12/19/2019"),
    pattern("1799999999"),
    pattern("MRN99999999"),
    pattern("99999-9999"),
    st.sampled_from(["92 years", "aged 97", "felt sick and went home"]),
)  # fmt: skip


@given(identifier=IDENTIFIERS, table=st.sampled_from(list(TABLES)), data=st.data())
@settings(max_examples=150)
def test_no_problem_echoes_the_identifier_that_it_reports(
    identifier: str, table: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = [field.name for field in TABLES[table] if field.name != "day"]
    column = data.draw(st.sampled_from(names))
    place = data.draw(st.sampled_from(["cell", "header", "first row", "short row", "file name"]))
    cells = {"patient_code": "P1", "hours": "0", "instrument": "phq9", "score": "3", "term": "nausea"}
    row = [cells.get(name, "") for name in names]
    lines = [names, row]
    if place == "cell":
        # A clinic may well be called like a person, in one word: that is no problem to tell of.
        assume(column != "clinic" or not re.fullmatch(r"[A-Za-z]+_?[A-Za-z]+", identifier))
        row[names.index(column)] = identifier
    elif place == "header":
        lines[0] = [*names, identifier]
        row.append("")
    elif place == "first row":
        lines = [[identifier, *row[1:]], row]
    elif place == "short row":
        lines.append([identifier])
    folder = tmp_path_factory.mktemp("records")
    (folder / f"{table}.csv").write_text("".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in lines))
    if place == "file name":
        assume("/" not in identifier)
        (folder / f"{identifier}.csv").write_text("")
    with pytest.raises(RecordsRefused) as caught:
        read_records(folder)
    told = str(caught.value) + " ".join(map(str, caught.value.problems))
    assert identifier not in told


@pytest.mark.parametrize("value", ["Smith", "Roe", "chestnut", "7,5,3", "x" * 600])
def test_a_cell_is_never_echoed_even_where_it_is_no_known_identifier(tmp_path: Path, value: str) -> None:
    (tmp_path / "patients.csv").write_text(f'patient_code,sex,first_session_year\nP1,"{value}",\nP2,,"{value}"\n')
    with pytest.raises(RecordsRefused) as caught:
        read_records(tmp_path)
    assert [p.column for p in caught.value.problems] == ["sex", "first_session_year"]
    assert not any(value in str(problem) for problem in caught.value.problems)


@given(st.one_of(st.from_regex(_PLAIN_CODE, fullmatch=True), st.from_regex(_MIXED_CODE, fullmatch=True)))
def test_codes_that_skip_the_screen_would_pass_it(code: str) -> None:
    assume(re.fullmatch(_PLAIN_CODE, code) or len(code) >= _MIXED_AT_LEAST)
    assume(not re.search(_NUMBER_FORM, code) and not re.search(_BY_COLUMN, code))
    assert screen([code], "patient_code") == [None]


@settings(max_examples=500)
@given(st.text("aAdDrRmMySsjJuUnN0159-_", min_size=6, max_size=9))
def test_no_code_skips_the_screen_that_it_would_fail(code: str) -> None:
    if screen([code], "patient_code") != [None] and not re.search(f"{_NUMBER_FORM}|{_BY_COLUMN}", code):
        assert not re.fullmatch(_MIXED_CODE, code)
        assert not re.fullmatch(_PLAIN_CODE, code)
