"""Which interval holds? Of one patient, a dot an interval; of a cohort, the share that held by length."""

from __future__ import annotations

from dashboard.figures.base import Figure, axis, layout
from dashboard.figures.score_panel import score_ceiling
from dashboard.questions.view import SHARE_COLUMNS, Column, Definition, Mark, Point, Table, View
from dashboard.theme import colour
from dashboard.words.numbers import FEW, count, days, number, percent, quantity, share_interval, whole
from data_models.definitions.instruments import Instrument
from data_models.definitions.rules import INTERVAL_SCORE_DAYS
from data_models.outcomes.interval_finder import Held, IntervalBin
from data_models.questions.interval_finder import IntervalFinder, PatientInterval, PatientIntervals

QUESTION = "Which interval between sessions holds?"
PATIENT_QUESTION = "Which interval holds for this patient?"
CAUTION = "Whoever chose an interval knew how the patient was: this says what followed, not what an interval does."
AT_THE_END = (
    "An interval runs from one session of a course to the next one, which is a maintenance session. It held where the "
    f"last score within {INTERVAL_SCORE_DAYS:g} days before that session (at its start is before it), and after the "
    "session that began the interval, is in response. Lengths are compared in whole days."
)
RULES = ("response_improvement", "entry_severity", "baseline_window_days", "induction_gap_days")
HEIGHT = 260
_KINDS = {  # in response: word, colour, symbol
    True: ("In response", "response", "circle"),
    False: ("Not in response", "loss", "x"),
    None: ("Not judged: no baseline of the entry severity", "left", "circle-open"),
}


def view(found: IntervalFinder) -> View:
    """A cohort's intervals: the share in response at their end, by length."""
    told = _told(found)
    return View(
        "interval-shares",
        QUESTION,
        words(found),
        points=[Point(_lengths(one), percent(one.held.share), _share_interval(one)) for one in told],
        points_name="In response at the end of an interval, by its length",
        notes=[CAUTION] if told else [],
        table=Table(
            (Column("from_days", "From day"), Column("to_days", "Before day"), Column("patients", "Patients", "count"),
             *SHARE_COLUMNS),
            found.as_json()["lengths"], keys=2,
        ),
        definition=Definition(
            f"{AT_THE_END} Share of the judged intervals of each length, with a 95% interval that takes a patient's "
            "intervals together. A filter of phase takes intervals by the session that began them: induction is the "
            f"one after the last induction session. Lengths with fewer than {FEW} intervals are not told.",
            RULES,
            n=f"{_counted(found)}; {count(found.unjudged, 'interval')} not judged: no score at the end, or a baseline "
            "below the entry severity.",
            source="Cochran 1977; Korn and Graubard 1998",
        ),
        wide=True,
    )  # fmt: skip


def words(found: IntervalFinder) -> str:
    """The shares at the shortest and the longest interval that enough patients had."""
    told = _told(found)
    if not told:
        return f"No length of interval between maintenance sessions has {FEW} scores that can be shown."
    first, last = told[0], told[-1]
    said = f"At the end of intervals of {_lengths(first)}, {_share(first)} were in response"
    if last is first:
        return f"{said}."
    return f"{said}; at the end of intervals of {_lengths(last)}, {_share(last)}."


def _told(found: IntervalFinder) -> list[IntervalBin]:
    return [one for one in found.bins if (one.held.n or 0) >= FEW and one.held.share is not None]


def _share(one: IntervalBin) -> str:
    return f"{percent(one.held.share)} ({whole(one.held.events)} of {whole(one.held.n)})"


def _share_interval(one: IntervalBin) -> str:
    return f"{whole(one.held.events)} of {whole(one.held.n)}; {share_interval(one.held.low, one.held.high)}"


def _lengths(one: IntervalBin) -> str:
    return f"{one.from_days} to {one.to_days - 1} days"


def _counted(found: IntervalFinder) -> str:
    judged = [one.held.n for one in found.bins]
    hidden = ", without lengths that few patients had" if None in judged else ""
    return f"{sum(n or 0 for n in judged):,.0f} judged intervals{hidden}"


def patient_view(found: PatientIntervals, scale: Instrument) -> View:
    """One patient's intervals on a scale, a dot each."""
    return View(
        "intervals",
        PATIENT_QUESTION,
        patient_words(found),
        draw_patient(found, scale) if any(one.score is not None for one in found.intervals) else None,
        legend=[Mark(*_KINDS[kind]) for kind in _KINDS if _of_kind(found, kind)],
        notes=[CAUTION] if found.judged else [],
        table=patient_table(found, scale) if found.intervals else None,
        definition=Definition(
            f"{AT_THE_END} The longest interval at which all so long or shorter held is told first.",
            RULES,
            n=f"{count(len(found.intervals), 'maintenance interval')}, {len(found.judged)} judged.".capitalize(),
        ),
        wide=True,
    )


def patient_table(found: PatientIntervals, scale: Instrument) -> Table:
    """A row an interval, in time order."""
    said = {True: "yes", False: "no", None: "not judged"}
    rows = [
        {
            "course": one.course,
            "session": one.session,
            "days": one.days,
            "score": one.score,
            "in_response": "no score" if one.score is None else said[one.in_response],
        }
        for one in found.intervals
    ]
    columns = (
        Column("course", "Course"),
        Column("session", "Ended by session"),
        Column("days", "Days since the session before"),
        Column("score", f"{scale.name} at its end"),
        Column("in_response", "In response", "text"),
    )
    return Table(columns, rows, digits=1, keys=2)


# --- in words ------------------------------------------------------------------------------------


def patient_words(found: PatientIntervals) -> str:
    """The longest interval at which all so long or shorter held, in counts, and what cannot be told."""
    if not found.intervals:
        return "This patient has had no maintenance session after another session, so no interval can be told."
    judged, missing = found.judged, _missing(found)
    if not judged:
        return f"No interval can be told: {missing}."
    said = _alone(judged[0]) if len(judged) == 1 else _several(found.held, {one.whole_days for one in judged})
    return f"{said}. {missing[:1].upper()}{missing[1:]}." if missing else f"{said}."


def _alone(one: PatientInterval) -> str:
    held = "in response" if one.in_response else "not in response"
    return f"One interval tells so far: at {_length(one.whole_days)} this patient was {held}"


def _several(held: Held, lengths: set[int]) -> str:
    if held.up_to is None:
        first = f"No interval held each time: at {_length(held.longer_from or 0)}"
        more = " or more" if len(lengths) > 1 else ""
        return f"{first}{more} this patient was in response {held.longer_held} of {_times(held.longer)}"
    less = " or less" if min(lengths) < held.up_to else ""
    first = f"At {_length(held.up_to)}{less} this patient was in response {held.times} of {_times(held.times)}"
    if held.longer_from is None:
        return f"{first}; no longer interval was tried and scored"
    more = " or more" if max(lengths) > held.longer_from else ""
    return f"{first}, at {_length(held.longer_from)}{more} {held.longer_held} of {held.longer}"


def _missing(found: PatientIntervals) -> str:
    """What of the intervals cannot be told, and why; empty: all can."""
    every, unscored = len(found.intervals), found.unscored
    unjudged = every - unscored - len(found.judged)
    within = f"no score within {INTERVAL_SCORE_DAYS:g} days before the session that ended"
    them = "it" if unscored == 1 else "them"
    parts = []
    if unscored == 1 == every:
        parts.append(f"the one interval has {within} {them}")
    elif unscored:
        parts.append(f"{unscored} of {count(every, 'interval')} {'has' if unscored == 1 else 'have'} {within} {them}")
    if unjudged:
        are = "is of a course" if unjudged == 1 else "are of courses"
        parts.append(f"{count(unjudged, 'interval')} {are} without a baseline that is severe enough to be judged")
    return "; ".join(parts)


def _length(whole_days: int) -> str:
    return "less than a day" if whole_days == 0 else quantity(whole_days, "day")


def _times(n: int) -> str:
    return count(n, "time")


# --- drawn ---------------------------------------------------------------------------------------


def draw_patient(found: PatientIntervals, scale: Instrument) -> Figure:
    """The score at the end of each interval against its length; a line where all so short held."""
    data: list[Figure] = []
    for kind, (word, token, symbol) in _KINDS.items():
        if dots := _of_kind(found, kind):
            data.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": word,
                    "x": [one.days for one in dots],
                    "y": [one.score for one in dots],
                    "marker": {"size": 10, "color": colour(token), "symbol": symbol},
                    "text": [_hover(one, scale, word) for one in dots],
                    "hovertemplate": "%{text}<extra></extra>",
                    "cliponaxis": False,
                }
            )
    scored = [one for one in found.intervals if one.score is not None]
    longest = max(one.days for one in scored)
    ceiling = score_ceiling(scale, max(one.score or 0 for one in scored))
    plot = layout(
        HEIGHT,
        x=axis("Days since the session before", range=[0, max(7.0, longest * 1.05 + 1)]),
        y=axis(f"{scale.name} ({scale.better} is better)", range=[scale.minimum, ceiling]),
    )
    if found.held.up_to is not None:
        at = found.held.up_to + 0.5
        dotted = {"color": colour("axis"), "width": 1, "dash": "dot"}
        plot["shapes"] = [{"type": "line", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": dotted}]
    return {"data": data, "layout": plot}


def _of_kind(found: PatientIntervals, kind: bool | None) -> list[PatientInterval]:
    return [one for one in found.intervals if one.score is not None and one.in_response is kind]


def _hover(one: PatientInterval, scale: Instrument, word: str) -> str:
    return (
        f"<b>{scale.name} {number(one.score)}</b> {days(one.days)} after the session before<br>"
        f"{word}; ended by session {one.session} of course {one.course}"
    )
