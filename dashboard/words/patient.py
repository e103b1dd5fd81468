"""What one patient's course says, in words: pure functions from one row of outcomes to a sentence.

Every figure of the Patient page carries one of these sentences, so a reader without the figure has
its answer. Times are days since the course's first session unless the words say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.theme import STATES
from dashboard.words.numbers import days as in_days
from dashboard.words.numbers import number, percent, quantity
from data_models.definitions.instruments import INSTRUMENTS, Instrument
from data_models.definitions.rules import OutcomeRules


def missing(value: Any) -> bool:
    """True for None, NaN and pandas' missing values."""
    return value is None or value != value or str(value) == "<NA>"


def day_number(days: float) -> float:
    """Days as they are written: a tenth matters in the first two weeks, not later."""
    return round(days, 1) if abs(days) < 14 else float(round(days))


def duration(days: float) -> str:
    """A length of time: hours below one day, days from there on."""
    return in_days(days if days < 1 else day_number(days))


def moment(days: float) -> str:
    """A point in time on the course's clock: "2 days before" or "4 hours after the first session", "on day 4"."""
    if days < 0:
        return "before the first session" if days > -1 else f"{duration(-days)} before the first session"
    if 0 < days < 1:
        return f"{in_days(days)} after the first session"
    return f"on day {number(day_number(days))}"


def moments(earlier: float, later: float) -> tuple[str, str]:
    """Two points in time that never read the same: tenths of days where whole days would."""
    pair = moment(earlier), moment(later)
    if pair[0] == pair[1]:
        pair = f"on day {earlier:.1f}", f"on day {later:.1f}"
    return pair


def briefly(days: float) -> str:
    """A point in time as a label beside a mark: "8 h", "day 4"."""
    return f"{round(days * 24)} h" if 0 < days < 1 else f"day {number(day_number(days))}"


def _instrument(outcome: Mapping[str, Any]) -> Instrument:
    return INSTRUMENTS[outcome["instrument"]]


def above_minimum(scale: Instrument) -> str:
    """What a share below the baseline is counted from, where the scale does not begin at 0."""
    return "" if scale.minimum == 0 else f" (of its points above {number(scale.minimum)})"


def not_evaluable(outcome: Mapping[str, Any] | None, rules: OutcomeRules) -> str | None:
    """Why this course cannot be judged, or None where it can."""
    if outcome is None:
        return "No score of this scale is recorded in this course."
    scale = _instrument(outcome)
    name = scale.name
    if missing(outcome["baseline"]):
        return (
            f"No {name} score in the {number(rules.baseline_window_days)} days before the course's first session: "
            "without a baseline, improvement cannot be measured."
        )
    if outcome["baseline"] <= scale.minimum:
        return f"The baseline {name} is {number(scale.minimum)}: improvement cannot be measured."
    if not outcome["scores"]:
        return f"Baseline {name} {number(outcome['baseline'])}; no score after the first session yet."
    return None


def onset(outcome: Mapping[str, Any] | None, rules: OutcomeRules) -> str:
    """When response was first seen, between which scores, and after how many sessions."""
    reason = not_evaluable(outcome, rules)
    if reason is not None or outcome is None:
        return reason or ""
    if outcome["ever_response"] == 1:
        left, right = outcome["onset_left"], outcome["onset_right"]
        earlier, seen = moments(left, right)
        before = f"not in response {earlier}" if left > 0 else "no score between the first session and then"
        sessions = quantity(int(outcome["onset_sessions"]), "session")
        return f"Response first seen {seen}, after {sessions} ({before})."
    baseline, best = outcome["baseline"], outcome["best"]
    scale = _instrument(outcome)
    gained = scale.improvement(baseline, best)
    scored = (
        "in 1 score"
        if outcome["scores"] == 1
        else f"in {int(outcome['scores'])} scores up to day {number(day_number(outcome['last_days']))}"
    )
    if outcome["scores"] == 1:
        scored += f", {moment(outcome['last_days'])}"
    if gained <= 0:
        return f"No response {scored}: no score below the baseline of {number(baseline)}."
    return (
        f"No response {scored}: the best, {number(best)}, is {percent(gained, down=True)} below the baseline of "
        f"{number(baseline)}{above_minimum(scale)} (response is {percent(rules.response_improvement)})."
    )


def held(outcome: Mapping[str, Any] | None, rules: OutcomeRules) -> str:
    """How long the first response lasted: lost, or not lost by the last score."""
    if outcome is None or not_evaluable(outcome, rules) is not None or outcome["ever_response"] != 1:
        return ""
    days, last_days = outcome["duration_days"], outcome["last_days"]
    if outcome["duration_event"] == 1:
        kept, lost = moments(outcome["loss_left"], outcome["loss_right"])
        return f"It held {duration(days)}: lost {lost} (not yet lost {kept})."
    if days <= 0:
        return "That is the last score, so how long it holds is not known yet."
    if outcome["last_response"] == 1:
        return f"Still in response at the last score, {moment(last_days)}, {duration(days)} later."
    return (
        f"Not lost by the last score, {moment(last_days)}, {duration(days)} later, although that score "
        f"({number(outcome['last'])}) is no longer in response."
    )


def regained(outcome: Mapping[str, Any] | None, rules: OutcomeRules) -> str:
    """That the latest score is in response again, where a response was lost before it and no other words say so."""
    if outcome is None or not_evaluable(outcome, rules) is not None:
        return ""
    if outcome["duration_event"] != 1 or outcome["last_response"] != 1:
        return ""
    if _lost_in_induction(outcome) and outcome["durability_end"] == "censored":
        return ""
    return f"In response again at the last score, {moment(outcome['last_days'])}."


def durability(outcome: Mapping[str, Any] | None, rules: OutcomeRules) -> str:
    """How long the response lasted after the last induction session."""
    if outcome is None or not_evaluable(outcome, rules) is not None:
        return ""
    if missing(outcome["end_of_induction_score"]):
        return (
            f"No score in the {number(rules.end_of_induction_days)} days after the last induction session and "
            "before the next, so durability after induction cannot be told."
        )
    if outcome["end_of_induction_response"] != 1:
        still = ", though not lost by the loss rule" if _slipped_in_induction(outcome) else ""
        return (
            f"Not in response at the end of induction{still} (score {number(outcome['end_of_induction_score'])}, "
            f"{duration(outcome['end_of_induction_days'])} after the last induction session)."
        )
    days, end = outcome["durability_days"], outcome["durability_end"]
    after = f"{duration(days)} after the last induction session"
    if end == "loss":
        text = _lost_by(days, outcome.get("durability_left"))
    elif end == "retreated":
        text = f"no loss seen by the next session, {after}"
    else:
        text = f"not lost {after}, at the last score"
    if _lost_in_induction(outcome):
        return f"In response again at the end of induction; {text}."
    return f"{text[0].upper()}{text[1:]}."


def _lost_by(days: float, left: float | None) -> str:
    """The interval of a loss after the last induction session: the first score in it, and the last before it."""
    text = f"lost by {duration(days)} after the last induction session"
    if missing(left) or left is None:
        return text
    if duration(left) == duration(days):
        return f"lost by {days:.1f} days after the last induction session (not yet at {left:.1f})"
    return f"{text} (not yet at {number(day_number(left)) if left >= 1 else duration(left)})"


def _slipped_in_induction(outcome: Mapping[str, Any]) -> bool:
    """Whether the end-of-induction score, out of response, lies between the first response and its loss."""
    began = outcome.get("last_induction_days")
    if outcome["ever_response"] != 1 or missing(began) or began is None:
        return False
    at = began + outcome["end_of_induction_days"]
    return bool(outcome["onset_right"] < at and (outcome["duration_event"] != 1 or outcome["loss_left"] > at - 1e-6))


def _lost_in_induction(outcome: Mapping[str, Any]) -> bool:
    """Whether the first loss lies before the end-of-induction score, so that one in response came back."""
    began = outcome.get("last_induction_days")
    if outcome["duration_event"] != 1 or missing(began) or began is None:
        return False
    return bool(outcome["loss_right"] < began + outcome["end_of_induction_days"])


def course_words(outcome: Mapping[str, Any] | None, rules: OutcomeRules) -> str:
    """Onset, duration and durability of a course: the sentences of part 3 of the Patient page."""
    parts = (say(outcome, rules) for say in (onset, held, durability, regained))
    return " ".join(part for part in parts if part)


def state_words(outcome: Mapping[str, Any] | None, rules: OutcomeRules) -> str:
    """The course's state at its latest score and the figures that it rests on."""
    reason = not_evaluable(outcome, rules)
    if outcome is None:
        return f"Not measured. {reason}"
    if reason is not None:
        scored = outcome["scores"] and not missing(outcome["last"])
        return f"Not measured. {reason}" + (f" Latest {_latest(outcome)}." if scored else "")
    baseline, best, last = outcome["baseline"], outcome["best"], outcome["last"]
    scale = _instrument(outcome)
    now = f"latest {_latest(outcome)}"
    against = f"baseline {number(baseline)}"
    state = outcome["state"]
    word = STATES[state][2]
    if state == "fading":
        share = "all" if last >= baseline else percent((last - best) / (baseline - best), down=True)
        text = f"{quantity(last - best, 'point')} above the best of {number(best)}; {share} of the improvement from "
        text += f"{against} is given back."
        if outcome["last_response"] == 1:
            return f"{word}: {now}, {text}"
        # Out of response, and not lost by a rule that asks for the moderate cut-off too.
        return (
            f"{word}: {now}, no longer in response, {text} It does not count as lost, because the score is below the "
            f"moderate cut-off of {number(scale.moderate)}."
        )
    if state == "worse":
        return f"{word}: {now}, {quantity(last - baseline, 'point')} above the {against}."
    if last > baseline:
        return f"{word}: {now}, {quantity(last - baseline, 'point')} above the {against}."
    if last == baseline:
        return f"{word}: {now}, the same as the {against}."
    below = percent(scale.improvement(baseline, last), down=True)
    return f"{word}: {now}, {below} below the {against}{above_minimum(scale)}."


def _latest(outcome: Mapping[str, Any]) -> str:
    scale, last = _instrument(outcome), outcome["last"]
    return f"{scale.name} {number(last)} ({scale.band(last)}) {moment(outcome['last_days'])}"


def item9_words(days: Sequence[float], values: Sequence[float]) -> str:
    """Item 9 of the PHQ-9: first, latest and highest answer, never an average."""
    if not values:
        return "No PHQ-9 item 9 answer is recorded in this course."
    latest = f"Latest answer {number(values[-1])} of 3, {moment(days[-1])}"
    if len(values) == 1:
        return f"{latest}; it is the only one."
    peak = max(range(len(values)), key=lambda i: (values[i], days[i]))
    return (
        f"{latest}; the first was {number(values[0])}, {moment(days[0])}; "
        f"the highest of {len(values)} was {number(values[peak])}, last {moment(days[peak])}."
    )


def context_words(
    day: float, score: float, band: Mapping[str, float] | None, who: str, since: str = "first session"
) -> str:
    """Where the course's latest score lies in the band of similar courses.

    `band` holds p10, p25, p50, p75, p90 and courses of the bin that holds `day`; None where too few
    courses were scored then. `who` names the courses of the band ("IV courses"), `since` what days count from.
    """
    when = f"{duration(day)} after the {since}"
    if band is None:
        return f"Too few {who} were scored {when} to compare with."
    places = (
        ("p10", "among the lowest tenth (best)"),
        ("p25", "between the 10th and the 25th percentile"),
        ("p50", "between the 25th percentile and the median"),
        ("p75", "between the median and the 75th percentile"),
        ("p90", "between the 75th and the 90th percentile"),
    )
    where = next((words for name, words in places if score <= band[name]), "among the highest tenth (worst)")
    if score == band["p50"]:
        where = "at the median"
    return (
        f"The latest score, {number(score)}, {when}, lies {where} of {int(band['courses']):,} {who} scored then "
        f"(median {number(band['p50'])})."
    )


def vitals_words(sessions: int, raised: int, highest: tuple[float, float] | None, rules: OutcomeRules) -> str:
    """Pressure before the dose against its threshold, and the highest pressure of the course (mmHg)."""
    limit = f"{number(rules.predose_systolic_mmhg)}/{number(rules.predose_diastolic_mmhg)}"
    if not sessions:
        return "Blood pressure before the dose is not recorded."
    text = f"Blood pressure before the dose was above {limit} mmHg in {raised} of {quantity(sessions, 'session')}"
    if highest is None:
        return text + "."
    return f"{text}; the highest during a session was {highest[0]:.0f}/{highest[1]:.0f} mmHg."
