"""What FHIR's codes mean here, as rows: a scale, a drug, a route or a side effect more is a row more.

Codes alone, no item text: several scales are licensed, and LOINC, SNOMED CT and RxNorm have licences of their own. Each
row says where its codes stand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from data_models.definitions.instruments import INSTRUMENTS, ITEM9_LOINC
from data_models.intake.prepare.item_totals import ITEM_SCALES

LOINC: Final = frozenset(("http://loinc.org", "https://loinc.org", "urn:oid:2.16.840.1.113883.6.1"))
RXNORM: Final = frozenset(("http://www.nlm.nih.gov/research/umls/rxnorm", "urn:oid:2.16.840.1.113883.6.88"))
NDC: Final = frozenset(("http://hl7.org/fhir/sid/ndc", "urn:oid:2.16.840.1.113883.6.69"))

Answers = Mapping[str, int]
_SCALE_PLACES: Final = {code: place for place, code in enumerate(INSTRUMENTS)}
TOTAL: Final = -1  # the place of a total among a scale's codes; items stand at 0 and up


@dataclass(frozen=True, slots=True)
class ScaleCodes:
    """The codes of one scale in one naming.

    Attributes
    ----------
    totals : of the total score.
    items : in the order of `item_totals.ITEM_SCALES`.
    answers : per item, the points of its answer codes; one for all, or none where answers are numbers.
    """

    instrument: str
    totals: tuple[str, ...]
    source: str
    items: tuple[str, ...] = ()
    answers: tuple[Answers, ...] = ()

    def __post_init__(self) -> None:
        scale = ITEM_SCALES.get(self.instrument)
        if self.items and (scale is None or len(self.items) != len(scale.numbers)):
            raise ValueError(f"{self.instrument}: not as many items as the scale has")
        if self.instrument not in INSTRUMENTS or len(self.answers) not in (0, 1, len(self.items)):
            raise ValueError(f"{self.instrument}: no such scale, or answers for some of its items alone")

    def answers_of(self, place: int) -> Answers:
        """The points of one item's answer codes."""
        return self.answers[place if len(self.answers) > 1 else 0] if self.answers else {}


def _named(pattern: str, places: str | int) -> tuple[str, ...]:
    """Item names that count, or that end in letters."""
    return tuple(pattern.format(place) for place in (range(1, places + 1) if isinstance(places, int) else places))


def _points(*codes: str) -> Answers:
    return MappingProxyType({code: points for points, code in enumerate(codes)})


# LOINC answer lists: LL358-3 (US Core, Questionnaire phq-9-example), LL2179-1, LL2180-9, LL2181-7.
_HALF_DAYS: Final = (_points("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"),)
_DRINKS: Final = (
    _points("LA6270-8", "LA18926-8", "LA18927-6", "LA18928-4", "LA18929-2"),
    _points("LA15694-5", "LA15695-2", "LA18930-0", "LA18931-8", "LA18932-6"),
    _points("LA6270-8", "LA18933-4", "LA18876-5", "LA18891-4", "LA18934-2"),
)
_MII: Final = "Medizininformatik-Initiative, Modul PRO"

SCALES: Final[tuple[ScaleCodes, ...]] = (
    ScaleCodes(
        "phq9", ("44261-6",), "LOINC panel 44249-1; US Core Screening and Assessments",
        ("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", ITEM9_LOINC),
        _HALF_DAYS,
    ),
    ScaleCodes(
        "phq9", ("phq-phq9-score-total",), f"{_MII} to 2026.4", _named("phq-phq9-q{:02}", 9), _HALF_DAYS,
    ),
    ScaleCodes("phq9", (), f"{_MII} from 2026.5 (ConceptMap)", _named("phq-phq2{}", "abcdefghi"), _HALF_DAYS),
    ScaleCodes("phq9", (), f"{_MII}, example mii-exa-pro-phq-9-response", _named("PHQ.{}", 9), _HALF_DAYS),
    ScaleCodes(
        "gad7", ("70274-6",), "LOINC panels 69737-5, 69729-2",
        ("69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7"), _HALF_DAYS,
    ),
    ScaleCodes(
        "gad7", ("phq-gad7-score-total",), f"{_MII} from 2026.7", _named("phq-phq5{}", "abcdefg"), _HALF_DAYS,
    ),
    ScaleCodes("gad7", (), f"{_MII} (ConceptMap mii-cm-pro-gad-7-linkids)", _named("gad7-q{:02}", 7), _HALF_DAYS),
    ScaleCodes(
        "auditc", ("75626-2",), "LOINC panel 72109-2; US Core, Questionnaire AUDIT-C",
        ("68518-0", "68519-8", "68520-6"), _DRINKS,
    ),
    ScaleCodes("peg", ("91147-9",), "LOINC panel 91148-7", ("75893-8", "91145-3", "91146-1")),
    ScaleCodes("pcl5", ("101698-9",), "LOINC panel 101697-1"),
    ScaleCodes("bdi2", ("89209-1",), "LOINC; Medizininformatik-Initiative, ObservationDefinition of BDI-II"),
    ScaleCodes(
        "bdi2", ("bdi-bdi2-score-total",), f"{_MII} (conventions for linkIds)", _named("bdi-bdi2-q{:02}", 21),
    ),
)  # fmt: skip


ITEMS: Final = 64  # more than any scale has


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code of a scale stands for: a total, or the item at a place.

    Attributes
    ----------
    number : scale and place as one number: the scale's place among all times `ITEMS`, plus `place` + 1.
    """

    instrument: str
    place: int
    answers: Answers
    number: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "number", _SCALE_PLACES[self.instrument] * ITEMS + self.place + 1)


MEANINGS: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        code: Meaning(row.instrument, place, row.answers_of(place) if place != TOTAL else {})
        for row in SCALES
        for place, codes in ((TOTAL, row.totals), *((place, (item,)) for place, item in enumerate(row.items)))
        for code in codes
    }
)
# Panels hold members. Some servers write a number as a panel's own value, which no guide allows.
PANELS: Final = frozenset(("44249-1", "69737-5", "69729-2", "72109-2", "91148-7", "101697-1"))
# An Observation or question of which no code is known, but whose text names a scale of ours.
SCALE_NAMES: Final = re.compile(
    r"\b(phq[- ]?9|gad[- ]?7|madrs|ham[- ]?d|hdrs|qids|bdi|pcl[- ]?5|hads|audit[- ]?c|"
    r"montgomery|hamilton (rating|depression)|beck depression|peg (scale|score|total|mean))\b",
    re.IGNORECASE,
)

# The sign of a session that a LOINC code stands for, and the units that it may have (FHIR R4, vital signs profiles).
VITALS: Final[Mapping[str, str]] = MappingProxyType(
    {"8480-6": "systolic", "8462-4": "diastolic", "8867-4": "heart_rate"}
)
VITAL_UNITS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "systolic": frozenset(("mm[hg]", "mmhg", "mm hg", "millimeter of mercury")),
        "diastolic": frozenset(("mm[hg]", "mmhg", "mm hg", "millimeter of mercury")),
        "heart_rate": frozenset(
            ("/min", "1/min", "min-1", "{beats}/min", "beats/min", "beats/minute", "beats per minute", "bpm")
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug that sessions are made of, and the route where the code is of a product for one route."""

    drug: str
    route: str = ""


_ESKETAMINE_SPRAY: Final = Drug("esketamine", "intranasal")
# By system. RxNorm: 6130 is the ingredient (NEMSIS list of medications), 2201623 and 2201625 are esketamine's nasal
# spray and Spravato (RxNorm 20AA_260601F, SCDF and SBDF). SNOMED CT: 373464007 is the substance. WHO's ATC. HCPCS
# (CMS): G2082 and G2083 are visits with esketamine, S0013 and since 2026 J0013 the drug. Of an NDC the first two parts
# are the product: 50458-028 is Spravato (label of 2020), 67457-001, -108 and -181 are ketamine (DailyMed, set id
# 505dc937-694d-4a3a-befa-aae20071b4c7). Other products and codes of either are found by their words.
RXNORM_DRUGS: Final[Mapping[str, Drug]] = MappingProxyType(
    {"6130": Drug("ketamine"), "2201623": _ESKETAMINE_SPRAY, "2201625": _ESKETAMINE_SPRAY}
)
NDC_DRUGS: Final[Mapping[str, Drug]] = MappingProxyType(
    {
        "50458-028": _ESKETAMINE_SPRAY,
        "67457-001": Drug("ketamine"),
        "67457-108": Drug("ketamine"),
        "67457-181": Drug("ketamine"),
    }
)
OTHER_DRUGS: Final[Mapping[str, Drug]] = MappingProxyType(
    {
        "373464007": Drug("ketamine"),
        "N01AX03": Drug("ketamine"),
        "N01AX14": Drug("esketamine"),
        "N06AX27": _ESKETAMINE_SPRAY,
        "G2082": _ESKETAMINE_SPRAY,
        "G2083": _ESKETAMINE_SPRAY,
        "S0013": _ESKETAMINE_SPRAY,
        "J0013": _ESKETAMINE_SPRAY,
    }
)
# (S)-ketamine has names of its own in Europe; "Ketanest" without the S was the racemate.
DRUG_TEXTS: Final[tuple[tuple[re.Pattern[str], Drug], ...]] = (
    (re.compile(r"\bspravato\b", re.IGNORECASE), _ESKETAMINE_SPRAY),
    (
        re.compile(r"\b(?:es[- ]?ketamin|ketanest[- ]?s\b)|(?<!\w)\(?s\)?[- (+)]*ketamin", re.IGNORECASE),
        Drug("esketamine"),
    ),
    (re.compile(r"\b(?:ketamin(?:e|a|um|i)?|ketalar|ketanest)\b", re.IGNORECASE), Drug("ketamine")),
)  # fmt: skip


def product_of(ndc: str) -> str:
    """The product of a National Drug Code, as its first two parts of five and three digits; "" where it has none.

    Of eleven digits without hyphens the product is padded to four; of ten, the parts cannot be told, but a list of
    products can be looked through.

    Examples
    --------
    >>> product_of("50458-028-02"), product_of("50458-0028-02"), product_of("50458002802"), product_of("5045802802")
    ('50458-028', '50458-028', '50458-028', '50458-028')
    """
    parts = ndc.split("-")
    if len(parts) == 1 and ndc.isdigit() and len(ndc) in (10, 11):
        parts = [ndc[:5], ndc[5 : len(ndc) - 2]]
    if len(parts) < 2 or not all(part.isdigit() for part in parts[:2]):
        return ""
    return f"{parts[0].zfill(5)}-{parts[1].lstrip('0').zfill(3)}"


def _rows(rows: dict[str, str]) -> Mapping[str, str]:
    """By each code or word, in small letters, what it stands for."""
    return MappingProxyType({word.casefold(): name for name, words in rows.items() for word in words.split("|")})


# SNOMED CT (FHIR value set route-codes), HL7 v2 table 0162, and the words that displays and texts have.
ROUTES: Final[Mapping[str, str]] = _rows(
    {
        "iv": "47625008|IV|IVP|IVPB|i.v.|intravenous|intravenous route|intravenous use|intravenously|intravenös",
        "im": "78421000|IM|i.m.|intramuscular|intramuscular route|intramuscular use|intramuscularly|intramuskulär",
        "sc": "34206005|SC|SQ|s.c.|subcutaneous|subcutaneous route|subcutaneous use|subcutaneously|subkutan",
        "intranasal": "46713006|NS|IN|nasal|nasal route|nasal use|intranasal|intranasal route|intranasally|nasally",
        "sublingual": "37839007|SL|sublingual|sublingual route|sublingual use|sublingually",
        "oral": "26643006|PO|p.o.|oral|oral route|oral use|orally|by mouth|per os|peroral",
    }
)
# Sums of a dose are told in the contract's units: each unit's name there, and what one of it is.
DOSE_UNITS: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {
        "mg": ("mg", 1.0),
        "milligram": ("mg", 1.0),
        "milligrams": ("mg", 1.0),
        "g": ("mg", 1000.0),
        "ug": ("mg", 0.001),
        "mcg": ("mg", 0.001),
        "mg/kg": ("mg_per_kg", 1.0),
        "mg per kg": ("mg_per_kg", 1.0),
        "ug/kg": ("mg_per_kg", 0.001),
        "mcg/kg": ("mg_per_kg", 0.001),
    }
)

# Of an adverse event: SNOMED CT's codes as vaccination and radiology value sets write them, MedDRA's preferred terms as
# our own codes, and words that mean the same. Everything else that happened at a session is `other`.
SIDE_EFFECT_TERMS: Final[Mapping[str, str]] = _rows(
    {
        "heart_rate_increased": "heart rate increased|increased heart rate|tachycardia|palpitations",
        "blood_pressure_increased": "blood pressure increased|increased blood pressure|elevated blood pressure|"
        "hypertension|finding of increased blood pressure",
        "nausea": "422587007|nausea|nauseated|nauseous|upset stomach|übelkeit",
        "headache": "25064002|headache|kopfschmerz|kopfschmerzen",
        "disorientation": "disorientation|disoriented|confusion|confusional state",
        "vision_blurred": "111516008|vision blurred|blurred vision|blurring of visual image",
        "balance_disorder": "balance disorder|imbalance|impaired balance|unsteadiness|loss of balance",
        "dissociation": "dissociation|dissociative symptoms|depersonalization|derealization|"
        "depersonalisation/derealisation disorder|dissoziation",
        "sedation": "sedation|somnolence|drowsiness|sedated",
        "dizziness": "404640003|dizziness|dizzy|lightheadedness|schwindel",
        "vertigo": "399153001|vertigo",
        "vomiting": "422400008|249497008|vomiting|emesis|erbrechen",
        "anxiety": "anxiety|panic attack|angst",
        "diplopia": "24982008|diplopia|double vision",
        "fatigue": "84229001|fatigue|tiredness",
    }
)

# What counts, by resource; a resource without a status (older versions, summaries) counts too. Not: registered,
# preliminary, cancelled, entered-in-error, in-progress, on-hold, not-done, unknown.
COUNTED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "Observation": frozenset(("final", "amended", "corrected")),
        "QuestionnaireResponse": frozenset(("completed", "amended")),
        # Stopped: begun, and ended before its time; a session for all that.
        "MedicationAdministration": frozenset(("completed", "stopped")),
        "Procedure": frozenset(("completed", "stopped")),
        "AdverseEvent": frozenset(("completed",)),
    }
)
