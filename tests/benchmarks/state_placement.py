"""Where a change of state is placed, and what is taken of a course past its last score: which comes nearest the truth?

    python tests/benchmarks/state_placement.py --clinics 100

Of the simulated clinics of `coverage.py`, whose scores go straight into the estimator: bias of the share in response at
days 7, 14 and 28 and of the days in response of the first 90, and how often their intervals hold the truth. Beside the
product's way ("middle") three others, each made by changing what the estimator is given:

- late: a change counts from the score that shows it;
- held: a course whose last score is past counts, for 30 days, as one that could have changed and did not;
- out: a course does not come in again once 30 days went by without a score.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from data_models.outcomes.states import StateCurves, by_day, spans_of_scores, state_curves
from tests.benchmarks.simulated_clinics import MODERATE, SCENARIOS, Clinic, Scenario, simulate
from tests.benchmarks.simulated_truth import truths

HOLD, DAYS, RESPONSE = 30.0, 90, 2
AT = (7, 14, 28)
WAYS = ("middle", "late", "held", "out")


def scores_of(clinic: Clinic) -> pd.DataFrame:
    """Scores of first courses with a baseline of at least moderate severity: patient, day, state."""
    seen = clinic.visits[clinic.recorded(clinic.visits)]
    begins = clinic.sessions[clinic.sessions["number"] == 1].groupby("patient")["day"].nth(1)
    first = seen.groupby("patient")["score"].transform("first")
    again = clinic.sessions["patient"].loc[begins.index]
    until = seen["patient"].map(dict(zip(again, begins, strict=True))).fillna(np.inf)
    improved = (first - seen["score"]) / first.clip(1)
    state = np.where(improved >= 0.5, RESPONSE, np.where(improved >= 0.25, 1, 0))
    kept = (first >= MODERATE) & (seen["day"] <= until) & (seen["day"] <= DAYS + HOLD)
    found = pd.DataFrame({"patient": seen["patient"], "day": seen["day"], "state": state})[kept]
    return found[found.groupby("patient")["day"].transform("size") > 1].sort_values(["patient", "day"])


def changed(scores: pd.DataFrame, way: str) -> pd.DataFrame:
    """The scores, as another way would read them."""
    of = scores.groupby("patient")
    if way == "late":  # the state before is seen again just before each score
        before = scores.assign(day=scores["day"] - 1e-4, state=of["state"].shift())
        before = before[before["state"].notna() & (of["day"].diff() <= HOLD)]
        scores = pd.concat([before.astype({"state": int}), scores])
    elif way == "held":  # the last state is seen again at the end of its hold, and that before a long gap
        gap = -of["day"].diff(-1)
        scores = pd.concat([scores, scores.assign(day=scores["day"] + HOLD)[(gap > HOLD) | gap.isna()]])
    elif way == "out":
        scores = scores[(of["day"].diff() > HOLD).groupby(scores["patient"]).cumsum() == 0]
    return scores.sort_values(["patient", "day"], kind="stable")


def curves(scores: pd.DataFrame) -> StateCurves:
    """What the estimator says of them."""
    patient, day = scores["patient"].to_numpy(np.int64), scores["day"].to_numpy(float)
    spans = spans_of_scores(patient, patient, day, scores["state"].to_numpy(np.int64), day + HOLD, HOLD)
    return state_curves(by_day(spans), DAYS, times=np.arange(DAYS + 1), linear=True)


def study(scenario: Scenario, clinics: int, patients: int, seed: int) -> None:
    """Print a row a way."""
    known = truths(scenario, 10_000, seed)
    truth = [known[f"in response on day {day}"] for day in AT] + [
        known["days in response of 90 after the first session"]
    ]
    found: dict[str, list[list[tuple[float, float, float]]]] = {way: [] for way in WAYS}
    for number in range(clinics):
        scores = scores_of(simulate(scenario, patients, np.random.default_rng([seed, 2, number])))
        for way in WAYS:
            of = curves(changed(scores, way))
            made = [tuple(float(end[day, RESPONSE]) for end in (of.share, of.low, of.high)) for day in AT]
            made.append(tuple(float(end[RESPONSE]) for end in (of.spent, of.spent_low, of.spent_high)))
            found[way].append(made)
    said = ", ".join(f"{100 * share:.1f}%" for share in truth[:-1])
    print(f"\n{scenario.title}; the truth: {said}; {truth[-1]:.1f} days")
    for way, rows in found.items():
        value, low, high = np.moveaxis(np.array(rows), 2, 0)
        bias, held = value.mean(axis=0) - truth, ((low <= truth) & (truth <= high)).mean(axis=0)
        shares = ", ".join(f"{100 * b:+.1f} ({100 * h:.0f}%)" for b, h in zip(bias[:-1], held[:-1], strict=True))
        print(f"{way:7} {shares}; {bias[-1]:+.1f} days ({100 * held[-1]:.0f}%)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--clinics", type=int, default=100)
    parser.add_argument("--patients", type=int, default=150)
    parser.add_argument("--seed", type=int, default=20261201)
    parser.add_argument("--scenario", choices=SCENARIOS, action="append")
    chosen = parser.parse_args()
    print("Bias in points at days 7, 14, 28 and in days of 90; in brackets, how often the interval held the truth.")
    for key in chosen.scenario or ("daily", "weekly", "going_on"):
        study(SCENARIOS[key], chosen.clinics, chosen.patients, chosen.seed)


if __name__ == "__main__":
    main()
