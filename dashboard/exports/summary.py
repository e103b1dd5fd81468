"""A release as a document: its sections in the order of the questions, with charts, sentences and tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from dashboard.exports import completeness, definition_tables, svg
from dashboard.exports.document import Chart, Document, Section
from dashboard.exports.release import PRODUCT, Part, Release, program_version
from dashboard.exports.rounding import ROUNDED_NOTE
from dashboard.exports.tables import of_parts
from dashboard.questions import (
    curves,
    durability,
    fade,
    funnel,
    occupancy,
    onset,
    rate_comparison,
    rates,
    reliable_change,
    side_effects,
    states,
    vitals,
)
from dashboard.words.numbers import count, listing
from dashboard.words.shares import rate
from data_models.definitions.filters import FILTERS
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import label
from data_models.outcomes.interval_censored import IntervalCurve
from data_models.outcomes.proportions import Proportion

FOOTER = "Supports review by clinicians; it does not diagnose or recommend treatment."
SYNTHETIC = "Synthetic sample data: no real patient"
# What a file may be about: key -> title, and the sections in it.
CATALOGUE: dict[str, tuple[str, tuple[str, ...]]] = {
    "outcomes": ("Outcomes summary", ("cohort", "states", "outcomes", "over_time", "fade")),
    "onset_durability": ("Onset and durability", ("cohort", "onset", "durability", "fade")),
    "side_effects": ("Side effects", ("cohort", "side_effects", "vital_signs")),
    "attrition": ("Attrition", ("cohort", "attrition")),
    "completeness": ("Completeness of records", ("completeness",)),
    "all": (
        "Summary",
        ("cohort", "states", "outcomes", "onset", "durability", "fade", "over_time", "side_effects", "vital_signs"),
    ),
}


def document(release: Release, about: str = "all") -> Document:
    """The document of a release on one subject of the catalogue.

    Raises
    ------
    KeyError : `about` is not in the catalogue.
    """
    title, sections = CATALOGUE[about]
    makers: dict[str, Callable[[Release], Section]] = {
        "cohort": _cohort,
        "states": _states,
        "outcomes": _outcomes,
        "onset": _onset,
        "durability": _durability,
        "fade": _fade,
        "over_time": _over_time,
        "attrition": _attrition,
        "side_effects": _side_effects,
        "vital_signs": _vital_signs,
        "completeness": lambda release: completeness.section(release.records),
    }
    # Courses are not cut by what is of sessions: their figures would be the same ones twice.
    cut = [
        name
        for name in sections
        if release.by is None
        or FILTERS[release.by].of != "session"
        or name in ("completeness", "cohort", "fade", "side_effects", "vital_signs")
    ]
    made = [makers[name](release) for name in cut]
    definitions = [definition_tables.rules_table(release.rules)]
    subtitle = "All scales and all records."
    if of_a_cohort(about):
        scale = INSTRUMENTS[release.cohort.instrument]
        subtitle = f"{scale.name} ({scale.measures}); {scale.better} is better."
        definitions.insert(0, definition_tables.instrument_table(release.cohort.instrument, release.rules))
    return Document(
        title=f"Ketamine treatment outcomes: {title.lower()}",
        subtitle=f"{subtitle} Days are days since the first session, never dates.",
        facts=facts(release, about),
        sections=made,
        definitions=definitions,
        footer=FOOTER,
    )


def of_a_cohort(about: str) -> bool:
    """Whether filters, grouping and scale matter to what a file is about; else it is of all records."""
    return "cohort" in CATALOGUE[about][1]


def facts(release: Release, about: str) -> list[tuple[str, str]]:
    """What the file is, on what it rests, and how its counts are rounded."""
    found = [("Data set", release.name or "no name given")]
    if release.synthetic:
        found.append(("Synthetic", SYNTHETIC))
    if of_a_cohort(about):
        found += _cohort_facts(release)
    found += [
        ("Made on", release.made.isoformat()),
        ("Program", f"{PRODUCT} {program_version()}"),
        ("Definitions", f"version {release.rules.version}"),
        ("Fingerprint of the data", release.fingerprint),
        ("Counts", "As they are: for use in the house" if release.exact else f"{ROUNDED_NOTE}."),
    ]
    return found


def _cohort_facts(release: Release) -> list[tuple[str, str]]:
    found = []
    where = release.cohort.where()
    for key, value in where.items():
        if isinstance(value, list):
            row = FILTERS[key]
            found.append((f"Filter: {row.label.lower()}", ", ".join(row.words(v) for v in value)))
        else:
            found.append(("Filter: least hours since the latest session (headline rates)", f"{value:g}"))
    if not where:
        found.append(("Filters", "none"))
    if release.by:
        found.append(("Grouped by", FILTERS[release.by].label.lower()))
    funnel = release.whole.summary.funnel
    rests = f"{count(funnel.patients, 'patient')} and {count(funnel.courses, 'course')}"
    return [*found, ("Rests on", rests)]


# --- sections --------------------------------------------------------------------------------


def _sentence(release: Release, text: str) -> str:
    """The sentence of a figure of the whole cohort; none for groups."""
    return "" if release.by is not None else text


def _cohort(release: Release) -> Section:
    return Section(
        "On whom do these figures rest?",
        _sentence(release, funnel.words(release.whole.summary.funnel)),
        tables=of_parts(release, lambda part: funnel.tables(part.summary.funnel, release.cohort, release.rules)),
    )


def _groups(release: Release) -> list[tuple[str, Part]]:
    """The figures to draw, each with its name."""
    if release.by is None:
        return [("All courses", release.whole)]
    row = FILTERS[release.by]
    return [(row.words(group), part) for group, part in release.parts.items() if group is not None]


def _outcomes(release: Release) -> Section:
    ways = (("response", "Response"), ("remission", "Remission"), ("worse", "Worse"))
    dots = [
        (
            name,
            [
                svg.Dot(f"{word}, end of induction", *_drawn(getattr(part.summary.rates, kind).end_of_induction))
                for kind, word in ways
            ],
        )
        for name, part in _groups(release)
    ]
    end = release.whole.summary.rates.response.end_of_induction
    said = ""
    if release.by is None and end.share is not None:
        said = f"In response at the end of induction: {rate(end)}."
    without = [name for name, rows in dots if all(dot.value is None for dot in rows)]
    if without:
        said = f"Not drawn, as too few or not measured: {listing(without)}."
    chart = Chart(
        svg.dot_chart(
            dots, "Share of courses measured at the end of induction, 95% intervals", "Share of courses measured"
        ),
        said or "Rates at the end of induction.",
    )
    made = of_parts(
        release,
        lambda part: [rates.table(part.summary.rates), reliable_change.table(part.summary.reliable_change)],
    )
    if release.by is not None and release.compared is not None and release.compared.response.groups:
        row = FILTERS[release.by]
        said = f"{rate_comparison.words(release.compared.response, release.by, row.words)} {said}".rstrip()
        title = "Response and remission, as the groups are and held equal"
        made.append(rate_comparison.table(release.compared, row.words, name="rates_compared", title=title))
    return Section("Who responds?", said, [chart], made)


def _drawn(share: Proportion) -> tuple[float | None, float | None, float | None]:
    return share.share, share.low, share.high


def _drawn_where_there_is_a_line(lines: Sequence[svg.Line], chart: Chart) -> list[Chart]:
    """An empty frame tells nothing: where no line has two points, the tables stand alone."""
    return [chart] if any(len(line.points) > 1 for line in lines) else []


def _curve_chart(
    release: Release, curve_of: Callable[[Part], IntervalCurve], unit: str, alt: str, *, rising: bool
) -> list[Chart]:
    lines = []
    for group, part in _groups(release):
        curve = curve_of(part)
        values = curve.share if rising else 1 - curve.share
        lines.append(svg.Line(group, list(zip(curve.times.tolist(), values.tolist(), strict=True)), steps=False))
    y_title = "Share in response by then" if rising else "Share still in response"
    return _drawn_where_there_is_a_line(lines, Chart(svg.line_chart(lines, alt, unit, y_title, share=True), alt))


def _curves(part: Part) -> list[curves.Named]:
    summary = part.summary
    return [*onset.named(summary.onset), *durability.named(summary.durability, summary.duration)]


def _onset(release: Release) -> Section:
    said = _sentence(release, onset.words(release.whole.summary.onset.curve))
    made = of_parts(release, lambda part: [curves.medians(_curves(part)), *onset.tables(part.summary.onset)])
    alt = said or "Share in response by day since the first session."
    charts = _curve_chart(
        release, lambda part: part.summary.onset.curve, "Days since the first session", alt, rising=True
    )
    return Section("How quickly do effects start?", said, charts, made)


def _durability(release: Release) -> Section:
    found = release.whole.summary.durability
    rounded = not release.exact
    sentences = (durability.words(found.lost), durability.competing_words(found, rounded=rounded))
    said = _sentence(release, " ".join(sentences))
    made = of_parts(release, lambda part: durability.tables(part.summary.durability, part.summary.duration))
    alt = said or "Share still in response by day since the last induction session."
    charts = _curve_chart(
        release, lambda part: part.summary.durability.lost, "Days since the last induction session", alt, rising=False
    )
    return Section("How long do they last?", said, charts, made)


def _fade(release: Release) -> Section:
    lines, lowest = [], 0.0
    for name, part in _groups(release):
        curve = part.summary.fade.curve
        points = [] if curve is None else [(point.days, point.improvement) for point in curve.points]
        lowest = min([lowest, *(y for _, y in points)])
        lines.append(svg.Line(name, points))
    said = _sentence(release, fade.words(release.whole.summary.fade))
    alt = said or "Improvement of the average patient over the baseline, by days since the latest session."
    drawing = svg.line_chart(
        lines,
        alt,
        "Days since the latest session",
        "Improvement over the baseline",
        share=True,
        y_range=(lowest, 1.0),
    )
    made = of_parts(release, lambda part: fade.tables(part.summary.fade))
    return Section(fade.QUESTION, said, _drawn_where_there_is_a_line(lines, Chart(drawing, alt)), made)


def _states(release: Release) -> Section:
    found = release.whole.summary.states
    rows = found.as_json()["states"]
    texts = (states.words(found), states.after_induction(found), states.ERROR if rows else "")
    said = _sentence(release, " ".join(text for text in texts if text))
    charts: Sequence[Chart] = ()
    if release.by is None and len(rows) > 1:
        alt = states.words(found)
        layers = [(name, [row[key] or 0.0 for row in rows]) for name, key in states.LAYERS]
        drawing = svg.area_chart(layers, [row["day"] for row in rows], alt, "Days since the first session", "Courses")
        charts = [Chart(drawing, alt)]
    made = of_parts(release, lambda part: states.tables(part.summary.states, _rows_every(release)))
    return Section(states.QUESTION, said, charts, made)


_LAYERS = (
    ("Response", "response"),
    ("Partial", "partial"),
    ("No response", "none"),
    ("Not measured", "not_measured"),
    ("Going on", "going_on"),
    ("Ended", "left"),
)


def _rows_every(release: Release) -> int:
    """Days from a row to the next: rounded shares hardly change by the day, and less is told of when."""
    return 1 if release.exact else 7


def _over_time(release: Release) -> Section:
    rows, courses = release.whole.summary.occupancy.as_json(), release.whole.summary.funnel.courses
    found = release.whole.summary.occupancy
    texts = (occupancy.words(found), occupancy.others(found), occupancy.not_recorded(found)) if rows else ()
    said = _sentence(release, " ".join(text for text in texts if text))
    charts: Sequence[Chart] = ()
    if release.by is None and len(rows) > 1 and courses is not None:
        alt = said or "Share of all courses started in each state, by day."
        layers = [(name, [row[key] or 0.0 for row in rows]) for name, key in _LAYERS]
        drawing = svg.area_chart(
            layers, [row["day"] for row in rows], alt, "Days since the first session", "Courses started"
        )
        charts = [Chart(drawing, alt)]
    return Section(
        occupancy.QUESTION,
        said,
        charts,
        of_parts(release, lambda part: [occupancy.table(part.summary.occupancy, _rows_every(release))]),
    )


def _attrition(release: Release) -> Section:
    lines = []
    for name, part in _groups(release):
        left = enumerate(part.summary.occupancy.states.left.tolist())
        # Whoever left between two days is not held back until the second: no steps.
        points = [(float(day), share) for day, share in left if math.isfinite(share)]
        lines.append(svg.Line(name, points, steps=release.exact))
    alt = "Share of all courses started that have ended, by day since the first session."
    drawing = svg.line_chart(lines, alt, "Days since the first session", "Share that has ended", share=True)
    charts = _drawn_where_there_is_a_line(lines, Chart(drawing, alt))
    stopped = release.whole.early_stop
    said = ""
    if release.by is None and stopped.share is not None:
        said = f"Stopped before induction was complete, of courses of which it can be said: {rate(stopped)}."
    made = of_parts(
        release,
        lambda part: [
            rates.early_stop(part.early_stop, release.rules),
            occupancy.attrition(part.summary.occupancy, _rows_every(release)),
        ],
    )
    return Section("Who has left?", said, charts, made)


def _side_effects(release: Release) -> Section:
    effects = release.whole.summary.side_effects
    said = _sentence(release, side_effects.words(effects))
    charts: Sequence[Chart] = ()
    if release.by is None:
        dots = [
            ("Per patient", [svg.Dot(label(one.term), *_drawn(one.per_patient)) for one in effects.effects]),
            ("Per session", [svg.Dot(label(one.term), *_drawn(one.per_session)) for one in effects.effects]),
        ]
        alt = said or "Share of patients and of sessions with each side effect, 95% intervals."
        charts = [Chart(svg.dot_chart(dots, alt, "Share of patients, and of sessions, asked"), alt)]
    made = of_parts(release, lambda part: [side_effects.table(part.summary.side_effects)])
    return Section("How often do side effects occur?", said, charts, made)


def _vital_signs(release: Release) -> Section:
    said = _sentence(release, vitals.words(release.whole.summary.vitals))
    made = of_parts(
        release,
        lambda part: [vitals.table(part.summary.vitals), vitals.table_of_thresholds(part.summary.vitals)],
    )
    return Section("What do vital signs do?", said, (), made)
