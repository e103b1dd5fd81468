"""The scores of a study: records of QS, RS and FT by scale and time, items to totals where no total is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.prepare.sdtm.administrations import SUBJECT, Administrations
from data_models.intake.prepare.sdtm.datasets import Datasets, Record
from data_models.intake.prepare.sdtm.study_days import StudyClock
from data_models.intake.prepare.sdtm.study_map import StudyMap
from data_models.intake.prepare.sdtm.terms import is_cadss_total, item_of, scales_of, side_of, total_of_scale
from data_models.intake.prepare.source import RECORD_NUMBER, TIME, LeftOut, Origin
from data_models.intake.prepare.table_rows import Scores, number_of, with_timing
from data_models.intake.readers.problems import Problems


@dataclass(frozen=True, slots=True)
class Result:
    """One record of a scale.

    Attributes
    ----------
    place : of the item among the scale's, from 0; None: the total.
    """

    record: Record
    domain: str
    instrument: str
    place: int | None

    @property
    def value(self) -> str:
        """The numeric standard result, else the standard one in characters, else the original one."""
        record, domain = self.record, self.domain
        return record[f"{domain}STRESN"] or record[f"{domain}STRESC"] or record[f"{domain}ORRES"]


def results(datasets: Datasets, said: StudyMap, left: LeftOut) -> Iterator[Result]:
    """Each record of a scale that session records have; what is none, or was not done, is left out and counted."""
    for domain in ("QS", "RS", "FT"):
        for record in datasets.records(domain):
            code, test = record[f"{domain}TESTCD"].upper(), record[f"{domain}TEST"]
            mapped = said.scores.get(code)
            places = (mapped,) if mapped else places_of(code, test, record[f"{domain}CAT"])
            origin = Origin(record.file, record.number)
            if is_cadss_total(record[f"{domain}CAT"], test):
                continue  # of a session, not a score of its own
            if not places:
                left.add("a result of another scale, or none of its items and totals", origin, foreign=True)
            elif record[f"{domain}STAT"].upper() == "NOT DONE":
                left.add("an item or score that was not done", origin, foreign=True)
            else:
                yield from (Result(record, domain, instrument, place) for instrument, place in places)


@cache
def places_of(code: str, test: str, category: str) -> tuple[tuple[str, int | None], ...]:
    """The scales whose total (None) or item (its place, from 0) a test is.

    Examples
    --------
    >>> places_of("PHQ0102", "", "PHQ-9"), places_of("PHQ0111", "PHQ01-Total Score", "PHQ-9")
    ((('phq9', 1),), (('phq9', None),))
    """
    found: list[tuple[str, int | None]] = []
    for scale in scales_of(code, category):
        if total_of_scale(scale, code, test):
            found.append((scale.instrument, None))
        elif (place := item_of(scale, code)) is not None:
            found.append((scale.instrument, place))
    return tuple(found)


def add_scores(
    found: Sequence[Result], clock: StudyClock, sessions: Administrations, scores: Scores, problems: Problems
) -> None:
    """One score for the items and the total of a scale that a subject has at a time."""
    gathered: dict[tuple[str, ...], list[Result]] = {}
    for result in found:
        record, domain = result.record, result.domain
        when = record[f"{domain}DTC"] or record[f"{domain}DY"]
        visit, point = record["VISITNUM"] or record["VISIT"], record[f"{domain}TPT"]
        key = (record[SUBJECT], result.instrument, domain, when, visit, point)
        gathered.setdefault(key, []).append(result)
    for (subject, instrument, domain, *_, point), together in gathered.items():
        moment = clock.moment(together[0].record, f"{domain}DTC", f"{domain}DY")
        if moment is not None:
            when, timing = with_timing(moment, side_of(point), timed=sessions.timed(subject))
            cells = {RECORD_NUMBER: subject, TIME: when, "timing": timing}
            _add(instrument, together, cells, scores, problems)


def _add(instrument: str, together: list[Result], cells: dict[str, str], scores: Scores, problems: Problems) -> None:
    scale = ITEM_SCALES[instrument]
    items: list[int | None] = [None] * (len(scale.numbers) if scale else 0)
    names = [f"item {number}" for number in scale.numbers] if scale else []
    total, named, first = "", "", together[0].record
    for result in together:
        number, record = number_of(result.value), result.record
        column = f"{result.domain}STRESN"
        if not result.value:
            continue
        if number is None or (result.place is not None and number != int(number)):
            reason = "gives no number of points; give them as the numeric standard result"
            problems.add(record.file, record.number, column, reason)
        elif result.place is None:
            if total and number_of(total) != number:
                reason = f"is another total of the same scale at the same time as row {first.number}; correct one"
                problems.add(record.file, record.number, column, reason)
            total, named, first = result.value, record[f"{result.domain}TESTCD"], record
        else:
            if items[result.place] not in (None, number):
                reason = "is another answer to an item at the same time; correct one of them"
                problems.add(record.file, record.number, column, reason)
            items[result.place], names[result.place] = int(number), record[f"{result.domain}TESTCD"]
    origin = Origin(first.file, first.number, f"{together[0].domain}STRESN")
    scores.add(origin, instrument, total, items, cells, (named, names))
