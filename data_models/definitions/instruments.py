"""The registry of rating scales: a scale is a row of data here and nowhere else.

Ranges, bands, cut-offs, smallest meaningful changes and recall windows follow section 7 of the
clinical definitions; the source of each scale's figures stands beside it.
No item text ships: several of these scales are licensed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Band:
    """One severity band: scores up to and including `upper` (scale points)."""

    name: str
    upper: float


def improvement(baseline: Any, score: Any, minimum: Any) -> Any:
    """Improvement as a share of what the baseline lies above the scale's minimum (definitions, section 3).

    Parameters
    ----------
    baseline, score, minimum : points of a scale on which lower is better: numbers, arrays or columns of SQL, the
        baseline above the minimum.

    Examples
    --------
    >>> improvement(20.0, 8.0, 0.0), improvement(20.0, 12.0, 4.0)
    (0.6, 0.5)
    """
    return (baseline - score) / (baseline - minimum)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One rating scale's total score. A row that could not be judged is refused.

    Attributes
    ----------
    code : the name used in records, exports and URLs.
    minimum, maximum : lowest and highest total (scale points).
    better : which scores are better. Only scales on which lower is better can be judged so far.
    bands : severity bands, mildest first, each with its upper end.
    moderate : the score from which symptoms count as moderate (loss-of-response rule).
    remission : highest score that counts as remission; None where the scale has none.
    meaningful_change : smallest meaningful change (points, or a share of what the baseline lies above the minimum
        where `meaningful_is_share`); None where none is agreed.
    recall_days : how far back the scale asks (days).
    standard_error : standard error of measurement of one score (points), where one is published: what reliable change
        rests on. Where a source gives several, the largest, so that no change is called reliable too soon. None: no
        reliable change is told.
    clinical : published score from which people count as cases; None: none is published, the moderate one stands in.
    error_source : where `standard_error` and `clinical` come from.
    whole : totals are whole numbers (False only for means of items).
    """

    code: str
    name: str
    measures: str
    minimum: float
    maximum: float
    better: Literal["lower", "higher"]
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
    standard_error: float | None = None
    clinical: float | None = None
    error_source: str = ""

    def __post_init__(self) -> None:
        if self.better != "lower":
            raise ValueError(
                f"scale {self.code}: {self.better} scores are better, and no rule is given for its improvement, "
                "response and loss; those here would judge it upside down. Add the scale's published rule first"
            )
        if not re.fullmatch("[a-z][a-z0-9_]{1,31}", self.code):
            raise ValueError(f"scale {self.code!r}: its code must be 2 to 32 small letters, digits and _")
        ends = [band.upper for band in self.bands]
        if not self.minimum < self.maximum or ends != sorted(set(ends)) or ends[-1:] != [self.maximum]:
            raise ValueError(f"scale {self.code}: bands must rise from its minimum, and the last end at its maximum")
        if self.standard_error is not None and not (self.standard_error > 0 and self.error_source):
            raise ValueError(f"scale {self.code}: a standard error of measurement is above 0 and has its source")
        limits = {
            "moderate": self.moderate,
            "remission": self.remission,
            "clinical": self.clinical,
            "first band": ends[0],
        }
        for name, limit in limits.items():
            if limit is not None and not self.minimum <= limit <= self.maximum:
                raise ValueError(f"scale {self.code}: {name} is {limit:g}; {self.range} is its range")

    @property
    def range(self) -> str:
        """Lowest and highest total in words."""
        return f"{self.minimum:g} to {self.maximum:g}"

    @property
    def recovered_below(self) -> float:
        """The score under which a reliable improvement is a recovery: the clinical cut-off, else the moderate one."""
        return self.moderate if self.clinical is None else self.clinical

    @property
    def of_baseline(self) -> str:
        """Of what improvement is a share, in words."""
        return "baseline" if self.minimum == 0 else f"what the baseline lies above {self.minimum:g}"

    def band(self, score: float) -> str:
        """Name of the severity band that holds `score`."""
        return next((b.name for b in self.bands if score <= b.upper), self.bands[-1].name)

    def improvement(self, baseline: float, score: float) -> float:
        """Share of the baseline's points above the minimum that are gone; negative: worse."""
        return float(improvement(baseline, score, self.minimum))

    def improved_to(self, baseline: float, share: float) -> float:
        """The score (points) at which a course with this baseline has improved by so much."""
        return self.minimum + (baseline - self.minimum) * (1 - share)

    def least_change(self, baseline: float) -> float | None:
        """Smallest meaningful change in points for a course with this baseline."""
        if self.meaningful_change is None:
            return None
        return self.meaningful_change * (baseline - self.minimum if self.meaningful_is_share else 1.0)

    def as_json(self) -> dict[str, Any]:
        """The data contract's fields; the minimum where it is not 0."""
        found = dataclasses.asdict(self)
        del found["better"]
        return found if self.minimum else {name: value for name, value in found.items() if name != "minimum"}


def _bands(*pairs: tuple[str, float]) -> tuple[Band, ...]:
    return tuple(Band(name, upper) for name, upper in pairs)


_ALL = (
    Instrument(
        "phq9", "PHQ-9", "depression", 0, 27, "lower",
        _bands(("minimal", 4), ("mild", 9), ("moderate", 14), ("moderately severe", 19), ("severe", 27)),
        moderate=10, remission=4, meaningful_change=5, recall_days=14, loinc="44261-6", has_item9=True,
        source="Kroenke 2001 (bands), Loewe 2004 (change of 5)",
        standard_error=1.88, clinical=10,
        error_source="Richards 2011 (change of 5.20), NHS Talking Therapies manual (6 points; case from 10)",
    ),
    Instrument(
        "madrs", "MADRS", "depression", 0, 60, "lower",
        _bands(("none", 6), ("mild", 19), ("moderate", 34), ("severe", 60)),
        moderate=20, remission=10, meaningful_change=6, recall_days=7,
        source="Montgomery 1979, Mueller 2003 (bands), Turkoz 2021 (change of 6)",
        standard_error=1.9, error_source="Duru 2008 (1.6 to 1.9)",
    ),
    Instrument(
        "hamd17", "HAM-D 17", "depression", 0, 52, "lower",
        _bands(("none", 7), ("mild", 13), ("moderate", 18), ("severe", 22), ("very severe", 52)),
        moderate=14, remission=7, meaningful_change=3, recall_days=7,
        source="Hamilton 1960, Zimmerman 2013 (bands), NICE 2004 (change of 3)",
        standard_error=2.4, error_source="Trajkovic 2011 (reliability 0.79), Trivedi 2006 (SD 5.2)",
    ),
    Instrument(
        "qids", "QIDS-SR16", "depression", 0, 27, "lower",
        _bands(("none", 5), ("mild", 10), ("moderate", 15), ("severe", 20), ("very severe", 27)),
        moderate=11, remission=5, meaningful_change=4, recall_days=7,
        source="Rush 2003",
        standard_error=1.8, error_source="Rush 2003 (reliability 0.86), IsHak 2015 (SD 4.8)",
    ),
    Instrument(
        "bdi2", "BDI-II", "depression", 0, 63, "lower",
        _bands(("minimal", 13), ("mild", 19), ("moderate", 28), ("severe", 63)),
        moderate=20, remission=13, meaningful_change=5, recall_days=14, loinc="89209-1",
        source="Beck 1996",
        standard_error=3.37, error_source="Beck 1996 (retest reliability 0.93, SD 12.75)",
    ),
    Instrument(
        "gad7", "GAD-7", "anxiety", 0, 21, "lower",
        _bands(("minimal", 4), ("mild", 9), ("moderate", 14), ("severe", 21)),
        moderate=10, remission=4, meaningful_change=4, recall_days=14, loinc="70274-6",
        source="Spitzer 2006, Toussaint 2020 (change of 4)",
        standard_error=1.27, clinical=8,
        error_source="Richards 2011 (change of 3.53), NHS Talking Therapies manual (4 points; case from 8)",
    ),
    Instrument(
        "pcl5", "PCL-5", "post-traumatic stress", 0, 80, "lower",
        _bands(("below cut-off", 30), ("above cut-off", 80)),
        moderate=31, remission=30, meaningful_change=10, recall_days=30,
        source="Weathers 2013, Bovin 2016 (cut-off)",
        standard_error=6.49, clinical=29,
        error_source="Marx 2022 (changes of 15 and 18; 28 and less: no longer a case)",
    ),
    Instrument(
        "hads_a", "HADS anxiety", "anxiety", 0, 21, "lower",
        _bands(("normal", 7), ("borderline", 10), ("abnormal", 21)),
        moderate=11, remission=7, meaningful_change=2, recall_days=7,
        source="Zigmond 1983, Puhan 2008 (change of 2)",
        standard_error=1.88, clinical=8,
        error_source="Lemay 2019 (detectable change 5.2), Bjelland 2002 (case from 8)",
    ),
    Instrument(
        "hads_d", "HADS depression", "depression", 0, 21, "lower",
        _bands(("normal", 7), ("borderline", 10), ("abnormal", 21)),
        moderate=11, remission=7, meaningful_change=2, recall_days=7,
        source="Zigmond 1983, Puhan 2008 (change of 2)",
        standard_error=2.01, clinical=8,
        error_source="Lemay 2019 (detectable change 5.6), Bjelland 2002 (case from 8)",
    ),
    Instrument(
        "peg", "PEG pain", "pain", 0, 10, "lower",
        _bands(("mild", 3), ("moderate", 6), ("severe", 10)),
        moderate=4, remission=None, meaningful_change=0.30, meaningful_is_share=True, recall_days=7,
        loinc="91147-9", whole=False, source="Krebs 2009, Dworkin 2008 (30 %)",
        standard_error=1.22, error_source="Reed 2024 (0.78 to 1.22)",
    ),
    Instrument(
        "auditc", "AUDIT-C", "alcohol use", 0, 12, "lower",
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
