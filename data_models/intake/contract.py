"""The record contract: one closed schema a table, as data, and what a checked batch looks like.

The schema is `TABLES`: one `Field` a column. The readers convert by it, messages quote it, and no
other module knows which columns exist or what range they have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import pandas as pd

from data_models.definitions import vocabulary
from data_models.definitions.instruments import INSTRUMENTS, ITEM9_MAXIMUM

PROBLEMS_SHOWN = 1_000
HOURS_A_DAY = 24.0
EARLIEST_DAY = -365
LATEST_DAY = 60 * 365

# How a time was given (tables.Assessment.precision).
AT_HOURS, DAY_BEFORE, DAY_AFTER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the session records.

    Attributes
    ----------
    kind : what a cell holds: `patient_code`, `word` (one word or code), `choice` (one of `choices`),
        `choices` (several, ";"-separated), `flag` (yes or no), `number` or `whole` (a whole number).
    low, high : the plausibility range of a number, both ends included, in `unit`.
    required : a row without it is refused.
    """

    name: str
    kind: str
    required: bool = False
    low: float = -np.inf
    high: float = np.inf
    unit: str = ""
    choices: tuple[str, ...] = ()

    def range_text(self) -> str:
        """The range in words, for messages."""
        return f"{self.low:g} to {self.high:g}" + (f" {self.unit}" if self.unit else "")


# Doses outside these are a wrong unit or a slip of the pen (mg: intravenous fractions to oral lozenges).
DOSE_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType({"mg": (1.0, 1_000.0), "mg_per_kg": (0.05, 10.0)})

_CODE = Field("patient_code", "patient_code", required=True)
_A_DAY_OF_MINUTES = 1_440.0
_A_MONTH_OF_MINUTES = 43_200.0


def _minutes(name: str, high: float) -> Field:
    return Field(name, "number", low=0, high=high, unit="minutes")


def _clock(earliest_day: int) -> tuple[Field, Field]:
    """The two ways to say when: exactly one of them stands in a row."""
    return (
        Field("hours", "number", low=HOURS_A_DAY * earliest_day, high=HOURS_A_DAY * LATEST_DAY, unit="hours"),
        Field("day", "whole", low=earliest_day, high=LATEST_DAY, unit="days"),
    )


PATIENTS = (
    _CODE,
    Field("clinic", "word"),
    Field("age_band", "choice", choices=vocabulary.AGE_BANDS),
    Field("age", "whole", low=18, high=89, unit="years"),
    Field("sex", "choice", choices=vocabulary.SEXES),
    Field("diagnosis", "choice", choices=vocabulary.DIAGNOSES),
    Field("conditions", "choices", choices=vocabulary.CONDITIONS),
    Field("first_session_year", "whole", low=1970, high=2100),
    # Rounded down: to the day, two patients' weeks would lay their calendars beside each other.
    Field("observed_until_weeks", "whole", low=0, high=LATEST_DAY // 7, unit="weeks"),
)
SESSIONS = (
    _CODE,
    *_clock(0),
    Field("drug", "choice", choices=vocabulary.DRUGS),
    Field("route", "choice", choices=vocabulary.ROUTES),
    Field("dose", "number", low=0.05, high=1_000, unit="mg or mg/kg"),
    Field("dose_unit", "choice", choices=vocabulary.DOSE_UNITS),
    Field("phase", "choice", choices=vocabulary.PHASES),
    _minutes("duration_minutes", _A_DAY_OF_MINUTES),
    Field("systolic_before", "number", low=50, high=300, unit="mmHg"),
    Field("diastolic_before", "number", low=20, high=200, unit="mmHg"),
    Field("heart_rate_before", "number", low=20, high=250, unit="beats a minute"),
    Field("systolic_highest", "number", low=50, high=300, unit="mmHg"),
    Field("diastolic_highest", "number", low=20, high=200, unit="mmHg"),
    Field("heart_rate_highest", "number", low=20, high=250, unit="beats a minute"),
    Field("cadss_highest", "whole", low=0, high=92, unit="points"),
    Field("moaas_lowest", "whole", low=0, high=5, unit="points"),
    _minutes("minutes_to_discharge", _A_DAY_OF_MINUTES),
    Field("side_effects_asked", "flag"),
)
_LOWEST = min(scale.minimum for scale in INSTRUMENTS.values())
_HIGHEST = max(scale.maximum for scale in INSTRUMENTS.values())
ASSESSMENTS = (
    _CODE,
    *_clock(EARLIEST_DAY),
    Field("timing", "choice", choices=("before", "after")),
    Field("instrument", "choice", required=True, choices=tuple(INSTRUMENTS)),
    Field("score", "number", required=True, low=_LOWEST, high=_HIGHEST, unit="points"),
    Field("item9", "whole", low=0, high=ITEM9_MAXIMUM, unit="points"),
)
SIDE_EFFECTS = (
    _CODE,
    *_clock(0),
    Field("term", "choice", required=True, choices=vocabulary.SIDE_EFFECTS),
    Field("severity", "choice", choices=vocabulary.SEVERITIES),
    _minutes("onset_minutes", _A_MONTH_OF_MINUTES),
    _minutes("resolved_minutes", _A_MONTH_OF_MINUTES),
    _minutes("last_observed_minutes", _A_MONTH_OF_MINUTES),
    Field("serious", "flag"),
)

TABLES: Mapping[str, tuple[Field, ...]] = MappingProxyType(
    {"patients": PATIENTS, "sessions": SESSIONS, "assessments": ASSESSMENTS, "side_effects": SIDE_EFFECTS}
)
ONE_SHEET = "session_records"
# The one-sheet form's fixed columns; its `<instrument>_before` columns and the like are a pattern.
ONE_SHEET_FIELDS = (
    *PATIENTS,
    *SESSIONS[1:],
    Field("side_effects", "choices", choices=vocabulary.SIDE_EFFECTS),
)

_EFFECT_KEY = ("patient_code", "hours", "term", "onset_minutes")
# Columns of a checked batch in order (those of data_models.tables, `patient_code` in place of the id).
BATCH_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "patients": tuple(f.name for f in PATIENTS if f.name != "age"),
        "sessions": ("patient_code", "hours", "day_only", *(f.name for f in SESSIONS[3:])),
        "assessments": ("patient_code", "instrument", "hours", "precision", "score", "item9"),
        "side_effects": (*_EFFECT_KEY, "severity", "resolved_minutes", "last_observed_minutes", "serious"),
    }
)  # fmt: skip
BATCH_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "patients": ("patient_code",),
        "sessions": ("patient_code", "hours"),
        "assessments": ("patient_code", "instrument", "hours", "precision"),
        "side_effects": _EFFECT_KEY,
    }
)
# Columns that came after fingerprints were first stored: an empty cell of one leaves a row's as it was.
_LATER: Mapping[str, frozenset[str]] = MappingProxyType({"patients": frozenset(("observed_until_weeks",))})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the records: what, where, what to do. Never echoes a suspected identifier.

    `row` is the row of the file as a spreadsheet counts it (the header is row 1); None for the
    whole file. `column` is a column name; None for the whole row.
    """

    file: str
    row: int | None
    column: str | None
    reason: str

    def __str__(self) -> str:
        where = [self.file]
        if self.row is not None:
            where.append(f"row {self.row}")
        if self.column is not None:
            where.append(f"column {self.column}")
        return f"{', '.join(where)}: {self.reason}"


class RecordsRefused(Exception):
    """The batch has problems; nothing of it is stored. Holds the first 1,000 and the count, and what is merely odd."""

    def __init__(self, problems: list[Problem], count: int | None = None, warnings: Sequence[str] = ()) -> None:
        self.warnings = list(warnings)
        self.problems = problems[:PROBLEMS_SHOWN]
        self.count = len(problems) if count is None else count
        super().__init__(f"{self.count:,} problems; first: {problems[0]}")


class CannotRead(Exception):
    """The path cannot be opened or is no container of records (command line exit code 2)."""


@dataclass(slots=True)
class RecordBatch:
    """Checked records in canonical form: four frames, keyed by `patient_code`.

    Columns are those of the tables of the same name in `data_models.tables`, with `patient_code` in
    place of `patient_id`, plus `row` (the source row, for messages). Numbers are float64 with NaN for
    "not recorded", codes are strings (as read: categories) with missing values, keys are never missing.

    Attributes
    ----------
    source : csv, parquet, xlsx or one_sheet.
    changed : reconciled with a store, the patients it knows some of whose facts these records change, as they are from
        then on; `changes` counts the patients by column.
    side_effects : as read, has one more column, `day_only` (1: only the day of the session was given
        and hours = 24 x day); `reconcile` resolves it to the session's hours and drops the column.
    files : the file or sheet name that each table came from, for messages.
    """

    patients: pd.DataFrame
    sessions: pd.DataFrame
    assessments: pd.DataFrame
    side_effects: pd.DataFrame
    source: str = "csv"
    files: dict[str, str] = field(default_factory=dict)
    repeats: int = 0
    warnings: list[str] = field(default_factory=list)
    changed: pd.DataFrame = field(default_factory=lambda: empty_table("patients"))
    changes: dict[str, int] = field(default_factory=dict)


def one_clinic(respelled: Mapping[str, str]) -> list[str]:
    """What is said where clinics differ in capitals alone: each spelling and the one that is taken for it."""
    shown = [f"{word} is taken for {taken}" for word, taken in list(respelled.items())[:5]]
    more = f" and {len(respelled) - 5:,} more" if len(respelled) > 5 else ""
    return [f"clinics that differ in capitals alone are one clinic: {', '.join(shown)}{more}"] if shown else []


def empty_table(name: str) -> pd.DataFrame:
    """A batch's frame without rows."""
    columns = {c: pd.Series(dtype="str" if is_text(name, c) else "float64") for c in BATCH_COLUMNS[name]}
    return pd.DataFrame({**columns, "row": pd.Series(dtype="int64")})


def is_text(name: str, column: str) -> bool:
    """Whether a column of a batch's frame holds codes (and not numbers)."""
    return any(f.name == column and f.kind not in ("number", "whole", "flag") for f in TABLES[name])


def _mix(values: np.ndarray, spare: np.ndarray) -> None:
    """The splitmix64 finaliser, in place, on uint64: every bit of the input moves every bit out."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        np.right_shift(values, np.uint64(shift), out=spare)
        np.bitwise_xor(values, spare, out=values)
        if factor != 1:
            np.multiply(values, np.uint64(factor), out=values)


def _column_hashes(series: pd.Series, text: bool, known: dict[str, int]) -> np.ndarray:
    """64 bits a row. `known`: hashes of texts met before in the batch (each patient is in every table)."""
    if text:
        codes, uniques = pd.factorize(series)
        texts = np.asarray(uniques, dtype=object).tolist()
        for new in set(texts) - known.keys():
            known[new] = int.from_bytes(hashlib.blake2b(str(new).encode(), digest_size=8).digest(), "little")
        hashed = [known[value] for value in texts]
        return np.array([*hashed, 0x9E3779B97F4A7C15], dtype=np.uint64)[codes]  # code -1 (missing) takes the last
    numbers = series.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0  # -0.0 becomes 0.0
    numbers[np.isnan(numbers)] = np.nan  # one bit pattern for every NaN
    return numbers.view(np.uint64)


def row_hashes(batch: RecordBatch) -> Iterator[tuple[str, np.ndarray]]:
    """The name of each table and its rows reduced to 64 bits each (uint64), in the order of the rows."""
    known: dict[str, int] = {}
    for name in TABLES:
        frame: Any = getattr(batch, name)
        total = np.full(len(frame), 0x2545F4914F6CDD1D, dtype=np.uint64)
        spare = np.empty_like(total)
        later = _LATER.get(name, frozenset())
        for column in [*BATCH_COLUMNS[name], *(["day_only"] if name == "side_effects" else [])]:
            if column in later:
                given = frame[column].notna().to_numpy() if column in frame else np.zeros(len(frame), bool)
                if not given.any():
                    continue
                before = total.copy()
            total += _column_hashes(frame[column], is_text(name, column), known) if column in frame else np.uint64(1)
            _mix(total, spare)
            if column in later:
                np.copyto(total, before, where=~given)
        yield name, total


class Fingerprint:
    """What some records are, whatever the order of their rows and the form of their files: 64 characters, by `str`.

    Each row is reduced to 64 bits; of each table the number of rows and the sum of these are hashed. So it is added up
    part by part, and a row that stands twice counts twice.
    """

    FORM = "2-"  # the first had none: it was of the sorted hashes, which no part alone could tell

    def __init__(self) -> None:
        self._rows = dict.fromkeys(TABLES, 0)
        self._sums = dict.fromkeys(TABLES, 0)

    def add(self, batch: RecordBatch) -> Self:
        """Add a part of the records."""
        for name, hashes in row_hashes(batch):
            self._rows[name] += len(hashes)
            upper, lower = hashes >> np.uint64(32), hashes & np.uint64(2**32 - 1)  # whose sums do not overflow
            self._sums[name] += (int(upper.sum()) << 32) + int(lower.sum())
        return self

    def __str__(self) -> str:
        content = "".join(f"{name}:{self._rows[name]}:{self._sums[name]}," for name in TABLES)
        return self.FORM + hashlib.sha256(f"ketamine-outcomes records {content}".encode()).hexdigest()[len(self.FORM) :]
