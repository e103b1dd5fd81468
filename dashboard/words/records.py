"""Sentences of the Records page: what a check found, what an import did, how complete the records are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.pages.records.jobs import CHECK, JobState
from dashboard.words import numbers

SOURCES = {"csv": "CSV files", "parquet": "Parquet files", "xlsx": "Workbook", "one_sheet": "One sheet"}
_NOUNS = {
    "patients": ("patient", "patients"),
    "sessions": ("session", "sessions"),
    "assessments": ("assessment", "assessments"),
    "side_effects": ("side effect", "side effects"),
}
_STEPS = {
    "starting": "Starting",
    "reading": "Reading the files",
    "checking": "Checking every cell",
    "checked": "Checking every cell",
    "comparing": "Comparing with what is stored",
    "storing records": "Storing the records",
    "deriving": "Deriving outcomes",
    "storing outcomes": "Storing the outcomes",
    "done": "Done",
}


def rows(counts: Mapping[str, int], *, of: str = "") -> str:
    """ "2 new patients, 3 sessions, 6 assessments and 1 side effect": the tables that have rows."""
    parts = [
        f"{counts[t]:,} {of if t == 'patients' else ''}{_NOUNS[t][counts[t] != 1]}" for t in _NOUNS if counts.get(t)
    ]
    if not parts:
        return "no rows"
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def step(state: JobState) -> str:
    """What a running job is doing."""
    return next((text for name, text in _STEPS.items() if state.step.startswith(name)), "Working")


def verdict(state: JobState) -> tuple[str, str]:
    """Title and sentence of a job's end."""
    if state.message:
        text = state.message[:1].upper() + state.message[1:].rstrip(".") + "."
        return ("Not checked" if state.kind == CHECK else "Not imported"), text
    if state.problem_count:
        return _refused(state)
    repeats = f" {repeated(state.repeats)}" if state.repeats else ""
    if state.already_imported:
        return "Already imported", "These records are stored already; importing them again would change nothing."
    if state.kind == CHECK:
        return "No problems", f"Ready to import: {rows(state.counts)}.{repeats} Nothing has been stored yet."
    return "Imported", f"Stored {rows(state.counts, of='new ')}, and derived their outcomes.{repeats}"


def repeated(count: int) -> str:
    """The sentence about identical rows."""
    return numbers.sentence(f"{numbers.count(count, 'identical repeat')} left out")


def _refused(state: JobState) -> tuple[str, str]:
    places = Counter(problem["file"] for problem in state.problems)
    total = numbers.count(state.problem_count, "problem")
    if state.problem_count > len(state.problems):
        where = f"the first {len(state.problems):,} are listed"
    elif len(places) == 1:
        where = f"in {next(iter(places))}"
    else:
        where = ", ".join(f"{count:,} in {file}" for file, count in places.items())
    sentence = f"{total}: {where}." if len(places) > 1 or "listed" in where else f"{total} {where}."
    return "Not fit to import", f"{sentence} Nothing was stored. Mend the records and drop them again."


# --- completeness -----------------------------------------------------------------------------------

# Key, heading, counted, of how many, what the denominator is called, whether more is better.
MEASURES: tuple[tuple[str, str, str, str, str, bool], ...] = (
    ("asked", "Side effects asked", "asked", "sessions", "sessions", True),
    ("before", "Score ≤ 7 days before", "scored_before", "sessions", "sessions", True),
    ("after", "Score ≤ 7 days after", "scored_after", "sessions", "sessions", True),
    ("recall", "Scores with a recall flag", "recall", "scores_after_session", "scores", False),
    ("no_baseline", "Courses with no baseline", "no_baseline", "courses", "courses", False),
)


def share(row: Mapping[str, Any], counted: str, of: str) -> float | None:
    """A share of a row of counts; None without a denominator."""
    return row[counted] / row[of] if row[of] else None


def total(by_clinic: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of all clinics together."""
    keys = {key for row in by_clinic for key in row if key != "clinic"}
    return {"clinic": "All clinics"} | {key: sum(row[key] for row in by_clinic) for key in sorted(keys)}


def completeness(by_clinic: Sequence[Mapping[str, Any]]) -> str:
    """The sentence over the completeness table: the figures of all clinics, and the clinic that asks least."""
    every = total(by_clinic)
    if not every.get("sessions"):
        return "No session is stored yet."
    asked = numbers.percent(share(every, "asked", "sessions"))
    sentence = f"Side effects were asked about in {asked} of {numbers.count(every['sessions'], 'session')}"
    named = [row for row in by_clinic if row["sessions"]]
    if len(named) > 1:
        least = min(named, key=lambda row: row["asked"] / row["sessions"])
        sentence += f" (least: {least['clinic']}, {numbers.percent(share(least, 'asked', 'sessions'))})"
    before, after = (numbers.percent(share(every, key, "sessions")) for key in ("scored_before", "scored_after"))
    sentence += f"; {before} have a score in the 7 days before and {after} within 7 days after."
    missing = every["no_baseline"]
    if not missing:
        return f"{sentence} Every course has a baseline."
    without = numbers.percent(share(every, "no_baseline", "courses"))
    return f"{sentence} {missing:,} of {numbers.count(every['courses'], 'course')} ({without}) have no baseline."
