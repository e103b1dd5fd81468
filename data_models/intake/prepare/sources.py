"""The formats of clinics' exports, a row each: what `prepare` takes, and what an unknown file is told to be."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from data_models.intake.prepare.redcap.redcap_export import RedcapExport
from data_models.intake.prepare.source import Source

SOURCES: Final[tuple[Source, ...]] = (RedcapExport(),)


def recognised(path: Path) -> Source | None:
    """The format that a path surely holds; None where none is sure."""
    return next((source for source in SOURCES if source.recognises(path)), None)
