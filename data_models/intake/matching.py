"""Rows of two frames that are about the same: by keys of texts and numbers, a column at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Places = npt.NDArray[np.intp]
_TEXT_KEYS = frozenset(("patient_code", "instrument", "term"))


def coded(parts: Sequence[pd.Series]) -> tuple[list[Places], npt.NDArray[np.object_]]:
    """Texts as codes, equal where the texts are equal across the parts, -1 for missing; and the text of each code.

    Only the different texts of each part are compared: a part read from a file knows them (it is of categories).
    """
    found = [pd.factorize(part) for part in parts]
    known = np.concatenate([np.asarray(uniques, dtype=object) for _, uniques in found])
    places, texts = pd.factorize(known)
    of_each = np.split(places, np.cumsum([len(uniques) for _, uniques in found])[:-1])
    return [np.append(place, -1)[codes] for (codes, _), place in zip(found, of_each, strict=True)], texts


def _packed(frames: Sequence[pd.DataFrame], keys: Sequence[str]) -> list[npt.NDArray[np.int64]]:
    """One whole number a row for a combined key, equal where the keys are equal across the frames."""
    lengths = [len(frame) for frame in frames]
    total = np.zeros(sum(lengths), np.int64)
    size = 1
    for key in keys:
        parts = [frame[key] for frame in frames]
        if key in _TEXT_KEYS:
            of_each, uniques = coded(parts)
            codes = np.concatenate(of_each)
        else:
            codes, uniques = pd.factorize(np.concatenate([part.to_numpy(float) for part in parts]))
        if size * (len(uniques) + 1) >= 2**62:
            total, seen = pd.factorize(total)
            size = len(seen)
        total = total * (len(uniques) + 1) + codes
        size *= len(uniques) + 1
    return np.split(total, np.cumsum(lengths)[:-1])


def found(left: pd.DataFrame, right: pd.DataFrame, keys: Sequence[str]) -> Places:
    """For each row of `left` the place of the row of `right` with the same keys; -1 for none."""
    if len(left) == 0 or len(right) == 0:
        return np.full(len(left), -1, np.intp)
    ours, theirs = _packed((left, right), keys)
    kept, first = np.unique(theirs, return_index=True)
    place = pd.Index(kept).get_indexer(pd.Index(ours))
    return np.where(place >= 0, first[place], -1)


def among(codes: pd.Series | pd.Index, known: pd.Series) -> npt.NDArray[np.bool_]:
    """Whether each code is one of the known ones (Arrow: pandas goes through Python objects for this)."""
    left, right = (pa.array(values.to_numpy(dtype=object), pa.string()) for values in (codes, known))
    return np.asarray(pc.is_in(left, value_set=right).to_numpy(zero_copy_only=False), dtype=bool)
