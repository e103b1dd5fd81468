"""Every count of a summary and how they add up: what disclosure control must know of the figures.

A relation left out here is one that an attacker could use; the attack test writes its own list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dashboard.exports.suppression import Counts

Summary = Mapping[str, Any]
# A count's name: its group (None: the whole cohort; ("rest", ...): what no group holds) and its path.
Path = tuple[str | int, ...]
Key = tuple[Any, Path]

COURSES = ("cohort", "courses")
PATIENTS = ("cohort", "patients")
BASELINE = ("cohort", "with_baseline")
EVALUABLE = ("cohort", "evaluable")
SCORED = ("cohort", "end_of_induction_scored")
ASKED = ("side_effects", "patients_asked")
SESSIONS = ("side_effects", "sessions_asked")

# Hiding a denominator hides every rate that rests on it.
_BASE, _MIDDLE = 30.0, 8.0


def shares_of(summary: Summary) -> dict[Path, Mapping[str, Any]]:
    """Every rate of a summary (events of n), by its path."""
    found: dict[Path, Mapping[str, Any]] = {}
    for kind in ("response", "remission", "worse"):
        for way, share in summary[kind].items():
            found[(kind, way)] = share
    effects = summary["side_effects"]
    for per in ("per_patient", "per_session"):
        for place, row in enumerate(effects[per]):
            found[("side_effects", per, place)] = row
    for place, row in enumerate(effects["vitals"].get("thresholds", ())):
        found[("side_effects", "vitals", "thresholds", place)] = row
    return found


CURVES: tuple[Path, ...] = (
    ("onset", "kaplan_meier"),
    ("onset", "sessions_kaplan_meier"),
    ("duration", "kaplan_meier"),
    ("durability", "kaplan_meier"),
)


def at(summary: Any, path: Path) -> Any:
    """What stands at a path of a summary."""
    for step in path:
        summary = summary[step]
    return summary


def of_patients(path: Path) -> bool:
    """Whether a count counts patients (and not courses or sessions): groups of courses may share them."""
    return path in (PATIENTS, ASKED) or path[:2] == ("side_effects", "per_patient")


def enter(counts: Counts, group: Any, summary: Summary) -> list[Path]:
    """Add one summary's counts and the relations within it. Returns the paths of the counts shown."""

    def key(path: Path) -> Key:
        return group, path

    paths: list[Path] = []

    def show(path: Path, weight: float = 1.0) -> None:
        counts.add(key(path), at(summary, path), weight=weight)
        paths.append(path)

    for path in (COURSES, PATIENTS, EVALUABLE, ASKED, SESSIONS):
        show(path, _BASE)
    for path in (BASELINE, SCORED):
        show(path, _MIDDLE)
    for path, share in shares_of(summary).items():
        show((*path, "n"), _BASE)
        show((*path, "events"))
        if share["n"]:
            counts.total(key((*path, "n")), [key((*path, "events"))], key((*path, "others")))
    for path in CURVES:
        show((*path, "n"), _MIDDLE)
        show((*path, "events"), 2.0)
        counts.total(key((*path, "n")), [key((*path, "events"))], key((*path, "others")))

    for whole, part in nested(summary):
        counts.total(key(whole), [key(part)], key((*part, "of", *whole)))
    for way in ("last", "end_of_induction"):
        both = [key(("response", way, "events")), key(("worse", way, "events"))]
        if at(summary, ("response", way, "n")) == at(summary, ("worse", way, "n")):
            counts.total(key(("response", way, "n")), both, key(("neither", way)))
    return paths


def nested(summary: Summary) -> Iterable[tuple[Path, Path]]:
    """Pairs of counts of which the second counts some of the first."""
    yield COURSES, PATIENTS
    yield COURSES, BASELINE
    yield BASELINE, EVALUABLE
    yield EVALUABLE, SCORED
    yield PATIENTS, ASKED
    for kind in ("response", "remission", "worse"):
        ways = summary[kind]
        if "ever" in ways:
            if ways["ever"]["n"]:
                yield EVALUABLE, (kind, "ever", "n")
            yield (kind, "ever", "events"), (kind, "last", "events")
            yield (kind, "ever", "events"), (kind, "end_of_induction", "events")
            if ways["end_of_induction_all_treated"]["n"]:
                yield COURSES, (kind, "end_of_induction_all_treated", "n")
                yield (kind, "end_of_induction_all_treated", "events"), (kind, "end_of_induction", "events")
        if ways["last"]["n"]:
            yield EVALUABLE, (kind, "last", "n")
        if ways["end_of_induction"]["n"]:
            yield SCORED, (kind, "end_of_induction", "n")
    yield EVALUABLE, ("onset", "kaplan_meier", "n")
    yield EVALUABLE, ("onset", "sessions_kaplan_meier", "n")
    ever = ("response", "ever", "events")
    yield ever, ("onset", "kaplan_meier", "events")
    yield ever, ("onset", "sessions_kaplan_meier", "events")
    yield ever, ("duration", "kaplan_meier", "n")
    yield ("durability", "kaplan_meier", "n"), ("response", "end_of_induction", "events")
    effects = summary["side_effects"]
    for per, asked in (("per_patient", ASKED), ("per_session", SESSIONS)):
        for place, row in enumerate(effects[per]):
            if row["n"]:
                yield asked, ("side_effects", per, place, "n")


def tie_groups(counts: Counts, groups: Mapping[Any, Summary], paths: Iterable[Path], by: str) -> None:
    """Add how the groups' counts add up to the whole cohort's.

    Groups of one key share no course, but a patient's courses may lie in two groups of a key of courses;
    groups by condition share patients and courses. There each group has its own rest.
    """
    shared = by == "condition"
    of_courses = by in ("drug", "route")
    whole = groups[None]
    names = [group for group in groups if group is not None]
    for path in paths:
        total = (None, path)
        if by == "phase" and path[0] != "side_effects":
            continue  # courses are not cut by phase: each group repeats the whole
        if shared or ((of_courses or by == "phase") and of_patients(path)):
            for group in names:
                counts.total(total, [(group, path)], (("rest", group), path))
        else:
            counts.total(total, [(group, path) for group in names], (("rest",), path))
    # The rest is a group that no file shows: its counts nest as the others' do.
    rests = [("rest",)] if not shared else [("rest", group) for group in names]
    for rest in rests:
        for large, part in [*nested(whole), *_events(whole)]:
            pair = (rest, large), (rest, part)
            if all(name in counts.values for name in pair):
                counts.total(pair[0], [pair[1]], (rest, (*part, "of", *large)))


def _events(summary: Summary) -> Iterable[tuple[Path, Path]]:
    for path in (*shares_of(summary), *CURVES):
        yield (*path, "n"), (*path, "events")
