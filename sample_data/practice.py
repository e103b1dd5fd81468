"""Who comes to the synthetic practice and when: patients, their latent course and their sessions."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import AGE_BANDS, DIAGNOSES
from sample_data.model import CLINICS, KINDS, ClinicModel

MOST_SESSIONS = 40  # of one patient; later boosters are not simulated
COURSE_GAP_DAYS = 90
DRIFT_HALF_DAYS = 45.0
YEARS = 7  # that the clinic exists, up to the day on which its records were looked through
LAST_YEAR = 2025

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Shares of the diagnoses (in the order of DIAGNOSES) at each clinic.
_DIAGNOSIS_SHARES = {
    "synthetic_north": (0.40, 0.16, 0.08, 0.09, 0.12, 0.02, 0.05, 0.03, 0.02, 0.03),
    "synthetic_harbour": (0.33, 0.08, 0.06, 0.13, 0.09, 0.07, 0.12, 0.07, 0.03, 0.02),
    "synthetic_valley": (0.34, 0.42, 0.08, 0.05, 0.05, 0.01, 0.02, 0.01, 0.01, 0.01),
}
_AGE_SHARES = (0.09, 0.22, 0.24, 0.19, 0.14, 0.08, 0.03, 0.007, 0.003)
_CONDITION_SHARES = {
    "hypertension": 0.18, "cardiovascular": 0.04, "liver": 0.02, "urinary": 0.03, "psychosis_history": 0.015,
    "substance_use_history": 0.12, "pregnancy": 0.003, "other": 0.10,
}  # fmt: skip

# The scales of each diagnosis: the one of every visit first, then (scale, chance) of the others.
_SCALES: dict[str, tuple[str, tuple[tuple[str, float], ...]]] = {
    "major_depression": ("phq9", (("gad7", 0.5),)),
    "treatment_resistant_depression": ("phq9", (("gad7", 0.4),)),
    "bipolar_depression": ("phq9", (("qids", 0.6),)),
    "anxiety": ("gad7", (("phq9", 0.7),)),
    "ptsd": ("pcl5", (("phq9", 0.8),)),
    "end_of_life_distress": ("hads_d", (("hads_a", 1.0),)),
    "chronic_pain": ("peg", (("phq9", 0.5),)),
    "alcohol_use": ("auditc", (("phq9", 0.6),)),
    "drug_use": ("phq9", (("gad7", 0.4),)),
    "other": ("phq9", ()),
}
_DEPRESSIONS = ("major_depression", "treatment_resistant_depression", "bipolar_depression")
# What the nasal clinic adds for depression: MADRS at every visit, PHQ-9 and one more scale for some.
_NASAL_OTHERS = (("phq9", 0.65), ("hamd17", 0.25), ("bdi2", 0.20), ("qids", 0.20))

# Severity before treatment: mean and sd (points) of a scale where it is a patient's main one. The practice uses these.
BASELINES = {
    "phq9": (17.0, 4.0), "madrs": (31.0, 6.0), "hamd17": (22.0, 4.5), "qids": (16.5, 3.5), "bdi2": (33.0, 8.0),
    "gad7": (14.5, 3.5), "pcl5": (50.0, 11.0), "hads_a": (13.5, 3.0), "hads_d": (13.0, 3.0), "peg": (6.6, 1.4),
    "auditc": (8.0, 2.0),
}  # fmt: skip
SCALES = tuple(BASELINES)
# The scales of the first sample draw from the practice's own stream. One that is added has streams to itself, so that
# not a byte of what is drawn for the others changes.
_SHARED = 11


@dataclass(slots=True)
class People:
    """The patients of one chunk, n rows each; what nobody but the simulation can see included."""

    clinic: Integers  # index into CLINICS
    arm: Integers  # index into ClinicModel.arms
    diagnosis: Integers  # index into DIAGNOSES
    age: Integers  # index into AGE_BANDS
    sex: Integers
    conditions: dict[str, Flags]
    observed: Floats  # days from the first session to the day on which the clinic's records were looked through
    kind: Integers  # index into KINDS
    depth: Floats
    gain: Floats
    late: Integers  # sessions that do nothing yet
    fast: Floats
    fast_half: Floats
    slow_half: Floats
    drift: Floats
    scales: Flags  # n x scales: the patient fills it in at all
    main: Integers  # index into SCALES of the scale of every visit
    baseline: Floats  # n x scales, points
    effect: Floats  # n x scales: share of the improvement that shows on the scale

    def __len__(self) -> int:
        return len(self.clinic)


@dataclass(slots=True)
class Visits:
    """The sessions of one chunk as patients x MOST_SESSIONS; unused places are infinite or 0."""

    days: Floats
    arm: Integers  # index into ClinicModel.arms
    slow: Floats  # slow part of the improvement just after the session
    maintenance: Flags
    course_start: Flags
    count: Integers  # sessions of each patient
    induction: Integers  # sessions of each patient's first induction
    planned: Integers
    end: Floats  # day on which the patient's record ends


def to_clock(days: Floats) -> Floats:
    """Days rounded to the hundredth of an hour, as records give them: order and ties are then theirs."""
    return np.round(days * 24, 2) / 24


def pick(rng: np.random.Generator, shares: Floats) -> Integers:
    """One index a row, drawn by the row's shares (n x k, each row summing to 1)."""
    passed: Integers = (rng.random(len(shares))[:, None] > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
    return passed


def draw_people(rng: np.random.Generator, n: int, model: ClinicModel) -> People:
    """Draw n patients with their traits and their latent response."""
    clinic = pick(rng, np.tile(model.clinic_shares, (n, 1)))
    arm = pick(rng, np.array([arm.clinic_shares for arm in model.arms]).T[clinic])
    diagnosis = pick(rng, np.array([_DIAGNOSIS_SHARES[name] for name in CLINICS])[clinic])
    nasal = np.array([a.route == "intranasal" for a in model.arms])[arm]
    # Esketamine is licensed for depression alone: others there count as treatment-resistant.
    resistant = DIAGNOSES.index("treatment_resistant_depression")
    diagnosis = np.where(nasal & (diagnosis > DIAGNOSES.index("bipolar_depression")), resistant, diagnosis)
    age = pick(rng, np.tile(_AGE_SHARES, (n, 1)))
    sex = pick(rng, np.tile((0.56, 0.42, 0.01, 0.01), (n, 1)))
    older = age >= AGE_BANDS.index("55-64")
    conditions = {
        name: rng.random(n) < share * np.where(older & (name in ("hypertension", "cardiovascular")), 2.2, 1.0)
        for name, share in _CONDITION_SHARES.items()
    }
    young_woman = (sex == 0) & (age <= AGE_BANDS.index("35-44"))
    conditions["pregnancy"] &= young_woman
    kind = pick(rng, np.array([a.kind_shares for a in model.arms])[arm])
    scales, main, baseline, effect = _draw_scales(rng, diagnosis, nasal)
    return People(
        clinic, arm, diagnosis, age, sex, conditions,
        # A clinic that grows: half of its patients began in the last two fifths of its years.
        observed=np.maximum(YEARS * 365.25 * rng.random(n) ** 1.4, 0.5),
        kind=kind,
        depth=np.clip(rng.normal(np.array(model.depth_means)[kind], np.array(model.depth_sds)[kind]), -0.9, 0.98),
        gain=np.clip(rng.normal(model.gain_mean, model.gain_sd, n), 0.1, 0.8),
        late=np.where(kind == KINDS.index("delayed"), rng.integers(*model.late_sessions, n, endpoint=True), 0),
        fast=np.array(model.fast_means)[kind] * rng.gamma(4.0, 0.25, n),
        fast_half=model.fast_half_life * np.exp(rng.normal(0, 0.5, n)),
        slow_half=_half_lives(rng, n, model),
        drift=rng.normal(0, model.drift_sd, n),
        scales=scales, main=main, baseline=baseline, effect=effect,
    )  # fmt: skip


def _half_lives(rng: np.random.Generator, n: int, model: ClinicModel) -> Floats:
    median = np.where(rng.random(n) < model.fades_soon_share, model.fades_soon_half_life, model.slow_half_life)
    return median * np.exp(rng.normal(0, model.slow_half_life_log_sd, n))


def stream_of(rng: np.random.Generator, scale: str, what: str) -> np.random.Generator:
    """The stream from which one scale's draws come; `what` is drawn tells an added scale's own streams apart."""
    if SCALES.index(scale) < _SHARED:
        return rng
    seed = rng.bit_generator.seed_seq
    assert isinstance(seed, np.random.SeedSequence)
    return np.random.default_rng(
        np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, zlib.crc32(f"{scale} {what}".encode())))
    )


def scale_ranges() -> tuple[Floats, Floats]:
    """The lowest total of each scale, and how far its totals reach above it (points)."""
    scales = [INSTRUMENTS[name] for name in SCALES]
    lowest = np.array([scale.minimum for scale in scales], dtype=float)
    return lowest, np.array([scale.maximum for scale in scales], dtype=float) - lowest


def _normal(rng: np.random.Generator, n: int, what: str) -> Floats:
    """Standard normal values, n x scales."""
    own = [stream_of(rng, scale, what).normal(size=(n, 1)) for scale in SCALES[_SHARED:]]
    return np.hstack([rng.normal(size=(n, _SHARED)), *own])


def _draw_scales(rng: np.random.Generator, diagnosis: Integers, nasal: Flags) -> tuple[Flags, Integers, Floats, Floats]:
    n = len(diagnosis)
    used = np.zeros((n, len(SCALES)), dtype=bool)
    main = np.zeros(n, dtype=np.int64)
    for code, name in enumerate(DIAGNOSES):
        first, others = _SCALES[name]
        groups = [(np.flatnonzero((diagnosis == code) & ~nasal), first, others)]
        groups += [(np.flatnonzero((diagnosis == code) & nasal), "madrs", _NASAL_OTHERS)]
        for rows, scale, more in groups:
            main[rows] = SCALES.index(scale)
            used[rows, SCALES.index(scale)] = True
            for other, chance in more:
                used[rows, SCALES.index(other)] = stream_of(rng, other, name).random(len(rows)) < chance
    means, sds = np.array([BASELINES[s] for s in SCALES]).T
    common = rng.normal(size=(n, 1))
    mix = np.sqrt(0.5) * common + np.sqrt(0.5) * _normal(rng, n, "severity")
    is_main = np.arange(len(SCALES)) == main[:, None]
    # Where a scale is not the patient's main one, what it measures is milder.
    level = np.where(is_main | (main == SCALES.index("madrs"))[:, None], 1.0, 0.88)
    lowest, span = scale_ranges()
    baseline = np.clip(means * level + mix * sds, lowest + 0.25 * span, lowest + 0.93 * span)
    effect = np.where(is_main, 1.0, np.clip(0.95 + 0.12 * _normal(rng, n, "effect"), 0.5, 1.2))
    # Totals that look back a year cannot fall by much within months.
    effect[:, SCALES.index("auditc")] *= 0.8
    return used, main, baseline, effect


def draw_visits(rng: np.random.Generator, people: People, model: ClinicModel) -> Visits:
    """Draw each patient's sessions, one after the other, for all patients at once."""
    n = len(people)
    arms = model.arms
    planned = np.array([a.induction_sessions for a in arms])[people.arm]
    days = np.full((n, MOST_SESSIONS), np.inf)
    slow = np.zeros((n, MOST_SESSIONS))
    maintenance = np.zeros((n, MOST_SESSIONS), dtype=bool)
    course_start = np.zeros((n, MOST_SESSIONS), dtype=bool)

    received = _sessions_before_leaving(rng, people, model, planned)
    received_again = np.maximum(_sessions_before_leaving(rng, people, model, planned), 2)
    stays = received >= np.minimum(4, planned)
    improved = people.depth > 0.3
    wants_boosters = rng.random(n) < model.booster_share * np.where(improved, 1.0, 0.25)
    scheduled = np.array([bool(a.schedule_days) for a in arms])[people.arm]
    # Labelled esketamine goes on from induction for most who stay.
    wants_boosters |= scheduled & (rng.random(n) < 0.75)
    returns = stays & ~wants_boosters & (rng.random(n) < model.return_share)
    return_gap = COURSE_GAP_DAYS + 5 + rng.exponential(70, n)
    by_need = rng.random(n) < 0.65
    interval = model.booster_interval * np.exp(rng.normal(0, 0.2, n))
    threshold = np.clip(people.depth, 0.2, None) * rng.uniform(0.45, 0.85, n)
    follow_up = np.where(stays, np.clip(rng.exponential(model.follow_up_mean, n), 10, 600), rng.uniform(3, 45, n))

    now = np.zeros(n)
    level = np.zeros(n)
    in_course = np.zeros(n, dtype=np.int64)  # sessions of the present course, this one included
    target = received.copy()  # induction sessions of the present course
    induced = np.zeros(n)  # day of the latest of them
    boosters = np.zeros(n, dtype=np.int64)
    end = np.full(n, np.inf)
    active = np.ones(n, dtype=bool)
    count = np.zeros(n, dtype=np.int64)
    for k in range(MOST_SESSIONS):
        in_course[active] += 1
        works = active & (k >= people.late)
        level = np.where(works, level + people.gain * (people.depth - level), level)
        days[active, k] = now[active]
        slow[active, k] = level[active]
        maintenance[active, k] = (in_course > target)[active]
        course_start[active, k] = (in_course == 1)[active]
        count[active] += 1
        done = in_course >= target
        induced = np.where(in_course <= target, now, induced)
        first_end = active & done & np.isinf(end)
        end[first_end] = (now + follow_up)[first_end]

        gap = _induction_gap(rng, people, model)
        boost = _booster_gap(
            rng, people, model, level=level, boosters=boosters, settled=now - induced, threshold=threshold,
            interval=interval, by_need=by_need,
        )  # fmt: skip
        # Who left induction early and comes for boosters all the same comes later: the rule sees induction as over.
        boost = np.where((target < planned) & (boosters == 0), np.maximum(boost, 15.5), boost)
        gap = np.where(done, np.where(wants_boosters & stays, boost, np.inf), gap)
        comes_back = active & done & returns
        gap = np.where(comes_back, return_gap, gap)
        end = np.where(comes_back, np.maximum(end, now + return_gap + 1), end)
        returns &= ~comes_back
        # Whole days plus a time of day that varies by a few hours: two sessions never share a day.
        later = to_clock(np.round(now + gap) + rng.uniform(-0.12, 0.12, n))
        active = active & (later <= np.minimum(end, people.observed))
        boosters = np.where(active & done, boosters + 1, boosters)
        elapsed = np.where(active, later - now, 0.0)
        again = active & (elapsed > COURSE_GAP_DAYS)
        level = level * np.exp2(-elapsed / people.slow_half)
        now = np.where(active, later, now)
        target = np.where(again, received_again, target)
        in_course = np.where(again, 0, in_course)
        boosters = np.where(again, 0, boosters)
        # A second course is followed up too.
        end = np.where(again, np.maximum(end, now + 90), end)
        if not active.any():
            break
    # The record goes on to the evening of the last session, and no further than somebody looked.
    end = np.maximum(end, np.max(np.where(np.isinf(days), 0, days), axis=1) + 0.5)
    end = np.minimum(end, people.observed)
    arm = _arms_of_sessions(rng, people, maintenance, model)
    return Visits(days, arm, slow, maintenance, course_start, count, received, planned, end)


def _arms_of_sessions(rng: np.random.Generator, people: People, maintenance: Flags, model: ClinicModel) -> Integers:
    """The arm of each session: for a few patients another one from some booster on."""
    n = len(people)
    routes = [arm.route for arm in model.arms]
    choice = rng.random(n)
    other = people.arm.copy()
    for code, arm in enumerate(model.arms):
        rows = people.arm == code
        options = np.array([routes.index(route) for route in arm.switch_to])
        other[rows] = options[(choice[rows] * len(options)).astype(np.int64)]
    other = np.where(rng.random(n) < model.switch_share, other, people.arm)
    switched = np.cumsum(maintenance, axis=1) > rng.integers(0, 4, n)[:, None]
    return np.where(switched & maintenance, other[:, None], people.arm[:, None])


def _sessions_before_leaving(
    rng: np.random.Generator, people: People, model: ClinicModel, planned: Integers
) -> Integers:
    first = np.array([a.leave_after_first for a in model.arms])[people.arm]
    later = np.array([a.leave_later for a in model.arms])[people.arm]
    left = rng.random((len(people), 12)) < np.column_stack([first, *[later] * 11])
    left[:, -1] = True
    sessions: Integers = np.minimum(left.argmax(axis=1) + 1, planned)
    return sessions


def _induction_gap(rng: np.random.Generator, people: People, model: ClinicModel) -> Floats:
    gap = np.zeros(len(people))
    for code, arm in enumerate(model.arms):
        rows = people.arm == code
        gap[rows] = rng.choice(arm.gaps_days, int(rows.sum()))
    # Now and then a visit is missed, never so long that induction would end by the rule.
    return gap + np.where(rng.random(len(people)) < 0.06, rng.integers(2, 7, len(people)), 0)


def _booster_gap(
    rng: np.random.Generator,
    people: People,
    model: ClinicModel,
    *,
    level: Floats,
    boosters: Integers,
    settled: Floats,
    threshold: Floats,
    interval: Floats,
    by_need: Flags,
) -> Floats:
    """Days to the next booster, `settled` days after induction: another number of days each time."""
    n = len(people)
    with np.errstate(divide="ignore", invalid="ignore"):
        faded = people.slow_half * np.log2(np.where(level > 0, level, np.nan) / threshold)
    needed = np.nan_to_num(np.maximum(faded, 0), nan=0.0) + rng.uniform(3, 14, n)
    share = np.minimum(settled / model.settling_days, 1)
    usual = interval * (model.booster_start + (1 - model.booster_start) * share) * np.exp(rng.normal(0, 0.22, n))
    gap = np.where(by_need, np.clip(needed, 0.7 * usual, 1.7 * usual), usual)
    for code, arm in enumerate(model.arms):
        if arm.schedule_days:
            rows = people.arm == code
            step = np.minimum(boosters[rows], len(arm.schedule_days) - 1)
            by_label = np.array(arm.schedule_days)[step]
            # Where the label leaves the choice, once a week or every second week, need decides; some stretch it.
            free = step == len(arm.schedule_days) - 1
            weeks = np.select([faded[rows] <= 0, faded[rows] > 45], [0.5, 1.5], 1.0)
            gap[rows] = np.where(free, by_label * weeks, by_label) + rng.integers(-1, 3, int(rows.sum()))
    # Illness, holidays, money: now and then the next booster comes late.
    return np.maximum(gap, 5) * np.where(rng.random(n) < 0.08, rng.uniform(1.4, 2.2, n), 1.0)


def improvement(people: People, visits: Visits, patient: Integers, day: Floats) -> Floats:
    """Latent improvement x (share of untreated severity) of each patient at each day, same length."""
    latest = (visits.days[patient] < day[:, None]).sum(axis=1) - 1
    at = np.maximum(latest, 0)
    since = np.where(latest >= 0, day - visits.days[patient, at], 0.0)
    treated = visits.slow[patient, at] * np.exp2(-since / people.slow_half[patient])
    treated += people.fast[patient] * np.exp2(-since / people.fast_half[patient])
    drift: Floats = people.drift[patient] * (1 - np.exp2(-np.maximum(day, 0) / DRIFT_HALF_DAYS))
    return np.where(latest >= 0, np.minimum(treated, 0.97), 0.0) + drift
