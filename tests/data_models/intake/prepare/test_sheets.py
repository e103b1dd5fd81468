"""A clinic's own sheets become identified tables by a map, long and wide; each error names its key."""

from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path

import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.intake.contract import CannotRead, RecordsRefused
from data_models.intake.prepare.sheet_map import sheet_map
from data_models.intake.prepare.sheets import SheetsSource
from data_models.intake.prepare.source import Choices, Export, Origin, Table
from data_models.intake.readers.problems import Problems
from tests.data_models.intake.prepare.test_cells import FRAME, workbook

WIDE = """Ambulanz 3;;;;;;;;;;
Pat.-Nr.;Name;Geb.;Geschl.;Infusion 1;Infusion 2;PHQ9 vor;PHQ9 V3;Datum V3;PEG Tag 28;RR vor
0012;Roe, J;03.04.1980;w;05.01.2026;12.01.2026;18;9;20.01.2026;4,5;120/80
0013;Doe, K;30.04.1980;m;05.02.2026;;99;;;;
0014;Poe, L;05.04.1990;m;;;20;;;;
;;;;;;;;;;
"""
WIDE_MAP = """
dates = "dmy"
missing = [99]
[values.sex]
w = "female"
m = "male"
[[table]]
rows = "patients"
ignore = ["Name"]
[table.always]
drug = "ketamine"
clinic = "north"
[table.columns]
"Pat.-Nr." = "record_number"
"Geb." = "birth_date"
"Geschl." = "sex"
"Infusion 1" = { field = "time", session = 1 }
"Infusion 2" = { field = "time", session = 2 }
"PHQ9 vor" = { score = "phq9", when = "before" }
"PHQ9 V3" = { score = "phq9", time = "Datum V3" }
"PEG Tag 28" = { score = "peg", when = "day 28" }
"RR vor" = { blood_pressure = "before", session = 1 }
"""


def read(path: Path, text: str, problems: Problems | None = None) -> Export:
    """An export by a map; refuses what is wrong with its cells."""
    said = tomllib.loads(text)
    noted = Problems() if problems is None else problems
    export = SheetsSource().read(path, Choices(dates=said.pop("dates", None), map=said), noted)
    if problems is None:
        noted.refuse_if_any()
    return export


def rows_of(table: Table) -> list[dict[str, str]]:
    """The rows of a table, without empty cells."""
    return [{name: texts[at] for name, texts in table.columns.items() if texts[at]} for at in range(len(table.origins))]


def told(problems: Problems) -> list[str]:
    """What is wrong, in words."""
    with pytest.raises(RecordsRefused) as refused:
        problems.refuse_if_any()
    return [str(problem) for problem in refused.value.problems]


def csv(tmp_path: Path, text: str, name: str = "a.csv") -> Path:
    """A file of delimited text."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


def test_a_row_a_patient_with_a_column_a_visit(tmp_path: Path) -> None:
    export = read(csv(tmp_path, WIDE), WIDE_MAP)
    assert rows_of(export.tables["patients"]) == [
        {"record_number": "0012", "sex": "female", "birth_date": "1980-04-03", "clinic": "north"},
        {"record_number": "0013", "sex": "male", "birth_date": "1980-04-30", "clinic": "north"},
        {"record_number": "0014", "sex": "male", "birth_date": "1990-04-05", "clinic": "north"},
    ]
    first = {"time": "2026-01-05", "drug": "ketamine", "systolic_before": "120", "diastolic_before": "80"}
    assert rows_of(export.tables["sessions"]) == [
        {"record_number": "0012", **first},
        {"record_number": "0012", "time": "2026-01-12", "drug": "ketamine"},
        {"record_number": "0013", "time": "2026-02-05", "drug": "ketamine"},
    ]
    assert rows_of(export.tables["assessments"]) == [
        {"record_number": "0012", "instrument": "phq9", "score": "18", "time": "2026-01-05", "timing": "before"},
        {"record_number": "0012", "instrument": "phq9", "score": "9", "time": "2026-01-20"},
        {"record_number": "0012", "instrument": "peg", "score": "4.5", "time": "2026-02-02"},
    ]
    assert export.tables["assessments"].origins[1] == Origin("a.csv", 3, "PHQ9 V3")
    assert [(reason, count) for reason, count, _ in export.left_out] == [
        ("a score that follows a session, of a person without one", 1),
        ("a row of nothing but empty cells", 1),
    ]
    assert export.columns_left_out == {}
    assert export.notes == ["a.csv, column PHQ9 vor: cells with codes that are declared missing: 1"]


SESSIONS = """ID,Date,Time,Med,Via,Dose,Nausea,Effects,PHQ-9 pre,Item 9,PHQ-9 +24h,Remark
7,2026-01-05,9.30 Uhr,Spravato,i.v.,40 mg,yes,,18,2,9,fine
7,2026-01-12,,Spravato,i.v.,40 mg,mild,headache / vomiting,12,,,
8,2026-01-06,10:00,Spravato,i.v.,56,no,none,,,,
"""
SESSIONS_MAP = """
[values.drug]
Spravato = "esketamine"
[values.route]
"i.v." = "iv"
[[table]]
rows = "sessions"
[table.columns]
ID = "record_number"
Date = "time"
Time = "time_of_day"
Med = "drug"
Via = "route"
Dose = { field = "dose", unit = "mg" }
Nausea = { side_effect = "nausea" }
Effects = "side_effects"
"PHQ-9 pre" = { score = "phq9", when = "before" }
"Item 9" = { item9 = "phq9", when = "before" }
"PHQ-9 +24h" = { score = "phq9", when = "after 24 h" }
"""


def test_a_row_a_session_with_its_scores_and_side_effects(tmp_path: Path) -> None:
    export = read(csv(tmp_path, SESSIONS), SESSIONS_MAP)
    given = {"drug": "esketamine", "route": "iv", "dose": "40", "dose_unit": "mg", "side_effects_asked": "yes"}
    assert rows_of(export.tables["sessions"]) == [
        {"record_number": "7", "time": "2026-01-05 09:30:00", **given},
        {"record_number": "7", "time": "2026-01-12", **given},
        {"record_number": "8", "time": "2026-01-06 10:00:00", **given, "dose": "56"},
    ]
    at_first = {"record_number": "7", "instrument": "phq9"}
    assert rows_of(export.tables["assessments"]) == [
        {**at_first, "score": "18", "item9": "2", "time": "2026-01-05 09:30:00"},
        {**at_first, "score": "9", "time": "2026-01-06 09:30:00"},
        {**at_first, "score": "12", "time": "2026-01-12", "timing": "before"},
    ]
    assert [(row["time"], row["term"], row.get("severity")) for row in rows_of(export.tables["side_effects"])] == [
        ("2026-01-05 09:30:00", "nausea", None),
        ("2026-01-12", "headache", None),
        ("2026-01-12", "vomiting", None),
        ("2026-01-12", "nausea", "mild"),
    ]
    assert export.columns_left_out == {"a.csv": ["Remark"]}
    assert [row["record_number"] for row in rows_of(export.tables["patients"])] == ["7", "8"]


def test_a_row_a_score_of_two_files_with_facts_of_the_people(tmp_path: Path) -> None:
    csv(tmp_path, "MRN,When,Test,Sum,Sex\n1,2026-01-05,PHQ-9,18,female\n1,2026-01-12,PHQ-9,NA,\n2,,,,\n", "jan.csv")
    csv(tmp_path, "MRN,When,Test,Sum,Sex\n1,2026-02-02,GAD-7,6,\n", "feb.csv")
    csv(tmp_path, "MRN,Day\n1,2026-01-05\n", "treated.csv")
    csv(tmp_path, "x,y\n1,2\n", "other.csv")
    export = read(
        tmp_path,
        """
        missing = ["NA"]
        values.instrument = { "PHQ-9" = "phq9", "GAD-7" = "gad7" }
        [[table]]
        file = "???.csv"
        rows = "scores"
        columns = { MRN = "record_number", When = "time", Test = "instrument", Sum = "score", Sex = "sex" }
        [[table]]
        file = "treated.csv"
        rows = "sessions"
        columns = { MRN = "record_number", Day = "time" }
        """,
    )
    assert [(row["time"], row["instrument"], row["score"]) for row in rows_of(export.tables["assessments"])] == [
        ("2026-02-02", "gad7", "6"),
        ("2026-01-05", "phq9", "18"),
    ]
    assert rows_of(export.tables["patients"]) == [{"record_number": "1", "sex": "female"}]
    assert list(export.left_out) == [
        ("a sheet or file that the map does not name", 1, [Origin("other.csv", 0)]),
        ("a row without a score", 1, [Origin("jan.csv", 3)]),
        (
            "a row in which every column that is read is empty, but for whose it is",
            1,
            [Origin("jan.csv", 4)],
        ),
    ]


def test_facts_that_do_not_agree_stay_apart_for_the_strict_readers(tmp_path: Path) -> None:
    path = csv(tmp_path, "ID,D,Sex,Clinic\n1,2026-01-05,,north\n1,2026-01-06,male,\n1,2026-01-07,female,north\n")
    export = read(
        path,
        """[[table]]
        rows = "sessions"
        columns = { ID = "record_number", D = "time", Sex = "sex", Clinic = "clinic" }""",
    )
    assert rows_of(export.tables["patients"]) == [
        {"record_number": "1", "sex": "male", "clinic": "north"},
        {"record_number": "1", "sex": "female", "clinic": "north"},
    ]


def test_spss_by_its_own_words_and_missing_values(tmp_path: Path) -> None:
    pyreadstat.write_sav(
        FRAME,
        str(tmp_path / "a.sav"),
        variable_value_labels={"SEX": {1: "männlich", 2: "weiblich"}},
        missing_ranges={"PHQ": [99]},
    )
    export = read(
        tmp_path / "a.sav",
        """
        values.sex = { "männlich" = "male", "2" = "female" }
        [[table]]
        rows = "scores"
        ignore = ["PEG"]
        columns = { ID = "record_number", DAY = "time", SEX = "sex", PHQ = { score = "phq9" } }
        """,
    )
    assert rows_of(export.tables["patients"]) == [
        {"record_number": "0012", "sex": "male"},
        {"record_number": "13", "sex": "female"},
    ]
    assert [row["score"] for row in rows_of(export.tables["assessments"])] == ["12"]


def test_rows_are_chosen_by_what_stands_in_a_column(tmp_path: Path) -> None:
    path = csv(tmp_path, "ID,Kind,D,PHQ\n1,infusion,2026-01-05,\n1,scale,2026-01-06,9\n1,call,2026-01-07,\n")
    export = read(
        path,
        """
        [[table]]
        rows = "sessions"
        only.Kind = ["infusion"]
        columns = { ID = "record_number", D = "time" }
        [[table]]
        rows = "scores"
        only = { Kind = "scale" }
        columns = { ID = "record_number", D = "time", PHQ = { score = "phq9" } }
        """,
    )
    assert (len(export.tables["sessions"]), len(export.tables["assessments"])) == (1, 1)
    assert list(export.left_out) == [("a row that no [table.only] of the map takes", 1, [Origin("a.csv", 4)])]


def test_side_effects_have_rows_of_their_own(tmp_path: Path) -> None:
    path = csv(tmp_path, "ID;Am;Ereignis;Grad\n1;05.01.2026 09:30;Schwindel;leicht\n")
    export = read(
        path,
        """
        values.term = { Schwindel = "dizziness" }
        values.severity = { leicht = "mild" }
        [[table]]
        rows = "side_effects"
        dates = "dmy"
        columns = { ID = "record_number", Am = "time", Ereignis = "term", Grad = "severity" }
        """,
    )
    assert rows_of(export.tables["side_effects"]) == [
        {"record_number": "1", "time": "2026-01-05 09:30:00", "term": "dizziness", "severity": "mild"}
    ]


def test_what_is_wrong_with_cells_is_named_by_row_and_column_and_never_repeated(tmp_path: Path) -> None:
    text = (
        "ID;D;Sex;Dosis;RR;Asked\n"
        "1;05.01.2026;Secret;1.500;130;yes\n"
        ";05.01.2026;;0,5;;\n"
        "2;9:30;;#DIV/0!;;maybe\n"
        "3;;;0,5;;\n"
    )
    problems = Problems()
    export = read(
        csv(tmp_path, text),
        """
        dates = "dmy"
        [[table]]
        rows = "sessions"
        [table.columns]
        ID = "record_number"
        D = "time"
        Sex = "sex"
        Dosis = "dose"
        RR = { blood_pressure = "before" }
        Asked = "side_effects_asked"
        """,
        problems,
    )
    found = told(problems)
    assert [line.split(":")[0] for line in found] == [
        "a.csv, row 2, column Dosis",
        "a.csv, row 2, column RR",
        "a.csv, row 2, column Sex",
        "a.csv, row 3, column ID",
        "a.csv, row 4, column Dosis",
        "a.csv, row 4, column Asked",
        "a.csv, row 4, column D",
        "a.csv, row 5, column D",
    ]
    assert found[0].endswith(
        "has a point among decimal commas; write thousands without a point, a fraction with a comma"
    )
    assert "add it to [values.sex] of MAP.toml, as one of female, male, other, unknown" in found[2]
    assert "Secret" not in str(found)
    assert len(export.tables["sessions"]) == 1


def test_each_error_of_a_spreadsheet_is_refused_where_it_stands(tmp_path: Path) -> None:
    errors = ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "Err:502", "#WERT!"]
    rows = "".join(f"{number};2026-01-05;{error}\n" for number, error in enumerate(errors))
    problems = Problems()
    a_map = '[[table]]\nrows = "patients"\ncolumns = { ID = "record_number", B = "first_session", C = "clinic" }\n'
    read(csv(tmp_path, f"ID;B;C\n{rows}"), a_map, problems)
    refused = [line for line in told(problems) if "spreadsheet error" in line]
    assert [line.split(":")[0] for line in refused] == [f"a.csv, row {row}, column C" for row in range(2, 11)]


def test_merged_cells_count_only_where_they_are_read(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet = book.add_worksheet("S")
    sheet.merge_range("A1:C1", "Infusions of January")
    for place, row in enumerate((["ID", "D", "Note"], ["1", "2026-01-05", "x"], ["2", "2026-01-06", ""]), start=1):
        sheet.write_row(place, 0, row)
    sheet.merge_range("C3:C4", "both")
    book.close()
    text = '[[table]]\nrows = "sessions"\ncolumns = { ID = "record_number", D = "time" }'
    assert len(read(tmp_path / "a.xlsx", text).tables["sessions"]) == 2
    problems = Problems()
    read(tmp_path / "a.xlsx", text.replace(" }", ', Note = "clinic" }'), problems)
    assert [line.split(";")[0] for line in told(problems)] == [
        "a.xlsx, sheet S, row 3, column Note: merged cells, of which only the first holds a value"
    ]


def test_a_workbook_is_read_by_its_sheets(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["ID", "D"], ["1", "2026-01-05"])
    text = '[[table]]\nsheet = "Werte"\nrows = "sessions"\ncolumns = { ID = "record_number", D = "time" }\n'
    assert read(path, text).tables["sessions"].origins == [Origin("a.xlsx, sheet Werte", 2)]
    left = list(read(path, text.replace("sessions", "ignored")).left_out)
    assert left == [("a sheet that the map leaves out", 1, [Origin("a.xlsx, sheet Werte", 0)])]


TABLE = '[[table]]\nrows = "sessions"\n[table.columns]\nID = "record_number"\nD = "time"\n'


@pytest.mark.parametrize(
    "text, message",
    [
        ("", r"MAP\.toml, table: is missing; write \[\[table\]\]"),
        ('rows = "x"', r"its top: 'rows' is not known; known are missing, decimal, values, items"),
        ("decimal = 5", r"decimal: is no text; write it in quotation marks"),
        ('decimal = ";"', r"decimal: ';' is not known; known are \., ,"),
        ("missing = [true]", r'missing: is no list of texts; write it as \["99", "N/A"\]'),
        ("[values.colour]\na = 'b'", r"values: 'colour' is not known; known are "),
        ("[values.rout]\na = 'b'", r"values: 'rout' is not known; did you mean route\?"),
        ("[values.sex]\nw = 'femal'", r"values\.sex, 'w': 'femal' is not known; did you mean female\?"),
        ('[[table]]\nrows = "session"', r"table 1, rows: 'session' is not known; did you mean sessions\?"),
        ('[[table]]\nrow = "x"', r"table 1: 'row' is not known; did you mean rows\?"),
        (TABLE + 'E = "doses"', r"columns, 'E': 'doses' is not known; did you mean dose\?"),
        (TABLE + 'E = "score"', r"columns, 'E': 'score' is not known"),
        (TABLE + 'E = { score = "phq9" }', r"'E': does not say when; add when = before"),
        (TABLE + 'E = { score = "phq9", when = "tomorrow" }', r"'E', when: is not known; known are before, "),
        (TABLE + 'E = { score = "phq9", when = "before", time = "D" }', r"has when and time; give the one"),
        (TABLE + 'E = { score = "phq8", when = "before" }', r"'phq8' is not known; did you mean phq9\?"),
        (TABLE + 'E = { field = "dose", score = "phq9" }', r"says not one thing; give one of field, score"),
        (TABLE + 'E = { field = "dose", session = 2 }', r'session goes with rows = "patients"'),
        (TABLE + 'E = { field = "dose", unit = "ml" }', r"unit: 'ml' is not known; known are mg, mg_per_kg"),
        (TABLE + 'E = "time"', r"table 1: 'D' and 'E' become the same; correct or ignore one of them"),
        (TABLE + 'E = { item9 = "gad7", when = "before" }', r"'gad7' is not known; known are phq9"),
        (TABLE.replace('ID = "record_number"', ""), r"no column becomes 'record_number'; add a line"),
        (TABLE.replace("sessions", "patients"), r"'D': a row of a patient has several sessions"),
        ('[[table]]\nrows = "scores"\ncolumns = { ID = "record_number", D = "time", S = "score" }',
         r'no column says the scale; add instrument = "phq9"'),
        (TABLE + '[table.always]\ndrug = "Ketamin"', r"always, drug: 'Ketamin' is not known; did you mean ketamine\?"),
        (TABLE.replace("sessions", "patients").replace('"time"', '{ field = "time", session = "each" }'),
         r'session = "each" goes with a field of sessions such as dose'),
        (TABLE.replace("sessions", "patients").replace('"time"', '{ field = "dose", session = 2 }'),
         r'session 2 has no time; add a line "COLUMN" = \{ field = "time", session = 2 \}'),
        (TABLE + 'Dat = "dose"', r"table 1, 'Dat': a\.csv has no column of this name; its names stand in row 1"),
        (TABLE + 'Sexx = "dose"', r"table 1, 'Sexx': a\.csv has no column of this name; did you mean 'Sex'\?"),
        (TABLE + '[[table]]\nfile = "b.csv"\nrows = "ignored"', r"table 2: no sheet is of its file and sheet"),
    ],
)  # fmt: skip
def test_every_error_of_a_map_names_its_key_and_what_is_known(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match=message):
        read(csv(tmp_path, "ID,D,Sex\n1,2026-01-05,female\n"), text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["table", "values", "rows", "columns", "missing", "score", "when", "always", "only", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_map_is_refused_by_anything_but_words(given_map: object) -> None:
    """Whatever TOML holds, a map is read or refused with the file's name."""
    given = given_map if isinstance(given_map, dict) else {"table": given_map}
    with contextlib.suppress(CannotRead):
        sheet_map(given, "MAP.toml")


RELATIVE = """
[[table]]
rows = "sessions"
file = "s.csv"
columns = { ID = "record_number", H = "hours" }
[[table]]
rows = "scores"
file = "q.csv"
always = { instrument = "madrs" }
columns = { ID = "record_number", D = "day", S = "score" }
"""


def test_days_and_hours_since_the_first_session_stand_in_for_dates(tmp_path: Path) -> None:
    csv(tmp_path, "ID,H\n1,0\n1,72.5\n", "s.csv")
    csv(tmp_path, "ID,D,S\n1,-1,31\n1,28,12\n", "q.csv")
    export = read(tmp_path, RELATIVE)
    assert export.tables["sessions"].columns["time"] == ["2000-01-01 00:00:00", "2000-01-04 00:30:00"]
    assert export.tables["assessments"].columns["time"] == ["1999-12-31", "2000-01-29"]
    # Nobody knows until when these people were observed: no calendar is common to them.
    assert export.days_alone


def test_dates_and_days_since_the_first_session_do_not_stand_beside_each_other(tmp_path: Path) -> None:
    csv(tmp_path, "ID,H\n1,2026-01-05\n", "s.csv")
    csv(tmp_path, "ID,D,S\n1,x,31\n", "q.csv")
    with pytest.raises(CannotRead, match=r"table 1, 'H' has dates and table 2, 'D' days since the first session"):
        read(tmp_path, RELATIVE.replace('"hours"', '"time"'), Problems())
    problems = Problems()
    csv(tmp_path, "ID,H\n1,0\n", "s.csv")
    read(tmp_path, RELATIVE, problems)
    assert told(problems) == [
        "q.csv, row 2, column D: is no number of days, weeks or hours since the first session; write it in digits"
    ]


def test_items_make_the_total_and_what_does_not_agree_is_left_out_and_named(tmp_path: Path) -> None:
    items = ",".join(f"q{number}" for number in range(1, 8))
    path = csv(
        tmp_path,
        f"ID,D,{items},Sum\n"
        "1,2026-01-05,1,2,1,0,3,1,1,9\n"  # 9, as its items
        "1,2026-01-06,1,2,1,0,3,1,1,\n"
        "1,2026-01-07,1,2,1,0,3,1,1,12\n"
        "1,2026-01-08,1,2,,0,3,1,1,\n"
        "1,2026-01-09,,,,,,,,7\n"
        "1,2026-01-10,1,2,1,0,4,1,1,\n",
    )
    columns = "\n".join(f'q{number} = {{ score = "gad7", item = {number} }}' for number in range(1, 8))
    text = f'[[table]]\nrows = "scores"\n[table.columns]\nID = "record_number"\nD = "time"\n{columns}\n'
    text += 'Sum = { score = "gad7" }\n'
    problems = Problems()
    export = read(path, text, problems)
    assert [line.split(";")[0] for line in told(problems)] == [
        "a.csv, row 7, column q5: holds points that the item does not have"
    ]
    assert [(row["time"][-2:], row["score"]) for row in rows_of(export.tables["assessments"])] == [
        ("05", "9"), ("06", "9"), ("09", "7"),
    ]  # fmt: skip
    assert [(reason.split(";")[0], [origin.row for origin in origins]) for reason, _, origins in export.left_out] == [
        ("GAD-7: the total and its items disagree", [4]),
        ("GAD-7: items are missing, and the total is not there", [5]),
    ]
    made = read(path, text + '\n[items]\nmissing = "published"\n', Problems())
    assert [row["score"] for row in rows_of(made.tables["assessments"])] == ["9", "9", "9", "7"]  # 8 + 8 / 6
    assert made.notes[0].startswith("GAD-7: 1 total rests on fewer than all items")
    with pytest.raises(CannotRead, match=r"'q1': item is none of 1, 2, 3, 4, 5, 6, 7, the items of gad7"):
        read(path, text.replace("item = 1", "item = 8"))


def test_what_is_no_number_is_told_by_the_sheets_own_column_and_the_way_out(tmp_path: Path) -> None:
    text = """
[[table]]
rows = "sessions"
[table.always]
drug = "ketamine"
[table.columns]
ID = "record_number"
D = "time"
"CADSS max" = "cadss_highest"
Dosis = "dose"
"""
    path = csv(tmp_path, 'ID,D,CADSS max,Dosis\n1,2026-01-05,fehlt,"42,5"\n')
    problems = Problems()
    read(path, text, problems)
    assert told(problems) == [
        "a.csv, row 2, column CADSS max: is a word where a number should be; if it means that nothing was recorded, "
        "add it to missing at the top of MAP.toml",
        'a.csv, row 2, column Dosis: has a comma in the number; if it is a decimal comma, write decimal = "," at the '
        "top of MAP.toml; take commas between thousands out of the sheet",
    ]
    mended = 'decimal = ","\nmissing = ["fehlt"]' + text
    assert rows_of(read(path, mended).tables["sessions"]) == [
        {"record_number": "1", "time": "2026-01-05", "drug": "ketamine", "dose": "42.5"}
    ]
