"""A release that, with an earlier one, singles out a few patients is refused."""

from __future__ import annotations

import dataclasses
import itertools
import random
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import make_url

from dashboard import cli
from dashboard.exports.apart import Crowd, Selection, isolates, size
from dashboard.exports.earlier import isolating, released
from dashboard.exports.refusal import refusal
from dashboard.exports.release import Release
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import AGE_BANDS, DIAGNOSES, SEXES
from data_models.questions.data_set_fingerprint import data_set_fingerprint
from data_models.questions.overlap import course_profiles
from data_models.questions.summary import summarise
from data_models.store import Store
from data_models.store.accounts import record

EVERYTHING = Scope.everything()


@pytest.fixture
def store(sample_database: str) -> Iterator[Store]:
    opened = Store.open(sample_database)
    yield opened
    opened.close()


def patients(store: Store) -> pd.DataFrame:
    with store.engine.connect() as connection:
        return pd.read_sql_query("select * from patients", connection)


def test_patients_of_a_selection_are_those_of_plain_sets(store: Store) -> None:
    frame, chance = patients(store), random.Random(5)
    with store.connect() as connection:
        crowd = Crowd(course_profiles(connection, EVERYTHING))
    for _ in range(60):
        pair = [
            CohortFilter(
                age_band=tuple(chance.sample(AGE_BANDS, chance.randint(0, 8))),
                sex=tuple(chance.sample(SEXES, chance.randint(0, 3))),
                diagnosis=tuple(chance.sample(DIAGNOSES, chance.randint(0, 9))),
            )
            for _ in range(2)
        ]
        sets = []
        for cohort in pair:
            kept = frame
            for key in ("age_band", "sex", "diagnosis"):
                chosen = cohort[key]
                kept = kept[kept[key].isin(chosen)] if chosen else kept
            sets.append(set(kept["patient_id"]))
        families = [crowd.family(Selection(cohort), 11) for cohort in pair]
        assert [size(family.patients[0]) for family in families] == [len(found) for found in sets]
        apart = len(sets[0] - sets[1]), len(sets[1] - sets[0])
        assert isolates(*families, 11) == any(1 <= n <= 10 for n in apart)


def test_a_query_in_sql_finds_the_same_patients(store: Store) -> None:
    cohorts = [
        CohortFilter(drug=("esketamine",)),
        CohortFilter(route=("iv", "im"), condition=("hypertension", "liver")),
        CohortFilter(first_session_year=("2023",), clinic=("nowhere",)),
    ]
    with store.connect() as connection:
        crowd = Crowd(course_profiles(connection, EVERYTHING))
        for cohort in cohorts:
            expected = summarise(connection, EVERYTHING, cohort, store.rules()).funnel.patients
            assert size(crowd.family(Selection(cohort), 11).patients[0]) == expected


def people(**counts: int) -> pd.DataFrame:
    """Patients with one course each: clinic_sex -> how many."""
    rows = [name.split("_") for name, n in counts.items() for _ in range(n)]
    frame = pd.DataFrame(rows, columns=["clinic", "sex"])
    others = dict.fromkeys(("drug", "route", "diagnosis", "condition", "age_band", "first_session_year"), "x")
    return frame.assign(patient_id=range(len(frame)), **others)


def told_apart(frame: pd.DataFrame, one: Selection, other: Selection) -> bool:
    crowd = Crowd(frame)
    return isolates(crowd.family(one, 11), crowd.family(other, 11), 11)


def test_a_group_and_an_earlier_cohort_that_differ_by_a_few_are_not_both_released() -> None:
    frame = people(a_female=30, a_male=4, b_female=40, b_male=30)
    by_clinic = Selection(CohortFilter(), "clinic")
    assert told_apart(frame, by_clinic, Selection(CohortFilter(sex=("female",), clinic=("a",))))
    assert not told_apart(frame, by_clinic, Selection(CohortFilter(sex=("female",), clinic=("b",))))
    assert not told_apart(frame, by_clinic, Selection(CohortFilter(), "sex"))


def test_a_cohort_and_its_own_groups_are_both_released() -> None:
    frame = people(a_female=30, b_female=40)
    frame.loc[:2, "clinic"] = None  # the file by clinic hides what would tell of these three
    assert not told_apart(frame, Selection(CohortFilter(), "clinic"), Selection(CohortFilter()))


def test_courses_of_groups_that_share_patients_are_added() -> None:
    frame = people(a_female=30, b_female=40)
    again = frame.iloc[:20].assign(route="im")
    both = pd.concat([frame.assign(route="iv"), again]).sort_values("patient_id", kind="stable")
    both.iloc[-5:, both.columns.get_loc("route")] = None  # 5 of 90 courses without a route
    nearly = Selection(CohortFilter(sex=("female",), clinic=("a", "b")), "clinic")
    assert told_apart(both.assign(sex=["male", *both["sex"][1:]]), Selection(CohortFilter(), "route"), nearly)


def test_no_pair_that_singles_somebody_out_is_released(project_root: Path) -> None:
    """A small run of the benchmark: its attacker lists the sets of patients that two files show by itself."""
    run = runpy.run_path(str(project_root / "tests" / "benchmarks" / "release_pairs.py"))
    isolating_pairs, refused, broken, _ = run["attack"](120)
    assert broken == 0
    assert isolating_pairs == refused > 10


def test_two_groups_that_differ_by_a_few_are_not_both_released() -> None:
    frame = people(a_female=30, a_male=4, b_female=4, b_male=30)
    assert told_apart(frame, Selection(CohortFilter(), "clinic"), Selection(CohortFilter(), "sex"))


def test_groups_that_add_up_to_nearly_an_earlier_cohort_are_not_released() -> None:
    frame = people(a_female=30, b_female=40, c_female=3, c_male=40, a_male=1)
    women = Selection(CohortFilter(sex=("female",)))
    assert told_apart(frame, Selection(CohortFilter(), "clinic"), women), "a and b are the women but 3, and a man"
    frame = people(a_female=30, b_female=40, c_female=20, c_male=40, a_male=20)
    assert not told_apart(frame, Selection(CohortFilter(), "clinic"), women)


def test_the_same_selection_may_be_taken_again_on_another_scale(store: Store) -> None:
    with store.connect() as connection:
        again = isolating(connection, Selection(CohortFilter("gad7"), "sex"), [Selection(CohortFilter(), "sex")], 11)
    assert again is None


def all_but_a_few(frame: pd.DataFrame) -> tuple[str, tuple[str, ...]]:
    """A key, and its values but one that 1 to 10 patients have."""
    key, few = next(
        (key, value)
        for key in ("diagnosis", "age_band", "sex", "first_session_year")
        for value, n in frame[key].value_counts().items()
        if 1 <= n <= 10 and frame[key].notna().all()
    )
    others = tuple(str(value) for value in frame[key].unique() if value != few)
    return key, others


def test_two_cohorts_that_differ_by_a_few_patients_are_not_both_released(store: Store) -> None:
    key, others = all_but_a_few(patients(store))
    whole, without = Selection(CohortFilter()), Selection(CohortFilter(**{key: others}))
    with store.connect() as connection:
        assert isolating(connection, without, [whole], 11) == whole
        assert isolating(connection, whole, [whole], 11) is None
    assert "Widen the filter on" in refusal(without, whole, 11)
    assert "group as the earlier file does" in refusal(Selection(CohortFilter(), "sex"), whole, 11).lower()


def test_a_person_of_some_clinics_is_compared_by_those_clinics() -> None:
    release = Release(CohortFilter(), OutcomeRules(), {}, None, 11, "", clinics=frozenset({"b", "a"}))
    assert release.selection == Selection(CohortFilter(clinic=("a", "b")))
    chosen = dataclasses.replace(release, cohort=CohortFilter(clinic=("b", "c")))
    assert chosen.selection == Selection(CohortFilter(clinic=("b",)))


def test_earlier_releases_come_from_the_audit_trail(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{(tmp_path / 'own.db').as_posix()}")
    for query, mark in itertools.product(("instrument=phq9&route=iv", "instrument=gad7"), ("a", "b")):
        record(store.engine, "ann", "export", "outcomes.csv", query=query, data=mark, by="clinic")
    record(store.engine, "ann", "export", "summary.json", query="instrument=phq9&sex=male", data="a", least=0)
    with store.connect_access() as connection:
        found = released(connection, "a", OutcomeRules())
    selections = {earlier.selection for earlier in found}
    assert selections == {Selection(CohortFilter(route=("iv",)), "clinic"), Selection(CohortFilter("gad7"), "clinic")}
    store.close()


def test_the_command_refuses_what_the_page_refuses(
    sample_database: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(make_url(sample_database).database or "", copy)
    store = Store.open(f"sqlite:///{copy}")
    key, others = all_but_a_few(patients(store))
    with store.connect() as connection:
        data = data_set_fingerprint(connection, EVERYTHING, OutcomeRules())
    record(store.engine, "ann", "export", "outcomes.pdf", query="instrument=gad7", data=data)
    store.close()
    target = tmp_path / "a.csv"
    options = ["summary", "--database", f"sqlite:///{copy}", "--instrument", "phq9", "-o", str(target)]
    options += ["--where", f"{key}={','.join(others)}"]
    assert cli.run(options) != 0
    assert "Widen the filter on" in capfd.readouterr().err
    assert not target.exists()
    assert cli.run([*options, "--suppress", "0"]) == 0
