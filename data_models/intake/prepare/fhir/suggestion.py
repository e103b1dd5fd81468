"""A proposed `[fhir]` table: which codes and identifiers an export has, and what would become of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.prepare.fhir.codes import TOTAL, Meaning
from data_models.intake.prepare.source import Export, SuggestedColumn, Suggestion

_SHOWN = 40  # codes that nothing is made of, the most frequent first


@dataclass(slots=True)
class Seen:
    """How often each code stands in an export.

    Attributes
    ----------
    known : by code, what it stands for.
    other : by resource and code, those that no row knows.
    named : of these, the codes whose words name a scale of ours.
    """

    known: Counter[str] = field(default_factory=Counter)
    other: Counter[tuple[str, str]] = field(default_factory=Counter)
    named: set[str] = field(default_factory=set)


def becomes(meaning: Meaning | str) -> str:
    """What a code becomes, in words."""
    if isinstance(meaning, str):
        return f"{meaning} of sessions, before and highest"
    name = INSTRUMENTS[meaning.instrument].name
    return f"total of the {name}" if meaning.place == TOTAL else f"item {meaning.place + 1} of the {name}"


def suggestion_of(
    seen: Seen, meanings: dict[str, Meaning | str], systems: dict[str, int], export: Export, *, offset: bool
) -> Suggestion:
    """The map of an export.

    Parameters
    ----------
    meanings : of the known codes.
    systems : of identifiers of its patients, with how many have each.
    offset : whether its times say how far they are from UTC.
    """
    columns = [
        SuggestedColumn("Observation", code, (f"{count:,} times",), becomes(meanings[code]), "its code")
        for code, count in seen.known.most_common()
    ]
    for (kind, code), count in seen.other.most_common(_SHOWN):
        why = "its words name a scale, its code is no row's" if code in seen.named else "no row knows its code"
        columns.append(SuggestedColumn(kind, code, (f"{count:,} times",), "", why))
    sessions = export.tables["sessions"]
    drugs = Counter(sessions.columns["drug"])
    columns += [
        SuggestedColumn("MedicationAdministration, Procedure", drug, (f"{count:,} sessions",), drug, "its code or name")
        for drug, count in drugs.most_common()
    ]
    lines = ['format = "fhir"', *(['# zone = "Europe/Berlin"  # the clinic\'s'] if offset else []), "", "[fhir]"]
    lines += ["# What the export holds, and what becomes of it:"]
    lines += [
        f"# {column.file} {_quoted(column.column)}, {column.examples[0]}: {column.becomes or 'left out'} ({column.why})"
        for column in columns
    ]
    known = [system for system in sorted(systems) if system]
    lines += [f"# identifier_system = {_quoted(system)}  # {systems[system]:,} patients have it" for system in known]
    lines.append('# clinic = "North"')
    questions = []
    if offset:
        questions.append("In which time zone is the clinic? Times of this export are written with Z or an offset.")
    if known:
        questions.append(
            "Which identifier is your record number of a patient? Without identifier_system Patient.id is taken."
        )
    without = sessions.columns["route"].count("")
    if without:
        lines.append('# route = "iv"')
        questions.append(f"By which route are the {without:,} sessions given that name none? Say it as route.")
    if not len(sessions):
        questions.append(
            "Which medicines or procedures are sessions? None of ketamine or esketamine was found; "
            "name their codes in [fhir.drugs]."
        )
    if seen.named:
        lines += [
            "",
            "[fhir.totals]",
            *(f'# {_quoted(code)} = ""  # a code as of which scale\'s total?' for code in sorted(seen.named)),
        ]
        questions.append("Which scales' totals stand under the codes in [fhir.totals]?")
    return Suggestion("\n".join(lines) + "\n", tuple(columns), tuple(questions))


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    import json

    return json.dumps(text)
