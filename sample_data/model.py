"""The latent model of a synthetic practice: its equations, parameters and their sources.

Patient i is treated on one arm (drug and route) at sessions t_1 < t_2 < ... (days since the first).

*Improvement* is a share of the untreated severity B_i, the sum of effects that decay between sessions:

    x_i(t) = s_i(t) + f_i 2^(-(t - t_k) / h_fast,i) + d_i (1 - 2^(-t / 45))     t_k = latest session before t
    s_i(t_k+) = s_i(t_k-) + g_i (A_i - s_i(t_k-))                               each session
    s_i(t) = s_i(t_k+) 2^(-(t - t_k) / h_slow,i)                                between sessions

- f_i, h_fast,i: the relief that is there within hours and has faded within about a week (the source
  document of the definitions; Zarate 2006).
- A_i: the depth that repeated sessions approach, g_i the share of the way that one goes (Phillips
  2019: median of three infusions to response). Patients are of five kinds - responding, partial, not
  responding, worse, delayed - that differ in the mean of A_i. Of the *delayed* (9 %; Hull 2022) the
  first sessions do nothing: g_i is 0 up to session `late_sessions`.
- h_slow,i: log-normal, shorter for some, so that some lose the response within a week or two and some hold it
  for months. It is set to McInnes 2022 (80 % at 4 and 60 % at 8 weeks still in response, 537 patients)
  and *not* to Murrough 2013 (median 18 days to relapse, 24 trial patients who had been taken off all
  other medication): the two cannot both hold, and a practice is what is imitated here. What is held to it
  is what McInnes counted, as far as the abstract tells: of responders, Kaplan-Meier to the first score without
  response, without maintenance. The definitions count otherwise (`sample_data.calibration`).
- d_i: slow change that has nothing to do with treatment.

A *score* on instrument j is B_ij (1 - e_ij x_i(t)) + noise, rounded to the scale's step and held within its
range. The noise has the scale's published standard error of measurement (`data_models.definitions.instruments`).
B_ij and e_ij are correlated within a patient.

*Staying.* A patient leaves after the first session, or after each later one before the planned number,
with fixed chances (Osmind ORKA-2), independent of how well it works: a simplification that keeps the true
response share of the measured equal to that of all.

*Boosters* come at the patient's own usual interval, short after induction and three to four weeks by month 5
(Pfeiffer 2024), each time another number of days. For most it is bent towards the day on which s_i(t) has
fallen to the patient's own threshold. Esketamine is given by its label: weekly for four weeks, then weekly or every
second week, as the patient needs it. Retreatment therefore depends on fading, as in practice: censoring at it is
informative. A gap over 90 days starts a new course. A few get boosters by another route, or of the other drug.

*Observation.* All records were looked through on one day. Who began shortly before it has few weeks
(`observed_until_weeks`): induction or boosters may still be going on. Everybody else's course has ended.

*Side effects.* Term e occurs in session number n (of all the patient's) with

    logit p = a_arm,e + u_i + v_ie - slope ln(n)            u_i, v_ie normal, mean 0

so that they cluster within patients and become rarer. a is set so that the share of patients with at least
one occurrence equals the published one (`sample_data.literature`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CLINICS = ("synthetic_north", "synthetic_harbour", "synthetic_valley")
KINDS = ("responding", "partial", "not_responding", "worse", "delayed")


@dataclass(frozen=True, slots=True)
class Arm:
    """How one drug and route is given, and how well it works.

    Attributes
    ----------
    clinic_shares : share of each clinic's patients on this arm, in the order of `CLINICS`.
    kind_shares : shares of `KINDS`, sum 1.
    gaps_days : gaps between induction sessions, each equally likely.
    leave_after_first, leave_later : chance to leave after the first, and after each later, session.
    switch_to : routes of the arms on which a few are given boosters instead, each equally likely.
    schedule_days : gaps of scheduled boosters after induction; the last one repeats, halved or prolonged by need.
        Empty: no schedule.
    systolic_rise, diastolic_rise : mean rise (mmHg); None where no pressure is taken (at home).
    effects : share of patients that ever report a side effect: what `ClinicModel.intercepts` meet.
    """

    drug: str
    route: str
    clinic_shares: tuple[float, float, float]
    kind_shares: tuple[float, float, float, float, float]
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
    switch_to: tuple[str, ...]
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
        "ketamine", "iv", (0.85, 0.15, 0.35), (0.63, 0.08, 0.05, 0.15, 0.09), 6, (2, 2, 3, 4), 0.20, 0.111,
        (0.5, 0.5, 0.6, 0.75), "mg_per_kg", 40, 95, 0.93, 0.85, ("sublingual", "im"),
        systolic_rise=7.4, diastolic_rise=6.0, heart_rate_rise=5.0, effects=_IV_EFFECTS,
    ),
    Arm(
        "ketamine", "im", (0.10, 0.25, 0.0), (0.65, 0.08, 0.06, 0.12, 0.09), 6, (4, 5, 6, 7), 0.20, 0.111,
        (40, 50, 60, 75), "mg", 60, 105, 0.90, 0.80, ("sublingual",),
        systolic_rise=9.0, diastolic_rise=6.5, heart_rate_rise=6.0, effects=_IM_EFFECTS,
    ),
    Arm(
        "ketamine", "sublingual", (0.05, 0.60, 0.05), (0.61, 0.23, 0.04, 0.03, 0.09), 6, (3, 3, 4), 0.20, 0.111,
        (150, 200, 300, 400), "mg", 60, None, 0.62, 0.60, ("im", "iv"), effects=_HOME_EFFECTS,
    ),
    Arm(
        "esketamine", "intranasal", (0.0, 0.0, 0.60), (0.61, 0.11, 0.10, 0.09, 0.09), 8, (3, 4), 0.09, 0.033,
        (56, 84, 84), "mg", None, 125, 0.95, 0.85, ("iv",), schedule_days=(7, 7, 7, 7, 14),
        systolic_rise=8.0, diastolic_rise=5.5, heart_rate_rise=2.0, effects=_NASAL_EFFECTS,
    ),
)  # fmt: skip


INTERCEPTS: dict[str, dict[str, float]] = {
    "iv": {
        "heart_rate_increased": -4.51,
        "blood_pressure_increased": -4.09,
        "nausea": -3.83,
        "headache": -3.76,
        "disorientation": -4.23,
        "vision_blurred": -3.57,
        "balance_disorder": -3.62,
        "dissociation": -2.19,
        "sedation": -1.04,
        "dizziness": -1.63,
        "vertigo": -4.67,
        "vomiting": -5.2,
        "anxiety": -4.19,
        "diplopia": -4.67,
        "fatigue": -3.47,
        "other": -5.07,
    },
    "im": {
        "heart_rate_increased": -4.49,
        "blood_pressure_increased": -4.03,
        "nausea": -3.32,
        "headache": -3.74,
        "disorientation": -4.15,
        "vision_blurred": -3.55,
        "balance_disorder": -3.67,
        "dissociation": -1.79,
        "sedation": -1.05,
        "dizziness": -1.62,
        "vertigo": -4.62,
        "vomiting": -4.83,
        "anxiety": -4.21,
        "diplopia": -4.67,
        "fatigue": -3.44,
        "other": -5.03,
    },
    "sublingual": {
        "heart_rate_increased": -5.31,
        "blood_pressure_increased": -6.55,
        "nausea": -3.61,
        "headache": -4.2,
        "disorientation": -4.79,
        "vision_blurred": -4.78,
        "balance_disorder": -4.16,
        "dissociation": -3.41,
        "sedation": -2.73,
        "dizziness": -3.22,
        "vertigo": -5.32,
        "vomiting": -5.42,
        "anxiety": -4.49,
        "diplopia": -5.78,
        "fatigue": -3.65,
        "other": -4.74,
    },
    "intranasal": {
        "heart_rate_increased": -5.83,
        "blood_pressure_increased": -4.76,
        "nausea": -3.23,
        "headache": -3.8,
        "disorientation": -5.64,
        "vision_blurred": -5.2,
        "balance_disorder": -5.67,
        "dissociation": -2.46,
        "sedation": -3.6,
        "dizziness": -3.17,
        "vertigo": -3.57,
        "vomiting": -4.9,
        "anxiety": -4.38,
        "diplopia": -6.73,
        "fatigue": -4.91,
        "other": -5.44,
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
    late_sessions : of the delayed, the fewest and most sessions that do nothing.
    noise_share : sd of a score's noise as a share of the instrument's range, where no standard error of measurement
        is published.
    booster_share : patients (who completed at least 4 sessions and improved) who come for boosters.
    booster_interval : median of the patients' usual days between boosters from `settling_days` after induction on;
        just after it they are `booster_start` of that.
    switch_share : patients whose boosters are, from one of them on, given on another arm.
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
    clinic_shares: tuple[float, float, float] = (0.40, 0.30, 0.30)
    depth_means: tuple[float, float, float, float, float] = (0.92, 0.38, 0.05, -0.52, 0.88)
    depth_sds: tuple[float, float, float, float, float] = (0.13, 0.10, 0.10, 0.15, 0.12)
    gain_mean: float = 0.40
    gain_sd: float = 0.10
    late_sessions: tuple[int, int] = (4, 6)
    fast_means: tuple[float, float, float, float, float] = (0.075, 0.07, 0.04, 0.0, 0.03)
    fast_half_life: float = 2.0
    slow_half_life: float = 165.0
    slow_half_life_log_sd: float = 0.6
    fades_soon_share: float = 0.13
    fades_soon_half_life: float = 11.0
    drift_sd: float = 0.06
    noise_share: float = 0.055
    booster_share: float = 0.60
    booster_interval: float = 28.0
    booster_start: float = 0.35
    settling_days: float = 130.0
    switch_share: float = 0.10
    return_share: float = 0.25
    follow_up_mean: float = 150.0
    baseline_missing: float = 0.10
    patient_sd: float = 0.9
    term_sd: float = 1.2
    session_slope: float = 0.45
    intercepts: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: INTERCEPTS)


DEFAULT_MODEL = ClinicModel()
