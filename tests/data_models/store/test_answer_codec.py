"""Answers come back as they were, or are not kept; a question has one name in every process."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.store import answer_codec
from data_models.store.answer_codec import NotKept, pack, question, unpack

SIMPLE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SIMPLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.just("$") | st.text() | st.integers() | st.none(), inner, max_size=4)
    ),
    max_leaves=12,
)


def _kinds(value: object) -> object:
    """The value with the type of each part beside it: 1, 1.0 and True are equal and not the same."""
    if isinstance(value, list | tuple):
        return type(value), [_kinds(item) for item in value]
    if isinstance(value, dict):
        return dict, [(_kinds(key), _kinds(item)) for key, item in value.items()]
    return type(value), repr(value)


@given(VALUES)
def test_what_is_packed_comes_back_exactly(value: object) -> None:
    assert _kinds(unpack(pack(value))) == _kinds(value)


def test_numbers_that_are_none_and_none_at_all_stay_apart() -> None:
    back = unpack(pack({"a": math.nan, "b": None, "c": -math.inf, 1: 0.1 + 0.2}))
    assert math.isnan(back["a"])
    assert back["b"] is None
    assert back["c"] == -math.inf
    assert back[1] == 0.1 + 0.2


def test_frames_come_back_with_their_kinds() -> None:
    frame = pd.DataFrame({"text": ["a", None], "number": [1.5, np.nan], "whole": [1, 2]})
    back = unpack(pack((frame, 3)))[0]
    pd.testing.assert_frame_equal(back, frame)


@pytest.mark.parametrize(
    "value",
    [CohortFilter(), {1, 2}, np.float64(1.0), [b"bytes"], pd.DataFrame({"mixed": [1, "a"]}), object],
    ids=["dataclass", "set", "numpy", "bytes", "mixed frame", "class"],
)
def test_what_would_come_back_otherwise_is_not_packed(value: object) -> None:
    with pytest.raises(NotKept):
        pack(value)


@pytest.mark.parametrize("content", [b"", b"nothing", pack([1])[:-3], zlib.compress(b'{"$": "code", "of": 1}')])
def test_what_is_no_answer_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, zlib.error)):
        unpack(content)


def test_what_claims_to_be_huge_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_codec, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="too large"):
        unpack(pack("a" * 2000))


def test_a_question_has_its_own_name() -> None:
    scopes = [Scope.everything(), Scope(), Scope(frozenset({"north", "south"})), Scope(frozenset({"north;south"}))]
    cohorts = [CohortFilter(), CohortFilter(route=("iv",)), CohortFilter(clinic=("iv",))]
    rules = [DEFAULT_RULES, DEFAULT_RULES.changed({"state_hold_days": 20})]
    names = {question(scope, cohort, rule) for scope in scopes for cohort in cohorts for rule in rules}
    assert len(names) == len(scopes) * len(cohorts) * len(rules)
    assert question(("a",), "b") != question("a", ("b",))
    assert question(None) != question("None")
    assert question({"a": 1}) != question((("a", 1),))


def test_every_process_gives_a_question_the_same_name(project_root: Path) -> None:
    code = (
        "from data_models.store.answer_codec import question; from data_models.definitions.scope import Scope; "
        "print(question(Scope(frozenset(f'clinic {i}' for i in range(20)))))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(project_root)}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=project_root, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == question(Scope(frozenset(f"clinic {i}" for i in range(20))))


def test_a_question_of_unknown_content_has_no_name() -> None:
    with pytest.raises(NotKept):
        question(object())
