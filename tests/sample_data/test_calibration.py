"""The synthetic clinic is held to the published figures, over several seeds; `-s` prints the table."""

from __future__ import annotations

import numpy as np
import pytest

from sample_data.calibration import comparison, figures, truth
from sample_data.generate import generate
from sample_data.literature import PUBLISHED, published
from sample_data.plain_reading import with_courses
from sample_data.reactions import TERMS

SEEDS = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def clinics():
    return [generate(1_500, seed) for seed in SEEDS]


def test_every_simulated_figure_lies_within_its_tolerance_of_the_published_one(clinics):
    table, outside = comparison([figures(clinic) for clinic in clinics])
    print("\n" + table)
    assert not outside, f"out of tolerance: {outside}\n{table}"


def test_the_comparison_notices_a_figure_out_of_tolerance():
    _, outside = comparison([{"iv_response": published("iv_response").value + 0.2}])
    assert outside == ["iv_response"]


def test_every_published_figure_has_a_citation_and_a_code_of_its_own():
    assert all(figure.citation for figure in PUBLISHED)
    assert len({figure.code for figure in PUBLISHED}) == len(PUBLISHED)


def test_side_effects_become_rarer_with_each_session(clinics):
    shares = []
    for numbers in ((1, 1), (3, 5), (8, 40)):
        asked = events = 0
        for clinic in clinics:
            sessions = with_courses(clinic["sessions"])
            sessions["nth"] = sessions.groupby("patient_code").cumcount() + 1
            chosen = sessions[
                (sessions["route"] == "iv")
                & sessions["nth"].between(*numbers)
                & (sessions["side_effects_asked"] == "yes")
            ]
            asked += len(chosen)
            dissociation = clinic["side_effects"].query("term == 'dissociation'")
            events += len(
                chosen.merge(dissociation[["patient_code", "hours", "day"]], on=["patient_code", "hours", "day"])
            )
        shares.append(events / asked)
    assert shares[0] > 1.3 * shares[1] > 1.5 * shares[2]


def test_side_effects_cluster_within_patients(clinics):
    # Variance of the patients' counts in their first three IV sessions, against that of independent sessions.
    counts = []
    for clinic in clinics:
        sessions = with_courses(clinic["sessions"]).query(
            "route == 'iv' and side_effects_asked == 'yes' and number <= 3"
        )
        sedation = clinic["side_effects"].query("term == 'sedation'")[["patient_code", "hours", "day"]]
        marked = sessions.merge(sedation.assign(had=1), on=["patient_code", "hours", "day"], how="left")
        grouped = marked.groupby("patient_code")["had"].agg(["count", "size"]).query("size == 3")
        counts.append(grouped["count"].to_numpy())
    together = np.concatenate(counts)
    share = together.mean() / 3
    assert together.var() > 1.4 * 3 * share * (1 - share)


def test_some_fade_within_a_week_some_hold_for_months_some_never_respond_and_some_get_worse(clinics):
    scores = clinics[0]["assessments"].query("instrument == 'phq9'").dropna(subset=["hours"])
    baseline = scores[scores["hours"] <= 0].groupby("patient_code")["score"].last().rename("baseline")
    scores = scores[scores["hours"] > 0].merge(baseline.reset_index(), on="patient_code")
    scores["improvement"] = 1 - scores["score"] / scores["baseline"]
    by_patient = scores.groupby("patient_code")
    best, worst, measured = by_patient["improvement"].max(), by_patient["improvement"].min(), by_patient.size()
    assert (best[measured >= 5] < 0.25).sum() > 10
    assert (scores["score"] - scores["baseline"] >= 5).groupby(scores["patient_code"]).any().sum() > 10
    held = scores[(scores["improvement"] >= 0.5) & (scores["hours"] > 24 * 120)]
    assert held["patient_code"].nunique() > 10
    before = by_patient["improvement"].shift(1)
    gap = by_patient["hours"].diff() / 24
    assert ((before >= 0.5) & (scores["improvement"] < 0.5) & (gap <= 8)).sum() > 10
    assert worst.min() < 0


def test_every_side_effect_of_the_practice_occurs(clinics):
    assert set(clinics[0]["side_effects"]["term"]) == set(TERMS)


def test_the_truth_of_a_large_run_is_near_the_figures_of_its_records():
    known = truth(patients=4_000, seed=21)
    # Nobody is missing from the latent share and no score is noisy: near the measured one, not equal to it.
    assert abs(known["latent_response"] - known["iv_response_at_end"]) < 0.12
    assert 0 < known["iv_nausea_per_session"] < known["iv_sedation_per_session"] < 0.5
