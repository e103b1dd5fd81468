"""Answers about cohorts as bytes that other processes can read, and the name under which they are kept.

Nothing here is pickled: what comes back from a shared place can be numbers, texts, lists and frames, and
never code. An answer that would not come back exactly as it was is not written at all.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import importlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

MOST_BYTES = 64_000_000  # of an unpacked answer: what claims to be larger is not unpacked
_MOST_FRAME_BYTES = 8_000_000
_LEVEL = 1
_KIND = "$"  # a JSON object with this key stands for something else than a dict of texts


class NotKept(Exception):
    """A question or an answer is of a kind that is not kept for other processes."""


# --- the name of a question ----------------------------------------------------------------------


def question(*parts: Any) -> str:
    """SHA-256 (hex) of a question: equal in every process for equal parts, and for this program's code alone.

    Raises NotKept for a part whose content cannot be told.
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
    raise NotKept(f"a question with a {type(part).__name__} has no name")


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
    """An answer as compressed JSON. Raises NotKept when it holds what would not come back the same."""
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
    if type(value) is np.ndarray and value.dtype == np.float64 and value.flags.c_contiguous:
        shape = list(value.shape)
        return {_KIND: "array", "of": [shape, base64.b64encode(value.astype("<f8").tobytes()).decode()]}
    if dataclasses.is_dataclass(value) and type(value).__module__.startswith("data_models."):
        named = f"{type(value).__module__}:{type(value).__qualname__}"
        fields = {field.name: _written(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {_KIND: "answer", "of": [named, fields]}
    if isinstance(value, pd.DataFrame):
        return {_KIND: "frame", "of": base64.b64encode(_frame_bytes(value)).decode()}
    raise NotKept(f"an answer with a {type(value).__name__} is not kept")


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
        shape, numbers = content
        return np.frombuffer(base64.b64decode(numbers), "<f8").astype(float).reshape(shape)
    if kind == "answer":
        return _answer_type(content[0])(**content[1])
    if kind == "frame":
        return _frame(base64.b64decode(content))
    raise ValueError(f"an answer of the kind {kind!r} is not known")


def _answer_type(name: str) -> Any:
    """The frozen dataclass of data_models that a name stands for; nothing else is made of what is read."""
    module, _, kind = name.partition(":")
    found = getattr(importlib.import_module(module), kind, None) if module.startswith("data_models.") else None
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise ValueError(f"an answer of the kind {name!r} is not known")
    return found


def _frame_bytes(frame: pd.DataFrame) -> bytes:
    if int(frame.memory_usage(index=True).sum()) > _MOST_FRAME_BYTES:
        raise NotKept("a frame of this size is not worth keeping")
    sink = pa.BufferOutputStream()
    try:
        table = pa.Table.from_pandas(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise NotKept("a frame of mixed kinds is not kept") from error
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    back = _frame(content)
    same = frame.dtypes.equals(back.dtypes) and frame.index.equals(back.index) and frame.equals(back)
    if not same or not frame.columns.equals(back.columns):
        raise NotKept("a frame that would come back changed is not kept")
    return content


def _frame(content: bytes) -> pd.DataFrame:
    frame: pd.DataFrame = pa.ipc.open_stream(pa.BufferReader(content)).read_pandas()
    return frame
