"""A frame as CSV bytes, and the digest that the trail has of them."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pandas as pd
import pytest

from dashboard.exports.csv_file import digest, write_csv


@pytest.mark.parametrize(
    "frame, expected",
    [
        (pd.DataFrame({"a": [1.5, np.nan, 20.0], "b": ["x", None, "y"]}), b"a,b\n1.5,x\n,\n20,y\n"),
        (pd.DataFrame({"a": [1], "b": ['x, "y"']}), b'a,b\n1,"x, ""y"""\n'),
        (pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), b"a\n1\n\n"),
    ],
)
def test_numbers_are_as_short_as_they_go_and_texts_are_quoted_where_they_must_be(
    frame: pd.DataFrame, expected: bytes
) -> None:
    stream = io.BytesIO()
    write_csv(frame, stream)
    assert stream.getvalue() == expected
    assert digest(frame) == hashlib.sha256(expected).hexdigest()
