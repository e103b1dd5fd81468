"""What MAP.toml says of a REDCap export: which field becomes what, and what each event is to a session.

[redcap]
record = "record_id"                # the dictionary's first field, if left out
missing = ["-99", "UNK"]            # the project's missing data codes

[events]                            # of a longitudinal project; an event that is not here is refused
"screening_arm_1" = "day -14"
"infusion_1_arm_1" = "session"      # in a project without dates: "session day 0"
"next_day_arm_1" = "after 24 h"     # of the last session before it in this list, or "... of infusion_1_arm_1"
"follow_up_arm_1" = "dated"         # scores there have dates of their own
"contact_arm_1" = "out"

[patients]
birth_date = "dob"
sex = { field = "sex", values = { 0 = "female", 1 = "male" } }
[sessions]
time = { date = "infusion_date", clock = "infusion_start" }
drug = { value = "ketamine" }       # the same for all
[[scores]]
instrument = "phq9"
time = "phq9_date"
items = ["phq9_1", "phq9_2", "..."]
points = { 1 = 0, 2 = 1, 3 = 2, 4 = 3 }   # where the choices' codes are not the points
total = "phq9_total"
when = "before"                     # where it is not as the event says: before, after, after 24 h
[[side_effects]]
boxes = { nausea = "effects___1" }  # or term = { field = "ae_term", values = { ... } }
none = "effects___0"                # asked, and there was none
[items]
missing = "published"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.intake.contract import TABLES
from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.prepare.map_keys import MapTable
from data_models.intake.prepare.source import BIRTH_DATE, TIME, Choices

_NOT_MAPPED: Final = {"patient_code", "hours", "day"}
PATIENT_COLUMNS: Final = (BIRTH_DATE, *(f.name for f in TABLES["patients"] if f.name not in _NOT_MAPPED))
SESSION_COLUMNS: Final = (TIME, *(f.name for f in TABLES["sessions"] if f.name not in _NOT_MAPPED))
EFFECT_COLUMNS: Final = (TIME, *(f.name for f in TABLES["side_effects"] if f.name not in _NOT_MAPPED))
_WHEN: Final = re.compile(
    r"(?P<kind>session|before|after|day|dated|out)"
    r"(?:(?<=session) day)?(?: (?P<number>-?\d+(?:\.\d+)?))?(?: (?P<unit>h|d))?(?: of (?P<event>\S+))?"
)
_WHEN_WORDS: Final = (
    'session, session day N, before, after, after N h, after N d, each also with "of EVENT", day N, dated or out'
)


@dataclass(frozen=True, slots=True)
class When:
    """What an event, or a score's place in it, is to a session.

    Attributes
    ----------
    kind : session, before, after, day, dated (the rows have dates of their own) or out.
    number : hours after a session, or the day since the first one; None where none is said.
    of : the event, or the name of the row's session, that is meant; None: the nearest in the map's order.
    """

    kind: str
    number: float | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """Where the value of one column comes from: a column of the export, two of them, or what is said once for all."""

    column: str = ""
    clock: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    constant: str = ""
    boxes: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The export's columns that it reads."""
        return tuple(filter(None, (self.column, self.clock, *self.boxes.values())))


@dataclass(frozen=True, slots=True)
class SessionMap:
    """Where one session of a row stands; a row of a classic project may have several, each with a name."""

    name: str
    cells: Mapping[str, Cell]

    @property
    def columns(self) -> tuple[str, ...]:
        """The export's columns that it reads."""
        return tuple(column for cell in self.cells.values() for column in cell.columns)


@dataclass(frozen=True, slots=True)
class ScoreMap:
    """Where the scores of one scale stand, once a row."""

    instrument: str
    total: Cell | None
    items: tuple[str, ...]
    item9: Cell | None
    points: Mapping[str, str]
    time: Cell | None
    when: When | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The export's columns that it reads, without those of its time."""
        cells = (cell.columns for cell in (self.total, self.item9) if cell)
        return (*self.items, *(column for columns in cells for column in columns))


@dataclass(frozen=True, slots=True)
class EffectMap:
    """Where side effects stand: a box for each, or one a row; `session` is the name of the row's session."""

    cells: Mapping[str, Cell]
    boxes: Mapping[str, str]
    none: str
    session: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The export's columns that it reads, without those of its time."""
        read = (column for name, cell in self.cells.items() if name != TIME for column in cell.columns)
        return (*self.boxes.values(), *filter(None, (self.none,)), *read)


@dataclass(frozen=True, slots=True)
class RedcapMap:
    """All that MAP.toml says."""

    record: str | None
    missing: frozenset[str]
    events: Mapping[str, When]
    patients: Mapping[str, Cell]
    sessions: tuple[SessionMap, ...]
    scores: tuple[ScoreMap, ...]
    effects: tuple[EffectMap, ...]
    published: bool

    @property
    def days_alone(self) -> bool:
        """Whether no session has a date: all times are days since the first one."""
        return not any(TIME in session.cells for session in self.sessions)

    def columns(self) -> Iterator[tuple[str, str]]:
        """The name of each column of the export that becomes a cell, after what it is read for in the map's words."""
        for table, cells in (("patients", self.patients), *((_called(one), one.cells) for one in self.sessions)):
            for name, cell in cells.items():
                if name not in (TIME, BIRTH_DATE):
                    yield from ((f"{table}.{name}", column) for column in cell.columns)
        for number, score in enumerate(self.scores, start=1):
            yield from ((f"scores number {number} ({score.instrument})", column) for column in score.columns)
        for number, effect in enumerate(self.effects, start=1):
            yield from ((f"side_effects number {number}", column) for column in effect.columns)

    def times(self) -> Iterator[tuple[str, Cell]]:
        """The same of the dates and times, which become hours, days and ages."""
        times = [(f"{_called(session)}.time", session.cells.get(TIME)) for session in self.sessions]
        times += [("patients.birth_date", self.patients.get(BIRTH_DATE))]
        times += [(f"scores number {number}", score.time) for number, score in enumerate(self.scores, start=1)]
        times += [(f"side_effects number {number}", one.cells.get(TIME)) for number, one in enumerate(self.effects, 1)]
        yield from ((what, cell) for what, cell in times if cell)


def _called(session: SessionMap) -> str:
    return f"sessions {session.name}" if session.name else "sessions"


def redcap_map(choices: Choices) -> RedcapMap:
    """The map, checked.

    Raises
    ------
    CannotRead : MAP.toml has a key that is not known, or a value that cannot be used: says which, and what is known.
    """
    top = MapTable(choices.map, choices.map_file)
    top.only("redcap", "events", "patients", "sessions", "scores", "side_effects", "items")
    own = top.table("redcap", "record", "missing")
    events = {name: _when(text, top, f'events."{name}"') for name, text in top.texts("events").items()}
    made = RedcapMap(
        record=own.text("record") or None,
        missing=frozenset(own.list_of_texts("missing")),
        events=events,
        patients=_cells(top.table("patients", *PATIENT_COLUMNS), times=(BIRTH_DATE,)),
        sessions=tuple(_sessions(top)),
        scores=tuple(_score(table) for table in top.tables("scores")),
        effects=tuple(_effects(table) for table in top.tables("side_effects")),
        published=top.table("items", "missing").choice("missing", ("none", "published")) == "published",
    )
    _check_times(made, top)
    return made


def _sessions(top: MapTable) -> Iterator[SessionMap]:
    """One session a row ([sessions]), or several by name ([[sessions]])."""
    if not isinstance(top.given.get("sessions"), list):
        yield SessionMap("", _cells(top.table("sessions", *SESSION_COLUMNS), times=(TIME,)))
        return
    names = set()
    for table in top.tables("sessions"):
        table.only("name", *SESSION_COLUMNS)
        name = table.text("name")
        if not name or name in names or TIME not in table.given:
            table.refuse(f"{table.name}: each of several sessions of a row has a name of its own and a time")
        names.add(name)
        yield SessionMap(name, {key: _cell(table, key, is_time=key == TIME) for key in table.given if key != "name"})


def _check_times(made: RedcapMap, top: MapTable) -> None:
    """Dates where sessions have them, days else, never mixed."""
    days = [name for name, when in made.events.items() if when.kind == "session" and when.number is not None]
    if not made.days_alone and days:
        top.refuse(
            f'events."{days[0]}" says a day, and sessions.time a column of dates; a project has the one or the other'
        )
    undated = [name for name, when in made.events.items() if when.kind == "session" and when.number is None]
    if made.days_alone and (undated or not days):
        what = f'events."{undated[0]}" is a session without a day' if undated else "no event is a session"
        top.refuse(f'{what}, and sessions.time is not said; name its column, or write "session day 0"')
    dated = [what for what, _ in made.times() if not what.startswith("patients")]
    if made.days_alone and dated:
        top.refuse(f"{dated[0]} has a column of dates and sessions have none; dates or days, not both")
    if made.days_alone and BIRTH_DATE in made.patients:
        top.refuse("patients.birth_date gives no age where sessions have no dates; name the column of the age")
    known = {name for name, when in made.events.items() if when.kind == "session"}
    known |= {session.name for session in made.sessions}
    said = [(f'events."{name}"', when.of) for name, when in made.events.items()]
    said += [(f"scores number {at}.when", score.when.of) for at, score in enumerate(made.scores, 1) if score.when]
    said += [(f"side_effects number {at}.session", one.session) for at, one in enumerate(made.effects, 1)]
    for key, of in said:
        if of and of not in known:
            top.refuse(f"{key} goes with an event that is no session in this list, nor a session's name")


def _when(text: str, table: MapTable, key: str) -> When:
    found = _WHEN.fullmatch(text)
    if not found:
        table.refuse(f"{key} is none of {_WHEN_WORDS}")
    kind, number, unit, of = found["kind"], found["number"], found["unit"], found["event"]
    hours = float(number) * (24 if unit == "d" else 1) if number else None
    dayed = " day " in text
    fits = {
        "session": number is None if not dayed else number is not None and unit is None,
        "before": number is None,
        "after": (number is None) == (unit is None) and not (number or "").startswith("-"),
        "day": number is not None and unit is None,
    }.get(kind, text == kind)
    whole = number is None or kind == "after" or re.fullmatch(r"-?\d+", number)
    if not fits or not whole or (of and kind not in ("before", "after")) or (dayed and kind != "session"):
        table.refuse(f"{key} is none of {_WHEN_WORDS}")
    return When(kind, hours, of)


def _cells(table: MapTable, times: tuple[str, ...] = ()) -> dict[str, Cell]:
    return {name: _cell(table, name, is_time=name in times) for name in table.given}


def _cell(table: MapTable, name: str, *, is_time: bool = False) -> Cell:
    """A column's name, or a table that says more."""
    if isinstance(table.given[name], str) and table.given[name]:
        return Cell(table.text(name))
    boxes = ("boxes",) if name == "conditions" else ()
    known = ("field", "date", "clock") if is_time else ("field", "values", "value", *boxes)
    if not isinstance(table.given[name], Mapping):
        table.refuse(f"{table.name}.{name} is the name of a column, or a table of {', '.join(known)}")
    inner = table.table(name, *known)
    cell = Cell(
        inner.text("field") or inner.text("date"),
        inner.text("clock"),
        inner.texts("values"),
        inner.text("value"),
        inner.texts("boxes"),
    )
    if sum(map(bool, (cell.column, cell.constant, cell.boxes))) != 1:
        table.refuse(f"{table.name}.{name} needs one of {', '.join(known)}")
    return cell


def _score(table: MapTable) -> ScoreMap:
    table.only("instrument", "total", "items", "item9", "points", "time", "when")
    instrument = table.choice("instrument", tuple(INSTRUMENTS))
    if not instrument:
        table.refuse(f"{table.name}: say the instrument, one of {', '.join(INSTRUMENTS)}")
    items = table.list_of_texts("items")
    scale = ITEM_SCALES[instrument]
    if items and (scale is None or len(items) != len(scale.numbers)):
        count = len(scale.numbers) if scale else 0
        table.refuse(f"{table.name}: {instrument} has {count} items, in their order; {len(items)} are named")
    if not items and "total" not in table.given:
        table.refuse(f"{table.name}: name the column of the total, or those of the items")
    if "item9" in table.given and (items or not INSTRUMENTS[instrument].has_item9):
        table.refuse(f"{table.name}: item9 is for totals of the PHQ-9 whose items are not named")
    when = _when(table.text("when"), table, f"{table.name}.when") if "when" in table.given else None
    if when and when.kind not in ("before", "after"):
        table.refuse(f"{table.name}.when is before, after, after N h or after N d; days and sessions are for events")
    return ScoreMap(
        instrument,
        _cell(table, "total") if "total" in table.given else None,
        tuple(items),
        _cell(table, "item9") if "item9" in table.given else None,
        table.texts("points"),
        _cell(table, TIME, is_time=True) if TIME in table.given else None,
        when,
    )


def _effects(table: MapTable) -> EffectMap:
    table.only("boxes", "none", "session", *EFFECT_COLUMNS)
    boxes = table.texts("boxes")
    for term in boxes:
        if term not in SIDE_EFFECTS:
            table.refuse(f"{table.name}.boxes: a term is one of {', '.join(SIDE_EFFECTS)}")
    cells = {name: _cell(table, name, is_time=name == TIME) for name in table.given if name in EFFECT_COLUMNS}
    if bool(boxes) == ("term" in cells):
        table.refuse(f"{table.name}: name boxes (one a term) or the column of the term")
    return EffectMap(cells, boxes, table.text("none"), table.text("session"))
