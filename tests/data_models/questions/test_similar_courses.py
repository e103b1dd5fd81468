"""The band of similar courses: one score a course and bin, percentiles from counts."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Connection

from data_models.definitions.rules import FADE_BINS_DAYS
from data_models.definitions.scope import Scope
from data_models.outcomes.similar_courses import COURSE_BINS_DAYS, percentiles
from data_models.questions.similar_courses import similar_courses
from data_models.store import Store


@pytest.fixture
def connection(sample_database: str) -> Iterator[Connection]:
    store = Store.open(sample_database)
    with store.connect() as connection:
        yield connection
    store.close()


def by_hand(connection: Connection, instrument: str, route: str, clock: str, low: float, high: float) -> list[float]:
    """Last score of each course with `clock` in [low, high), straight from the facts."""
    facts = pd.read_sql("SELECT * FROM score_facts", connection)
    courses = pd.read_sql("SELECT patient_id, course, route FROM courses", connection)
    facts = facts.merge(courses, on=["patient_id", "course"])
    kept = facts[(facts["instrument"] == instrument) & (facts["route"] == route)]
    # Day 0 and before belong to the bin before the first session, never to [0, 1).
    above = kept[clock] > low if low == 0 and clock == "days" else kept[clock] >= low
    kept = kept[above & (kept[clock] < high)].sort_values("at_hours")
    return kept.groupby(["patient_id", "course"])["score"].last().tolist()


@pytest.mark.parametrize(
    "alignment, clock", [("course", "days"), ("session", "since_session_days")], ids=["course", "session"]
)
def test_percentiles_equal_those_of_the_facts(connection, alignment, clock):
    bins = COURSE_BINS_DAYS if alignment == "course" else FADE_BINS_DAYS
    band = similar_courses(connection, Scope.everything(), "phq9", "iv", alignment=alignment)
    assert 5 < len(band.bins) <= len(bins)
    for one in band.bins:
        if one.day_from < 0:
            continue
        values = by_hand(connection, "phq9", "iv", clock, one.day_from, one.day_to)
        assert one.courses == len(values)
        wanted = np.quantile(values, [0.1, 0.25, 0.5, 0.75, 0.9], method="inverted_cdf")
        assert [one.p10, one.p25, one.p50, one.p75, one.p90] == wanted.tolist()


def test_a_scope_sees_the_courses_of_its_clinics_alone(connection):
    whole = similar_courses(connection, Scope.everything(), "phq9", "iv")
    none = similar_courses(connection, Scope(clinics=frozenset({"elsewhere"})), "phq9", "iv")
    north = similar_courses(connection, Scope(clinics=frozenset({"synthetic_north"})), "phq9", "iv")
    assert none.bins == ()
    assert 0 < sum(one.courses for one in north.bins) <= sum(one.courses for one in whole.bins)


def test_percentiles_from_counts():
    counts = pd.DataFrame({"bin": [0] * 4, "score": [1.0, 2.0, 3.0, 10.0], "courses": [1, 4, 4, 1]})
    row = percentiles(counts, [(0.0, 1.0)]).iloc[0]
    assert [row[name] for name in ("p10", "p25", "p50", "p75", "p90")] == [1, 2, 2, 3, 3]
    assert row["courses"] == 10
    assert percentiles(counts[:0], [(0.0, 1.0)]).empty


@pytest.mark.parametrize("alignment", ["course", "session"])
def test_the_phases_part_the_courses(connection, alignment):
    def scored(phase):
        band = similar_courses(connection, Scope.everything(), "phq9", "iv", phase=phase, alignment=alignment)
        return {one.day_from: one.courses for one in band.bins}

    whole, parts = scored(None), [scored(phase) for phase in ("induction", "maintenance")]
    assert all(parts)
    for start, courses in whole.items():
        together = sum(part.get(start, 0) for part in parts)
        # A course counts once a bin; aligned on sessions it may have scores of both phases there.
        assert together == courses if alignment == "course" else together >= courses
