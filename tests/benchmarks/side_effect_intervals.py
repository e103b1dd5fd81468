"""Do the intervals of side effects hold the truth in 95% of simulated clinics, where plain ones do not?

Run `python tests/benchmarks/side_effect_intervals.py` for 1,000 clinics of 200 patients (a few seconds); options
`--clinics`, `--patients`, `--seed`. It prints one row an interval: how often it held the truth, its mean width, and
the same for the plain method that a reader might use instead.

Only the estimators, on numbers made here: side effects are beta-binomial within patient (strong clustering), a fifth
leave after the first session, and some patients come back for a second course that goes like their first. From records
to the page, with everything else, goes `coverage.py`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from data_models.outcomes.proportions import PatientSums, clustered, difference, per_course, wilson

Floats = NDArray[np.float64]
Bounds = tuple[float | None, float | None]

RESPONSE = 0.536  # McInnes 2022, after induction
SECOND_COURSE = 0.25
EFFECT_RATES = {"dissociation": 0.36, "nausea": 0.13, "vomiting": 0.03}
CLUSTERING = 0.4  # correlation of two sessions of one patient


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


def study(clinics: int, patients: int, seed: int) -> dict[str, dict[str, Tally]]:
    """Tallies per figure: the product's method under "ours", the simpler one under "plain"."""
    random = np.random.default_rng(seed)
    results: dict[str, dict[str, Tally]] = {}

    def tally(figure: str, method: str, truth: float, bounds: Callable[[], Bounds]) -> None:
        results.setdefault(figure, {}).setdefault(method, Tally(truth)).add(bounds())

    for _ in range(clinics):
        response = simulate_response(random, patients)
        ours = per_course(response)
        plain = wilson(response.x, response.n)
        tally("response share", "ours", RESPONSE, lambda p=ours: (p.low, p.high))
        tally("response share", "plain", RESPONSE, lambda p=plain: (p.low, p.high))
        shares = {}
        for name, rate in EFFECT_RATES.items():
            sums = simulate_sessions(random, patients, rate)
            shares[name] = clustered(sums)
            plain = wilson(sums.x, sums.n)
            figure = f"{name} per session"
            tally(figure, "ours", rate, lambda p=shares[name]: (p.low, p.high))
            tally(figure, "plain", rate, lambda p=plain: (p.low, p.high))
        other = clustered(simulate_sessions(random, patients // 2, 0.25))
        gap = difference(shares["dissociation"], other)
        tally("difference of two session rates", "ours", 0.11, lambda d=gap: (d.low, d.high))
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
