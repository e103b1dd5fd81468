"""SDTM datasets: sessions of EX, scores of QS from totals and items, vital signs by time point, side effects by day."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.contract import CannotRead
from data_models.intake.prepare.folder import prepare_folder
from data_models.intake.prepare.sdtm.scale_results import places_of
from data_models.intake.prepare.sdtm.sdtm_export import SdtmExport
from data_models.intake.prepare.sdtm.terms import QUESTIONNAIRES
from data_models.intake.prepare.source import Choices, Export, Origin, Table
from data_models.intake.readers import read_records
from data_models.intake.readers.problems import Problems
from tests.data_models.intake.prepare.sdtm_files import FORMATS, Study, phq9, study, write_study

SDTM = SdtmExport()


def read(path: Path, said: str = "") -> tuple[Export, list[str]]:
    problems = Problems()
    export = SDTM.read(path, Choices(map=tomllib.loads(said)), problems)
    return export, [str(problem) for problem in problems._kept]


def rows_of(table: Table, *names: str) -> list[tuple[str, ...]]:
    blank = [""] * len(table)
    return list(zip(*(table.columns.get(name, blank) for name in names), strict=True))


def reasons(export: Export) -> dict[str, int]:
    return {reason: count for reason, count, _ in export.left_out}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_study_becomes_tables_worked_by_hand(tmp_path: Path, kind: str) -> None:
    labs = [{"STUDYID": "KET01", "DOMAIN": "LB", "USUBJID": "KET01-201001", "LBTESTCD": "ALT", "LBORRES": "20"}]
    folder = write_study(tmp_path / "study", {**study(), "LB": labs}, kind)
    assert SDTM.recognises(folder)
    export, problems = read(folder)
    assert problems == []
    assert rows_of(export.tables["patients"], "record_number", "clinic", "age", "sex") == [
        ("KET01-201001", "201", "43", "female"),
        ("KET01-201002", "201", "91", "male"),
    ]
    names = "record_number", "time", "drug", "route", "dose", "dose_unit", "duration_minutes"
    assert rows_of(export.tables["sessions"], *names) == [
        ("KET01-201001", "2026-03-02 09:00:00", "ketamine", "iv", "0.5", "mg_per_kg", "40"),
        ("KET01-201001", "2026-03-05 09:30:00", "ketamine", "iv", "0.5", "mg_per_kg", "40"),
        ("KET01-201002", "2026-03-03 14:00:00", "esketamine", "intranasal", "56", "mg", ""),
    ]
    vital = "systolic_before", "systolic_highest", "heart_rate_before", "diastolic_before", "side_effects_asked"
    assert rows_of(export.tables["sessions"], *vital) == [
        ("120", "151", "71", "", "yes"),
        ("118", "", "", "", "yes"),
        ("", "", "", "", "yes"),
    ]
    names = "record_number", "time", "timing", "instrument", "score", "item9"
    assert rows_of(export.tables["assessments"], *names) == [
        ("KET01-201001", "2026-03-01", "", "phq9", "17", "1"),
        ("KET01-201001", "2026-03-06 09:00:00", "", "phq9", "8", "0"),
        ("KET01-201002", "2026-03-03", "before", "gad7", "9", ""),
    ]
    names = "record_number", "time", "term", "severity", "serious", "onset_minutes", "resolved_minutes"
    assert rows_of(export.tables["side_effects"], *names) == [
        ("KET01-201001", "2026-03-02 09:00:00", "nausea", "mild", "no", "20", "90"),
        ("KET01-201001", "2026-03-05 09:30:00", "blood_pressure_increased", "severe", "yes", "", ""),
        ("KET01-201002", "2026-03-03 14:00:00", "other", "moderate", "no", "30", ""),
    ]
    assert reasons(export) == {
        "a screening failure": 1,
        "a result of a screening failure": 10,
        "a treatment that is neither ketamine nor esketamine": 1,
        "an item or score that was not done": 1,
        "a result of another scale, or none of its items and totals": 1,
        "PHQ-9: the total and its items disagree; neither is taken, correct one of them": 1,
        "a vital sign on a day without a session": 1,
        "an adverse event on no session's date": 1,
        "a dataset of another domain": 1,
    }
    assert export.notes == ["records of EX that go on a session already begun, their doses added to its own: 1"]


def test_a_study_becomes_session_records_that_an_import_takes(tmp_path: Path) -> None:
    prepared = prepare_folder(write_study(tmp_path / "study", study()), tmp_path / "who.csv", tmp_path / "records")
    assert prepared.source == "a set of SDTM datasets"
    batch = read_records(tmp_path / "records")
    assert sorted(batch.patients["age_band"]) == ["35-44", "90+"]
    assert sorted(batch.sessions["hours"]) == [0, 0, 72.5]
    assert sorted(batch.sessions["dose"]) == [0.5, 0.5, 56]
    assert sorted(batch.assessments[["instrument", "hours", "score"]].itertuples(index=False, name=None)) == [
        ("gad7", 0, 9),
        ("phq9", -24, 17),
        ("phq9", 96, 8),
    ]
    assert sorted(batch.side_effects["term"]) == ["blood_pressure_increased", "nausea", "other"]
    written = "".join(path.read_text() for path in (tmp_path / "records").iterdir())
    assert not any(secret in written for secret in ("KET01", "2026-", "201001"))


def test_a_study_of_days_alone_becomes_the_same_by_day(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", without_dates(study()))
    prepare_folder(folder, tmp_path / "who.csv", tmp_path / "records")
    batch = read_records(tmp_path / "records")
    assert sorted(batch.sessions["hours"] / 24) == [0, 0, 3]
    assert sorted(batch.assessments["hours"] / 24) == [-1, 0, 4]


def test_a_disagreement_names_both_by_their_test_codes(tmp_path: Path) -> None:
    export, _ = read(write_study(tmp_path, study()))
    (origins,) = [origins for reason, _, origins in export.left_out if "disagree" in reason]
    assert origins == [Origin("qs.csv", 30, "PHQ0111, PHQ0101 to PHQ0109")]
    assert export.left_out.lost == 12  # one score; one person who was not treated, with eleven rows


def without_dates(made: Study) -> Study:
    return {
        domain: [{name: "" if name.endswith("DTC") else value for name, value in row.items()} for row in rows]
        for domain, rows in made.items()
    }


def test_study_days_stand_where_there_are_no_dates_and_have_no_day_0(tmp_path: Path) -> None:
    export, problems = read(write_study(tmp_path, without_dates(study())))
    assert problems == []
    assert rows_of(export.tables["sessions"], "time") == [("2000-01-01",), ("2000-01-04",), ("2000-01-01",)]
    assert rows_of(export.tables["assessments"], "time") == [("1999-12-31",), ("2000-01-05",), ("2000-01-01",)]
    assert rows_of(export.tables["sessions"], "systolic_before", "systolic_highest")[0] == ("120", "151")
    assert any("times are study days" in note for note in export.notes)
    assert export.days_alone
    made = without_dates(study())
    made["QS"][0]["QSDY"] = "0"
    made["EX"][1]["EXSTDY"] = "3.5"
    _, problems = read(write_study(tmp_path, made))
    assert sorted(problem.partition(";")[0] for problem in problems) == [
        "ex.csv, row 3, column EXSTDY: is no study day",
        "qs.csv, row 2, column QSDY: is 0, and study days have no 0: day 1 is the first, day -1 the one before it",
    ]


def test_dates_and_days_are_never_mixed(tmp_path: Path) -> None:
    made = study()
    for row in made["QS"][:10]:
        row["QSDTC"] = "2026-03"  # a partial date: every record has its study day
    export, problems = read(write_study(tmp_path, made))
    assert problems == []
    assert rows_of(export.tables["sessions"], "time")[0] == ("2000-01-01",)
    made["EX"][0]["EXSTDY"] = ""
    _, problems = read(write_study(tmp_path, made))
    assert len(problems) == 1  # of one score, which its first row stands for
    assert problems[0].startswith("qs.csv, row 2, column QSDTC: is a partial date: its day is not known")


@pytest.mark.parametrize(
    "date", ["2026", "2026-03", "2026-03--", "2026---15", "--03-02", "2026-03-02T25:00", "2 March"]
)
def test_what_is_no_whole_date_is_refused_with_its_cause(tmp_path: Path, date: str) -> None:
    made = study()
    made["EX"][0] |= {"EXSTDTC": date, "EXSTDY": ""}
    _, problems = read(write_study(tmp_path, made))
    assert len(problems) == 1
    assert problems[0].startswith("ex.csv, row 2, column EXSTDTC: is ")
    assert date not in problems[0]


def test_a_time_without_minutes_is_a_date(tmp_path: Path) -> None:
    made = study()
    made["EX"][0]["EXSTDTC"] = "2026-03-02T09"
    export, problems = read(write_study(tmp_path, made))
    assert problems == []
    assert rows_of(export.tables["sessions"], "time")[0] == ("2026-03-02",)


def test_missing_items_leave_no_total_unless_the_published_rule_is_asked_for(tmp_path: Path) -> None:
    made = study()
    made["QS"] = phq9("201001", "2026-03-01", "-1", [2, 2, 2, "", 2, 2, 2, 2, 2])
    export, _ = read(write_study(tmp_path, made))
    assert "assessments" not in export.tables
    assert [count for reason, count in reasons(export).items() if reason.startswith("PHQ-9: items are missing")] == [1]
    export, _ = read(write_study(tmp_path, made), '[items]\nmissing = "published"')
    assert rows_of(export.tables["assessments"], "score") == [("18",)]


def test_the_map_says_what_the_study_calls_its_treatments_terms_and_tests(tmp_path: Path) -> None:
    made = study()
    for row in made["EX"]:
        row["EXTRT"] = {"KETAMINE": "Drug A", "Esketamine": "Drug B"}.get(row["EXTRT"], row["EXTRT"])
    made["QS"] = [{**made["QS"][0], "QSTESTCD": "MADTOT", "QSTEST": "Sum", "QSCAT": "MOOD", "QSSTRESN": "31"}]
    said = """
        [treatments]
        "Drug A" = "ketamine"
        "Drug B" = "other"
        [patients]
        diagnosis = "treatment_resistant_depression"
        clinic = "North"
        [sessions]
        side_effects_asked = "yes"
        [terms]
        "Tachycardia" = "heart_rate_increased"
        [[scores]]
        instrument = "madrs"
        total = "MADTOT"
    """
    export, problems = read(write_study(tmp_path, made), said)
    assert problems == []
    assert rows_of(export.tables["patients"], "clinic", "diagnosis")[0] == ("North", "treatment_resistant_depression")
    assert rows_of(export.tables["sessions"], "record_number", "drug") == [("KET01-201001", "ketamine")] * 2
    assert rows_of(export.tables["assessments"], "instrument", "score") == [("madrs", "31")]
    assert rows_of(export.tables["side_effects"], "term") == [("nausea",), ("blood_pressure_increased",)]
    assert reasons(export)["a treatment that is neither ketamine nor esketamine"] == 3


@pytest.mark.parametrize(
    "said, message",
    [
        ("[events]\n", '"events" is not known here; known are treatments, patients, sessions, terms, scores, items'),
        ('[treatments]\nX = "lithium"', "treatments.X is none of ketamine, esketamine, other"),
        ('[terms]\nX = "sick"', "terms.X is none of heart_rate_increased"),
        ('[patients]\ndiagnosis = "sad"', "patients.diagnosis is none of major_depression"),
        ('[[scores]]\ninstrument = "phq9"\nitems = ["A"]', "scores number 1: phq9 has 9 items, in their order; 1 are"),
        ('[[scores]]\ntotal = "A"', "scores number 1: say the instrument"),
        ('[items]\nmissing = "guess"', "items.missing is none of none, published"),
    ],
)
def test_a_map_that_cannot_be_used_is_refused_with_what_is_known(tmp_path: Path, said: str, message: str) -> None:
    with pytest.raises(CannotRead) as refused:
        read(write_study(tmp_path, study()), said)
    assert message in str(refused.value)


def test_a_study_without_ex_has_one_session_at_its_reference_start_if_the_map_says_so(tmp_path: Path) -> None:
    made = {**study(), "EX": [], "VS": [], "AE": []}
    said = '[sessions]\nat_reference_start = "ketamine"'
    export, problems = read(write_study(tmp_path / "dm", made), said)
    assert problems == []
    assert rows_of(export.tables["sessions"], "record_number", "time", "drug") == [
        ("KET01-201001", "2026-03-02 09:00:00", "ketamine"),
        ("KET01-201002", "2026-03-03", "ketamine"),
    ]
    # results alone: their dates and study days say when day 1 was
    export, problems = read(write_study(tmp_path / "qs", {**made, "DM": []}), said)
    assert problems == []
    assert rows_of(export.tables["sessions"], "record_number", "time")[:2] == [
        ("KET01-201001", "2026-03-02"),
        ("KET01-201002", "2026-03-03"),
    ]


def test_a_reference_start_that_nothing_tells_is_refused(tmp_path: Path) -> None:
    made = {**study(), "EX": [], "VS": [], "AE": []}
    said = '[sessions]\nat_reference_start = "ketamine"'
    made["DM"][0]["RFSTDTC"] = ""
    _, problems = read(write_study(tmp_path / "dm", made), said)
    assert [problem.partition(";")[0] for problem in problems] == ["dm.csv, row 2, column RFSTDTC: is missing"]
    export, problems = read(write_study(tmp_path / "days", without_dates(made)), said)
    assert problems == []
    assert rows_of(export.tables["sessions"], "time") == [("2000-01-01",), ("2000-01-01",)]
    assert any("there is no EX" in question for question in SDTM.suggest(tmp_path / "days", Choices()).questions)


def test_what_did_not_happen_is_left_out(tmp_path: Path) -> None:
    made = study()
    for row in made["EX"]:
        row["EXOCCUR"] = "N" if row["EXSTDTC"] == "2026-03-05T09:30" else "Y"
    for row in made["AE"]:
        row["AEOCCUR"] = "N" if row["AEDECOD"] == "Nausea" else ""
    made["DM"][0] |= {"AGE": "", "BRTHDTC": "1983-02-01"}
    for row in made["DM"]:
        row.setdefault("BRTHDTC", "1935")
    export, problems = read(write_study(tmp_path, made))
    assert problems == []
    found = reasons(export)
    assert (found["a dose that was not given"], found["an adverse event that did not occur"]) == (1, 1)
    assert rows_of(export.tables["patients"], "birth_date", "age") == [("1983-02-01", ""), ("", "91")]


def test_the_highest_cadss_of_a_session_is_its_own(tmp_path: Path) -> None:
    made = study()
    for when, total in (("08:45", "0"), ("09:40", "23"), ("10:30", "4")):
        made["QS"].append({**made["QS"][0], "QSTESTCD": "CADSS24", "QSTEST": "CADSS-Total Score", "QSCAT": "CADSS",
                           "QSSTRESN": total, "QSDTC": f"2026-03-02T{when}", "QSDY": "1"})  # fmt: skip
    made["QS"].append({**made["QS"][-1], "QSDTC": "2026-03-20", "QSDY": "19"})
    export, problems = read(write_study(tmp_path, made))
    assert problems == []
    assert rows_of(export.tables["sessions"], "cadss_highest") == [("23",), ("",), ("",)]
    assert reasons(export)["a CADSS on a day without a session"] == 1


def test_two_totals_at_one_time_are_refused(tmp_path: Path) -> None:
    made = study()
    made["QS"].append({**made["QS"][9], "QSSTRESN": "16"})
    _, problems = read(write_study(tmp_path, made))
    assert problems == [
        f"qs.csv, row {len(made['QS']) + 1}, column QSSTRESN: is another total of the same scale at the same time "
        "as row 11; correct one"
    ]


def test_exposures_that_tell_no_session_are_left_out(tmp_path: Path) -> None:
    made = study()
    made["EX"][0] |= {"EXENDTC": "2026-03-28"}
    made["EX"][1] |= {"EXSTDTC": "2026-03-05T23:30", "EXENDTC": "2026-03-06T00:10"}
    made["EX"][2] |= {"EXDOSE": "0"}
    made["EX"][3] |= {"EXDOSU": "mL", "EXROUTE": "RECTAL"}
    export, problems = read(write_study(tmp_path, made))
    assert problems == []
    assert rows_of(export.tables["sessions"], "time", "route", "dose", "dose_unit", "duration_minutes") == [
        ("2026-03-03 14:05:00", "", "", "", ""),
        ("2026-03-05 23:30:00", "iv", "0.5", "mg_per_kg", "40"),
    ]
    found = reasons(export)
    assert found["an exposure over several days, which does not tell its sessions"] == 1
    assert found["a dose of 0"] == 1
    assert found["a dose in a unit other than mg or mg/kg (the session stays)"] == 1
    assert found["a route that session records do not have (the session stays)"] == 1


def test_what_is_wrong_with_a_cell_is_named_without_the_cell(tmp_path: Path) -> None:
    made = study()
    made["DM"][0] |= {"SEX": "W", "AGE": "516", "AGEU": "MONTHS"}
    made["EX"][0]["EXDOSE"] = "a little"
    made["QS"][3]["QSSTRESN"] = "often"
    made["QS"] += phq9("201001", "2026-03-06T09:00", "5", [1, 1, 1, 1, 1, 1, 1, 1, 2])
    _, problems = read(write_study(tmp_path, made))
    assert sorted(problem.partition(": ")[0] for problem in problems) == [
        "dm.csv, row 2, column AGEU",
        "dm.csv, row 2, column SEX",
        "ex.csv, row 2, column EXDOSE",
        "qs.csv, row 5, column QSSTRESN",
        "qs.csv, row 52, column QSSTRESN",
    ]
    assert not any("often" in problem or "little" in problem for problem in problems)


def test_a_row_with_a_comma_too_many_is_refused_and_not_read_one_place_on(tmp_path: Path) -> None:
    folder = write_study(tmp_path, study())
    lines = (folder / "ex.csv").read_text().splitlines()
    lines[1] = lines[1].replace("KETAMINE,", "KETAMINE,,")
    (folder / "ex.csv").write_text("\n".join(lines))
    _, problems = read(folder)
    assert problems[0] == (
        "ex.csv, row 2: the row has too many fields: 11 fields where the header has 10; correct the row"
    )


@pytest.mark.parametrize(
    "code, category, test, instrument, place",
    [
        ("PHQ0101", "PHQ-9", "", "phq9", 0),
        ("PHQ0109", "PHQ-9", "", "phq9", 8),
        ("PHQ0111", "PHQ-9", "PHQ01-Total Score", "phq9", None),
        ("GAD0107", "GAD-7", "", "gad7", 6),
        ("GAD0207", "GAD-7 V2", "", "gad7", 6),
        ("GAD0208", "GAD-7 V2", "GAD02-Total Score", "gad7", None),
        ("GAD02TS", "GAD-7 V2", "", "gad7", None),
        ("MDR0103", "MADRS", "", "madrs", 2),
        ("MADR0111", "MADRS", "MADRS-Total Score", "madrs", None),
        ("HAMD116A", "HAMD 17", "", "hamd17", 15),
        ("HAMD118", "HAMD 17", "HAMD1-Total Score", "hamd17", None),
        ("QIDSR116", "QIDS-SR16", "", "qids", 15),
        ("BDI0221", "BDI-II", "", "bdi2", 20),
        ("PCL520", "PCL-5", "", "pcl5", 19),
        ("HADS0101", "HADS", "HADS01-Question 1", "hads_a", 0),
        ("HADS0114", "HADS", "HADS01-Question 14", "hads_d", 6),
        ("HADS0115", "HADS", "HADS01-Anxiety Score", "hads_a", None),
        ("HADS0116", "HADS", "HADS01-Depression Score", "hads_d", None),
        ("PEG02", "PEG", "", "peg", 1),
        ("AUDC103", "AUDIT-C", "", "auditc", 2),
    ],
)
def test_test_codes_say_scale_and_item(code: str, category: str, test: str, instrument: str, place: int | None) -> None:
    assert places_of(code, test, category) == ((instrument, place),)


def test_every_scale_has_its_test_codes() -> None:
    assert {scale.instrument for scale in QUESTIONNAIRES} == set(INSTRUMENTS)


@pytest.mark.parametrize(
    "code, category, test",
    [
        ("PHQ0110", "PHQ-9", "PHQ01-Difficult to Work"),
        ("PHQ0501", "PHQ-8", ""),
        ("GAD0208", "GAD-7 V2", "GAD02-How Difficult"),
        ("HAMD201", "HAMD 21", ""),
        ("QIDSC101", "QIDS-C", ""),
        ("MADRSS01", "MADRS-S", ""),
        ("CGI0201", "CGI", ""),
    ],
)
def test_other_scales_and_questions_beside_the_total_are_none_of_ours(code: str, category: str, test: str) -> None:
    assert places_of(code, test, category) == ()


def test_the_proposed_map_reads_the_study_as_no_map_does(tmp_path: Path) -> None:
    folder = write_study(tmp_path, study())
    suggestion = SDTM.suggest(folder, Choices())
    said = tomllib.loads(suggestion.toml)
    assert said.pop("format") == "sdtm"
    assert said["treatments"] == {"KETAMINE": "ketamine", "Esketamine": "esketamine", "PLACEBO": "other"}
    problems = Problems()
    proposed = SDTM.read(folder, Choices(map=said), problems)
    plain, _ = read(folder)
    assert {name: table.columns for name, table in proposed.tables.items()} == {
        name: table.columns for name, table in plain.tables.items()
    }
    becomes = {(column.file, column.column): column for column in suggestion.columns}
    assert becomes["qs.csv", "QSSTRESN"].becomes == "assessments.score"
    assert becomes["dm.csv", "USUBJID"].examples == ()
    assert plain.columns_left_out == {"qs.csv": ["QSBLFL"]}


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("dm.xpt", "no transport file", "dm.xpt is no readable .xpt file"),
        ("dm.json", '{"resourceType": "Bundle"}', "dm.json is no Dataset-JSON"),
        ("dm.ndjson", '{"columns": [{"name": "USUBJID"}]}\n[1\n', "dm.ndjson, row 2: is no Dataset-JSON of one line"),
        ("lb.csv", "STUDYID,DOMAIN,USUBJID\nK,LB,1\n", "holds no SDTM dataset (DM, EX, QS"),
        ("ae.csv", "STUDYID,DOMAIN,USUBJID\nK,AE,1\n", "no person, session or score is among its datasets"),
    ],
)
def test_files_that_cannot_be_read_are_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(CannotRead) as refused:
        read(tmp_path)
    assert message in str(refused.value)


def test_what_is_no_sdtm_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "sessions.csv").write_text("record_number,time,drug\n1,2026-01-05,ketamine\n")
    (tmp_path / "bundle.json").write_text('{"resourceType": "Bundle"}')
    assert not SDTM.recognises(tmp_path)
    assert not SDTM.recognises(tmp_path / "none")
