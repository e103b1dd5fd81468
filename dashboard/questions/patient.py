"""Is the response holding? One patient's course, in words and drawn.

Every figure of the Patient page carries one of these sentences, so a reader without the figure has
its answer. Times are days since the course's first session unless the words say otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dashboard.figures.score_panel import STATES as SCORE_STATES
from dashboard.questions.view import Column, Table
from dashboard.theme import STATES
from dashboard.words.numbers import (
    count,
    course_day,
    days,
    listing,
    moment,
    moments,
    number,
    percent,
    quantity,
    sentence,
)
from dashboard.words.scales import above_minimum
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.vocabulary import label
from data_models.outcomes.scores import NOT_SCORED, state_today
from data_models.questions.patient import (
    FirstResponse,
    PatientHistory,
    PatientOutcome,
    PatientScore,
    PatientSession,
    ScoresSeen,
)

QUESTION = "Is the response holding?"
# Rules that a course's lines, colours and words rest on.
COURSE_RULES = (
    "baseline_window_days", "response_improvement", "partial_improvement", "loss_rule", "loss_confirmations",
    "end_of_induction_days", "induction_gap_days", "course_gap_days",
)  # fmt: skip


# --- the course in words ---------------------------------------------------------------------------


def not_evaluable(outcome: PatientOutcome | None, rules: OutcomeRules) -> str | None:
    """Why this course cannot be judged, or None where it can."""
    if outcome is None:
        return "No score of this scale is recorded in this course."
    scale, baseline = INSTRUMENTS[outcome.instrument], outcome.baseline
    if baseline is None:
        return (
            f"No {scale.name} score in the {number(rules.baseline_window_days)} days before the course's first "
            "session: without a baseline, improvement cannot be measured."
        )
    if baseline <= scale.minimum:
        return f"The baseline {scale.name} is {number(scale.minimum)}: improvement cannot be measured."
    if outcome.seen is None:
        return f"Baseline {scale.name} {number(baseline)}; no score after the first session yet."
    return None


def course_words(outcome: PatientOutcome | None, rules: OutcomeRules) -> str:
    """Onset, duration and durability of a course, in the order of time."""
    reason = not_evaluable(outcome, rules)
    if outcome is None or outcome.baseline is None or outcome.seen is None or reason is not None:
        return reason or ""
    response, seen = outcome.response, outcome.seen
    said = [no_response(outcome, outcome.baseline, seen, rules)] if response is None else []
    if response is not None:
        said += [onset(response), duration_of_response(response, seen)]
    said.append(durability(outcome, rules))
    # Where a response was lost before the latest score and no other words say that it is back.
    if response is not None and response.loss is not None and seen.last_in_response and not _said_to_last(outcome):
        said.append(f"In response again at the last score, {moment(seen.last_days)}.")
    return " ".join(said)


def onset(response: FirstResponse) -> str:
    """When response was first seen, between which scores, and after how many sessions."""
    earlier, first = moments(response.left, response.right)
    before = f"not in response {earlier}" if response.left > 0 else "no score between the first session and then"
    return f"Response first seen {first}, after {quantity(response.sessions, 'session')} ({before})."


def no_response(outcome: PatientOutcome, baseline: float, seen: ScoresSeen, rules: OutcomeRules) -> str:
    """How near a course without a response came to one."""
    scale = INSTRUMENTS[outcome.instrument]
    gained = scale.improvement(baseline, seen.best)
    scored = (
        f"in 1 score, {moment(seen.last_days)}"
        if seen.count == 1
        else f"in {seen.count} scores up to day {number(course_day(seen.last_days))}"
    )
    if gained <= 0:
        return f"No response {scored}: no score below the baseline of {number(baseline)}."
    return (
        f"No response {scored}: the best, {number(seen.best)}, is {percent(gained, down=True)} below the baseline of "
        f"{number(baseline)}{above_minimum(scale)} (response is {percent(rules.response_improvement)})."
    )


def duration_of_response(response: FirstResponse, seen: ScoresSeen) -> str:
    """How long the first response lasted: lost, or not lost by the last score."""
    lasted = days(response.lasted)
    if response.loss is not None:
        before, lost = moments(*response.loss)
        return f"It held {lasted}: lost {lost} (not yet lost {before})."
    if response.lasted <= 0:
        return "That is the last score, so how long it holds is not known yet."
    if seen.last_in_response:
        return f"Still in response at the last score, {moment(seen.last_days)}, {lasted} later."
    return (
        f"Not lost by the last score, {moment(seen.last_days)}, {lasted} later, although that score "
        f"({number(seen.last)}) is no longer in response."
    )


def durability(outcome: PatientOutcome, rules: OutcomeRules) -> str:
    """How long the response lasted after the last induction session."""
    end, found = outcome.end_of_induction, outcome.durability
    if end is None:
        return (
            f"No score in the {number(rules.end_of_induction_days)} days after the last induction session and "
            "before the next, so durability after induction cannot be told."
        )
    if not end.in_response or found is None:
        still = ", though not lost by the loss rule" if _slipped_in_induction(outcome) else ""
        return (
            f"Not in response at the end of induction{still} (score {number(end.score)}, "
            f"{days(end.days)} after the last induction session)."
        )
    after = f"{days(found.days)} after the last induction session"
    if found.end == "loss":
        text = _lost_by(found.days, found.left)
    elif found.end == "retreated":
        text = f"no loss seen by the next session, {after}"
    else:
        text = f"not lost {after}, at the last score"
    if _lost_in_induction(outcome):
        return f"In response again at the end of induction; {text}."
    return f"{text[0].upper()}{text[1:]}."


def _lost_by(by: float, left: float | None) -> str:
    """The interval of a loss after the last induction session: the first score in it, and the last before it."""
    text = f"lost by {days(by)} after the last induction session"
    if left is None:
        return text
    if days(left) == days(by):
        return f"lost by {by:.1f} days after the last induction session (not yet at {left:.1f})"
    return f"{text} (not yet at {number(course_day(left)) if left >= 1 else days(left)})"


def _end_of_induction(outcome: PatientOutcome) -> float | None:
    """The day of the course on which the end-of-induction score was taken."""
    began, end = outcome.last_induction_days, outcome.end_of_induction
    return None if began is None or end is None else began + end.days


def _slipped_in_induction(outcome: PatientOutcome) -> bool:
    """Whether the end-of-induction score, out of response, lies between the first response and its loss."""
    at, response = _end_of_induction(outcome), outcome.response
    if at is None or response is None:
        return False
    return response.right < at and (response.loss is None or response.loss[0] > at - 1e-6)


def _lost_in_induction(outcome: PatientOutcome) -> bool:
    """Whether the first loss lies before the end-of-induction score, so that one in response came back."""
    at, response = _end_of_induction(outcome), outcome.response
    return at is not None and response is not None and response.loss is not None and response.loss[1] < at


def _said_to_last(outcome: PatientOutcome) -> bool:
    """Whether the words on durability say already that a response which came back is there at the last score."""
    return _lost_in_induction(outcome) and outcome.durability is not None and outcome.durability.end == "censored"


def not_scored_words(state_before: str, sessions_since: int) -> str:
    """ "not scored since 2 sessions; fading before": a score before two later sessions tells no state of today."""
    before = "no response" if state_before == "no_response" else STATES[state_before][2].lower()
    return f"not scored since {count(sessions_since, 'session')}; {before} before"


def state_words(outcome: PatientOutcome | None, rules: OutcomeRules, sessions_since: int = 0) -> str:
    """The course's state at its latest score and the figures that it rests on; `sessions_since` that score."""
    reason = not_evaluable(outcome, rules)
    if outcome is None or outcome.seen is None:
        return f"Not measured. {reason}"
    scale, seen, baseline = INSTRUMENTS[outcome.instrument], outcome.seen, outcome.baseline
    latest = f"latest {scale.name} {number(seen.last)} ({scale.band(seen.last)}) {moment(seen.last_days)}"
    if reason is not None or baseline is None:
        return f"Not measured. {reason} L{latest[1:]}."
    stale = state_today(outcome.state, sessions_since) == NOT_SCORED
    named = sentence(not_scored_words(outcome.state, sessions_since))[:-1] if stale else STATES[outcome.state][2]
    now = f"{named}: {latest}"
    against = f"baseline {number(baseline)}"
    if outcome.state == "fading":
        of_best = seen.last - seen.best
        share = "all" if seen.last >= baseline else percent(of_best / (baseline - seen.best), down=True)
        text = f"{quantity(of_best, 'point')} above the best of {number(seen.best)}; {share} of the improvement from "
        text += f"{against} is given back."
        if seen.last_in_response:
            return f"{now}, {text}"
        # Out of response, and not lost by a rule that asks for the moderate cut-off too.
        return (
            f"{now}, no longer in response, {text} It does not count as lost, because the score is below the "
            f"moderate cut-off of {number(scale.moderate)}."
        )
    if outcome.state == "worse" or seen.last > baseline:
        return f"{now}, {quantity(seen.last - baseline, 'point')} above the {against}."
    if seen.last == baseline:
        return f"{now}, the same as the {against}."
    below = percent(scale.improvement(baseline, seen.last), down=True)
    return f"{now}, {below} below the {against}{above_minimum(scale)}."


def outcome_words(outcome: PatientOutcome | None, rules: OutcomeRules, sessions_since: int = 0) -> tuple[str, str]:
    """Where the course stands, and how it came there: empty where it cannot be judged."""
    judged = not_evaluable(outcome, rules) is None
    return state_words(outcome, rules, sessions_since), course_words(outcome, rules) if judged else ""


# --- what the sessions brought ----------------------------------------------------------------------


def vitals_words(sessions: Sequence[PatientSession], rules: OutcomeRules) -> str:
    """How often pressure was raised before the dose, and the highest of the course (mmHg)."""
    before = [pressure for one in sessions if (pressure := one.before.pressure) is not None]
    during = [pressure for one in sessions if (pressure := one.highest.pressure) is not None]
    limit = rules.predose_systolic_mmhg, rules.predose_diastolic_mmhg
    if not before:
        return "Blood pressure before the dose is not recorded."
    raised = sum(systolic > limit[0] or diastolic > limit[1] for systolic, diastolic in before)
    text = (
        f"Blood pressure before the dose was above {number(limit[0])}/{number(limit[1])} mmHg in {raised} of "
        f"{quantity(len(before), 'session')}"
    )
    if not during:
        return text + "."
    systolic, diastolic = max(during)
    return f"{text}; the highest during a session was {systolic:.0f}/{diastolic:.0f} mmHg."


def effects_words(found: PatientHistory, sessions: Sequence[PatientSession]) -> str:
    """Side effects of some sessions in one sentence; what was not asked is not called none."""
    asked = sum(session.asked == 1 for session in sessions)
    if not asked:
        return "Side effects were not asked about."
    hours = {session.hours for session in sessions}
    reported = {(effect.term, effect.hours) for effect in found.side_effects if effect.hours in hours}
    counts = Counter(term for term, _ in reported)
    if not counts:
        return f"No side effect in {quantity(asked, 'session')} in which they were asked about."
    most = sorted(counts, key=lambda term: (-counts[term], term))[:3]
    top = [f"{label(term).lower()} ({counts[term]})" for term in most]
    return f"Side effects in {quantity(asked, 'session')} asked: {listing(top)}."


# --- as a table -------------------------------------------------------------------------------------


def table(scores: Sequence[PatientScore]) -> Table:
    """The numbers behind the trajectory's markers."""
    columns = (
        Column("course", "Course"),
        Column("instrument", "Scale", "text"),
        Column("days", "Day"),
        Column("score", "Score"),
        Column("band", "Band", "text"),
        Column("improvement", "Improvement, %"),
        Column("state", "State", "text"),
        Column("since_session", "Days since session"),
        Column("recall", "Looks back past session", "text"),
    )
    rows = [
        {
            "course": score.course,
            "instrument": INSTRUMENTS[score.instrument].name,
            "days": round(score.days, 2),
            "score": score.score,
            "band": INSTRUMENTS[score.instrument].band(score.score),
            "improvement": None if score.improvement is None else round(100 * score.improvement, 1),
            "state": "–" if score.state is None else SCORE_STATES[score.state][0],
            "since_session": None if score.since_session_days is None else round(score.since_session_days, 2),
            "recall": "yes" if score.recall else "no",
        }
        for score in scores
    ]
    return Table(columns, rows, digits=1)
