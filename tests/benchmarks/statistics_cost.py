"""What the cohort statistics cost beside the database's own work, on a million courses.

    python tests/benchmarks/statistics_cost.py --courses 1000000 --lifelines PATH/TO/python

Onset (Kaplan-Meier and Turnbull), durability (Kaplan-Meier and Aalen-Johansen) and side-effect rates
(per patient and per session) are computed from the store. The very statements that they sent are then
run bare, through `sqlite3` alone, in turn with them; medians in processor seconds and their ratio are printed. So are
durability and its competing events with the variance by patient, a quarter of whom have two courses: from the rows to
the last interval, beside the bare GROUP BY of its times, which knows no patients. With
`--lifelines`, an interpreter that has lifelines (it holds pandas below 3, so it lives in an environment
of its own) pulls the same rows into frames and fits them, in the same run.

`--decimals 0`: scores by whole day, as most clinics record them; 2: hundredths of a day.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from data_models.questions.side_effects import effect_sums, rates_of  # noqa: E402  (the path comes first, and data_models before numpy, as in the product)

# isort: split
import numpy as np  # noqa: E402
from sqlalchemy import event  # noqa: E402

from data_models.definitions.filters import CohortFilter  # noqa: E402
from data_models.definitions.rules import DEFAULT_RULES  # noqa: E402
from data_models.definitions.scope import Scope  # noqa: E402
from data_models.definitions.vocabulary import SIDE_EFFECTS  # noqa: E402
from data_models.outcomes.competing import aalen_johansen  # noqa: E402
from data_models.outcomes.standardisation import standardise  # noqa: E402
from data_models.outcomes.survival import kaplan_meier  # noqa: E402
from data_models.questions.durability import durability  # noqa: E402
from data_models.questions.onset import onset  # noqa: E402
from data_models.questions.states import states  # noqa: E402
from data_models.store import Store  # noqa: E402

SESSIONS = 5
SECOND_COURSE_HOURS = 4800.0
DURABILITY = (
    "FROM course_outcomes WHERE instrument = 'phq9' AND end_of_induction_response = 1 AND durability_days IS NOT NULL"
)
TERMS = 16  # all of SIDE_EFFECTS
HOLD_DAYS = DEFAULT_RULES.state_hold_days

LIFELINES = """
import json, sqlite3, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd
from lifelines import AalenJohansenFitter, KaplanMeierFitter
started = time.process_time()
with sqlite3.connect(sys.argv[1]) as connection:
    o = pd.read_sql(
        "SELECT onset_left, onset_right, durability_entry_days, durability_days, durability_end, "
        "end_of_induction_response FROM course_outcomes WHERE instrument = 'phq9' AND evaluable = 1", connection)
    s = pd.read_sql("SELECT patient_id, terms FROM session_facts WHERE asked = 1", connection)
pulled = time.process_time() - started
KaplanMeierFitter().fit(o["onset_right"].fillna(o["onset_left"]), o["onset_right"].notna())
KaplanMeierFitter().fit_interval_censoring(o["onset_left"], o["onset_right"].fillna(np.inf))
held = o[(o["end_of_induction_response"] == 1) & (o["durability_days"] > o["durability_entry_days"])]
KaplanMeierFitter().fit(held["durability_days"], held["durability_end"] == "loss", entry=held["durability_entry_days"])
kinds = held["durability_end"].map({"loss": 1, "retreated": 2, "censored": 0})
# Its variance is quadratic in the courses: left out, to its favour.
competing = AalenJohansenFitter(calculate_variance=False)
competing.fit(held["durability_days"], kinds, event_of_interest=1, entry=held["durability_entry_days"])
fitted = time.process_time() - started
terms = s["terms"].to_numpy()
for term in range(16):
    s["x"] = (terms >> term) & 1
    by = s.groupby("patient_id")["x"].agg(["sum", "size"])
print(json.dumps({"pulled": pulled, "fitted": fitted - pulled, "whole": time.process_time() - started}))
"""


def fill(store: Store, courses: int, decimals: int, seed: int = 1) -> None:
    """Facts of `courses` courses on the PHQ-9, each of five sessions, written as they would be derived.

    Of five courses two are of one patient: a quarter of the patients have two.
    """
    random = np.random.default_rng(seed)
    ids = np.arange(1, courses + 1)
    again = ids % 5 == 0
    patients, numbers, alone = (ids - again).tolist(), (again + 1).tolist(), ((ids % 5 > 0) & (ids % 5 < 4)).tolist()
    scored = np.cumsum(np.maximum(np.round(random.gamma(2.0, 4.0, (courses, 6)), decimals), 10.0**-decimals), axis=1)
    onset = random.weibull(0.8, courses) * 20
    place = (scored < onset[:, None]).sum(axis=1)
    ends = np.column_stack((np.zeros(courses), scored, np.full(courses, np.nan)))
    left, right = ends[ids - 1, place], ends[ids - 1, place + 1]
    responded = ~np.isnan(right)
    held = responded & (random.random(courses) < 0.6)
    entry = np.round(random.uniform(0, 14, courses), decimals)
    ending = random.choice(["loss", "retreated", "censored"], courses)
    after = np.round(entry + random.exponential(40, courses), decimals)
    lost = ending == "loss"
    after = np.where(lost & (after == entry), entry + 1, after)  # a loss lies after the score of entry
    kept = np.where(lost, np.maximum(entry, np.floor(after) - 7), after)
    chance = np.linspace(0.02, 0.3, TERMS) * random.gamma(1.0, 1.0, courses)[:, None]
    connection = sqlite3.connect(str(store.engine.url.database))
    connection.execute("PRAGMA synchronous=OFF")

    def insert(table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
        marks = ",".join("?" * len(columns.split(",")))
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    def listed(values: np.ndarray, where: np.ndarray | None = None) -> list[Any]:
        if where is None:
            return list(values.tolist())
        return [value if held else None for value, held in zip(values.tolist(), where, strict=True)]

    insert("patients", "patient_id,patient_code", ((i, f"P{i}") for i in ids[~again].tolist()))
    insert(
        "courses",
        "patient_id,course,start_hours,record_end_hours,sessions,induction_sessions,last_induction_hours,"
        "last_session_hours,status,induction_complete,early_stop",
        (
            (i, c, start, start + 2400.0, SESSIONS, SESSIONS, start + 288.0, start + 288.0, "ended", 1, 0)
            for i, c in zip(patients, numbers, strict=True)
            for start in [(c - 1) * SECOND_COURSE_HOURS]
        ),
    )
    insert(
        "course_outcomes",
        "patient_id,course,instrument,scores,baseline,evaluable,ever_response,onset_left,onset_right,"
        "onset_sessions,last_days,"
        "end_of_induction_response,durability_entry_days,durability_left,durability_right,durability_days,durability_end,"
        "state",
        (
            (i, of, "phq9", 6, 18.0, 1, int(r), a, b, 3 if r else None, 40.0, int(h), c, x, y, d, e, "responding")
            for i, of, r, a, b, h, c, x, y, d, e in zip(
                patients, numbers, responded, listed(left), listed(right, responded), held, listed(entry, held),
                listed(kept, held), listed(after, held & lost), listed(after, held), listed(ending, held), strict=True,
            )
        ),
    )  # fmt: skip
    state = np.where(
        (scored >= onset[:, None]) & (scored < onset[:, None] + random.exponential(40, (courses, 1))), 2, 0
    )
    following = np.column_stack((scored[:, 1:], scored[:, -1] + HOLD_DAYS))
    insert(
        "score_facts",
        "patient_id,instrument,hours,precision,at_hours,course,days,score,state,until_days,last_in_bin",
        (
            (
                i,
                "phq9",
                start + 24 * day,
                0,
                start + 24 * day,
                c,
                day,
                18.0 - 6 * of,
                of,
                min(later, day + HOLD_DAYS),
                0,
            )
            for i, c, *rows in zip(patients, numbers, scored.tolist(), state.tolist(), following.tolist(), strict=True)
            for start in [(c - 1) * SECOND_COURSE_HOURS]
            for day, of, later in zip(*rows, strict=True)
        ),
    )
    sums = np.zeros((courses, TERMS + 1), dtype=np.int64)
    for number in range(SESSIONS):
        bits = random.random((courses, TERMS)) < chance
        terms = (bits * (1 << np.arange(TERMS))).sum(axis=1).tolist()
        sums += np.column_stack((bits.any(axis=1), bits))
        insert(
            "session_facts",
            "patient_id,hours,course,number,days,phase,asked,effects,terms,scored_before,scored_after",
            (
                (
                    i,
                    (c - 1) * SECOND_COURSE_HOURS + number * 72.0,
                    c,
                    number + 1,
                    number * 3.0,
                    "induction",
                    1,
                    t.bit_count(),
                    t,
                    0,
                    0,
                )
                for i, c, t in zip(patients, numbers, terms, strict=True)
            ),
        )
    insert(
        "effect_facts",
        f"patient_id,part,course,phase,alone,asked,mild,moderate,severe,reported,{','.join(SIDE_EFFECTS)}",
        (
            (i, c, c, "induction", int(one), SESSIONS, 0, 0, 0, *of)
            for i, c, one, of in zip(patients, numbers, alone, sums.tolist(), strict=True)
        ),
    )
    connection.commit()
    connection.close()


def survival(store: Store) -> None:
    """Onset, durability and competing events, through the functions that pages and commands use."""
    everything, chosen = Scope.everything(), CohortFilter()
    with store.connect() as connection:
        onset(connection, everything, chosen).as_json()
        durability(connection, everything, chosen).as_json()


def figures(store: Store) -> None:
    """The statistics of the benchmark: those of survival, and side-effect rates."""
    survival(store)
    everything, chosen = Scope.everything(), CohortFilter()
    with store.connect() as connection:
        rates_of(effect_sums(connection, everything, chosen)[()]).as_json()


def by_patient(connection: sqlite3.Connection) -> None:
    """Durability and its competing events, variance by patient, from the driver's rows."""
    kind = "CASE durability_end WHEN 'loss' THEN 1 WHEN 'retreated' THEN 2 ELSE 0 END"
    rows = connection.execute(f"SELECT durability_entry_days, durability_days, {kind}, patient_id {DURABILITY}")
    entries, exits, kinds, patients = np.array(rows.fetchall(), dtype=float).T
    kaplan_meier(exits, kinds == 1, entries=entries, patients=patients)
    aalen_johansen(exits, kinds, entries=entries, patients=patients)


def grouped(connection: sqlite3.Connection) -> None:
    """The counts by time alone."""
    times = "durability_entry_days, durability_days, durability_end"
    connection.execute(f"SELECT {times}, COUNT(*) {DURABILITY} GROUP BY {times}").fetchall()


def over_time(store: Store) -> None:
    """States over time and days in response, from a row a score."""
    with store.connect() as connection:
        states(connection, Scope.everything(), CohortFilter(), DEFAULT_RULES).as_json()


def held_equal(courses: int, groups: int) -> Callable[[], object]:
    """Rates of groups held equal in severity, diagnosis, age and route, a fifth of the patients with two courses."""
    random = np.random.default_rng(1)
    group, severity = random.integers(0, groups, courses), random.integers(10, 28, courses).astype(float)
    event = (random.random(courses) < 0.3 + 0.04 * group).astype(float)
    levels = {
        name: random.choice(np.array([f"{name} {of}" for of in range(count)], dtype=object), courses)
        for name, count in (("diagnosis", 6), ("age_band", 7), ("route", 4))
    }
    patient = random.integers(0, courses * 4 // 5, courses)
    return lambda: standardise(event, group, patient, {"severity": severity}, levels)


def captured(store: Store, work: Callable[[Store], None]) -> list[tuple[str, Any]]:
    """The statements that the figures send, with their parameters."""
    sent: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        sent.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    work(store)
    event.remove(store.engine, "before_cursor_execute", note)
    return [(statement, parameters) for statement, parameters in sent if statement.lstrip().startswith("SELECT")]


def seconds(work: Any) -> float:
    """Processor seconds of this process: others on a busy machine slow the wall clock, not these."""
    started = time.process_time()
    work()
    return time.process_time() - started


def beside_bare(
    store: Store, work: Callable[[Store], None], statements: list[tuple[str, Any]], runs: int
) -> tuple[float, float]:
    """Median seconds of some work and of its statements alone, in turn."""

    def bare() -> None:
        with store.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            for statement, parameters in statements:
                raw.execute(statement, parameters).fetchall()

    turns = [(seconds(bare), seconds(lambda: work(store))) for _ in range(runs)]
    floor, ours = (statistics.median(column) for column in zip(*turns, strict=True))
    return ours, floor


def main() -> None:
    parser = argparse.ArgumentParser(description="cost of the cohort statistics")
    parser.add_argument("--courses", type=int, default=1_000_000)
    parser.add_argument("--decimals", type=int, default=0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--lifelines", default="", help="an interpreter that has lifelines")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cost.db"
        store = Store.open(f"sqlite:///{path.as_posix()}")
        fill(store, chosen.courses, chosen.decimals)
        statements = captured(store, figures)
        a, b = beside_bare(store, figures, statements, chosen.runs)
        size = f"{chosen.courses:,} courses, {chosen.courses * SESSIONS:,} sessions"
        print(f"{size}, times to {chosen.decimals} decimals of a day")
        print(f"statistics {a:.2f} s; their {len(statements)} queries bare {b:.2f} s: ratio {a / b:.2f}")
        c, d = beside_bare(store, over_time, captured(store, over_time), chosen.runs)
        print(f"states over time by patient: {c:.2f} s; the bare SELECT of its rows {d:.2f} s: ratio {c / d:.2f}")
        raw = sqlite3.connect(path)
        turns = [(seconds(lambda: by_patient(raw)), seconds(lambda: grouped(raw))) for _ in range(chosen.runs)]
        robust, counted = (statistics.median(column) for column in zip(*turns, strict=True))
        rows = raw.execute(f"SELECT COUNT(*) {DURABILITY}").fetchone()[0]
        raw.close()
        print(
            f"durability and competing events by patient, {rows:,} courses: {robust:.2f} s; "
            f"a bare GROUP BY of their times {counted:.2f} s: ratio {robust / counted:.2f}"
        )
        for groups in (2, 6):
            one = statistics.median(seconds(held_equal(chosen.courses, groups)) for _ in range(chosen.runs))
            print(f"one rate of {groups} groups held equal, {chosen.courses:,} courses in memory: {one:.2f} s")
        of_survival = seconds(lambda: survival(store))
        store.close()
        if chosen.lifelines:
            command = [chosen.lifelines, "-c", LIFELINES, str(path)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            theirs = json.loads(done.stdout)
            fitted = theirs["pulled"] + theirs["fitted"]
            print(f"all: pandas and lifelines {theirs['whole']:.1f} s, {theirs['whole'] / a:.1f} times ours")
            print(
                f"onset, durability, competing events: rows pulled in {theirs['pulled']:.1f} s and fitted in "
                f"{theirs['fitted']:.1f} s by lifelines, ours {of_survival:.2f} s: {fitted / of_survival:.0f} times"
            )
        else:
            print("lifelines not compared: give --lifelines an interpreter that has it")


if __name__ == "__main__":
    main()
