"""Rules across files, and against what is already stored: what of a checked batch is new.

Every record belongs to a known patient and every side effect to one session; an identical record
that is there already is counted and left out, a differing one refuses the batch. A patient's facts
may change (a birthday, another clinic): the latest hold, an empty cell leaves what is known, and what
changes is counted. Nothing here reads a store: the caller hands in what the store holds of the
batch's patients.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from data_models.intake.calendar_clock import FirstSessions, note_lone_serials
from data_models.intake.contract import (
    BATCH_COLUMNS,
    BATCH_KEYS,
    EARLIEST_DAY,
    HOURS_A_DAY,
    TABLES,
    RecordBatch,
    empty_table,
    is_text,
    one_clinic,
)
from data_models.intake.matching import among, coded, found
from data_models.intake.readers.problems import Problems

_HOURS_A_WEEK = 7 * HOURS_A_DAY


def reconcile(batch: RecordBatch, stored: RecordBatch) -> RecordBatch:
    """The new records of a batch, its side effects on their sessions' hours.

    Parameters
    ----------
    batch : as `readers.read_records` gives it.
    stored : every stored record of the batch's patients, in the same form; may be empty.

    Returns
    -------
    A new batch; `repeats` counts identical records inside the batch and against the store.

    Raises
    ------
    RecordsRefused : with every problem found.
    """
    whole = Reconciliation(batch.files)
    new = whole.new(batch, stored)
    new.warnings += whole.warnings()
    return new


class Reconciliation:
    """The same for a batch that comes in parts, each of whole patients (`readers.parts`): first `new` of every part,
    then `warnings`, which refuses the batch where anything was wrong.

    Parameters
    ----------
    files : of the batch.
    clinics : that the store holds; one that differs from a new one in capitals alone is taken for it.
    """

    def __init__(self, files: Mapping[str, str], clinics: Iterable[str] = ()) -> None:
        self._stored = set(clinics)  # an older store may hold two that differ so: both stay
        self._clinics = {clinic.lower(): clinic for clinic in sorted(self._stored, reverse=True)}
        self._respelled: dict[str, str] = {}
        self._files = {name: files.get(name, f"{name}.csv") for name in TABLES}
        self._problems = Problems(self._files.values())
        self._first = FirstSessions()
        self._sessions = self._lacking = self._late = self._below = self._beyond = 0

    @property
    def refused(self) -> bool:
        """Whether anything is wrong with the parts so far: `warnings` will raise, what is new is of no use."""
        return bool(self._problems)

    def new(self, batch: RecordBatch, stored: RecordBatch) -> RecordBatch:
        """The new records of a part, as `reconcile` gives them; problems are noted.

        Parameters
        ----------
        stored : every stored record of the part's patients.
        """
        problems = self._problems
        batch = replace(batch, patients=self._as_stored(batch.patients))
        _check_patients_known(batch, stored, problems)
        self._sessions += len(batch.sessions) + len(stored.sessions)
        frames = {name: getattr(batch, name) for name in TABLES}
        repeats = batch.repeats
        first = _first_sessions(batch, stored)
        _check_not_long_before(batch, first, problems)
        self._first.add(batch, stored, first)
        note_lone_serials(batch, stored, problems)
        effects = _resolved(batch, stored, problems)
        # A side effect without a session has its problem already; it takes no further part.
        effects, dropped = _without_repeats(effects, self._files["side_effects"], problems)
        repeats += dropped
        _check_asked(effects, batch, stored, problems)
        frames["side_effects"] = effects
        frames["patients"], changed, changes, dropped = _facts(frames["patients"], stored.patients)
        if batch.source != "one_sheet":
            repeats += dropped
        for name in list(TABLES)[1:]:
            frames[name], dropped = _new(name, frames[name], getattr(stored, name), batch, problems)
            repeats += dropped
        if not problems:
            self._beyond += _observed_beyond(batch, stored)
            lacking, late = _off_the_clock(batch, first)
            self._lacking += lacking
            self._late += late
            self._below += _highest_below_before(frames["sessions"])
        return RecordBatch(
            **frames,
            source=batch.source,
            files=dict(batch.files),
            repeats=repeats,
            warnings=list(batch.warnings),
            changed=changed,
            changes=changes,
        )

    def warnings(self) -> list[str]:
        """What is odd but not wrong with the whole batch.

        Raises
        ------
        RecordsRefused : with every problem found in any part.
        """
        if not self._sessions:
            what = "no sessions: neither the records nor the store hold one for these patients"
            self._problems.add(self._files["sessions"], None, None, what)
        self._first.note(self._files["sessions"], self._problems)
        self._problems.refuse_if_any()
        said = []
        if self._lacking:
            said.append(f"patients without any session, who are in no course: {self._lacking:,}")
        if self._late:
            what = "without a session at hour 0, though the clock starts with the first session"
            said.append(f"patients {what}: {self._late:,}")
        if self._below:
            what = "a blood pressure or heart rate that is called highest is below the one before"
            said.append(f"sessions in which {what}: {self._below:,}")
        if self._beyond:
            what = "patients whose last session or score lies after observed_until_weeks"
            said.append(f"{what}: {self._beyond:,}; they count as observed until that session or score")
        return said + one_clinic(self._respelled)

    def _as_stored(self, patients: pd.DataFrame) -> pd.DataFrame:
        """Patients with each clinic spelled as the store has it."""
        clinics = patients["clinic"]
        new = set(clinics.dropna().unique()) - self._stored
        respelled = {clinic: self._clinics[clinic.lower()] for clinic in sorted(new) if clinic.lower() in self._clinics}
        self._respelled |= respelled
        return patients.assign(clinic=clinics.astype("str").replace(respelled)) if respelled else patients


def _same(name: str, column: str, ours: pd.Series, theirs: pd.Series) -> npt.NDArray[np.bool_]:
    """Where two columns of equal length agree; for patients, an empty cell of ours agrees with anything, and a clinic
    with one that differs in capitals alone."""
    if is_text(name, column):
        left = ours.astype("str").fillna("").to_numpy(dtype=object)
        right = theirs.astype("str").fillna("").to_numpy(dtype=object)
        if column == "clinic":
            left, right = (np.array([text.lower() for text in texts], dtype=object) for texts in (left, right))
        equal = left == right
        empty = left == ""
    else:
        left, right = ours.to_numpy(float, na_value=np.nan), theirs.to_numpy(float, na_value=np.nan)
        empty = np.isnan(left)
        equal = (left == right) | (empty & np.isnan(right))
    return np.asarray(equal | empty if name == "patients" else equal, dtype=bool)


def _facts(ours: pd.DataFrame, stored: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int], int]:
    """Patients whom the store does not hold; those whose facts change, as they are from then on, with the number of
    them by column; and how many stay as they are."""
    place = found(ours, stored, BATCH_KEYS["patients"])
    held = np.flatnonzero(place >= 0)
    theirs, before = ours.iloc[held].reset_index(drop=True), stored.iloc[place[held]].reset_index(drop=True)
    columns = [column for column in BATCH_COLUMNS["patients"] if column not in BATCH_KEYS["patients"]]
    differs = {column: ~_same("patients", column, theirs[column], before[column]) for column in columns}
    changes = np.logical_or.reduce(list(differs.values()))
    if not changes.any():
        return ours[place < 0].reset_index(drop=True), empty_table("patients"), {}, len(held)
    kinds = {column: "str" if is_text("patients", column) else "float64" for column in BATCH_COLUMNS["patients"]}
    theirs, before = theirs.astype(kinds), before.astype(kinds)
    latest = {column: theirs[column].where(differs[column], before[column]) for column in columns}
    changed = theirs.assign(**latest)[changes]
    counts = {column: int(differs[column].sum()) for column in columns if differs[column].any()}
    return ours[place < 0].reset_index(drop=True), changed.reset_index(drop=True), counts, len(held) - len(changed)


def _new(
    name: str, ours: pd.DataFrame, stored: pd.DataFrame, batch: RecordBatch, problems: Problems
) -> tuple[pd.DataFrame, int]:
    """Rows that the store does not hold, and how many it does; notes those that differ from it."""
    place = found(ours, stored, BATCH_KEYS[name])
    held = np.flatnonzero(place >= 0)
    if len(held) == 0:
        return ours, 0
    agree = np.ones(len(held), bool)
    for column in BATCH_COLUMNS[name]:
        if column not in BATCH_KEYS[name]:
            agree &= _same(name, column, ours[column].iloc[held], stored[column].iloc[place[held]])
    what = {
        "sessions": ("hours", "this session differs from what is stored; correct the row"),
        "assessments": ("score", "this score differs from what is stored for the same time; correct the row"),
        "side_effects": ("term", "this side effect differs from what is stored; correct the row"),
    }[name]
    wrong = ours.iloc[held[~agree]]
    column, reason = what
    by_day = wrong["day_only"] == 1 if name == "sessions" else wrong["row"] < 0
    for shown, rows in ((column, wrong.loc[~by_day, "row"]), ("day", wrong.loc[by_day, "row"])):
        problems.add_rows(batch.files.get(name, f"{name}.csv"), rows, shown, reason)
    return ours[place < 0].reset_index(drop=True), len(held)


def _check_patients_known(batch: RecordBatch, stored: RecordBatch, problems: Problems) -> None:
    known = pd.concat([batch.patients["patient_code"], stored.patients["patient_code"]])
    for name in ("sessions", "assessments", "side_effects"):
        frame = getattr(batch, name)
        codes, uniques = pd.factorize(frame["patient_code"])
        lost = ~among(pd.Index(uniques), known)
        if lost.any():
            problems.add_rows(
                batch.files.get(name, f"{name}.csv"),
                frame["row"].to_numpy()[lost[codes]],
                "patient_code",
                "no patient has this code, in the records or in the store; add the patient or correct the code",
            )


def _first_sessions(batch: RecordBatch, stored: RecordBatch) -> pd.Series:
    """Hours of each patient's first session, by code; of those who have one."""
    frames = (batch.sessions, stored.sessions)
    of_each, codes = coded([frame["patient_code"] for frame in frames])
    first = np.full(len(codes), np.inf)
    for places, frame in zip(of_each, frames, strict=True):
        np.minimum.at(first, places, frame["hours"].to_numpy(float))
    return pd.Series(first, index=pd.Index(codes, dtype=object))


def _check_not_long_before(batch: RecordBatch, first: pd.Series, problems: Problems) -> None:
    """A score more than a year before its patient's first session is refused, wherever the clock starts."""
    if not (first > 0).any():  # no time is more than a year before hour 0
        return
    scores = batch.assessments
    codes, uniques = pd.factorize(scores["patient_code"])
    earliest = first.reindex(np.asarray(uniques, dtype=object)).to_numpy() + EARLIEST_DAY * HOURS_A_DAY
    early = scores["hours"].to_numpy(float) < earliest[codes]
    by_day = scores["precision"].to_numpy(float) != 0
    reason = f"more than {-EARLIEST_DAY} days before the patient's first session; leave the score out"
    for column, rows in (("hours", early & ~by_day), ("day", early & by_day)):
        problems.add_rows(batch.files.get("assessments", "assessments.csv"), scores["row"][rows], column, reason)


def _resolved(batch: RecordBatch, stored: RecordBatch, problems: Problems) -> pd.DataFrame:
    """Side effects with the hours of their session.

    Those that no session fits, or more than one, are noted and left out.
    """
    effects = batch.side_effects
    name = batch.files.get("side_effects", "side_effects.csv")
    if len(effects) == 0:
        return effects[[*BATCH_COLUMNS["side_effects"], "row"]]
    both = (batch.sessions, stored.sessions)
    of_each, texts = coded([frame["patient_code"] for frame in both])
    sessions = pd.DataFrame(
        {
            "patient_code": pd.Categorical.from_codes(np.concatenate(of_each), pd.Index(texts, dtype="str")),
            "hours": np.concatenate([frame["hours"].to_numpy(float) for frame in both]),
        }
    )
    sessions = sessions.drop_duplicates(ignore_index=True)
    by_day = effects["day_only"].to_numpy(float) == 1 if "day_only" in effects else np.zeros(len(effects), bool)
    hours = effects["hours"].to_numpy(float).copy()
    rows = effects["row"].to_numpy()
    exact = found(effects, sessions, ("patient_code", "hours"))
    problems.add_rows(
        name, rows[~by_day & (exact < 0)], "hours", "no session of this patient starts at these hours; correct them"
    )
    on_day, several = np.full(len(effects), -1, np.intp), np.zeros(len(effects), bool)
    if by_day.any():
        days = sessions.assign(hours=np.floor(sessions["hours"] / HOURS_A_DAY) * HOURS_A_DAY)
        on_day = found(effects, days, ("patient_code", "hours"))
        crowded = days[days.duplicated(["patient_code", "hours"], keep=False)]
        several = found(effects, crowded, ("patient_code", "hours")) >= 0
    problems.add_rows(name, rows[by_day & (on_day < 0)], "day", "this patient has no session on this day; correct it")
    problems.add_rows(
        name, rows[by_day & several], "day", "this patient has two sessions on this day; give hours in place of day"
    )
    sure = by_day & (on_day >= 0)
    hours[sure] = sessions["hours"].to_numpy(float)[on_day[sure]]
    placed = np.where(by_day, (on_day >= 0) & ~several, exact >= 0)
    resolved = effects.assign(hours=hours)[[*BATCH_COLUMNS["side_effects"], "row"]]
    return resolved[placed].reset_index(drop=True)


def _without_repeats(effects: pd.DataFrame, file: str, problems: Problems) -> tuple[pd.DataFrame, int]:
    """Side effects each once; identical repeats are counted, conflicting ones noted for all their rows."""
    keys = list(BATCH_KEYS["side_effects"])
    if not effects.duplicated(keys).any():
        return effects, 0
    distinct = effects.drop_duplicates(list(BATCH_COLUMNS["side_effects"]))
    conflicting = found(effects, distinct[distinct.duplicated(keys, keep=False)], keys) >= 0
    problems.add_rows(
        file,
        effects["row"].to_numpy()[conflicting],
        "term",
        "two different records of this side effect in one session; correct one of the rows",
    )
    kept = effects.drop_duplicates(keys, ignore_index=True)
    return kept, len(effects) - len(kept)


def _check_asked(effects: pd.DataFrame, batch: RecordBatch, stored: RecordBatch, problems: Problems) -> None:
    """A session with a side effect was asked about: "no" beside one is refused."""
    for frame, ours in ((batch.sessions, True), (stored.sessions, False)):
        denied = frame[frame["side_effects_asked"].to_numpy(float, na_value=np.nan) == 0]
        place = found(effects, denied, ("patient_code", "hours"))
        if not (place >= 0).any():
            continue
        if ours:
            rows = np.unique(denied["row"].to_numpy()[place[place >= 0]])
            reason = "side effects are recorded for this session; correct no to yes"
            problems.add_rows(batch.files.get("sessions", "sessions.csv"), rows, "side_effects_asked", reason)
        else:
            reason = "its session is stored as one without side effects asked about; correct the row"
            file = batch.files.get("side_effects", "side_effects.csv")
            problems.add_rows(file, effects["row"].to_numpy()[place >= 0], "term", reason)


def _highest_below_before(sessions: pd.DataFrame) -> int:
    """In how many sessions a vital sign's highest value is below the one before: odd, but it may be so."""
    pairs = [
        (sessions[f"{sign}_highest"].to_numpy(float), sessions[f"{sign}_before"].to_numpy(float))
        for sign in ("systolic", "diastolic", "heart_rate")
    ]
    return int(np.logical_or.reduce([highest < before for highest, before in pairs]).sum())


def _observed_beyond(batch: RecordBatch, stored: RecordBatch) -> int:
    """How many patients have a session or score after the week that ends their observation."""
    people = batch.patients[batch.patients["observed_until_weeks"].notna()]
    if len(people) == 0:
        return 0
    frames = (people, batch.sessions, stored.sessions, batch.assessments, stored.assessments)
    (theirs, *of_each), codes = coded([frame["patient_code"] for frame in frames])
    last = np.full(len(codes), -np.inf)
    for places, frame in zip(of_each, frames[1:], strict=True):
        np.maximum.at(last, places, frame["hours"].to_numpy(float))
    return int((last[theirs] > (people["observed_until_weeks"].to_numpy(float) + 1) * _HOURS_A_WEEK).sum())


def _off_the_clock(batch: RecordBatch, first: pd.Series) -> tuple[int, int]:
    """How many patients have no session, and of how many the first is not where their clock should begin."""
    lacking = int((~among(batch.patients["patient_code"], pd.Series(first.index))).sum())
    return lacking, int((first != 0).sum())
