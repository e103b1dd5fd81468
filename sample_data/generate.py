"""A seeded generator of a synthetic three-clinic ketamine practice, as session records of the contract.

Nobody in it exists. The clinics are `synthetic_north` (IV above all, exact hours), `synthetic_harbour`
(lozenges at home and injections; records days only, so its scores carry `timing`) and `synthetic_valley`
(nasal esketamine; states the phase of each session).

What is behind the records is a latent model - severity = untreated severity less the sum of session effects
that decay, observed with noise; side effects by a random effect of the patient that falls with each
session. Its equations, parameters and sources stand in `sample_data.model`; the published figures that it
is held to in `sample_data.literature`; who comes when in `practice`, what the scales say in
`scores`, what happens in a session in `reactions`; `calibration` compares the two and gives the
truth (a very large run) for coverage studies.

Patients are drawn in blocks of `BLOCK` with a random stream of their own (NumPy `SeedSequence`,
spawn key = the block's number). Memory is therefore bounded, blocks can be made anywhere in any order,
and a clinic of 300 patients is the beginning of the clinic of 50,000 with the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_models.definitions.vocabulary import AGE_BANDS, DIAGNOSES, SEVERITIES, SEXES
from sample_data.model import CLINICS, DEFAULT_MODEL, ClinicModel
from sample_data.practice import LAST_YEAR, SCALES, Floats, Integers, People, Visits, draw_people, draw_visits
from sample_data.reactions import TERMS, Occurrences, SessionReactions, draw_reactions
from sample_data.scores import Scores, draw_scores

BLOCK = 1_000
# Of the seeds 1 to 24 one of the three whose 300 patients come nearest to the published figures, and of these the one
# with most second courses: the sample is what people see first, and by chance alone 300 may be far off.
SAMPLE_PATIENTS = 300
SAMPLE_SEED = 5
README = (
    "Synthetic sample data. No person in these files exists: every row was drawn at random by\n"
    "sample_data/generate.py of ketamine-outcomes ({patients:,} patients, seed {seed}). Not for clinical use.\n"
)
_TABLES = ("patients", "sessions", "assessments", "side_effects")
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: no words
_DIGITS = "23456789"  # nothing that looks like O or I
_ANY = _DIGITS + _LETTERS
# Always a letter and always a digit, and never more than two digits in a row: neither a name nor a number.
_CODE_PLACES = (_ANY, _ANY, _LETTERS, _ANY, _DIGITS, _LETTERS)
_DAY_ONLY = CLINICS.index("synthetic_harbour")
_STATES_PHASE = CLINICS.index("synthetic_valley")
Tables = dict[str, pd.DataFrame]


@dataclass(slots=True)
class Practice:
    """One simulated clinic with its hidden truth: what `people` hold is not in the records."""

    people: People
    visits: Visits
    scores: Scores
    reactions: SessionReactions
    effects: Occurrences


def simulate_clinic(patients: int, rng: np.random.Generator, model: ClinicModel = DEFAULT_MODEL) -> Practice:
    """Simulate `patients` patients of a practice, the latent truth included (for coverage studies)."""
    people = draw_people(rng, patients, model)
    visits = draw_visits(rng, people, model)
    scores = draw_scores(rng, people, visits, model)
    reactions, effects = draw_reactions(rng, people, visits, model)
    return Practice(people, visits, scores, reactions, effects)


def generate(patients: int, seed: int, model: ClinicModel = DEFAULT_MODEL) -> Tables:
    """The four tables of session records of a synthetic clinic.

    Parameters
    ----------
    patients : how many patients, at least 1.
    seed : whole number from 0; the same seed and number give the same records.

    Returns
    -------
    dict
        `patients`, `sessions`, `assessments`, `side_effects`: frames in the contract's columns and
        units (hours, mmHg, minutes), with missing values where nothing is recorded.
    """
    blocks = list(generate_blocks(patients, seed, model))
    return {table: pd.concat([block[table] for block in blocks], ignore_index=True) for table in _TABLES}


def generate_blocks(patients: int, seed: int, model: ClinicModel = DEFAULT_MODEL) -> Iterator[Tables]:
    """The tables of `generate`, one block of at most `BLOCK` patients at a time."""
    if patients < 1:
        raise ValueError(f"a synthetic clinic needs at least 1 patient; {patients} were asked for")
    if seed < 0:
        raise ValueError(f"the seed is {seed}; it must be 0 or more")
    for block, first in enumerate(range(0, patients, BLOCK)):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(block,)))
        # Always a full block, then cut: so a small clinic is the beginning of a large one.
        practice = simulate_clinic(BLOCK, rng, model)
        yield as_tables(practice, patient_codes(first, BLOCK, seed), keep=min(BLOCK, patients - first), model=model)


def write(
    patients: int, seed: int, folder: Path, progress: Callable[[str, float], None] | None = None
) -> dict[str, int]:
    """Write a synthetic clinic as a folder of CSV files with a README; returns rows by table.

    Parameters
    ----------
    folder : made where it does not exist; files of these names in it are replaced.
    progress : called with what is being done and the share that is done (0 to 1).
    """
    import pyarrow as pa
    from pyarrow import csv

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = dict.fromkeys(_TABLES, 0)
    blocks = -(-patients // BLOCK)
    options = csv.WriteOptions(include_header=False, quoting_style="none")
    for number, block in enumerate(generate_blocks(patients, seed)):
        for table, frame in block.items():
            with (folder / f"{table}.csv").open("ab" if number else "wb") as file:
                if number == 0:
                    file.write((",".join(frame.columns) + "\n").encode())
                if len(frame):
                    csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), file, options)
            rows[table] += len(frame)
        if progress is not None:
            progress("writing the synthetic clinic", (number + 1) / blocks)
    (folder / "README.txt").write_text(README.format(patients=patients, seed=seed), encoding="utf-8", newline="\n")
    return rows


def patient_codes(first: int, n: int, seed: int) -> NDArray[np.str_]:
    """Random-looking codes of patients number `first` to `first + n - 1`: "S-" and six characters.

    Made by a permutation of the numbers below 2**27, walked on until it falls below the number of codes
    (cycle walking; Black and Rogaway 2002); so they are unique without a list of those already given.
    """
    places = np.array([len(characters) for characters in _CODE_PLACES])
    powers = np.concatenate([[1], np.cumprod(places[:-1])])
    codes = int(places.prod())
    if first + n > codes:
        raise ValueError(f"a synthetic clinic has at most {codes:,} patients; {first + n:,} were asked for")
    mask = (1 << 27) - 1
    key = int(np.random.SeedSequence(seed).generate_state(1)[0]) & mask
    value = np.arange(first, first + n, dtype=np.int64)
    walking = np.ones(n, dtype=bool)
    while walking.any():
        mixed = (value[walking] * 0x4C1B3C6D + key) & mask
        mixed ^= mixed >> 14
        mixed = (mixed * 0x097A2D39) & mask
        mixed ^= mixed >> 13
        value[walking] = mixed
        walking = value >= codes
    digits = (value[:, None] // powers) % places
    characters = np.column_stack([np.array(list(letters))[digits[:, k]] for k, letters in enumerate(_CODE_PLACES)])
    return np.char.add("S-", np.ascontiguousarray(characters).view(f"<U{len(places)}").ravel())


def as_tables(practice: Practice, codes: NDArray[np.str_], *, keep: int, model: ClinicModel = DEFAULT_MODEL) -> Tables:
    """The first `keep` patients of a simulated practice as tables of session records."""
    code = pd.Series(codes, dtype="str")
    day_only = practice.people.clinic == _DAY_ONLY
    return {
        "patients": _patients_table(practice.people, code).head(keep),
        "sessions": _sessions_table(practice, code, day_only, keep, model),
        "assessments": _assessments_table(practice, code, day_only, keep),
        "side_effects": _side_effects_table(practice, code, day_only, keep),
    }


def _words(names: tuple[str, ...], index: Integers) -> pd.Series:
    return pd.Series(names, dtype="str").take(index).reset_index(drop=True)


def _whole(values: Floats) -> pd.Series:
    return pd.Series(np.round(values)).astype("Int64")


def _clock(days: Floats, day_only: NDArray[np.bool_]) -> dict[str, pd.Series]:
    """The columns `hours` and `day`: one of the two, as the clinic records it."""
    hours = np.round(days * 24, 2) + 0.0  # + 0.0: no negative zero
    return {"hours": pd.Series(np.where(day_only, np.nan, hours)), "day": _whole(np.where(day_only, days, np.nan))}


def _patients_table(people: People, code: pd.Series) -> pd.DataFrame:
    conditions = pd.Series("", index=code.index, dtype="str")
    for name, has in people.conditions.items():
        conditions = conditions.where(~has, conditions + ";" + name)
    return pd.DataFrame(
        {
            "patient_code": code,
            "clinic": _words(CLINICS, people.clinic),
            "age_band": _words(AGE_BANDS, people.age),
            "sex": _words(SEXES, people.sex),
            "diagnosis": _words(DIAGNOSES, people.diagnosis),
            "conditions": conditions.str.lstrip(";"),
            "first_session_year": pd.Series(_years(people)).astype("Int64"),
            # Rounded down, so that the calendars of two patients cannot be laid beside each other.
            "observed_until_weeks": pd.Series(people.observed // 7).astype("Int64"),
        }
    )


def _years(people: People) -> Integers:
    """Year of each patient's first session; the records were looked through at the end of the last one."""
    return LAST_YEAR - (people.observed // 365.25).astype(np.int64)


def _sessions_table(
    practice: Practice, code: pd.Series, day_only: NDArray[np.bool_], keep: int, model: ClinicModel
) -> pd.DataFrame:
    people, visits, found = practice.people, practice.visits, practice.reactions
    rows = np.flatnonzero(found.patient < keep)
    patient, number = found.patient[rows], found.number[rows]
    arm = visits.arm[patient, number]
    maintenance = visits.maintenance[patient, number]
    phase = pd.Series(np.where(maintenance, "maintenance", "induction"), dtype="str")
    vitals = {name: values[rows] for name, values in found.vitals.items()}
    return pd.DataFrame(
        {
            "patient_code": code.take(patient).reset_index(drop=True),
            **_clock(visits.days[patient, number], day_only[patient]),
            "drug": _words(tuple(a.drug for a in model.arms), arm),
            "route": _words(tuple(a.route for a in model.arms), arm),
            "dose": _doses(len(people), arm, patient, number, model),
            "dose_unit": _words(tuple(a.dose_unit for a in model.arms), arm),
            "phase": phase.where(people.clinic[patient] == _STATES_PHASE),
            **{name: _whole(values) for name, values in vitals.items()},
            "side_effects_asked": _words(("no", "yes"), found.asked[rows].astype(np.int64)),
        }
    )


def _doses(patients: int, arms: Integers, patient: Integers, number: Integers, model: ClinicModel) -> Floats:
    """Doses rise from the arm's first dose, a step every second session, to the patient's own last one."""
    dose = np.zeros(len(patient))
    last = np.random.default_rng(0).permutation(patients)  # unrelated to how well the patient does
    for code, arm in enumerate(model.arms):
        rows = arms == code
        most = last[patient[rows]] % len(arm.doses)
        dose[rows] = np.array(arm.doses)[np.minimum(number[rows] // 2, most)]
    return dose


def _assessments_table(practice: Practice, code: pd.Series, day_only: NDArray[np.bool_], keep: int) -> pd.DataFrame:
    scores, visits = practice.scores, practice.visits
    rows = np.flatnonzero(scores.patient < keep)
    patient, days = scores.patient[rows], scores.days[rows]
    latest = (visits.days[patient] < days[:, None]).sum(axis=1)

    def session_day(number: Integers) -> Floats:
        inside = (number >= 0) & (number < visits.days.shape[1])
        return np.where(inside, np.round(visits.days[patient, np.where(inside, number, 0)]), np.nan)

    by_day = day_only[patient]
    after = by_day & (session_day(latest - 1) == np.round(days))
    before = by_day & (session_day(latest) == np.round(days)) & ~after
    timing = pd.Series(np.where(after, "after", "before"), dtype="str").where(after | before)
    return pd.DataFrame(
        {
            "patient_code": code.take(patient).reset_index(drop=True),
            **_clock(days, by_day),
            "timing": timing,
            "instrument": _words(SCALES, scores.scale[rows]),
            "score": pd.Series(scores.score[rows]),
            "item9": _whole(np.where(scores.item9[rows] < 0, np.nan, scores.item9[rows])),
        }
    )


def _side_effects_table(practice: Practice, code: pd.Series, day_only: NDArray[np.bool_], keep: int) -> pd.DataFrame:
    effects, found = practice.effects, practice.reactions
    rows = np.flatnonzero(found.patient[effects.session] < keep)
    session = effects.session[rows]
    patient = found.patient[session]
    return pd.DataFrame(
        {
            "patient_code": code.take(patient).reset_index(drop=True),
            **_clock(practice.visits.days[patient, found.number[session]], day_only[patient]),
            "term": _words(TERMS, effects.term[rows]),
            "severity": _words(SEVERITIES, effects.severity[rows]),
            "onset_minutes": _whole(effects.onset[rows]),
            "resolved_minutes": _whole(effects.resolved[rows]),
            "last_observed_minutes": _whole(effects.last_observed[rows]),
            "serious": _words(("no", "yes"), effects.serious[rows].astype(np.int64)),
        }
    )
