"""A table of text as it stands in a file or a block of it, each column as its different values and codes into them.

Checking and converting the different values alone is what lets a million rows be read in a second.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Texts:
    """One column: `values[codes[i]]` is the text of data row i; "" is an empty cell."""

    values: pa.StringArray
    codes: Codes

    @classmethod
    def of(cls, cells: Sequence[str]) -> Texts:
        """From a cell a row."""
        encoded = pa.array(cells, pa.string()).dictionary_encode()
        return cls(encoded.dictionary, encoded.indices.to_numpy(zero_copy_only=False))


@dataclass(slots=True)
class RawTable:
    """The cells of one file or sheet, or of a block of its rows.

    Attributes
    ----------
    file : its name in messages.
    columns : known columns alone, in the order of the file.
    length : data rows.
    rows : row number of each data row as a spreadsheet counts; None where data row i is row `first` + i.
    first : row number of the first data row: 2, or more in a later block of the file.
    """

    file: str
    columns: dict[str, Texts] = field(default_factory=dict)
    length: int = 0
    rows: Rows | None = None
    first: int = 2

    def row_numbers(self, index: npt.NDArray[np.intp]) -> Rows:
        """Row numbers of data rows (0-based positions)."""
        return index + self.first if self.rows is None else self.rows[index]


Blocks = Generator[RawTable, None, None]
