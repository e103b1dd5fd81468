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
from numpy.typing import NDArray

from data_models.definitions.instruments import INSTRUMENTS, Instrument
from data_models.definitions.rules import DEFAULT_RULES, ROUNDING
from sample_data.generate import generate, simulate_clinic
from sample_data.literature import PUBLISHED, PublishedFigure
from sample_data.model import DEFAULT_MODEL, ClinicModel
from sample_data.practice import SCALES, draw_people, draw_visits, improvement
from sample_data.reactions import TERMS, effect_chances

SIDE_EFFECT_ROUTES = ("iv", "intranasal")
_KEYS = ["patient_code", "course"]


def figures(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Every figure of `literature.PUBLISHED` that has a counterpart in records, by its code.

    Courses of one route alone are those of the route: who was given several is in none.

    Parameters
    ----------
    tables : session records, as `generate` gives them.
    """
    sessions = with_courses(tables["sessions"])
    courses = course_status(sessions, tables["assessments"], tables["patients"])
    alone = courses.dropna(subset=["route"]).set_index(_KEYS)["route"]
    of_course = pd.Series(alone.reindex(pd.MultiIndex.from_frame(sessions[_KEYS])).to_numpy(), index=sessions.index)
    found: dict[str, float] = {}
    for route in ("iv", "sublingual"):
        values = course_values(sessions[of_course == route], tables["assessments"], "phq9")
        measured = values[values["evaluable"]].dropna(subset=["end_score"])
        change = measured["end_score"] - measured["baseline"]
        responded = -change >= DEFAULT_RULES.response_improvement * measured["baseline"]
        found[f"{route}_response_at_end"] = float(responded.mean())
        found[f"{route}_remission_at_end"] = float(
            (measured["end_score"] <= (INSTRUMENTS["phq9"].remission or 0)).mean()
        )
        found[f"{route}_sessions_to_response"] = float(values["sessions_to_response"].median())
        followed = values.dropna(subset=["entry_days"])
        kept = kept_until(followed["entry_days"], followed["left"], followed["right"])
        for weeks in (4, 8):
            found[f"{route}_kept_{weeks}_weeks"] = float(kept[7 * weeks])
        found[f"{route}_median_days_kept"] = float(np.argmax(kept < 0.5)) if (kept < 0.5).any() else np.inf
    found |= _as_mcinnes_counted(sessions[of_course == "iv"], tables["assessments"])
    found |= _six_weeks_on(sessions[of_course == "iv"], tables["assessments"])
    found["delayed"] = delayed_share(sessions, tables["assessments"])
    decided = courses[(courses["course"] == 1) & courses["early_stop"].notna()]
    iv, nasal = (decided[decided["route"] == route] for route in ("iv", "intranasal"))
    found["iv_incomplete"] = float((iv["induction_sessions"] < 6).mean())
    found["iv_left_after_first"] = float((iv["patient_sessions"] == 1).mean())
    found["intranasal_completed"] = float((nasal["induction_sessions"] >= 8).mean())
    found["iv_days_between_month_5"] = float(maintenance_gaps(sessions[of_course == "iv"], 120, 165).median())
    iv_sessions = sessions[sessions["route"] == "iv"]
    found["iv_systolic_rise"] = float((iv_sessions["systolic_highest"] - iv_sessions["systolic_before"]).mean())
    found["iv_diastolic_rise"] = float((iv_sessions["diastolic_highest"] - iv_sessions["diastolic_before"]).mean())
    for route in SIDE_EFFECT_ROUTES:
        shares = side_effect_shares(sessions[sessions["route"] == route], tables["side_effects"])
        found |= {f"{route}_{term}": share for term, share in shares.items()}
    return found


def _as_mcinnes_counted(sessions: pd.DataFrame, assessments: pd.DataFrame) -> dict[str, float]:
    """Response, remission, worsening and lasting of IV courses as McInnes 2022 counted, as far as the abstract tells.

    Induction is four to eight infusions within 7 to 28 days. Response: the first PHQ-9 14 to 31 days after it, whatever
    it was before. Lasting: of those in response at the first PHQ-9 within 31 days after it, Kaplan-Meier to the first
    PHQ-9 without response (one is enough), censored at the next infusion. What the abstract leaves open and
    is assumed here: which PHQ-9 of a window counts, where the curve begins, what ends it.
    """
    values = course_values(sessions, assessments, "phq9")
    induced = sessions[sessions["induction"]].groupby(_KEYS)["at"].agg(["min", "max", "size"])
    lasted = (induced["max"] - induced["min"]) / 24
    kept = induced.index[induced["size"].between(4, 8) & lasted.between(7, 28)]
    values = values.set_index(_KEYS).loc[kept].reset_index().dropna(subset=["baseline"])
    scores = on_the_clock(assessments, "phq9").merge(
        values[[*_KEYS, "baseline", "induced", "retreated"]], on="patient_code"
    )
    scores["days"] = (scores["at"] - scores["induced"]) / 24
    scores = scores[scores["days"] > 0]
    scores["response"] = scores["score"] <= (1 - DEFAULT_RULES.response_improvement) * scores["baseline"]
    late = scores[scores["days"].between(14, 31)].groupby(_KEYS).first()
    change = late["score"] - late["baseline"]
    found = {
        "iv_response": float(late["response"].mean()),
        "iv_remission": float((late["score"] <= (INSTRUMENTS["phq9"].remission or 0)).mean()),
        "iv_worse": float((change >= (INSTRUMENTS["phq9"].least_change(1.0) or 0)).mean()),
    }
    untreated = scores[scores["at"] <= scores["retreated"]]
    first = untreated[untreated["days"] <= 31].groupby(_KEYS).first()
    followed = untreated.merge(first[first["response"]]["days"].rename("entry").reset_index(), on=_KEYS)
    followed = followed[followed["days"] >= followed["entry"]]
    curve = followed.groupby(_KEYS).agg(entry=("entry", "first"), last=("days", "last")).reset_index()
    lost = followed[~followed["response"]].groupby(_KEYS)["days"].first().rename("lost").reset_index()
    curve = curve.merge(lost, on=_KEYS, how="left")
    for weeks in (4, 8):
        found[f"iv_durable_{weeks}_weeks"] = _kept_at(curve, 7 * weeks)
    return found


def _six_weeks_on(sessions: pd.DataFrame, assessments: pd.DataFrame) -> dict[str, float]:
    """Response and remission at the PHQ-9 nearest 42 days after the first session, within a week of it."""
    values = course_values(sessions, assessments, "phq9")
    scores = on_the_clock(assessments, "phq9").merge(values[values["evaluable"]], on="patient_code")
    scores["off"] = ((scores["at"] - scores["start"]) / 24 - 42).abs()
    nearest = scores[scores["off"] <= 7].sort_values("off").groupby(_KEYS).first()
    response = float(_responding(nearest["score"], nearest["baseline"], INSTRUMENTS["phq9"]).mean())
    remission = float((nearest["score"] <= (INSTRUMENTS["phq9"].remission or 0)).mean())
    return {f"iv_response_{study}": response for study in ("oliver", "pfeiffer")} | {
        f"iv_remission_{study}": remission for study in ("oliver", "pfeiffer")
    }


def delayed_share(sessions: pd.DataFrame, assessments: pd.DataFrame) -> float:
    """Of courses with a PHQ-9 after session 3 and before session 5: less than 20 % better then, in response later."""
    values = course_values(sessions, assessments, "phq9")
    scores = on_the_clock(assessments, "phq9").merge(values[values["evaluable"]], on="patient_code")
    starts = sessions.pivot_table(index=_KEYS, columns="number", values="at")
    third, fifth = (starts[number].reindex(pd.MultiIndex.from_frame(scores[_KEYS])).to_numpy() for number in (3, 5))
    # A course of four sessions or less has no fifth: a month after the third is late.
    fifth = np.where(np.isnan(fifth), third + 30 * 24, fifth)
    gained = (scores["baseline"] - scores["score"]) / scores["baseline"]
    early = (
        scores[(scores["at"] > third) & (scores["at"] <= fifth)].assign(gained=gained).groupby(_KEYS)["gained"].max()
    )
    late = scores[scores["at"] > fifth].assign(gained=gained).groupby(_KEYS)["gained"].max().reindex(early.index)
    return float(((early < 0.2) & (late >= DEFAULT_RULES.response_improvement)).mean())


def maintenance_gaps(sessions: pd.DataFrame, from_day: float, to_day: float) -> pd.Series:
    """Days between a maintenance session and the one before it, of those in these days since the course began."""
    start = sessions.groupby(_KEYS)["at"].transform("min")
    gap = sessions.groupby(_KEYS)["at"].diff() / 24
    return gap[~sessions["induction"] & ((sessions["at"] - start) / 24).between(from_day, to_day)]


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
            f"{allowed:>11}  {figure.citation}{': ' + figure.otherwise if figure.otherwise else ''}"
        )
        if figure.tolerance is not None and not abs(values.mean() - figure.value) <= figure.tolerance:
            outside.append(figure.code)
    return "\n".join(lines), outside


def truth(patients: int = 40_000, seed: int = 1, model: ClinicModel = DEFAULT_MODEL) -> dict[str, float]:
    """The figures of a clinic so large that they are the truth of the model, for coverage studies.

    Besides `figures`: `latent_response`, the share of PHQ-9 patients with all sessions of an IV induction whose latent
    severity (no noise, nobody missing) is at most half of the untreated one 7 days after the last of them, and
    `iv_<term>_per_session`, the share of IV sessions in which a side effect happens (asked or not).
    """
    found = figures(generate(patients, seed, model))
    practice = simulate_clinic(patients, np.random.default_rng(seed), model)
    people, visits = practice.people, practice.visits
    iv = [arm.route for arm in model.arms].index("iv")
    of_iv = (people.arm == iv) & people.scales[:, SCALES.index("phq9")]
    who = np.flatnonzero(of_iv & (visits.induction == visits.planned))
    week_later = visits.days[who, visits.induction[who] - 1] + 7
    received = np.isfinite(week_later)  # induction may still have been going on
    who, week_later = who[received], week_later[received]
    shown = improvement(people, visits, who, week_later) * people.effect[who, SCALES.index("phq9")]
    found["latent_response"] = float((shown >= DEFAULT_RULES.response_improvement).mean())
    patient, number = practice.reactions.patient, practice.reactions.number
    chances = effect_chances(np.random.default_rng(seed), visits, patient, number, model)
    for term, share in zip(TERMS, chances[visits.arm[patient, number] == iv].mean(axis=0), strict=True):
        found[f"iv_{term}_per_session"] = float(share)
    return found


def with_courses(sessions: pd.DataFrame) -> pd.DataFrame:
    """Sessions with `at` (hours), `course`, `number` in it and `induction`, by section 2 of the definitions.

    `complete`: the induction of the session's course is complete.
    """
    rules = DEFAULT_RULES
    frame = sessions.assign(at=sessions["hours"].fillna(sessions["day"].astype(float) * 24))
    frame = frame.sort_values(["patient_code", "at"], ignore_index=True)
    gap = frame.groupby("patient_code")["at"].diff() / 24
    frame["course"] = (gap > rules.course_gap_days).groupby(frame["patient_code"]).cumsum() + 1
    of_course = frame.groupby(_KEYS)
    frame["number"] = of_course.cumcount() + 1
    first_drug = of_course["drug"].transform("first")
    planned = first_drug.map(
        {"ketamine": rules.induction_sessions_ketamine, "esketamine": rules.induction_sessions_esketamine}
    )
    pause = (gap > rules.induction_gap_days) & (frame["number"] > 1)
    paused = pause.groupby([frame[key] for key in _KEYS]).cummax()
    by_rule = ~paused & (frame["number"] <= planned)
    frame["induction"] = by_rule.where(frame["phase"].isna(), frame["phase"] == "induction")
    received = frame["induction"].groupby([frame[key] for key in _KEYS]).transform("sum")
    marked = (frame["phase"] == "induction").groupby([frame[key] for key in _KEYS]).transform("sum")
    frame["complete"] = (received >= planned) | (marked >= rules.induction_min_sessions)
    return frame


def course_status(sessions: pd.DataFrame, assessments: pd.DataFrame, patients: pd.DataFrame) -> pd.DataFrame:
    """One row a course: what of it had ended when the records were looked through.

    Columns: induction_sessions, patient_sessions (of all courses), drug and route (missing: several), going_on,
    early_stop (1, 0; missing: not yet to be said).
    """
    rules = DEFAULT_RULES
    courses = sessions.groupby(_KEYS).agg(
        last=("at", "max"), complete=("complete", "first"), induction_sessions=("induction", "sum")
    )
    for name in ("drug", "route"):
        several = sessions.groupby(_KEYS)[name].agg(["first", "nunique"])
        courses[name] = several["first"].where(several["nunique"] == 1)
    induced = sessions[sessions["induction"]].groupby(_KEYS)["at"].max()
    courses["induced"] = induced.reindex(courses.index).fillna(courses["last"])
    courses = courses.reset_index()
    courses["patient_sessions"] = courses["patient_code"].map(sessions.groupby("patient_code").size())
    until = pd.concat([
        sessions.groupby("patient_code")["at"].max(),
        pd.concat([on_the_clock(assessments, name) for name in SCALES]).groupby("patient_code")["at"].max(),
        patients.set_index("patient_code")["observed_until_weeks"].astype(float) * 7 * 24,
    ]).groupby(level=0).max()  # fmt: skip
    seen = courses["patient_code"].map(until)
    final = ~courses.duplicated("patient_code", keep="last")
    courses["going_on"] = final & (seen - courses["last"] < 24 * rules.course_gap_days)
    stopped = seen - courses["induced"] >= 24 * rules.induction_gap_days
    courses["early_stop"] = np.where(courses["complete"], 0.0, np.where(stopped, 1.0, np.nan))
    return courses


def on_the_clock(assessments: pd.DataFrame, instrument: str) -> pd.DataFrame:
    """Scores of one instrument with `at` (hours), in order of time."""
    scores = assessments[assessments["instrument"] == instrument]
    day = scores["day"].astype(float) * 24 + DEFAULT_RULES.day_only_after_hours * (scores["timing"] == "after")
    return scores.assign(at=scores["hours"].fillna(day))[["patient_code", "at", "score"]].sort_values(
        ["at", "patient_code"], ignore_index=True
    )


def course_values(sessions: pd.DataFrame, assessments: pd.DataFrame, instrument: str) -> pd.DataFrame:
    """One row a course: baseline, end-of-induction score, sessions to response and durability.

    Columns: baseline, evaluable, end_score (points; the first score after a complete induction), sessions_to_response;
    in days from the last induction session entry_days, left and right (between them response was lost; right missing:
    it was not), durability_days and ending (what came first: loss, retreated, or the last score: censored); induced
    and retreated, the last induction session and the next one (hours). Missing where they do not apply.
    """
    rules, scale = DEFAULT_RULES, INSTRUMENTS[instrument]
    courses = sessions.groupby(_KEYS).agg(start=("at", "min"), complete=("complete", "first")).reset_index()
    courses["next_start"] = courses.groupby("patient_code")["start"].shift(-1).fillna(np.inf)
    induced = sessions[sessions["induction"]].groupby(_KEYS)["at"].max().rename("induced").reset_index()
    courses = courses.merge(induced, on=_KEYS, how="left")
    later = sessions.merge(induced, on=_KEYS)
    later = later[later["at"] > later["induced"]].groupby(_KEYS)["at"].min().rename("retreated").reset_index()
    courses = courses.merge(later, on=_KEYS, how="left")
    courses["retreated"] = courses["retreated"].fillna(courses["next_start"])

    merged = on_the_clock(assessments, instrument).merge(courses, on="patient_code")
    window = (merged["at"] <= merged["start"]) & (merged["at"] >= merged["start"] - 24 * rules.baseline_window_days)
    baseline = merged[window].groupby(_KEYS)["score"].last().rename("baseline").reset_index()
    courses = courses.merge(baseline, on=_KEYS, how="left")
    merged = merged.merge(baseline, on=_KEYS)
    merged = merged[(merged["at"] > merged["start"]) & (merged["at"] <= merged["next_start"])]
    merged = merged[merged["baseline"] >= scale.moderate].sort_values([*_KEYS, "at"], ignore_index=True)
    judged = merged.groupby(_KEYS).size().rename("scores").reset_index()
    courses["evaluable"] = courses.merge(judged, on=_KEYS, how="left")["scores"].notna()
    merged["responding"] = _responding(merged["score"], merged["baseline"], scale)

    onset = merged[merged["responding"]].groupby(_KEYS)["at"].min().rename("onset").reset_index()
    received = sessions.merge(onset, on=_KEYS)
    counted = received[received["at"] < received["onset"]].groupby(_KEYS).size().rename("sessions_to_response")
    courses = courses.merge(counted.reset_index(), on=_KEYS, how="left")

    first = merged[merged["complete"] & (merged["at"] > merged["induced"])].groupby(_KEYS).first().reset_index()
    latest = np.minimum(first["induced"] + 24 * rules.end_of_induction_days, first["retreated"])
    first = first[first["at"] <= latest].assign(entry_days=lambda f: (f["at"] - f["induced"]) / 24)
    courses = courses.merge(first[[*_KEYS, "score"]].rename(columns={"score": "end_score"}), on=_KEYS, how="left")
    entered = first[first["responding"] & (first["entry_days"] <= rules.durability_entry_within_days)]
    entered = entered.assign(entry=entered["at"])[[*_KEYS, "entry", "entry_days"]]

    # Lost is lost at two scores in a row, or at one that the patient's next session follows before the next score.
    merged["lost"] = ~merged["responding"] & (merged["score"] >= scale.moderate)
    of_course = merged.groupby(_KEYS)
    again = of_course["lost"].shift(-1, fill_value=False)
    starts = sessions[["patient_code", "at"]].assign(session=sessions["at"]).sort_values("at")
    treated = pd.merge_asof(merged.sort_values("at"), starts, on="at", by="patient_code", direction="forward")
    following = treated.sort_values([*_KEYS, "at"], ignore_index=True)["session"].fillna(np.inf)
    acted_on = following < of_course["at"].shift(-1).fillna(np.inf)
    merged["loss"] = merged["lost"] & (again | acted_on)
    merged["before"] = of_course["at"].shift(1)

    followed = merged.merge(entered, on=_KEYS)
    last = followed.groupby(_KEYS)["at"].max().rename("last").reset_index()
    loss = followed[followed["loss"] & (followed["at"] > followed["entry"])].groupby(_KEYS).first().reset_index()
    courses = courses.merge(entered, on=_KEYS, how="left").merge(last, on=_KEYS, how="left")
    courses = courses.merge(loss[[*_KEYS, "before", "at"]].rename(columns={"at": "loss"}), on=_KEYS, how="left")
    courses["left"] = (courses["before"].fillna(courses["last"]) - courses["induced"]) / 24
    courses["right"] = (courses["loss"] - courses["induced"]) / 24
    lost_first = courses["loss"] <= courses["retreated"]
    retreated = ~lost_first & np.isfinite(courses["retreated"])
    end = courses["last"].mask(retreated, courses["retreated"]).mask(lost_first, courses["loss"])
    courses["durability_days"] = ((end - courses["induced"]) / 24).where(courses["entry"].notna())
    ending = pd.Series(np.select([lost_first, retreated], ["loss", "retreated"], "censored"), index=courses.index)
    courses["ending"] = ending.where(courses["entry"].notna())
    return courses


def _responding(score: pd.Series, baseline: pd.Series, scale: Instrument) -> pd.Series:
    gained = (baseline - score) / (baseline - scale.minimum)
    return gained >= DEFAULT_RULES.response_improvement - ROUNDING


def kept_until(entry: pd.Series, left: pd.Series, right: pd.Series, days: int = 120) -> NDArray[np.float64]:
    """Share still in response `0 .. days` days after induction, where loss is known to lie in (left, right] only.

    The daily chances of loss by expectation and maximisation, each patient at risk from `entry` on (Turnbull 1976, on a
    grid of days).
    """
    start, low = np.floor(entry.to_numpy(float)), np.floor(left.to_numpy(float))
    high = np.where(right.isna(), low, np.ceil(right.to_numpy(float)))
    day = np.arange(1, int(max(high.max(initial=0), days)) + 1)
    surely = (day > start[:, None]) & (day <= low[:, None])
    maybe = (day > np.maximum(low, start)[:, None]) & (day <= high[:, None])
    chance = np.full(len(day), 0.01)
    for _ in range(400):
        survived = np.cumprod(np.append(1.0, 1 - chance))
        each = maybe * survived[:-1] * chance
        each /= np.maximum(each.sum(axis=1, keepdims=True), 1e-300)
        not_yet = each[:, ::-1].cumsum(axis=1)[:, ::-1]  # lost on this day or a later one
        chance = each.sum(axis=0) / np.maximum((surely + not_yet).sum(axis=0), 1e-300)
    return np.cumprod(np.append(1.0, 1 - chance))


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
    asked = rng.random(len(patient)) < np.array([a.asked_share for a in model.arms])[visits.arm[patient, number]]
    # Shares are of each arm's patients in its own sessions.
    asked &= visits.arm[patient, number] == people.arm[patient]
    patient, number = patient[asked], number[asked]
    target = np.array([[arm.effects[term] for term in TERMS] for arm in model.arms])
    low, high = np.full(target.shape, -14.0), np.full(target.shape, 4.0)
    starts = np.flatnonzero(np.append(True, np.diff(patient) > 0))
    arm = people.arm[patient[starts]]
    for _ in range(14):
        middle = (low + high) / 2
        chances = effect_chances(np.random.default_rng(seed + 1), visits, patient, number, model, middle)
        never = np.exp(np.add.reduceat(np.log1p(-chances), starts, axis=0))
        ever = np.array([1 - never[arm == code].mean(axis=0) for code in range(len(model.arms))])
        low, high = np.where(ever < target, middle, low), np.where(ever < target, high, middle)
    middle = (low + high) / 2
    return {
        arm.route: {term: round(float(middle[code, k]), 2) for k, term in enumerate(TERMS)}
        for code, arm in enumerate(model.arms)
    }


def _kept_at(curve: pd.DataFrame, day: float) -> float:
    """Kaplan-Meier estimate, with delayed entry, of not yet being `lost` `day` days after induction."""
    kept = 1.0
    entry, lost = curve["entry"].to_numpy(float), curve["lost"].to_numpy(float)
    end = np.where(np.isnan(lost), curve["last"].to_numpy(float), lost)
    for time in np.unique(lost[lost <= day]):
        kept *= 1 - (lost == time).sum() / ((entry < time) & (end >= time)).sum()
    return kept


def _number(figure: PublishedFigure, value: float) -> str:
    if np.isinf(value):
        return "none"  # a median that is not reached
    return f"{100 * value:.1f}%" if figure.unit == "share" else f"{value:.1f}"


if __name__ == "__main__":
    if sys.argv[1:] == ["fit"]:
        for route, terms in fit_intercepts().items():
            print(f"{route!r}: {terms},")
    else:
        print(comparison([figures(generate(1_500, seed)) for seed in range(1, 6)])[0])
