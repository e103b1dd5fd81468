"""What the earlier blocks of a file, and the earlier files, say of the block that is judged.

Some answers need more than the cell: whether a patient code was cleared before, what the codes of a file have in
common, how many different words a column holds. A file that is read whole is one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from data_models.intake.contract import PROBLEMS_SHOWN
from data_models.intake.deidentification import CodeColumn

MOST_WORDS = 1_000
ANY_REASON = "not a value of this column"
_MOST_REMEMBERED = 500_000


class ReadAgain(Exception):
    """The earlier blocks of a file were judged by what does not hold for all of it: read it from its start.

    Attributes
    ----------
    crowded : a column of words that holds too many different ones; None: a line is malformed, read line by line.
    """

    def __init__(self, crowded: str | None = None) -> None:
        super().__init__(crowded or "a malformed line")
        self.crowded = crowded


class Cleared:
    """The patient codes that the identifier screen let pass in this batch, by their hashes.

    A code that looks like an identifier but was cleared by its column is always known again. Of the others half a
    million are remembered: it spares screening them anew.
    """

    def __init__(self, known: Sequence[str] = ()) -> None:
        self.known = known  # codes that the store holds
        self._by_chance: set[int] = set()
        self._others: set[int] = set()

    def __contains__(self, code: str) -> bool:
        mark = hash(code)
        return mark in self._others or mark in self._by_chance

    def add(self, code: str, *, looks_like_an_identifier: bool) -> None:
        """Remember a cleared code."""
        if looks_like_an_identifier:
            self._by_chance.add(hash(code))
        elif len(self._others) < _MOST_REMEMBERED:
            self._others.add(hash(code))


@dataclass(slots=True)
class FileContext:
    """What is known of one file before the block that is judged.

    Attributes
    ----------
    cleared : patient codes cleared in this file and those before it; the block's own are added.
    codes : gives every patient code of the file, in pieces; None where the block is all of it.
    crowded : columns of words known to hold more than `MOST_WORDS` different ones.
    blocks : how many blocks of the file were judged.
    respelled : words that differ from an earlier one in capitals alone, and that one, which is taken for both.
    """

    cleared: Cleared = field(default_factory=Cleared)
    codes: Callable[[], Iterable[Sequence[str]]] | None = None
    crowded: set[str] = field(default_factory=set)
    blocks: int = 0
    respelled: dict[str, str] = field(default_factory=dict)
    _spellings: dict[str, str] = field(default_factory=dict)
    _reasons: dict[str, dict[int, str]] = field(default_factory=dict)
    _words: dict[str, set[int]] = field(default_factory=dict)
    _column: CodeColumn | None = None

    def code_column(self, block: Sequence[str]) -> CodeColumn:
        """What the file's patient codes have in common.

        Parameters
        ----------
        block : the block's codes.
        """
        if self._column is None:
            self._column = CodeColumn.of([block] if self.codes is None else self.codes(), self.cleared.known)
        return self._column

    def reason(self, column: str, text: str, find: Callable[[], str]) -> str:
        """Why a refused text is refused; of a column's first thousand different ones, for others `ANY_REASON`."""
        known = self._reasons.setdefault(column, {})
        mark = hash(text)
        if mark not in known:
            if len(known) >= PROBLEMS_SHOWN:  # more are counted, not told apart
                return ANY_REASON
            known[mark] = find()
        return known[mark]

    def spelling(self, word: str) -> str:
        """The first spelling in the file of a word: `north` and `North` are one clinic."""
        first = self._spellings.setdefault(word.lower(), word)
        if first != word:
            self.respelled[word] = first
        return first

    def is_full(self, column: str) -> bool:
        """Whether a thousand different texts of a column were refused: finding reasons for more takes too long."""
        return len(self._reasons.get(column, ())) >= PROBLEMS_SHOWN

    def holds_too_many(self, column: str, words: Sequence[str]) -> bool:
        """Whether a column holds more than `MOST_WORDS` different words, these ones included.

        Raises
        ------
        ReadAgain : it does, and earlier blocks were judged as if it did not.
        """
        if column in self.crowded:
            return True
        known = self._words.setdefault(column, set())
        if len(words) <= MOST_WORDS:
            known.update(map(hash, words))
        if max(len(words), len(known)) <= MOST_WORDS:
            return False
        if self.blocks:
            raise ReadAgain(crowded=column)
        self.crowded.add(column)
        return True
