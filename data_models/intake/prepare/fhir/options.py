"""What MAP.toml may say of a FHIR export, in its tables `[fhir]` and `[items]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import DRUGS, ROUTES
from data_models.intake.prepare.fhir.codes import SCALES, TOTAL, Meaning
from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.prepare.map_keys import MapTable
from data_models.intake.prepare.source import Choices

_TEXTS = ("identifier_system", "clinic", "route")
_TABLES = ("totals", "items", "answers", "drugs", "routes")


@dataclass(frozen=True, slots=True)
class Options:
    """What a map says.

    Attributes
    ----------
    identifier_system : the Patient.identifier whose value is the record number; "": Patient.id is.
    clinic : of all patients; "" where it is not said.
    route : of sessions that name none.
    scales : further codes and linkIds of scales (`[fhir.totals]`, "12345" = "phq9"; `[fhir.items]`, "Q1" = "phq9 1").
    answers : points of further answer codes, of every scale (`[fhir.answers]`, "at2" = 2).
    drugs, routes : further codes of medicines and procedures that are sessions, and of routes.
    published : `[items] missing = "published"`: a scale's published rule makes totals of which items are missing.
    """

    identifier_system: str = ""
    clinic: str = ""
    route: str = ""
    scales: Mapping[str, Meaning] = field(default_factory=dict)
    answers: Mapping[str, int] = field(default_factory=dict)
    drugs: Mapping[str, str] = field(default_factory=dict)
    routes: Mapping[str, str] = field(default_factory=dict)
    published: bool = False


def options_of(choices: Choices) -> Options:
    """The options of a map.

    Raises
    ------
    CannotRead : a table or key that is none of these, or a value that it cannot have.
    """
    whole = MapTable(choices.map, choices.map_file)
    whole.only("fhir", "items")
    given = whole.table("fhir", *_TEXTS, *_TABLES)
    totals, drugs, routes = (
        {code: given.table(name).choice(code, known) for code in given.table(name).given}
        for name, known in (("totals", tuple(INSTRUMENTS)), ("drugs", DRUGS), ("routes", ROUTES))
    )
    scales = {code: Meaning(instrument, TOTAL, {}) for code, instrument in totals.items() if instrument}
    for code, words in given.texts("items").items():
        instrument, _, number = words.partition(" ")
        scale = ITEM_SCALES.get(instrument)
        if scale is None or not number.isdigit() or int(number) not in scale.numbers:
            whole.refuse(f'fhir.items.{code} is a scale and the number of its item, as "phq9 1"')
        place = scale.numbers.index(int(number))
        row = next((row for row in SCALES if row.instrument == instrument and row.items), None)
        scales[code] = Meaning(instrument, place, row.answers_of(place) if row else {})
    answers = given.texts("answers")
    for code, points in answers.items():
        if not points.isdigit():
            whole.refuse(f"fhir.answers.{code} is a number of points")
    return Options(
        given.text("identifier_system"), given.text("clinic"), given.choice("route", ROUTES), scales,
        {code: int(points) for code, points in answers.items()}, drugs, routes,
        whole.table("items", "missing").choice("missing", ("none", "published")) == "published",
    )  # fmt: skip
