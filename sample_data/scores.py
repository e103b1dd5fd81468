"""When scales are filled in, and what they say: scores before sessions, at 4 h, 24 h and on follow-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_models.definitions.instruments import INSTRUMENTS, ITEM9_MAXIMUM
from sample_data.model import ClinicModel
from sample_data.practice import (
    SCALES,
    Floats,
    Integers,
    People,
    Visits,
    improvement,
    scale_ranges,
    stream_of,
    to_clock,
)

FOLLOW_UP_STEP_DAYS = 14
_PEG_ITEMS = 3
# Kinds of occasion; only the main scale is asked where the patient is still at the clinic.
_INTAKE, _BEFORE, _SOON, _LATER = range(4)


@dataclass(slots=True)
class Scores:
    """One row a completed scale. `item9` is -1 where the scale has none."""

    patient: Integers
    days: Floats
    scale: Integers
    score: Floats
    item9: Integers


def draw_scores(rng: np.random.Generator, people: People, visits: Visits, model: ClinicModel) -> Scores:
    """Draw every completed scale of these patients, in order of patient, scale and time."""
    patient, day, kind = _occasions(rng, people, visits, model)
    rows, scales = [], []
    for code in range(len(SCALES)):
        main = people.main[patient] == code
        asked = main | ((kind != _SOON) & (stream_of(rng, SCALES[code], "asked").random(len(patient)) < 0.55))
        asked &= people.scales[patient, code]
        chosen = np.flatnonzero(asked)
        rows.append(chosen)
        scales.append(np.full(len(chosen), code))
    row, scale = np.concatenate(rows), np.concatenate(scales)
    who, when = patient[row], day[row]
    order = np.lexsort((when, scale, who))
    who, when, scale = who[order], when[order], scale[order]

    lowest, span = (values[scale] for values in scale_ranges())
    shown = improvement(people, visits, who, when) * people.effect[who, scale]
    untreated = people.baseline[who, scale] - lowest
    severity = lowest + untreated * (1 - shown) + _errors(model)[scale] * _noise(rng, scale)
    step = np.where(scale == SCALES.index("peg"), _PEG_ITEMS, 1)
    score = np.round(np.clip(np.round(severity * step) / step, lowest, lowest + span), 2)

    item9 = np.full(len(score), -1)
    phq9 = scale == SCALES.index("phq9")
    tendency = rng.beta(1.2, 1.6, len(people))[who]
    chance = np.clip(1.3 * tendency * score / 27, 0, 1)
    item9[phq9] = np.minimum(rng.binomial(ITEM9_MAXIMUM, chance[phq9]), score[phq9])
    return Scores(who, when, scale, score, item9)


def _errors(model: ClinicModel) -> Floats:
    """Standard deviation of each scale's noise (points)."""
    published = np.array([INSTRUMENTS[name].standard_error or np.nan for name in SCALES], dtype=float)
    return np.where(np.isnan(published), model.noise_share * scale_ranges()[1], published)


def _noise(rng: np.random.Generator, scale: Integers) -> Floats:
    """Standard normal values, one a score: in their order those of the scales that share a stream."""
    noise = np.empty(len(scale))
    own = np.zeros(len(scale), dtype=bool)
    for code, name in enumerate(SCALES):
        stream = stream_of(rng, name, "noise")
        if stream is not rng:
            own |= (of := scale == code)
            noise[of] = stream.normal(size=int(of.sum()))
    noise[~own] = rng.normal(size=int((~own).sum()))
    return noise


def _occasions(
    rng: np.random.Generator, people: People, visits: Visits, model: ClinicModel
) -> tuple[Integers, Floats, Integers]:
    """Patient, day and kind of every occasion on which scales are asked for and filled in."""
    n = len(people)
    patient, number = np.nonzero(np.isfinite(visits.days))
    start = visits.days[patient, number]
    following = np.append(visits.days[:, 1:], np.full((n, 1), np.inf), axis=1)[patient, number]
    first = number == 0
    course_start = visits.course_start[patient, number]
    hour = 1 / 24
    found: list[tuple[Integers, Floats, int]] = []

    def add(who: Integers, when: Floats, keep: np.ndarray, kind: int) -> None:
        found.append((who[keep], when[keep], kind))

    # The score before a course's first session is the baseline; intake scores fill in for a few.
    before = np.array([a.before_share for a in model.arms])[visits.arm[patient, number]]
    before = np.where(course_start, 1 - model.baseline_missing, before)
    taken = rng.random(len(start)) < before
    add(patient, start - rng.uniform(0.1, 1.5, len(start)) * hour, taken, _BEFORE)
    without = np.ones(n, dtype=bool)
    without[patient[first & taken]] = False
    intake = rng.random(n) < np.where(without, 0.15, 0.25)
    add(np.arange(n), -rng.uniform(1, 13, n), intake, _INTAKE)

    soon = start + rng.uniform(3.5, 5.0, len(start)) * hour
    add(patient, soon, rng.random(len(start)) < np.where(first, 0.30, 0.05), _SOON)
    next_day = start + rng.uniform(20, 28, len(start)) * hour
    add(patient, next_day, rng.random(len(start)) < np.where(first, 0.35, 0.08), _LATER)
    between = start + rng.uniform(3, 9, len(start))
    keep = (rng.random(len(start)) < 0.18) & (between < following - 0.5)
    add(patient, between, keep, _LATER)

    # The visit after each induction, then follow-up every two weeks, better kept every four.
    induction = ~visits.maintenance[patient, number]
    left = (patient[1:] != patient[:-1]) | course_start[1:] | ~induction[1:]
    closes = induction & np.append(left, True)
    place = np.arange(len(start))
    early = place - np.maximum.accumulate(np.where(course_start, place, 0)) + 1 < np.minimum(4, visits.planned[patient])
    closing = start + rng.uniform(2, 8, len(start))
    add(patient, closing, closes & (rng.random(len(start)) < np.where(early, 0.30, 0.85)), _LATER)
    ended = visits.days[np.arange(n), visits.induction - 1]
    steps = np.arange(1, 44)
    due = ended[:, None] + steps * FOLLOW_UP_STEP_DAYS + rng.uniform(-4, 4, (n, len(steps)))
    kept = rng.random(due.shape) < np.where(steps % 2 == 0, 0.65, 0.35)
    who, _ = np.nonzero(kept)
    add(who, due[kept], np.ones(len(who), dtype=bool), _LATER)

    patient = np.concatenate([item[0] for item in found])
    day = to_clock(np.concatenate([item[1] for item in found]))
    kind = np.concatenate([np.full(len(item[0]), item[2]) for item in found])
    within = day <= visits.end[patient]
    patient, day, kind = patient[within], day[within], kind[within]
    # Nobody fills in the same scale twice on one day, except before and after a session.
    session = (visits.days[patient] < day[:, None]).sum(axis=1)
    key = np.lexsort((kind, session, np.round(day), patient))
    same = np.zeros(len(key), dtype=bool)
    same[1:] = (np.diff(patient[key]) == 0) & (np.diff(np.round(day[key])) == 0) & (np.diff(session[key]) == 0)
    key = key[~same]
    return patient[key], day[key], kind[key]
