"""What becomes of a single bad score just before a session: simulated clinics that treat by score, and by plan.

    python tests/benchmarks/loss_before_session.py --courses 6000

A course is in response from its first score after induction. Its latent score begins to rise after 28 days on average
(a quarter never), by 0.5 to 2.5 points a day; a session takes it down again. Scores are latent + noise, whole numbers;
above 10 they meet the loss rule. By score: four in five such scores bring a session within 5 days. By plan: one about
every 21 days, however the patient is. After a bad score 15% are not scored again. The truth: the latent score has
passed 10.5 at least once. Printed is the bias in points of the share lost by days 7, 14, 28 and 56, of those in
response where the curve starts, by what is made of such a score (`loss_before_session`) and by where a course with a
bad last score is censored. The rules are worked out here by themselves: nothing of the derivation is used.
"""

from __future__ import annotations

import argparse
import math
import sys
from itertools import product
from pathlib import Path
from typing import Literal, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from data_models.outcomes.interval_censored import interval_curve

DAYS = (7.0, 14.0, 28.0, 56.0)
BAD, CROSSED, NEVER = 10, 10.5, math.inf
Clinic = Literal["by score", "by plan"]
Before = Literal["confirms", "censors"]
Last = Literal["at it", "before it"]


class Seen(NamedTuple):
    """Days and scores of a course from its first score after induction on, its sessions, and when it was truly lost."""

    days: list[float]
    scores: list[int]
    sessions: list[float]
    lost: float


class Latent:
    """The severity of one course between its sessions."""

    def __init__(self, random: np.random.Generator) -> None:
        self.random = random
        self.level = float(np.clip(random.normal(5.5, 1.5), 1, 8))
        self.slope = random.uniform(0.5, 2.5)
        self.since, self.holds, self.lost = 0.0, self._held(), NEVER

    def _held(self) -> float:
        return float(self.random.exponential(28)) if self.random.random() < 0.75 else NEVER

    def crosses(self) -> float:
        """When it passes the threshold without another session."""
        return self.since + self.holds + (CROSSED - self.level) / self.slope

    def at(self, day: float) -> float:
        risen = max(0.0, day - self.since - self.holds)
        return min(self.level + self.slope * risen, 17.0)

    def session(self, day: float) -> None:
        if self.lost == NEVER and self.crosses() <= day:
            self.lost = self.crosses()
        self.since, self.holds = day, self._held()


def course(random: np.random.Generator, clinic: Clinic, gap: float, noise: float) -> Seen:
    """One course; `gap`: days between scores."""
    latent, days, scores, sessions = Latent(random), [], [], []
    planned = random.uniform(0.7, 1.3) * 21 if clinic == "by plan" else NEVER
    end, day = random.uniform(20, 100), random.uniform(0.3, min(gap, 6))

    def treat() -> float:
        latent.session(planned)
        sessions.append(planned)
        return planned + random.uniform(0.7, 1.3) * 21 if clinic == "by plan" else NEVER

    while day < end:
        while planned <= day:
            planned = treat()
        score = int(np.clip(round(latent.at(day) + random.normal(0, noise)), 0, 27))
        days.append(day)
        scores.append(score)
        if score > BAD and len(scores) > 1:
            if clinic == "by score" and planned == NEVER and random.random() < 0.8:
                planned = day + random.uniform(0.5, 5)
            if random.random() < 0.15:
                break
        day += max(0.5, gap * random.uniform(0.75, 1.25))
    # The truth goes on as the clinic does.
    while latent.lost == NEVER and latent.since < 100 and planned < NEVER:
        planned = treat()
    return Seen(days, scores, sessions, min(latent.lost, latent.crosses()))


def read(seen: Seen, before: Before, last: Last) -> tuple[float, float, float]:
    """Entry, and the ends between which response was lost, by two bad scores in a row or by one before a session."""
    days, bad = seen.days, [score > BAD for score in seen.scores]
    sessions = np.array(seen.sessions)
    for place in range(1, len(days)):
        if not bad[place]:
            continue
        over = place + 1 == len(days)
        treated = bool(((sessions > days[place]) & (over or sessions <= days[min(place + 1, len(days) - 1)])).any())
        confirmed = not over and not treated and bad[place + 1]
        if confirmed or (treated and before == "confirms"):
            return days[0], days[place - 1], days[place]
        if treated or over:
            return days[0], days[place] if last == "at it" else days[place - 1], NEVER
    return days[0], days[-1], NEVER


def main() -> None:
    parser = argparse.ArgumentParser(description="a single bad score before a session")
    parser.add_argument("--courses", type=int, default=6000)
    chosen = parser.parse_args()
    clinics: tuple[Clinic, ...] = ("by score", "by plan")
    ways: tuple[tuple[Before, Last], ...] = (("confirms", "at it"), ("confirms", "before it"), ("censors", "at it"),
                                             ("censors", "before it"))  # fmt: skip
    for clinic, gap, noise in product(clinics, (1.0, 7.0), (1.5, 2.4)):
        random = np.random.default_rng(14)
        every = [course(random, clinic, gap, noise) for _ in range(chosen.courses)]
        every = [seen for seen in every if seen.scores[0] <= BAD]
        lost = np.array([seen.lost for seen in every])
        print(f"{clinic}, scored every {gap:g} days, noise SD {noise:g}:")
        for before, last in ways:
            entries, left, right = np.array([read(seen, before, last) for seen in every]).T
            curve = interval_curve(left, right, entries=entries)
            held = lost[lost > (curve.start or 0.0)]
            bias = [100 * (curve.at(day)[0] - float((held <= day).mean())) for day in DAYS]
            print(f"  {before:8} censored {last:9} {' '.join(f'{value:+6.1f}' for value in bias)}")


if __name__ == "__main__":
    main()
