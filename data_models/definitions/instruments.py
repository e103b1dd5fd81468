"""The registry of rating scales: a scale is a row of data here and nowhere else.

Ranges, bands, cut-offs, smallest meaningful changes and recall windows follow section 7 of the
clinical definitions; the source of each scale's figures stands beside it. Lower is better on all.
No item text ships: several of these scales are licensed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Band:
    """One severity band: scores up to and including `upper` (scale points)."""

    name: str
    upper: float


@dataclass(frozen=True, slots=True)
class Instrument:
    """One rating scale's total score.

    Attributes
    ----------
    code : the name used in records, exports and URLs.
    maximum : highest total (scale points); the lowest is 0 on every scale here.
    bands : severity bands, mildest first, each with its upper end.
    moderate : the score from which symptoms count as moderate (loss-of-response rule).
    remission : highest score that counts as remission; None where the scale has none.
    meaningful_change : smallest meaningful change (points, or a share of baseline where
        `meaningful_is_share`); None where none is agreed.
    recall_days : how far back the scale asks (days).
    whole : totals are whole numbers (False only for means of items).
    """

    code: str
    name: str
    measures: str
    maximum: float
    bands: tuple[Band, ...]
    moderate: float
    remission: float | None
    meaningful_change: float | None
    recall_days: int
    source: str
    loinc: str | None = None
    meaningful_is_share: bool = False
    whole: bool = True
    has_item9: bool = False

    def band(self, score: float) -> str:
        """Name of the severity band that holds `score`."""
        return next((b.name for b in self.bands if score <= b.upper), self.bands[-1].name)

    def least_change(self, baseline: float) -> float | None:
        """Smallest meaningful change in points for a course with this baseline."""
        if self.meaningful_change is None:
            return None
        return self.meaningful_change * (baseline if self.meaningful_is_share else 1.0)


def _bands(*pairs: tuple[str, float]) -> tuple[Band, ...]:
    return tuple(Band(name, upper) for name, upper in pairs)


_ALL = (
    Instrument(
        "phq9", "PHQ-9", "depression", 27,
        _bands(("minimal", 4), ("mild", 9), ("moderate", 14), ("moderately severe", 19), ("severe", 27)),
        moderate=10, remission=4, meaningful_change=5, recall_days=14, loinc="44261-6", has_item9=True,
        source="Kroenke 2001 (bands), Loewe 2004 (change of 5)",
    ),
    Instrument(
        "madrs", "MADRS", "depression", 60,
        _bands(("none", 6), ("mild", 19), ("moderate", 34), ("severe", 60)),
        moderate=20, remission=10, meaningful_change=6, recall_days=7,
        source="Montgomery 1979, Mueller 2003 (bands), Turkoz 2021 (change of 6)",
    ),
    Instrument(
        "hamd17", "HAM-D 17", "depression", 52,
        _bands(("none", 7), ("mild", 13), ("moderate", 18), ("severe", 22), ("very severe", 52)),
        moderate=14, remission=7, meaningful_change=3, recall_days=7,
        source="Hamilton 1960, Zimmerman 2013 (bands), NICE 2004 (change of 3)",
    ),
    Instrument(
        "qids", "QIDS-SR16", "depression", 27,
        _bands(("none", 5), ("mild", 10), ("moderate", 15), ("severe", 20), ("very severe", 27)),
        moderate=11, remission=5, meaningful_change=4, recall_days=7,
        source="Rush 2003",
    ),
    Instrument(
        "bdi2", "BDI-II", "depression", 63,
        _bands(("minimal", 13), ("mild", 19), ("moderate", 28), ("severe", 63)),
        moderate=20, remission=13, meaningful_change=5, recall_days=14, loinc="89209-1",
        source="Beck 1996",
    ),
    Instrument(
        "gad7", "GAD-7", "anxiety", 21,
        _bands(("minimal", 4), ("mild", 9), ("moderate", 14), ("severe", 21)),
        moderate=10, remission=4, meaningful_change=4, recall_days=14, loinc="70274-6",
        source="Spitzer 2006, Toussaint 2020 (change of 4)",
    ),
    Instrument(
        "pcl5", "PCL-5", "post-traumatic stress", 80,
        _bands(("below cut-off", 30), ("above cut-off", 80)),
        moderate=31, remission=30, meaningful_change=10, recall_days=30,
        source="Weathers 2013, Bovin 2016 (cut-off)",
    ),
    Instrument(
        "hads_a", "HADS anxiety", "anxiety", 21,
        _bands(("normal", 7), ("borderline", 10), ("abnormal", 21)),
        moderate=11, remission=7, meaningful_change=2, recall_days=7,
        source="Zigmond 1983, Puhan 2008 (change of 2)",
    ),
    Instrument(
        "hads_d", "HADS depression", "depression", 21,
        _bands(("normal", 7), ("borderline", 10), ("abnormal", 21)),
        moderate=11, remission=7, meaningful_change=2, recall_days=7,
        source="Zigmond 1983, Puhan 2008 (change of 2)",
    ),
    Instrument(
        "peg", "PEG pain", "pain", 10,
        _bands(("mild", 3), ("moderate", 6), ("severe", 10)),
        moderate=4, remission=None, meaningful_change=0.30, meaningful_is_share=True, recall_days=7,
        loinc="91147-9", whole=False, source="Krebs 2009, Dworkin 2008 (30 %)",
    ),
    Instrument(
        "auditc", "AUDIT-C", "alcohol use", 12,
        _bands(("low", 3), ("at risk", 12)),
        moderate=4, remission=None, meaningful_change=None, recall_days=365, loinc="75626-2",
        source="Bush 1998",
    ),
)

INSTRUMENTS: dict[str, Instrument] = {instrument.code: instrument for instrument in _ALL}
ITEM9_MAXIMUM = 3
ITEM9_LOINC = "44260-8"


def in_order(codes: Iterable[str]) -> list[str]:
    """Those of some codes that the registry has, once each and in its order: the first is what a patient opens on."""
    given = set(codes)
    return [code for code in INSTRUMENTS if code in given]


def with_item9() -> Instrument:
    """The scale that item 9 belongs to."""
    return next(scale for scale in INSTRUMENTS.values() if scale.has_item9)
