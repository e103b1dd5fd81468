"""The worked examples in docstrings run and say what is so; each clinical function has one, and names its terms."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "data_models").rglob("*.py"))
    if ">>>" in path.read_text(encoding="utf-8")
]
CLINICAL = {
    "competing": ["aalen_johansen"],
    "courses": ["find_courses", "course_facts"],
    "differences": ["less_first"],
    "durability": ["losses", "duration", "end_of_induction", "durability"],
    "fade": ["fade_bins"],
    "interval_censored": ["interval_curve"],
    "logrank": ["log_rank"],
    "occupancy": ["state_shares"],
    "onset": ["onset", "early_response"],
    "proportions": ["wilson", "clustered", "per_course", "clustered_mean", "difference"],
    "restricted_mean": ["restricted_mean"],
    "score_facts": ["score_facts"],
    "scores": ["place_scores", "find_series", "judge"],
    "states": ["spans_of_scores", "state_curves"],
    "survival": ["kaplan_meier"],
    "turnbull": ["turnbull"],
}


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_say(name: str) -> None:
    told: list[str] = []
    runner = doctest.DocTestRunner()
    for example in doctest.DocTestFinder().find(importlib.import_module(name)):
        runner.run(example, out=told.append)
    assert runner.summarize(verbose=False).attempted > 0
    assert not told, "".join(told)


@pytest.mark.parametrize("module, name", [(module, name) for module, names in CLINICAL.items() for name in names])
def test_a_clinical_function_tells_its_terms_and_shows_an_example(module: str, name: str) -> None:
    function = getattr(importlib.import_module(f"data_models.outcomes.{module}"), name)
    text = inspect.getdoc(function) or ""
    for section in ("Parameters", "Returns", "Examples"):
        assert f"\n{section}\n{'-' * len(section)}\n" in text, f"{module}.{name} has no {section}"
    described = text.partition("Parameters\n")[2].partition("\nReturns\n")[0]
    missing = [parameter for parameter in inspect.signature(function).parameters if parameter not in described]
    assert not missing, f"{module}.{name} does not describe {', '.join(missing)}"
