"""What the Records page says of a job: what it is doing, what a check found, what an import did."""

from __future__ import annotations

from collections import Counter

from dashboard.pages.records.jobs import CHECK, JobState
from dashboard.words import numbers
from dashboard.words import records as record_words

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
    changes = record_words.changes(state.changed)
    if state.kind == CHECK:
        ready = f"Ready to import: {record_words.rows(state.counts)}."
        change = f" This changes facts of known patients: {changes} (an empty cell changes none)." if changes else ""
        return "No problems", f"{ready}{change}{repeats} Nothing has been stored yet."
    change = f" Facts of known patients changed: {changes}." if changes else ""
    stored = f"Stored {record_words.rows(state.counts, of='new ')}, and derived their outcomes."
    return "Imported", f"{stored}{change}{repeats}"


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
