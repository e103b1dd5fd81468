"""Trials with R's numbers: our own, made by a seed, in every clone; published ones where they lie beside the project.

Beside the scores of each lie `expected_*.csv`. Those of the seeded trial are written by `seeded_trial/seeded_trial.R`,
which says how to make them anew; the published trials are never copied into the project.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

SEEDED = "seeded_trial"
DATASETS = Path(__file__).resolve().parents[3] / "shared" / "datasets"
_PUBLISHED = ("riesby_hamd", "antidepressant_hamd17")
TRIALS = (SEEDED, *(_PUBLISHED if DATASETS.is_dir() else ()))


def r_table(trial: str, name: str) -> pd.DataFrame:
    """One table of R's numbers for a trial, e.g. `r_table(SEEDED, "km")`."""
    folder = Path(__file__).parent / SEEDED if trial == SEEDED else DATASETS / trial
    return pd.read_csv(folder / f"expected_{name}.csv", dtype={"id": str})


def groups(table: str) -> list[tuple[str, str, str]]:
    """Trial, group and what was estimated, of each curve in a table of R's."""
    return [(trial, *key) for trial in TRIALS for key in sorted(set(_keys(r_table(trial, table))))]


def _keys(table: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(table["group"], table["what"], strict=True))
