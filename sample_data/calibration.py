"""The synthetic clinic beside the literature: each simulated figure and the published one.

The figures are taken from the records alone, by the clinical definitions under their default rules,
in plain pandas and apart from the product's own derivation: so that the sample can be held to the
literature without the product, and the product's figures can be compared with these.
`python -m sample_data.calibration` prints the table; with `fit`, the side-effect intercepts of
`sample_data.model`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np
import pandas as pd

from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import DEFAULT_RULES
from sample_data.generate import generate, simulate_clinic
from sample_data.literature import PUBLISHED, PublishedFigure
from sample_data.model import DEFAULT_MODEL, ClinicModel
from sample_data.practice import SCALES, draw_people, draw_visits, improvement
from sample_data.reactions import TERMS, effect_chances

SIDE_EFFECT_ROUTES = ("iv", "intranasal")
_KEYS = ["patient_code", "course"]


def figures(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Every figure of `literature.PUBLISHED` that has a counterpart in records, by its code.

    Parameters
    ----------
    tables : session records, as `generate` gives them.
    """
    sessions = with_courses(tables["sessions"])
    found: dict[str, float] = {}
    for route in ("iv", "sublingual"):
        courses = course_values(sessions[sessions["route"] == route], tables["assessments"], "phq9")
        measured = courses.dropna(subset=["baseline", "end_score"])
        change = measured["end_score"] - measured["baseline"]
        responded = -change >= DEFAULT_RULES.response_improvement * measured["baseline"]
        found[f"{route}_response"] = float(responded.mean())
        found[f"{route}_remission"] = float((measured["end_score"] <= (INSTRUMENTS["phq9"].remission or 0)).mean())
        found[f"{route}_worse"] = float((change >= (INSTRUMENTS["phq9"].least_change(1.0) or 0)).mean())
        kept = courses.dropna(subset=["durability_days"])
        for weeks in (4, 8):
            found[f"{route}_durable_{weeks}_weeks"] = _kept_at(kept, 7 * weeks)
        found[f"{route}_sessions_to_response"] = float(courses["sessions_to_response"].median())
    iv = sessions[sessions["route"] == "iv"]
    first_course = iv[iv["course"] == 1]
    first_induction = first_course[first_course["induction"]].groupby("patient_code").size()
    found["iv_incomplete"] = float((first_induction < 6).mean())
    found["iv_left_after_first"] = float((iv.groupby("patient_code").size() == 1).mean())
    found["iv_systolic_rise"] = float((iv["systolic_highest"] - iv["systolic_before"]).mean())
    found["iv_diastolic_rise"] = float((iv["diastolic_highest"] - iv["diastolic_before"]).mean())
    for route in SIDE_EFFECT_ROUTES:
        shares = side_effect_shares(sessions[sessions["route"] == route], tables["side_effects"])
        found |= {f"{route}_{term}": share for term, share in shares.items()}
    return found


def comparison(runs: list[dict[str, float]]) -> tuple[str, list[str]]:
    """A table of published beside simulated figures (mean and range of runs), and what is out of tolerance."""
    lines = [f"{'figure':34}{'published':>10}{'simulated':>10}{'range':>18}{'tolerance':>11}  source"]
    outside = []
    for figure in PUBLISHED:
        values = np.array([run[figure.code] for run in runs if figure.code in run])
        if not len(values):
            lines.append(
                f"{figure.code:34}{_number(figure, figure.value):>10}{'':>39}  {figure.citation} (not a target)"
            )
            continue
        spread = f"{_number(figure, values.min())} - {_number(figure, values.max())}"
        allowed = "" if figure.tolerance is None else "±" + _number(figure, figure.tolerance)
        lines.append(
            f"{figure.code:34}{_number(figure, figure.value):>10}{_number(figure, values.mean()):>10}{spread:>18}"
            f"{allowed:>11}  {figure.citation}"
        )
        if figure.tolerance is not None and not abs(values.mean() - figure.value) <= figure.tolerance:
            outside.append(figure.code)
    return "\n".join(lines), outside


def truth(patients: int = 40_000, seed: int = 1, model: ClinicModel = DEFAULT_MODEL) -> dict[str, float]:
    """The figures of a clinic so large that they are the truth of the model, for coverage studies.

    Besides `figures`: `latent_response`, the share of PHQ-9 patients whose latent severity (no noise, nobody
    missing) is at most half of the untreated one 7 days after the last induction session (IV), and
    `iv_<term>_per_session`, the share of IV sessions in which a side effect happens (asked or not).
    """
    found = figures(generate(patients, seed, model))
    practice = simulate_clinic(patients, np.random.default_rng(seed), model)
    people, visits = practice.people, practice.visits
    iv = [arm.route for arm in model.arms].index("iv")
    who = np.flatnonzero((people.arm == iv) & people.scales[:, SCALES.index("phq9")])
    week_later = visits.days[who, visits.induction[who] - 1] + 7
    shown = improvement(people, visits, who, week_later) * people.effect[who, SCALES.index("phq9")]
    found["latent_response"] = float((shown >= DEFAULT_RULES.response_improvement).mean())
    patient, number = practice.reactions.patient, practice.reactions.number
    chances = effect_chances(np.random.default_rng(seed), people, patient, number, model)
    for term, share in zip(TERMS, chances[people.arm[patient] == iv].mean(axis=0), strict=True):
        found[f"iv_{term}_per_session"] = float(share)
    return found


def with_courses(sessions: pd.DataFrame) -> pd.DataFrame:
    """Sessions with `at` (hours), `course`, `number` in it and `induction`, by section 2 of the definitions."""
    rules = DEFAULT_RULES
    frame = sessions.assign(at=sessions["hours"].fillna(sessions["day"].astype(float) * 24))
    frame = frame.sort_values(["patient_code", "at"], ignore_index=True)
    gap = frame.groupby("patient_code")["at"].diff() / 24
    frame["course"] = (gap > rules.course_gap_days).groupby(frame["patient_code"]).cumsum() + 1
    frame["number"] = frame.groupby(_KEYS).cumcount() + 1
    pause = (gap > rules.induction_gap_days) & (frame["number"] > 1)
    paused = pause.groupby([frame[key] for key in _KEYS]).cummax()
    by_rule = ~paused & (frame["number"] <= rules.induction_max_sessions)
    frame["induction"] = by_rule.where(frame["phase"].isna(), frame["phase"] == "induction")
    return frame


def course_values(sessions: pd.DataFrame, assessments: pd.DataFrame, instrument: str) -> pd.DataFrame:
    """One row a course: baseline, end-of-induction score, sessions to response and durability.

    Columns: baseline, end_score (points), sessions_to_response, entry_days, durability_days (from the last
    induction session), lost (1 lost, 0 censored). Missing where they do not apply.
    """
    rules, scale = DEFAULT_RULES, INSTRUMENTS[instrument]
    courses = sessions.groupby(_KEYS).agg(start=("at", "min"), sessions=("at", "size")).reset_index()
    courses["next_start"] = courses.groupby("patient_code")["start"].shift(-1).fillna(np.inf)
    induced = sessions[sessions["induction"]].groupby(_KEYS)["at"].max().rename("induced").reset_index()
    courses = courses.merge(induced, on=_KEYS, how="left")
    later = sessions.merge(induced, on=_KEYS)
    later = later[later["at"] > later["induced"]].groupby(_KEYS)["at"].min().rename("retreated").reset_index()
    courses = courses.merge(later, on=_KEYS, how="left")
    courses["retreated"] = courses["retreated"].fillna(courses["next_start"])

    scores = assessments[assessments["instrument"] == instrument]
    day = scores["day"].astype(float) * 24 + rules.day_only_after_hours * (scores["timing"] == "after")
    scores = scores.assign(at=scores["hours"].fillna(day))[["patient_code", "at", "score"]].sort_values("at")
    merged = scores.merge(courses, on="patient_code")

    window = (merged["at"] <= merged["start"]) & (merged["at"] >= merged["start"] - 24 * rules.baseline_window_days)
    baseline = merged[window].groupby(_KEYS)["score"].last().rename("baseline")
    courses = courses.merge(baseline.reset_index(), on=_KEYS, how="left")
    courses.loc[courses["baseline"] <= scale.minimum, "baseline"] = np.nan
    merged = merged.merge(baseline.reset_index(), on=_KEYS)
    merged = merged[
        (merged["at"] > merged["start"]) & (merged["at"] <= merged["next_start"]) & (merged["baseline"] > scale.minimum)
    ]
    merged["improvement"] = 1 - (merged["score"] - scale.minimum) / (merged["baseline"] - scale.minimum)
    merged["responding"] = merged["improvement"] >= rules.response_improvement

    closing = merged[
        (merged["at"] > merged["induced"])
        & (merged["at"] <= merged["induced"] + 24 * rules.end_of_induction_days)
        & (merged["at"] <= merged["retreated"])
    ]
    end = closing.groupby(_KEYS).agg(end_score=("score", "last"), entry=("at", "last")).reset_index()
    courses = courses.merge(end, on=_KEYS, how="left")

    onset = merged[merged["responding"]].groupby(_KEYS)["at"].min().rename("onset").reset_index()
    received = sessions.merge(onset, on=_KEYS)
    counted = received[received["at"] < received["onset"]].groupby(_KEYS).size().rename("sessions_to_response")
    courses = courses.merge(counted.reset_index(), on=_KEYS, how="left")

    merged = merged.merge(end, on=_KEYS)
    ended = 1 - (merged["end_score"] - scale.minimum) / (merged["baseline"] - scale.minimum)
    merged = merged[ended >= rules.response_improvement]
    merged = merged[merged["at"] >= merged["entry"]]
    merged["lost"] = ~merged["responding"] & (merged["score"] >= scale.moderate)
    loss = merged[merged["lost"]].groupby(_KEYS)["at"].min().rename("loss")
    last = merged.groupby(_KEYS)["at"].max().rename("last")
    courses = courses.merge(last.reset_index(), on=_KEYS, how="left").merge(loss.reset_index(), on=_KEYS, how="left")
    # The course's own next session ends it, whenever the last score was; without one, the last score does.
    stop = courses["retreated"].where(courses["retreated"] < courses["next_start"], courses["last"])
    lost = courses["loss"].notna() & (courses["loss"] <= courses["retreated"])
    courses["lost"] = lost.astype(float).where(courses["last"].notna())
    courses["durability_days"] = (courses["loss"].where(lost, stop) - courses["induced"]) / 24
    courses.loc[courses["last"].isna(), "durability_days"] = np.nan
    courses["entry_days"] = (courses["entry"] - courses["induced"]) / 24
    return courses


def side_effect_shares(sessions: pd.DataFrame, effects: pd.DataFrame) -> dict[str, float]:
    """Share of the patients who were asked at least once that ever report each side effect."""
    asked = sessions[sessions["side_effects_asked"] == "yes"]
    patients = asked["patient_code"].nunique()
    reported = effects.drop_duplicates(["patient_code", "term"])
    reported = reported[reported["patient_code"].isin(asked["patient_code"])]
    return {term: int((reported["term"] == term).sum()) / max(patients, 1) for term in TERMS}


def fit_intercepts(
    model: ClinicModel = DEFAULT_MODEL, patients: int = 30_000, seed: int = 7
) -> dict[str, dict[str, float]]:
    """Intercepts with which the expected share of asked patients that ever report each effect is `Arm.effects`."""
    rng = np.random.default_rng(seed)
    people = draw_people(rng, patients, model)
    visits = draw_visits(rng, people, model)
    patient, number = np.nonzero(np.isfinite(visits.days))
    asked = rng.random(len(patient)) < np.array([a.asked_share for a in model.arms])[people.arm[patient]]
    patient, number = patient[asked], number[asked]
    target = np.array([[arm.effects[term] for term in TERMS] for arm in model.arms])
    low, high = np.full(target.shape, -14.0), np.full(target.shape, 4.0)
    starts = np.flatnonzero(np.append(True, np.diff(patient) > 0))
    arm = people.arm[patient[starts]]
    for _ in range(14):
        middle = (low + high) / 2
        chances = effect_chances(np.random.default_rng(seed + 1), people, patient, number, model, middle)
        never = np.exp(np.add.reduceat(np.log1p(-chances), starts, axis=0))
        ever = np.array([1 - never[arm == code].mean(axis=0) for code in range(len(model.arms))])
        low, high = np.where(ever < target, middle, low), np.where(ever < target, high, middle)
    middle = (low + high) / 2
    return {
        arm.route: {term: round(float(middle[code, k]), 2) for k, term in enumerate(TERMS)}
        for code, arm in enumerate(model.arms)
    }


def _kept_at(courses: pd.DataFrame, day: float) -> float:
    """Kaplan-Meier estimate, with delayed entry, of still being in response `day` days after induction."""
    kept = 1.0
    times = np.sort(
        courses.loc[(courses["lost"] == 1) & (courses["durability_days"] <= day), "durability_days"].unique()
    )
    entry, end, lost = (courses[name].to_numpy(dtype=float) for name in ("entry_days", "durability_days", "lost"))
    for time in times:
        at_risk = ((entry < time) & (end >= time)).sum()
        kept *= 1 - ((end == time) & (lost == 1)).sum() / at_risk
    return kept


def _number(figure: PublishedFigure, value: float) -> str:
    return f"{100 * value:.1f}%" if figure.unit == "share" else f"{value:.1f}"


if __name__ == "__main__":
    if sys.argv[1:] == ["fit"]:
        for route, terms in fit_intercepts().items():
            print(f"{route!r}: {terms},")
    else:
        print(comparison([figures(generate(1_500, seed)) for seed in range(1, 6)])[0])
