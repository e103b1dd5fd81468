"""The definitions behind a file's figures as tables: every rule, and the scale with its cut-offs."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.questions.view import Column, Table
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules


def rules_table(rules: OutcomeRules, names: Sequence[str] = ()) -> Table:
    """Rules with their values and meanings; without `names` every rule."""
    meanings, values = rules.meanings(), rules.as_dict()
    rows = [{"rule": name, "value": values[name], "meaning": meanings[name]} for name in names or values]
    columns = (Column("rule", "Rule", "text"), Column("value", "Value", "text"), Column("meaning", "Meaning", "text"))
    return Table(columns, rows, name="definitions", title=f"Definitions, version {rules.version}")


def instrument_table(code: str, rules: OutcomeRules) -> Table:
    """The scale and its cut-offs."""
    scale = INSTRUMENTS[code]
    remission = rules.remission_cutoff(code)
    change, error = scale.meaningful_change, scale.standard_error
    of = "the baseline" if scale.minimum == 0 else scale.of_baseline
    of_baseline = f" of {of}" if scale.meaningful_is_share else " points"
    pairs = [
        ("Scale", f"{scale.name} ({scale.measures}); {scale.better} is better"),
        ("Range", scale.range),
        ("Bands, upper ends", ", ".join(f"{band.name} {band.upper:g}" for band in scale.bands)),
        ("Moderate from", f"{scale.moderate:g}"),
        ("Remission up to", "not defined" if remission is None else f"{remission:g}"),
        ("Smallest meaningful change", "not defined" if change is None else f"{change:g}{of_baseline}"),
        ("Standard error of measurement", "not known" if error is None else f"{error:g} points"),
        ("Recovered below", f"{scale.recovered_below:g}"),
        ("Looks back", f"{scale.recall_days} days"),
        ("Source", "; ".join(source for source in (scale.source, scale.error_source) if source)),
    ]
    rows = [{"name": name, "value": value} for name, value in pairs]
    columns = (Column("name", "Of the scale", "text"), Column("value", "Value", "text"))
    return Table(columns, rows, name="scale", title="Scale")
