"""Section 2, 3 and 5 of the clinical definitions read plainly: records to courses and their values, in pandas.

Written apart from the product's own derivation, under the default rules, so that each can be held to the other.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_models.definitions.instruments import INSTRUMENTS, Instrument
from data_models.definitions.rules import DEFAULT_RULES, ROUNDING
from sample_data.practice import SCALES

KEYS = ["patient_code", "course"]


def with_courses(sessions: pd.DataFrame) -> pd.DataFrame:
    """Sessions with `at` (hours), `course`, `number` in it and `induction`, by section 2 of the definitions.

    `complete`: the induction of the session's course is complete.
    """
    rules = DEFAULT_RULES
    frame = sessions.assign(at=sessions["hours"].fillna(sessions["day"].astype(float) * 24))
    frame = frame.sort_values(["patient_code", "at"], ignore_index=True)
    gap = frame.groupby("patient_code")["at"].diff() / 24
    frame["course"] = (gap > rules.course_gap_days).groupby(frame["patient_code"]).cumsum() + 1
    of_course = frame.groupby(KEYS)
    frame["number"] = of_course.cumcount() + 1
    first_drug = of_course["drug"].transform("first")
    planned = first_drug.map(
        {"ketamine": rules.induction_sessions_ketamine, "esketamine": rules.induction_sessions_esketamine}
    )
    pause = (gap > rules.induction_gap_days) & (frame["number"] > 1)
    paused = pause.groupby([frame[key] for key in KEYS]).cummax()
    by_rule = ~paused & (frame["number"] <= planned)
    frame["induction"] = by_rule.where(frame["phase"].isna(), frame["phase"] == "induction")
    received = frame["induction"].groupby([frame[key] for key in KEYS]).transform("sum")
    marked = (frame["phase"] == "induction").groupby([frame[key] for key in KEYS]).transform("sum")
    frame["complete"] = (received >= planned) | (marked >= rules.induction_min_sessions)
    return frame


def course_status(sessions: pd.DataFrame, assessments: pd.DataFrame, patients: pd.DataFrame) -> pd.DataFrame:
    """One row a course: what of it had ended when the records were looked through.

    Columns: induction_sessions, patient_sessions (of all courses), drug and route (missing: several), going_on,
    early_stop (1, 0; missing: not yet to be said).
    """
    rules = DEFAULT_RULES
    courses = sessions.groupby(KEYS).agg(
        last=("at", "max"), complete=("complete", "first"), induction_sessions=("induction", "sum")
    )
    for name in ("drug", "route"):
        several = sessions.groupby(KEYS)[name].agg(["first", "nunique"])
        courses[name] = several["first"].where(several["nunique"] == 1)
    induced = sessions[sessions["induction"]].groupby(KEYS)["at"].max()
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
    courses = sessions.groupby(KEYS).agg(start=("at", "min"), complete=("complete", "first")).reset_index()
    courses["next_start"] = courses.groupby("patient_code")["start"].shift(-1).fillna(np.inf)
    induced = sessions[sessions["induction"]].groupby(KEYS)["at"].max().rename("induced").reset_index()
    courses = courses.merge(induced, on=KEYS, how="left")
    later = sessions.merge(induced, on=KEYS)
    later = later[later["at"] > later["induced"]].groupby(KEYS)["at"].min().rename("retreated").reset_index()
    courses = courses.merge(later, on=KEYS, how="left")
    courses["retreated"] = courses["retreated"].fillna(courses["next_start"])

    merged = on_the_clock(assessments, instrument).merge(courses, on="patient_code")
    window = (merged["at"] <= merged["start"]) & (merged["at"] >= merged["start"] - 24 * rules.baseline_window_days)
    baseline = merged[window].groupby(KEYS)["score"].last().rename("baseline").reset_index()
    courses = courses.merge(baseline, on=KEYS, how="left")
    merged = merged.merge(baseline, on=KEYS)
    merged = merged[(merged["at"] > merged["start"]) & (merged["at"] <= merged["next_start"])]
    merged = merged[merged["baseline"] >= scale.moderate].sort_values([*KEYS, "at"], ignore_index=True)
    judged = merged.groupby(KEYS).size().rename("scores").reset_index()
    courses["evaluable"] = courses.merge(judged, on=KEYS, how="left")["scores"].notna()
    merged["responding"] = responding(merged["score"], merged["baseline"], scale)

    onset = merged[merged["responding"]].groupby(KEYS)["at"].min().rename("onset").reset_index()
    received = sessions.merge(onset, on=KEYS)
    counted = received[received["at"] < received["onset"]].groupby(KEYS).size().rename("sessions_to_response")
    courses = courses.merge(counted.reset_index(), on=KEYS, how="left")

    first = merged[merged["complete"] & (merged["at"] > merged["induced"])].groupby(KEYS).first().reset_index()
    latest = np.minimum(first["induced"] + 24 * rules.end_of_induction_days, first["retreated"])
    first = first[first["at"] <= latest].assign(entry_days=lambda f: (f["at"] - f["induced"]) / 24)
    courses = courses.merge(first[[*KEYS, "score"]].rename(columns={"score": "end_score"}), on=KEYS, how="left")
    entered = first[first["responding"] & (first["entry_days"] <= rules.durability_entry_within_days)]
    entered = entered.assign(entry=entered["at"])[[*KEYS, "entry", "entry_days"]]

    # Lost is lost at two scores in a row, or at one that the patient's next session follows before the next score.
    merged["lost"] = ~merged["responding"] & (merged["score"] >= scale.moderate)
    of_course = merged.groupby(KEYS)
    again = of_course["lost"].shift(-1, fill_value=False)
    starts = sessions[["patient_code", "at"]].assign(session=sessions["at"]).sort_values("at")
    treated = pd.merge_asof(merged.sort_values("at"), starts, on="at", by="patient_code", direction="forward")
    following = treated.sort_values([*KEYS, "at"], ignore_index=True)["session"].fillna(np.inf)
    acted_on = following < of_course["at"].shift(-1).fillna(np.inf)
    merged["loss"] = merged["lost"] & (again | acted_on)
    merged["before"] = of_course["at"].shift(1)

    followed = merged.merge(entered, on=KEYS)
    last = followed.groupby(KEYS)["at"].max().rename("last").reset_index()
    loss = followed[followed["loss"] & (followed["at"] > followed["entry"])].groupby(KEYS).first().reset_index()
    courses = courses.merge(entered, on=KEYS, how="left").merge(last, on=KEYS, how="left")
    courses = courses.merge(loss[[*KEYS, "before", "at"]].rename(columns={"at": "loss"}), on=KEYS, how="left")
    courses["left"] = (courses["before"].fillna(courses["last"]) - courses["induced"]) / 24
    courses["right"] = (courses["loss"] - courses["induced"]) / 24
    lost_first = courses["loss"] <= courses["retreated"]
    retreated = ~lost_first & np.isfinite(courses["retreated"])
    end = courses["last"].mask(retreated, courses["retreated"]).mask(lost_first, courses["loss"])
    courses["durability_days"] = ((end - courses["induced"]) / 24).where(courses["entry"].notna())
    ending = pd.Series(np.select([lost_first, retreated], ["loss", "retreated"], "censored"), index=courses.index)
    courses["ending"] = ending.where(courses["entry"].notna())
    return courses


def responding(score: pd.Series, baseline: pd.Series, scale: Instrument) -> pd.Series:
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


def maintenance_gaps(sessions: pd.DataFrame, from_day: float, to_day: float) -> pd.Series:
    """Days between a maintenance session and the one before it, of those in these days since the course began."""
    start = sessions.groupby(KEYS)["at"].transform("min")
    gap = sessions.groupby(KEYS)["at"].diff() / 24
    return gap[~sessions["induction"] & ((sessions["at"] - start) / 24).between(from_day, to_day)]


def kept_at(curve: pd.DataFrame, day: float) -> float:
    """Kaplan-Meier estimate, with delayed entry, of not yet being `lost` `day` days after induction."""
    kept = 1.0
    entry, lost = curve["entry"].to_numpy(float), curve["lost"].to_numpy(float)
    end = np.where(np.isnan(lost), curve["last"].to_numpy(float), lost)
    for time in np.unique(lost[lost <= day]):
        kept *= 1 - (lost == time).sum() / ((entry < time) & (end >= time)).sum()
    return kept
