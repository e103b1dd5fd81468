"""The fingerprint of records that do not fit into the memory: their rows' hashes, sorted on the disk.

The hashes are spread evenly, so those of a table are divided by their upper bits into buckets of a size that fits;
bucket after bucket is sorted, which gives the order of the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data_models.intake.contract import TABLES, RecordBatch, digest_of, row_hashes
from data_models.intake.readers.spill import owners_alone

_ROWS_A_BUCKET = 4_000_000


def fingerprint_of(parts: Iterable[RecordBatch], most: Mapping[str, int], folder: Path) -> str:
    """`records.fingerprint` of the batch that the parts come to.

    Parameters
    ----------
    most : no table has more rows in all parts.
    folder : an empty folder, of 8 bytes a row while this runs; it is empty afterwards.
    """
    bits = {name: max(0, (most[name] - 1) // _ROWS_A_BUCKET).bit_length() for name in TABLES}
    counts = Counter[str]()
    for part in parts:
        for name, hashes in row_hashes(part):
            counts[name] += len(hashes)
            for bucket, found in _by_upper_bits(hashes, bits[name]):
                with open(_path(folder, name, bucket), "ab", opener=owners_alone) as stream:
                    stream.write(found.astype("<u8", copy=False).tobytes())
    return digest_of((name, counts[name], _sorted(folder, name, bits[name])) for name in TABLES)


def _by_upper_bits(hashes: npt.NDArray[np.uint64], bits: int) -> Iterator[tuple[int, npt.NDArray[np.uint64]]]:
    """Hashes by their upper bits, as a number."""
    if bits == 0:
        yield 0, hashes
        return
    buckets = (hashes >> np.uint64(64 - bits)).astype(np.uint16)
    order = np.argsort(buckets, kind="stable")
    ends = np.cumsum(np.bincount(buckets, minlength=2**bits)).tolist()
    for bucket, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        if end > start:
            yield bucket, hashes[order[start:end]]


def _sorted(folder: Path, name: str, bits: int) -> Iterator[npt.NDArray[np.uint64]]:
    """A table's hashes in ascending order, a bucket at a time; takes its files away."""
    for bucket in range(2**bits):
        path = _path(folder, name, bucket)
        if path.exists():
            hashes = np.fromfile(path, "<u8")
            path.unlink()
            hashes.sort()
            yield hashes


def _path(folder: Path, name: str, bucket: int) -> Path:
    return folder / f"{name}-{bucket}"
