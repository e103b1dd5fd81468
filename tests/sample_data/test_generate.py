"""The generator writes records that keep to the contract, the same ones for the same seed, in any size."""

from __future__ import annotations

import filecmp
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import (
    AGE_BANDS,
    CONDITIONS,
    DIAGNOSES,
    DOSE_UNITS,
    DRUGS,
    PHASES,
    ROUTES,
    SEVERITIES,
    SEXES,
    SIDE_EFFECTS,
)
from data_models.intake.readers import read_records
from sample_data import generate as generator
from sample_data.generate import SAMPLE_PATIENTS, SAMPLE_SEED, generate, patient_codes, simulate_clinic, write
from sample_data.practice import SCALES

COMMITTED = Path(generator.__file__).parent / "clinic"
COLUMNS = {
    "patients": "patient_code clinic age_band sex diagnosis conditions first_session_year observed_until_weeks",
    "sessions": (
        "patient_code hours day drug route dose dose_unit phase duration_minutes systolic_before diastolic_before"
        " heart_rate_before systolic_highest diastolic_highest heart_rate_highest cadss_highest moaas_lowest"
        " minutes_to_discharge side_effects_asked"
    ),
    "assessments": "patient_code hours day timing instrument score item9",
    "side_effects": (
        "patient_code hours day term severity onset_minutes resolved_minutes last_observed_minutes serious"
    ),
}


@pytest.fixture(scope="module")
def clinic():
    return generate(2_400, seed=11)


def at(table: pd.DataFrame) -> pd.Series:
    return table["hours"].fillna(table["day"].astype(float) * 24)


def test_tables_have_the_columns_of_the_contract(clinic):
    assert {table: " ".join(frame.columns) for table, frame in clinic.items()} == COLUMNS


@pytest.mark.parametrize(
    "table, column, codes",
    [
        ("patients", "clinic", ("synthetic_north", "synthetic_harbour", "synthetic_valley")),
        ("patients", "age_band", AGE_BANDS),
        ("patients", "sex", SEXES),
        ("patients", "diagnosis", DIAGNOSES),
        ("sessions", "drug", DRUGS),
        ("sessions", "route", ROUTES),
        ("sessions", "dose_unit", DOSE_UNITS),
        ("sessions", "phase", PHASES),
        ("sessions", "side_effects_asked", ("yes", "no")),
        ("assessments", "timing", ("before", "after")),
        ("assessments", "instrument", tuple(INSTRUMENTS)),
        ("side_effects", "term", SIDE_EFFECTS),
        ("side_effects", "severity", SEVERITIES),
        ("side_effects", "serious", ("yes", "no")),
    ],
)
def test_codes_are_those_of_the_vocabulary(clinic, table, column, codes):
    assert set(clinic[table][column].dropna()) <= set(codes)


def test_all_diagnoses_conditions_scales_of_the_sample_and_the_four_arms_occur(clinic):
    assert set(clinic["patients"]["diagnosis"]) == set(DIAGNOSES)
    assert set(";".join(clinic["patients"]["conditions"]).split(";")) - {""} == set(CONDITIONS)
    assert set(clinic["assessments"]["instrument"]) == set(SCALES)
    arms = set(zip(clinic["sessions"]["drug"], clinic["sessions"]["route"], strict=True))
    assert arms == {("ketamine", "iv"), ("ketamine", "im"), ("ketamine", "sublingual"), ("esketamine", "intranasal")}


def test_each_patient_s_clock_starts_at_the_first_session(clinic):
    first = at(clinic["sessions"]).groupby(clinic["sessions"]["patient_code"]).min()
    assert (first == 0).all()
    assert set(first.index) == set(clinic["patients"]["patient_code"])


def test_a_record_gives_hours_or_a_day_and_timing_only_with_a_day(clinic):
    for table in ("sessions", "assessments", "side_effects"):
        frame = clinic[table]
        assert (frame["hours"].isna() != frame["day"].isna()).all()
    scores = clinic["assessments"]
    assert scores.loc[scores["timing"].notna(), "day"].notna().all()
    assert scores["timing"].value_counts().min() > 20


def test_no_session_score_or_side_effect_is_given_twice(clinic):
    keys = {
        "patients": ["patient_code"],
        "sessions": ["patient_code", "hours", "day"],
        "assessments": ["patient_code", "instrument", "hours", "day", "timing"],
        "side_effects": ["patient_code", "hours", "day", "term"],
    }
    for table, key in keys.items():
        assert not clinic[table].duplicated(key).any()


def test_every_side_effect_belongs_to_a_session_in_which_they_were_asked_about(clinic):
    key = ["patient_code", "hours", "day"]
    asked = clinic["sessions"].query("side_effects_asked == 'yes'")[key]
    assert len(clinic["side_effects"].merge(asked, on=key)) == len(clinic["side_effects"])


def test_scores_keep_to_their_instrument(clinic):
    scores = clinic["assessments"]
    for code, instrument in INSTRUMENTS.items():
        values = scores.loc[scores["instrument"] == code, "score"]
        assert values.between(0, instrument.maximum).all()
        if instrument.whole:
            assert (values == values.round()).all()
    item9 = scores.dropna(subset=["item9"])
    assert set(item9["instrument"]) == {"phq9"}
    assert item9["item9"].between(0, 3).all()
    assert (item9["item9"] <= item9["score"]).all()
    assert (at(scores) >= -24 * 20).all()


def test_scores_are_taken_before_sessions_within_hours_next_day_and_for_months(clinic):
    hours = clinic["assessments"]["hours"].dropna()
    for low, high in ((-2, 0), (3, 6), (19, 30), (24 * 25, 24 * 35), (24 * 150, 24 * 400)):
        assert hours.between(low, high).sum() > 50


def test_some_baselines_and_vitals_are_missing_and_some_courses_are_second_ones(clinic):
    scores = clinic["assessments"]
    with_baseline = scores.loc[(at(scores) <= 0) & (scores["timing"] != "after"), "patient_code"].nunique()
    assert 0.80 < with_baseline / len(clinic["patients"]) < 0.97
    gaps = at(clinic["sessions"]).groupby(clinic["sessions"]["patient_code"]).diff() / 24
    assert (gaps > 90).sum() > 20
    assert (gaps.dropna() > 1).all()
    assert 0.02 < clinic["sessions"].query("route == 'iv'")["systolic_before"].isna().mean() < 0.10
    assert clinic["sessions"].query("route == 'sublingual'")["systolic_before"].isna().all()


def test_side_effects_end_after_they_start_and_mostly_within_hours(clinic):
    effects = clinic["side_effects"]
    ended = effects.dropna(subset=["onset_minutes", "resolved_minutes"])
    assert (ended["resolved_minutes"] > ended["onset_minutes"]).all()
    assert (ended["resolved_minutes"] <= 240).mean() > 0.75
    only_observed = effects["resolved_minutes"].isna() & effects["last_observed_minutes"].notna()
    assert 0.01 < only_observed.mean() < 0.3


def test_the_same_seed_gives_the_same_records_and_another_seed_others():
    for table, frame in generate(40, 5).items():
        pd.testing.assert_frame_equal(frame, generate(40, 5)[table])
    assert not generate(40, 5)["assessments"].equals(generate(40, 6)["assessments"])


def test_a_small_clinic_is_the_beginning_of_a_large_one(clinic):
    small = generate(1_100, seed=11)
    for table, frame in small.items():
        pd.testing.assert_frame_equal(frame, clinic[table].head(len(frame)))
    assert small["patients"]["patient_code"].nunique() == 1_100


def test_patient_codes_are_unique_random_looking_and_hold_no_long_run_of_digits():
    codes = np.concatenate([patient_codes(first, 50_000, seed=3) for first in (0, 50_000)])
    assert len(set(codes)) == 100_000
    assert all(
        re.fullmatch(r"S-[2-9B-Z]{6}", code) and re.search(r"[B-Z]", code[2:]) and re.search(r"\d", code)
        for code in codes
    )
    assert not any(re.search(r"\d{3}", code) for code in codes)


@pytest.mark.parametrize("patients, seed", [(0, 1), (-3, 1), (5, -1)])
def test_impossible_sizes_and_seeds_are_refused(patients, seed):
    with pytest.raises(ValueError, match=r"must be|at least"):
        generate(patients, seed)


def test_writing_block_by_block_equals_generating_at_once(tmp_path):
    progress: list[float] = []
    rows = write(2_100, 4, tmp_path / "clinic", lambda _, share: progress.append(share))
    assert progress == pytest.approx([1 / 3, 2 / 3, 1])
    for table, frame in generate(2_100, 4).items():
        read = pd.read_csv(tmp_path / "clinic" / f"{table}.csv", dtype=str, keep_default_na=False)
        assert len(read) == len(frame) == rows[table]
        assert list(read.columns) == list(frame.columns)
        assert list(read["patient_code"]) == list(frame["patient_code"])
    assert "ynthetic" in (tmp_path / "clinic" / "README.txt").read_text(encoding="utf-8")


def test_the_committed_sample_is_what_the_generator_writes_and_is_small(tmp_path):
    write(SAMPLE_PATIENTS, SAMPLE_SEED, tmp_path)
    names = sorted(path.name for path in COMMITTED.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    _, different, unreadable = filecmp.cmpfiles(COMMITTED, tmp_path, names, shallow=False)
    assert not different
    assert not unreadable
    assert sum(path.stat().st_size for path in COMMITTED.iterdir()) < 2_500_000


def test_the_committed_sample_and_a_larger_clinic_pass_the_check_of_records(tmp_path):
    sample = read_records(COMMITTED)
    assert (len(sample.patients), sample.repeats, sample.warnings) == (SAMPLE_PATIENTS, 0, [])
    rows = write(3_000, 77, tmp_path)
    larger = read_records(tmp_path)
    assert len(larger.assessments) == rows["assessments"]
    assert len(larger.side_effects) == rows["side_effects"]
    assert not larger.warnings


def test_a_simulated_practice_shows_its_hidden_truth():
    practice = simulate_clinic(500, np.random.default_rng(1))
    assert len(practice.people) == 500
    kinds = [practice.people.depth[practice.people.kind == kind].mean() for kind in range(4)]
    assert kinds == sorted(kinds, reverse=True)
