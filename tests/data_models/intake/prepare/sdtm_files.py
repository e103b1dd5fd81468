"""A small study of our own making in SDTM, after CDISC's implementation guide: DM, EX, QS, VS and AE."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Row = Mapping[str, str]
Study = dict[str, list[dict[str, str]]]
_ITEMS = [f"PHQ01{number:02d}" for number in range(1, 12)]


def _dm(subject: str, **more: str) -> dict[str, str]:
    row = {"STUDYID": "KET01", "DOMAIN": "DM", "USUBJID": f"KET01-{subject}", "SUBJID": subject, "SITEID": subject[:3]}
    row |= {"RFSTDTC": "2026-03-02T09:00", "AGE": "", "AGEU": "YEARS", "SEX": "", "ARMCD": "KET", "ARM": "Ketamine"}
    return {**row, **more}


def _ex(subject: str, start: str, day: str, **more: str) -> dict[str, str]:
    row = {"STUDYID": "KET01", "DOMAIN": "EX", "USUBJID": f"KET01-{subject}", "EXTRT": "KETAMINE", "EXDOSE": "0.5"}
    row |= {"EXDOSU": "mg/kg", "EXROUTE": "INTRAVENOUS DRIP", "EXSTDTC": start, "EXENDTC": "", "EXSTDY": day}
    return {**row, **more}


def phq9(subject: str, when: str, day: str, points: Sequence[int | str], total: int | str = "") -> list[dict[str, str]]:
    """The rows of one PHQ-9: nine items, how difficult, the total."""
    rows = []
    for code, value in zip(_ITEMS, [*points, "", total], strict=True):
        row = {"STUDYID": "KET01", "DOMAIN": "QS", "USUBJID": f"KET01-{subject}", "QSTESTCD": code, "QSCAT": "PHQ-9"}
        row["QSTEST"] = "PHQ01-Total Score" if code == "PHQ0111" else f"PHQ01-Question {code[-2:]}"
        row |= {"QSORRES": str(value), "QSSTRESN": str(value), "QSSTAT": "", "QSBLFL": "", "QSTPT": ""}
        rows.append({**row, "VISITNUM": "1", "QSDTC": when, "QSDY": day})
    return [row for row in rows if row["QSORRES"] or row["QSTESTCD"] not in ("PHQ0110", "PHQ0111")]


def _vs(subject: str, code: str, value: str, point: str, when: str, day: str) -> dict[str, str]:
    row = {"STUDYID": "KET01", "DOMAIN": "VS", "USUBJID": f"KET01-{subject}", "VSTESTCD": code, "VSSTRESN": value}
    return {**row, "VSTPT": point, "VSSTAT": "" if value else "NOT DONE", "VSDTC": when, "VSDY": day}


def _ae(subject: str, term: str, start: str, day: str, **more: str) -> dict[str, str]:
    row = {"STUDYID": "KET01", "DOMAIN": "AE", "USUBJID": f"KET01-{subject}", "AEDECOD": term, "AESEV": "MILD"}
    return {**row, "AESER": "N", "AESTDTC": start, "AEENDTC": "", "AESTDY": day, **more}


def study() -> Study:
    """Two people treated, one of them twice, and one who failed screening."""
    not_done = phq9("201002", "2026-03-10", "8", [""] * 9)[:1]
    not_done[0] |= {"QSSTAT": "NOT DONE", "QSTESTCD": "PHQ0111"}
    return {
        "DM": [
            _dm("201001", AGE="43", SEX="F"),
            _dm("201002", AGE="91", SEX="M", RFSTDTC="2026-03-03"),
            _dm("202001", AGE="30", SEX="F", ARMCD="SCRNFAIL", ARM="Screen Failure", RFSTDTC=""),
        ],
        "EX": [
            _ex("201001", "2026-03-02T09:00", "1", EXENDTC="2026-03-02T09:40"),
            _ex("201001", "2026-03-05T09:30", "4", EXENDTC="2026-03-05T10:10"),
            _ex("201002", "2026-03-03T14:00", "1", EXTRT="Esketamine", EXDOSE="28", EXDOSU="mg", EXROUTE="NASAL"),
            _ex("201002", "2026-03-03T14:05", "1", EXTRT="Esketamine", EXDOSE="28", EXDOSU="mg", EXROUTE="NASAL"),
            _ex("201002", "2026-03-04", "2", EXTRT="PLACEBO", EXDOSE="0"),
        ],
        "QS": [
            *phq9("201001", "2026-03-01", "-1", [2, 2, 2, 2, 2, 2, 2, 2, 1], 17),
            *phq9("201001", "2026-03-06T09:00", "5", [1, 1, 1, 1, 1, 1, 1, 1, 0]),  # items alone: 8
            *phq9("201002", "2026-03-02", "-1", [3, 3, 3, 3, 3, 3, 2, 2, 0], 21),  # 22 by its items
            *not_done,
            *phq9("202001", "2026-03-01", "-1", [0] * 9, 0),
            {"STUDYID": "KET01", "DOMAIN": "QS", "USUBJID": "KET01-201002", "QSTESTCD": "GAD0208", "QSCAT": "GAD-7 V2",
             "QSTEST": "GAD02-Total Score", "QSORRES": "9", "QSSTRESN": "9", "QSSTAT": "", "QSBLFL": "Y",
             "QSTPT": "PREDOSE", "VISITNUM": "2", "QSDTC": "2026-03-03", "QSDY": "1"},
            {"STUDYID": "KET01", "DOMAIN": "QS", "USUBJID": "KET01-201002", "QSTESTCD": "CGI0201", "QSCAT": "CGI",
             "QSTEST": "CGI02-Severity", "QSORRES": "5", "QSSTRESN": "5", "QSSTAT": "", "QSBLFL": "",
             "QSTPT": "", "VISITNUM": "2", "QSDTC": "2026-03-03", "QSDY": "1"},
        ],
        "VS": [
            _vs("201001", "SYSBP", "120", "PREDOSE", "2026-03-02T08:50", "1"),
            _vs("201001", "SYSBP", "151", "40 MIN POST DOSE", "2026-03-02T09:40", "1"),
            _vs("201001", "SYSBP", "149", "60 MIN POST DOSE", "2026-03-02T10:00", "1"),
            _vs("201001", "PULSE", "71", "", "2026-03-02T08:50", "1"),
            _vs("201001", "DIABP", "", "PREDOSE", "2026-03-02T08:50", "1"),
            _vs("201001", "SYSBP", "118", "PREDOSE", "2026-03-05T09:20", "4"),
            _vs("201001", "SYSBP", "117", "", "2026-03-20", "19"),
        ],
        "AE": [
            _ae("201001", "Nausea", "2026-03-02T09:20", "1", AEENDTC="2026-03-02T10:30"),
            _ae("201001", "Blood pressure systolic increased", "2026-03-05", "4", AESEV="SEVERE", AESER="Y"),
            _ae("201001", "Influenza", "2026-03-20", "19"),
            _ae("201002", "Tachycardia", "2026-03-03T14:30", "1", AESEV="MODERATE"),
        ],
    }  # fmt: skip


def as_csv(folder: Path, domain: str, rows: Sequence[Row]) -> None:
    """One CSV file."""
    with (folder / f"{domain.lower()}.csv").open("w", newline="", encoding="utf-8") as stream:
        lines = csv.DictWriter(stream, list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)


def _typed(name: str, value: str) -> str | float | None:
    """Numbers as the exchange formats have them."""
    if name in ("AGE", "EXDOSE", "QSSTRESN", "VSSTRESN", "VISITNUM", "EXSTDY", "QSDY", "VSDY", "AESTDY"):
        return float(value) if value else None
    return value


def as_json_1_1(folder: Path, domain: str, rows: Sequence[Row]) -> None:
    """Dataset-JSON 1.1: columns and rows at the top."""
    columns = [{"itemOID": f"IT.{domain}.{name}", "name": name, "dataType": "string"} for name in rows[0]]
    cells = [[_typed(name, value) for name, value in row.items()] for row in rows]
    whole = {"datasetJSONVersion": "1.1.0", "itemGroupOID": f"IG.{domain}", "name": domain, "columns": columns}
    (folder / f"{domain.lower()}.json").write_text(json.dumps({**whole, "records": len(rows), "rows": cells}))


def as_json_1_0(folder: Path, domain: str, rows: Sequence[Row]) -> None:
    """Dataset-JSON 1.0: a group of the clinical data, each row with its number first."""
    items = [{"OID": "ITEMGROUPDATASEQ", "name": "ITEMGROUPDATASEQ", "type": "integer"}]
    items += [{"OID": f"IT.{domain}.{name}", "name": name, "type": "string"} for name in rows[0]]
    cells = [[number, *(_typed(name, value) for name, value in row.items())] for number, row in enumerate(rows, 1)]
    group = {"records": len(rows), "name": domain, "label": domain, "items": items, "itemData": cells}
    whole = {"datasetJSONVersion": "1.0.0", "clinicalData": {"studyOID": "KET01", "itemGroupData": {domain: group}}}
    (folder / f"{domain.lower()}.json").write_text(json.dumps(whole))


def as_ndjson(folder: Path, domain: str, rows: Sequence[Row]) -> None:
    """Dataset-JSON 1.1 of one line a record."""
    about = {"datasetJSONVersion": "1.1.0", "name": domain, "columns": [{"name": name} for name in rows[0]]}
    lines = [about, *([_typed(name, value) for name, value in row.items()] for row in rows)]
    (folder / f"{domain.lower()}.ndjson").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def as_xpt(folder: Path, domain: str, rows: Sequence[Row]) -> None:
    """A SAS transport file of version 5."""
    import pandas as pd
    import pyreadstat

    frame = pd.DataFrame({name: [_typed(name, row[name]) for row in rows] for name in rows[0]})
    pyreadstat.write_xport(frame, str(folder / f"{domain.lower()}.xpt"), table_name=domain, file_format_version=5)


FORMATS: dict[str, Callable[[Path, str, Sequence[Row]], None]] = {
    "csv": as_csv, "xpt": as_xpt, "json 1.1": as_json_1_1, "json 1.0": as_json_1_0, "ndjson": as_ndjson
}  # fmt: skip


def write_study(folder: Path, made: Study, kind: str = "csv") -> Path:
    """A file a domain."""
    folder.mkdir(exist_ok=True)
    for domain, rows in made.items():
        if rows:
            FORMATS[kind](folder, domain, rows)
    return folder
