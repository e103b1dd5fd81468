"""Reading session records: a folder of CSV or Parquet files, a workbook or a one-sheet file becomes checked batches.

All problems of all files are found in one go; one problem and nothing is handed on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from data_models.intake.contract import RecordBatch
from data_models.intake.readers.patient_blocks import RecordParts, read_parts

__all__ = ["RecordParts", "read_parts", "read_records"]


def read_records(path: Path, progress: Callable[[str, float], None] | None = None) -> RecordBatch:
    """Read and check session records that fit into the memory, as one batch; parameters and errors as `read_parts`."""
    with read_parts(path, progress=progress, most_parts=1) as parts:
        (batch,) = parts
        return batch
