"""Tables of several SQLite files put together as one file, page by page.

SQLite copies a whole table into an empty one as it lies, and decodes, checks and encodes every row that
comes into one with rows. So the parts of a derivation, files of disjoint ranges of patients, become one file
that the store takes over: the leaves of their b-trees follow each other unchanged, with new inner pages above
(sqlite.org, "Database File Format", section 1.6). Nothing here speaks to a database.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_models.database.image import Bytes, Image, Layout

_LEAF, _INNER = 0x0A, 0x02  # kinds of pages: index leaf, index interior
_LEAVES_AT_ONCE = 1_024  # bounds the memory: 32 MiB
_FILE_HEAD = struct.Struct(">16sH2xB")  # magic, bytes a page, bytes kept free at each page's end


class CannotJoin(Exception):
    """The files are not plain enough to be put together by page; their rows can be taken over one by one."""


class PartFile(NamedTuple):
    """A SQLite file nobody writes, without a journal, and the root page of each of its tables (WITHOUT ROWID)."""

    path: Path
    roots: Mapping[str, int]


class _Tree(NamedTuple):
    """Numbers of a table's leaves in the order of the key, the row (its cell) between each two, and all its pages."""

    leaves: list[int]
    between: list[bytes]
    pages: int


def join(path: Path, parts: Sequence[PartFile], tables: Mapping[str, str]) -> None:
    """Write a new SQLite file with the rows of all parts.

    Parameters
    ----------
    path : the file; it must not exist.
    parts : all keys of a table in one lie above those in the part before.
    tables : of each table to join its CREATE TABLE statement, which made it in every part.

    Raises
    ------
    CannotJoin : the file may be there, unfinished.
    OSError
    """
    image = Image(path, {name: Layout(sql, 0, ()) for name, sql in tables.items()})
    try:
        for part in parts:
            pages = _pages(part.path, image.PAGE)
            trees = {name: _tree(pages, root) for name, root in part.roots.items()}
            # All pages but the schema's belong to these trees, so no row goes on in an overflow page.
            if 1 + sum(tree.pages for tree in trees.values()) != len(pages):
                raise CannotJoin
            for name in tables:
                _append(image, name, pages, trees[name])
        image.finish()
    finally:
        image.close()


def _pages(path: Path, size: int) -> Bytes:
    """The pages of a file, of shape (pages, bytes)."""
    content = np.memmap(path, np.uint8, "r")
    magic, page, kept_free = _FILE_HEAD.unpack(bytes(content[: _FILE_HEAD.size]))
    if magic != b"SQLite format 3\0" or page != size or kept_free or len(content) % size:
        raise CannotJoin
    return content.reshape(-1, size)


def _tree(pages: Bytes, root: int) -> _Tree:
    leaves: list[int] = []
    between: list[bytes] = []
    seen = 0

    def walk(number: int) -> None:
        nonlocal seen
        seen += 1
        page = bytes(pages[number - 1])
        if page[0] == _LEAF:
            leaves.append(number)
            return
        if page[0] != _INNER:
            raise CannotJoin
        (right,) = struct.unpack_from(">I", page, 8)
        for at in _pointers(page, 12):
            walk(struct.unpack_from(">I", page, at)[0])
            between.append(_cell(page, at + 4))
        walk(right)

    walk(root)
    return _Tree(leaves, between, seen)


def _pointers(page: bytes, head: int) -> tuple[int, ...]:
    """Where the cells of a page stand, in order; `head`: the bytes of its header."""
    (count,) = struct.unpack_from(">H", page, 3)
    return struct.unpack_from(f">{count}H", page, head)


def _cell(page: bytes, at: int) -> bytes:
    """A cell of an index without its child: the length of its payload and the payload."""
    length, end = 0, at
    while True:
        length = length << 7 | page[end] & 0x7F
        end += 1
        if page[end - 1] < 0x80:
            break
    return page[at : end + length]


def _append(image: Image, name: str, pages: Bytes, tree: _Tree) -> None:
    first = bytes(pages[tree.leaves[0] - 1])
    cells = [_cell(first, at) for at in _pointers(first, 8)]
    if not cells:  # only the root of an empty table is a leaf without a row
        return
    holds = image.holds(name)
    if holds and len(cells) == 1:
        raise CannotJoin
    # The row before each leaf; the part's own first row comes to stand between the part before and this one.
    before = [cells[0], *tree.between]
    for start in range(0, len(tree.leaves), _LEAVES_AT_ONCE):
        some = slice(start, start + _LEAVES_AT_ONCE)
        leaves, rows = pages[np.array(tree.leaves[some]) - 1], before[some]
        if start == 0 and holds:
            leaves[0] = np.frombuffer(_leaf(cells[1:], image.PAGE), np.uint8)
        elif start == 0:
            rows = rows[1:]
        image.add_leaves(name, leaves, rows)


def _leaf(cells: Sequence[bytes], size: int) -> bytes:
    content = b"".join(cells)
    start = size - len(content)
    places = start + np.cumsum([0, *map(len, cells)])[:-1]
    head = struct.pack(">BHHHB", _LEAF, 0, len(cells), start, 0) + places.astype(">u2").tobytes()
    return head + bytes(start - len(head)) + content
