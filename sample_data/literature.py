"""Published figures, one row each with its citation: what the synthetic clinic is held to.

Figures are those of section 8 of the clinical definitions. `tolerance` is how far the mean of
several simulated clinics may lie from the published figure: the published figures come from samples of 24
to 1,247 people under differing definitions, so a closer fit would be false precision.
Charts may draw these rows as context; each must then show its `citation`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One published number.

    Attributes
    ----------
    code : name of the figure, as `sample_data.calibration.figures` gives it.
    value : share (0 to 1) unless `unit` says otherwise.
    tolerance : accepted distance of the simulated from the published figure, same unit;
        None where the figure is shown for comparison only.
    otherwise : how the simulated figure is counted, where that is not the way of the publication.
    """

    code: str
    meaning: str
    value: float
    citation: str
    tolerance: float | None = None
    unit: str = "share"
    route: str | None = None
    instrument: str | None = None
    n: int | None = None
    otherwise: str = ""


MCINNES = "McInnes 2022, J Affect Disord 301:486 (real-world IV ketamine, PHQ-9)"
MURROUGH = "Murrough 2013, Biol Psychiatry 74:250 (six IV infusions in 12 days)"
PHILLIPS = "Phillips 2019, Am J Psychiatry 176:401 (single, repeated and maintenance infusions)"
OLIVER = "Oliver 2022, J Clin Psychiatry 83:21m14336 (real-world IV ketamine)"
ORKA2 = "Osmind ORKA-2 (real-world ketamine practices)"
HULL = "Hull 2022, J Affect Disord 314:59 (sublingual ketamine at home)"
PFEIFFER = "Pfeiffer 2024, J Clin Psychiatry 85:23m14984 (IV ketamine in the VA health system)"
SAKURAI = "Sakurai 2020, J Affect Disord 276:660 (IV ketamine at one hospital, QIDS-SR16)"
SUSTAIN2 = "Wajs 2020, J Clin Psychiatry 81:19m12891 (SUSTAIN-2, esketamine to one year)"
IV_EFFECTS = "Series of 203 patients given IV ketamine (side effects per patient)"
IV_PRESSURE = "Series of 741 IV infusions (blood pressure, peak at 30-40 minutes)"
ESKETAMINE_LABEL = "Esketamine nasal spray, US prescribing information (adverse reactions)"


def _per_patient(
    group: str, route: str, n: int, citation: str, tolerance: float, **shares: float
) -> tuple[PublishedFigure, ...]:
    return tuple(
        PublishedFigure(
            f"{group}_{term}", f"{term.replace('_', ' ')}, share of patients ({route})", share, citation,
            tolerance, route=route, n=n,
        )
        for term, share in shares.items()
    )  # fmt: skip


def _iv(
    code: str, meaning: str, value: float, citation: str, tolerance: float | None = None, *,
    unit: str = "share", n: int | None = None, instrument: str | None = "phq9", otherwise: str = "",
) -> PublishedFigure:  # fmt: skip
    return PublishedFigure(code, meaning, value, citation, tolerance, unit, "iv", instrument, n, otherwise)


PUBLISHED: tuple[PublishedFigure, ...] = (
    _iv("iv_response", "response 14 to 31 days after induction", 0.536, MCINNES, 0.05, n=537),
    _iv("iv_remission", "remission 14 to 31 days after induction", 0.289, MCINNES, 0.05, n=537),
    _iv("iv_worse", "worse 14 to 31 days after induction", 0.084, MCINNES, 0.03, n=537),
    _iv("iv_durable_4_weeks", "of responders, in response 4 weeks later, without boosters", 0.80, MCINNES, 0.07),
    _iv("iv_durable_8_weeks", "of responders, in response 8 weeks later, without boosters", 0.60, MCINNES, 0.07),
    _iv("iv_sessions_to_response", "median infusions to response, of responders", 3, PHILLIPS, 1, unit="infusions"),
    _iv("iv_incomplete", "fewer than 6 infusions", 0.50, ORKA2, 0.06, instrument=None),
    _iv("iv_left_after_first", "left after the first infusion", 0.20, ORKA2, 0.04, instrument=None),
    _iv("iv_days_between_month_5", "days between infusions", 24.5, PFEIFFER, 3.5, unit="days", instrument=None),
    PublishedFigure(
        "intranasal_completed", "received all eight sessions of induction", 0.745, SUSTAIN2, 0.05,
        route="intranasal", n=779,
    ),
    PublishedFigure(
        "sublingual_response_at_end", "response at end of induction", 0.628, HULL, 0.07,
        route="sublingual", instrument="phq9", n=1247,
    ),
    PublishedFigure(
        "sublingual_remission_at_end", "remission at end of induction", 0.326, HULL, 0.07,
        route="sublingual", instrument="phq9", n=1247,
    ),
    *_per_patient(
        "iv", "iv", 203, IV_EFFECTS, 0.05, sedation=0.564, dizziness=0.452, dissociation=0.356, nausea=0.133
    ),
    _iv("iv_systolic_rise", "mean systolic rise", 7.4, IV_PRESSURE, 1.0, unit="mmHg", n=741, instrument=None),
    _iv("iv_diastolic_rise", "mean diastolic rise", 6.0, IV_PRESSURE, 1.0, unit="mmHg", n=741, instrument=None),
    *_per_patient(
        "intranasal", "intranasal", 346, ESKETAMINE_LABEL, 0.06,
        dissociation=0.41, dizziness=0.29, nausea=0.28, sedation=0.23, vertigo=0.23, headache=0.20,
        blood_pressure_increased=0.10,
    ),
    # For comparison only: each conflicts with a figure above, is counted otherwise, or was measured on another scale.
    _iv(
        "iv_response_at_end", "response", 0.536, MCINNES, n=537,
        otherwise="first score after induction, within 14 days, by the definitions (McInnes: 14 to 31 days)",
    ),
    _iv("iv_remission_at_end", "remission", 0.289, MCINNES, n=537, otherwise="as above"),
    _iv(
        "iv_kept_4_weeks", "of responders, in response 4 weeks later", 0.80, MCINNES,
        otherwise="of those in response at the first score within 7 days; two scores make a loss; boosters allowed",
    ),
    _iv("iv_kept_8_weeks", "of responders, in response 8 weeks later", 0.60, MCINNES, otherwise="as above"),
    _iv(
        "iv_median_days_kept", "median days to relapse", 18, MURROUGH, unit="days", n=24, instrument="madrs",
        otherwise="as above, PHQ-9",
    ),
    _iv("iv_response_murrough", "response after six infusions", 0.708, MURROUGH, n=24, instrument="madrs"),
    _iv("iv_response_phillips", "response after six infusions", 0.59, PHILLIPS, instrument="madrs"),
    PublishedFigure(
        "delayed", "improvement that comes late", 0.093, HULL, instrument="phq9", n=1247,
        otherwise="less than 20% better between sessions 3 and 5, in response later; all routes (Hull: a latent class)",
    ),
    _iv("iv_response_oliver", "response by 6 weeks", 0.50, OLIVER, otherwise="PHQ-9 nearest day 42, within a week"),
    _iv("iv_remission_oliver", "remission by 6 weeks", 0.20, OLIVER, otherwise="as above"),
    _iv("iv_response_pfeiffer", "response after 6 weeks", 0.26, PFEIFFER, n=215),
    _iv("iv_remission_pfeiffer", "remission after 6 weeks", 0.15, PFEIFFER, n=215),
    _iv("iv_response_sakurai", "response to induction", 0.183, SAKURAI, n=85, instrument="qids"),
)  # fmt: skip


def published(code: str) -> PublishedFigure:
    """The published figure of this code; KeyError where there is none."""
    for figure in PUBLISHED:
        if figure.code == code:
            return figure
    raise KeyError(f"no published figure {code!r}")
