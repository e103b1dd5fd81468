"""Who is who while records are made: known people, new codes, and record numbers that look like the same person's."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from data_models.intake.contract import CannotRead
from data_models.intake.deidentification import identifier_class
from data_models.intake.prepare.source import Origin

# Neither vowels nor letters that look like digits: a code spells no word and is not misread.
_ALPHABET: Final = "23456789BCDFGHJKMNPQRSTVWXZ"
_CODE_LENGTH: Final = 10  # 2 x 10^14 codes
_ZEROS: Final = re.compile(r"(?<!\d)0+(?=\d)")
_FRACTION: Final = re.compile(r"(?<=\d)\.0+$")


@dataclass(slots=True)
class Known:
    """What the crosswalk has of one person: the code, and when the first session was ("" where none is known).

    A person with several record numbers (`same_as`) is one `Known` under each of them.
    """

    patient_code: str
    first_session: str = ""


def new_code(taken: set[str]) -> str:
    """A random code that nobody has; it is `taken` from now on. Safe Harbor: it follows from nothing (164.514(c))."""
    while True:
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
        if code not in taken and identifier_class(code, "patient_code") is None:
            taken.add(code)
            return code


def folded(record_number: str) -> str:
    """A record number without what a spreadsheet changes: leading zeros, `.0`, case, spaces.

    Examples
    --------
    >>> folded("009001") == folded("9001.0") == folded(" 9001")
    True
    >>> folded("AB-07") == folded("ab-7"), folded("A1") == folded("A10")
    (True, False)
    """
    text = "".join(unicodedata.normalize("NFKC", record_number).casefold().split())
    return _ZEROS.sub("", _FRACTION.sub("", text))


def alike(numbers: Iterable[tuple[str, Origin]], known: Collection[str]) -> Iterator[tuple[Origin, Origin | None]]:
    """Pairs of record numbers that differ by no more than `folded` takes away: perhaps one person.

    Parameters
    ----------
    numbers : each record number of the export with the first row it stands in.
    known : those of the crosswalk.

    Yields
    ------
    The row of the later number, and that of the earlier one (None: it stands in the crosswalk).
    """
    first: dict[str, tuple[str, Origin | None]] = {folded(number): (number, None) for number in known}
    known = set(known)
    for number, origin in numbers:
        if number in known:  # two of the crosswalk that are alike were decided on when they came in
            continue
        spelled, where = first.setdefault(folded(number), (number, origin))
        if spelled != number:
            yield origin, where


def join(crosswalk: dict[str, Known], pairs: Mapping[str, str]) -> None:
    """Give new record numbers the code and clock of known people.

    Parameters
    ----------
    pairs : the known record number of each new one.

    Raises
    ------
    CannotRead : nobody has the known number yet, or the new one is somebody else already; `crosswalk` is as it was.
    """
    for new, old in pairs.items():
        if old not in crosswalk:
            raise CannotRead("--same-as: the first record number is not in the crosswalk; give the known one first")
        if new in crosswalk and crosswalk[new] is not crosswalk[old]:
            raise CannotRead("--same-as: the second record number has a code of its own already; it stays apart")
    for new, old in pairs.items():
        crosswalk[new] = crosswalk[old]
