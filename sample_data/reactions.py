"""What happens in a session: blood pressure, dissociation, sedation and reported side effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.model import ClinicModel
from sample_data.practice import Flags, Floats, Integers, People, Visits

# Minutes from the start of the session: median onset, median duration. Blood pressure peaks at 30-40 min.
_TIMING = {
    "heart_rate_increased": (25, 50), "blood_pressure_increased": (35, 45), "nausea": (45, 70), "headache": (90, 180),
    "disorientation": (15, 45), "vision_blurred": (15, 60), "balance_disorder": (30, 90), "dissociation": (12, 45),
    "sedation": (15, 75), "dizziness": (18, 60), "vertigo": (20, 60), "vomiting": (60, 25), "anxiety": (12, 35),
    "diplopia": (15, 50), "fatigue": (80, 240), "other": (40, 60),
}  # fmt: skip
TERMS = tuple(_TIMING)  # of the vocabulary those that happen in this practice
_SEVERITY_CUTS = (0.35, 1.55)  # of a normal deviate: below mild, between moderate, above severe
_SERIOUS_SHARE_OF_SEVERE = 0.012


@dataclass(slots=True)
class SessionReactions:
    """One row a session. NaN where not measured (nobody takes blood pressure at home)."""

    patient: Integers
    number: Integers  # of all the patient's sessions, from 0
    asked: Flags
    vitals: dict[str, Floats]  # by column name of the sessions table


@dataclass(slots=True)
class Occurrences:
    """One row an occurrence; `session` is a row of SessionReactions. Minutes NaN: not recorded."""

    session: Integers
    term: Integers
    severity: Integers  # 0 mild, 1 moderate, 2 severe
    onset: Floats
    resolved: Floats
    last_observed: Floats
    serious: Flags


def effect_chances(
    rng: np.random.Generator, visits: Visits, patient: Integers, number: Integers, model: ClinicModel,
    intercepts: Floats | None = None,
) -> Floats:  # fmt: skip
    """Chance of each side effect in each session: sessions x TERMS."""
    if intercepts is None:
        intercepts = intercept_table(model)
    common = rng.normal(0, model.patient_sd, (len(visits.days), 1))
    own = rng.normal(0, model.term_sd, (len(visits.days), len(TERMS)))
    odds = intercepts[visits.arm[patient, number]] + (common + own)[patient]
    odds -= model.session_slope * np.log(number + 1)[:, None]
    return 1 / (1 + np.exp(-odds))


def intercept_table(model: ClinicModel) -> Floats:
    """Log-odds of the first session: arms x TERMS."""
    return np.array([[model.intercepts[arm.route][term] for term in TERMS] for arm in model.arms])


def draw_reactions(
    rng: np.random.Generator, people: People, visits: Visits, model: ClinicModel
) -> tuple[SessionReactions, Occurrences]:
    """Draw vitals and side effects of every session, in order of patient and time."""
    patient, number = np.nonzero(np.isfinite(visits.days))
    arm = visits.arm[patient, number]
    asked = rng.random(len(patient)) < np.array([a.asked_share for a in model.arms])[arm]
    chances = effect_chances(rng, visits, patient, number, model)
    happened = rng.random(chances.shape) < chances
    vitals = _vitals(rng, people, patient, number, arm, happened, model)
    reported = happened & asked[:, None]
    effects = _occurrences(rng, reported, vitals["minutes_to_discharge"])
    return SessionReactions(patient, number, asked, vitals), effects


def _vitals(
    rng: np.random.Generator, people: People, patient: Integers, number: Integers, arm: Integers, happened: Flags,
    model: ClinicModel,
) -> dict[str, Floats]:  # fmt: skip
    n, sessions = len(people), len(patient)

    def of_arm(name: str) -> Floats:
        return np.array([np.nan if getattr(a, name) is None else getattr(a, name) for a in model.arms], float)[arm]

    hypertension = people.conditions["hypertension"]
    usual = rng.normal(121, 10, n) + 10 * hypertension + 1.5 * people.age
    systolic = usual[patient] + rng.normal(0, 7, sessions)
    diastolic = 0.42 * usual[patient] + 26 + rng.normal(0, 5, sessions)
    pulse = (rng.normal(74, 9, n)[patient] + rng.normal(0, 5, sessions)).clip(46, 125)

    # Right-skewed rises with the published means; a patient's rises are alike, and the pressure that is
    # reported as a side effect is the pressure that rose.
    pressure = TERMS.index("blood_pressure_increased")
    alike = rng.gamma(4.0, 0.25, n)[patient]
    known = happened[:, pressure].astype(float)
    rise = (rng.gamma(2.2, 1 / 2.2, sessions) * alike * (0.9 + 1.6 * known)) / (0.9 + 1.6 * known.mean())
    pulse_rise = of_arm("heart_rate_rise") * rng.gamma(2.0, 0.5, sessions)
    pulse_rise += 14 * happened[:, TERMS.index("heart_rate_increased")]
    measured = np.where(np.isnan(of_arm("systolic_rise")) | (rng.random(sessions) < 0.05), np.nan, 1.0)
    # Two points are the noise of two readings: some peaks are below the reading before.
    systolic_highest = systolic + (of_arm("systolic_rise") + 2) * rise - 2 + rng.normal(0, 2, sessions)
    diastolic_highest = diastolic + (of_arm("diastolic_rise") + 2) * rise * rng.uniform(0.7, 1.3, sessions) - 2
    dissociated = happened[:, TERMS.index("dissociation")]
    sedated = happened[:, TERMS.index("sedation")]
    cadss = rng.gamma(1.1, 3.0, sessions) + dissociated * rng.gamma(3.0, 6.0, sessions) / np.sqrt(1 + number / 4)
    moaas = 5 - sedated * rng.choice([0, 1, 1, 2, 2, 3, 4], sessions, p=[0.2, 0.3, 0.15, 0.2, 0.1, 0.045, 0.005])
    stay = of_arm("discharge_minutes") + rng.gamma(2.0, 8.0, sessions) + 20 * (dissociated & sedated)
    cadss_taken = np.where(rng.random(sessions) < 0.7, measured, np.nan)
    return {
        "duration_minutes": of_arm("duration_minutes"),
        "systolic_before": systolic.clip(88, 190) * measured,
        "diastolic_before": diastolic.clip(50, 112) * measured,
        "heart_rate_before": pulse * measured,
        "systolic_highest": systolic_highest.clip(85, 235) * measured,
        "diastolic_highest": diastolic_highest.clip(45, 135) * measured,
        "heart_rate_highest": (pulse + pulse_rise).clip(46, 170) * measured,
        "cadss_highest": cadss.clip(0, 92) * cadss_taken,
        "moaas_lowest": moaas * measured,
        "minutes_to_discharge": stay,
    }


def _occurrences(rng: np.random.Generator, reported: Flags, discharge: Floats) -> Occurrences:
    session, term = np.nonzero(reported)
    n = len(session)
    onset_median, lasting_median = np.array([_TIMING[name] for name in TERMS], dtype=float).T
    severity = np.digitize(rng.normal(size=n), _SEVERITY_CUTS)
    onset = np.clip(onset_median[term] * np.exp(rng.normal(0, 0.45, n)), 1, 600)
    lasting = lasting_median[term] * np.exp(rng.normal(0, 0.7, n)) * (1 + 0.35 * severity)
    resolved = onset + np.clip(lasting, 3, 2_880)
    # Most are seen to end, or asked after the next day; the others are last observed on leaving.
    left = np.where(np.isnan(discharge[session]), 240.0, discharge[session])
    unseen = (resolved > left) & (rng.random(n) < 0.45)
    untimed = rng.random(n) < 0.06
    serious = (severity == 2) & (rng.random(n) < _SERIOUS_SHARE_OF_SEVERE)
    return Occurrences(
        session, term, severity,
        onset=np.where(untimed, np.nan, onset),
        resolved=np.where(untimed | unseen, np.nan, resolved),
        last_observed=np.where(unseen & ~untimed, np.maximum(left, onset + 1), np.nan),
        serious=serious,
    )  # fmt: skip
