"""What a row of a clinic's sheet is, and what follows for its columns: long or wide, sessions or scores."""

from __future__ import annotations

from dataclasses import dataclass, field

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.prepare.cells import Columns
from data_models.intake.prepare.column_guess import Guess, Place, is_of_session
from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.prepare.sheet_map import EFFECT_FIELDS, PATIENT_FIELDS, RELATIVE, SCORE_FIELDS, SESSION_FIELDS
from data_models.intake.prepare.sheet_words import SESSION_STEMS
from data_models.intake.prepare.source import BIRTH_DATE, RECORD_NUMBER, TIME


@dataclass(slots=True)
class ProposedTable:
    """The proposal for one sheet; `commas`: some numbers in its cells of text have a decimal
    comma; `asked`: what the map has behind a #, for a person to say what is always so."""

    columns: Columns
    guesses: list[Guess]
    rows: str = "ignored"
    always: dict[str, str] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)
    commas: bool = False
    asked: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.columns.sheet.title

    def with_field(self, name: str) -> list[Guess]:
        """The guesses that become a field, the surest first."""
        return sorted((one for one in self.guesses if one.field == name), key=lambda one: one.doubt)


def settle_items(table: ProposedTable) -> None:
    """Keep a scale's items where all of them are there; else its total alone, and item 9 with it."""
    found: dict[tuple[object, Place], list[Guess]] = {}
    for one in table.guesses:
        if one.becomes and "item" in one.becomes:
            found.setdefault((one.becomes["score"], one.place), []).append(one)
    for (code, _), items in found.items():
        scale = ITEM_SCALES[str(code)]
        if scale and {one.becomes["item"] for one in items if one.becomes} == set(scale.numbers):
            continue
        for one in items:
            is_ninth = one.becomes == {"score": code, "item": 9} and INSTRUMENTS[str(code)].has_item9
            one.becomes = {"item9": str(code)} if is_ninth else None
            one.why = (
                one.why if is_ninth else f"an item of the {INSTRUMENTS[str(code)].name}, not all of which are there"
            )


def choose_rows(table: ProposedTable) -> None:
    """What a row of a sheet is, and what follows for its columns."""
    numbers = table.with_field(RECORD_NUMBER)
    filled = [text for text in numbers[0].look.cells if text] if numbers else []
    once = bool(filled) and len(set(filled)) == len(filled)
    scores = [one for one in table.guesses if one.becomes and "score" in one.becomes]
    times = table.with_field(TIME) or [one for name in RELATIVE for one in table.with_field(name)]
    of_session = [one for one in table.guesses if is_of_session(one)]
    if table.with_field("instrument") and table.with_field("score"):
        table.rows = "scores"
    elif table.with_field("term") and times:
        table.rows = "side_effects"
    elif once and (len(times) > 1 or any(one.place != Place() for one in scores)):
        table.rows = "patients"
        _make_wide(table, times, scores, of_session)
    elif times and (of_session or (not scores and _says_session(times[0]))):
        table.rows = "sessions"
        for one in table.guesses:
            if one.becomes and {"score", "item9"} & one.becomes.keys():
                _say_when(one, one.place.when or "before")
    elif times and (scores or table.with_field("score")):
        table.rows = "scores"
    elif any(one.field in (*PATIENT_FIELDS, BIRTH_DATE) for one in table.guesses):
        table.rows = "patients"
    _keep_one_time(table)
    timed = {(one.becomes or {}).get("session") for one in table.guesses if one.field in (TIME, *RELATIVE)} | {"each"}
    for one in table.guesses:
        kinds = one.becomes or {}
        if "session" in kinds and kinds["session"] not in timed:
            one.becomes, one.why = None, f"{one.why}; no column says when session {kinds['session']} was"
        elif {"blood_pressure", "side_effect"} & kinds.keys() and table.rows != "sessions" and "session" not in kinds:
            one.becomes, one.why = None, f"{one.why}; a row of {table.rows} does not have it"
        elif table.rows not in ("patients", "sessions"):
            continue
        elif {"score", "item9"} & kinds.keys() and not {"when", "time"} & kinds.keys():
            one.becomes, one.why = None, f"{one.why}; its name does not say when: add when = or time ="


def _make_wide(table: ProposedTable, times: list[Guess], scores: list[Guess], of_session: list[Guess]) -> None:
    """A row a patient: dates are sessions, or say when the scores of the same visit were."""
    names = {one.look.name for one in table.guesses}
    for one in table.guesses:  # Datum, Datum #2: below "visit 1" and "visit 2" of a row above the header
        if f"{one.look.name} #2" in names and one.place == Place():
            one.place = Place(visit="v1")
    visits = {one.place.visit: one for one in times if one.place.visit and not one.place.session}
    scored = {one.place.visit for one in scores if not one.place.when}
    treated = {
        one.place.visit for one in of_session if one.field == "dose" and one.place.visit and not one.place.session
    }
    for one in times:
        field = one.field
        if one.place.session:
            one.becomes = {"field": field, "session": one.place.session}
        elif one.place.visit in treated:
            one.becomes = {"field": field, "session": int(one.place.visit[1:])}
        elif one.place.visit in scored and len(visits) > 0:
            one.becomes, one.why = None, f"{one.why}; says when the scores of {one.place.visit} were"
        elif one.place.visit:
            one.becomes = {"field": field, "session": int(one.place.visit[1:])}
        elif not any(other.place.session for other in times):
            one.becomes = {"field": field, "session": 1}
        else:
            one.becomes, one.why = None, f"{one.why}; says not of which session"
    for one in of_session:
        if one.becomes and one.field not in PATIENT_FIELDS:
            number = one.place.session or int(one.place.visit[1:] or 0)
            each = not number and one.field in ("drug", "route", "dose", "dose_unit")
            one.becomes |= {"session": "each" if each else number or 1}
    for one in (one for one in table.guesses if one.becomes and ({"score", "item9"} & one.becomes.keys())):
        if one.place.when:
            _say_when(one, one.place.when)
            if one.place.session > 1 and one.becomes:
                one.becomes["session"] = one.place.session
        elif one.place.visit in visits and one.becomes:
            one.becomes["time"] = visits[one.place.visit].look.name


def _says_session(one: Guess) -> bool:
    """Whether a date's name is that of a treatment, also within a word (Infusionsdatum)."""
    return any(stem in word for word in one.look.words for stem in SESSION_STEMS)


def _say_when(one: Guess, when: str) -> None:
    if one.becomes is not None:
        one.becomes["when"] = when


def _keep_one_time(table: ProposedTable) -> None:
    """Of several dates of a row's own, the one whose name says most."""
    if table.rows == "patients":
        for one in table.guesses:
            if one.field in (TIME, "time_of_day", *RELATIVE) and one.becomes and "session" not in one.becomes:
                one.becomes, one.why = None, f"{one.why}; says not of which session"
        return
    times = [one for name in (TIME, *RELATIVE) for one in table.with_field(name)]
    for one in times[1:]:
        one.becomes, one.why = None, f"{one.why}; another column says when the row was"
    if table.rows in ("scores", "side_effects") and not times:
        table.rows = "ignored"


def fields_of(rows: str) -> set[str]:
    fields = {
        "patients": {},
        "sessions": SESSION_FIELDS,
        "scores": SCORE_FIELDS,
        "side_effects": EFFECT_FIELDS,
        "ignored": {},
    }[rows]
    timed = {TIME, "time_of_day", *RELATIVE} if rows not in ("patients", "ignored") else set()
    return {*PATIENT_FIELDS, *fields, RECORD_NUMBER, BIRTH_DATE, "first_session", *timed}
