"""Facts of the store: derived from whole patients' records, a slice of patients at a time.

What is derived and how is `data_models.outcomes`' business; here records are cut into slices and the
facts of each slice are stored while the next is derived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Select, delete, func, select

from data_models.database.loading import Load, read_frame
from data_models.database.tables import Base
from data_models.definitions.rules import OutcomeRules
from data_models.intake.threads import ahead
from data_models.outcomes.derive import Facts, derive

FACTS = ("courses", "session_facts", "effect_facts", "score_facts", "course_outcomes")
DERIVED_FROM = ("sessions", "assessments", "side_effects", "patients")
# Patients derived at once: measured, 10,000 keep two cores busy and memory small.
PATIENTS_AT_ONCE = 10_000
SLICES_AHEAD = 5
_TABLES = Base.metadata.tables

Progress = Callable[[str, float], None]
# The rows of some patients in each table of `DERIVED_FROM`, by its name: what `derive` takes.
Records = dict[str, pd.DataFrame]


def whole_patients(new: Mapping[str, pd.DataFrame], stored: Mapping[str, pd.DataFrame]) -> list[Records]:
    """The records of the patients of an import, the new and the stored, in slices of patients."""
    frames = []
    for table in DERIVED_FROM:
        columns = [c.name for c in _TABLES[table].columns]
        before, frame = stored[table], new[table][columns]
        if len(before):
            codes = frame.select_dtypes("category").columns
            both = pd.concat([before[columns], frame.astype(dict.fromkeys(codes, "str"))], ignore_index=True)
            frame = both.sort_values("patient_id", kind="stable", ignore_index=True)
        if table == "patients":  # facts of a patient may change: the latest hold
            frame = frame.drop_duplicates("patient_id", keep="last", ignore_index=True)
        frames.append(frame)
    owners = [frame["patient_id"].to_numpy(np.int64) for frame in frames]
    patients = np.unique(owners[0])
    # Of one size: a small rest would go into a large store by the way of few rows, which is the slow one.
    count = max(1, -(-len(patients) // PATIENTS_AT_ONCE))
    borders = patients[[len(patients) * i // count for i in range(1, count)]]
    cuts = [np.array([0, *np.searchsorted(owner, borders), len(owner)]) for owner in owners]
    slices = []
    for i in range(len(borders) + 1):
        slices.append(
            {
                table: frame.iloc[cut[i] : cut[i + 1]].reset_index(drop=True)
                for table, frame, cut in zip(DERIVED_FROM, frames, cuts, strict=True)
            }
        )
    return slices


def drop_facts(connection: Connection, touched: Select[tuple[int]] | None = None) -> None:
    """Take away the facts of some patients, given as a SELECT of their ids; None: of all."""
    for name in FACTS:
        statement = delete(_TABLES[name])
        connection.execute(statement if touched is None else statement.where(_TABLES[name].c.patient_id.in_(touched)))


def record_slices(connection: Connection, start: int = 0, end: int | None = None) -> Iterator[Records]:
    """All records, whole patients at a time, so that memory does not grow with the store.

    `start`, `end`: those of patients with ids from `start` to `end` - 1 alone.
    """
    patient_id = _TABLES["sessions"].c.patient_id
    if end is None:
        end = connection.execute(select(func.coalesce(func.max(patient_id), 0))).scalar_one() + 1
    for first in range(start, end, PATIENTS_AT_ONCE):
        after = min(first + PATIENTS_AT_ONCE, end)
        records = {}
        for name in DERIVED_FROM:
            table = _TABLES[name]
            of_these = select(table).where(table.c.patient_id >= first, table.c.patient_id < after)
            records[name] = read_frame(connection, of_these)
        if len(records["sessions"]):
            yield records


def derive_all(connection: Connection, rules: OutcomeRules, progress: Progress) -> None:
    """Derive every patient's facts anew from the stored records, in a thread beside the one that stores them."""
    with ThreadPoolExecutor(1) as thread:
        calls = (partial(derive, **records, rules=rules) for records in record_slices(connection))
        replace_facts(connection, ahead(thread, calls, SLICES_AHEAD), progress)


def replace_facts(connection: Connection, derived: Iterable[Facts], progress: Progress) -> None:
    """Put facts, of whole patients at a time, in the place of all stored ones."""
    drop_facts(connection)
    with Load(connection) as load:
        for done, facts in enumerate(derived, start=1):
            progress(f"storing outcomes, part {done}", 0.5)
            for table in FACTS:
                load.add(getattr(facts, table), _TABLES[table])
        load.finish()
