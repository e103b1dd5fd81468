"""Where an unexpected error arose: a place in this product's code. An error's own text may hold records."""

from __future__ import annotations

import traceback
from pathlib import Path

_OURS = Path(__file__).resolve().parents[2]
_PACKAGES = {"dashboard", "data_models", "sample_data"}


def place_of(error: BaseException) -> str:
    """ " at rates.py line 12": the innermost line of this product in the error's trace; empty where there is none."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        name = Path(frame.filename)
        if name.is_relative_to(_OURS) and name.relative_to(_OURS).parts[0] in _PACKAGES:
            return f" at {name.name} line {frame.lineno}"
    return ""
