"""Side effects as sums per patient: what their rates rest on, kept so that no page counts sessions.

A row sums the asked sessions of one patient that are alike in everything that rates can be filtered or
split by. Most patients have one or two rows where they have ten or thirty sessions.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_models.definitions.vocabulary import DRUGS, PHASES, ROUTES, SEVERITIES, SIDE_EFFECT_BITS
from data_models.outcomes.clock import Ints
from data_models.outcomes.side_effects import DOSE_BANDS


def effect_facts(facts: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    """The `effect_facts` table: one row a patient, course, phase, drug, route and dose band.

    Parameters
    ----------
    facts : the `session_facts` table, in order of patient.
    sessions : the records of the same sessions in the same order (drug, route, dose, dose_unit).

    Sessions in which side effects were not asked about are in no row.
    """
    asked = np.flatnonzero(facts["asked"].to_numpy() == 1)
    taken = sessions.iloc[asked]
    patient = facts["patient_id"].to_numpy(np.int64)[asked]
    course = facts["course"].to_numpy(np.int64)[asked]
    # -1: not recorded
    codes = {
        "phase": _codes(facts["phase"].iloc[asked], PHASES),
        "drug": _codes(taken["drug"], DRUGS),
        "route": _codes(taken["route"], ROUTES),
        "dose_band": _dose_bands(taken),
    }
    kind = course
    for values in codes.values():
        kind = kind * (int(values.max(initial=0)) + 2) + values + 1
    order = np.lexsort((kind, patient))
    patient, kind = patient[order], kind[order]
    new_patient = np.diff(patient, prepend=-1) != 0
    first = np.flatnonzero(new_patient | (np.diff(kind, prepend=-1) != 0))
    rows_before = np.flatnonzero(new_patient[first])
    rows = np.diff(np.append(rows_before, len(first)))
    part = np.arange(len(first)) - np.repeat(rows_before, rows) + 1
    terms = facts["terms"].to_numpy(np.int64)[asked][order]
    worst = facts["worst"].to_numpy(np.float64)[asked][order]

    def count(held: np.ndarray) -> Ints:
        if not len(first) or not held.any():
            return np.zeros(len(first), dtype=np.int64)
        return np.add.reduceat(held, first, dtype=np.int64)

    kept = {name: values[order][first] for name, values in codes.items()}
    return pd.DataFrame(
        {
            "patient_id": patient[first],
            "part": part,
            "course": course[order][first],
            **{
                name: pd.Series(np.array([*choices, None], dtype=object)[kept[name]], dtype="str")
                for name, choices in (("phase", PHASES), ("drug", DRUGS), ("route", ROUTES))
            },
            "dose_band": np.where(kept["dose_band"] < 0, np.nan, kept["dose_band"]),
            "alone": np.repeat((rows == 1).astype(np.int64), rows),
            "asked": np.diff(np.append(first, len(patient))),
            "reported": count(terms != 0),
            **{name: count(worst == grade) for grade, name in enumerate(SEVERITIES, 1)},
            **{name: count((terms >> bit) & 1) for name, bit in SIDE_EFFECT_BITS.items()},
        }
    )


def _codes(values: pd.Series, choices: tuple[str, ...]) -> Ints:
    """Each value's place among the choices; -1 for a missing one."""
    codes, names = pd.factorize(values)
    return np.append(pd.Index(choices).get_indexer(pd.Index(names)), -1)[codes]


def _dose_bands(sessions: pd.DataFrame) -> Ints:
    """The code of each dose's band; -1 without a dose."""
    dose = sessions["dose"].to_numpy(np.float64)
    unit = sessions["dose_unit"].to_numpy(object)
    found = np.full(len(sessions), -1, dtype=np.int64)
    for band in DOSE_BANDS:
        found[(dose >= band.low) & (dose < band.high) & (unit == band.unit)] = band.code
    return found
