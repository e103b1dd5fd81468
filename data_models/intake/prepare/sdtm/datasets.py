"""Datasets of SDTM as text, by domain: CSV, SAS XPT, Dataset-JSON (1.0, 1.1) and its form of one line a record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.statistics_files import read_statistics
from data_models.intake.prepare.text_rows import header_of, text_rows, uneven
from data_models.intake.readers.problems import Problems

SUFFIXES: Final = (".csv", ".xpt", ".json", ".ndjson")
_XPT: Final = b"HEADER RECORD*******LIBRARY HEADER RECORD"
_LOOKED_AT: Final = 65_536
_DOMAINS: Final = ("DM", "EX", "QS", "RS", "FT", "VS", "AE")


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a dataset."""

    file: str
    number: int
    cells: Sequence[str]
    place: Mapping[str, int]

    def __getitem__(self, variable: str) -> str:
        """The value of a variable; "" where it is missing or the dataset has none of this name."""
        at = self.place.get(variable)
        return self.cells[at].strip() if at is not None and at < len(self.cells) else ""


@dataclass(slots=True)
class Dataset:
    """One file of one domain.

    Attributes
    ----------
    variables : names in capitals.
    """

    file: str
    domain: str
    variables: list[str]
    records: list[Record]


@dataclass(slots=True)
class Datasets:
    """The datasets of a study.

    Attributes
    ----------
    all : those that session records have a place for.
    others : files of other domains.
    """

    all: list[Dataset]
    others: list[str]

    def of(self, domain: str) -> list[Dataset]:
        """Those of a domain; QS may be split over several files."""
        return [dataset for dataset in self.all if dataset.domain == domain]

    def records(self, domain: str) -> Iterator[Record]:
        """The rows of a domain."""
        for dataset in self.of(domain):
            yield from dataset.records

    def file(self, domain: str) -> str:
        """What messages call a domain."""
        return next((dataset.file for dataset in self.of(domain)), domain)


def read_datasets(path: Path, problems: Problems | None = None) -> Datasets:
    """The datasets of a folder or of one file, of the domains that session records have a place for.

    Parameters
    ----------
    problems : where rows that do not have a value for each variable are noted; they are left out.

    Raises
    ------
    CannotRead : there is none, or a file cannot be read.
    """
    found = [_dataset(file, problems) for file in _files(path)]
    datasets = [dataset for dataset in found if dataset.domain in _DOMAINS]
    if not datasets:
        kinds = ", ".join(SUFFIXES)
        raise CannotRead(f"{path.name} holds no SDTM dataset ({', '.join(_DOMAINS)} as {kinds}); check the path")
    return Datasets(datasets, [dataset.file for dataset in found if dataset.domain not in _DOMAINS])


def surely_holds(path: Path) -> bool:
    """Whether a path is, or a folder has, a dataset of SDTM, by names and first bytes."""
    try:
        return any(_looks_like(file) for file in _files(path))
    except OSError:
        return False


def _files(path: Path) -> list[Path]:
    inside = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file for file in inside if file.suffix.lower() in SUFFIXES and file.is_file()]


def _looks_like(file: Path) -> bool:
    with file.open("rb") as stream:
        start = stream.read(_LOOKED_AT)
    match file.suffix.lower():
        case ".csv":
            names = {name.upper() for name in header_of(file)}
            return "USUBJID" in names and bool(names & {"STUDYID", "DOMAIN"})
        case ".xpt":
            return start.startswith(_XPT) and file.stem[:2].upper() in _DOMAINS
        case _:
            about = b'"datasetJSONVersion"' in start or (b'"itemGroupData"' in start and b'"itemData"' in start)
            return about and b'"USUBJID"' in start


def _dataset(file: Path, problems: Problems | None) -> Dataset:
    try:
        rows = iter(_rows(file))
        variables = [name.strip().upper() for name in next(rows, (1, []))[1]]
        place = {name: at for at, name in enumerate(variables)}
        records = []
        for number, cells in rows:
            reason = uneven(cells, len(variables))
            if reason is None:
                records.append(Record(file.name, number, cells, place))
            elif problems is not None:
                problems.add(file.name, number, None, reason)
    except OSError as error:
        raise CannotRead(f"{file.name} cannot be opened ({error.strerror or 'input error'}); check the path") from None
    named = next((record["DOMAIN"] for record in records if record["DOMAIN"]), "")
    return Dataset(file.name, (named or file.stem[:2]).upper(), variables, records)


def _rows(file: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """The names of the variables, then the rows."""
    match file.suffix.lower():
        case ".csv":
            yield from text_rows(file)
        case ".xpt":
            yield from read_statistics(file)[0].rows
        case ".ndjson":
            yield from _lines(file)
        case _:
            yield from _dataset_json(file)


def _dataset_json(file: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        whole = json.loads(file.read_bytes())
        columns, rows = _parts(whole)
        yield 0, [column["name"] for column in columns]
        yield from ((number, [_text(cell) for cell in row]) for number, row in enumerate(rows, start=1))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CannotRead(f"{file.name} is no Dataset-JSON; export it again, or as CSV") from None


def _parts(whole: Any) -> tuple[Any, Any]:
    """Columns and rows: 1.1 has them at its top, 1.0 in a group of its clinical data."""
    if "datasetJSONVersion" in whole and "columns" in whole:
        return whole["columns"], whole.get("rows") or []
    groups = (whole.get("clinicalData") or whole["referenceData"])["itemGroupData"]
    (group,) = groups.values()
    return group["items"], group["itemData"]


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The first line says what the columns are, each other one is a row."""
    number = 1
    try:
        with file.open(encoding="utf-8-sig") as stream:
            yield 1, [column["name"] for column in json.loads(next(stream, "null"))["columns"]]
            for number, line in enumerate(stream, start=2):
                if line.strip():
                    yield number, [_text(cell) for cell in json.loads(line)]
    except (ValueError, KeyError, TypeError, RecursionError):
        what = f"{file.name}, row {number}: is no Dataset-JSON of one line a record"
        raise CannotRead(f"{what}; export it again, or as CSV") from None


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
