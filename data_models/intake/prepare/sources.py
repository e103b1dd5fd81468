"""The formats of clinics' exports, a row each: what `prepare` takes, and what an unknown file is told to be."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from data_models.intake.contract import ONE_SHEET, TABLES, CannotRead, RecordsRefused
from data_models.intake.prepare.contract_form import ContractForm
from data_models.intake.prepare.fhir.export import FhirExport
from data_models.intake.prepare.redcap.redcap_export import RedcapExport
from data_models.intake.prepare.sdtm.sdtm_export import SdtmExport
from data_models.intake.prepare.sheet_files import read_files
from data_models.intake.prepare.sheets import SheetsSource
from data_models.intake.prepare.source import Source

# The contract's own form after those with marks of their own; a clinic's own sheets last: any table may be one.
SOURCES: Final[tuple[Source, ...]] = (FhirExport(), RedcapExport(), SdtmExport(), ContractForm(), SheetsSource())
_LOOKED_AT: Final = 1_000  # cells of a sheet
_NEED_A_MAP: Final = frozenset((RedcapExport.key, SheetsSource.key))


def recognised(path: Path) -> Source | None:
    """The format that a path surely holds; None where none is sure."""
    return next((source for source in SOURCES if source.recognises(path)), None)


def _are_own_sheets(path: Path) -> bool:
    """Whether a path holds tables of which none has the name, or the first column, of session records."""
    try:
        sheets = read_files(path, _LOOKED_AT).sheets
    except (CannotRead, RecordsRefused, OSError):
        return False
    named = {name.casefold() for sheet in sheets for name in (Path(sheet.file).stem, sheet.name)}
    cells = (str(cell).casefold() for sheet in sheets for _, row in sheet.rows[:5] for cell in row)
    return bool(sheets) and not named & {*TABLES, ONE_SHEET} and "patient_code" not in cells


def hint(path: Path) -> str:
    """What to do with a path that holds no session records but an export of a known format; "" for any other."""
    found = recognised(path)
    if found is None:
        suggest = f"have a map proposed with `prepare {path.name} --suggest -o MAP.toml`"
        return f"{path.name}: if these are a clinic's own sheets, {suggest}" if _are_own_sheets(path) else ""
    if found.key in _NEED_A_MAP:
        return f"{path.name} is {found.name}: have a map proposed with `prepare {path.name} --suggest -o MAP.toml`"
    return (
        f"{path.name} is {found.name}: make session records of it with "
        f"`prepare {path.name} --crosswalk who-is-who.csv -o records`"
    )
