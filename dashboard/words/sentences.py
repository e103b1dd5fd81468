"""Sentences and numbers as people read them: pure functions from the summary to words.

A chart's sentence answers its question and is right in every case: one course, none, a median that is
not reached, too few to say. A rate is never written without its n and its interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.words import numbers
from dashboard.words.numbers import FEW as FEW
from dashboard.words.numbers import count as count
from dashboard.words.numbers import day as day
from dashboard.words.numbers import days as days
from dashboard.words.numbers import interval as interval
from dashboard.words.numbers import listing as listing
from dashboard.words.numbers import number as number
from dashboard.words.numbers import percent as percent
from dashboard.words.numbers import sentence as sentence
from data_models.definitions.instruments import Instrument
from data_models.definitions.vocabulary import label

Share = Mapping[str, Any]
Curve = Mapping[str, Any]


def share_interval(share: Share) -> str:
    """ "95% interval 49 to 59%"."""
    return numbers.share_interval(share.get("low"), share.get("high"))


def rate(share: Share | None) -> str:
    """ "54% (193 of 358, 95% interval 49 to 59%)"; with no denominator "not measured"."""
    if not share or not share.get("n"):
        return "not measured"
    return f"{percent(share['share'])} ({share['events']:,} of {share['n']:,}, {share_interval(share)})"


def last_told(curve: Curve) -> float | None:
    """The last time at which as many as are drawn are at risk: 0 where there never are, None where it is not known."""
    rows = curve.get("curve")
    return max((row["days"] for row in rows if row["at_risk"] >= FEW), default=0.0) if rows else None


def few_by(curve: Curve, at: float) -> str:
    """What follows a number that is told from where no curve is drawn; empty elsewhere."""
    last = last_told(curve)
    return f", fewer than {FEW} at risk by then" if last is not None and at > last else ""


def onset(curve: Curve) -> str:
    """How quickly do effects start?"""
    n, events, median = curve["n"], curve["events"], curve["median"]
    if n == 0:
        return "No course here has a baseline and a score after its first session, so onset cannot be said."
    if events == 0:
        return sentence(f"none of {count(n, 'evaluable course')} has responded so far")
    if n < FEW:
        return sentence(
            f"{events} of {count(n, 'evaluable course')} responded; fewer than {FEW} are too few for a median"
        )
    if median is None:
        return sentence(
            f"{events:,} of {count(n, 'course')} responded; the time by which half respond is not reached "
            "within the follow-up"
        )
    return sentence(
        f"half of {count(n, 'course')} respond by {day(median)} ({interval(curve['low'], curve['high'], ' days')})"
        + few_by(curve, median)
    )


def durability(curve: Curve) -> str:
    """How long do effects last after induction?"""
    n, events, median = curve["n"], curve["events"], curve["median"]
    if n == 0:
        return "No course here was in response at the end of induction, so durability cannot be said."
    if events == 0:
        return sentence(
            f"none of {count(n, 'course')} in response at the end of induction has lost it before re-treatment "
            "or the last score"
        )
    if n < FEW:
        return sentence(
            f"{events} of {count(n, 'course')} in response at the end of induction lost it; too few for a median"
        )
    if median is None:
        return sentence(
            f"of {count(n, 'course')} in response at the end of induction, {events:,} lost it; "
            f"the median is not reached ({interval(curve['low'], curve['high'], ' days')})"
            if curve["low"] is not None
            else f"of {count(n, 'course')} in response at the end of induction, {events:,} lost it; "
            "the median is not reached"
        )
    return sentence(
        f"half of {count(n, 'course')} in response at the end of induction lose it within {days(median)} "
        f"of the last induction session, if not re-treated ({interval(curve['low'], curve['high'], ' days')})"
        + few_by(curve, median)
    )


def at_day(rows: Sequence[Mapping[str, Any]], at: float, key: str = "days") -> Mapping[str, Any]:
    """The row of a step function that holds on a day (the first row where it starts later)."""
    before = [row for row in rows if row[key] <= at]
    return before[-1] if before else rows[0]


def occupancy(rows: Sequence[Mapping[str, Any]], courses: int, at: float = 28.0) -> str:
    """Who is in response over time, of all who started?"""
    if not rows or courses == 0:
        return "No course here has started."
    row = at_day(rows, at, "day")
    return sentence(
        f"{number(row['day'])} days after the first session, of all {count(courses, 'course')} started, "
        f"{percent(row['response'])} are known to be in response, {percent(row['partial'])} in partial response, "
        f"{percent(row['none'])} in neither; {percent(row['not_measured'])} are not measured and "
        f"{percent(row['left'])} have left"
    )


def least_change(scale: Instrument) -> str:
    """The smallest meaningful change: "5 points", "30% of baseline"; empty where none is agreed."""
    if scale.meaningful_change is None:
        return ""
    return (
        f"{percent(scale.meaningful_change)} of {scale.of_baseline}"
        if scale.meaningful_is_share
        else f"{number(scale.meaningful_change)} points"
    )


def funnel(cohort: Mapping[str, Any]) -> str:
    """From all treated to those on whom the figures rest."""
    courses = cohort["courses"]
    if courses == 0:
        return "No course matches these filters."
    return sentence(
        f"of {count(courses, 'treated course')} ({count(cohort['patients'], 'patient')}), "
        f"{cohort['with_baseline']:,} have a baseline, {cohort['evaluable']:,} also a later score, and "
        f"{cohort['end_of_induction_scored']:,} a score at the end of induction"
    )


def side_effects(effects: Mapping[str, Any]) -> str:
    """How often do side effects occur?"""
    rows = effects.get("per_patient") or []
    asked, sessions = effects.get("patients_asked", 0), effects.get("sessions_asked", 0)
    if not asked or not rows:
        return "Side effects were not asked about in any session here; that is not the same as none."
    seen = [row for row in rows if row["events"]]
    if not seen:
        return sentence(
            f"none was reported by {count(asked, 'patient')} in {count(sessions, 'session')} in which they were asked"
        )
    top = max(seen, key=lambda row: row["share"])
    each = {row["term"]: row for row in effects.get("per_session") or []}.get(top["term"])
    text = f"the most frequent is {label(top['term']).lower()}: {rate(top)} of patients asked"
    if each and each.get("n"):
        text += f", and {percent(each['share'])} of {count(each['n'], 'session')} ({share_interval(each)})"
    return sentence(text)


def nothing_matches(cohort_words: str) -> str:
    """The empty state: which filters left nothing."""
    return sentence(
        f"no courses match these filters: {cohort_words}" if cohort_words else "there are no records in this store yet"
    )


def vitals(values: Mapping[str, Any]) -> str:
    """What does blood pressure do?"""
    rise, low = values.get("systolic", {}).get("rise", {}), values.get("diastolic", {}).get("rise", {})
    if not rise or not rise.get("n"):
        return "No session has a blood pressure before and during it."
    return sentence(
        f"the mean rise is {number(rise['mean'])} / {number(low.get('mean'))} mmHg (systolic "
        f"{interval(rise['low'], rise['high'])}; {count(rise['n'], 'session')} of {count(rise['patients'], 'patient')})"
    )
