"""Clinics whose truth is known: patients with a latent severity, what a clinic does with them, what it writes down.

Made for `coverage.py`; shares nothing with the generator of the sample or with any estimator. Time runs in steps of
three hours. Each patient has

- a severity of their own, with a slow trend;
- a depth that sessions can reach (a quarter of the patients hardly any), how far one session goes towards it, how fast
  it sets in (hours) and how the improvement fades: half of it after a half-life of their own, along
  2 ** -((days / half-life) ** shape) with a shape of their own, so neither exponential nor the same for two of them.

The *error-free score* is the latent severity in whole points: what the scale would say without measurement error. The
truth of a patient is a function of it and of nothing that was written down. The clinic sees error-free score + noise at
its visits, and plans sessions and loses patients by what it sees. Who leaves goes on living: treated elsewhere by the
same policy and no longer recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
People = Mapping[str, NDArray[Any]]

STEP = 0.125  # days
LOWEST, HIGHEST = 0.0, 27.0  # PHQ-9
MODERATE = 10
PLANNED = 6  # sessions of an induction
TWICE_A_WEEK = (0.0, 3.0, 7.0, 10.0, 14.0, 17.0)
THREE_A_WEEK = (0.0, 2.0, 4.0, 7.0, 9.0, 11.0)
EFFECTS = {"nausea": 0.13, "dissociation": 0.36, "vomiting": 0.03}
CLUSTERING = 0.4  # correlation of a side effect in two sessions of one patient


@dataclass(frozen=True)
class Scenario:
    """How a clinic works and what it writes down.

    Attributes
    ----------
    every_days : between two scores.
    noise : standard deviation of measurement error, in points.
    induction : days of the six sessions.
    early_or_late : days by which a session of induction may be, so that not all have theirs on the same day.
    treats : after induction: by "plan" (a fixed interval, for some), or by "score" (when response looks lost).
    leaves : chance to leave at a visit, in response and not.
    second : share of patients with a second course, more than 90 days after the first.
    going_on : share of patients that began in the last eight weeks.
    null : sessions do nothing; patients are taken in by a high score of the day.
    days : simulated.
    """

    key: str
    title: str
    every_days: float = 1.0
    noise: float = 0.0
    induction: tuple[float, ...] = THREE_A_WEEK
    early_or_late: float = 0.0
    treats: str = "plan"
    leaves: tuple[float, float] = (0.0, 0.0)
    second: float = 0.0
    going_on: float = 0.0
    null: bool = False
    days: float = 120.0


_WEEKLY = {"every_days": 7.0, "noise": 1.5, "induction": TWICE_A_WEEK, "early_or_late": 1.0, "leaves": (0.02, 0.06)}
SCENARIOS = {
    one.key: one
    for one in (
        Scenario("daily", "daily scores, exact"),
        Scenario("weekly", "weekly scores, noise SD 1.5, leaving and re-treatment by score", treats="score", **_WEEKLY),
        Scenario("weekly_plan", "weekly scores, noise SD 1.5, leaving by score, re-treatment by plan", **_WEEKLY),
        Scenario("null", "null treatment, weekly scores, noise SD 3, taken in by a high score", null=True,
                 treats="score", **{**_WEEKLY, "noise": 3.0}),
        Scenario("two_courses", "daily scores, exact, a quarter of patients with two courses", second=0.25, days=310.0),
        Scenario("going_on", "daily scores, exact, half of the patients began in the last eight weeks", going_on=0.5),
    )
}  # fmt: skip
FOLLOWED_DAYS = 110.0  # of scores after a course's start
TREATED_DAYS = 100.0  # no maintenance is planned later
OBSERVED_WEEKS = 60  # the record was looked through until then, where nothing is going on


@dataclass(frozen=True)
class Clinic:
    """Patients, latent and written down. Times in days since each patient's first session.

    Attributes
    ----------
    severity : without error, patient x step.
    sessions, visits : a row each, in order of time within patients, also those after a patient left. `before` and
        `after`: the improvement as a share at a session, and where it leads. `score`: as seen, with noise.
    recorded_until : the last day that is in the record, by patient.
    """

    scenario: Scenario
    severity: NDArray[np.float32]
    patients: pd.DataFrame
    sessions: pd.DataFrame
    visits: pd.DataFrame
    recorded_until: Floats

    def recorded(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        """Which sessions or visits are in the record."""
        return np.asarray(rows["day"].to_numpy() <= self.recorded_until[rows["patient"].to_numpy()])

    def write(self, folder: Path, *, observed_until: bool = True, phases: bool = False) -> None:
        """Session records: what the clinic wrote down, as CSV files of the data contract.

        Parameters
        ----------
        observed_until : with the column `observed_until_weeks`.
        phases : with the phase of each session.
        """
        folder.mkdir(parents=True, exist_ok=True)
        codes = np.array([f"P{i}" for i in range(len(self.patients))])
        people = pd.DataFrame({"patient_code": codes, "clinic": self.patients["clinic"]})
        if observed_until:
            people["observed_until_weeks"] = self.patients["observed_until_weeks"]
        given = self.sessions[self.recorded(self.sessions)]
        of = codes[given["patient"]]
        sessions = pd.DataFrame({"patient_code": of, "hours": given["day"] * 24, "drug": "ketamine", "route": "iv",
                                 "side_effects_asked": np.where(given["asked"], "yes", "no")})  # fmt: skip
        if phases:
            sessions["phase"] = np.where(given["number"] <= PLANNED, "induction", "maintenance")
        seen = self.visits[self.recorded(self.visits)]
        scores = pd.DataFrame({"patient_code": codes[seen["patient"]], "hours": seen["day"] * 24,
                               "instrument": "phq9", "score": seen["score"]})  # fmt: skip
        effects = pd.concat(
            [
                pd.DataFrame({"patient_code": of[given[term] & given["asked"]], "term": term,
                              "hours": given["day"][given[term] & given["asked"]] * 24})
                for term in EFFECTS
            ]
        )  # fmt: skip
        for name, table in zip(
            ("patients", "sessions", "assessments", "side_effects"), (people, sessions, scores, effects), strict=True
        ):
            table.to_csv(folder / f"{name}.csv", index=False)


def drawn(random: np.random.Generator, scenario: Scenario, n: int) -> pd.DataFrame:
    """Patients before they are treated: severity, what sessions can do and how it fades, the clinic's plans."""
    if scenario.null:  # a score of at least 15 lets in: it is higher than it usually is for them
        candidates = random.normal(14.0, 4.0, 20 * n).clip(4.0, HIGHEST)
        first = np.rint(candidates + random.normal(0.0, scenario.noise, 20 * n))
        severity, first = (values[first >= 15][:n] for values in (candidates, first))
    else:
        severity = random.normal(17.5, 4.0, n).clip(6.0, HIGHEST)
        first = np.rint(np.rint(severity) + random.normal(0.0, 1.0, n) * scenario.noise)
    helped = random.random(n) < 0.75
    depth = np.where(helped, random.beta(6.0, 2.0, n), random.beta(1.2, 8.0, n)) * (not scenario.null)
    began = random.random(n) < scenario.going_on
    begun_days = random.uniform(7.0, 56.0, n)
    return pd.DataFrame(
        {
            "clinic": random.permutation(np.where(np.arange(n) % 2, "a", "b")),  # at random: no difference
            "severity": severity,
            "first_score": first.clip(LOWEST, HIGHEST),
            "depth": depth,
            "reach": random.beta(3.0, 2.5, n),  # of what is left to its depth, by one session
            "sets_in": 0.25 * np.exp(random.normal(0.0, 0.5, n)),  # days
            "half_life": 30.0 * np.exp(random.normal(0.0, 0.8, n)),  # days
            "shape": np.exp(random.normal(0.0, 0.25, n)),
            "trend": random.normal(-0.02, 0.05, n) * (not scenario.null),  # of the severity, in 90 days
            "maintained_every": np.where(random.random(n) < 0.5, random.choice([7.0, 14.0, 21.0], n), np.inf),
            "second": random.random(n) < scenario.second,
            "second_after": np.rint(random.uniform(95.0, 130.0, n)),
            "phase": _whole_steps(random.uniform(1.0, 7.0, n)),  # of weekly visits
            "going_on": began,
            "begun_days": np.where(began, begun_days, OBSERVED_WEEKS * 7.0),
            "observed_until_weeks": np.where(began, begun_days // 7, OBSERVED_WEEKS).astype(int),
        }
    )


def improvement(before: Floats, after: Floats, days: float | Floats, people: People) -> Floats:
    """The improvement some days after a session, as a share of the severity."""
    left = 2.0 ** -((days / people["half_life"]) ** people["shape"])
    return np.asarray(after * left - (after - before) * np.exp(-days / people["sets_in"]))


def untreated(people: People, day: float | Floats) -> Floats:
    """The severity without any session."""
    return np.asarray(people["severity"] * (1.0 + people["trend"] * day / 90.0))


def simulate(scenario: Scenario, n: int, random: np.random.Generator) -> Clinic:
    """A clinic of `n` patients from their first session on."""
    patients = drawn(random, scenario, n)
    people: People = {name: column.to_numpy() for name, column in patients.items()}
    everyone = np.arange(n)
    steps = round(scenario.days / STEP)
    severity = np.zeros((n, steps), dtype=np.float32)
    before, after, last = np.zeros(n), np.zeros(n), np.full(n, -np.inf)
    course, number, start = np.ones(n, dtype=int), np.zeros(n, dtype=int), np.zeros(n)
    next_session, next_visit = np.zeros(n), np.zeros(n)
    left = np.full(n, np.inf)
    responded = np.zeros(n, dtype=bool)
    baseline = people["first_score"]
    every, gap = people["maintained_every"], np.diff((*scenario.induction, np.inf))
    weekly = scenario.every_days > 1
    given: list[tuple[Ints | Floats, ...]] = []
    seen: list[tuple[Ints | Floats, ...]] = []
    for step in range(steps):
        day = step * STEP
        ill = untreated(people, day) * (1.0 - _now(before, after, day - last, people))
        severity[:, step] = ill.clip(LOWEST, HIGHEST)

        who = everyone[next_visit <= day]
        if who.size:
            score = np.rint(np.rint(severity[who, step]) + random.normal(0.0, 1.0, who.size) * scenario.noise)
            score = baseline[who] if step == 0 else score.clip(LOWEST, HIGHEST)
            seen.append((who, np.full(who.size, day), score))
            if weekly:
                next_visit[who] = people["phase"][who] if step == 0 else day + _gaps(random, who.size)
            else:
                next_visit[who] = day + scenario.every_days
            next_visit[who[day - start[who] >= FOLLOWED_DAYS]] = np.inf
            if step:
                well = score <= baseline[who] / 2
                leaving = random.random(who.size) < np.where(well, *scenario.leaves)
                left[who[leaving]] = np.minimum(left[who[leaving]], day)
                if scenario.treats == "score":
                    idle = (number[who] >= PLANNED) & np.isinf(next_session[who]) & (day < TREATED_DAYS)
                    again = random.random(who.size) < np.where(well, 0.0, np.where(responded[who], 0.8, 0.1))
                    again &= idle
                    next_session[who[again]] = day + random.integers(1, 4, again.sum())
                responded[who] |= well

        who = everyone[next_session <= day]
        if who.size:
            now = _now(before, after, day - last, people)[who]
            new = people["second"][who] & (number[who] >= PLANNED) & (day - last[who] > 90)
            start[who[new]], course[who[new]], number[who[new]] = day, 2, 0
            before[who] = now
            after[who] = now + people["reach"][who] * (people["depth"][who] - now).clip(0.0)
            last[who] = day
            number[who] += 1
            given.append((who, np.full(who.size, day), course[who], number[who], now, after[who]))
            induction = number[who] < PLANNED
            planned = day + np.where(induction, gap[np.minimum(number[who], PLANNED) - 1], every[who])
            planned[induction] += _whole_steps(random.uniform(-1.0, 1.0, induction.sum()) * scenario.early_or_late)
            if scenario.treats == "score":
                planned[~induction] = np.inf
            limit = TREATED_DAYS if not scenario.second else 60.0
            planned[~induction & (planned - start[who] > limit)] = np.inf
            comes_back = people["second"][who] & (course[who] == 1) & np.isinf(planned)
            planned[comes_back] = day + people["second_after"][who[comes_back]]
            next_session[who] = planned
            # The second course begins with a score, as the first did.
            next_visit[who[new]] = day + scenario.every_days
            seen.append((who[new], np.full(new.sum(), day), np.rint(severity[who[new], step])))
    sessions = _frame(given, ("patient", "day", "course", "number", "before", "after"))
    _add_side_effects(sessions, n, random)
    visits = _frame(seen, ("patient", "day", "score")).drop_duplicates(["patient", "day"], ignore_index=True)
    until = np.minimum(left, people["begun_days"])
    return Clinic(scenario, severity, patients, sessions, visits, until)


def _now(before: Floats, after: Floats, days: Floats, people: People) -> Floats:
    return improvement(before, after, np.minimum(days, 1e6), people)


def _gaps(random: np.random.Generator, n: int) -> Floats:
    """Days from one weekly visit to the next."""
    return 7.0 + _whole_steps(random.uniform(-1.0, 1.0, n))


def _whole_steps(days: Floats) -> Floats:
    return np.asarray(np.rint(days / STEP) * STEP)


def _frame(rows: list[tuple[Ints | Floats, ...]], names: tuple[str, ...]) -> pd.DataFrame:
    columns = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    frame = pd.DataFrame(dict(zip(names, columns, strict=True)))
    return frame.sort_values(["patient", "day"], kind="stable", ignore_index=True)


def _add_side_effects(sessions: pd.DataFrame, n: int, random: np.random.Generator) -> None:
    """Each effect is likelier in some patients than in others (beta-binomial); asked about in nine of ten sessions."""
    sessions["asked"] = random.random(len(sessions)) < 0.9
    strength = 1 / CLUSTERING - 1
    for term, rate in EFFECTS.items():
        own = random.beta(rate * strength, (1 - rate) * strength, n)
        sessions[term] = random.random(len(sessions)) < own[sessions["patient"]]
