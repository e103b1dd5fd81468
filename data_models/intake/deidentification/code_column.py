"""Patient codes judged by their column: what one cell leaves open, the other cells tell.

Six digits may be a number or a birth date, a word a name or the study's own. Of a column it is told whether all of its
digits are possible dates, whether a word stands in many codes, whether people chose pseudonyms. And of codes drawn at
random some look like an identifier by chance: one is cleared only where as many were to be expected among so many codes
of the column's own alphabet and mix of letters and digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import comb

from data_models.intake.deidentification.dates_in_codes import FEW, Order, is_date, orders, shape
from data_models.intake.deidentification.names import is_pseudonym, words_of
from data_models.intake.deidentification.national_numbers import NUMBER_FORMS, may_be_a_number
from data_models.intake.deidentification.patterns import NAME, Found, find_identifier, folded

_SAMPLE = 2_000
_COUNTED = 100_000
_LEAST_RANDOM = 20
_EXPECTED = 0.02  # in one column of fifty chance alone would make a code look so
_UNLIKELY = 0.01
_RARE = frozenset("jkqvwxyz")  # a thirteenth of the letters of words and names, a third of those drawn at random


@dataclass
class CodeColumn:
    """What the codes of a column have in common.

    Attributes
    ----------
    sample : its first 2,000 different codes.
    count : how many different codes it holds; 100,000 stands for more.
    own : how many of the sample are the column's; the others were cleared before.
    """

    sample: Sequence[str]
    count: int
    own: int
    shapes: dict[str, list[str]] = field(init=False)
    length: int = field(init=False, default=0)
    _digits: list[float | None] = field(init=False, default_factory=list)
    _letters: int = field(init=False, default=26)
    _written: Counter[str] = field(init=False, default_factory=Counter)
    _known: dict[str, Sequence[Order]] = field(init=False, default_factory=dict)

    @classmethod
    def of(cls, pieces: Iterable[Iterable[str]], known: Iterable[str] = ()) -> CodeColumn:
        """From every code of a column, a piece after the other; a code may come again, "" is none.

        `known`: codes that were cleared before, among which fewer than twenty are judged.
        """
        sample: dict[str, None] = {}
        seen: set[int] = set()
        for codes in pieces:
            for code in codes:
                if code and len(sample) < _SAMPLE:
                    sample[code] = None
                if code:
                    seen.add(hash(code))
            if len(seen) >= _COUNTED:
                break
        own = len(sample)
        if own < _LEAST_RANDOM:
            sample |= dict.fromkeys(known)
        return cls(list(sample), max(len(sample), min(len(seen), _COUNTED)), own)

    def __post_init__(self) -> None:
        self.shapes = {}
        for code in self.sample:
            self.shapes.setdefault(shape(code), []).append(code)
        self._find_mix()

    # --- codes drawn at random ---------------------------------------------------------------------------

    def _find_mix(self) -> None:
        """The length of codes that are evidently random, and the share of digits in each of their places.

        Evidently random: twenty codes and nine in ten of one length, with letters and digits in most of the places
        that vary; or letters alone, of which those that words seldom have are as many as the others.
        """
        length, same = Counter(map(len, self.sample)).most_common(1)[0] if self.sample else (0, 0)
        if same < max(_LEAST_RANDOM, 0.9 * len(self.sample)):
            return
        codes = [code for code in self.sample if len(code) == length]
        shares: list[float | None] = []
        mixed = 0
        for place in zip(*codes, strict=True):
            if Counter(place).most_common(1)[0][1] >= 0.95 * same:
                shares.append(None)  # as a prefix or a dash
                continue
            digits, letters = sum(map(str.isdigit, place)), sum(map(str.isalpha, place))
            mixed += min(digits, letters) > 1
            shares.append(digits / same)
        varying = [share for share in shares if share is not None]
        written = Counter(sign for code in codes for sign, share in zip(code, shares, strict=True) if share is not None)
        rare = sum(n for sign, n in written.items() if sign.lower() in _RARE)
        lettered = sum(n for sign, n in written.items() if sign.isalpha())
        spelled = len(varying) >= 5 and rare > 0.2 * lettered and lettered >= 4 * same
        if (mixed >= 4 and 2 * mixed > len(varying)) or spelled:
            self.length, self._digits, self._written = length, shares, written
            self._letters = len({sign.lower() for sign in written if sign.isalpha()})

    def _expected(self, code: str, found: Found) -> float:
        """How many of so many codes would look so by chance, letters and digits being where they are."""
        if len(code) != self.length or not self.length or folded(code) != code:
            return 0.0
        expected = self.count * found.chance
        for at, share in enumerate(self._digits):
            if share is None:
                continue
            if not self._of_the_alphabet(code[at], code):
                return 0.0
            if found.start <= at < found.end:
                expected *= share if code[at].isdigit() else 1 - share
        if found.identifier == NAME and found.listed:
            spelled = found.end - found.start
            # It may stand anywhere, and fewer letters spell more names.
            expected *= (self.length - spelled + 1) * (26 / max(self._letters, 1)) ** spelled
        return expected

    def _of_the_alphabet(self, sign: str, code: str) -> bool:
        """Whether other codes have a letter or digit, or, where they have most of its kind, might have it."""
        if not sign.isalnum() or self._written[sign] > code.count(sign):
            return sign.isalnum()
        kind = next(test for test in (str.isdigit, str.isupper, str.islower) if test(sign))
        return sum(map(kind, self._written)) >= (8 if sign.isdigit() else 18)

    # --- what the other codes say ------------------------------------------------------------------------

    @cached_property
    def judges_numbers(self) -> bool:
        """Whether codes of a few digits, which are fine by themselves, are to be looked at one by one."""
        return bool(self.length) or any(map(self._orders, self.shapes))

    def judged(self, code: str) -> tuple[str | None, bool]:
        """The identifier class that a code of the column looks like; None when it looks like none, and whether it did
        so by itself."""
        found = find_identifier(code, "patient_code")
        looked_so = found is not None
        if found and found.identifier == NAME:
            found = self._name(code, found)
        found = found or self._by_the_others(code)
        if found is None or self._expected(code, found) >= _EXPECTED:
            return None, looked_so
        return found.identifier, looked_so

    def _name(self, code: str, found: Found) -> Found | None:
        word = folded(code)[found.start : found.end].lower()
        if word in self._shared:
            return None  # the study's or the site's own
        if self._pseudonyms and (not found.listed or is_pseudonym(word)):
            return None
        if len(code) == self.length and not found.listed and all(share in (None, 0.0) for share in self._digits):
            return None  # of letters alone, drawn at random: some read like a word
        return found

    def _by_the_others(self, code: str) -> Found | None:
        whole = Found("", 0, len(code))
        if is_date(code, self._orders(shape(code))):
            # Three orders, each by chance one in 27; the digits may stand anywhere.
            return replace(whole, identifier="date (C)", chance=0.11 * max(1, len(code) - 5))
        for form in NUMBER_FORMS if may_be_a_number(code) else ():
            if form.chance and form.shape.fullmatch(code.upper()) and form.passes(code.upper()):
                alike = [
                    other.upper() for other in self.shapes.get(shape(code), ()) if form.shape.fullmatch(other.upper())
                ]
                passing = sum(map(form.passes, alike))
                if (passing == len(alike) < 3) or _at_least(passing, len(alike), form.chance) < _UNLIKELY:
                    return replace(whole, identifier=form.identifier, chance=form.chance)
        if self.length and len(code) >= 5 and code.isdigit():
            return replace(whole, identifier="number among random codes, as a record or telephone number (D, H)")
        if (
            not self.length
            and self._surnames
            and any(len(word) > 3 and not is_pseudonym(word) and word not in self._shared for word in words_of(code))
        ):
            return replace(whole, identifier=NAME)
        return None

    @cached_property
    def _shared(self) -> frozenset[str]:
        """Words that stand in a fifth of the codes, and in three."""
        counts = Counter(word for code in self.sample for word in set(words_of(code)))
        return frozenset(word for word, n in counts.items() if n >= max(3, 0.2 * len(self.sample)))

    @cached_property
    def _pseudonyms(self) -> bool:
        """Whether people chose pseudonyms: most of five and more codes are words that serve for them."""
        chosen = sum(bool(words) and all(map(is_pseudonym, words)) for words in map(words_of, self.sample))
        return len(self.sample) >= 5 and chosen >= 0.6 * len(self.sample)

    @cached_property
    def _surnames(self) -> bool:
        """Whether the column is one of names: a third of the words of five and more codes are in the lists."""
        worded = [code for code in self.sample if any(len(word) > 3 for word in words_of(code))]
        if len(worded) < max(5, 0.5 * len(self.sample)):
            return False
        found = [find_identifier(code, "patient_code") for code in worded]
        named = sum(
            one is not None and one.identifier == NAME and one.listed and self._name(code, one) is not None
            for one, code in zip(found, worded, strict=True)
        )
        return 3 * named >= len(worded)

    # --- dates -------------------------------------------------------------------------------------------

    def _orders(self, shape_of_code: str) -> Sequence[Order]:
        """The orders in which the codes of a shape are dates."""
        if shape_of_code not in self._known:
            # Old codes that are numbers are no reason to take in new ones that are dates.
            ours = [code for code in self.sample[: self.own] if shape(code) == shape_of_code]
            self._known[shape_of_code] = orders(ours if len(ours) >= FEW else self.shapes.get(shape_of_code, ()))
        return self._known[shape_of_code]


def _at_least(k: int, n: int, chance: float) -> float:
    """The probability of `k` and more of `n`, each with the same chance.

    >>> round(_at_least(3, 3, 0.1), 6), round(_at_least(1, 3, 0.1), 3)
    (0.001, 0.271)
    """
    return sum(comb(n, i) * chance**i * (1 - chance) ** (n - i) for i in range(k, n + 1))
