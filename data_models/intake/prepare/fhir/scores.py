"""Scores of an export: totals, items and responses that belong together become one assessment, or say why not.

One assessment is what stands at one instant for one person and scale, and whatever a panel (`hasMember`) or a
QuestionnaireResponse (`derivedFrom`) holds together. Its time is that of the Observation of the total, else of an item,
else of the response.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.prepare.fhir.codes import ITEMS, TOTAL, Meaning
from data_models.intake.prepare.fhir.values import Clock
from data_models.intake.prepare.item_totals import (
    ITEM_SCALES,
    Disagreement,
    Incomplete,
    MissingRule,
    OutOfRange,
    total_of,
)
from data_models.intake.prepare.source import RECORD_NUMBER, TIME, LeftOut, Origin, Table
from data_models.intake.prepare.table_rows import PUBLISHED, as_text

_SCALES: Final = tuple(INSTRUMENTS)
ROWS: Final = 1 << 32  # more than a file has
_CODES: Final = len(_SCALES) * ITEMS
_NOTHING: Final = float("nan")
COLUMNS: Final = (RECORD_NUMBER, TIME, "instrument", "score", "item9")


class Origins(Sequence[Origin]):
    """Where many rows stand, in eight bytes each."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._places = array("Q")
        self.add = self._places.append  # of a file's place times 2^32, plus the row there

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, place: int) -> Origin:  # type: ignore[override]  # no slices
        file, row = divmod(self._places[place], ROWS)
        return Origin(self._names[file], row)

    def taken(self, places: Sequence[int]) -> Origins:
        """Those of some rows."""
        taken = Origins(self._names)
        taken._places.extend(self._places[place] for place in places)
        return taken


class Scores:
    """What an export holds of scales: one event for each number found, in columns (a million take some 120 MB)."""

    def __init__(self, names: Sequence[str]) -> None:
        self.files = names
        self._keys, self._values = array("q"), array("d")  # person and Meaning.number as one
        self._own = array("q")  # hash of the resource's id, by which panels name it
        self._responses: dict[int, int] = {}  # by event, hash of the id of the response that it is of
        self._derived: dict[int, int] = {}  # or that it was made from
        self._times: list[str] = []
        self.origins = Origins(names)
        self._panel_of: dict[int, int] = {}
        self._panel_time: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._times)

    def add(self, person: int, meaning: Meaning, value: float | None, time: str, file: int, row: int, own: str) -> None:
        """One total or item of an Observation; `value` None: it says nothing that is a number."""
        mark = hash(own) if own else 0  # first: an id that is no text adds nothing
        self._keys.append(person * _CODES + meaning.number)
        self._values.append(_NOTHING if value is None else value)
        self._times.append(time)
        self._own.append(mark)
        self.origins.add(file * ROWS + row)

    def of_response(self, own: str, *, derived: bool = False) -> None:
        """Say that the last event is of a QuestionnaireResponse, or was made from it."""
        (self._derived if derived else self._responses)[len(self) - 1] = hash(own)

    def panel(self, own: str, members: Sequence[str], time: str) -> None:
        """A panel and what it holds."""
        for member in members:
            self._panel_of[hash(member)] = hash(own)
        self._panel_time[hash(own)] = time

    def table(
        self, numbers: Sequence[str], one_of: Sequence[int], clock: Clock, left_out: LeftOut, *, published: bool
    ) -> tuple[Table, dict[str, int]]:
        """The assessments, and how many rest on each published rule for missing items.

        Parameters
        ----------
        numbers : each person's record number; "" where the export does not say it.
        one_of : each person's place among those that are the same by their number.
        published : whether that rule may be used.
        """
        columns: dict[str, list[str]] = {name: [] for name in COLUMNS}
        person_out, time_out, scale_out, score_out, item9_out = columns.values()
        made_of: list[int] = []
        ruled: dict[str, int] = {}
        for events in self._assessments(one_of, clock, left_out):
            first = events[0]
            number = numbers[self._keys[first] // _CODES]
            if not number:
                left_out.add(_NOBODY, self.origins[first])
                continue
            made = self._made(events, left_out, published)
            if made is None:
                continue
            event, score, item9, by_rule = made
            scale = _SCALES[self._keys[event] % _CODES // ITEMS]
            if by_rule:
                rule = f"{_name(scale)}: total by the rule for missing items ({by_rule.name}: {by_rule.source})"
                ruled[rule] = ruled.get(rule, 0) + 1
            person_out.append(number)
            time_out.append(self._time(event))
            scale_out.append(scale)
            score_out.append(as_text(score))
            item9_out.append("" if item9 is None else str(item9))
            made_of.append(event)
        return Table("FHIR scores", columns, self.origins.taken(made_of)), ruled

    def _time(self, event: int) -> str:
        return self._times[event] or self._panel_time.get(self._panel_of.get(self._own[event], 0), "")

    def _assessments(self, one_of: Sequence[int], clock: Clock, left_out: LeftOut) -> Iterator[list[int]]:
        """Events that belong together, totals and Observations first."""
        seconds = np.empty(len(self), np.float64)
        for event in range(len(self)):
            text = self._time(event)
            seconds[event] = at = clock.seconds(text)
            if at != at:
                why = "a score whose time is not told to the day" if text else "a score without a time of its own"
                left_out.add(why, self.origins[event])
        people, codes = np.divmod(np.array(self._keys, np.int64), _CODES)
        scales = len(_SCALES)
        keys, totals = np.array(one_of, np.int64)[people] * scales + codes // ITEMS, codes % ITEMS != 0
        responses = np.zeros(len(self), bool)
        responses[list(self._responses)] = True
        order = np.lexsort((totals, responses, seconds, keys))
        order = order[~np.isnan(seconds[order])]
        if not len(order):
            return
        same = (np.diff(keys[order]) == 0) & (np.diff(seconds[order]) == 0)
        starts = np.flatnonzero(np.concatenate(([True], ~same)))
        if not self._panel_of and not self._derived:
            for one, other in zip(starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True):
                yield order[one:other].tolist()
            return
        yield from self._linked(order, np.repeat(np.arange(len(starts)), np.diff([*starts, len(order)])), keys)

    def _linked(self, order: np.ndarray, group: np.ndarray, keys: np.ndarray) -> Iterator[list[int]]:
        """The same, with those joined that a panel or a response holds together."""
        root = list(range(int(group[-1]) + 1))

        def top(one: int) -> int:
            while root[one] != one:
                root[one] = root[root[one]]
                one = root[one]
            return one

        holders: dict[tuple[int, int], int] = {}
        for event, its in zip(order.tolist(), group.tolist(), strict=True):
            for holder in (self._derived.get(event), self._responses.get(event), self._panel_of.get(self._own[event])):
                if holder is not None:
                    other = holders.setdefault((int(keys[event]), holder), its)
                    root[top(its)] = top(other)
        together: dict[int, list[int]] = {}
        for event, its in zip(order.tolist(), group.tolist(), strict=True):
            together.setdefault(top(its), []).append(event)
        for events in together.values():
            if len(events) > 1:
                events.sort(key=lambda event: (event in self._responses, self._keys[event] % ITEMS != 0))
            yield events

    def _made(
        self, events: list[int], left_out: LeftOut, published: bool
    ) -> tuple[int, float, int | None, MissingRule | None] | None:
        """The event that stands for an assessment, its score, item 9, and the rule for missing items, if any."""
        first = events[0]
        if len(events) == 1 and self._keys[first] % ITEMS == 0 and self._values[first] == self._values[first]:
            return first, self._values[first], None, None  # a total alone
        instrument = _SCALES[self._keys[first] % _CODES // ITEMS]
        scale, name = ITEM_SCALES.get(instrument), _name(instrument)
        items: list[int | None] = [None] * (len(scale.numbers) if scale else 0)
        total: float | None = None
        total_at = item_at = first

        def refused(reason: str, *places: int) -> None:  # nothing comes of it
            for place in places:
                left_out.add(f"{name}: {reason}", self.origins[place], count=int(place == places[0]))

        for event in events:
            place, value = self._keys[event] % ITEMS - 1, self._values[event]
            if value != value or (place != TOTAL and value != int(value)):
                item = "an answer of which no row has the points (name its code in [fhir.answers])"
                refused("a total that is no number" if place == TOTAL else item, event)
            elif place == TOTAL:
                if total is not None and total != value:
                    refused("two totals of one assessment differ; neither is taken", total_at, event)
                    return None
                total, total_at = value, event if total is None else total_at
            elif items[place] is not None and items[place] != value:
                refused("an item stands twice in one assessment and differs; there is no total", item_at, event)
                return None
            else:
                items[place], item_at = int(value), event
        answered = [place for place, points in enumerate(items) if points is not None]
        if not answered:
            return None if total is None else (total_at, total, None, None)
        if total is None and instrument == "phq9" and max(answered) < 2:
            left_out.add("the first two items of the PHQ-9 alone (a PHQ-2)", self.origins[item_at], foreign=True)
            return None
        if instrument == "phq9" and answered == [8] and total is not None and 0 <= (items[8] or 0) <= min(3, total):
            return total_at, total, items[8], None  # the total and item 9 are what many systems give
        made = total_of(instrument, items, total, published=published)
        if isinstance(made, Disagreement):
            both = (total_at, item_at) if total_at != item_at else (total_at,)
            refused("the total and its items disagree; neither is taken, correct one of them", *both)
            return None
        if isinstance(made, OutOfRange):
            refused("an item has points that the scale does not give; there is no total", item_at)
            return None
        if isinstance(made, Incomplete):
            zero = "is their bare sum" if made.counted_as_zero else "is not there"
            at = item_at if total is None else total_at
            refused(f"items are missing, and the total {zero}; {PUBLISHED}", at)
            return None
        return events[0] if total is None else total_at, made.score, made.item9, made.rule


_NOBODY: Final = "a score of which nothing says whose it is"


def _name(instrument: str) -> str:
    return INSTRUMENTS[instrument].name
