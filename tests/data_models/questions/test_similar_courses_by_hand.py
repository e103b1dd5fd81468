"""The band of similar courses equals one counted with plain loops, after each change of the store."""

from __future__ import annotations

import dataclasses
import random
from collections import defaultdict
from fractions import Fraction
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from data_models.database.tables import Base
from data_models.definitions.rules import DEFAULT_RULES, FADE_BINS_DAYS
from data_models.definitions.scope import Scope
from data_models.outcomes.similar_courses import COURSE_BINS_DAYS
from data_models.questions.similar_courses import similar_courses
from data_models.store import Store, cluster
from tests.data_models.store.test_cluster import Here, quiet

ALL = Scope.everything()
SCOPES = (ALL, *(Scope(frozenset(names), patients=True) for names in (("north",), ("south", "", "east"))))
Rows = list[dict[str, float]]
SHARES = {"p10": Fraction(1, 10), "p25": Fraction(1, 4), "p50": Fraction(1, 2), "p75": Fraction(3, 4)}
SHARES["p90"] = Fraction(9, 10)


def records(folder: Path, codes: list[str], seed: int, first_day: int = 0) -> Path:
    """Records of some patients with scores at the borders of bins; `first_day`: more of patients that are known."""
    chance, days = random.Random(seed), [border for _, border in (*COURSE_BINS_DAYS, *FADE_BINS_DAYS)]
    tables: dict[str, list[str]] = defaultdict(list)
    for code in codes:
        if not first_day:
            tables["patients"].append(f"{code},{chance.choice(['north', 'south', ''])}")
        route = chance.choice(["iv", "im", ""])
        starts = sorted(chance.sample(range(1, 60), 5)) + sorted(chance.sample(range(200, 260), 3))
        sessions = [first_day + day for day in ([] if first_day else [0]) + starts]
        for day in sessions:
            tables["sessions"].append(f"{code},{24 * day},{route},{chance.choice(['', 'maintenance'])}")
        taken = {24 * (chance.choice(sessions) + chance.choice(days) + chance.choice([0, 0, 0.25])) for _ in range(25)}
        taken |= {first_day * 24 - 24 * day for day in (13, 14, 15)}
        for hours in sorted(hours + 0.3 * bool(first_day) for hours in taken):
            scale = chance.choice(["phq9", "phq9", "gad7", "peg"])
            score = chance.choice([3.5, 4.25, 7]) if scale == "peg" else chance.randint(0, 15)
            tables["assessments"].append(f"{code},{hours},,,{scale},{score}")
        # By day: after the session of that day, whose place among the others follows from the rules.
        tables["assessments"].append(f"{code},,{sessions[2]},after,phq9,{chance.randint(0, 27)}")
    heads = {"patients": "patient_code,clinic", "sessions": "patient_code,hours,route,phase"}
    heads["assessments"] = "patient_code,hours,day,timing,instrument,score"
    folder.mkdir()
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join([heads[name], *lines]) + "\n")
    return folder


Asked = tuple[Scope, str, str | None, str | None, str]  # scope, instrument, route, phase, clock


def by_hand(facts: dict[str, pd.DataFrame]) -> dict[Asked, Rows]:
    """Every band as its definition says, with one plain loop over all scores in order of time."""
    clinics = {row.patient_id: row.clinic for row in facts["patients"].itertuples()}
    phases = {(row.patient_id, row.hours): row.phase for row in facts["session_facts"].itertuples()}
    courses = {(row.patient_id, row.course): row for row in facts["courses"].itertuples()}
    last: dict[Asked, dict[int, dict[tuple[int, int], float]]] = defaultdict(lambda: defaultdict(dict))
    for score in sorted(facts["score_facts"].itertuples(), key=lambda row: row.at_hours):
        course = courses[score.patient_id, score.course]
        who = [s for s in SCOPES if s.clinics is None or clinics[score.patient_id] in s.clinics]
        in_phase = phases[course.patient_id, course.last_session_hours]
        for number, (low, high) in enumerate(COURSE_BINS_DAYS):
            if -14 <= score.days <= 0 if number == 0 else score.days > 0 and low <= score.days < high:
                for scope, phase in product(who, (None, in_phase)):
                    asked = (scope, score.instrument, course.route, phase, "course")
                    last[asked][number][score.patient_id, score.course] = score.score
        for number, (low, high) in enumerate(FADE_BINS_DAYS):
            if score.since_session_days is not None and low <= score.since_session_days < high:
                for scope, phase in product(who, (None, score.session_phase)):
                    asked = (scope, score.instrument, course.route, phase, "session")
                    last[asked][number][score.patient_id, score.course] = score.score
    return {asked: [_row(asked[-1], *bin_) for bin_ in sorted(held.items())] for asked, held in last.items()}


def _row(clock: str, number: int, held: dict[tuple[int, int], float]) -> dict[str, float]:
    values = sorted(held.values())
    low, high = (COURSE_BINS_DAYS if clock == "course" else FADE_BINS_DAYS)[number]
    found = {
        name: next(value for place, value in enumerate(values, 1) if Fraction(place, len(values)) >= share)
        for name, share in SHARES.items()
    }
    return {"day_from": low, "day_to": high, **found, "courses": len(values)}


def bands(store: Store) -> tuple[dict[Asked, Rows], dict[Asked, Rows]]:
    """Every band that can be asked for and is not empty: the one of a page, and the one counted with a plain loop."""
    names = ("patients", "courses", "session_facts", "score_facts")
    ours = {}
    with store.connect() as connection:
        facts = {name: pd.read_sql(select(Base.metadata.tables[name]), connection).astype(object) for name in names}
        facts = {name: frame.where(frame.notna(), None) for name, frame in facts.items()}
        scales, routes = ("phq9", "gad7", "peg"), ("iv", "im", "mixed", None)
        phases, clocks = (None, "induction", "maintenance"), ("course", "session")
        for asked in product(SCOPES, scales, routes, phases, clocks):
            scope, scale, route, phase, clock = asked
            band = similar_courses(connection, scope, scale, route, phase=phase, alignment=clock)
            if band.bins:
                ours[asked] = [dataclasses.asdict(one) for one in band.bins]
    return ours, by_hand(facts)


@pytest.fixture
def codes() -> list[str]:
    return [f"P{number:02d}" for number in range(30)]


@pytest.fixture
def parts(tmp_path: Path, codes: list[str]) -> list[Path]:
    """A first import, and one with more records of known patients whose courses they change, and new ones."""
    first = records(tmp_path / "first", codes[:20], seed=1)
    more = records(tmp_path / "more", codes[10:20], seed=2, first_day=300)
    new = records(tmp_path / "new", codes[20:], seed=3)
    return [first, more, new]


def test_the_band_is_that_of_plain_loops_after_each_change(store: Store, parts: list[Path], tmp_path: Path) -> None:
    for number, part in enumerate(parts):
        store.import_path(part)
        ours, by_loops = bands(store)
        assert ours == by_loops, number
    assert len(ours) > 60
    before = ours
    other = DEFAULT_RULES.changed({"course_gap_days": 20, "day_only_after_hours": 3, "induction_sessions_ketamine": 3})
    store.derive(other)
    ours, by_loops = bands(store)
    assert ours == by_loops
    assert ours != before
    cluster.derive_by(store, DEFAULT_RULES, Here(), 2, quiet)
    assert bands(store)[0] == before
    store.import_path(records(tmp_path / "last", ["Q1"], seed=9), other)
    ours, by_loops = bands(store)
    assert ours == by_loops


def test_scores_outside_of_every_bin_count_nowhere(store: Store, tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("patient_code\nA1\n")
    (tmp_path / "sessions.csv").write_text("patient_code,hours\nA1,0\n")
    (tmp_path / "assessments.csv").write_text(
        f"patient_code,hours,instrument,score\nA1,-400,phq9,20\nA1,{24 * 400},phq9,5\n"
    )
    store.import_path(tmp_path)
    assert bands(store) == ({}, {})
