"""Answers come back as they were, or are not kept; a question has one name in every process."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.store import answer_codec
from data_models.store.answer_codec import CannotPack, digest, pack, unpack

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


@pytest.mark.parametrize(
    "answer",
    [CohortFilter(), CohortFilter("madrs", route=("iv", "im"), min_hours_since_session=4.0), DEFAULT_RULES, Scope()],
)
def test_values_of_data_models_come_back_though_their_own_code_is_not_run(answer: object) -> None:
    if isinstance(answer, Scope):  # its clinics are a set
        with pytest.raises(CannotPack):
            pack(answer)
    else:
        assert unpack(pack({"of": answer})) == {"of": answer}


@pytest.mark.parametrize(
    "name",
    ["os:system", "builtins:eval", "data_models.store.answer_codec:pack", "data_models.store.answer_codec:CannotPack"],
)
def test_nothing_else_is_made_of_a_name(name: str) -> None:
    content = zlib.compress(json.dumps({"$": "answer", "of": [name, {}]}).encode())
    with pytest.raises(ValueError, match="is not known"):
        unpack(content)


def test_an_answer_with_other_fields_is_refused() -> None:
    name = f"{CohortFilter.__module__}:{CohortFilter.__qualname__}"
    content = zlib.compress(json.dumps({"$": "answer", "of": [name, {"instrument": "phq9"}]}).encode())
    with pytest.raises(ValueError, match="other fields"):
        unpack(content)


@pytest.mark.parametrize(
    "value",
    [Path("x"), {1, 2}, np.float64(1.0), [b"bytes"], pd.DataFrame({"a": [1]}), object],
    ids=["other", "set", "numpy", "bytes", "frame", "class"],
)
def test_what_would_come_back_otherwise_is_not_packed(value: object) -> None:
    with pytest.raises(CannotPack):
        pack(value)


@pytest.mark.parametrize(
    "array",
    [np.arange(6.0).reshape(2, 3), np.arange(6)[::-2], np.array([True, False]), np.asfortranarray(np.ones((2, 2)))],
)
def test_arrays_come_back_with_their_kind_and_shape(array: Any) -> None:
    back = unpack(pack({"of": array}))["of"]
    assert (back.dtype, back.shape, back.tolist()) == (array.dtype, array.shape, array.tolist())
    with pytest.raises(CannotPack):
        pack(array.astype(object))


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
    names = {digest(scope, cohort, rule) for scope in scopes for cohort in cohorts for rule in rules}
    assert len(names) == len(scopes) * len(cohorts) * len(rules)
    assert digest(("a",), "b") != digest("a", ("b",))
    assert digest(None) != digest("None")
    assert digest({"a": 1}) != digest((("a", 1),))


def test_every_process_gives_a_question_the_same_name(project_root: Path) -> None:
    code = (
        "from data_models.store.answer_codec import digest; from data_models.definitions.scope import Scope; "
        "print(digest(Scope(frozenset(f'clinic {i}' for i in range(20)))))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(project_root)}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=project_root, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == digest(Scope(frozenset(f"clinic {i}" for i in range(20))))


def test_a_question_of_unknown_content_has_no_name() -> None:
    with pytest.raises(CannotPack):
        digest(object())
