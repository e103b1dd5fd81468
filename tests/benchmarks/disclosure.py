"""Attack on protected releases: random cohorts, and a linear program that uses every number shown.

For each release the attacker writes down what the definitions say (parts of a total, some of others) and
every number in the file, and asks of each small count, hidden or only implied, how small and how large it
can be. A release is broken when one is bounded inside 1 to 10. A second attack adds the marks themselves
("<11"): no count so marked may be narrowed further.

    python tests/benchmarks/disclosure.py [how many releases]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

LEAST = 11
TERMS = ("nausea", "headache", "vertigo")


def share(events: int, n: int) -> dict[str, Any]:
    p = events / n if n else None
    return {"events": int(events), "n": int(n), "share": p, "low": p, "high": p, "method": "wilson"}


def curve(n: int, events: int) -> dict[str, Any]:
    return {"n": int(n), "events": int(events), "median": 4.0, "low": 3.0, "high": 6.0, "curve": []}


def summary(of: dict[str, np.ndarray], where: np.ndarray) -> dict[str, Any]:
    """A summary of the data contract's shape from flags of courses (one row each)."""
    f = {name: values[where] for name, values in of.items()}
    n = {name: int(values.sum()) for name, values in f.items()}
    courses = int(where.sum())
    ways = {
        kind: {
            "ever": share(n[f"{kind}_ever"], n["evaluable"]),
            "last": share(n[f"{kind}_last"], n["evaluable"]),
            "end_of_induction": share(n[f"{kind}_end"], n["scored"]),
            "end_of_induction_all_treated": share(n[f"{kind}_end"], courses),
        }
        for kind in ("response", "remission")
    }
    asked, sessions = n["asked"], n["sessions"]
    return {
        "cohort": {
            "where": {}, "patients": n["first"], "courses": courses, "with_baseline": n["baseline"],
            "evaluable": n["evaluable"], "end_of_induction_scored": n["scored"],
        },
        **ways,
        "worse": {
            "last": share(n["worse_last"], n["evaluable"]),
            "end_of_induction": share(n["worse_end"], n["scored"]),
        },
        "onset": {
            "kaplan_meier": curve(n["evaluable"], n["response_ever"]),
            "sessions_kaplan_meier": curve(n["evaluable"], n["response_ever"]),
            "turnbull": {"median": [1.0, 2.0], "mass": [], "log_likelihood": -1.0},
        },
        "duration": {"kaplan_meier": curve(n["response_ever"], n["lost"])},
        "durability": {"kaplan_meier": curve(n["response_end"], n["lost_after"]), "aalen_johansen": []},
        "occupancy": [],
        "fade": [],
        "side_effects": {
            "patients_asked": asked,
            "sessions_asked": sessions,
            "per_patient": [{"term": t, **share(n[f"had_{t}"], asked)} for t in TERMS],
            "per_session": [{"term": t, **share(n[f"times_{t}"], sessions)} for t in TERMS],
            "vitals": {"thresholds": [{"threshold": "predose", "limit": 1, **share(n["high"], sessions)}]},
        },
    }  # fmt: skip


def parts_of(seed: int) -> dict[str | None, dict[str, Any]]:
    """The whole cohort (None) and its groups, some of them small."""
    rng = np.random.default_rng(seed)
    groups = int(rng.integers(2, 7))
    sizes = np.maximum(1, rng.lognormal(rng.uniform(2.5, 5), 1.2, groups)).astype(int).clip(1, 3000)
    group = np.repeat(np.arange(groups), sizes)
    size = len(group)

    def some(of: np.ndarray, p: float) -> np.ndarray:
        return of & (rng.random(size) < p)

    everyone = np.ones(size, dtype=bool)
    of: dict[str, np.ndarray] = {"first": some(everyone, rng.choice([0.95, 1.0]))}
    of["baseline"] = some(everyone, rng.uniform(0.5, 1))
    of["evaluable"] = some(of["baseline"], rng.uniform(0.6, 1))
    of["scored"] = some(of["evaluable"], rng.uniform(0.5, 1))
    for kind, p in (("response", rng.uniform(0.1, 0.9)), ("remission", rng.uniform(0.02, 0.5))):
        of[f"{kind}_ever"] = some(of["evaluable"], p)
        of[f"{kind}_last"] = some(of[f"{kind}_ever"], 0.6)
        of[f"{kind}_end"] = some(of[f"{kind}_ever"] & of["scored"], 0.7)
    of["worse_last"] = some(of["evaluable"] & ~of["response_last"], 0.1)
    of["worse_end"] = some(of["scored"] & ~of["response_end"], 0.1)
    of["lost"] = some(of["response_ever"], 0.5)
    of["lost_after"] = some(of["response_end"], 0.4)
    of["asked"] = some(of["first"], rng.uniform(0.5, 1))
    sessions = rng.integers(1, 9, size) * of["asked"]
    of["sessions"] = sessions
    for term in TERMS:
        times = rng.binomial(sessions, rng.uniform(0.005, 0.4))
        of[f"times_{term}"], of[f"had_{term}"] = times, times > 0
    of["high"] = rng.binomial(sessions, rng.uniform(0.005, 0.2))
    parts: dict[str | None, dict[str, Any]] = {None: summary(of, everyone)}
    parts.update({f"g{i}": summary(of, group == i) for i in range(groups)})
    return parts


# --- the attacker's own account of what adds up ------------------------------------------------


def numbers(parts: dict[str | None, dict[str, Any]]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every count in a release: (part, path) and what stands there."""
    for part, s in parts.items():
        for key, value in s["cohort"].items():
            if key != "where":
                yield (part, key), value
        for kind in ("response", "remission", "worse"):
            for way, p in s[kind].items():
                yield (part, kind, way, "x"), p["events"]
                yield (part, kind, way, "n"), p["n"]
        for name, km in (
            ("onset", s["onset"]["kaplan_meier"]), ("by_session", s["onset"]["sessions_kaplan_meier"]),
            ("duration", s["duration"]["kaplan_meier"]), ("durability", s["durability"]["kaplan_meier"]),
        ):  # fmt: skip
            yield (part, name, "n"), km["n"]
            yield (part, name, "x"), km["events"]
        e = s["side_effects"]
        yield (part, "asked"), e["patients_asked"]
        yield (part, "sessions"), e["sessions_asked"]
        for per in ("per_patient", "per_session"):
            for row in e[per]:
                yield (part, per, row["term"], "x"), row["events"]
                yield (part, per, row["term"], "n"), row["n"]
        for row in e["vitals"]["thresholds"]:
            yield (part, "pressure", row["threshold"], "x"), row["events"]
            yield (part, "pressure", row["threshold"], "n"), row["n"]


def known(part: Any, ways: dict[str, dict[str, Any]]) -> tuple[list[tuple[Any, Any]], list[tuple[Any, Any]]]:
    """What the definitions say of one part: pairs that are equal, and pairs (larger, some of it)."""
    equal: list[tuple[Any, Any]] = []
    within: list[tuple[Any, Any]] = [
        ("courses", "patients"), ("courses", "with_baseline"), ("with_baseline", "evaluable"),
        ("evaluable", "end_of_induction_scored"), ("patients", "asked"),
    ]  # fmt: skip
    for kind in ("response", "remission", "worse"):
        for way in ways[kind]:
            base = {"end_of_induction": "end_of_induction_scored", "end_of_induction_all_treated": "courses"}
            equal.append(((kind, way, "n"), base.get(way, "evaluable")))
            within.append(((kind, way, "n"), (kind, way, "x")))
        if kind != "worse":
            within += [((kind, "ever", "x"), (kind, way, "x")) for way in ("last", "end_of_induction")]
            equal.append(((kind, "end_of_induction", "x"), (kind, "end_of_induction_all_treated", "x")))
    for name in ("onset", "by_session"):
        equal += [((name, "n"), "evaluable"), ((name, "x"), ("response", "ever", "x"))]
    equal += [
        (("duration", "n"), ("response", "ever", "x")),
        (("durability", "n"), ("response", "end_of_induction", "x")),
    ]
    within += [((name, "n"), (name, "x")) for name in ("onset", "by_session", "duration", "durability")]
    for term in TERMS:
        equal += [(("per_patient", term, "n"), "asked"), (("per_session", term, "n"), "sessions")]
        within += [((per, term, "n"), (per, term, "x")) for per in ("per_patient", "per_session")]
    equal.append((("pressure", "predose", "n"), "sessions"))
    within.append((("pressure", "predose", "n"), ("pressure", "predose", "x")))

    def named(path: Any) -> tuple[Any, ...]:
        return (part, *path) if isinstance(path, tuple) else (part, path)

    return [(named(a), named(b)) for a, b in equal], [(named(a), named(b)) for a, b in within]


def attack(full: dict[str | None, dict[str, Any]], released: dict[str | None, dict[str, Any]]) -> list[str]:
    """The counts that a release gives away: each with the bounds found."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    truth, shown = dict(numbers(full)), dict(numbers(released))
    place = {name: i for i, name in enumerate(truth)}
    size = len(place)
    rows: list[tuple[dict[int, float], float]] = []
    differences: list[tuple[Any, Any]] = []
    slack: list[tuple[dict[int, float], float]] = []
    for part in full:
        equal, within = known(part, full[part])
        rows += [({place[a]: 1.0, place[b]: -1.0}, 0.0) for a, b in equal]
        slack += [({place[b]: 1.0, place[a]: -1.0}, 0.0) for a, b in within]
        differences += within
        for way in ("last", "end_of_induction"):
            r, w, n = ((part, *rest) for rest in (("response", way, "x"), ("worse", way, "x"), ("response", way, "n")))
            slack.append(({place[r]: 1.0, place[w]: 1.0, place[n]: -1.0}, 0.0))
    for name in truth:
        if name[0] is None:
            row = {place[name]: 1.0} | {place[(part, *name[1:])]: -1.0 for part in full if part is not None}
            rows.append((row, 0.0))

    def matrix(of: list[tuple[dict[int, float], float]]) -> Any:
        at = [(i, j, v) for i, (row, _) in enumerate(of) for j, v in row.items()]
        i, j, v = zip(*at, strict=True)
        return coo_array((v, (i, j)), shape=(len(of), size)).tocsr()

    equalities, inequalities = matrix(rows), matrix(slack)

    def bounds(goal: dict[int, float], limits: list[tuple[float, float | None]]) -> tuple[float, float]:
        cost = np.zeros(size)
        for j, v in goal.items():
            cost[j] = v
        found = []
        for sign in (1.0, -1.0):
            result = linprog(
                sign * cost, A_ub=inequalities, b_ub=np.zeros(len(slack)), A_eq=equalities, b_eq=np.zeros(len(rows)),
                bounds=limits, method="highs",
            )  # fmt: skip
            found.append(np.inf * -sign if result.status == 3 else sign * result.fun)
            if result.status not in (0, 3):
                raise AssertionError("the release contradicts itself")
        return found[0], found[1]

    plain = [(0.0, None) if isinstance(shown[name], str) else (shown[name], shown[name]) for name in place]
    marked = [
        (1.0, LEAST - 1.0) if shown[name] == f"<{LEAST}" else limits for name, limits in zip(place, plain, strict=True)
    ]
    broken = []
    targets: list[tuple[str, dict[int, float], int]] = [
        (str(name), {place[name]: 1.0}, truth[name]) for name in truth if isinstance(shown[name], str)
    ]
    for large, some in differences:
        if isinstance(shown[large], str) or isinstance(shown[some], str):
            targets.append((f"{large} less {some}", {place[large]: 1.0, place[some]: -1.0}, truth[large] - truth[some]))
        elif 1 <= truth[large] - truth[some] < LEAST:
            broken.append(f"{large} less {some} is {truth[large] - truth[some]}")
    for name in truth:
        if not isinstance(shown[name], str) and 1 <= truth[name] < LEAST:
            broken.append(f"{name} is shown: {truth[name]}")
    for text, goal, value in targets:
        if not 1 <= value < LEAST:
            continue
        low, high = bounds(goal, plain)
        if low > 1e-6 and high < LEAST - 1e-6:
            broken.append(f"{text} = {value} lies in [{low:g}, {high:g}]")
    for name, limits in zip(place, marked, strict=True):
        if limits == (1.0, LEAST - 1.0):
            low, high = bounds({place[name]: 1.0}, marked)
            if low > 1 + 1e-6 or high < LEAST - 1 - 1e-6:
                broken.append(f"{name}, marked <{LEAST}, lies in [{low:g}, {high:g}]")
    return broken


def one(seed: int) -> tuple[list[str], tuple[int, int], int, float]:
    """Protect and attack one random release: what is given away, (small, further) hidden, counts, seconds."""
    from dashboard.exports.protected import protect

    parts = parts_of(seed)
    began = time.perf_counter()
    nothing = (np.zeros(0), np.zeros(0), np.zeros(0, dtype=int), np.zeros(0))
    released, hidden = protect(parts, "clinic", LEAST, dict.fromkeys(parts, nothing))
    seconds = time.perf_counter() - began
    return attack(parts, released), hidden, len(dict(numbers(parts))), seconds


def main(tables: int = 1000) -> None:
    """Print how many releases are broken and what protection costs."""
    broken, small, further, counts, seconds = 0, 0, 0, 0, 0.0
    for seed in range(tables):
        found, hidden, size, took = one(seed)
        broken += bool(found)
        small, further = small + hidden[0], further + hidden[1]
        counts, seconds = counts + size, seconds + took
        for line in found[:3]:
            print(f"table {seed}: {line}")
    print(f"{tables:,} random releases, {counts:,} counts: {broken} broken by the attack")
    print(f"small counts hidden: {small:,} ({small / counts:.1%} of all)")
    beyond = f"{further / max(small, 1):.1%} beyond the small ones, {further / counts:.1%} of all"
    print(f"further counts hidden: {further:,} ({beyond})")
    print(f"{1000 * seconds / tables:.0f} ms a release")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
