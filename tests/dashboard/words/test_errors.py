"""The place of an error is the innermost line of this product, whatever failed below it."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest

from dashboard.words.errors import place_of
from dashboard.words.numbers import listing


def test_the_place_is_a_line_of_ours_in_folders_of_any_depth() -> None:
    with pytest.raises(TypeError) as deep:
        listing([1, 2, 3])  # type: ignore[list-item]  # str.join fails
    assert re.fullmatch(r" at numbers\.py line \d+", place_of(deep.value))


def test_a_library_below_is_not_the_place() -> None:
    with pytest.raises(json.JSONDecodeError) as found:
        listing(map(json.loads, ["nonsense"]))
    assert found.traceback[-1].path != found.traceback[1].path
    assert re.fullmatch(r" at numbers\.py line \d+", place_of(found.value))


def test_an_error_from_elsewhere_has_no_place() -> None:
    with pytest.raises(ValueError, match="IPv6") as found:
        urlsplit("http://[")
    assert place_of(found.value) == ""
