"""The formats of clinics' exports, a row each: what `prepare` takes, and what an unknown file is told to be."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from data_models.intake.prepare.contract_form import ContractForm
from data_models.intake.prepare.fhir.export import FhirExport
from data_models.intake.prepare.redcap.redcap_export import RedcapExport
from data_models.intake.prepare.sdtm.sdtm_export import SdtmExport
from data_models.intake.prepare.sheets import SheetsSource
from data_models.intake.prepare.source import Source

# The contract's own form after those with marks of their own; a clinic's own sheets last: any table may be one.
SOURCES: Final[tuple[Source, ...]] = (FhirExport(), RedcapExport(), SdtmExport(), ContractForm(), SheetsSource())
_NEED_A_MAP: Final = frozenset((RedcapExport.key, SheetsSource.key))


def recognised(path: Path) -> Source | None:
    """The format that a path surely holds; None where none is sure."""
    return next((source for source in SOURCES if source.recognises(path)), None)


def hint(path: Path) -> str:
    """What to do with a path that holds no session records but an export of a known format; "" for any other."""
    found = recognised(path)
    if found is None:
        return ""
    if found.key in _NEED_A_MAP:
        return f"{path.name} is {found.name}: have a map proposed with `prepare {path.name} --suggest -o MAP.toml`"
    return (
        f"{path.name} is {found.name}: make session records of it with "
        f"`prepare {path.name} --crosswalk who-is-who.csv -o records`"
    )
