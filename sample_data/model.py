"""The latent model of a synthetic practice: its equations, parameters and their sources.

Patient i is treated on one arm (drug and route) at sessions t_1 < t_2 < ... (days since the first).

*Improvement* is a share of the untreated severity B_i, the sum of effects that decay between sessions:

    x_i(t) = s_i(t) + f_i 2^(-(t - t_k) / h_fast,i) + d_i (1 - 2^(-t / 45))     t_k = latest session before t
    s_i(t_k+) = s_i(t_k-) + g_i (A_i - s_i(t_k-))                               each session
    s_i(t) = s_i(t_k+) 2^(-(t - t_k) / h_slow,i)                                between sessions

- f_i, h_fast,i: the relief that is there within hours and has faded within about a week (the source
  document of the definitions; Zarate 2006).
- A_i: the depth that repeated sessions approach, g_i the share of the way that one goes (Phillips
  2019: median of three infusions to response). Patients are of four kinds - responding, partial, not
  responding, worse - that differ in the mean of A_i.
- h_slow,i: log-normal, shorter for some, so that some lose the response within a week or two and some hold it
  for months. It is set to McInnes 2022 (80 % at 4 and 60 % at 8 weeks still in response, 537 patients)
  and *not* to Murrough 2013 (median 18 days to relapse, 24 trial patients who had been taken off all
  other medication): the two cannot both hold, and a practice is what is imitated here. What is fitted
  is the Kaplan-Meier curve that a dashboard would show: it sees a loss at the next score only, so its
  4-week point lies a few percent above the latent one and above McInnes.
- d_i: slow change that has nothing to do with treatment.

A *score* on instrument j of maximum M_j is B_ij (1 - e_ij x_i(t)) + noise, sd `noise_share` M_j, rounded
to the scale's step and held within its range. B_ij and e_ij are correlated within a patient.

*Staying.* A patient leaves after the first session, or after each later one before the planned number,
with fixed chances (Osmind ORKA-2), independent of how well it works: a simplification that keeps the true
response share of the measured equal to that of all.

*Boosters* come when s_i(t) has fallen to the patient's own threshold (plus a delay), or on a schedule
(esketamine: weekly for four weeks, then every second week, as labelled). Retreatment therefore depends
on fading, as in practice: censoring at it is informative. A gap over 90 days starts a new course.

*Side effects.* Term e occurs in session number n (of all the patient's) with

    logit p = a_arm,e + u_i + v_ie - slope ln(n)            u_i, v_ie normal, mean 0

so that they cluster within patients and become rarer. a is set so that the share of patients with at least
one occurrence equals the published one (`sample_data.literature`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CLINICS = ("synthetic_north", "synthetic_harbour", "synthetic_valley")
KINDS = ("responding", "partial", "not_responding", "worse")


@dataclass(frozen=True, slots=True)
class Arm:
    """How one drug and route is given, and how well it works.

    Attributes
    ----------
    clinic_shares : share of each clinic's patients on this arm, in the order of `CLINICS`.
    kind_shares : shares of `KINDS`, sum 1.
    gaps_days : gaps between induction sessions, each equally likely.
    leave_after_first, leave_later : chance to leave after the first, and after each later, session.
    schedule_days : gaps of scheduled boosters after induction (the last one repeats); empty: by need.
    systolic_rise, diastolic_rise : mean rise (mmHg); None where no pressure is taken (at home).
    effects : share of patients that ever report a side effect: what `ClinicModel.intercepts` meet.
    """

    drug: str
    route: str
    clinic_shares: tuple[float, float, float]
    kind_shares: tuple[float, float, float, float]
    induction_sessions: int
    gaps_days: tuple[int, ...]
    leave_after_first: float
    leave_later: float
    doses: tuple[float, ...]
    dose_unit: str
    duration_minutes: float | None
    discharge_minutes: float | None
    asked_share: float
    before_share: float
    schedule_days: tuple[int, ...] = ()
    systolic_rise: float | None = None
    diastolic_rise: float | None = None
    heart_rate_rise: float | None = None
    effects: Mapping[str, float] = field(default_factory=dict)


_IV_EFFECTS = {
    "sedation": 0.564, "dizziness": 0.452, "dissociation": 0.356, "nausea": 0.133, "headache": 0.14,
    "blood_pressure_increased": 0.11, "heart_rate_increased": 0.08, "disorientation": 0.10, "vision_blurred": 0.16,
    "balance_disorder": 0.15, "vertigo": 0.07, "vomiting": 0.045, "anxiety": 0.10, "diplopia": 0.07,
    "fatigue": 0.17, "other": 0.05,
}  # fmt: skip
_IM_EFFECTS = _IV_EFFECTS | {"nausea": 0.19, "vomiting": 0.06, "dissociation": 0.42}
_HOME_EFFECTS = {
    "sedation": 0.22, "dizziness": 0.16, "dissociation": 0.14, "nausea": 0.12, "headache": 0.08,
    "blood_pressure_increased": 0.01, "heart_rate_increased": 0.03, "disorientation": 0.05, "vision_blurred": 0.05,
    "balance_disorder": 0.08, "vertigo": 0.03, "vomiting": 0.03, "anxiety": 0.06, "diplopia": 0.02,
    "fatigue": 0.12, "other": 0.05,
}  # fmt: skip
_NASAL_EFFECTS = {
    "dissociation": 0.41, "dizziness": 0.29, "nausea": 0.28, "sedation": 0.23, "vertigo": 0.23, "headache": 0.20,
    "blood_pressure_increased": 0.10, "heart_rate_increased": 0.04, "disorientation": 0.05, "vision_blurred": 0.07,
    "balance_disorder": 0.05, "vomiting": 0.09, "anxiety": 0.13, "diplopia": 0.02, "fatigue": 0.09, "other": 0.06,
}  # fmt: skip

ARMS: tuple[Arm, ...] = (
    Arm(
        "ketamine", "iv", (0.85, 0.20, 0.35), (0.75, 0.05, 0.04, 0.16), 6, (2, 2, 3, 4), 0.20, 0.111,
        (0.5, 0.5, 0.6, 0.75), "mg_per_kg", 40, 95, 0.93, 0.85,
        systolic_rise=7.4, diastolic_rise=6.0, heart_rate_rise=5.0, effects=_IV_EFFECTS,
    ),
    Arm(
        "ketamine", "im", (0.10, 0.30, 0.0), (0.72, 0.08, 0.06, 0.14), 6, (4, 5, 6, 7), 0.18, 0.10,
        (40, 50, 60, 75), "mg", 60, 105, 0.90, 0.80,
        systolic_rise=9.0, diastolic_rise=6.5, heart_rate_rise=6.0, effects=_IM_EFFECTS,
    ),
    Arm(
        "ketamine", "sublingual", (0.05, 0.50, 0.05), (0.81, 0.10, 0.05, 0.04), 8, (3, 3, 4), 0.12, 0.05,
        (150, 200, 300, 400), "mg", 60, None, 0.62, 0.60, effects=_HOME_EFFECTS,
    ),
    Arm(
        "esketamine", "intranasal", (0.0, 0.0, 0.60), (0.68, 0.12, 0.10, 0.10), 8, (3, 4), 0.08, 0.03,
        (56, 84, 84), "mg", None, 125, 0.95, 0.85, schedule_days=(7, 7, 7, 7, 14),
        systolic_rise=8.0, diastolic_rise=5.5, heart_rate_rise=2.0, effects=_NASAL_EFFECTS,
    ),
)  # fmt: skip


INTERCEPTS: dict[str, dict[str, float]] = {
    "iv": {
        "heart_rate_increased": -4.53,
        "blood_pressure_increased": -4.09,
        "nausea": -3.84,
        "headache": -3.76,
        "disorientation": -4.24,
        "vision_blurred": -3.57,
        "balance_disorder": -3.62,
        "dissociation": -2.2,
        "sedation": -1.04,
        "dizziness": -1.63,
        "vertigo": -4.66,
        "vomiting": -5.22,
        "anxiety": -4.19,
        "diplopia": -4.68,
        "fatigue": -3.48,
        "other": -5.08,
    },
    "im": {
        "heart_rate_increased": -4.56,
        "blood_pressure_increased": -4.09,
        "nausea": -3.35,
        "headache": -3.81,
        "disorientation": -4.23,
        "vision_blurred": -3.58,
        "balance_disorder": -3.71,
        "dissociation": -1.85,
        "sedation": -1.11,
        "dizziness": -1.68,
        "vertigo": -4.68,
        "vomiting": -4.87,
        "anxiety": -4.27,
        "diplopia": -4.72,
        "fatigue": -3.48,
        "other": -5.1,
    },
    "sublingual": {
        "heart_rate_increased": -5.55,
        "blood_pressure_increased": -6.75,
        "nausea": -3.87,
        "headache": -4.44,
        "disorientation": -5.03,
        "vision_blurred": -5.0,
        "balance_disorder": -4.4,
        "dissociation": -3.66,
        "sedation": -2.99,
        "dizziness": -3.47,
        "vertigo": -5.57,
        "vomiting": -5.62,
        "anxiety": -4.76,
        "diplopia": -6.03,
        "fatigue": -3.89,
        "other": -5.01,
    },
    "intranasal": {
        "heart_rate_increased": -5.97,
        "blood_pressure_increased": -4.9,
        "nausea": -3.37,
        "headache": -3.92,
        "disorientation": -5.78,
        "vision_blurred": -5.33,
        "balance_disorder": -5.78,
        "dissociation": -2.6,
        "sedation": -3.73,
        "dizziness": -3.31,
        "vertigo": -3.72,
        "vomiting": -5.01,
        "anxiety": -4.51,
        "diplopia": -6.84,
        "fatigue": -5.03,
        "other": -5.57,
    },
}


@dataclass(frozen=True, slots=True)
class ClinicModel:
    """Every parameter of a synthetic practice. Times in days, depths as shares of baseline severity.

    Attributes
    ----------
    clinic_shares : shares of patients of `CLINICS`.
    depth_means, depth_sds : of the depth A, by kind of patient.
    gain_mean, gain_sd : share of the way to A that one session goes.
    fast_means : relief of the first hours, by kind; `fast_half_life` its median half-life.
    slow_half_life, slow_half_life_log_sd : median, and sd of the logarithm, of h_slow.
    fades_soon_share, fades_soon_half_life : the share of patients whose h_slow has this median instead.
    drift_sd : sd of the change that has nothing to do with treatment.
    noise_share : sd of a score's noise as a share of the instrument's maximum.
    booster_share : patients (who completed at least 4 sessions and improved) who come for boosters.
    return_share : of the patients who completed at least 4 sessions and take no boosters, those who come
        back for a second course, more than 90 days later.
    follow_up_mean : mean days that those who completed induction stay in the records after it.
    baseline_missing : share of courses whose score before the first session was not taken.
    patient_sd : sd of the patient's random effect on side effects (log-odds);
        `term_sd` that of patient and term; `session_slope` fall per unit of ln(session number).
    intercepts : log-odds in the first session of a patient with random effects 0, by route and term;
        fitted to `Arm.effects` by `sample_data.calibration.fit_intercepts`.
    """

    arms: tuple[Arm, ...] = ARMS
    clinic_shares: tuple[float, float, float] = (0.45, 0.25, 0.30)
    depth_means: tuple[float, float, float, float] = (0.92, 0.38, 0.05, -0.52)
    depth_sds: tuple[float, float, float, float] = (0.13, 0.10, 0.10, 0.15)
    gain_mean: float = 0.43
    gain_sd: float = 0.10
    fast_means: tuple[float, float, float, float] = (0.12, 0.10, 0.05, 0.0)
    fast_half_life: float = 2.0
    slow_half_life: float = 78.0
    slow_half_life_log_sd: float = 0.6
    fades_soon_share: float = 0.34
    fades_soon_half_life: float = 14.0
    drift_sd: float = 0.06
    noise_share: float = 0.055
    booster_share: float = 0.60
    return_share: float = 0.15
    follow_up_mean: float = 150.0
    baseline_missing: float = 0.10
    patient_sd: float = 0.9
    term_sd: float = 1.2
    session_slope: float = 0.45
    intercepts: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: INTERCEPTS)


DEFAULT_MODEL = ClinicModel()
