"""A release as a document: its sections in the order of the questions, with charts, sentences and tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboard.exports import completeness, svg, tables
from dashboard.exports.document import Chart, Document, Section, Table, is_number
from dashboard.exports.release import PRODUCT, Release, program_version
from dashboard.exports.suppression import HIDDEN
from dashboard.words import fade as fade_words
from dashboard.words import sentences as words
from data_models.definitions.filters import FILTERS
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import label

FOOTER = "Supports review by clinicians; it does not diagnose or recommend treatment."
SYNTHETIC = "Synthetic sample data: no real patient"
# What a file may be about: key -> title, and the sections in it.
CATALOGUE: dict[str, tuple[str, tuple[str, ...]]] = {
    "outcomes": ("Outcomes summary", ("cohort", "outcomes", "over_time", "fade")),
    "onset_durability": ("Onset and durability", ("cohort", "onset", "durability", "fade")),
    "side_effects": ("Side effects", ("cohort", "side_effects", "vital_signs")),
    "attrition": ("Attrition", ("cohort", "attrition")),
    "completeness": ("Completeness of records", ("completeness",)),
    "all": (
        "Summary",
        ("cohort", "outcomes", "onset", "durability", "fade", "over_time", "side_effects", "vital_signs"),
    ),
}

Summary = Mapping[str, Any]


def document(release: Release, about: str = "all") -> Document:
    """The document of a release on one subject of the catalogue.

    Raises
    ------
    KeyError : `about` is not in the catalogue.
    """
    title, sections = CATALOGUE[about]
    makers: dict[str, Callable[[Release], Section]] = {
        "cohort": _cohort,
        "outcomes": _outcomes,
        "onset": _onset,
        "durability": _durability,
        "fade": _fade,
        "over_time": _over_time,
        "attrition": _attrition,
        "side_effects": _side_effects,
        "vital_signs": _vital_signs,
        "completeness": lambda release: completeness.section([dict(row) for row in release.records]),
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
    definitions = [tables.rules_table(release.rules)]
    subtitle = "All scales and all records."
    if of_a_cohort(about):
        scale = INSTRUMENTS[release.cohort.instrument]
        subtitle = f"{scale.name} ({scale.measures}); {scale.better} is better."
        definitions.insert(0, tables.instrument_table(release.cohort.instrument, release.rules))
    return Document(
        title=f"Ketamine treatment outcomes: {title.lower()}",
        subtitle=f"{subtitle} Days are days since the first session, never dates.",
        facts=facts(release, about, made),
        sections=made,
        definitions=definitions,
        footer=FOOTER,
    )


def of_a_cohort(about: str) -> bool:
    """Whether filters, grouping and scale matter to what a file is about; else it is of all records."""
    return "cohort" in CATALOGUE[about][1]


def facts(release: Release, about: str, sections: Sequence[Section]) -> list[tuple[str, str]]:
    """What the file is, on what it rests, and what is hidden in its sections."""
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
        ("Small counts", _suppression(release.least, [table for one in sections for table in one.tables])),
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
    cohort = release.whole["cohort"]
    counted = [
        f"a hidden number of {key}" if isinstance(cohort[key], str) else f"{cohort[key]:,} {key}"
        for key in ("patients", "courses")
    ]
    return [*found, ("Rests on", " and ".join(counted))]


def _suppression(least: int, shown: Sequence[Table]) -> str:
    """What is hidden, and how many cells of the tables that is."""
    if least <= 1:
        return "all numbers are shown"
    marks = [mark for table in shown if not table.why_hidden for mark in table.marks()]
    at_steps = sum(len(table.marks()) for table in shown if table.why_hidden)
    small = sum(mark != HIDDEN for mark in marks)
    cells = f"cells of the tables that read <{least}: {small:,}; that read {HIDDEN}: {len(marks) - small:,}"
    said = [
        f"counts from 1 to {least - 1} are hidden, and so is each number from which one would follow: "
        + (cells if marks else "no cell of the tables had to be")
    ]
    if at_steps:
        said.append(f"Cells at the steps of curves that read {HIDDEN}, for the reason given there: {at_steps:,}")
    said.append("Zero is shown")
    if any(table.name.endswith("_curve") for table in shown):
        said.append(f"Each step of a curve covers at least {least} events")
    said.append(
        "Checked by linear programming (Fischetti and Salazar-Gonzalez 2001; Hundepool et al. 2012)",
    )
    return ". ".join(said)


# --- sections --------------------------------------------------------------------------------


def _parts(release: Release) -> list[tuple[str | None, Summary]]:
    return list(release.parts.items())


def _said(release: Release, words_of: Callable[..., str], *values: Any) -> str:
    """The sentence of a figure of the whole cohort; none for groups, none that rests on a hidden number."""
    if release.by is not None or any(_holds_text(value) for value in values):
        return ""
    return words_of(*values)


def _holds_text(value: Any) -> bool:
    """Whether a number in here is hidden."""
    if isinstance(value, Mapping):
        return any(_holds_text(item) for key, item in value.items() if key not in ("term", "method", "threshold"))
    if isinstance(value, list | tuple):
        return any(_holds_text(item) for item in value)
    return isinstance(value, str)


def _cohort(release: Release) -> Section:
    counts = {key: value for key, value in release.whole["cohort"].items() if key != "where"}
    return Section(
        "On whom do these figures rest?",
        _said(release, words.funnel, counts),
        tables=[tables.cohort(_parts(release), release.by)],
    )


def _groups(release: Release) -> list[tuple[str, Summary]]:
    """The summaries to draw, each with its name."""
    if release.by is None:
        return [("All courses", release.whole)]
    return [(FILTERS[release.by].words(group), s) for group, s in release.parts.items() if group is not None]


def _outcomes(release: Release) -> Section:
    ways = (("response", "Response"), ("remission", "Remission"), ("worse", "Worse"))
    dots = [
        (
            name,
            [svg.Dot(f"{word}, end of induction", *_drawn(summary[kind]["end_of_induction"])) for kind, word in ways],
        )
        for name, summary in _groups(release)
    ]
    end = release.whole["response"]["end_of_induction"]
    said = ""
    if release.by is None and is_number(end["share"]):
        said = f"In response at the end of induction: {words.rate(end)}."
    without = [name for name, rows in dots if all(dot.value is None for dot in rows)]
    if without:
        said = f"Not drawn, as hidden or not measured: {words.listing(without)}."
    chart = Chart(
        svg.dot_chart(
            dots, "Share of courses measured at the end of induction, 95% intervals", "Share of courses measured"
        ),
        said or "Rates at the end of induction.",
    )
    return Section("Who responds?", said, [chart], [tables.rates(_parts(release), release.by)])


def _drawn(share: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    value, low, high = (share[key] if is_number(share[key]) else None for key in ("share", "low", "high"))
    return value, low, high


def _drawn_where_there_is_a_line(lines: Sequence[svg.Line], chart: Chart) -> list[Chart]:
    """An empty frame tells nothing: where no line has two points, the tables stand alone."""
    return [chart] if any(len(line.points) > 1 for line in lines) else []


def _curve_chart(release: Release, name: str, alt: str, *, rising: bool) -> list[Chart]:
    (first, second), _, unit = tables.CURVES[name]
    lines = []
    for group, summary in _groups(release):
        rows = summary[first][second]["curve"]
        points = [(0.0, 0.0 if rising else 1.0)]
        points += [
            (row["days"], 1 - row["survival"] if rising else row["survival"])
            for row in rows
            if is_number(row["survival"])
        ]
        # A protected curve has a point a step of many events: held until the next, it would mislead.
        lines.append(svg.Line(group, points if len(points) > 1 else [], steps=release.least <= 1))
    y_title = "Share in response by then" if rising else "Share still in response"
    return _drawn_where_there_is_a_line(lines, Chart(svg.line_chart(lines, alt, unit, y_title, share=True), alt))


def _told(release: Release, km: Summary) -> dict[str, Any]:
    """What a curve's sentence rests on; a protected curve does not say how many are at risk when."""
    told = ("n", "events", "median", "low", "high") + (("curve",) if release.least <= 1 else ())
    return {key: km[key] for key in told}


def _onset(release: Release) -> Section:
    km = release.whole["onset"]["kaplan_meier"]
    top = _told(release, km)
    said = _said(release, words.onset, top)
    parts = _parts(release)
    made: list[Table] = [tables.medians(parts, release.by), tables.turnbull(parts, release.by)]
    made += [tables.curve(parts, release.by, name) for name in ("onset", "onset_by_session")]
    alt = said or "Cumulative response by day since the first session (1 minus Kaplan-Meier)."
    return Section("How quickly do effects start?", said, _curve_chart(release, "onset", alt, rising=True), made)


def _durability(release: Release) -> Section:
    km = release.whole["durability"]["kaplan_meier"]
    top = _told(release, km)
    said = _said(release, words.durability, top)
    parts = _parts(release)
    made = [tables.curve(parts, release.by, name) for name in ("durability", "duration")]
    made.append(tables.competing(parts, release.by))
    alt = said or "Share still in response by day since the last induction session (Kaplan-Meier)."
    return Section("How long do they last?", said, _curve_chart(release, "durability", alt, rising=False), made)


def _fade(release: Release) -> Section:
    lines = []
    for name, summary in _groups(release):
        rows = [row for row in summary["fade"] if is_number(row["mean"]) and row["scores"] >= words.FEW]
        lines.append(svg.Line(name, [((r["from_days"] + r["to_days"]) / 2, r["mean"]) for r in rows], marks=True))
    kept = [row for row in release.whole["fade"] if not _holds_text(row)]
    said = _said(release, fade_words.fade, kept)
    alt = said or "Mean change from the score before the session, by days since it."
    drawing = svg.line_chart(lines, alt, "Days since the latest session", "Mean change, points")
    charts = _drawn_where_there_is_a_line(lines, Chart(drawing, alt))
    return Section(
        "How does the effect fade between sessions?", said, charts, [tables.fade(_parts(release), release.by)]
    )


_LAYERS = (
    ("Response", "response"),
    ("Partial", "partial"),
    ("No response", "none"),
    ("Not measured", "not_measured"),
    ("Left", "left"),
)


def _over_time(release: Release) -> Section:
    rows, courses = release.whole["occupancy"], release.whole["cohort"]["courses"]
    said = _said(release, words.occupancy, rows, courses) if rows else ""
    charts: Sequence[Chart] = ()
    if release.by is None and len(rows) > 1:
        alt = said or "Share of all courses started in each state, by day."
        layers = [(name, [row[key] for row in rows]) for name, key in _LAYERS]
        drawing = svg.area_chart(
            layers, [row["day"] for row in rows], alt, "Days since the first session", "Courses started"
        )
        charts = [Chart(drawing, alt)]
    return Section("Who is in response over time?", said, charts, [tables.occupancy(_parts(release), release.by)])


def _attrition(release: Release) -> Section:
    lines = [
        # Whoever left between two days is not held back until the second: no steps.
        svg.Line(
            name, [(row["day"], row["left"]) for row in summary["attrition"]["over_time"]], steps=release.least <= 1
        )
        for name, summary in _groups(release)
    ]
    alt = "Share of all courses started that have left, by day since the first session."
    drawing = svg.line_chart(lines, alt, "Days since the first session", "Share that has left", share=True)
    charts = _drawn_where_there_is_a_line(lines, Chart(drawing, alt))
    stopped = release.whole["attrition"]["early_stop"]
    said = ""
    if release.by is None and is_number(stopped["share"]):
        said = f"Stopped in induction, before session {release.rules.induction_min_sessions}: {words.rate(stopped)}."
    made = [
        tables.early_stop(_parts(release), release.by, release.rules),
        tables.attrition(_parts(release), release.by),
    ]
    return Section("Who has left?", said, charts, made)


def _side_effects(release: Release) -> Section:
    effects = release.whole["side_effects"]
    said = _said(release, words.side_effects, effects | {"vitals": {}})
    charts: Sequence[Chart] = ()
    if release.by is None:
        dots = [
            (words_of, [svg.Dot(label(row["term"]), *_drawn(row)) for row in effects[per]])
            for words_of, per in (("Per patient", "per_patient"), ("Per session", "per_session"))
        ]
        alt = said or "Share of patients and of sessions with each side effect, 95% intervals."
        charts = [Chart(svg.dot_chart(dots, alt, "Share of patients, and of sessions, asked"), alt)]
    return Section("How often do side effects occur?", said, charts, [tables.side_effects(_parts(release), release.by)])


def _vital_signs(release: Release) -> Section:
    vitals = release.whole["side_effects"]["vitals"]
    said = _said(release, words.vitals, {k: v for k, v in vitals.items() if k != "thresholds"})
    parts = _parts(release)
    return Section(
        "What do vital signs do?", said, (), [tables.vitals(parts, release.by), tables.thresholds(parts, release.by)]
    )
