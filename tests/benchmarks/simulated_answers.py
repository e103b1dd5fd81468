"""What the product says of a simulated clinic: each figure of the summary's JSON that has a truth, the cards' words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from tests.benchmarks.simulated_clinics import EFFECTS
from tests.benchmarks.simulated_truth import DAYS, ENTRIES, FADE_BINS

LEAST_AT_RISK = 5  # a curve stops where fewer are at risk
CARDS = ("rates", "funnel", "onset", "durability", "fade", "states", "occupancy", "waterfall")
EFFECT = re.compile(
    r"respon|remi(t|ssion)|improv|better|below the score|lower after|lasts?\b|fad(e|ing)|works|helps|effect", re.I
)
CAUTION = re.compile(
    r"measurement error|regression to the mean|improves without treatment|no effect|no course|too few|(?<![\d.])0%",
    re.I,
)
EXPECTED = (
    "response, ever", "onset by day", "response first seen", "in response on day",
    "days in response of 90 after the first session", "days in response of 90 after induction", "response lasts",
    "lost by day 7 after induction", "lost first by", "re-treated first by", "in response untreated",
    "lost by day 7 if not re-treated", "improvement", "nausea",
)  # fmt: skip


class Estimate(NamedTuple):
    """What a summary says of one figure: None where it says nothing; `truth`: the name of its truth."""

    name: str
    truth: str
    value: float | None
    low: float | None = None
    high: float | None = None


# --- what a summary says -------------------------------------------------------------------------------


def estimates(found: Mapping[str, Any], entry: float = 1.0) -> Iterator[Estimate]:
    """Every figure of a summary's JSON that has a truth; those that are not there are left out.

    `entry`: the day after the last induction session on which at least ten are followed: from there on the curves of
    durability speak.
    """
    yield from _rates(found)
    yield from _starts(found)
    yield from _over_time(found)
    yield from _lasts(found, entry)
    yield from _fades(found)
    for place, words in (("per_patient", "per patient"), ("per_session", "per session")):
        rows = {row["term"]: row for row in found["side_effects"][place]}
        for term in EFFECTS:
            if term in rows:
                yield _share(f"{term}, {words}", rows[term])


def _share(name: str, row: Mapping[str, Any]) -> Estimate:
    return Estimate(name, name, row["share"], row["low"], row["high"])


def _rates(found: Mapping[str, Any]) -> Iterator[Estimate]:
    places = {
        "ever": "ever",
        "last": "at the last score",
        "end_of_induction": "at the end of induction",
        "end_of_induction_all_treated": "at the end of induction, of all treated",
    }
    for kind in ("response", "remission", "worse"):
        for place, words in places.items():
            if place in found[kind]:
                yield _share(f"{kind}, {words}", found[kind][place])


def _starts(found: Mapping[str, Any]) -> Iterator[Estimate]:
    onset = found["onset"]
    for day in DAYS:
        if "curve" in onset["turnbull"]:
            yield _on_day(f"onset by day {day}", onset["turnbull"]["curve"], day, "share", start=0.0)
        else:
            mass = onset["turnbull"]["mass"]
            yield Estimate(f"onset by day {day}", f"onset by day {day}", sum(p for _, end, p in mass if _by(end, day)))
        yield _survival(f"response first seen by day {day}", onset["kaplan_meier"]["curve"], day, gone=True)


def _by(end: float | None, day: float) -> bool:
    return end is not None and end <= day


def _over_time(found: Mapping[str, Any]) -> Iterator[Estimate]:
    for place, words in (("states", "on day {}"), ("states_after_induction", "{} days after induction")):
        rows = {row["day"]: row for row in _rows(found.get(place))}
        for day in DAYS:
            if day in rows:
                yield _on_day(f"in response {words.format(day)}", [rows[day]], day, "response")
    for row in _all(found.get("days_in_response")):
        words = {"first_session": "the first session", "last_induction_session": "induction"}[row["from"]]
        name = f"days in response of {row['of_days']:g} after {words}"
        yield Estimate(name, name, row["mean"], row["low"], row["high"])


def _lasts(found: Mapping[str, Any], entry: float) -> Iterator[Estimate]:
    for day in DAYS[1:]:
        yield _survival(f"response lasts {day} days", found["duration"]["kaplan_meier"]["curve"], day)
    durability = found["durability"]
    entry = _nearest(entry)
    for day in DAYS[1:]:
        if "turnbull" in durability:
            name, lost = f"lost by day {day} after induction", durability["turnbull"]
            begins = _nearest(lost["from_days"] or entry)
            yield _on_day(name, lost["curve"], day, "share")._replace(truth=f"{name}, from {begins:g}")
        for key, words in (
            ("loss", "lost first by"),
            ("retreated", "re-treated first by"),
            ("in_response", "in response untreated on"),
        ):
            name = f"{words} day {day}"
            rows = durability["aalen_johansen"]
            rows = rows if rows and (rows[-1]["days"] > day or not rows[-1]["in_response"]) else []  # it has stopped
            yield _on_day(name, rows, day, key)._replace(truth=f"{name}, from {entry:g}")
        name = f"lost by day {day} if not re-treated"
        curve = durability["kaplan_meier"]["curve"]
        yield _survival(name, curve, day, gone=True)._replace(truth=f"{name}, from {entry:g}")


def _nearest(day: float) -> float:
    return min(ENTRIES, key=lambda one: abs(one - day))


def _fades(found: Mapping[str, Any]) -> Iterator[Estimate]:
    """The model's curve; where there is none, the means by bins, which are of whoever was seen then."""
    if "fade_model" in found:
        for day in DAYS:
            row = [row for row in found["fade_model"]["curve"] if row["days"] == day]
            yield _on_day(f"improvement {day} days after a session", row, day, "improvement")
        return
    for row in _rows(found["fade"]):
        if (row["from_days"], row["to_days"]) in FADE_BINS:
            name = f"change {row['from_days']:g} to {row['to_days']:g} days after a session"
            yield Estimate(name, name, row["mean"], row["low"], row["high"])


def _rows(found: Any) -> list[Any]:
    """Rows that are a list, or the list among the values of an object."""
    if isinstance(found, Mapping):
        return next((value for value in found.values() if isinstance(value, list)), [])
    return found or []


def _all(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found] if found else []


def _on_day(name: str, rows: list[Any], day: float, key: str, start: float | None = None) -> Estimate:
    """A curve's value at a day: that of its last row until then, `start` before the first.

    Its interval stands under `low` and `high`, or under names that begin or end with the key.
    """
    row = next((row for row in reversed(rows) if row.get("days", row.get("day")) <= day), None)
    if row is None:
        return Estimate(name, name, start)
    value, low, high = row[key], None, None
    if isinstance(value, Mapping):
        value, low, high = (value.get(part) for part in ("share", "low", "high"))
    for pattern in (f"{key}_{{}}", f"{{}}_{key}", "{}"):
        if low is None:
            low, high = row.get(pattern.format("low")), row.get(pattern.format("high"))
    return Estimate(name, name, value, low, high)


def _survival(name: str, rows: list[Any], day: float, *, gone: bool = False) -> Estimate:
    """A Kaplan-Meier curve at a day; nothing where fewer than five are at risk then. `gone`: 1 - survival."""
    later = next((row for row in rows if row["days"] > day), None)
    if later is None or later["at_risk"] < LEAST_AT_RISK:
        return Estimate(name, name, None)
    row = next((row for row in reversed(rows) if row["days"] <= day), {"survival": 1.0, "low": None, "high": None})
    value, low, high = row["survival"], row["low"], row["high"]
    if gone:
        low, high = (None if end is None else 1 - end for end in (high, low))
        value = 1 - value
    return Estimate(name, name, value, low, high)


# --- what the cards say --------------------------------------------------------------------------------


def sentences(answers: Mapping[str, Any]) -> dict[str, str]:
    """The words of the cards: question or tile -> sentence with its notes.

    Every function of `dashboard.questions` that makes a view or tiles is called whose parameters are all answers; they
    are told by the names of their types.
    """
    said: dict[str, str] = {}
    for module in map(import_module, (f"dashboard.questions.{name}" for name in CARDS)):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            asked = inspect.signature(function)
            wanted = [one.annotation for one in asked.parameters.values() if one.default is one.empty]
            if name.startswith("_") or asked.return_annotation not in ("View", "list[Tile]", "list[View]"):
                continue
            if function.__module__ != module.__name__ or not set(wanted) <= answers.keys():
                continue
            made = function(*(answers[one] for one in wanted))
            for card in made if isinstance(made, list) else [made]:
                if hasattr(card, "question"):
                    said[card.question] = " ".join((card.sentence, *card.notes))
                else:
                    said[card.name] = " ".join((card.value, card.unit, *card.lines))
    return said


def claims(said: Mapping[str, str]) -> dict[str, str]:
    """Those that speak of an effect without a word of caution."""
    return {name: text for name, text in said.items() if EFFECT.search(text) and not CAUTION.search(text)}
