"""What is true in a simulated clinic: of the latent severity alone, by the titles of the cards.

Everything below is of courses whose true baseline is moderate or worse, unless it says otherwise. A patient's truth at
any time is judged on the error-free score (see `simulated_clinics`):

- in response: at least half better than the true baseline; in remission: 4 points or less; worse: 5 points up or more;
- onset: the first moment in response after the first session;
- loss: the first moment afterwards (of a duration: after the first visit in response) at which the improvement is under
  half *and* the error-free score moderate or worse (10); without error nothing needs to be confirmed;
- what happens to patients who left is part of the truth: they live on, treated elsewhere by the same policy.

Truths depend on when a clinic looks only where the question does ("at the end of induction": at the first visit after
the last induction session, whether or not the patient came; "at the last score").
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tests.benchmarks.simulated_clinics import (
    EFFECTS,
    MODERATE,
    PLANNED,
    STEP,
    Clinic,
    Ints,
    Scenario,
    improvement,
    simulate,
    untreated,
)

DAYS = (1, 7, 14, 28)
ENTRIES = tuple(half / 2 for half in range(1, 15))  # days after the last induction session at which a curve may begin
WINDOW = 110.0  # days after a course's start that are looked at
NEVER = 10**6  # a step that is never reached
REMISSION, WORSE = 4, 5
ENTRY_WITHIN, END_WITHIN = 7, 14
GOING_ON_DAYS = 90
FADE_BINS = ((0, 1), (5, 7), (10, 14), (21, 28))

Bools = NDArray[np.bool_]


def steps(days: Any) -> Any:
    """Days as whole steps."""
    return np.rint(np.asarray(days) / STEP).astype(np.int64)


def first(condition: Bools) -> Ints:
    """The first column in which each row holds; NEVER where none does."""
    return np.where(condition.any(axis=1), condition.argmax(axis=1), NEVER)


def following(condition: Bools) -> Ints:
    """At each column the first one after it in which the row holds; NEVER where none does."""
    column = np.where(condition, np.arange(condition.shape[1], dtype=np.int32), np.int32(NEVER))
    from_here = np.minimum.accumulate(column[:, ::-1], axis=1)[:, ::-1]
    return np.hstack((from_here[:, 1:], np.full((len(condition), 1), NEVER, dtype=np.int32)))


class Truth:
    """The truths of the courses of one clinic, a row a course, as arrays; `figures` sums them up."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        given = clinic.sessions
        begin = given[given["number"] == 1]
        self.patient: Ints = begin["patient"].to_numpy()
        self.course: Ints = begin["course"].to_numpy()
        self.start: Ints = steps(begin["day"])
        until = steps(clinic.recorded_until[self.patient])
        error_free = np.rint(clinic.severity)
        wanted = self.start[:, None] + np.arange(round(WINDOW / STEP))
        self.score = error_free[self.patient[:, None], np.minimum(wanted, error_free.shape[1] - 1)]
        self.baseline = self.score[:, 0]
        self.in_response: Bools = self.score <= self.baseline[:, None] / 2
        self.lost: Bools = ~self.in_response & (self.score >= MODERATE)
        # Rows of the courses, by their patient and number.
        self._row = pd.Series(np.arange(len(begin)), index=pd.MultiIndex.from_arrays([self.patient, self.course]))
        self.last_induction = self._at(given[given["number"] == PLANNED])
        after = np.minimum(self._at(given[given["number"] == PLANNED + 1]), self.next_course)
        self.next_session = np.where(self.last_induction < NEVER, after, NEVER)
        self.recorded_steps = np.minimum(until - self.start, self.next_course)
        # The record: of this course alone, and only up to its end.
        self.complete: Bools = (self.last_induction < NEVER) & (self.last_induction <= until - self.start)
        last = given[clinic.recorded(given)].groupby(["patient", "course"])["day"].max()
        known = clinic.patients["observed_until_weeks"].to_numpy()[self.patient] * 7.0
        self.going_on = known - last.reindex(self._row.index).to_numpy() < GOING_ON_DAYS

    def _at(self, rows: pd.DataFrame) -> Ints:
        """For each course the step of its row since the course's start; NEVER without one."""
        place = self._row.reindex(pd.MultiIndex.from_frame(rows[["patient", "course"]])).to_numpy()
        found = np.full(len(self.patient), NEVER)
        found[place] = steps(rows["day"]) - self.start[place]
        return found

    @cached_property
    def next_course(self) -> Ints:
        """Steps to the patient's next course."""
        again = self._row.reindex(pd.MultiIndex.from_arrays([self.patient, self.course + 1])).to_numpy()
        follows = ~np.isnan(again)
        return np.where(follows, self.start[np.where(follows, again, 0).astype(int)] - self.start, NEVER)

    @cached_property
    def visits(self) -> pd.DataFrame:
        """Every visit after the course's first session and up to the next course, in the record or not.

        Columns row (of the course), at (step since its start), recorded.
        """
        seen = self.clinic.visits
        tables = []
        for number in np.unique(self.course):
            rows = self._row.reindex(pd.MultiIndex.from_product([seen["patient"], [number]])).to_numpy()
            of = ~np.isnan(rows)
            row = rows[of].astype(int)
            at = steps(seen["day"])[of] - self.start[row]
            theirs = pd.DataFrame({"row": row, "at": at, "recorded": self.clinic.recorded(seen)[of]})
            tables.append(theirs[(at > 0) & (at <= self.next_course[row]) & (at < self.score.shape[1])])
        return pd.concat(tables, ignore_index=True)

    @cached_property
    def end_visit(self) -> tuple[Ints, Bools]:
        """The step of the first visit after the last induction session, within 14 days and before the next session;
        whether it is in the record."""
        seen = self.visits
        row, at = seen["row"].to_numpy(), seen["at"].to_numpy()
        fits = (at > self.last_induction[row]) & (at <= self.last_induction[row] + steps(END_WITHIN))
        found = seen[fits & (at <= self.next_session[row])].groupby("row").first()
        step, recorded = np.full(len(self.patient), NEVER), np.zeros(len(self.patient), dtype=bool)
        step[found.index], recorded[found.index] = found["at"], found["recorded"]
        return step, recorded

    def judged(self, at: Ints) -> dict[str, Bools]:
        """Response, remission and worse at a step of each course; False where it is NEVER."""
        rows = np.arange(len(at))
        score = self.score[rows, np.minimum(at, self.score.shape[1] - 1)]
        known = at < NEVER
        return {
            "response": known & (score <= self.baseline / 2),
            "remission": known & (score <= REMISSION),
            "worse": known & (score - self.baseline >= WORSE),
        }

    # --- what it comes to ------------------------------------------------------------------------

    def figures(self) -> dict[str, tuple[float, float]]:
        """Sum and count of each figure; its truth is their ratio over many clinics."""
        found: dict[str, tuple[float, float]] = {}
        ill = self.baseline >= MODERATE

        def put(name: str, has: NDArray[Any], of: Bools) -> None:
            found[name] = (float(np.asarray(has, dtype=float)[of].sum()), float(of.sum()))

        self._rates(put, ill)
        self._starts(put, ill)
        self._lasts(put, ill)
        self._fades(put, found, ill)
        self._side_effects(found)
        return found

    def _rates(self, put: Any, ill: Bools) -> None:
        step, recorded = self.end_visit
        end = self.judged(step)
        seen = self.visits[self.visits["recorded"]].groupby("row")["at"].max()
        last = np.full(len(self.patient), NEVER)
        last[seen.index] = seen
        scored = ill & (last < NEVER)
        at_last = self.judged(last)
        until = np.arange(self.score.shape[1]) <= np.where(last < NEVER, last, 0)[:, None]
        after = np.arange(self.score.shape[1]) > 0
        measured = self.complete & recorded & ill
        of_end = self.complete & ill & (step < NEVER)
        for kind, ever in (("response", self.in_response), ("remission", self.score <= REMISSION)):
            put(f"{kind}, ever", (ever & until & after).any(axis=1), scored)
            put(f"{kind}, at the last score", at_last[kind], scored)
            put(f"{kind}, at the end of induction", end[kind], of_end)
            put(f"{kind}, at the end of induction, of all treated", measured & end[kind], ~self.going_on)
        put("worse, at the last score", at_last["worse"], scored)
        put("worse, at the end of induction", end["worse"], of_end)

    def _starts(self, put: Any, ill: Bools) -> None:
        response = self.in_response
        onset = first(response & (np.arange(response.shape[1]) > 0))
        for day in DAYS:
            put(f"onset by day {day}", onset <= steps(day), ill)
            put(f"response first seen by day {day}", self.first_seen <= steps(day), ill)
            put(f"in response on day {day}", response[:, steps(day)], ill)
        ninety = response[:, : steps(90)].sum(axis=1) * STEP
        put("days in response of 90 after the first session", ninety, ill)
        of = ill & self.complete
        rows = np.arange(len(of))
        zero = np.where(of, self.last_induction, 0)
        later = response[rows[:, None], np.minimum(zero[:, None] + np.arange(steps(90)), response.shape[1] - 1)]
        put("days in response of 90 after induction", later.sum(axis=1) * STEP, of)
        for day in DAYS:
            put(f"in response {day} days after induction", later[:, steps(day)], of)

    @cached_property
    def first_seen(self) -> Ints:
        """Step of the first visit in response, whether or not the patient came."""
        row, at = self.visits["row"].to_numpy(), self.visits["at"].to_numpy()
        responding = self.visits[self.in_response[row, at]].groupby("row")["at"].min()
        found = np.full(len(self.patient), NEVER)
        found[responding.index] = responding
        return found

    def _lasts(self, put: Any, ill: Bools) -> None:
        loss = following(self.lost)
        rows = np.arange(len(ill))
        whole = ill & (self.first_seen <= steps(WINDOW - 30))
        onset = np.where(whole, self.first_seen, 0)
        for day in DAYS[1:]:
            put(f"response lasts {day} days", loss[rows, onset] > onset + steps(day), whole)
        of = ill & self.complete & (self.last_induction < steps(WINDOW - 30))
        zero = np.where(of, self.last_induction, 0)
        alone = following(self._without_sessions(zero))
        treated = self.next_session - zero
        for entry in ENTRIES:
            begins = zero + steps(entry)
            there = of & self.in_response[rows, begins] & (self.next_session > begins)
            lost = loss[rows, begins] - zero
            lost_alone = alone[:, steps(entry)]
            for day in (day for day in DAYS[1:] if day >= entry):
                at = steps(day)
                put(f"lost by day {day} after induction, from {entry:g}", lost <= at, there)
                put(f"lost first by day {day}, from {entry:g}", (lost <= at) & (lost <= treated), there)
                put(f"re-treated first by day {day}, from {entry:g}", (treated <= at) & (treated < lost), there)
                put(f"in response untreated on day {day}, from {entry:g}", np.minimum(lost, treated) > at, there)
                put(f"lost by day {day} if not re-treated, from {entry:g}", lost_alone <= at, there)

    def _without_sessions(self, zero: Ints) -> Bools:
        """Whether response would be lost at each step after the last induction session with no session after it."""
        days = np.arange(round(30 / STEP)) * STEP
        sessions = self.clinic.sessions
        last = sessions[sessions["number"] == PLANNED]
        place = self._row.reindex(pd.MultiIndex.from_frame(last[["patient", "course"]])).to_numpy()
        people = {name: column.to_numpy()[last["patient"]][:, None] for name, column in self.clinic.patients.items()}
        before, after = last["before"].to_numpy()[:, None], last["after"].to_numpy()[:, None]
        score = np.rint(
            untreated(people, last["day"].to_numpy()[:, None] + days) * (1 - improvement(before, after, days, people))
        )
        found = np.zeros((len(zero), len(days)), dtype=bool)
        found[place] = (score > self.baseline[place, None] / 2) & (score >= MODERATE)
        return found

    def _fades(self, put: Any, found: dict[str, tuple[float, float]], ill: Bools) -> None:
        """How improvement runs after a session if no other followed.

        By bins: the change from the score before, in points, mean over all recorded sessions. As a curve: the
        improvement on the course's baseline, in percent of it, of sessions from the sixth of a course on (by then it
        has built up), mean over patients.
        """
        given = self.clinic.sessions
        place = self._row.reindex(pd.MultiIndex.from_frame(given[["patient", "course"]])).to_numpy()
        recorded = self.clinic.recorded(given) & ill[place]
        day, before, after = (given[name].to_numpy() for name in ("day", "before", "after"))
        people = {name: column.to_numpy()[given["patient"]] for name, column in self.clinic.patients.items()}
        own = np.rint(untreated(people, day) * (1 - before))

        def later(days: float) -> NDArray[Any]:
            return np.rint(untreated(people, day + days) * (1 - improvement(before, after, days, people)))

        for low, high in FADE_BINS:
            mean = np.mean([later(days) for days in np.linspace(low, high, 7)[1:-1:2]], axis=0)
            put(f"change {low} to {high} days after a session", mean - own, recorded)
        built_up = (given["number"].to_numpy() >= PLANNED) & ill[place]
        share = built_up / np.maximum(np.bincount(given["patient"], built_up), 1)[given["patient"]]
        patients = np.unique(given["patient"][built_up]).size
        for days in DAYS:
            value = 1 - later(days) / self.baseline[place]
            found[f"improvement {days} days after a session"] = (float((value * share).sum()), float(patients))

    def _side_effects(self, found: dict[str, tuple[float, float]]) -> None:
        given = self.clinic.sessions[self.clinic.recorded(self.clinic.sessions) & self.clinic.sessions["asked"]]
        for term in EFFECTS:
            has = given.groupby("patient")[term].max()
            found[f"{term}, per patient"] = (float(has.sum()), float(len(has)))
            found[f"{term}, per session"] = (float(given[term].sum()), float(len(given)))


def truths(scenario: Scenario, patients: int, seed: int) -> dict[str, float]:
    """The truths of a scenario, from a very large clinic simulated in parts."""
    sums: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    random = np.random.default_rng([seed, 1])
    part = 2500
    for _ in range(max(1, patients // part)):
        for name, (total, count) in Truth(simulate(scenario, min(part, patients), random)).figures().items():
            sums[name] += total  # type: ignore[assignment]
            counts[name] += count  # type: ignore[assignment]
    return {name: sums[name] / counts[name] if counts[name] else float("nan") for name in sums}
