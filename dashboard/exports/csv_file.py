"""A frame as CSV bytes: shortest round-trip numbers, empty for missing, one header line."""

from __future__ import annotations

from typing import IO

import pandas as pd


def write_csv(frame: pd.DataFrame, stream: IO[bytes]) -> None:
    """Write `frame` as UTF-8 CSV with \\n line ends; 20.0 is written 20, a missing value as nothing.

    Arrow writes a million rows in seconds where `DataFrame.to_csv` takes a minute.
    """
    import pyarrow as pa
    import pyarrow.csv

    stream.write((",".join(frame.columns) + "\n").encode())
    table = pa.Table.from_pandas(frame, preserve_index=False)
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    with pa.PythonFile(stream, mode="w") as sink:
        pyarrow.csv.write_csv(table, sink, options)
