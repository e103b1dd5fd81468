"""What a file says of its scale."""

from __future__ import annotations

import pytest

from dashboard.exports.definition_tables import instrument_table
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import DEFAULT_RULES


@pytest.mark.parametrize("code", ["phq9", "peg", "auditc"])
def test_the_scale_is_told_with_its_cut_offs_and_what_is_not_known(code: str) -> None:
    scale, told = INSTRUMENTS[code], {row["name"]: row["value"] for row in instrument_table(code, DEFAULT_RULES).rows}
    error, change = scale.standard_error, scale.meaningful_change
    remission = DEFAULT_RULES.remission_cutoff(code)
    assert told["Standard error of measurement"] == ("not known" if error is None else f"{error:g} points")
    assert told["Remission up to"] == ("not defined" if remission is None else f"{remission:g}")
    assert told["Smallest meaningful change"].startswith("not defined" if change is None else f"{change:g} ")
    assert told["Moderate from"] == f"{scale.moderate:g}"
    assert scale.source in told["Source"]
