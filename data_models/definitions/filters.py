"""Which courses a question is about: one frozen value, the same in URLs, exports and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import (
    AGE_BANDS,
    CONDITIONS,
    DIAGNOSES,
    DRUGS,
    MIXED,
    PHASES,
    ROUTES,
    SEXES,
    label,
)

HOURS = "min_hours_since_session"
_RESERVED = ("instrument", HOURS, "by")  # other names of a URL's query
_MOST_VALUES = 200


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter, and all there is to say of it: conditions, choices, comparisons, words and files follow.

    Attributes
    ----------
    key : its name in URLs, the data contract and the command line.
    label : its name on screen and in files.
    of : the table of records or courses that `column` is of. A filter of sessions narrows side effects, vital signs
        and the fade, and no course.
    values : the codes it may take, in the order in which they are shown; None: whatever the store holds.
    listed : the column holds several codes, ";"-bounded; a patient matches who has any of those chosen.
    year : values are years of four digits; else, without a code list, texts of 1 to 64 characters.
    """

    key: str
    label: str
    of: Literal["patient", "course", "session"]
    column: str
    values: tuple[str, ...] | None = None
    listed: bool = False
    year: bool = False

    def __post_init__(self) -> None:
        if not self.key.isidentifier() or self.key in _RESERVED:
            raise ValueError(f"{self.key!r} cannot be the key of a filter; use letters and _, but not {_RESERVED}")
        if self.values is None and (self.listed or self.of == "session"):
            raise ValueError(f"filter {self.key} needs its values: a list of codes, and what is of sessions, has them")

    @property
    def shares_courses(self) -> bool:
        """Whether a course can be in the groups of two values, which then cannot be tested against each other."""
        return self.listed or self.of == "session"

    def words(self, value: str) -> str:
        """How one of its values is written."""
        return value if self.values is None else label(value)

    def check(self, value: str) -> None:
        """Raise ValueError for what cannot be one of its values."""
        if self.values is not None:
            if value not in self.values:
                raise ValueError(f"filter {self.key} cannot be {value!r}; it is one of {', '.join(self.values)}")
        elif self.year:
            if not (value.isascii() and value.isdigit() and len(value) == 4):
                raise ValueError(f"filter {self.key} is {value!r}; it must be a year of four digits")
        elif not 1 <= len(value) <= 64:
            raise ValueError(f"filter {self.key} must have 1 to 64 characters")


FILTERS: dict[str, Filter] = {
    row.key: row
    for row in (
        Filter("clinic", "Clinic", "patient", "clinic"),
        Filter("drug", "Drug", "course", "drug", (*DRUGS, MIXED)),
        Filter("route", "Route", "course", "route", (*ROUTES, MIXED)),
        Filter("diagnosis", "Diagnosis", "patient", "diagnosis", DIAGNOSES),
        Filter("condition", "Condition", "patient", "conditions", CONDITIONS, listed=True),
        Filter("age_band", "Age", "patient", "age_band", AGE_BANDS),
        Filter("sex", "Sex", "patient", "sex", SEXES),
        Filter("phase", "Phase", "session", "phase", PHASES),
        Filter("first_session_year", "First session in", "patient", "first_session_year", year=True),
    )
}


def filter_of(key: str) -> Filter:
    """The filter of this key. Raises ValueError where there is none."""
    if key not in FILTERS:
        raise ValueError(f"there is no filter {key!r}; the filters are {', '.join(FILTERS)}, {HOURS}")
    return FILTERS[key]


@dataclass(frozen=True, slots=True, init=False)
class CohortFilter:
    """What is asked for: a scale, and the values chosen of each filter, as `CohortFilter("phq9", route=("iv", "im"))`.

    Attributes
    ----------
    instrument : the scale's code.
    chosen : key and values of each filter that is on, in the order of the registry, values sorted.
    min_hours_since_session : passes over scores taken sooner after the latest session, for the headline rates "last"
        and "end of induction", and so for the funnel's last step and the last changes: the last, and the first after
        induction, of the others count.
    """

    instrument: str
    chosen: tuple[tuple[str, tuple[str, ...]], ...]
    min_hours_since_session: float | None

    def __init__(
        self, instrument: str = "phq9", *, min_hours_since_session: float | None = None, **chosen: Iterable[str]
    ) -> None:
        if instrument not in INSTRUMENTS:
            raise ValueError(f"there is no instrument {instrument!r}; it is one of {', '.join(INSTRUMENTS)}")
        given: dict[str, tuple[str, ...]] = {}
        for key, values in chosen.items():
            row = filter_of(key)
            given[key] = tuple(sorted(set(values)))
            if len(given[key]) > _MOST_VALUES:
                raise ValueError(f"filter {key} has {len(given[key])} values; at most {_MOST_VALUES} are taken")
            for value in given[key]:
                row.check(value)
        if min_hours_since_session is not None and not 0 <= min_hours_since_session <= 10_000:
            raise ValueError(f"filter {HOURS} must lie from 0 to 10000 hours")
        object.__setattr__(self, "instrument", instrument)
        object.__setattr__(self, "chosen", tuple((key, given[key]) for key in FILTERS if given.get(key)))
        object.__setattr__(self, "min_hours_since_session", min_hours_since_session)

    def __getitem__(self, key: str) -> tuple[str, ...]:
        """The values chosen of a filter; empty: it is off. Raises ValueError where there is no such filter."""
        return dict(self.chosen).get(filter_of(key).key, ())

    def with_values(self, key: str, values: Iterable[str]) -> CohortFilter:
        """This filter with other values of one key; none takes it off."""
        chosen: dict[str, Iterable[str]] = {**dict(self.chosen), key: values}
        return CohortFilter(self.instrument, min_hours_since_session=self.min_hours_since_session, **chosen)

    def with_instrument(self, instrument: str) -> CohortFilter:
        """This filter on another scale."""
        return CohortFilter(instrument, min_hours_since_session=self.min_hours_since_session, **dict(self.chosen))

    @classmethod
    def from_assignments(cls, assignments: Iterable[str], instrument: str = "phq9") -> CohortFilter:
        """From texts KEY=VALUE or KEY=VALUE,VALUE (the command line's `--where`); strict."""
        found: dict[str, list[str]] = {}
        for text in assignments:
            key, equals, value = text.partition("=")
            if not equals or not value:
                raise ValueError(f"{text!r} is not of the form KEY=VALUE")
            found.setdefault(key.strip(), []).extend(part.strip() for part in value.split(","))
        hours = found.pop(HOURS, None)
        least = None
        if hours:
            try:
                least = float(hours[-1])
            except ValueError:
                raise ValueError(f"filter {HOURS} is {hours[-1]!r}; it must be a number") from None
        return cls(instrument, min_hours_since_session=least, **found)

    @classmethod
    def from_query(cls, query: str) -> CohortFilter:
        """From a URL's query string; what is unknown or impossible is dropped, never an error."""
        found: dict[str, list[str]] = {}
        chosen: dict[str, str] = {}
        for key, value in parse_qsl(query.lstrip("?"), max_num_fields=None)[:_MOST_VALUES]:
            if key in FILTERS:
                for part in value.split(","):
                    with suppress(ValueError):
                        FILTERS[key].check(part)
                        found.setdefault(key, []).append(part)
            else:
                chosen[key] = value
        instrument = chosen.get("instrument", "phq9")
        try:
            hours: float | None = float(chosen[HOURS])
            hours = hours if 0 <= hours <= 10_000 else None  # type: ignore[operator]
        except (KeyError, ValueError):
            hours = None
        few = {key: values[:_MOST_VALUES] for key, values in found.items()}
        return cls(instrument if instrument in INSTRUMENTS else "phq9", min_hours_since_session=hours, **few)

    @classmethod
    def dropped(cls, query: str) -> tuple[str, ...]:
        """The keys of a query string whose values `from_query` drops in part or whole: a page says so.

        Examples
        --------
        >>> CohortFilter.dropped("route=iv,banana&instrument=phq9&sort=last")
        ('route',)
        """
        taken = cls.from_query(query)
        found = []
        for key, value in parse_qsl(query.lstrip("?"))[:_MOST_VALUES]:
            if key in FILTERS:
                whole = set(value.split(",")) <= set(taken[key])
            elif key == "instrument":
                whole = value == taken.instrument
            else:
                whole = key != HOURS or taken.min_hours_since_session is not None
            found += [] if whole else [key]
        return tuple(dict.fromkeys(found))

    def to_query(self) -> str:
        """The URL query that `from_query` reads back."""
        pairs = [("instrument", self.instrument), *((key, ",".join(values)) for key, values in self.chosen)]
        if self.min_hours_since_session is not None:
            pairs.append((HOURS, f"{self.min_hours_since_session:g}"))
        return urlencode(pairs, safe=",")

    def where(self) -> dict[str, list[str] | float]:
        """What is filtered on, for summaries and exports."""
        found: dict[str, list[str] | float] = {key: list(values) for key, values in self.chosen}
        if self.min_hours_since_session is not None:
            found[HOURS] = self.min_hours_since_session
        return found
