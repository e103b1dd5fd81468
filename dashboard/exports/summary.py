"""A release as a document: its sections in the order of the questions, with charts, sentences and tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dashboard.exports import completeness, definition_tables
from dashboard.exports.document import Document, Section, charts_of
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
from dashboard.questions.view import MOST_GROUPS, Answer, Group, Table, View, group_of
from dashboard.words.numbers import count, listing
from dashboard.words.shares import rate
from data_models.definitions.filters import FILTERS
from data_models.definitions.instruments import INSTRUMENTS
from data_models.questions.summary import Summary

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


def _card(
    release: Release,
    answer: Callable[[Summary], Answer],
    view: Callable[[Answer], View],
    compare: Callable[[Sequence[Group[Answer]]], View] | None = None,
) -> View:
    """The card of the whole cohort; of groups their comparison, of the largest."""
    if release.by is None:
        return view(answer(release.whole.summary))
    if compare is None:
        return replace(view(answer(release.whole.summary)), figure=None)
    sizes = {group: part.summary.funnel.courses or 0 for group, part in release.parts.items() if group is not None}
    largest = sorted(sizes, key=lambda group: -sizes[group])[:MOST_GROUPS]
    answers = [(group, answer(release.parts[group].summary)) for group in largest]
    found = compare([group_of(release.by, group, place, of) for place, (group, of) in enumerate(answers)])
    more = f"The {MOST_GROUPS} largest of {len(sizes)} groups are drawn." if len(sizes) > MOST_GROUPS else ""
    return replace(found, notes=[*found.notes, more])


def _section(release: Release, title: str, view: View, made: Sequence[Table], said: str | None = None) -> Section:
    """A question's section: its card's sentence (of groups none) and figure, and its tables."""
    sentence = view.sentence if said is None else said
    return Section(title, sentence if release.by is None else "", charts_of(view), made)


def _cohort(release: Release) -> Section:
    view = funnel.view(release.whole.summary.funnel, release.cohort, release.rules)
    made = of_parts(release, lambda part: funnel.tables(part.summary.funnel, release.cohort, release.rules))
    return _section(release, funnel.QUESTION, view, made)


def _outcomes(release: Release) -> Section:
    title, compared = "Who responds?", release.compared
    end = release.whole.summary.rates.response.end_of_induction
    said = f"In response at the end of induction: {rate(end)}." if end.share is not None else ""
    view = _card(release, lambda of: of.reliable_change, lambda found: reliable_change.view(found, release.cohort))
    made = of_parts(
        release,
        lambda part: [rates.table(part.summary.rates), reliable_change.table(part.summary.reliable_change)],
    )
    if release.by is None or compared is None or not compared.response.groups:
        return _section(release, title, replace(view, notes=()), made, said)
    called = FILTERS[release.by].words
    view = rate_comparison.view(compared, release.by, called)
    without = [called(group.value) for group in compared.response.groups if group.crude.share is None]
    said = f" Not drawn, as too few or not measured: {listing(without)}." if without else ""
    of_rates = "Response and remission, as the groups are and held equal"
    made.append(rate_comparison.table(compared, called, name="rates_compared", title=of_rates))
    return Section(title, view.sentence + said, charts_of(view), made)


def _curves(part: Part) -> list[curves.Named]:
    summary = part.summary
    return [*onset.named(summary.onset), *durability.named(summary.durability, summary.duration)]


def _onset(release: Release) -> Section:
    early = release.whole.summary.rates.early
    view = _card(release, lambda of: of.onset, lambda found: onset.view(found, early), onset.compare)
    made = of_parts(release, lambda part: [curves.medians(_curves(part)), *onset.tables(part.summary.onset)])
    return _section(release, onset.QUESTION, view, made)


def _durability(release: Release) -> Section:
    view = _card(release, lambda of: of.durability, durability.view, durability.compare)
    first = durability.competing_words(release.whole.summary.durability, rounded=not release.exact)
    made = of_parts(release, lambda part: durability.tables(part.summary.durability, part.summary.duration))
    return _section(release, durability.QUESTION, view, made, f"{view.sentence} {first}")


def _fade(release: Release) -> Section:
    view = _card(
        release,
        lambda of: of.fade,
        lambda found: fade.view(found, release.cohort),
        lambda groups: fade.compare(groups, "Group", ""),
    )
    return _section(release, fade.QUESTION, view, of_parts(release, lambda part: fade.tables(part.summary.fade)))


def _states(release: Release) -> Section:
    view = _card(release, lambda of: of.states, states.view, lambda groups: states.compare(groups, "Group"))
    said, notes = view.sentence, list(view.notes)
    if release.by is None:
        said, notes = " ".join(text for text in (said, *notes[:2]) if text), notes[2:]
    made = of_parts(release, lambda part: states.tables(part.summary.states, _rows_every(release)))
    return _section(release, states.QUESTION, replace(view, notes=notes), made, said)


def _rows_every(release: Release) -> int:
    """Days from a row to the next: rounded shares hardly change by the day, and less is told of when."""
    return 1 if release.exact else 7


def _over_time(release: Release) -> Section:
    view = _card(release, lambda of: of.occupancy, occupancy.view)
    said = " ".join(text for text in (view.sentence, *view.notes[:2]) if text)
    made = of_parts(release, lambda part: [occupancy.table(part.summary.occupancy, _rows_every(release))])
    return _section(release, occupancy.QUESTION, replace(view, notes=view.notes[2:]), made, said)


def _attrition(release: Release) -> Section:
    view, stopped = _card(release, lambda of: of.occupancy, occupancy.view, occupancy.ended), release.whole.early_stop
    said = ""
    if stopped.share is not None:
        said = f"Stopped before induction was complete, of courses of which it can be said: {rate(stopped)}."
    made = of_parts(
        release,
        lambda part: [
            rates.early_stop(part.early_stop, release.rules),
            occupancy.attrition(part.summary.occupancy, _rows_every(release)),
        ],
    )
    return _section(release, "Who has left?", view, made, said)


def _side_effects(release: Release) -> Section:
    view = _card(
        release, lambda of: of.side_effects, side_effects.view, lambda groups: side_effects.compare(groups, "Group")
    )
    made = of_parts(release, lambda part: [side_effects.table(part.summary.side_effects)])
    return _section(release, side_effects.QUESTION, view, made)


def _vital_signs(release: Release) -> Section:
    made = of_parts(
        release,
        lambda part: [vitals.table(part.summary.vitals), vitals.table_of_thresholds(part.summary.vitals)],
    )
    return _section(release, "What do vital signs do?", _card(release, lambda of: of.vitals, vitals.view), made)
