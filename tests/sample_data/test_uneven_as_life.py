"""The synthetic clinic is as uneven as life: who leaves, who still goes on, who responds late, who comes when."""

from __future__ import annotations

import numpy as np
import pytest

from data_models.definitions.instruments import INSTRUMENTS
from sample_data.generate import SAMPLE_PATIENTS, SAMPLE_SEED, generate, simulate_clinic
from sample_data.model import KINDS
from sample_data.plain_reading import course_status, maintenance_gaps, with_courses
from sample_data.practice import SCALES, improvement, scale_ranges

DELAYED = KINDS.index("delayed")


@pytest.fixture(scope="module", params=[(3_000, 4), (SAMPLE_PATIENTS, SAMPLE_SEED)], ids=["large", "sample"])
def clinic(request):
    tables = generate(*request.param)
    sessions = with_courses(tables["sessions"])
    return tables, sessions, course_status(sessions, tables["assessments"], tables["patients"])


@pytest.fixture(scope="module")
def practice():
    return simulate_clinic(6_000, np.random.default_rng(3))


def test_the_records_were_looked_through_on_one_day(clinic):
    tables, sessions, _ = clinic
    patients = tables["patients"].set_index("patient_code")
    weeks = patients["observed_until_weeks"].astype(int)
    # Years since the first session and its year add up to one day, but for the part of a week that is rounded away.
    latest, earliest = (2025 - (7 * (weeks + more) // 365.25) for more in (0, 1))
    assert patients["first_session_year"].astype(int).between(earliest, latest).all()
    assert weeks.min() < 4
    assert weeks.max() > 300
    last = sessions.groupby("patient_code")["at"].max()
    assert (last < (weeks.reindex(last.index) + 1) * 7 * 24).all()


def test_some_courses_go_on_and_most_have_ended(clinic):
    _, _, courses = clinic
    assert 0.08 < courses["going_on"].mean() < 0.18
    assert courses["early_stop"].isna().sum() > 5
    going_on = courses[courses["going_on"]]
    assert going_on["complete"].any()
    assert not going_on["complete"].all()


def test_a_fifth_leave_after_one_session_and_half_of_those_given_ketamine_before_six(clinic):
    _, _, courses = clinic
    decided = courses[(courses["course"] == 1) & courses["early_stop"].notna()]
    of_ketamine = decided[decided["drug"] == "ketamine"]
    assert (decided["patient_sessions"] == 1).mean() == pytest.approx(0.20, abs=0.05)
    assert (of_ketamine["induction_sessions"] < 6).mean() == pytest.approx(0.50, abs=0.06)


def test_a_few_courses_are_second_ones_and_a_few_mixed(clinic):
    _, _, courses = clinic
    assert 0.03 < (courses["course"] > 1).mean() < 0.12
    assert 0.01 < courses["route"].isna().mean() < 0.06
    assert 0 < courses["drug"].isna().mean() < courses["route"].isna().mean()


def test_intervals_between_boosters_grow_and_vary_within_patients(clinic):
    _, sessions, courses = clinic
    ketamine = courses.dropna(subset=["route"]).query("drug == 'ketamine'")[["patient_code", "course"]]
    boosters = sessions.merge(ketamine, on=["patient_code", "course"])
    soon, month_5 = (maintenance_gaps(boosters, *days).median() for days in ((20, 50), (120, 165)))
    assert soon < 17
    assert 20 < month_5 < 28  # every three to four weeks
    gaps = boosters.groupby(["patient_code", "course"])["at"].diff()[~boosters["induction"]]
    grouped = gaps.groupby([boosters["patient_code"], boosters["course"]])
    spread = (grouped.max() / grouped.min())[grouped.size() >= 4]
    assert len(spread) > 15
    assert (spread >= 1.5).mean() > 0.75


def test_of_the_delayed_the_first_sessions_do_nothing_and_later_ones_work(practice):
    people, visits = practice.people, practice.visits
    assert (people.kind == DELAYED).mean() == pytest.approx(0.09, abs=0.01)
    who = np.flatnonzero((people.kind == DELAYED) & (visits.count >= 8))
    assert len(who) > 40
    shown = [improvement(people, visits, who, visits.days[who, k] + 0.5) - people.drift[who] for k in (2, 3, 7)]
    assert max(shown[0].max(), shown[1].max()) < 0.25
    assert (shown[2] > 0.25).mean() > 0.9
    others = np.flatnonzero((people.kind == KINDS.index("responding")) & (visits.count >= 8))
    assert np.median(improvement(people, visits, others, visits.days[others, 3] + 0.5)) > 0.5


@pytest.mark.parametrize("scale", ["phq9", "madrs", "pcl5"])
def test_scores_are_as_noisy_as_the_scale(practice, scale):
    people, visits, scores = practice.people, practice.visits, practice.scores
    of = scores.scale == SCALES.index(scale)
    who, day = scores.patient[of], scores.days[of]
    lowest, span = (values[SCALES.index(scale)] for values in scale_ranges())
    shown = improvement(people, visits, who, day) * people.effect[who, SCALES.index(scale)]
    expected = lowest + (people.baseline[who, SCALES.index(scale)] - lowest) * (1 - shown)
    free = (expected > lowest + 0.3 * span) & (expected < lowest + 0.7 * span)  # not held within the range
    noise = (scores.score[of] - expected)[free]
    assert len(noise) > 500
    error = INSTRUMENTS[scale].standard_error
    assert noise.std() == pytest.approx(np.sqrt(error**2 + 1 / 12), rel=0.05)  # and rounded to whole points
    assert abs(noise.mean()) < 0.1 * error
