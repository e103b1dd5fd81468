"""Every count of a summary and how they add up: what disclosure control must know of the figures.

A relation left out here is one that an attacker could use; the attack test writes its own list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.exports.counts import Counts

Summary = Mapping[str, Any]
# A count's name: its group (None: the whole cohort; ("rest", ...): what no group holds) and its path.
Path = tuple[str | int, ...]
Key = tuple[Any, Path]

COURSES: Path = ("cohort", "courses")
PATIENTS = ("cohort", "patients")
BASELINE = ("cohort", "with_baseline")
EVALUABLE = ("cohort", "evaluable")
SCORED = ("cohort", "end_of_induction_scored")
ASKED = ("side_effects", "patients_asked")
SESSIONS = ("side_effects", "sessions_asked")
STOPPED: Path = ("attrition", "early_stop")

_BASES = (COURSES, PATIENTS, BASELINE, EVALUABLE, SCORED, ASKED, SESSIONS)
# Numbers that go with a count: of a rate itself, the share and both ends of its interval; of a curve the median with
# its interval and about five steps of three; of courses the states over time as well.
_RATE, _CURVE, _OVER_TIME = 4, 20, 25


def shares_of(summary: Summary) -> dict[Path, Mapping[str, Any]]:
    """Every rate of a summary (events of n), by its path."""
    found: dict[Path, Mapping[str, Any]] = {}
    for kind in ("response", "remission", "worse"):
        for way, share in summary[kind].items():
            found[(kind, way)] = share
    found[STOPPED] = at(summary, STOPPED)
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


@dataclass(frozen=True, slots=True)
class Names:
    """Which count stands at which path: where two paths always hold the same number, they are one count."""

    same: Mapping[Path, Path]
    by: str | None = None

    def key(self, group: Any, path: Path) -> Key:
        """The name of a count. Courses are not cut by phase: each group repeats the whole cohort's."""
        path = self.of(path)
        return (None if self.by == "phase" and path[0] != "side_effects" else group), path

    def of(self, path: Path) -> Path:
        """The count's own path."""
        while path in self.same:
            path = self.same[path]
        return path


def names_of(summaries: Iterable[Summary], by: str | None) -> Names:
    """Join the paths that hold the same count by definition, where they do so in every summary.

    (A filter on hours since the session makes some of them differ.)
    """
    every = list(summaries)
    same: dict[Path, Path] = {}

    def join(path: Path, with_path: Path) -> None:
        if all(at(summary, path) == at(summary, with_path) for summary in every):
            same[path] = with_path

    ever: Path = ("response", "ever")
    last: Path = ("response", "last")
    end: Path = ("response", "end_of_induction")
    join((*ever, "n"), EVALUABLE)
    join((*last, "n"), EVALUABLE)
    join((*end, "n"), SCORED)
    for way in every[0]["worse"]:
        join(("worse", way, "n"), ("response", way, "n"))
    for way in every[0]["remission"]:
        join(("remission", way, "n"), ("response", way, "n"))
    for kind in ("response", "remission"):
        join((kind, "end_of_induction_all_treated", "events"), (kind, "end_of_induction", "events"))
        join((kind, "end_of_induction_all_treated", "n"), COURSES)
    join((*STOPPED, "n"), COURSES)
    for curve in CURVES[:2]:
        join((*curve, "n"), EVALUABLE)
        join((*curve, "events"), (*ever, "events"))
    join(("duration", "kaplan_meier", "n"), (*ever, "events"))
    join(("durability", "kaplan_meier", "n"), (*end, "events"))
    effects = every[0]["side_effects"]
    for per, asked in (("per_patient", ASKED), ("per_session", SESSIONS)):
        for place in range(len(effects[per])):
            join(("side_effects", per, place, "n"), asked)
    limits: Path = ("side_effects", "vitals", "thresholds")
    for place in range(1, len(effects["vitals"].get("thresholds", ()))):
        join((*limits, place, "n"), (*limits, 0, "n"))
    return Names(same, by)


def enter(counts: Counts, group: Any, summary: Summary, names: Names) -> list[Path]:
    """Add one summary's counts and the relations within it. Returns every path at which a count is shown."""

    def key(path: Path) -> Key:
        return names.key(group, path)

    paths = places(summary)
    for path, numbers in paths.items():
        counts.add(key(path), at(summary, path), numbers=numbers)
    tied = set()
    for whole, part in nested(summary):
        pair = key(whole), key(part)
        if pair[0] != pair[1] and pair not in tied:
            tied.add(pair)
            counts.total(pair[0], [pair[1]], (group, (*pair[1][1], "of", *pair[0][1])))
    for way in ("last", "end_of_induction"):
        if at(summary, ("response", way, "n")) == at(summary, ("worse", way, "n")):
            both = [key(("response", way, "events")), key(("worse", way, "events"))]
            counts.total(key(("response", way, "n")), both, (group, ("neither", way)))
    return list(paths)


def places(summary: Summary) -> dict[Path, int]:
    """Every path at which a summary has a count, and how many numbers go with it; all cohorts have the same ones."""
    found = {base: _OVER_TIME if base == COURSES else 1 for base in _BASES}
    for path, lost in [*((path, _RATE) for path in shares_of(summary)), *((path, _CURVE) for path in CURVES)]:
        found |= {(*path, "n"): lost, (*path, "events"): lost}
    return found


def nested(summary: Summary) -> Iterable[tuple[Path, Path]]:
    """Pairs of counts of which the second counts some of the first."""
    yield COURSES, PATIENTS
    yield COURSES, BASELINE
    yield BASELINE, EVALUABLE
    yield EVALUABLE, SCORED
    yield PATIENTS, ASKED
    for path, share in shares_of(summary).items():
        if share["n"]:
            yield (*path, "n"), (*path, "events")
    for curve in CURVES:
        yield (*curve, "n"), (*curve, "events")
    for kind in ("response", "remission", "worse"):
        ways = summary[kind]
        if ways["last"]["n"]:
            yield EVALUABLE, (kind, "last", "n")
        if ways["end_of_induction"]["n"]:
            yield SCORED, (kind, "end_of_induction", "n")
        if "ever" in ways:
            yield (kind, "ever", "events"), (kind, "last", "events")
            yield (kind, "ever", "events"), (kind, "end_of_induction", "events")
    yield ("durability", "kaplan_meier", "n"), ("response", "end_of_induction", "events")


def tie_groups(counts: Counts, groups: Mapping[Any, Summary], paths: Iterable[Path], by: str, names: Names) -> None:
    """Add how the groups' counts add up to the whole cohort's.

    Groups of one key share no course, but a patient's courses may lie in two groups of a key of courses;
    groups by condition share patients and courses. There each group has its own rest.
    """
    shared = by == "condition"
    of_courses = by in ("drug", "route")
    cut = [group for group in groups if group is not None]
    # Where every course is in a group, a reader may well know that nothing is left.
    complete = at(groups[None], COURSES) == sum(at(groups[group], COURSES) for group in cut)
    for path in dict.fromkeys(names.of(path) for path in paths):
        total = (None, path)
        if by == "phase" and path[0] != "side_effects":
            continue  # see Names.key
        parts = [(group, path) for group in cut]
        if shared or ((of_courses or by == "phase") and of_patients(path)):
            for group in cut:
                counts.total(total, [(group, path)], (("rest", group), path))
        elif complete:
            counts.total(total, parts)
        else:
            counts.total(total, parts, (("rest",), path))
    # The rest is a group that no file shows: its counts nest as the others' do.
    for rest in [("rest",), *(("rest", group) for group in cut)]:
        for large, part in dict.fromkeys((names.of(a), names.of(b)) for a, b in nested(groups[None])):
            pair = (rest, large), (rest, part)
            if large != part and all(name in counts.values for name in pair):
                counts.total(pair[0], [pair[1]], (rest, (*part, "of", *large)))
