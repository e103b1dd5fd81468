"""What MAP.toml says of SDTM datasets; most need none of it.

[treatments]                      # names of EXTRT that do not say what they are
"STUDY DRUG" = "esketamine"
[patients]
diagnosis = "treatment_resistant_depression"   # the same for all
clinic = "North"                  # in place of SITEID
[sessions]
side_effects_asked = "yes"        # where AEs were asked about at each session
at_reference_start = "ketamine"   # a study without EX: one session on RFSTDTC
[terms]                           # of AEDECOD, where they are not MedDRA's names of our terms
"Tachycardia" = "heart_rate_increased"
[[scores]]                        # test codes that are the sponsor's own
instrument = "madrs"
total = "MADTOT"
items = ["MAD01", "..."]
[items]
missing = "published"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import DIAGNOSES, DRUGS, SIDE_EFFECTS
from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.prepare.map_keys import MapTable
from data_models.intake.prepare.source import Choices

OTHER = "other"  # a treatment that makes no session


@dataclass(frozen=True, slots=True)
class StudyMap:
    """All that MAP.toml says.

    Attributes
    ----------
    treatments : drug by EXTRT in capitals, "" for one that makes no session.
    scores : instrument and place of an item (None: the total) by test code.
    """

    treatments: Mapping[str, str]
    diagnosis: str
    clinic: str
    asked: str
    at_reference_start: str
    terms: Mapping[str, str]
    scores: Mapping[str, tuple[str, int | None]]
    published: bool


def study_map(choices: Choices) -> StudyMap:
    """The map, checked. Raises CannotRead: a key or a value that cannot be used, and what is known."""
    top = MapTable(choices.map, choices.map_file)
    top.only("treatments", "patients", "sessions", "terms", "scores", "items")
    patients = top.table("patients", "diagnosis", "clinic")
    sessions = top.table("sessions", "side_effects_asked", "at_reference_start")
    treatments, terms = top.table("treatments"), top.table("terms")
    scores: dict[str, tuple[str, int | None]] = {}
    for table in top.tables("scores"):
        scores |= _scores(table)
    drugs = {name.upper(): treatments.choice(name, (*DRUGS, OTHER)) for name in treatments.given}
    return StudyMap(
        treatments={name: "" if drug == OTHER else drug for name, drug in drugs.items()},
        diagnosis=patients.choice("diagnosis", DIAGNOSES),
        clinic=patients.text("clinic"),
        asked=sessions.choice("side_effects_asked", ("yes", "no")),
        at_reference_start=sessions.choice("at_reference_start", DRUGS),
        terms={name.upper(): terms.choice(name, SIDE_EFFECTS) for name in terms.given},
        scores=scores,
        published=top.table("items", "missing").choice("missing", ("none", "published")) == "published",
    )


def _scores(table: MapTable) -> dict[str, tuple[str, int | None]]:
    table.only("instrument", "total", "items")
    instrument = table.choice("instrument", tuple(INSTRUMENTS))
    total, items = table.text("total"), table.list_of_texts("items")
    scale = ITEM_SCALES.get(instrument)
    if not instrument or not (total or items):
        table.refuse(f"{table.name}: say the instrument, and the test code of its total, or those of its items")
    if items and (scale is None or len(items) != len(scale.numbers)):
        count = len(scale.numbers) if scale else 0
        table.refuse(f"{table.name}: {instrument} has {count} items, in their order; {len(items)} are named")
    placed: dict[str, tuple[str, int | None]] = {code.upper(): (instrument, at) for at, code in enumerate(items)}
    return {**placed, **({total.upper(): (instrument, None)} if total else {})}
