"""Coverage study: from session records to the JSON of the summary, how often do the 95% intervals hold the truth?

    python tests/benchmarks/coverage.py                                  # 200 clinics of 150 patients a scenario
    python tests/benchmarks/coverage.py --scenario daily --clinics 30    # one scenario, fewer clinics
    python tests/benchmarks/coverage.py --table coverage.md --data coverage.json

Each clinic of `simulated_clinics` is written as records, imported into a store of its own, and asked for its summary
(`--processes` at once, by default one). What the summary says is compared with `simulated_truth`, worked out from a
very large clinic (`--truth` patients) of the same scenario. A row a figure: in how many clinics it was estimable (and
had an interval), bias, how often the interval held the truth, how often it lay above and below it, mean width. A
figure that this version does not give is named as not there.

Tests between two groups drawn by lot are counted as false alarms at 5%; of the null treatment, the sentences of the
Outcomes cards are listed, with those that claim an effect.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from sqlalchemy import Connection

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes.differences import by_day, less_first, spent
from data_models.questions import comparison
from data_models.questions.durability import durability
from data_models.questions.onset import onset
from data_models.questions.rate_comparison import rate_comparison
from data_models.questions.states import RESPONSE, states
from data_models.questions.summary import Summary, summarise
from data_models.questions.waterfall import waterfall
from data_models.store import Store
from tests.benchmarks.simulated_answers import EXPECTED, Estimate, claims, estimates, sentences
from tests.benchmarks.simulated_clinics import SCENARIOS, Scenario, simulate
from tests.benchmarks.simulated_truth import truths

EVERYTHING = Scope.everything()
STARTS_AT = 10  # at risk: there a curve of durability starts


# --- one clinic ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answered:
    """What one clinic's page says."""

    found: tuple[Estimate, ...]
    alarms: dict[str, bool]
    said: dict[str, str]


def ask(folder: Path, store: Store, rules: OutcomeRules = DEFAULT_RULES, *, words: bool = False) -> Answered:
    """Import a folder of records into an empty store, and what its summary says then."""
    store.import_path(folder, rules)
    cohort = CohortFilter.from_assignments([], "phq9")
    with store.connect() as connection:
        summary = summarise(connection, EVERYTHING, cohort, store.rules())
        alarms = dict(_alarms(connection, cohort, rules))
        said = sentences(_answers(connection, summary)) if words else {}
    followed = store.outcomes_frame()["durability_entry_days"].dropna().sort_values()
    entry = float(followed.iloc[STARTS_AT - 1]) if len(followed) >= STARTS_AT else 1.0
    return Answered(tuple(estimates(summary.as_json(), entry)), alarms, said)


def _alarms(connection: Connection, cohort: CohortFilter, rules: OutcomeRules) -> Iterator[tuple[str, bool]]:
    """Which comparisons at 5% between the two groups, drawn by lot, call them different."""
    for name, test in vars_of(comparison.curve_tests(connection, EVERYTHING, cohort, "clinic")).items():
        if getattr(test, "p_value", None) is not None:
            yield f"{name}, log-rank", test.p_value < 0.05
    for name, compared in vars_of(rate_comparison(connection, EVERYTHING, cohort, "clinic", rules)).items():
        for one in compared.differences:
            if one.crude.low is not None:
                yield f"{name}, as it is", one.crude.low > 0 or one.crude.high < 0
            if one.p_value is not None:
                yield f"{name}, standardised", one.p_value < 0.05
    parts = comparison.groups(connection, EVERYTHING, cohort, "clinic").values()
    began, held, stood = ([ask(of) for of in parts] for ask in (
        lambda of: onset(connection, EVERYTHING, of).curve,
        lambda of: durability(connection, EVERYTHING, of).lost,
        lambda of: states(connection, EVERYTHING, of, rules).first_session,
    ))  # fmt: skip
    shares = {f"responded by day {day:g}": [by_day(curve, day) for curve in began] for day in (1.0, 7.0)}
    shares |= {f"lost by day {day:g}": [by_day(curve, day) for curve in held] for day in (14.0, 28.0)}
    shares["days in response"] = [spent(curves, RESPONSE) for curves in stood]
    for name, of in shares.items():
        for one in less_first(of).of:
            if one is not None and one.low is not None and one.high is not None:
                yield f"{name}, as it is", one.low > 0 or one.high < 0


def vars_of(answer: Any) -> dict[str, Any]:
    """The fields of a frozen dataclass with slots."""
    return {name: getattr(answer, name) for name in getattr(answer, "__dataclass_fields__", {})}


def _answers(connection: Any, summary: Summary) -> dict[str, Any]:
    """Every answer by the name of its type."""
    found = {type(value).__name__: value for value in vars_of(summary).values()}
    return found | {
        "Proportion": summary.rates.early,
        "Waterfall": waterfall(connection, EVERYTHING, summary.cohort, summary.rules),
    }


def clinic(scenario: Scenario, patients: int, seed: int, rules: OutcomeRules, number: int) -> Answered:
    """Simulate a clinic, import its records, ask for its summary."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(scenario, patients, np.random.default_rng([seed, 2, number])).write(folder / "records")
        shutil.copy(_empty_store(), folder / "clinic.db")
        store = Store.open(f"sqlite:///{(folder / 'clinic.db').as_posix()}")
        try:
            return ask(folder / "records", store, rules, words=scenario.null)
        finally:
            store.close()


_EMPTY = SimpleNamespace(folder=None)


def _empty_store() -> Path:
    """A store with its tables and without records, made once a process: a copy of it is faster."""
    if _EMPTY.folder is None:
        _EMPTY.folder = tempfile.TemporaryDirectory()
        Store.open(f"sqlite:///{(Path(_EMPTY.folder.name) / 'empty.db').as_posix()}").close()
    return Path(_EMPTY.folder.name) / "empty.db"


# --- many clinics --------------------------------------------------------------------------------------


@dataclass
class Tally:
    """One figure over the clinics of a scenario.

    Attributes
    ----------
    clinics : that were asked. Differences from the truth, and where the interval lay, of those that answered.
    """

    clinics: int
    errors: list[float] = field(default_factory=list)
    truths: list[float] = field(default_factory=list)
    held: int = 0
    above: int = 0
    below: int = 0
    widths: list[float] = field(default_factory=list)

    def add(self, one: Estimate, truth: float) -> None:
        if one.value is None or math.isnan(one.value) or math.isnan(truth):
            return
        self.errors.append(one.value - truth)
        self.truths.append(truth)
        if one.low is None or one.high is None or math.isnan(one.low) or math.isnan(one.high):
            return
        self.above += one.low > truth + 1e-9
        self.below += one.high < truth - 1e-9
        self.held += one.low - 1e-9 <= truth <= one.high + 1e-9
        self.widths.append(one.high - one.low)

    def row(self) -> dict[str, float | None]:
        """The row of the table, as numbers."""
        n = len(self.widths)
        return {
            "truth": float(np.mean(self.truths)) if self.truths else None,
            "estimable": len(self.errors) / self.clinics,
            "with_interval": n / self.clinics,
            "bias": float(np.mean(self.errors)) if self.errors else None,
            "coverage": self.held / n if n else None,
            "above": self.above / n if n else None,
            "below": self.below / n if n else None,
            "width": float(np.mean(self.widths)) if n else None,
        }


@dataclass
class Result:
    """A scenario: rows by figure, false alarms by test, what was said and what of it claims an effect."""

    title: str
    rows: dict[str, dict[str, float | None]]
    alarms: dict[str, float]
    said: dict[str, str]
    claims: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        figures = [{"figure": name, **row} for name, row in self.rows.items()]
        return {"title": self.title, "figures": figures, "false_alarms": self.alarms, "claims": self.claims}


def study(
    scenario: Scenario,
    clinics: int,
    patients: int,
    seed: int,
    *,
    truth_patients: int,
    processes: int = 1,
    rules: OutcomeRules = DEFAULT_RULES,
) -> Result:
    """Coverage of every figure in one scenario, with outcomes derived by some rules."""
    truth = truths(scenario, truth_patients, seed)
    one = partial(clinic, scenario, patients, seed, rules)
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            answers = list(pool.map(one, range(clinics)))
    else:
        answers = [one(number) for number in range(clinics)]
    tallies: dict[str, Tally] = {}
    for answer in answers:
        for estimate in answer.found:
            tallies.setdefault(estimate.name, Tally(clinics)).add(estimate, truth[estimate.truth])
    asked = sorted({name for answer in answers for name in answer.alarms})
    alarms = {name: float(np.mean([one.alarms[name] for one in answers if name in one.alarms])) for name in asked}
    claimed: dict[str, float] = {}
    for answer in answers:
        for name in claims(answer.said):
            claimed[name] = claimed.get(name, 0.0) + 1 / clinics
    return Result(
        scenario.title, {name: tally.row() for name, tally in tallies.items()}, alarms, answers[0].said, claimed
    )


# --- printed -------------------------------------------------------------------------------------------


def markdown(results: Mapping[str, Result]) -> str:
    """Every scenario as a table, in Markdown."""
    return "\n\n".join(_section(key, result) for key, result in results.items()) + "\n"


def _section(key: str, result: Result) -> str:
    lines = [
        f"### {key}: {result.title}",
        "",
        "| figure | truth | estimable | bias | coverage | above | below | width |",
        "|---|---|---|---|---|---|---|---|",
    ]
    shown = {name: row for name, row in result.rows.items() if row["estimable"]}
    for name, row in shown.items():
        form: Callable[[float | None], str] = _days if name.startswith(("days", "change")) else _percent
        estimable = _percent(row["estimable"])
        if row["with_interval"] != row["estimable"]:
            estimable += f" ({_percent(row['with_interval'])} with an interval)"
        lines.append(
            f"| {name} | {form(row['truth'])} | {estimable} | {form(row['bias'])} | {_percent(row['coverage'])} "
            f"| {_percent(row['above'])} | {_percent(row['below'])} | {form(row['width'])} |"
        )
    never = [name for name in result.rows if name not in shown]
    if never:
        lines += ["", f"In no clinic estimable, or without a truth: {', '.join(never)}."]
    missing = [name for name in EXPECTED if not any(row.startswith(name) for row in result.rows)]
    if missing:
        lines += ["", f"Not there: {', '.join(missing)}."]
    if result.alarms:
        alarms = ", ".join(f"{name} {_percent(share)}" for name, share in result.alarms.items())
        lines += ["", f"False alarms at 5%: {alarms}."]
    if result.said:
        lines += ["", "Words of the first clinic; in brackets, in how many clinics they claim an effect:", ""]
        lines += [f"- ({_percent(result.claims.get(name, 0.0))}) {name} {text}" for name, text in result.said.items()]
    return "\n".join(lines)


def _rounded(value: Any) -> Any:
    """Numbers to four digits after the point: more would be noise of the simulation."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"


def _days(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--clinics", type=int, default=200)
    parser.add_argument("--patients", type=int, default=150)
    parser.add_argument("--scenario", choices=SCENARIOS, action="append", help="one of them; may be repeated")
    parser.add_argument("--seed", type=int, default=20261201)
    parser.add_argument("--truth", type=int, default=40_000, help="patients of the large clinic")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rule", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    parser.add_argument("--table", type=Path, help="write the tables to this file, in Markdown")
    parser.add_argument("--data", type=Path, help="write them to this file, as JSON")
    chosen = parser.parse_args()
    rules, results = DEFAULT_RULES.with_assignments(chosen.rule), {}
    for key in chosen.scenario or SCENARIOS:
        results[key] = study(
            SCENARIOS[key],
            chosen.clinics,
            chosen.patients,
            chosen.seed,
            truth_patients=chosen.truth,
            processes=chosen.processes,
            rules=rules,
        )
        print(_section(key, results[key]), end="\n\n", flush=True)
    if chosen.table:
        chosen.table.write_text(markdown(results), encoding="utf-8")
    if chosen.data:
        options = f"--clinics {chosen.clinics} --patients {chosen.patients} --seed {chosen.seed}"
        options += "".join(f" --rule {rule}" for rule in chosen.rule)
        about = {
            "made": date.today().isoformat(),
            "command": f"python tests/benchmarks/coverage.py {options}",
            "clinics": chosen.clinics,
            "patients": chosen.patients,
            "scenarios": {key: result.as_json() for key, result in results.items()},
        }
        chosen.data.write_text(json.dumps(_rounded(about), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
