"""Which courses a question is about: one frozen value, the same in URLs, exports and the command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import AGE_BANDS, CONDITIONS, DIAGNOSES, DRUGS, PHASES, ROUTES, SEXES

# Values each key may take; None: any text (names of clinics) or checked by its own rule (years).
CHOICES: dict[str, tuple[str, ...] | None] = {
    "clinic": None,
    "drug": DRUGS,
    "route": ROUTES,
    "diagnosis": DIAGNOSES,
    "condition": CONDITIONS,
    "age_band": AGE_BANDS,
    "sex": SEXES,
    "phase": PHASES,
    "first_session_year": None,
}
KEYS = tuple(CHOICES)
# The words for each key, on screen and in exports.
NAMES = {
    "clinic": "Clinic",
    "drug": "Drug",
    "route": "Route",
    "diagnosis": "Diagnosis",
    "condition": "Condition",
    "age_band": "Age",
    "sex": "Sex",
    "phase": "Phase",
    "first_session_year": "First session in",
}
_MOST_VALUES = 200


@dataclass(frozen=True, slots=True)
class CohortFilter:
    """An empty tuple means "no filter on this".

    A course matches clinic, diagnosis, condition, age_band, sex and first_session_year by its patient,
    drug and route by the course. `phase` restricts sessions (side effects, vitals) and the scores of
    the fade chart, not courses. `min_hours_since_session` leaves scores taken sooner after the latest
    session out of the headline rates "last" and "end of induction", and so out of the funnel's last step and the
    last changes.
    """

    instrument: str = "phq9"
    clinic: tuple[str, ...] = ()
    drug: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    diagnosis: tuple[str, ...] = ()
    condition: tuple[str, ...] = ()
    age_band: tuple[str, ...] = ()
    sex: tuple[str, ...] = ()
    phase: tuple[str, ...] = ()
    first_session_year: tuple[str, ...] = ()
    min_hours_since_session: float | None = None

    def __post_init__(self) -> None:
        if self.instrument not in INSTRUMENTS:
            raise ValueError(f"there is no instrument {self.instrument!r}; it is one of {', '.join(INSTRUMENTS)}")
        for key in KEYS:
            values = tuple(dict.fromkeys(getattr(self, key)))
            if len(values) > _MOST_VALUES:
                raise ValueError(f"filter {key} has {len(values)} values; at most {_MOST_VALUES} are taken")
            for value in values:
                _check(key, value)
            object.__setattr__(self, key, tuple(sorted(values)))
        hours = self.min_hours_since_session
        if hours is not None and not 0 <= hours <= 10_000:
            raise ValueError("filter min_hours_since_session must lie from 0 to 10000 hours")

    @classmethod
    def from_assignments(cls, assignments: Iterable[str], instrument: str = "phq9") -> CohortFilter:
        """From texts KEY=VALUE or KEY=VALUE,VALUE (the command line's `--where`); strict."""
        found: dict[str, list[str]] = {}
        for text in assignments:
            key, equals, value = text.partition("=")
            if not equals or not value:
                raise ValueError(f"{text!r} is not of the form KEY=VALUE")
            found.setdefault(key.strip(), []).extend(part.strip() for part in value.split(","))
        hours = found.pop("min_hours_since_session", None)
        for key in found:
            if key not in CHOICES:
                raise ValueError(
                    f"there is no filter {key!r}; the filters are {', '.join(KEYS)}, min_hours_since_session"
                )
        least = None
        if hours:
            try:
                least = float(hours[-1])
            except ValueError:
                raise ValueError(f"filter min_hours_since_session is {hours[-1]!r}; it must be a number") from None
        return cls(instrument, **{k: tuple(v) for k, v in found.items()}, min_hours_since_session=least)

    @classmethod
    def from_query(cls, query: str) -> CohortFilter:
        """From a URL's query string; what is unknown or impossible is dropped, never an error."""
        found: dict[str, list[str]] = {}
        chosen: dict[str, str] = {}
        for key, value in parse_qsl(query.lstrip("?"), max_num_fields=None)[:_MOST_VALUES]:
            if key in CHOICES:
                for part in value.split(","):
                    try:
                        _check(key, part)
                    except ValueError:
                        continue
                    found.setdefault(key, []).append(part)
            else:
                chosen[key] = value
        instrument = chosen.get("instrument", "phq9")
        try:
            hours: float | None = float(chosen["min_hours_since_session"])
            hours = hours if 0 <= hours <= 10_000 else None  # type: ignore[operator]
        except (KeyError, ValueError):
            hours = None
        return cls(
            instrument if instrument in INSTRUMENTS else "phq9",
            **{k: tuple(v) for k, v in found.items()},
            min_hours_since_session=hours,
        )

    def to_query(self) -> str:
        """The URL query that `from_query` reads back."""
        pairs = [("instrument", self.instrument)]
        pairs += [(key, ",".join(getattr(self, key))) for key in KEYS if getattr(self, key)]
        if self.min_hours_since_session is not None:
            pairs.append(("min_hours_since_session", f"{self.min_hours_since_session:g}"))
        return urlencode(pairs, safe=",")

    def where(self) -> dict[str, list[str] | float]:
        """What is filtered on, for summaries and exports."""
        chosen: dict[str, list[str] | float] = {k: list(getattr(self, k)) for k in KEYS if getattr(self, k)}
        if self.min_hours_since_session is not None:
            chosen["min_hours_since_session"] = self.min_hours_since_session
        return chosen

    def narrowed(self, key: str, value: str) -> CohortFilter:
        """This filter with one key set to one value (a part of a split)."""
        return dataclasses.replace(self, **{key: (value,)})  # type: ignore[arg-type]


def _check(key: str, value: str) -> None:
    choices = CHOICES[key]
    if choices is not None and value not in choices:
        raise ValueError(f"filter {key} cannot be {value!r}; it is one of {', '.join(choices)}")
    if key == "first_session_year" and not (value.isascii() and value.isdigit() and len(value) == 4):
        raise ValueError(f"filter first_session_year is {value!r}; it must be a year of four digits")
    if key == "clinic" and not 1 <= len(value) <= 64:
        raise ValueError("filter clinic must have 1 to 64 characters")
