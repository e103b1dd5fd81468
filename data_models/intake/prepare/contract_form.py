"""Exports that have the contract's own columns, with `record_number` and `time`: what `deidentify` was made for."""

from __future__ import annotations

from pathlib import Path

from data_models.intake.contract import ONE_SHEET, TABLES, CannotRead, RecordsRefused
from data_models.intake.prepare.contract_tables import read_identified
from data_models.intake.prepare.source import RECORD_NUMBER, Choices, Export, Suggestion
from data_models.intake.readers.problems import Problems


class ContractForm:
    """The session records' tables before they lose who is who."""

    key = "contract"
    name = "an export with the columns of session records, record_number and time"

    def recognises(self, path: Path) -> bool:
        """Whether a table of the contract's name has a column `record_number`."""
        try:
            tables = read_identified(path, Problems())
        except CannotRead:
            return False
        except RecordsRefused:  # a workbook with sheets of these names, of which some cell is wrong
            return True
        return any(RECORD_NUMBER in table.columns for table in tables.values())

    def read(self, path: Path, choices: Choices, problems: Problems) -> Export:
        """The tables as they are."""
        if choices.map:
            raise CannotRead(f"{choices.map_file}: {self.name} needs no map but zone and dates; remove the rest")
        return Export(read_identified(path, problems))

    def suggest(self, path: Path, choices: Choices) -> Suggestion:
        """A map that says no more than the form: its columns have their names."""
        names = ", ".join((*TABLES, ONE_SHEET))
        return Suggestion(f'# {path.name} has the columns of session records ({names}).\nformat = "{self.key}"\n')
