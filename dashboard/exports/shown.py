"""Which counts a file prints: a bit each, kept in the audit trail. Their values follow from the same records again."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.exports.ledger import Path, Summary, at, places

LONGEST = 2500  # characters; the trail keeps no entry above 4,000


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which counts of a file are hidden.

    Attributes
    ----------
    text : the bits, group by group (the whole first, then by name) and path by path; empty: not kept. Then every
        count is taken for printed, but those from 1 to `least` - 1.
    """

    least: int
    text: str = ""

    @classmethod
    def of(cls, parts: Mapping[str | None, Summary], least: int) -> Pattern:
        """The pattern of a file's protected parts."""
        bits = [isinstance(at(parts[group], path), str) for group in in_order(parts) for path in places(parts[None])]
        text = base64.b85encode(zlib.compress(_bytes(bits), 9)).decode()
        return cls(least, text if len(text) <= LONGEST else "")

    def printed(
        self, groups: Sequence[str | None], paths: Sequence[Path], small: Callable[[str | None, Path], bool]
    ) -> Iterator[tuple[str | None, Path]]:
        """What the file prints; `small` says whether a count is from 1 to `least` - 1, where bits are not kept."""
        every = [(group, path) for group in in_order(dict.fromkeys(groups)) for path in paths]
        bits = self._bits(len(every))
        for i, (group, path) in enumerate(every):
            if not (small(group, path) if bits is None else bits[i]):
                yield group, path

    def _bits(self, size: int) -> list[bool] | None:
        try:
            raw = zlib.decompress(base64.b85decode(self.text)) if self.text else b""
        except (ValueError, zlib.error, binascii.Error):
            return None
        bits = [bool(byte >> (7 - i) & 1) for byte in raw for i in range(8)]
        return bits[:size] if len(raw) == -(-size // 8) and raw else None


def in_order(parts: Mapping[str | None, Any]) -> list[str | None]:
    """The whole first, then the groups by name."""
    return [None, *sorted(group for group in parts if group is not None)]


def _bytes(bits: Sequence[bool]) -> bytes:
    padded = [*bits, *([False] * (-len(bits) % 8))]
    return bytes(sum(bit << (7 - i) for i, bit in enumerate(padded[at : at + 8])) for at in range(0, len(padded), 8))
