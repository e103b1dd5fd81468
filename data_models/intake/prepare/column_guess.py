"""What one column of a clinic's sheet may be, from its name and its values: a proposal, for a person to correct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Final
from zoneinfo import ZoneInfo

from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.intake.prepare import sheet_words as said
from data_models.intake.prepare.cell_values import plain_measure, plain_score
from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.prepare.moments import Moment
from data_models.intake.prepare.sheet_map import ALL_FIELDS, SESSION_FIELDS, YES_NO
from data_models.intake.prepare.source import BIRTH_DATE, RECORD_NUMBER, TIME
from data_models.intake.prepare.times import read_times

_LOOKED_AT: Final = 40  # different values from which a column of times is told
_MOST: Final = 0.9
_UTC: Final = ZoneInfo("UTC")
_COUNTED: Final = said.HOURS | said.DAYS | said.WEEKS | said.MONTHS | said.SESSIONS | said.VISITS
# Codes that systems have for a missing value; above the range of every scale or below 0.
MISSING_CODES: Final = frozenset(
    ("-9", "-99", "-999", "-1", "-7", "-8", "77", "88", "99", "777", "888", "999", "7777", "8888", "9999")
)


@dataclass(frozen=True, slots=True)
class Place:
    """When a column's value was, as its name says.

    Attributes
    ----------
    when : in the words of MAP.toml; "" where the name says none.
    session : the number of the session that it names; 0: none.
    visit : the visit that it names, as `v3`; "": none.
    """

    when: str = ""
    session: int = 0
    visit: str = ""


@dataclass
class Look:
    """A column's name and values.

    Attributes
    ----------
    label : what the file calls the column at length; "" where it says nothing.
    cells : each row's.
    meanings : the file's own words for codes.
    comma : numbers have decimal commas.
    """

    name: str
    label: str
    cells: Sequence[str]
    meanings: dict[str, str] = field(default_factory=dict)
    comma: bool = False

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Those of the name, and of the label where the name alone says nothing."""
        words = said.words_of(self.name)
        known = said.field_in(words)[0] or said.scale_in(words)[0]
        return words if known or not self.label else said.words_of(self.label)

    @cached_property
    def values(self) -> list[str]:
        """The different values in their order, without the words for none."""
        return [text for text in dict.fromkeys(self.cells) if text and text.lower() not in said.NO_VALUE]

    @cached_property
    def no_values(self) -> list[str]:
        """The words for no value that stand in the cells."""
        return [text for text in dict.fromkeys(self.cells) if text and text.lower() in said.NO_VALUE]

    @cached_property
    def numbers(self) -> list[float] | None:
        """The values as numbers, scores as they are read; None where not all of them are."""
        scale = said.scale_in(self.words)[0]
        texts = [plain_score(text, INSTRUMENTS[scale].maximum) for text in self.values] if scale else self.values
        try:
            return [float(text.replace(",", ".") if self.comma else text) for text in texts]
        except ValueError:
            return None

    def measures(self, field_name: str) -> bool:
        """Whether the values are numbers with the unit of a field behind them."""
        return (
            Look("", "", [plain_measure(text, field_name) for text in self.values], comma=self.comma).numbers
            is not None
        )

    @cached_property
    def times(self) -> bool:
        """Whether most of the first values are dates, in whatever order of day and month."""
        looked = self.values[:_LOOKED_AT]
        if not looked or not any(any(letter.isdigit() for letter in text) for text in looked):
            return False
        if self.numbers is not None and said.field_in(self.words)[0] not in (TIME, BIRTH_DATE, "first_session"):
            return False  # a serial number, or 20260105, needs a name that says so
        return any(
            sum(isinstance(one, Moment) for one in read_times(looked, _UTC, dates)) >= _MOST * len(looked)
            for dates in (None, "dmy", "mdy")
        )

    @cached_property
    def times_of_day(self) -> bool:
        """Whether the values are times of day without a date."""
        looked = self.values[:_LOOKED_AT]
        return bool(looked) and all(len(text) <= 11 and text[:1].isdigit() and ":" in text[1:3] for text in looked)

    def share_known(self, *lists: str) -> float:
        """The share of the different values that are codes of some lists, or surely mean one."""
        values = [text for text in self.values[:_LOOKED_AT] if text not in MISSING_CODES]
        known = sum(any(said.code_of(name, self.meanings.get(text, text)) for name in lists) for text in values)
        return known / len(values) if values else 0.0


@dataclass(slots=True)
class Guess:
    """A proposal for one column.

    Attributes
    ----------
    becomes : as in MAP.toml: a field's name, or the keys of a table; None where the column is not proposed.
    doubt : 0 where it is its own name; the greater, the less sure.
    identifying : says who somebody is, and is left out on purpose.
    """

    look: Look
    becomes: dict[str, str | int] | None = None
    why: str = ""
    doubt: int = 0
    place: Place = Place()
    identifying: bool = False

    @property
    def field(self) -> str:
        """The field that it becomes; "" for anything else."""
        return str((self.becomes or {}).get("field", ""))


def guess(look: Look) -> Guess:
    """What a column may be."""
    words = look.words
    scale, rest = said.scale_in(words)
    if scale and not look.times:
        return _score(look, scale, rest)
    vital = _vital(words)
    if vital:
        return Guess(look, vital[0], "its name", 1, place_of(vital[1]))
    field_name, doubt, beside = said.field_in(words, dated=look.times or not look.values)
    if field_name == "instrument" and look.values and look.numbers is not None:
        field_name = "score"  # "Instrument score"
    place = place_of(beside if field_name else words)
    if look.times:
        return _time(look, field_name, doubt, place_of(words))
    if look.times_of_day and (field_name in ("", TIME, "time_of_day")):
        return Guess(look, {"field": "time_of_day"}, "its values are times of day", 1, place)
    if said.find(words, said.IDENTIFYING)[1] and (not field_name or field_name == RECORD_NUMBER):
        return Guess(look, None, "its name says who somebody is", identifying=True)
    effect = _side_effect(words)
    if effect and look.share_known(YES_NO, "severity") >= _MOST:
        return Guess(look, {"side_effect": effect}, "its name, and its values are yes and no", 1, place)
    drugs = [row for code, rows in said.VALUES["drug"].items() for row in (code, *rows)]
    if not field_name and said.find(words, drugs)[1] and _unit(look)[0]:
        return _fits(look, "dose", 1, place)  # "Ketamin mg/kg"
    since = next((word for word in words if word in said.SINCE), "")
    if since and look.numbers is not None and look.values:
        return Guess(look, {"field": said.SINCE[since]}, "its name, and its values are numbers", 50, place)
    if field_name == TIME or not field_name:
        return Guess(look, None, "nothing of its name or its values is known")
    return _fits(look, field_name, doubt, place)


def _fits(look: Look, field_name: str, doubt: int, place: Place) -> Guess:
    """A field that the values do not contradict."""
    becomes: dict[str, str | int] = {"field": field_name}
    field = ALL_FIELDS.get(field_name)
    numeric = field is not None and field.kind in ("number", "whole")
    if field_name == "dose":
        unit, why = _unit(look)
        return Guess(look, becomes | ({"unit": unit} if unit else {}), f"its name{why}", doubt, place)
    if field_name == RECORD_NUMBER and {*look.words} & {*said.SESSIONS, *said.VISITS}:
        return Guess(look, None, "its name is that of a visit")
    numbered = sum(any(letter.isdigit() for letter in text) for text in look.values)
    if field_name == RECORD_NUMBER and 2 * numbered < len(look.values):  # a row of totals has a word there
        return Guess(look, None, "its name is that of a record number, but its values may be names", identifying=True)
    if numeric and look.values and look.numbers is None and not look.measures(field_name):
        return Guess(look, None, f"its name is that of {field_name}, but its values are no numbers")
    if field is not None and field.kind == "word" and len(look.values) > 50:
        return Guess(look, None, f"its name is that of {field_name}, but it has more than 50 different values")
    return Guess(look, becomes, "its name", doubt, place)


def _score(look: Look, scale: str, rest: Sequence[str]) -> Guess:
    """A scale's total, its item 9, or another item, which is left out."""
    instrument = INSTRUMENTS[scale]
    if look.values and look.numbers is None:
        return Guess(look, None, f"its name is that of the {instrument.name}, but its values are no numbers")
    numbers = [one for one in look.numbers or [] if instrument.minimum <= one <= instrument.maximum]
    number, beside, most = _item_of(scale, rest)
    if number and max(numbers, default=0) <= most:
        return Guess(look, {"score": scale, "item": number}, "its name", 1, place_of(beside))
    low, high = (min(numbers), max(numbers)) if numbers else (0, 0)
    why = f"its name; its values, {low:g} to {high:g}, lie in the range of the {instrument.name}"
    return Guess(look, {"score": scale}, why if numbers else "its name", 1, place_of(rest))


def _item_of(scale: str, rest: Sequence[str]) -> tuple[int, Sequence[str], float]:
    """The number of an item that a name has (0: none), the words beside it, and how high its values may be.

    `phq9_3`, `phq9_v2_3` and `phq9_3_day7` are items while their values are points of one; in `PHQ-9 V3` the
    number is the visit's.
    """
    items = ITEM_SCALES.get(scale)
    if items is None or not rest:
        return 0, rest, 0
    at = 1 if rest[0] in said.ITEMS else 0  # phq9_3_baseline, PHQ-9 item 3 vor
    following = rest[at + 1 : at + 3]
    counts = bool(following) and following[0] in _COUNTED and not following[-1].isdigit()  # "PHQ-9 1 week"
    if following and not counts and rest[at].isdigit() and int(rest[at]) in items.numbers:
        return int(rest[at]), rest[at + 1 :], inf if at else max(items.highest)
    if not rest[-1].isdigit() or int(rest[-1]) not in items.numbers:
        return 0, rest, 0
    before = rest[-2] if len(rest) > 1 else ""
    if before in said.ITEMS:
        return int(rest[-1]), rest[:-2], inf
    return (
        (int(rest[-1]) if not before or before.isdigit() or before in said.BEFORE else 0),
        rest[:-1],
        max(items.highest),
    )


def _time(look: Look, field_name: str, doubt: int, place: Place) -> Guess:
    if field_name in (BIRTH_DATE, "age"):
        return Guess(look, {"field": BIRTH_DATE}, "its name, and its values are dates", 1)
    if field_name == "first_session" and not place.session:
        return Guess(look, {"field": "first_session"}, "its name, and its values are dates", 1)
    sure = doubt if field_name == TIME else 99
    why = "its name, and its values are dates" if field_name == TIME else "its values are dates"
    return Guess(look, {"field": TIME}, why, sure, place)


def _side_effect(words: Sequence[str]) -> str:
    best, size = "", 0
    for term in SIDE_EFFECTS:
        length = said.find(words, (*said.SIDE_EFFECTS.get(term, ()), " ".join(said.words_of(term))))[1]
        if length > size:
            best, size = term, length
    return best


def _vital(words: Sequence[str]) -> tuple[dict[str, str | int], tuple[str, ...]] | None:
    """A blood pressure or heart rate, and the words beside it."""
    for rows, stem in (
        (said.SYSTOLIC, "systolic"),
        (said.DIASTOLIC, "diastolic"),
        (said.HEART_RATE, "heart_rate"),
        (said.PRESSURE, ""),
    ):
        at, size = said.find(words, rows)
        if not size:
            continue
        rest = (*words[:at], *words[at + size :])
        when = "highest" if said.find(rest, said.HIGHEST)[1] else "before"
        beside = tuple(word for word in rest if word not in said.BEFORE and word not in said.HIGHEST)
        return ({"field": f"{stem}_{when}"} if stem else {"blood_pressure": when}), beside
    return None


def _unit(look: Look) -> tuple[str, str]:
    """The unit of a dose, and why."""
    text = " ".join((*look.words, *said.words_of(look.label)))
    if "mg kg" in text or "mg per kg" in text:
        return "mg_per_kg", " has mg/kg"
    if "mg" in text.split():
        return "mg", " has mg"
    if any("kg" in value.lower() for value in look.values):
        return "mg_per_kg", ", and its values have mg/kg"
    if any("mg" in value.lower() for value in look.values):
        return "mg", ", and its values have mg"
    return "", ""


def place_of(words: Sequence[str]) -> Place:
    """When, of which session or at which visit, as the words beside a column's meaning say.

    Examples
    --------
    >>> place_of(("tag", "28")), place_of(("v", "3")), place_of(("vor", "infusion", "2"))
    (Place(when='day 28', session=0, visit=''), Place(when='', session=0, visit='v3'), Place(when='before', session=2, visit=''))
    """  # noqa: E501
    when, session, visit = "", 0, ""
    after = bool(said.AFTER & set(words))
    if said.BEFORE & set(words):
        when = "before"
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if word.isdigit():
            before = words[at - 1] if at else ""
            if following in said.SESSIONS:
                session = int(word)
            elif following in said.HOURS:
                when = f"after {int(word)} h"
            elif following in said.DAYS and after:
                when = f"after {int(word)} d"
            elif before in said.DAYS:
                when = f"day {int(word)}"
            elif before in said.WEEKS or following in said.WEEKS:
                when = f"week {int(word)}"
            elif before in said.MONTHS:
                when = f"day {round(int(word) * 365.25 / 12)}"
            elif before in said.SESSIONS:
                session = int(word)
            elif before in said.VISITS or at == len(words) - 1:
                visit = f"v{int(word)}"
    if session > 1_000:
        session = 0
    return Place(when, session, visit)


def is_of_session(one: Guess) -> bool:
    """Whether a column says something of a session and of nothing else."""
    kinds = one.becomes or {}
    return "side_effect" in kinds or "blood_pressure" in kinds or one.field in SESSION_FIELDS
