"""Coverage study: do the product's 95 % intervals hold the truth in 95 % of simulated clinics?

Run `python tests/benchmarks/coverage.py` for 1,000 clinics of 200 patients (a few seconds); options
`--clinics`, `--patients`, `--seed`. It prints one row an interval: how often it held the truth, its
mean width, and the same for the naive method that a reader might use instead.

The simulator is compact and knows its truth: some patients come back for a second course that goes
like their first; side effects are beta-binomial within patient (strong clustering); loss of response
and re-treatment are competing exponential times with delayed entry at the end-of-induction score;
changes between sessions share a patient effect, with unequal numbers of scores.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from data_models.outcomes.competing import aalen_johansen
from data_models.outcomes.proportions import PatientSums, clustered, clustered_mean, difference, per_course, wilson
from data_models.outcomes.survival import kaplan_meier

Floats = NDArray[np.float64]
Bounds = tuple[float | None, float | None]

RESPONSE = 0.536  # McInnes 2022, after induction
SECOND_COURSE = 0.25
EFFECT_RATES = {"dissociation": 0.36, "nausea": 0.13, "vomiting": 0.03}
CLUSTERING = 0.4  # correlation of two sessions of one patient
LOSS_A_DAY = math.log(1 / 0.6) / 56  # 60 % still in response at 8 weeks
RETREATED_A_DAY = 1 / 40
AT_DAYS = 28.0
FADE_MEAN, FADE_BETWEEN, FADE_WITHIN = -3.0, 3.5, 2.5

LOSS_FREE_AT = math.exp(-LOSS_A_DAY * AT_DAYS)
LOST_AT = LOSS_A_DAY / (LOSS_A_DAY + RETREATED_A_DAY) * (1 - math.exp(-(LOSS_A_DAY + RETREATED_A_DAY) * AT_DAYS))


@dataclass
class Tally:
    """How often an interval held the truth, lay wholly above or wholly below it, and its widths."""

    truth: float
    clinics: int = 0
    held: int = 0
    above: int = 0
    below: int = 0
    widths: list[float] = field(default_factory=list)

    def add(self, bounds: Bounds) -> None:
        low, high = bounds
        assert low is not None
        assert high is not None
        self.clinics += 1
        self.above += low > self.truth
        self.below += high < self.truth
        self.held += low <= self.truth <= high
        self.widths.append(high - low)

    @property
    def coverage(self) -> float:
        return self.held / self.clinics


def sums_of(x: Floats, n: Floats) -> PatientSums:
    """Sums over patients; those without a session are not among them."""
    x, n = x[n > 0], n[n > 0]
    return PatientSums(len(n), x.sum(), n.sum(), x @ x, x @ n, n @ n, (x > 0).sum(), (x < n).sum())


def simulate_response(random: np.random.Generator, patients: int) -> PatientSums:
    """Responses of first courses, and of second ones that repeat the first in two thirds of cases."""
    first = random.random(patients) < RESPONSE
    fresh = random.random(patients) < RESPONSE
    second = np.where(random.random(patients) < 2 / 3, first, fresh)
    again = random.random(patients) < SECOND_COURSE
    return sums_of(first + second * again * 1.0, 1.0 + again)


def simulate_sessions(random: np.random.Generator, patients: int, rate: float) -> PatientSums:
    """Asked sessions with an effect: beta-binomial; a fifth leave after the first session."""
    strength = 1 / CLUSTERING - 1
    own = random.beta(rate * strength, (1 - rate) * strength, patients)
    sessions = np.where(random.random(patients) < 0.2, 1, random.integers(4, 13, patients))
    return sums_of(random.binomial(sessions, own).astype(float), sessions.astype(float))


def simulate_durability(random: np.random.Generator, patients: int) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Entry, exit and end (0 censored, 1 loss, 2 re-treated) of those in response when they enter."""
    entry = np.round(random.uniform(0.1, 7.0, patients), 2)
    loss, again = random.exponential(1 / LOSS_A_DAY, patients), random.exponential(1 / RETREATED_A_DAY, patients)
    last = entry + random.exponential(90.0, patients)
    ends = np.minimum(np.minimum(loss, again), last)
    kinds = np.where(ends == loss, 1, np.where(ends == again, 2, 0))
    seen = (ends > entry) & (random.random(patients) < RESPONSE)
    return entry[seen], ends[seen], kinds[seen]


def simulate_fade(random: np.random.Generator, patients: int) -> PatientSums:
    """Changes at days 5 to 7, whole points; a third of the patients give none."""
    scores = np.where(random.random(patients) < 1 / 3, 0, random.geometric(0.35, patients)).astype(float)
    own = FADE_MEAN + FADE_BETWEEN * random.standard_normal(patients)
    noise = FADE_WITHIN * random.standard_normal(patients) * np.sqrt(scores)
    return sums_of(scores * own + noise, scores)


def study(clinics: int, patients: int, seed: int) -> dict[str, dict[str, Tally]]:
    """Tallies per figure: the product's method under "ours", the naive one under "naive"."""
    random = np.random.default_rng(seed)
    results: dict[str, dict[str, Tally]] = {}

    def tally(figure: str, method: str, truth: float, bounds: Callable[[], Bounds]) -> None:
        results.setdefault(figure, {}).setdefault(method, Tally(truth)).add(bounds())

    for _ in range(clinics):
        response = simulate_response(random, patients)
        ours = per_course(response)
        plain = wilson(response.x, response.n)
        tally("response share", "ours", RESPONSE, lambda p=ours: (p.low, p.high))
        tally("response share", "naive", RESPONSE, lambda p=plain: (p.low, p.high))
        shares = {}
        for name, rate in EFFECT_RATES.items():
            sums = simulate_sessions(random, patients, rate)
            shares[name] = clustered(sums)
            plain = wilson(sums.x, sums.n)
            figure = f"{name} per session"
            tally(figure, "ours", rate, lambda p=shares[name]: (p.low, p.high))
            tally(figure, "naive", rate, lambda p=plain: (p.low, p.high))
        other = clustered(simulate_sessions(random, patients // 2, 0.25))
        gap = difference(shares["dissociation"], other)
        tally("difference of two session rates", "ours", 0.11, lambda d=gap: (d.low, d.high))
        entry, ends, kinds = simulate_durability(random, patients)
        curve = kaplan_meier(ends, kinds == 1, entries=entry).at(AT_DAYS)
        lost = aalen_johansen(ends, kinds, entries=entry).at(AT_DAYS, 1)
        tally("in response at 28 days, Kaplan-Meier", "ours", LOSS_FREE_AT, lambda c=curve: c[1:])
        tally("lost by 28 days, Aalen-Johansen", "ours", LOST_AT, lambda c=lost: c[1:])
        naive = (1 - curve[2], 1 - curve[1])
        tally("lost by 28 days, Aalen-Johansen", "naive", LOST_AT, lambda b=naive: b)
        fade = simulate_fade(random, patients)
        mean = clustered_mean(fade)
        # The naive interval takes all scores as independent; their variance is known here.
        half = 1.96 * math.sqrt((FADE_BETWEEN**2 + FADE_WITHIN**2) / fade.n)
        middle = fade.x / fade.n
        tally("fade mean at days 5 to 7", "ours", FADE_MEAN, lambda m=mean: (m.low, m.high))
        tally("fade mean at days 5 to 7", "naive", FADE_MEAN, lambda m=middle, h=half: (m - h, m + h))
    return results


def table(results: dict[str, dict[str, Tally]]) -> str:
    """The tallies as text, one row a figure and method."""
    lines = [f"{'figure':<40}{'method':<8}{'truth':>8}{'coverage':>10}{'above':>8}{'below':>8}{'width':>8}"]
    for figure, methods in results.items():
        for method, t in methods.items():
            lines.append(
                f"{figure:<40}{method:<8}{t.truth:>8.3f}{t.coverage:>10.3f}"
                f"{t.above / t.clinics:>8.3f}{t.below / t.clinics:>8.3f}{np.nanmean(t.widths):>8.3f}"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--clinics", type=int, default=1000)
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261123)
    chosen = parser.parse_args()
    print(f"{chosen.clinics} clinics of {chosen.patients} patients, seed {chosen.seed}")
    print(table(study(chosen.clinics, chosen.patients, chosen.seed)))


if __name__ == "__main__":
    main()
