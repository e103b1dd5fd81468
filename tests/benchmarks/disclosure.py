"""Attack on protected releases: random cohorts, and a linear program that uses every number shown.

For each release the attacker writes down what the definitions say (parts of a total, some of others) and
every number in the file, and asks of each small count, hidden or only implied, how large it can be. The
attacker knows the rule: what is hidden is no zero. So a release is broken when a small count cannot reach
11. A second attack adds the marks themselves ("<11"): no count so marked may be narrowed further.

    python tests/benchmarks/disclosure.py [how many releases [the first one's number]]
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAST = 11
INFINITE = math.inf
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
        "attrition": {"early_stop": share(n["stopped"], courses), "over_time": []},
        "side_effects": {
            "patients_asked": asked,
            "sessions_asked": sessions,
            "per_patient": [{"term": t, **share(n[f"had_{t}"], asked)} for t in TERMS],
            "per_session": [{"term": t, **share(n[f"times_{t}"], sessions)} for t in TERMS],
            "vitals": {"thresholds": [{"threshold": "predose", "limit": 1, **share(n["high"], sessions)}]},
        },
    }  # fmt: skip


def flags(rng: np.random.Generator, size: int) -> dict[str, np.ndarray]:
    """Random courses: what each counts in."""

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
    of["stopped"] = some(everyone, rng.uniform(0.05, 0.4))
    return of


def parts_of(seed: int) -> dict[str | None, dict[str, Any]]:
    """The whole cohort (None) and its groups, some of them small."""
    rng = np.random.default_rng(seed)
    groups = int(rng.integers(2, 7))
    sizes = np.maximum(1, rng.lognormal(rng.uniform(2.5, 5), 1.2, groups)).astype(int).clip(1, 3000)
    group = np.repeat(np.arange(groups), sizes)
    of, everyone = flags(rng, len(group)), np.ones(len(group), dtype=bool)
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
        for key in ("events", "n"):
            yield (part, "stopped", key[0]), s["attrition"]["early_stop"][key]
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
    equal.append((("stopped", "n"), "courses"))
    within.append((("stopped", "n"), ("stopped", "e")))
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
    truth, shown = dict(numbers(full)), dict(numbers(released))
    place = {name: i for i, name in enumerate(truth)}
    equal, slack, differences = sums(full, truth, place)
    plain = [(0.0, INFINITE) if isinstance(shown[name], str) else (shown[name], shown[name]) for name in place]
    marked = [
        (1.0, LEAST - 1.0) if shown[name] == f"<{LEAST}" else limits for name, limits in zip(place, plain, strict=True)
    ]
    broken = []
    targets: list[tuple[str, dict[int, float], int]] = []
    for name, value in truth.items():
        if isinstance(shown[name], str):
            targets.append((str(name), {place[name]: 1.0}, value))
        elif 1 <= value < LEAST:
            broken.append(f"{name} is shown: {value}")
    for large, some in differences:
        value = truth[large] - truth[some]
        if isinstance(shown[large], str) or isinstance(shown[some], str):
            targets.append((f"{large} less {some}", {place[large]: 1.0, place[some]: -1.0}, value))
        elif 1 <= value < LEAST:
            broken.append(f"{large} less {some} is {value}")
    program = Program(plain, equal, slack)
    safe: set[int] = set()  # one way to fill the cells shows many counts to be safe
    for number, (text, goal, value) in enumerate(targets):
        if number in safe or not 1 <= value < LEAST:
            continue
        high, filled = program.extreme(goal, -1.0)
        safe |= {i for i, (_, other, _) in enumerate(targets) if at(filled, other) >= LEAST - 1e-6}
        if high < LEAST - 1e-6:
            low, _ = program.extreme(goal, 1.0)
            broken.append(f"{text} = {value} lies in [{low:g}, {high:g}]")
    return broken + narrowed(list(place), marked, Program(marked, equal, slack))


def narrowed(names: list[Any], marked: list[tuple[float, float]], program: Program) -> list[str]:
    """The counts marked "<11" that the marks themselves narrow down further."""
    places = [i for i, limits in enumerate(marked) if limits == (1.0, LEAST - 1.0)]
    low, high = dict.fromkeys(places, float(LEAST)), dict.fromkeys(places, 0.0)
    for i in places:
        for sign, done in ((-1.0, high[i] > LEAST - 1 - 1e-6), (1.0, low[i] < 1 + 1e-6)):
            if not done:
                _, filled = program.extreme({i: 1.0}, sign)
                low = {j: min(value, filled[j]) for j, value in low.items()}
                high = {j: max(value, filled[j]) for j, value in high.items()}
    return [
        f"{names[i]}, marked <{LEAST}, lies in [{low[i]:g}, {high[i]:g}]"
        for i in places
        if low[i] > 1 + 1e-6 or high[i] < LEAST - 1 - 1e-6
    ]


def sums(full: dict[str | None, Any], truth: dict[Any, int], place: dict[Any, int]) -> tuple[Any, Any, Any]:
    """What must add up to zero, what must not exceed zero, and the pairs (larger, some of it)."""
    equal: list[dict[int, float]] = []
    slack: list[dict[int, float]] = []
    differences: list[tuple[Any, Any]] = []
    for part in full:
        same, within = known(part, full[part])
        equal += [{place[a]: 1.0, place[b]: -1.0} for a, b in same]
        slack += [{place[b]: 1.0, place[a]: -1.0} for a, b in within]
        differences += within
        for way in ("last", "end_of_induction"):
            r, w, n = ((part, *rest) for rest in (("response", way, "x"), ("worse", way, "x"), ("response", way, "n")))
            slack.append({place[r]: 1.0, place[w]: 1.0, place[n]: -1.0})
    for name in truth:
        if name[0] is None:
            parts = {place[(part, *name[1:])]: -1.0 for part in full if part is not None}
            if parts:
                equal.append({place[name]: 1.0} | parts)
    return equal, slack, differences


def at(filled: Any, goal: dict[int, float]) -> float:
    """The value of a sum of counts where the cells are filled so."""
    return sum(filled[i] * sign for i, sign in goal.items())


class Program:
    """The attacker's linear program: every count of the release, within what the file says of it."""

    def __init__(
        self, limits: list[tuple[float, float]], equal: list[dict[int, float]], slack: list[dict[int, float]]
    ) -> None:
        import highspy

        size = len(limits)
        self.optimal, self.endless = highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kUnbounded
        self.solver = highspy.Highs()
        self.solver.setOptionValue("output_flag", False)
        self.solver.setOptionValue("threads", 1)
        self.solver.addVars(size, np.array([low for low, _ in limits]), np.array([high for _, high in limits]))
        rows = [*equal, *slack]
        starts = np.cumsum([0, *(len(row) for row in rows)])[:-1].astype(np.int32)
        columns = np.array([i for row in rows for i in row], dtype=np.int32)
        low = np.array([0.0] * len(equal) + [-INFINITE] * len(slack))
        signs = np.array([sign for row in rows for sign in row.values()])
        self.solver.addRows(len(rows), low, np.zeros(len(rows)), len(columns), starts, columns, signs)
        self.solver.setOptionValue("presolve", "off")  # each program starts where the last one ended

    def extreme(self, goal: dict[int, float], sign: float) -> tuple[float, Any]:
        """The least (sign 1) or greatest (-1) value of a sum of counts, and the cells filled so."""
        for i, weight in goal.items():
            self.solver.changeColCost(i, sign * weight)
        self.solver.run()
        status = self.solver.getModelStatus()
        filled = np.array(self.solver.getSolution().col_value)
        for i in goal:
            self.solver.changeColCost(i, 0.0)
        if status == self.endless:
            return -sign * INFINITE, np.zeros(len(filled))
        if status != self.optimal:
            raise AssertionError("the release contradicts itself")
        return at(filled, goal), filled


# --- what protection costs ---------------------------------------------------------------------


@dataclass
class Cost:
    """Counts hidden in releases.

    Attributes
    ----------
    small : printed counts from 1 to 10 (and those of a group of so few patients): primary suppression, narrowly.
    differing : the fewest more to hide so that no two printed counts, one some of the other, differ by 1 to 10
        (events of n, a step of the funnel): a rule on the numbers of one group alone, without any margin.
    further : all others that are hidden.
    fewest : how many others the smallest safe choice hides (an integer program); None where not asked for.
    """

    counts: int = 0
    small: int = 0
    further: int = 0
    differing: int = 0
    fewest: int = 0
    seconds: float = 0.0

    def add(self, other: Cost) -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def report(self) -> list[str]:
        primary = self.small + self.differing
        return [
            f"small counts hidden: {self.small:,} ({self.small / self.counts:.1%} of all)",
            f"further counts hidden: {self.further:,} ({self.further / self.small:.1%} beyond the small ones, "
            f"{self.further / self.counts:.1%} of all); no safe choice hides fewer than {self.fewest:,} "
            f"({self.fewest / self.small:.1%})",
            f"of these {self.differing:,} because two numbers of one group differ by 1 to {LEAST - 1}; "
            f"only for the margins: {self.further - self.differing:,} "
            f"({(self.further - self.differing) / primary:.1%} beyond {primary:,} primary ones)",
        ]


def ledger_of(parts: dict[str | None, dict[str, Any]], by: str | None) -> tuple[Any, set[Any]]:
    """The product's own account of a release: its counts, and those hidden for being small."""
    from dashboard.exports import ledger, protected
    from dashboard.exports.counts import Counts

    names = ledger.names_of(parts.values(), by)
    counts = Counts()
    paths = {group: ledger.enter(counts, group, summary, names) for group, summary in parts.items()}
    if by is not None:
        ledger.tie_groups(counts, parts, paths[None], by, names)
    few = {names.key(group, path) for group, path in protected._of_few(parts, paths, LEAST)}
    small = {name for name in counts.shown if 1 <= counts.values[name] < LEAST or name in few}
    return counts, small


def fewest(counts: Any, small: set[Any]) -> int:
    """How many counts the smallest safe choice hides beyond the small ones, each costing the same."""
    from dashboard.exports.attacker import System
    from dashboard.exports.fewest import Fewest

    system = System.of(counts)
    must = {system.place[name] for name in small}
    may = {i for i, printed in enumerate(system.printed) if printed and i not in must and system.values[i]}
    return len(Fewest(system, must, dict.fromkeys(may, 1.0), LEAST).search() - must)


def differing(counts: Any, small: set[Any]) -> int:
    """The fewest counts to hide so that no two shown ones of which one is some of the other differ by 1 to 10."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    pairs = set()
    for whole, parts in counts.relations:
        left = [part for part in parts if part not in counts.shown]
        some = [part for part in parts if part in counts.shown]
        ends = {whole, *some}
        shown = len(some) == len(left) == 1 and whole in counts.shown and not ends & small
        if shown and 1 <= counts.values[left[0]] < LEAST:
            pairs.add((whole, some[0]))
    if not pairs:
        return 0
    column = {name: i for i, name in enumerate(dict.fromkeys(name for pair in pairs for name in pair))}
    rows = np.zeros((len(pairs), len(column)))
    for i, pair in enumerate(pairs):
        rows[i, [column[name] for name in pair]] = 1
    cost = np.ones(len(column))
    found = milp(cost, integrality=cost, bounds=Bounds(0, 1), constraints=LinearConstraint(rows, lb=1))
    return round(found.fun)


def one(seed: int, *, best: bool = False) -> tuple[list[str], Cost]:
    """Protect and attack one random release: what is given away, and the cost; `best`: the least cost, too."""
    from dashboard.exports.protected import protect

    parts = parts_of(seed)
    began = time.perf_counter()
    nothing = (np.zeros(0), np.zeros(0), np.zeros(0, dtype=int), np.zeros(0))
    released, (small, further) = protect(parts, "clinic", LEAST, dict.fromkeys(parts, nothing))
    cost = Cost(small=small, further=further, seconds=time.perf_counter() - began)
    counts, tiny = ledger_of(parts, "clinic")
    cost.counts, cost.differing = len(counts.shown), differing(counts, tiny)
    if best:
        cost.fewest = fewest(counts, tiny)
    return attack(parts, released), cost


def main(tables: int = 1000, first: int = 0) -> None:
    """Print how many releases are broken and what protection costs."""
    broken, total = 0, Cost()
    for seed in range(first, first + tables):
        found, cost = one(seed, best=True)
        broken += bool(found)
        total.add(cost)
        for line in found[:3]:
            print(f"table {seed}: {line}")
    print(f"{tables:,} random releases, {total.counts:,} counts: {broken} broken by the attack")
    print(*total.report(), f"{1000 * total.seconds / tables:.0f} ms to protect a release", sep="\n")


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))
