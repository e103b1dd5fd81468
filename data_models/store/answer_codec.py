"""Answers about cohorts as bytes that other processes can read, and the name under which they are stored.

Nothing here is pickled: what comes back from a shared place can be numbers, texts, lists, arrays and the answers
of data_models, and never code. An answer that would not come back exactly as it was is not written at all.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import json
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

MOST_BYTES = 64_000_000  # of an unpacked answer: what claims to be larger is not unpacked
_LEVEL = 1
_ANSWERS = "data_models."  # the package whose dataclasses an answer is made of
_NUMBERS = {name: np.dtype(name) for name in ("<f8", "<i8", "|b1")}  # what an array may hold
_KIND = "$"  # a JSON object with this key stands for something else than a dict of texts


class CannotPack(Exception):
    """A question or an answer is of a kind that other processes cannot be given."""


# --- the name of a question ----------------------------------------------------------------------


def digest(*parts: Any) -> str:
    """SHA-256 (hex) of a question: equal in every process for equal parts, and for this program's code alone.

    Raises CannotPack for a part whose content cannot be told.
    """
    text = json.dumps([_program(), *map(_plain, parts)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(part: Any) -> Any:
    """A part as JSON that tells kinds apart; sets in one order (a frozenset's own differs by process)."""
    if part is None or isinstance(part, bool | int | float | str):
        return part
    if isinstance(part, tuple | list):
        return ["list", *map(_plain, part)]
    if isinstance(part, frozenset | set):
        return ["set", *sorted(json.dumps(_plain(value), sort_keys=True) for value in part)]
    if isinstance(part, Mapping):
        return ["map", *sorted(([str(key), _plain(value)] for key, value in part.items()), key=lambda pair: pair[0])]
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        values = [[field.name, _plain(getattr(part, field.name))] for field in dataclasses.fields(part)]
        return [type(part).__qualname__, *values]
    raise CannotPack(f"a question with a {type(part).__name__} has no name")


@functools.cache
def _program() -> str:
    """Digest of this package's code: after an update nothing that older code worked out is taken."""
    digest = hashlib.sha256()
    folder = Path(__file__).parents[1]
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


# --- the answer itself ---------------------------------------------------------------------------


def pack(answer: Any) -> bytes:
    """An answer as compressed JSON. Raises CannotPack when it holds what would not come back the same."""
    return zlib.compress(json.dumps(_written(answer), separators=(",", ":")).encode(), _LEVEL)


def unpack(content: bytes) -> Any:
    """The answer that was packed. Raises ValueError (or zlib.error) for anything else."""
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(content, MOST_BYTES)
    if not unpacker.eof:
        raise ValueError("the answer is cut short or too large")
    return json.loads(text, object_hook=_read)


def _written(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is list:
        return [_written(item) for item in value]
    if type(value) is tuple:
        return {_KIND: "tuple", "of": [_written(item) for item in value]}
    if type(value) is dict:
        if _KIND not in value and all(type(key) is str for key in value):
            return {key: _written(item) for key, item in value.items()}
        return {_KIND: "dict", "of": [[_written(key), _written(item)] for key, item in value.items()]}
    if type(value) is np.ndarray and value.dtype.str in _NUMBERS:
        return {_KIND: "array", "of": [value.dtype.str, list(value.shape), base64.b64encode(value.tobytes()).decode()]}
    if dataclasses.is_dataclass(value) and type(value).__module__.startswith(_ANSWERS):
        named = f"{type(value).__module__}:{type(value).__qualname__}"
        fields = {field.name: _written(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {_KIND: "answer", "of": [named, fields]}
    raise CannotPack(f"an answer with a {type(value).__name__} would not come back the same")


def _read(value: dict[str, Any]) -> Any:
    """What a JSON object stands for; its parts have been read before it."""
    if _KIND not in value:
        return value
    kind, content = value[_KIND], value["of"]
    if kind == "tuple":
        return tuple(content)
    if kind == "dict":
        return dict(content)
    if kind == "array":
        numbers, shape, data = content
        return np.frombuffer(base64.b64decode(data), _NUMBERS[numbers]).copy().reshape(shape)
    if kind == "answer":
        return _answer(*content)
    raise ValueError(f"an answer of the kind {kind!r} is not known")


def _answer(name: str, values: dict[str, Any]) -> Any:
    """A dataclass of data_models with these values, set without running its code; nothing else is made of a name."""
    module, _, kind = name.partition(":")
    found = getattr(sys.modules.get(module), kind, None) if module.startswith(_ANSWERS) else None
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise ValueError(f"an answer of the kind {name!r} is not known")
    if values.keys() != {field.name for field in dataclasses.fields(found)}:
        raise ValueError(f"an answer of the kind {name!r} has other fields")
    answer = object.__new__(found)
    for field, value in values.items():
        object.__setattr__(answer, field, value)
    return answer
